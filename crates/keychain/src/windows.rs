//! The Windows Credential Manager.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error};

use crate::error::{KeychainError, Result, absent, refused};
use crate::native::Platform;
use crate::store::{Description, StoreKind};

pub(crate) fn description() -> Description {
    Description {
        kind: StoreKind::WindowsCredentials,
        name: "the Windows Credential Manager".to_owned(),
        survives_restart: true,
        encrypted: true,
    }
}

pub(crate) fn connect() -> Result<Windows> {
    let store = windows_native_keyring_store::Store::new().map_err(|error| explain(&error))?;
    Ok(Windows { store })
}

pub(crate) struct Windows {
    store: Arc<CredentialStore>,
}

impl Platform for Windows {
    fn kind(&self) -> StoreKind {
        StoreKind::WindowsCredentials
    }

    /// `CRED_MAX_CREDENTIAL_BLOB_SIZE`: 5 × 512 bytes.
    fn entry_limit(&self) -> Option<usize> {
        Some(2560)
    }

    fn ready(&self, _service: &str, _key: Option<&str>) -> Result<Arc<CredentialStore>> {
        // It is unlocked for as long as the person is logged in, and never prompts.
        Ok(Arc::clone(&self.store))
    }

    fn modifiers(&self, _key: &str) -> Vec<(&'static str, String)> {
        // The library's default would let tokens roam to other machines of the domain.
        vec![("persistence", "Local".to_owned())]
    }

    fn explain(&self, error: &Error) -> KeychainError {
        explain(error)
    }
}

fn explain(error: &Error) -> KeychainError {
    match error {
        // ERROR_NO_SUCH_LOGON_SESSION: a service or network logon.
        Error::NoStorageAccess(_) => absent("this logon session has no credential store"),
        error => refused(error.to_string()),
    }
}
