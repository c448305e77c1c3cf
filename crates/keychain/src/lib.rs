//! Where Evergrant keeps token material: the operating system's keychain, or an encrypted vault.
//!
//! # Rules
//!
//! - A call never prompts and never waits for a person. Whether a keychain is locked is asked
//!   first, and every call has a time limit.
//! - Locked, absent, refusing, slow and damaged are five different errors, and none of them
//!   deletes anything.
//! - There is no fall-back from one store to another, and none to plain text: which store is used
//!   is the caller's explicit choice.
//! - No error, log line or `Debug` shows what is stored.

mod checksum;
mod chunks;
mod error;
mod keychain;
mod memory;
mod native;
#[cfg(target_os = "linux")]
mod secret_service;
mod store;
mod survey;
pub mod vault;
mod worker;

use std::borrow::Borrow;
use std::path::PathBuf;

use evergrant_core::Secret;

pub use error::{KeychainError, Result};
pub use keychain::{Keychain, Limits};
pub use memory::{MemoryControl, memory};
pub use native::system;
pub use store::{Description, SecretStore, StoreKind};
pub use survey::{Finding, Survey, survey};

/// Opens the encrypted vault at `path`; see [`vault::open`] and [`vault::create`].
///
/// # Errors
///
/// As for [`vault::open`].
pub fn vault(path: impl Into<PathBuf>, passphrase: impl Borrow<Secret>) -> Result<Keychain> {
    vault::open(path, passphrase)
}
