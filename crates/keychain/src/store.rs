//! What a place for secrets has to be able to do.

use evergrant_core::Secret;
use serde::Serialize;

use crate::error::Result;

/// A blocking store of named entries. It never prompts and never waits for a person.
///
/// Implementations are raw: they may block (the [`Keychain`](crate::Keychain) runs them on a
/// thread of its own, with a time limit) and may hold only small entries
/// ([`entry_limit`](Self::entry_limit); the layer above splits larger ones).
pub trait SecretStore: Send + Sync {
    /// Which kind of store this is.
    fn kind(&self) -> StoreKind;

    /// Whether it can be used now. Must not prompt.
    fn probe(&self) -> Result<()>;

    /// The entry's text, or `None` if there is no such entry.
    fn read(&self, key: &str) -> Result<Option<Secret>>;

    /// Writes or replaces the entry; it is durable when this returns.
    fn write(&self, key: &str, secret: &Secret) -> Result<()>;

    /// Removes the entry; true if something was there.
    fn delete(&self, key: &str) -> Result<bool>;

    /// Bytes a single entry can hold; `None` when no practical limit is known.
    fn entry_limit(&self) -> Option<usize>;
}

/// The kinds of store there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// This process's memory: for tests.
    Memory,
    /// The freedesktop Secret Service (GNOME keyring, KWallet, `KeePassXC`).
    SecretService,
    /// The macOS login keychain.
    MacKeychain,
    /// The Windows Credential Manager.
    WindowsCredentials,
    /// Evergrant's own encrypted file.
    Vault,
}

/// What a person should know about a store.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Description {
    /// Which kind of store this is.
    pub kind: StoreKind,
    /// Its name for a person.
    pub name: String,
    /// Whether entries are still there after a restart of the machine.
    pub survives_restart: bool,
    /// Whether entries are encrypted where they are kept.
    pub encrypted: bool,
}
