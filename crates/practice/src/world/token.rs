//! Tokens: how they are made, what ends them, and what a dead one is told.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Person, World};
use crate::graph::GraphError;
use crate::seed::{APP_ID, APP_SECRET};

/// The life of a long-lived token, in seconds (about 60 days).
pub(crate) const LONG: i64 = 5_183_944;
/// The life of a Page token whose parent is short-lived, in seconds.
const PAGE_OF_SHORT: i64 = 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Short,
    Long,
    Page,
}

/// What a person did that ended a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    PasswordChanged,
    AppRemoved,
    SignedOut,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub kind: Kind,
    pub person: String,
    pub page: Option<String>,
    /// The user token a Page token was derived from.
    pub parent: Option<String>,
    /// Tokens of one sign-in share it.
    pub session: u64,
    pub issued_at: i64,
    /// Unix seconds; 0 for no end.
    pub expires_at: i64,
    pub ended: Option<Ended>,
}

// The parent is itself a token: it must not be printed.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("kind", &self.kind)
            .field("person", &self.person)
            .field("page", &self.page)
            .field("expires_at", &self.expires_at)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// Whom a good token speaks for.
#[derive(Clone)]
pub(crate) enum Bearer {
    App,
    User(String),
    Page { person: String, page: String },
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Unreadable,
    BadSignature,
    Expired { at: i64 },
    Ended(Ended),
    Checkpoint,
    RoleLost,
    DataAccessEnded,
}

impl Flaw {
    /// The error the real Graph answers with.
    pub fn error(self, now: i64) -> GraphError {
        let validating = "Error validating access token: ";
        match self {
            Self::Unreadable => GraphError::oauth(190, "Invalid OAuth access token - Cannot parse access token"),
            Self::BadSignature => GraphError::oauth(190, "Invalid OAuth access token signature."),
            Self::Expired { at } => GraphError::oauth(
                190,
                format!(
                    "{validating}Session has expired on {}. The current time is {}.",
                    crate::graph::long_date(at),
                    crate::graph::long_date(now)
                ),
            )
            .sub(463),
            Self::Ended(Ended::PasswordChanged) => GraphError::oauth(
                190,
                format!(
                    "{validating}The session has been invalidated because the user changed their password or \
                     Facebook has changed the session for security reasons."
                ),
            )
            .sub(460),
            Self::Ended(Ended::AppRemoved) => GraphError::oauth(
                190,
                format!("{validating}The user has not authorized application {APP_ID}."),
            )
            .sub(458),
            Self::Ended(Ended::SignedOut) => GraphError::oauth(
                190,
                format!("{validating}The session is invalid because the user logged out."),
            )
            .sub(467),
            Self::Checkpoint => GraphError::oauth(
                190,
                format!(
                    "{validating}You cannot access the app till you log in to www.facebook.com and follow the \
                     instructions given."
                ),
            )
            .sub(459),
            Self::RoleLost => GraphError::oauth(
                190,
                "The user must be an administrator, editor, or moderator of the page in order to impersonate it.",
            )
            .sub(492),
            Self::DataAccessEnded => GraphError::oauth(
                190,
                "The access token is invalid since the user hasn't engaged the app in longer than 90 days.",
            )
            .sub(493),
        }
    }
}

impl World {
    /// The app token that `grant_type=client_credentials` answers; `APP_ID|APP_SECRET` works as well.
    pub fn app_token(&self) -> String {
        let secret = self.keyed("app token");
        format!("{APP_ID}|{}", secret.get(..27).unwrap_or(&secret))
    }

    /// Whom a token speaks for, if it may be used now.
    pub fn bearer(&self, token: &str, now: i64) -> Result<Bearer, Flaw> {
        let Some(found) = self.known(token)? else {
            return Ok(Bearer::App);
        };
        self.flaw(found, now).map_or(Ok(()), Err)?;
        if self
            .persons
            .get(&found.person)
            .is_none_or(|person| person.data_access_until <= now)
        {
            return Err(Flaw::DataAccessEnded);
        }
        Ok(match &found.page {
            Some(page) => Bearer::Page {
                person: found.person.clone(),
                page: page.clone(),
            },
            None => Bearer::User(found.person.clone()),
        })
    }

    /// The token's facts, `None` for an app token.
    pub fn known(&self, token: &str) -> Result<Option<&Token>, Flaw> {
        if let Some((app, secret)) = token.split_once('|') {
            return if app == APP_ID && (secret == APP_SECRET || token == self.app_token()) {
                Ok(None)
            } else {
                Err(Flaw::BadSignature)
            };
        }
        self.tokens.get(token).map(Some).ok_or(Flaw::Unreadable)
    }

