//! How services count the characters of a post.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::fault::FileError;
use super::section::{Section, whole};

/// What a service counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TextUnit {
    /// UTF-16 code units.
    Utf16,
    /// Unicode code points.
    Codepoint,
    /// Grapheme clusters: what a person calls a character (UAX 29).
    Grapheme,
    /// Bytes of UTF-8.
    Utf8Byte,
}

impl TextUnit {
    const NAMES: [(&'static str, Self); 4] = [
        ("utf16", Self::Utf16),
        ("codepoint", Self::Codepoint),
        ("grapheme", Self::Grapheme),
        ("utf8_byte", Self::Utf8Byte),
    ];

    /// The text's length in this unit.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Utf16 => text.encode_utf16().count(),
            Self::Codepoint => text.chars().count(),
            Self::Grapheme => text.graphemes(true).count(),
            Self::Utf8Byte => text.len(),
        }
    }
}

/// The longest text a post may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimit {
    /// How many.
    pub count: usize,
    /// Of what.
    pub unit: TextUnit,
}

impl TextLimit {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let count = section.require("count")?;
        let number = usize::try_from(whole(count)?)
            .ok()
            .filter(|number| *number > 0);
        let unit = super::section::word(section.require("unit")?, &TextUnit::NAMES)?;
        section.close()?;
        let count = number.ok_or_else(|| count.place.error("a limit must be at least 1"))?;
        Ok(Self { count, unit })
    }

    /// By how much the text is too long; 0 if it fits.
    pub fn excess(self, text: &str) -> usize {
        self.unit.count(text).saturating_sub(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_counts_a_family_and_an_accent_its_own_way() {
        // Man, woman and girl joined to one picture, then an e with a combining acute accent.
        let text = "👨‍👩‍👧e\u{301}";
        assert_eq!(TextUnit::Grapheme.count(text), 2);
        assert_eq!(TextUnit::Codepoint.count(text), 7);
        assert_eq!(TextUnit::Utf16.count(text), 10);
        assert_eq!(TextUnit::Utf8Byte.count(text), 21);
    }

    #[test]
    fn excess_is_what_must_go() {
        let limit = TextLimit {
            count: 3,
            unit: TextUnit::Codepoint,
        };
        assert_eq!(limit.excess("abc"), 0);
        assert_eq!(limit.excess("abcde"), 2);
    }
}
