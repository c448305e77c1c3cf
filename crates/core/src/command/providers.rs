//! Providers as they are chosen from, with what can be posted there.

use serde::{Deserialize, Serialize};

use crate::provider::TextUnit;

/// A provider.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that have nothing to do with each other"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ProviderView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// True if it is on this computer, for practice.
    pub is_practice: bool,
    /// True if the person must bring an app id of their own.
    pub needs_client: bool,
    /// True if an app id is known here already.
    pub has_client: bool,
    /// True if it comes with a secret.
    pub needs_secret: bool,
    /// What this provider's tokens do, in a sentence.
    pub lifetime: String,
    /// What can be posted.
    pub kinds: Vec<PostKindView>,
}

/// One kind of post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PostKindView {
    /// `text` or `photo`.
    pub name: String,
    /// The longest text.
    pub text_limit: TextLimitView,
    /// True if it can carry a link.
    pub takes_link: bool,
    /// What its picture may be; none if it carries none.
    pub media: Option<MediaView>,
}

/// The longest text a post may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TextLimitView {
    /// How many.
    pub count: usize,
    /// Of what.
    pub unit: TextUnit,
}

/// What a picture may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MediaView {
    /// Media types such as `image/png`.
    pub types: Vec<String>,
    /// Largest size in bytes.
    pub max_bytes: u64,
}
