//! How much of a quota the provider says is used up.

use serde_json::Value as Json;

use super::fault::FileError;
use super::node::Node;
use super::pointer::{Pointer, as_whole};
use super::section::{Section, one_or_more, text};
use crate::http::Response;

/// `[[usage]]`: a header with percentages in JSON.
#[derive(Clone, Debug)]
pub(super) struct UsageRule {
    header: String,
    percent: Vec<Pointer>,
}

impl UsageRule {
    pub fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let header = section.require_text("header")?.to_owned();
        let each =
            |node: &Node| Pointer::parse(text(node)?).map_err(|message| node.place.error(message));
        let percent = one_or_more(section.require("percent")?)
            .iter()
            .map(each)
            .collect::<Result<_, _>>()?;
        section.close()?;
        Ok(Self { header, percent })
    }

    /// The highest of the percentages, 0 to 100 and above.
    pub fn highest(&self, response: &Response) -> Option<u32> {
        let json: Json = serde_json::from_str(response.header(&self.header)?).ok()?;
        let percents = self
            .percent
            .iter()
            .filter_map(|at| as_whole(at.find(&json)?));
        percents
            .filter_map(|percent| u32::try_from(percent).ok())
            .max()
    }
}
