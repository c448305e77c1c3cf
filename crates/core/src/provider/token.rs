//! Reading token answers.

use chrono::TimeDelta;
use oauth2::TokenResponse;
use oauth2::basic::{BasicTokenResponse, BasicTokenType};
use serde_json::Value as Json;

use super::fault::FileError;
use super::moment::{Moment, Number};
use super::node::Node;
use super::pointer::{Pointers, as_words};
use super::section::{Section, parse_duration, text};
use crate::http::Response;
use crate::{Expiry, Instant, Secret};

/// A token set as an issuer gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The access token.
    pub access: Secret,
    /// The refresh token, if one came. None on renewal means: keep the old one (RFC 6749
    /// section 6).
    pub refresh: Option<Secret>,
    /// When the access token is announced to end.
    pub expiry: Expiry,
    /// True if no usable end was announced and the file says that a check would know it.
    pub asks_for_expiry: bool,
    /// When the refresh token is announced to end.
    pub refresh_expiry: Expiry,
    /// What was granted; `None` means what was asked for (RFC 6749 section 5.1).
    pub scopes: Option<Vec<String>>,
}

/// How the answer is laid out, and what silence means.
#[derive(Clone, Debug)]
pub(super) struct TokenLayout {
    /// Laid out as in RFC 6749 section 5.1.
    standard: bool,
    access: Pointers,
    refresh: Pointers,
    expires_in: Pointers,
    expires_at: Moment,
    refresh_expires_in: Pointers,
    refresh_expires_at: Moment,
    scopes: Pointers,
    missing: Silence,
    zero: Silence,
}

/// What it means if no end is announced, or 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum Silence {
    Unknown,
    Ask,
    Never,
    Assume(TimeDelta),
}

impl Silence {
    pub fn read(node: &Node) -> Result<Self, FileError> {
        let written = text(node)?;
        Ok(match written {
            "unknown" => Self::Unknown,
            "ask" => Self::Ask,
            "never" => Self::Never,
            other => Self::Assume(parse_duration(other).ok_or_else(|| {
                node.place.error(format!(
                    "\"{other}\" is not known here; write \"unknown\", \"ask\", \"never\" or a \
                     duration such as \"60d\""
                ))
            })?),
        })
    }

    fn expiry(self, now: Instant) -> (Expiry, bool) {
        match self {
            Self::Unknown => (Expiry::Unknown, false),
            Self::Ask => (Expiry::Unknown, true),
            Self::Never => (Expiry::Never, false),
            Self::Assume(life) => (Expiry::after_seconds(now, life.num_seconds()), false),
        }
    }
}

