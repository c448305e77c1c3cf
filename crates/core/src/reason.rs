//! Why a sign-in has ended, in words for machines and for people.

use serde::{Deserialize, Serialize};

/// Why a sign-in no longer works, or no longer suffices for a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The token's time is over.
    Expired,
    /// The session was ended at the issuer (signed out everywhere, token invalidated).
    Revoked,
    /// The person changed their password.
    PasswordChanged,
    /// The issuer wants the person to do something on its own site first.
    Checkpoint,
    /// The person removed the app on the issuer's site.
    AppRemoved,
    /// The person lost the role they had on a child (a Page, an organisation).
    RoleLost,
    /// A permission that the use needs is not granted (any more).
    ScopeMissing,
    /// The token is valid, but the issuer's separate clock for data access has run out.
    DataAccessEnded,
    /// The issuer says a refresh token was used twice (RFC 9700 section 4.14.2).
    RefreshTokenReused,
    /// The issuer refused to renew and did not say why (RFC 6749 section 5.2 `invalid_grant`).
    RefreshRefused,
    /// Somebody else signed in than the account belongs to.
    WrongIdentity,
    /// The person's own choice: the sign-in was to be remembered only so long.
    NotRemembered,
    /// The keychain answered, and no longer holds the token.
    SecretLost,
}

impl EndReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 13] = [
        Self::Expired,
        Self::Revoked,
        Self::PasswordChanged,
        Self::Checkpoint,
        Self::AppRemoved,
        Self::RoleLost,
        Self::ScopeMissing,
        Self::DataAccessEnded,
        Self::RefreshTokenReused,
        Self::RefreshRefused,
        Self::WrongIdentity,
        Self::NotRemembered,
        Self::SecretLost,
    ];

    /// The stable code used in JSON, files and the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::Checkpoint => "checkpoint",
            Self::AppRemoved => "app_removed",
            Self::RoleLost => "role_lost",
            Self::ScopeMissing => "scope_missing",
            Self::DataAccessEnded => "data_access_ended",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::RefreshRefused => "refresh_refused",
            Self::WrongIdentity => "wrong_identity",
            Self::NotRemembered => "not_remembered",
            Self::SecretLost => "secret_lost",
        }
    }

    /// The reason behind a code of [`Self::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What happened, as one sentence for the person.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Expired => "The sign-in has reached the end of its life.",
            Self::Revoked => "The sign-in was ended at the service.",
            Self::PasswordChanged => "The password was changed, which ends earlier sign-ins.",
            Self::Checkpoint => "The service wants you to confirm something on its own site first.",
            Self::AppRemoved => "The app was removed from the account on the service's site.",
            Self::RoleLost => "The role needed for this Page was taken away.",
            Self::ScopeMissing => "A permission this needs is not granted.",
            Self::DataAccessEnded => {
                "The service's time limit for access to the account's data has passed."
            }
            Self::RefreshTokenReused => {
                "The service saw a one-time renewal token used twice and ended the sign-in."
            }
            Self::RefreshRefused => "The service refused to renew the sign-in.",
            Self::WrongIdentity => "Somebody else signed in than this account belongs to.",
            Self::NotRemembered => {
                "The sign-in was kept only as long as you had asked for, and is now forgotten."
            }
            Self::SecretLost => "The keychain no longer holds this sign-in.",
        }
    }

    /// What the person can do about it.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Checkpoint => {
                "Open the service in your browser, do what it asks, then check again or sign in again."
            }
            Self::RoleLost => "Ask an owner of the Page to give the role back, then check again.",
            Self::ScopeMissing => "Sign in again and leave the permission ticked.",
            Self::WrongIdentity => {
                "Sign in with the account's own name, or connect the other one as a new account."
            }
            Self::Expired
            | Self::Revoked
            | Self::PasswordChanged
            | Self::AppRemoved
            | Self::DataAccessEnded
            | Self::RefreshTokenReused
            | Self::RefreshRefused
            | Self::NotRemembered
            | Self::SecretLost => "Sign in again.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_reason_has_a_code_and_a_sentence_of_its_own() {
        let codes: HashSet<_> = EndReason::ALL.iter().map(|reason| reason.code()).collect();
        let sentences: HashSet<_> = EndReason::ALL.iter().map(|r| r.sentence()).collect();
        assert_eq!(codes.len(), EndReason::ALL.len());
        assert_eq!(sentences.len(), EndReason::ALL.len());
    }

    #[test]
    fn the_code_is_what_serde_writes() {
        for reason in EndReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
            assert_eq!(EndReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(EndReason::from_code("no such reason"), None);
    }
}
