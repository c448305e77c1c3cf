//! The parts of the Graph that are counted, and at which trouble can be aimed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A part of the practice network that is counted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Endpoint {
    /// The login and consent pages.
    Dialog,
    /// Code exchange, long-lived exchange and app tokens.
    AccessToken,
    /// Asking about a token.
    DebugToken,
    /// `/me`: who the token speaks for.
    Me,
    /// Reading and withdrawing permissions.
    Permissions,
    /// The person's Pages.
    Accounts,
    /// Publishing text or a link to a Page.
    Feed,
    /// Reading a Page's posts.
    FeedRead,
    /// Uploading or publishing a photo.
    Photos,
    /// Reading or deleting anything by its id.
    Objects,
    /// As the target of trouble: every part of the Graph. Counted: what is none of the others.
    Any,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 11] = [
        Self::Dialog,
        Self::AccessToken,
        Self::DebugToken,
        Self::Me,
        Self::Permissions,
        Self::Accounts,
        Self::Feed,
        Self::FeedRead,
        Self::Photos,
        Self::Objects,
        Self::Any,
    ];

    /// The name used by the control API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dialog => "dialog",
            Self::AccessToken => "access_token",
            Self::DebugToken => "debug_token",
            Self::Me => "me",
            Self::Permissions => "permissions",
            Self::Accounts => "accounts",
            Self::Feed => "feed",
            Self::FeedRead => "feed_read",
            Self::Photos => "photos",
            Self::Objects => "objects",
            Self::Any => "any",
        }
    }

    /// Whether a call here can put something on a Page.
    pub fn publishes(self) -> bool {
        matches!(self, Self::Feed | Self::Photos)
    }

    /// Whether calls here fall under a Page's own limits.
    pub(crate) fn belongs_to_page(self) -> bool {
        matches!(self, Self::Feed | Self::FeedRead | Self::Photos)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is no endpoint's.
#[derive(Debug, thiserror::Error)]
#[error(
    "\"{0}\" is no part of the practice network; use one of dialog, access_token, debug_token, me, permissions, accounts, feed, feed_read, photos, objects, any"
)]
pub struct UnknownEndpoint(String);

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
            .ok_or_else(|| UnknownEndpoint(name.to_owned()))
    }
}