    /// What is wrong with a token, leaving the data-access clock aside (`debug_token` calls such a token valid).
    pub fn flaw(&self, token: &Token, now: i64) -> Option<Flaw> {
        // A Page token dies with its user token, in every way that one can die. The real service lets some
        // Page tokens outlive the natural end of their parent; relying on that would be a mistake, so we don't.
        if let Some(parent) = &token.parent {
            match self.tokens.get(parent) {
                Some(parent) => {
                    if let Some(flaw) = self.flaw(parent, now) {
                        return Some(flaw);
                    }
                }
                None => return Some(Flaw::Unreadable),
            }
        }
        if let Some(ended) = token.ended {
            return Some(Flaw::Ended(ended));
        }
        let Some(person) = self.persons.get(&token.person) else {
            return Some(Flaw::Unreadable);
        };
        if person.checkpoint {
            return Some(Flaw::Checkpoint);
        }
        if token.expires_at != 0 && token.expires_at <= now {
            return Some(Flaw::Expired {
                at: token.expires_at,
            });
        }
        token
            .page
            .as_ref()
            .filter(|page| !person.roles.contains_key(*page))
            .map(|_| Flaw::RoleLost)
    }

    /// A token for a fresh sign-in: between 90 minutes and two hours.
    pub fn issue_short(&mut self, person: &str, now: i64) -> (String, i64) {
        let session = self.next();
        let life = 5400 + i64::try_from(session % 1801).unwrap_or(0);
        let token = Token {
            kind: Kind::Short,
            person: person.to_owned(),
            page: None,
            parent: None,
            session,
            issued_at: now,
            expires_at: now + life,
            ended: None,
        };
        (self.keep(token), life)
    }

    /// The long-lived token of a user token's sign-in: the one there is, or a new one.
    pub fn issue_long(&mut self, from: &Token, now: i64) -> (String, i64) {
        let existing = self.tokens.iter().find(|(_, token)| {
            token.kind == Kind::Long
                && token.session == from.session
                && self.flaw(token, now).is_none()
        });
        if let Some((text, token)) = existing {
            return (text.clone(), token.expires_at - now);
        }
        let token = Token {
            kind: Kind::Long,
            issued_at: now,
            expires_at: now + LONG,
            ..from.clone()
        };
        (self.keep(token), LONG)
    }

    /// The Page token derived from a user token: the one there is, or a new one.
    pub fn issue_page(&mut self, parent: &str, page: &str, now: i64) -> Option<String> {
        let from = self.tokens.get(parent)?.clone();
        let existing = self.tokens.iter().find(|(_, token)| {
            token.kind == Kind::Page
                && token.parent.as_deref() == Some(parent)
                && token.page.as_deref() == Some(page)
                && self.flaw(token, now).is_none()
        });
        if let Some((text, _)) = existing {
            return Some(text.clone());
        }
        let expires_at = if from.kind == Kind::Long {
            0
        } else {
            now + PAGE_OF_SHORT
        };
        Some(self.keep(Token {
            kind: Kind::Page,
            page: Some(page.to_owned()),
            parent: Some(parent.to_owned()),
            issued_at: now,
            expires_at,
            ..from
        }))
    }

    /// Ends every living token of a person.
    pub fn end_tokens(&mut self, person: &str, how: Ended) {
        for token in self
            .tokens
            .values_mut()
            .filter(|token| token.person == person)
        {
            token.ended.get_or_insert(how);
        }
        self.dirty = true;
    }

    /// What happens when the app is removed, by the person or by the app itself.
    pub fn remove_app(&mut self, person: &str) {
        self.end_tokens(person, Ended::AppRemoved);
        if let Some(person) = self.persons.get_mut(person) {
            person.scopes.clear();
        }
    }

    /// The person behind a token.
    pub fn holder(&self, bearer: &Bearer) -> Option<&Person> {
        match bearer {
            Bearer::App => None,
            Bearer::User(person) | Bearer::Page { person, .. } => self.persons.get(person),
        }
    }

    /// A text nobody can guess, the same for the same words.
    pub fn keyed(&self, words: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(words.as_bytes());
        // Only letters and digits, as tokens are: double-click selects the whole of it.
        URL_SAFE_NO_PAD
            .encode(mac.finalize().into_bytes())
            .replace('-', "Z")
            .replace('_', "q")
    }

    /// A new code.
    pub fn new_code(&mut self) -> String {
        let serial = self.next();
        format!(
            "AQ{}{}",
            self.keyed(&format!("code {serial}")),
            self.keyed(&format!("code' {serial}"))
        )
    }

    fn keep(&mut self, token: Token) -> String {
        let serial = self.next();
        let parts = ["a", "b", "c"].map(|part| self.keyed(&format!("token {part} {serial}")));
        let text = format!("EAABbPracticeZ{}", parts.concat());
        self.tokens.insert(text.clone(), token);
        text
    }
}
