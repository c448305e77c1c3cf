//! What can go wrong with a keychain, told apart by what it means for the caller.

use thiserror::Error;

/// Why a keychain did not do what it was asked.
///
/// None of these says anything about a sign-in: the caller keeps its state and tries again later.
/// No variant ever carries token material.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeychainError {
    /// There is a keychain, and it is locked. Nothing was read or changed, and nobody was asked.
    #[error("the keychain is locked")]
    Locked,
    /// There is no keychain to use here.
    #[error("there is no keychain to use: {why}")]
    Absent {
        /// What is missing, as the end of the sentence.
        why: String,
    },
    /// The keychain answered, and said no.
    #[error("the keychain refused: {why}")]
    Refused {
        /// What it said, as the end of the sentence.
        why: String,
    },
    /// No answer within the time limit. A write may or may not have happened.
    #[error("the keychain did not answer in time")]
    TimedOut,
    /// What is stored can't be what was written. It was left as it is.
    #[error("the keychain entry \"{key}\" is damaged: {why}")]
    Damaged {
        /// The entry, or the name of the vault file.
        key: String,
        /// What was found, as the end of the sentence.
        why: String,
    },
    /// The vault exists and this passphrase does not open it.
    #[error("the passphrase does not open the vault")]
    WrongPassphrase,
}

impl KeychainError {
    /// A short word for machines; it never changes once released.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked => "keychain_locked",
            Self::Absent { .. } => "keychain_absent",
            Self::Refused { .. } => "keychain_refused",
            Self::TimedOut => "keychain_timed_out",
            Self::Damaged { .. } => "keychain_damaged",
            Self::WrongPassphrase => "keychain_wrong_passphrase",
        }
    }

    /// What the person can do about it, as one sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Locked => {
                "Unlock your keyring (logging in to the desktop usually does it); Evergrant goes on by itself."
            }
            Self::Absent { .. } => {
                "Run `evergrant doctor` to see what is missing, or use an encrypted vault file with a passphrase."
            }
            Self::Refused { .. } => {
                "Run `evergrant doctor` to see the state of the keychain; nothing was deleted."
            }
            Self::TimedOut => {
                "Look for an open password dialog and answer it; Evergrant tries again by itself."
            }
            Self::Damaged { .. } => {
                "Sign in again to write a new entry, or restore the vault file from a backup."
            }
            Self::WrongPassphrase => {
                "Enter the passphrase the vault was created with; the vault was not changed."
            }
        }
    }

    /// True when the store may have gone away and is worth connecting to anew.
    pub(crate) fn may_be_a_lost_connection(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::Refused { .. })
    }
}

/// Shorthand for this crate.
pub type Result<T> = std::result::Result<T, KeychainError>;

pub(crate) fn refused(why: impl Into<String>) -> KeychainError {
    KeychainError::Refused { why: why.into() }
}

pub(crate) fn absent(why: impl Into<String>) -> KeychainError {
    KeychainError::Absent { why: why.into() }
}

pub(crate) fn damaged(key: &str, why: impl Into<String>) -> KeychainError {
    KeychainError::Damaged {
        key: key.to_owned(),
        why: why.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_own_code_a_sentence_and_a_next_step() {
        let all = [
            KeychainError::Locked,
            absent("no session bus"),
            refused("not allowed"),
            KeychainError::TimedOut,
            damaged("a", "a part is missing"),
            KeychainError::WrongPassphrase,
        ];
        let codes: std::collections::BTreeSet<_> = all.iter().map(KeychainError::code).collect();
        assert_eq!(codes.len(), all.len());
        for error in &all {
            assert!(error.code().starts_with("keychain_"));
            assert!(!error.to_string().is_empty() && !error.to_string().ends_with('.'));
            assert!(error.next_step().ends_with('.'));
        }
    }
}
