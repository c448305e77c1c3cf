//! The macOS login keychain.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error};
use security_framework::os::macos::keychain::SecKeychain;

use crate::error::{KeychainError, Result, absent, refused};
use crate::native::Platform;
use crate::store::{Description, StoreKind};

pub(crate) fn description() -> Description {
    Description {
        kind: StoreKind::MacKeychain,
        name: "the macOS login keychain".to_owned(),
        survives_restart: true,
        encrypted: true,
    }
}

pub(crate) fn connect() -> Result<Mac> {
    let store =
        apple_native_keyring_store::keychain::Store::new().map_err(|error| explain(&error))?;
    Ok(Mac { store })
}

pub(crate) struct Mac {
    store: Arc<CredentialStore>,
}

impl Platform for Mac {
    fn kind(&self) -> StoreKind {
        StoreKind::MacKeychain
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }

    fn ready(&self, _service: &str, _key: Option<&str>) -> Result<Arc<CredentialStore>> {
        // From here on this process's calls fail instead of opening a dialog. The guard would
        // allow dialogs again when dropped, which is never wanted.
        let quiet = SecKeychain::disable_user_interaction()
            .map_err(|error| refused(format!("dialogs can't be turned off ({error})")))?;
        std::mem::forget(quiet);
        Ok(Arc::clone(&self.store))
    }

    fn modifiers(&self, _key: &str) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn explain(&self, error: &Error) -> KeychainError {
        explain(error)
    }
}

/// Error numbers from Apple's `SecBase.h`.
fn explain(error: &Error) -> KeychainError {
    let code = match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner
            .downcast_ref::<security_framework::base::Error>()
            .map(|inner| inner.code()),
        _ => None,
    };
    match code {
        // errSecInteractionNotAllowed: it would have had to ask for the password.
        Some(-25308) => KeychainError::Locked,
        // errSecNotAvailable, errSecNoSuchKeychain, errSecNoDefaultKeychain
        Some(-25291 | -25294 | -25307) => absent("this session has no login keychain"),
        _ => refused(error.to_string()),
    }
}
