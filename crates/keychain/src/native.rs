//! The operating systems' keychains through keyring-core: one adapter for all three.

use std::collections::HashMap;
use std::sync::Arc;

use evergrant_core::Secret;
use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use crate::error::{KeychainError, Result, damaged, refused};
use crate::keychain::{Keychain, Limits};
use crate::store::{SecretStore, StoreKind};

#[cfg(target_os = "linux")]
use crate::secret_service as here;
#[cfg(target_os = "macos")]
#[path = "mac.rs"]
mod here;
#[cfg(windows)]
#[path = "windows.rs"]
mod here;

/// This operating system's keychain. `service` separates applications (and tests) from each other.
///
/// Nothing is contacted before the first call.
pub fn system(service: &str) -> Keychain {
    let service = service.to_owned();
    Keychain::new(here::description(), Limits::default(), move || {
        Ok(Box::new(Native {
            platform: here::connect()?,
            service: service.clone(),
        }))
    })
}

/// What a person should know about this operating system's keychain.
#[cfg(not(target_os = "linux"))]
pub(crate) fn description() -> crate::store::Description {
    here::description()
}

/// Whether this operating system's keychain can be used now. Blocks.
#[cfg(not(target_os = "linux"))]
pub(crate) fn probe() -> Result<()> {
    here::connect()?.ready("", None).map(|_| ())
}

/// What differs between operating systems.
pub(crate) trait Platform: Send + Sync {
    fn kind(&self) -> StoreKind;

    fn entry_limit(&self) -> Option<usize>;

    /// The store, once it is certain that using it for this entry will not prompt.
    fn ready(&self, service: &str, key: Option<&str>) -> Result<Arc<CredentialStore>>;

    /// How a new entry is to be made: label, persistence.
    fn modifiers(&self, key: &str) -> Vec<(&'static str, String)>;

    /// What a failure of the library means here.
    fn explain(&self, error: &Error) -> KeychainError;
}

struct Native<P> {
    platform: P,
    service: String,
}

impl<P: Platform> Native<P> {
    fn entry(&self, key: &str) -> Result<Entry> {
        let store = self.platform.ready(&self.service, Some(key))?;
        let modifiers = self.platform.modifiers(key);
        let modifiers: HashMap<&str, &str> = modifiers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        store
            .build(&self.service, key, Some(&modifiers))
            .map_err(|error| self.explain(key, &error))
    }

    fn explain(&self, key: &str, error: &Error) -> KeychainError {
        match error {
            // These carry the entry's bytes; none of it may reach a message.
            Error::BadEncoding(_) | Error::BadDataFormat(..) => damaged(key, "it is not text"),
            Error::Ambiguous(entries) => damaged(
                key,
                format!("the keychain holds it {} times", entries.len()),
            ),
            Error::TooLong(what, limit) => {
                refused(format!("{what} may have {limit} bytes at most"))
            }
            error => self.platform.explain(error),
        }
    }
}

impl<P: Platform> SecretStore for Native<P> {
    fn kind(&self) -> StoreKind {
        self.platform.kind()
    }

    fn probe(&self) -> Result<()> {
        self.platform.ready(&self.service, None).map(|_| ())
    }

    fn read(&self, key: &str) -> Result<Option<Secret>> {
        let bytes = match self.entry(key)?.get_secret() {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(Error::NoEntry) => return Ok(None),
            Err(error) => return Err(self.explain(key, &error)),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged(key, "it is not text"))?;
        Ok(Some(Secret::new(text)))
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<()> {
        self.entry(key)?
            .set_secret(secret.reveal().as_bytes())
            .map_err(|error| self.explain(key, &error))
    }

    fn delete(&self, key: &str) -> Result<bool> {
        match self.entry(key)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(self.explain(key, &error)),
        }
    }

    fn entry_limit(&self) -> Option<usize> {
        self.platform.entry_limit()
    }
}
