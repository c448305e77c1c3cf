//! The shapes a sign-in's life can have, and the rules of getting a new token.

use chrono::TimeDelta;

use super::fault::FileError;
use super::node::Node;
use super::section::{Section, parse_duration, text};

/// How tokens of a provider live. A file names one, or a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// Short-lived becomes long-lived once; then the person signs in again.
    Exchange,
    /// The access token itself is what renews it.
    SelfRenewing,
    /// Children's tokens are derived from the account's.
    Derived,
    /// A refresh token that stays the same.
    Refresh,
    /// A refresh token with a fixed last day.
    RefreshFixedEnd,
    /// Refresh tokens change; the old one is tolerated for a while.
    Rotating,
    /// Refresh tokens change; the old one dies at once.
    OneTime,
    /// No announced end; only checking tells.
    VerifyOnly,
    /// Each request proves possession of a key.
    SenderConstrained,
    /// A pair of self-contained tokens.
    JwtPair,
}

impl Lifecycle {
    pub(super) const NAMES: [(&'static str, Self); 10] = [
        ("exchange", Self::Exchange),
        ("self_renewing", Self::SelfRenewing),
        ("derived", Self::Derived),
        ("refresh", Self::Refresh),
        ("refresh_fixed_end", Self::RefreshFixedEnd),
        ("rotating", Self::Rotating),
        ("one_time", Self::OneTime),
        ("verify_only", Self::VerifyOnly),
        ("sender_constrained", Self::SenderConstrained),
        ("jwt_pair", Self::JwtPair),
    ];

    /// Its word in provider files.
    pub fn code(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, it)| *it == self)
            .map_or("", |(name, _)| name)
    }

    /// The section a file with this shape must have.
    pub(super) fn needs(self) -> Option<&'static str> {
        match self {
            Self::Exchange => Some("exchange"),
            Self::Derived => Some("children"),
            Self::SelfRenewing
            | Self::Refresh
            | Self::RefreshFixedEnd
            | Self::Rotating
            | Self::OneTime
            | Self::JwtPair => Some("renew"),
            Self::VerifyOnly | Self::SenderConstrained => None,
        }
    }
}

/// `[exchange]`: short-lived to long-lived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRules {
    /// About how long the result lives, for words to the person before the first answer.
    pub about: Option<TimeDelta>,
}

/// What a renewal is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The refresh token.
    Refresh,
    /// The access token, which must still be good.
    Access,
}

/// What happens to a refresh token that is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It works.
    Allowed,
    /// It works for this long.
    Grace(TimeDelta),
    /// It fails, and nothing else happens.
    Rejected,
    /// It fails, and the whole sign-in ends.
    KillsFamily,
}

/// `[renew]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewRules {
    /// What it is paid with.
    pub credential: Credential,
    /// A token younger than this can't be renewed.
    pub min_age: Option<TimeDelta>,
    /// How long before the end to renew.
    pub lead: Option<TimeDelta>,
    /// What using a token twice does. `KillsFamily` where the file says nothing.
    pub reuse: Reuse,
    /// True if a renewed token proves nothing until a who-am-I call has answered.
    pub verify_by_identity: bool,
}

impl RenewRules {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let credentials = [
            ("refresh", Credential::Refresh),
            ("access", Credential::Access),
        ];
        Ok(Self {
            credential: section
                .word("credential", &credentials)?
                .unwrap_or(Credential::Refresh),
            min_age: section.duration("min_age")?,
            lead: section.duration("lead")?,
            reuse: section
                .get("reuse")
                .map_or(Ok(Reuse::KillsFamily), Reuse::read)?,
            verify_by_identity: section
                .word("verify", &[("identity", true)])?
                .unwrap_or(false),
        })
    }
}

impl Reuse {
    fn read(node: &Node) -> Result<Self, FileError> {
        let written = text(node)?;
        match written {
            "allowed" => Ok(Self::Allowed),
            "rejected" => Ok(Self::Rejected),
            "kills_family" => Ok(Self::KillsFamily),
            other => other
                .strip_prefix("grace:")
                .and_then(parse_duration)
                .map(Self::Grace)
                .ok_or_else(|| {
                    node.place.error(format!(
                        "\"{other}\" is not known here; write \"allowed\", \"grace:2h\", \
                         \"rejected\" or \"kills_family\""
                    ))
                }),
        }
    }
}
