//! What can go wrong, as data: the same words in Rust, on the control API and on the control page.

use serde::{Deserialize, Serialize};

use crate::Endpoint;

/// One piece of trouble, as the control API spells it: `{"trouble": "rate_limit", "calls": 2, "endpoint": "feed"}`.
///
/// Persons are named by user name or id (default `ada`), Pages by id or name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trouble {
    /// The person's tokens have just reached their end (190/463).
    ExpireNow {
        /// Whose tokens.
        #[serde(default = "ada")]
        person: String,
    },
    /// The person changed their password: every token dies (190/460).
    ChangePassword {
        /// Who changed it.
        #[serde(default = "ada")]
        person: String,
        /// The new password on the login page; without it the old one goes on working there.
        #[serde(default)]
        to: Option<String>,
    },
    /// The person removed the app: every token dies and consent is forgotten (190/458).
    RemoveApp {
        /// Who removed it.
        #[serde(default = "ada")]
        person: String,
    },
    /// The person withdrew one permission; tokens go on working without it.
    DropScope {
        /// Who withdrew it.
        #[serde(default = "ada")]
        person: String,
        /// The permission.
        scope: String,
    },
    /// The person granted a permission again.
    RestoreScope {
        /// Who granted it.
        #[serde(default = "ada")]
        person: String,
        /// The permission.
        scope: String,
    },
    /// The issuer wants to see the person first (190/459); the same tokens may work afterwards.
    Checkpoint {
        /// Who is stopped.
        #[serde(default = "ada")]
        person: String,
    },
    /// The person passed the checkpoint.
    ClearCheckpoint {
        /// Who passed it.
        #[serde(default = "ada")]
        person: String,
    },
    /// The person lost their role on a Page; its Page tokens die (190/492).
    TakeRole {
        /// Who lost it.
        #[serde(default = "ada")]
        person: String,
        /// The Page.
        page: String,
    },
    /// The person has their role on a Page (again), with every task.
    GiveRole {
        /// Who has it.
        #[serde(default = "ada")]
        person: String,
        /// The Page.
        page: String,
    },
    /// The 90 days of data access are over (190/493 on use; `debug_token` still says valid, with a past date).
    EndDataAccess {
        /// Whose data.
        #[serde(default = "ada")]
        person: String,
    },
    /// The person ended all sessions (190/467).
    SignOutEverywhere {
        /// Who.
        #[serde(default = "ada")]
        person: String,
    },
    /// Calls are refused for a while: code 4, or 80001 on a Page's edges, always with HTTP 400.
    /// Without `calls` it lasts `minutes` of the issuer's clock.
    RateLimit {
        /// The error code instead: 4, 17, 32, 341, 613 or 80001.
        #[serde(default)]
        code: Option<u32>,
        /// What `estimated_time_to_regain_access` says.
        #[serde(default = "five")]
        minutes: u32,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The service is down.
    Outage {
        /// The HTTP status.
        #[serde(default = "unavailable")]
        status: u16,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// Any Graph error.
    Error {
        /// `error.code`.
        code: u32,
        /// `error.error_subcode`.
        #[serde(default)]
        subcode: Option<u32>,
        /// `error.message`.
        #[serde(default)]
        message: Option<String>,
        /// The HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// A body that is no answer, with status 200.
    Nonsense {
        /// What the body is.
        #[serde(default)]
        style: Nonsense,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// Answers take their time.
    Slow {
        /// How long each call waits.
        milliseconds: u64,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The call is carried out, then the connection closes without an answer.
    /// Without an endpoint: calls that publish.
    LoseResponse {
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The connection closes before anything is done.
    DropRequest {
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The token answer has no usable `expires_in`.
    OddExpiresIn {
        /// What it has instead.
        #[serde(default)]
        style: OddExpiry,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// `debug_token` says `expires_at: 0`.
    ZeroExpiresAt {
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The long-lived exchange fails.
    ExchangeFails {
        /// The error code.
        #[serde(default = "one")]
        code: u32,
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// The long-lived exchange answers with the short token it was given.
    ExchangeReturnsShort {
        /// Which calls.
        #[serde(flatten)]
        on: Where,
    },
    /// Whether a repeated post is refused (506).
    Duplicates {
        /// Refuse it.
        refuse: bool,
    },
    /// The issuer's clock moves.
    Jump {
        /// By how many seconds; may be negative.
        seconds: i64,
    },
    /// All standing trouble ends: limits, outages, odd answers and checkpoints. Dead tokens stay dead.
    Clear,
}

impl Trouble {
    /// The calls a standing trouble is aimed at; `None` for what happens at once.
    pub(crate) fn aim(&self) -> Option<&Where> {
        match self {
            Self::RateLimit { on, .. }
            | Self::Outage { on, .. }
            | Self::Error { on, .. }
            | Self::Nonsense { on, .. }
            | Self::Slow { on, .. }
            | Self::LoseResponse { on }
            | Self::DropRequest { on }
            | Self::OddExpiresIn { on, .. }
            | Self::ZeroExpiresAt { on }
            | Self::ExchangeFails { on, .. }
            | Self::ExchangeReturnsShort { on } => Some(on),
            _ => None,
        }
    }
}

/// Which calls a trouble strikes; by default every Graph call until [`Trouble::Clear`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Where {
    /// How many calls; `None` until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    /// At which endpoint; `None` at all.
    #[serde(default, alias = "where", skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
}

impl Where {
    /// The next so many calls.
    pub fn calls(calls: u32) -> Self {
        Self {
            calls: Some(calls),
            endpoint: None,
        }
    }

    /// Every call at one endpoint until cleared.
    pub fn at(endpoint: Endpoint) -> Self {
        Self {
            calls: None,
            endpoint: Some(endpoint),
        }
    }

    /// The next call at one endpoint.
    pub fn once(endpoint: Endpoint) -> Self {
        Self {
            calls: Some(1),
            endpoint: Some(endpoint),
        }
    }
}

/// Bodies that are no answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonsense {
    /// Some gateway's HTML page; the call is not carried out.
    #[default]
    Html,
    /// The real answer, cut in half; the call *is* carried out.
    Cut,
    /// Nothing at all; the call is not carried out.
    Empty,
}

/// What a token answer has instead of a usable `expires_in`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OddExpiry {
    /// No such member.
    #[default]
    Missing,
    /// An empty string.
    Empty,
    /// Zero.
    Zero,
    /// The number under its old name, `expires`.
    Renamed,
}

/// Why a trouble could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TroubleError {
    /// No such person.
    #[error("nobody here is called \"{0}\"; the persons are ada and ben")]
    Person(String),
    /// No such Page.
    #[error("there is no Page \"{0}\"; look at / for the Pages and their ids")]
    Page(String),
    /// No such permission.
    #[error("there is no permission \"{0}\"")]
    Scope(String),
    /// The words were not understood.
    #[error("this trouble was not understood: {0}")]
    Words(String),
    /// The state file could not be written; the trouble stands until the practice network ends.
    #[error("the practice network could not write its state file: {0}")]
    Save(#[from] std::io::Error),
}

fn ada() -> String {
    "ada".to_owned()
}

fn one() -> u32 {
    1
}

fn five() -> u32 {
    5
}

fn unavailable() -> u16 {
    503
}

fn bad_request() -> u16 {
    400
}

/// Reads a trouble from JSON whose numbers and booleans may be text, as forms send them.
pub(crate) fn read(
    mut words: serde_json::Map<String, serde_json::Value>,
) -> Result<Trouble, TroubleError> {
    use serde_json::Value;
    const NUMBERS: [&str; 7] = [
        "calls",
        "minutes",
        "milliseconds",
        "seconds",
        "status",
        "code",
        "subcode",
    ];
    words.retain(|_, value| !matches!(value, Value::Null) && value.as_str() != Some(""));
    for (name, value) in &mut words {
        let Some(text) = value.as_str().map(str::to_owned) else {
            continue;
        };
        if NUMBERS.contains(&name.as_str()) {
            *value = text.trim().parse::<i64>().map(Value::from).map_err(|_| {
                TroubleError::Words(format!("\"{name}\" must be a whole number, not \"{text}\""))
            })?;
        } else if name == "refuse" {
            *value = Value::Bool(matches!(text.as_str(), "true" | "True" | "1" | "on"));
        }
    }
    serde_json::from_value(Value::Object(words))
        .map_err(|error| TroubleError::Words(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: &serde_json::Value) -> Result<Trouble, TroubleError> {
        read(value.as_object().expect("an object").clone())
    }

    #[test]
    fn words_from_a_form_read_like_json() {
        let form = parsed(
            &json!({"trouble": "rate_limit", "calls": "2", "minutes": "7", "endpoint": "feed", "code": ""}),
        );
        let expected = Trouble::RateLimit {
            code: None,
            minutes: 7,
            on: Where {
                calls: Some(2),
                endpoint: Some(Endpoint::Feed),
            },
        };
        assert_eq!(form.expect("understood"), expected);
    }

    #[test]
    fn a_person_may_be_named_by_a_number() {
        let trouble =
            parsed(&json!({"trouble": "expire_now", "person": "10002"})).expect("understood");
        assert_eq!(
            trouble,
            Trouble::ExpireNow {
                person: "10002".into()
            }
        );
    }

    #[test]
    fn where_is_another_word_for_endpoint() {
        let trouble = parsed(&json!({"trouble": "lose_response", "calls": 1, "where": "any"}))
            .expect("understood");
        assert_eq!(
            trouble,
            Trouble::LoseResponse {
                on: Where::once(Endpoint::Any)
            }
        );
    }

    #[test]
    fn a_wrong_number_names_the_field() {
        let error =
            parsed(&json!({"trouble": "slow", "milliseconds": "soon"})).expect_err("refused");
        assert!(
            error
                .to_string()
                .contains("\"milliseconds\" must be a whole number"),
            "{error}"
        );
    }
}
