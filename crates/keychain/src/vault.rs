//! The vault: an encrypted file with a passphrase, for machines without a keychain. Opt-in.
//!
//! One file holds two age files (<https://age-encryption.org/v1>) one after the other: a private
//! key encrypted with the passphrase (scrypt, slow on purpose), and the entries encrypted to that
//! key (fast). So the passphrase is worked on once, when the vault is opened, and every write is
//! quick. The plain entries are in memory only while a call runs; the file is read anew for each
//! call, so another process's changes are seen.

mod entries;
mod file;

use std::borrow::Borrow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::secrecy::{ExposeSecret, SecretString};
use evergrant_core::Secret;
use zeroize::Zeroizing;

use crate::error::{KeychainError, Result, damaged, refused};
use crate::keychain::{Keychain, Limits};
use crate::store::{Description, SecretStore, StoreKind};
use entries::Entries;
use file::Sealed;

/// The work a passphrase costs: 2^17 rounds of scrypt with 128 MiB of memory, OWASP's first
/// recommendation; well under a second on a small server, once per process.
const WORK_FACTOR: u8 = 17;

/// The most work a file may ask for, so that a forged one can't hold the process for hours.
const MOST_WORK: u8 = 20;

/// Opens the vault at `path`. Takes up to a second, for the passphrase.
///
/// # Errors
///
/// [`Absent`](KeychainError::Absent) when there is no file,
/// [`WrongPassphrase`](KeychainError::WrongPassphrase), and
/// [`Damaged`](KeychainError::Damaged); the file is never changed by opening it.
pub fn open(path: impl Into<PathBuf>, passphrase: impl Borrow<Secret>) -> Result<Keychain> {
    let (path, passphrase) = (path.into(), passphrase.borrow());
    let sealed = file::read(&path)?;
    let identity = unlock(&path, &sealed, passphrase)?;
    // Once through the entries too: a damaged vault is told now, not at the first use.
    let opened = Opened { path, identity };
    opened.load(&sealed)?;
    Ok(keychain(opened))
}

/// Makes a new, empty vault at `path` (its folder must exist) and opens it.
///
/// # Errors
///
/// [`Refused`](KeychainError::Refused) when a file is already there or can't be made, or when the
/// passphrase is empty.
pub fn create(path: impl Into<PathBuf>, passphrase: impl Borrow<Secret>) -> Result<Keychain> {
    create_with(path.into(), passphrase.borrow(), WORK_FACTOR)
}

/// The same with another amount of work than the usual 2^17 rounds: as its power of two. Less makes
/// the passphrase easier to guess, which is right for tests alone.
///
/// # Errors
///
/// As for [`create`].
pub fn create_with_work(
    path: impl Into<PathBuf>,
    passphrase: impl Borrow<Secret>,
    work: u8,
) -> Result<Keychain> {
    create_with(path.into(), passphrase.borrow(), work)
}

/// Whether there is a file at `path`. Says nothing about whether it can be opened.
pub fn exists(path: impl AsRef<Path>) -> bool {
    path.as_ref().exists()
}

/// Replaces the passphrase; the entries stay as they are.
///
/// # Errors
///
/// As for [`open`], and [`Refused`](KeychainError::Refused) when the new passphrase is empty or
/// the file can't be written; then the old one still works.
pub fn change_passphrase(path: impl AsRef<Path>, old: &Secret, new: &Secret) -> Result<()> {
    let path = path.as_ref();
    if new.is_empty() {
        return Err(refused("an empty passphrase protects nothing"));
    }
    let identity = unlock(path, &file::read(path)?, old)?;
    let key = lock_up(&identity, new, WORK_FACTOR)?;
    let _lock = file::lock(path)?;
    let entries = file::read(path)?.entries;
    file::replace(path, &Sealed { key, entries })
}

fn create_with(path: PathBuf, passphrase: &Secret, work: u8) -> Result<Keychain> {
    if passphrase.is_empty() {
        return Err(refused("an empty passphrase protects nothing"));
    }
    let identity = age::x25519::Identity::generate();
    let sealed = Sealed {
        key: lock_up(&identity, passphrase, work)?,
        entries: encrypt(&identity, &Entries::default().to_bytes())?,
    };
    {
        let _lock = file::lock(&path)?;
        if exists(&path) {
            return Err(refused(format!(
                "there is already a file at {}",
                path.display()
            )));
        }
        file::replace(&path, &sealed)?;
    }
    Ok(keychain(Opened { path, identity }))
}

