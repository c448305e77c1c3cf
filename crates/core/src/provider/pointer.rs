//! JSON pointers (RFC 6901) with alternatives, and the meaning of what they find.

use serde_json::Value as Json;

use super::fault::FileError;
use super::node::Node;
use super::section::{one_or_more, text};
use crate::http::Response;

/// One checked pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(String);

impl Pointer {
    /// Errors: no leading slash, or a `~` that is neither `~0` nor `~1`.
    pub fn parse(written: &str) -> Result<Self, String> {
        if !written.is_empty() && !written.starts_with('/') {
            return Err(format!(
                "\"{written}\" is not a JSON pointer; write \"/{written}\" (RFC 6901)"
            ));
        }
        let mut rest = written.chars();
        while let Some(c) = rest.next() {
            if c == '~' && !matches!(rest.next(), Some('0' | '1')) {
                return Err(format!(
                    "\"{written}\" has a lone \"~\"; write \"~0\" for it (RFC 6901)"
                ));
            }
        }
        Ok(Self(written.to_owned()))
    }

    /// The value there. A `*` segment stands for the first member of whatever object is there,
    /// which usage headers need: their first key is an id.
    pub fn find<'a>(&self, json: &'a Json) -> Option<&'a Json> {
        if !self.0.contains("/*") {
            return json.pointer(&self.0);
        }
        self.0
            .split('/')
            .skip(1)
            .try_fold(json, |at, segment| match (segment, at) {
                ("*", Json::Object(members)) => members.values().next(),
                ("*", Json::Array(items)) => items.first(),
                _ => at.pointer(&format!("/{segment}")),
            })
    }
}

/// Alternatives, tried in order; `null` counts as missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointers(Vec<Pointer>);

impl Pointers {
    pub fn read(node: &Node) -> Result<Self, FileError> {
        let items = one_or_more(node)
            .iter()
            .map(|item| Pointer::parse(text(item)?).map_err(|message| item.place.error(message)));
        Ok(Self(items.collect::<Result<_, _>>()?))
    }

    pub fn fixed(pointers: &[&str]) -> Self {
        Self(
            pointers
                .iter()
                .map(|text| Pointer((*text).to_owned()))
                .collect(),
        )
    }

    pub fn find<'a>(&self, json: &'a Json) -> Option<&'a Json> {
        self.all(json).next()
    }

    /// Every alternative that holds something, in order.
    pub fn all<'a>(&self, json: &'a Json) -> impl Iterator<Item = &'a Json> {
        self.0
            .iter()
            .filter_map(|pointer| pointer.find(json).filter(|found| !found.is_null()))
    }

    /// A non-empty text, or a number as its text (ids come as either).
    pub fn text(&self, json: &Json) -> Option<String> {
        self.find(json).and_then(as_text)
    }
}

/// Where a captured value stands: in the body or in a header (`header:x-restli-id`).
#[derive(Clone, Debug)]
pub(super) enum Source {
    Body(Pointer),
    Header(String),
}

impl Source {
    pub fn read_all(node: &Node) -> Result<Vec<Self>, FileError> {
        let each = |item: &Node| {
            let written = text(item)?;
            match written.strip_prefix("header:") {
                Some(name) => Ok(Self::Header(name.to_ascii_lowercase())),
                None => Pointer::parse(written)
                    .map(Self::Body)
                    .map_err(|message| item.place.error(message)),
            }
        };
        one_or_more(node).iter().map(each).collect()
    }

    pub fn find(&self, response: &Response, json: &Json) -> Option<String> {
        match self {
            Self::Body(pointer) => pointer.find(json).and_then(as_text),
            Self::Header(name) => response
                .header(name)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
        }
    }
}

/// A non-empty text, or a number written as text.
pub(super) fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number: as a number, with a fraction, or as text. `None` if it is none of these.
pub(super) fn as_whole(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().and_then(rounded)),
        Json::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse().ok().and_then(rounded))
        }
        _ => None,
    }
}

/// Saturates: a life of 10³⁰ seconds is a very long one, not nonsense.
fn rounded(number: f64) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // `as` saturates, which is what is wanted
    number.is_finite().then_some(number.floor() as i64)
}

/// A list of texts, or one text of words separated by spaces or commas.
pub(super) fn as_words(value: &Json) -> Option<Vec<String>> {
    match value {
        Json::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Json::String(text) => Some(
            text.split([' ', ','])
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_alternative_that_holds_something_wins() {
        let pointers = Pointers::fixed(&["/expires_in", "/expires"]);
        let answer = json!({"expires_in": null, "expires": "5183944"});
        assert_eq!(pointers.find(&answer).and_then(as_whole), Some(5_183_944));
    }

    #[test]
    fn a_star_goes_through_an_object_whose_key_is_an_id() {
        let pointer = Pointer::parse("/*/0/minutes").unwrap();
        assert_eq!(
            pointer.find(&json!({"77": [{"minutes": 5}]})),
            Some(&json!(5))
        );
    }

    #[test]
    fn numbers_come_as_numbers_fractions_and_text() {
        assert_eq!(as_whole(&json!(3600)), Some(3600));
        assert_eq!(as_whole(&json!(3600.9)), Some(3600));
        assert_eq!(as_whole(&json!(" 3600 ")), Some(3600));
        assert_eq!(as_whole(&json!(1e30)), Some(i64::MAX));
        assert_eq!(as_whole(&json!("soon")), None);
        assert_eq!(as_whole(&json!(true)), None);
    }

    #[test]
    fn a_pointer_without_slash_is_refused_with_the_fix() {
        assert_eq!(
            Pointer::parse("data/id").unwrap_err(),
            "\"data/id\" is not a JSON pointer; write \"/data/id\" (RFC 6901)"
        );
        assert!(Pointer::parse("/a~2").is_err());
    }
}
