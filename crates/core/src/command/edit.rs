//! Changing what a post says.

use serde::{Deserialize, Serialize};

use super::PictureInput;
use crate::ids::PostId;
use crate::time::Instant;

/// Another text, link or picture for a post that is not out yet, and another time if wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Edit {
    /// Which post.
    pub post: PostId,
    /// Its text from now on.
    pub text: String,
    /// Its link from now on; none if left out.
    pub link: Option<String>,
    /// What becomes of its picture.
    pub picture: PictureEdit,
    /// Another time; the one it has if left out.
    pub due: Option<Instant>,
    /// The IANA zone of that time; the one it has if left out.
    pub zone: Option<String>,
}

/// What becomes of the picture of an edited post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PictureEdit {
    /// It stays what it is, also where there is none.
    Keep,
    /// It is taken away.
    Remove,
    /// This one takes its place.
    Replace(PictureInput),
}