fn keychain(opened: Opened) -> Keychain {
    let description = Description {
        kind: StoreKind::Vault,
        name: format!("the encrypted vault {}", opened.path.display()),
        survives_restart: true,
        encrypted: true,
    };
    let opened = Arc::new(opened);
    Keychain::new(description, Limits::default(), move || {
        Ok(Box::new(Vault(Arc::clone(&opened))))
    })
}

/// The unlocked private key, shared by every store the keychain makes.
struct Opened {
    path: PathBuf,
    identity: age::x25519::Identity,
}

struct Vault(Arc<Opened>);

impl SecretStore for Vault {
    fn kind(&self) -> StoreKind {
        StoreKind::Vault
    }

    fn probe(&self) -> Result<()> {
        self.0.load(&file::read(&self.0.path)?).map(|_| ())
    }

    fn read(&self, key: &str) -> Result<Option<Secret>> {
        let mut entries = self.0.load(&file::read(&self.0.path)?)?;
        Ok(entries.take(key))
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<()> {
        self.0.change(|entries| {
            entries.put(key, secret.clone());
            true
        })?;
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool> {
        self.0.change(|entries| entries.take(key).is_some())
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }
}

impl Opened {
    fn load(&self, sealed: &Sealed) -> Result<Entries> {
        let name = file::name(&self.path);
        let plain = decrypt(&self.identity, &sealed.entries).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => {
                damaged(&name, "its entries belong to another vault")
            }
            error => damaged(&name, format!("its entries can't be decrypted ({error})")),
        })?;
        Entries::from_bytes(&plain)
            .ok_or_else(|| damaged(&name, "its entries can't be read after decryption"))
    }

    /// Changes the entries under the lock; `change` says whether there is something to write.
    fn change(&self, change: impl FnOnce(&mut Entries) -> bool) -> Result<bool> {
        let _lock = file::lock(&self.path)?;
        let mut sealed = file::read(&self.path)?;
        let mut entries = self.load(&sealed)?;
        let changed = change(&mut entries);
        if changed {
            sealed.entries = encrypt(&self.identity, &entries.to_bytes())?;
            file::replace(&self.path, &sealed)?;
        }
        Ok(changed)
    }
}

/// The private key, encrypted with the passphrase.
fn lock_up(identity: &age::x25519::Identity, passphrase: &Secret, work: u8) -> Result<Vec<u8>> {
    let mut recipient = age::scrypt::Recipient::new(to_age(passphrase));
    recipient.set_work_factor(work);
    let text = identity.to_string();
    age::encrypt(&recipient, text.expose_secret().as_bytes())
        .map_err(|error| cannot_encrypt(&error))
}

fn unlock(path: &Path, sealed: &Sealed, passphrase: &Secret) -> Result<age::x25519::Identity> {
    let name = file::name(path);
    let mut opener = age::scrypt::Identity::new(to_age(passphrase));
    opener.set_max_work_factor(MOST_WORK);
    let text = decrypt(&opener, &sealed.key).map_err(|error| match error {
        // The file's own checksum held, so the header is what was written.
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            KeychainError::WrongPassphrase
        }
        error => damaged(&name, format!("its key can't be decrypted ({error})")),
    })?;
    std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| damaged(&name, "its key is none"))
}

fn encrypt(identity: &age::x25519::Identity, plain: &[u8]) -> Result<Vec<u8>> {
    let recipient = identity.to_public();
    age::encrypt(&recipient, plain).map_err(|error| cannot_encrypt(&error))
}

fn decrypt(
    identity: &dyn age::Identity,
    sealed: &[u8],
) -> std::result::Result<Zeroizing<Vec<u8>>, age::DecryptError> {
    // The plain text is shorter than the sealed one, so the buffer never grows and leaves no copy.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut reader = age::Decryptor::new_buffered(sealed)?.decrypt(std::iter::once(identity))?;
    reader
        .read_to_end(&mut plain)
        .map_err(age::DecryptError::Io)?;
    Ok(plain)
}

fn to_age(passphrase: &Secret) -> SecretString {
    SecretString::from(passphrase.reveal().to_owned())
}

fn cannot_encrypt(error: &age::EncryptError) -> KeychainError {
    refused(format!("the vault could not be encrypted ({error})"))
}

#[cfg(test)]
#[path = "vault/tests.rs"]
mod tests;
