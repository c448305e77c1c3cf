//! Where secrets are kept: the system's keychain, or the vault, opened when it is first needed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::command::{Code, Problem};
use evergrant_engine::places::{KeychainChoice, Places, unreadable};
use evergrant_keychain::{
    Description, Keychain, KeychainError, Limits, SecretStore, StoreKind, system, vault,
};

use crate::args::{Global, KeychainKind};
use crate::ask;

/// A vault's first call works on the passphrase, which is slow on purpose.
const VAULT_CALL: Duration = Duration::from_secs(30);

/// The keychain that was chosen. Nothing is contacted, read or asked for yet.
pub fn keychain(global: &Global, places: &Places) -> Result<Keychain, Problem> {
    Ok(match choice(global, places)? {
        KeychainChoice::System => system(&places.service()),
        KeychainChoice::Vault => lazy_vault(places.vault(), global.passphrase_file.clone()),
    })
}

/// The passphrase from its file, or from the person.
pub fn passphrase(file: Option<&Path>, question: &str) -> Result<Secret, Problem> {
    if let Some(file) = file {
        return first_line(file);
    }
    ask::hidden(question).ok_or_else(|| {
        Problem::new(
            Code::KeychainLocked,
            "the vault needs its passphrase, and nobody can be asked here",
        )
        .hint("name a file that holds it with --passphrase-file or EVERGRANT_PASSPHRASE_FILE")
    })
}

/// The first line of a file that holds a secret; `-` is standard input.
pub fn first_line(file: &Path) -> Result<Secret, Problem> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = Secret::new(text.map_err(|error| unreadable(file, &error))?);
    let line = Secret::new(text.reveal().lines().next().unwrap_or_default().trim());
    if line.is_empty() {
        return Err(Problem::new(
            Code::Usage,
            format!("{} is empty", file.display()),
        ));
    }
    Ok(line)
}

/// Where secrets are kept, by the command line or the settings.
pub fn choice(global: &Global, places: &Places) -> Result<KeychainChoice, Problem> {
    match global.keychain {
        Some(KeychainKind::System) => Ok(KeychainChoice::System),
        Some(KeychainKind::Vault) => Ok(KeychainChoice::Vault),
        None => places.keychain(),
    }
}

/// A vault that is opened by the first call, so that a command without secrets needs no passphrase.
fn lazy_vault(path: PathBuf, passphrase_file: Option<PathBuf>) -> Keychain {
    let description = Description {
        kind: StoreKind::Vault,
        name: format!("the encrypted vault {}", path.display()),
        survives_restart: true,
        encrypted: true,
    };
    let limits = Limits { call: VAULT_CALL };
    // Kept over the factory's calls: the person is asked once.
    let opened: Mutex<Option<Keychain>> = Mutex::default();
    Keychain::new(description, limits, move || {
        let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
        let keychain = match &*opened {
            Some(keychain) => keychain.clone(),
            None => open_vault(&path, passphrase_file.as_deref())?,
        };
        *opened = Some(keychain.clone());
        Ok(Box::new(LazyVault::over(keychain)?))
    })
}

fn open_vault(path: &Path, passphrase_file: Option<&Path>) -> Result<Keychain, KeychainError> {
    if !vault::exists(path) {
        return Err(KeychainError::Absent {
            why: format!(
                "there is no vault at {}; make one with `evergrant vault create`",
                path.display()
            ),
        });
    }
    let passphrase =
        passphrase(passphrase_file, "Passphrase of the vault: ").map_err(|problem| {
            let hints: String = problem
                .hints
                .iter()
                .map(|hint| format!("; {hint}"))
                .collect();
            KeychainError::Refused {
                why: format!("{}{}", problem.message, hints.trim_end_matches('.')),
            }
        })?;
    vault::open(path, passphrase)
}

/// An open vault as a store of the keychain's own thread.
struct LazyVault {
    vault: Keychain,
    runtime: tokio::runtime::Runtime,
}

impl LazyVault {
    fn over(vault: Keychain) -> Result<Self, KeychainError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| KeychainError::Refused {
            why: format!("no thread could be started for the vault ({error})"),
        })?;
        Ok(Self { vault, runtime })
    }
}

impl SecretStore for LazyVault {
    fn kind(&self) -> StoreKind {
        StoreKind::Vault
    }

    fn probe(&self) -> Result<(), KeychainError> {
        self.runtime.block_on(self.vault.probe())
    }

    fn read(&self, key: &str) -> Result<Option<Secret>, KeychainError> {
        self.runtime.block_on(self.vault.read(key))
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<(), KeychainError> {
        self.runtime.block_on(self.vault.write(key, secret))
    }

    fn delete(&self, key: &str) -> Result<bool, KeychainError> {
        self.runtime.block_on(self.vault.delete(key))
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_not_touched_before_it_is_needed() {
        let keychain = lazy_vault("/no/such/vault".into(), Some("/no/such/file".into()));
        assert_eq!(keychain.describe().kind, StoreKind::Vault);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let error = runtime.block_on(keychain.probe()).unwrap_err();
        assert_eq!(error.code(), "keychain_absent");
    }
}