impl TokenLayout {
    pub fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let mut layout = Self::standard();
        let Some(answer) = section.section("answer")? else {
            return Ok(layout);
        };
        layout.standard = false;
        answer.require("access")?;
        for (key, pointers) in [
            ("access", &mut layout.access),
            ("refresh", &mut layout.refresh),
            ("expires_in", &mut layout.expires_in),
            ("refresh_expires_in", &mut layout.refresh_expires_in),
            ("scopes", &mut layout.scopes),
        ] {
            if let Some(node) = answer.get(key) {
                *pointers = Pointers::read(node)?;
            }
        }
        for (key, moment) in [
            ("expires_at", &mut layout.expires_at),
            ("refresh_expires_at", &mut layout.refresh_expires_at),
        ] {
            if let Some(node) = answer.get(key) {
                *moment = Moment::read(node)?;
            }
        }
        if let Some(node) = answer.get("missing_expiry") {
            layout.missing = Silence::read(node)?;
        }
        // 0 seconds of life makes no sense for a token just given: as good as silence.
        layout.zero = answer
            .get("zero_expiry")
            .map_or_else(|| Ok(layout.missing_or_unknown()), Silence::read)?;
        answer.close()?;
        Ok(layout)
    }

    /// RFC 6749 section 5.1.
    pub fn standard() -> Self {
        Self {
            standard: true,
            access: Pointers::fixed(&["/access_token"]),
            refresh: Pointers::fixed(&["/refresh_token"]),
            expires_in: Pointers::fixed(&["/expires_in"]),
            expires_at: Moment::default(),
            refresh_expires_in: Pointers::default(),
            refresh_expires_at: Moment::default(),
            scopes: Pointers::fixed(&["/scope"]),
            missing: Silence::Unknown,
            zero: Silence::Unknown,
        }
    }

    /// True if silence sends us to the check.
    pub fn asks(&self) -> bool {
        [self.missing, self.zero]
            .iter()
            .any(|silence| matches!(silence, Silence::Ask))
    }

    /// Errors: a sentence about what is missing; the caller makes it [`super::Class::Unknown`].
    pub fn take(&self, response: &Response, now: Instant) -> Result<TokenAnswer, &'static str> {
        let json = body(response).ok_or("The service's answer was not readable.")?;
        let access = self
            .access
            .find(&json)
            .and_then(Json::as_str)
            .and_then(token);
        let access = access.ok_or("The service's answer holds no token.")?;
        if self.standard && !is_bearer(&json) {
            return Err("The service gave a token of a kind that is not known here.");
        }
        let (expiry, asks_for_expiry) = self.expiry(&json, now);
        Ok(TokenAnswer {
            access,
            refresh: self
                .refresh
                .find(&json)
                .and_then(Json::as_str)
                .and_then(token),
            expiry,
            asks_for_expiry,
            refresh_expiry: self.refresh_expiry(&json, now),
            scopes: self.scopes.find(&json).and_then(as_words),
        })
    }

    fn expiry(&self, json: &Json, now: Instant) -> (Expiry, bool) {
        let life = Number::read(self.expires_in.find(json));
        match (life, self.expires_at.find(json)) {
            (Number::Of(seconds), _) => (Expiry::after_seconds(now, seconds), false),
            (Number::Zero, _) | (Number::Missing, Number::Zero) => self.zero.expiry(now),
            (Number::Missing, Number::Of(at)) => (Expiry::from_unix(at), false),
            (Number::Missing, Number::Missing) => self.missing.expiry(now),
            // That says nothing, not even "never".
            (Number::Nonsense, _) | (Number::Missing, Number::Nonsense) => {
                self.missing_or_unknown().expiry(now)
            }
        }
    }

    fn refresh_expiry(&self, json: &Json, now: Instant) -> Expiry {
        let life = Number::read(self.refresh_expires_in.find(json));
        match (life, self.refresh_expires_at.find(json)) {
            (Number::Of(seconds), _) => Expiry::after_seconds(now, seconds),
            (Number::Missing, Number::Of(at)) => Expiry::from_unix(at),
            _ => Expiry::Unknown,
        }
    }

    fn missing_or_unknown(&self) -> Silence {
        match self.missing {
            Silence::Ask => Silence::Ask,
            _ => Silence::Unknown,
        }
    }
}

/// JSON, or the form encoding some servers answer with and say so.
fn body(response: &Response) -> Option<Json> {
    let kind = response.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return response.json().filter(Json::is_object);
    }
    let pairs = url::form_urlencoded::parse(&response.body);
    Some(Json::Object(
        pairs
            .map(|(key, value)| (key.into_owned(), value.into()))
            .collect(),
    ))
}

/// A token is visible ASCII without spaces (RFC 6749 appendix A.12).
fn token(text: &str) -> Option<Secret> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        .then(|| Secret::new(text))
}

/// RFC 6749 section 7.1: a token of an unknown kind must not be used. The kind is compared in any
/// case. An answer the `oauth2` type finds too loose is read by our pointers, if a kind is named
/// at all it must still be bearer.
fn is_bearer(json: &Json) -> bool {
    match serde_json::from_value::<BasicTokenResponse>(json.clone()) {
        Ok(answer) => matches!(answer.token_type(), BasicTokenType::Bearer),
        Err(_) => json.get("token_type").is_none_or(|kind| {
            kind.as_str()
                .is_some_and(|k| k.eq_ignore_ascii_case("bearer"))
        }),
    }
}
