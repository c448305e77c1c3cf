//! The error envelope, with the codes and subcodes of the real Graph.

use serde_json::{Value, json};

/// An error answer.
#[derive(Debug, Clone)]
pub(crate) struct GraphError {
    pub status: u16,
    pub code: u32,
    pub subcode: Option<u32>,
    pub kind: &'static str,
    pub message: String,
    pub transient: bool,
    /// Title and text meant for the person.
    pub person: Option<(&'static str, &'static str)>,
    /// Minutes until calls are taken again; goes into the usage header.
    pub regain_minutes: Option<u32>,
}

impl GraphError {
    pub fn oauth(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            subcode: None,
            kind: "OAuthException",
            message: message.into(),
            transient: false,
            person: None,
            regain_minutes: None,
        }
    }

    pub fn sub(self, subcode: u32) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    /// A parameter that is missing or makes no sense.
    pub fn parameter(message: impl std::fmt::Display) -> Self {
        Self::oauth(100, format!("(#100) {message}"))
    }

    pub fn permission(message: &str) -> Self {
        Self::oauth(200, format!("(#200) {message}"))
    }

    pub fn no_active_token() -> Self {
        Self::oauth(
            2500,
            "An active access token must be used to query information about the current user.",
        )
    }

    pub fn unknown_path(part: &str) -> Self {
        Self::oauth(2500, format!("Unknown path components: /{part}"))
    }

    pub fn no_such_object(method: &str, id: &str) -> Self {
        Self {
            kind: "GraphMethodException",
            ..Self::oauth(
                100,
                format!(
                    "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                     permissions, or does not support this operation.",
                    method.to_ascii_lowercase()
                ),
            )
        }
        .sub(33)
    }

    pub fn unavailable(status: u16) -> Self {
        Self {
            status,
            transient: true,
            ..Self::oauth(2, "Service temporarily unavailable")
        }
    }

    pub fn limited(code: u32, minutes: u32) -> Self {
        let message = match code {
            4 => "(#4) Application request limit reached".to_owned(),
            17 => "(#17) User request limit reached".to_owned(),
            32 => "(#32) Page request limit reached".to_owned(),
            613 => "(#613) Calls to this api have exceeded the rate limit.".to_owned(),
            80001 => "(#80001) There have been too many calls to this Page account. Wait a bit and try again.".to_owned(),
            other => format!("(#{other}) Request limit reached"),
        };
        Self {
            transient: true,
            regain_minutes: Some(minutes),
            ..Self::oauth(code, message)
        }
    }

    /// The body.
    pub fn envelope(&self, trace: &str) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": trace,
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if self.transient {
            error["is_transient"] = true.into();
        }
        if let Some((title, text)) = self.person {
            error["error_user_title"] = title.into();
            error["error_user_msg"] = text.into();
        }
        json!({ "error": error })
    }
}
