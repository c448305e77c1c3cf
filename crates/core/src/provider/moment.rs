//! Where an answer says at which instant something ends.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::fault::FileError;
use super::node::{Node, Value};
use super::pointer::{Pointer, Pointers, as_whole};

/// Unix seconds at a pointer, or inside a token of the answer (`jwt:/access:exp`).
#[derive(Clone, Debug)]
pub(super) enum Moment {
    At(Pointers),
    Claim { token: Pointer, claim: String },
}

impl Default for Moment {
    fn default() -> Self {
        Self::At(Pointers::default())
    }
}

impl Moment {
    pub fn read(node: &Node) -> Result<Self, FileError> {
        let claim = match &node.value {
            Value::Text(text) => text.strip_prefix("jwt:"),
            _ => None,
        };
        let Some(written) = claim else {
            return Pointers::read(node).map(Self::At);
        };
        let Some((pointer, claim)) = written.rsplit_once(':') else {
            return Err(node.place.error(format!(
                "\"jwt:{written}\" names no claim; write \"jwt:/access_token:exp\""
            )));
        };
        let token = Pointer::parse(pointer).map_err(|message| node.place.error(message))?;
        Ok(Self::Claim {
            token,
            claim: claim.to_owned(),
        })
    }

    pub fn find(&self, json: &Json) -> Number {
        match self {
            Self::At(pointers) => Number::read(pointers.find(json)),
            Self::Claim { token, claim } => {
                let text = token.find(json).and_then(Json::as_str);
                let claims = text.and_then(claims);
                Number::read(claims.as_ref().and_then(|claims| claims.get(claim)))
            }
        }
    }
}

/// Missing, zero and nonsense are three things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Missing,
    Nonsense,
    Zero,
    /// Above zero.
    Of(i64),
}

impl Number {
    pub fn read(value: Option<&Json>) -> Self {
        match value.map(as_whole) {
            None => Self::Missing,
            Some(Some(0)) => Self::Zero,
            Some(Some(number)) if number > 0 => Self::Of(number),
            Some(_) => Self::Nonsense,
        }
    }
}

/// The claims of a JWT (RFC 7519). Its signature is not looked at: the end is a hint, and the
/// issuer alone decides.
fn claims(token: &str) -> Option<Json> {
    let part = token.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
