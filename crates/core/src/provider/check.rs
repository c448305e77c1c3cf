//! Reading what an issuer says of a token.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::error_rule::{Rules, Seen};
use super::fault::FileError;
use super::pointer::{Pointer, Pointers, as_whole, as_words};
use super::refusal::{Class, Phase, Refusal};
use super::section::{Section, text};
use crate::http::Response;
use crate::{EndReason, Expiry, Instant};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckReading {
    /// The issuer says the token is good now.
    Good(Facts),
    /// The issuer says it is not.
    Dead {
        /// Why.
        reason: EndReason,
        /// What the issuer said, safe to show.
        said: String,
    },
    /// No answer to be relied on; the sign-in stays as it was.
    CantTell(Refusal),
}

/// What an issuer tells of a good token. Holds no token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// When it is announced to end.
    pub expiry: Expiry,
    /// When access to the account's data ends, a clock of its own.
    pub data_access_ends: Expiry,
    /// When it was issued.
    pub issued_at: Option<Instant>,
    /// What it may do; `None` if the issuer does not say.
    pub scopes: Option<BTreeSet<String>>,
    /// Whose it is.
    pub account: Option<String>,
    /// The app it was given to.
    pub owner: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct CheckLayout {
    active: Pointers,
    expires_at: Pointers,
    zero_is_never: bool,
    data_access_ends: Pointers,
    issued_at: Pointers,
    scopes: Pointers,
    account: Pointers,
    owner: Pointers,
    /// Under this pointer the error rules find the token's own error.
    error_at: Option<Pointer>,
    /// RFC 7662 section 2.2 answers a bare `active: false`; other services say more, and one
    /// that does not is not believed.
    bare_no_counts: bool,
}

impl CheckLayout {
    pub fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let mut layout = Self::introspection();
        let Some(answer) = section.section("answer")? else {
            return Ok(layout);
        };
        layout = Self {
            bare_no_counts: false,
            ..Self::empty()
        };
        answer.require("active")?;
        for (key, pointers) in [
            ("active", &mut layout.active),
            ("expires_at", &mut layout.expires_at),
            ("data_access_ends", &mut layout.data_access_ends),
            ("issued_at", &mut layout.issued_at),
            ("scopes", &mut layout.scopes),
            ("account", &mut layout.account),
            ("owner", &mut layout.owner),
        ] {
            if let Some(node) = answer.get(key) {
                *pointers = Pointers::read(node)?;
            }
        }
        layout.zero_is_never = answer
            .word("zero_expiry", &[("never", true), ("unknown", false)])?
            .unwrap_or(false);
        if let Some(node) = answer.get("error_at") {
            let pointer = Pointer::parse(text(node)?);
            layout.error_at = Some(pointer.map_err(|message| node.place.error(message))?);
        }
        answer.close()?;
        Ok(layout)
    }

    fn empty() -> Self {
        Self {
            active: Pointers::default(),
            expires_at: Pointers::default(),
            zero_is_never: false,
            data_access_ends: Pointers::default(),
            issued_at: Pointers::default(),
            scopes: Pointers::default(),
            account: Pointers::default(),
            owner: Pointers::default(),
            error_at: None,
            bare_no_counts: true,
        }
    }

    /// RFC 7662 section 2.2.
    fn introspection() -> Self {
        Self {
            active: Pointers::fixed(&["/active"]),
            expires_at: Pointers::fixed(&["/exp"]),
            issued_at: Pointers::fixed(&["/iat"]),
            scopes: Pointers::fixed(&["/scope"]),
            account: Pointers::fixed(&["/sub"]),
            owner: Pointers::fixed(&["/client_id"]),
            ..Self::empty()
        }
    }

    /// `asked_by` is our client id: the answer must be about a token of ours.
    pub fn judge(
        &self,
        response: &Response,
        asked_by: &str,
        now: Instant,
        rules: &Rules,
    ) -> CheckReading {
        let json = response.json();
        let seen = Seen {
            phase: Phase::Check,
            response,
            json: json.as_ref(),
        };
        let cant_tell = |why: &str| CheckReading::CantTell(rules.nonsense(&seen, why));
        let Some(json) = &json else {
            return cant_tell("The service's answer was not readable.");
        };
        let Some(active) = self.active.find(json).and_then(Json::as_bool) else {
            return CheckReading::CantTell(rules.inside_success(&seen).unwrap_or_else(|| {
                rules.nonsense(
                    &seen,
                    "The service's answer does not say whether the token is good.",
                )
            }));
        };
        let facts = self.facts(json);
        if facts.owner.as_ref().is_some_and(|owner| owner != asked_by) {
            return cant_tell("The service spoke of a token that belongs to another app.");
        }
        if active {
            return if facts.data_access_ends.is_past(now) {
                let reason = EndReason::DataAccessEnded;
                CheckReading::Dead {
                    reason,
                    said: reason.sentence().into(),
                }
            } else {
                CheckReading::Good(facts)
            };
        }
        self.ended(response, json, &facts, now, rules)
            .unwrap_or_else(|| cant_tell("The service said no without saying about which token."))
    }

    /// The issuer says no: why?
    fn ended(
        &self,
        response: &Response,
        json: &Json,
        facts: &Facts,
        now: Instant,
        rules: &Rules,
    ) -> Option<CheckReading> {
        let by_date = if facts.expiry.is_past(now) {
            EndReason::Expired
        } else {
            EndReason::Revoked
        };
        let plain = || CheckReading::Dead {
            reason: by_date,
            said: by_date.sentence().into(),
        };
        let part = self
            .error_at
            .as_ref()
            .and_then(|pointer| pointer.find(json));
        let part = part.filter(|part| part.get("error").is_some_and(|error| !error.is_null()));
        let Some(part) = part else {
            return (facts.owner.is_some() || self.bare_no_counts).then(plain);
        };
        let seen = Seen {
            phase: Phase::Check,
            response,
            json: Some(part),
        };
        let refusal = rules.classify(&seen);
        Some(match (refusal.class, refusal.reason) {
            // "Invalid" without a finer word, and the date has passed: it has expired.
            (Class::Dead, Some(EndReason::Revoked)) => CheckReading::Dead {
                reason: by_date,
                said: refusal.said,
            },
            (Class::Dead, Some(reason)) => CheckReading::Dead {
                reason,
                said: refusal.said,
            },
            // A plain no about a token of ours counts, though its code is new to us.
            (Class::Unknown | Class::BadRequest, _) if facts.owner.is_some() => {
                CheckReading::Dead {
                    reason: by_date,
                    said: refusal.said,
                }
            }
            _ => CheckReading::CantTell(refusal),
        })
    }

    fn facts(&self, json: &Json) -> Facts {
        let instant = |pointers: &Pointers| {
            pointers
                .find(json)
                .and_then(as_whole)
                .filter(|seconds| *seconds > 0)
                .and_then(|seconds| Expiry::from_unix(seconds).at())
        };
        let zero = |pointers: &Pointers| pointers.find(json).and_then(as_whole) == Some(0);
        let end = |pointers: &Pointers| instant(pointers).map_or(Expiry::Unknown, Expiry::At);
        Facts {
            expiry: if self.zero_is_never && zero(&self.expires_at) {
                Expiry::Never
            } else {
                end(&self.expires_at)
            },
            data_access_ends: end(&self.data_access_ends),
            issued_at: instant(&self.issued_at),
            scopes: self
                .scopes
                .find(json)
                .and_then(as_words)
                .map(BTreeSet::from_iter),
            account: self.account.text(json),
            owner: self.owner.text(json),
        }
    }
}
