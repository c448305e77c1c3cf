//! What an answer other than "yes" means to us.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::EndReason;

/// What was being done when an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The redirect back from the provider's consent page.
    Authorize,
    /// Code for token.
    Token,
    /// Short-lived for long-lived token.
    Exchange,
    /// A new token without the person.
    Renew,
    /// Asking whether a token is good.
    Check,
    /// Asking whose token it is.
    Identity,
    /// Listing Pages, organisations, blogs.
    Children,
    /// Ending the sign-in at the provider.
    Revoke,
    /// Sending a post.
    Post,
    /// Looking a post up after a lost answer.
    Recover,
    /// Getting the app's own token.
    AppToken,
}

impl Phase {
    pub(super) const NAMES: [(&'static str, Self); 11] = [
        ("authorize", Self::Authorize),
        ("token", Self::Token),
        ("exchange", Self::Exchange),
        ("renew", Self::Renew),
        ("check", Self::Check),
        ("identity", Self::Identity),
        ("children", Self::Children),
        ("revoke", Self::Revoke),
        ("post", Self::Post),
        ("recover", Self::Recover),
        ("app_token", Self::AppToken),
    ];

    /// True where the request itself carries the account's (or a child's) access token, so that
    /// "invalid token" speaks of it.
    pub(super) fn carries_access(self) -> bool {
        matches!(
            self,
            Self::Check
                | Self::Identity
                | Self::Children
                | Self::Revoke
                | Self::Post
                | Self::Recover
        )
    }
}

/// The kinds of refusal. Only [`Class::Dead`] ever ends a sign-in ([`Class::ScopeMissing`] only
/// the one use); an answer that no rule knows is [`Class::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The token does not work and will not again.
    Dead,
    /// A permission is not granted.
    ScopeMissing,
    /// Too many requests; later.
    RateLimited,
    /// An outage; later.
    Transient,
    /// The provider has barred the account or the content for a time.
    PolicyBlock,
    /// The provider says it has this post already: look it up.
    Duplicate,
    /// The request itself is wrong; repeating it helps nobody.
    BadRequest,
    /// The picture or file is at fault.
    Media,
    /// The app registration (id or secret) is wrong.
    ClientRejected,
    /// The person said no on the consent page.
    Denied,
    /// No rule knows this answer, or it is nonsense.
    Unknown,
}

impl Class {
    pub(super) const NAMES: [(&'static str, Self); 11] = [
        ("dead", Self::Dead),
        ("scope_missing", Self::ScopeMissing),
        ("rate_limited", Self::RateLimited),
        ("transient", Self::Transient),
        ("policy_block", Self::PolicyBlock),
        ("duplicate", Self::Duplicate),
        ("bad_request", Self::BadRequest),
        ("media", Self::Media),
        ("client_rejected", Self::ClientRejected),
        ("denied", Self::Denied),
        ("unknown", Self::Unknown),
    ];

    /// The stable code, as in provider files and JSON.
    pub fn code(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, class)| *class == self)
            .map_or("unknown", |(name, _)| name)
    }
}

/// A refusal, classified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind.
    pub class: Class,
    /// Why, with [`Class::Dead`] and [`Class::ScopeMissing`].
    pub reason: Option<EndReason>,
    /// How long the provider asks us to wait.
    #[serde(with = "seconds")]
    pub retry_after: Option<TimeDelta>,
    /// The HTTP status, 0 for the redirect.
    pub status: u16,
    /// The provider's own code, such as `190/460`.
    pub code: Option<String>,
    /// What the provider said: one line, at most 200 characters, nothing that looks like a token.
    pub said: String,
}

/// `Option<TimeDelta>` as whole seconds.
mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)] // serde's own calling convention
    pub fn serialize<S: Serializer>(wait: &Option<TimeDelta>, to: S) -> Result<S::Ok, S::Error> {
        wait.map(|wait| wait.num_seconds()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TimeDelta>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.and_then(TimeDelta::try_seconds))
    }
}

/// Makes what a provider said safe to show and store: one line, at most 200 characters, without
/// control characters and without anything that looks like a token.
pub fn clean(said: &str) -> String {
    const LONGEST: usize = 200;
    let mut line = String::new();
    let mut run = String::new();
    for c in said.chars() {
        if c.is_ascii_alphanumeric() || "_-+=".contains(c) {
            run.push(c);
            continue;
        }
        push_run(&mut line, &mut run);
        if c.is_whitespace() || c.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_invisible(c) {
            line.push(c);
        }
    }
    push_run(&mut line, &mut run);
    let line = line.trim_end();
    match line.char_indices().nth(LONGEST) {
        None => line.to_owned(),
        Some(_) => line.chars().take(LONGEST - 1).chain(['…']).collect(),
    }
}

/// Unbroken text from this length on is taken for a token.
const TOKEN_LENGTH: usize = 24;

fn push_run(line: &mut String, run: &mut String) {
    line.push_str(if run.len() >= TOKEN_LENGTH {
        "…"
    } else {
        run
    });
    run.clear();
}

/// Marks that turn or hide text on a screen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_said_loses_tokens_lines_and_length() {
        assert_eq!(
            clean("Malformed access token EAABsbCS1iHgBO0aZCZBZB7fLzk2uYw\n\tagain"),
            "Malformed access token … again"
        );
        assert_eq!(
            clean("token=\"abc|0123456789abcdef0123456789abcdef\""),
            "token=\"abc|…\""
        );
        assert_eq!(clean("a\u{202E}b\u{7}c"), "ab c");
        let long = clean(&"word ".repeat(80));
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_refusal_survives_json() {
        let refusal = Refusal {
            class: Class::Dead,
            reason: Some(EndReason::PasswordChanged),
            retry_after: Some(TimeDelta::seconds(90)),
            status: 400,
            code: Some("190/460".into()),
            said: "The password was changed.".into(),
        };
        let json = serde_json::to_value(&refusal).unwrap();
        assert_eq!(json["retry_after"], 90);
        assert_eq!(serde_json::from_value::<Refusal>(json).unwrap(), refusal);
    }
}
