//! The entries of a vault as bytes: a version, then for each entry the key and the text, each
//! after its length (32 bits, little endian).
//!
//! Not JSON: the size is known beforehand, so the buffer never grows and leaves no plain copy
//! behind.

use std::collections::BTreeMap;

use evergrant_core::Secret;
use zeroize::Zeroizing;

const VERSION: &[u8] = b"evergrant entries 1\n";

#[derive(Default)]
pub(super) struct Entries(BTreeMap<String, Secret>);

impl Entries {
    pub(super) fn put(&mut self, key: &str, secret: Secret) {
        self.0.insert(key.to_owned(), secret);
    }

    /// Takes the entry out.
    pub(super) fn take(&mut self, key: &str) -> Option<Secret> {
        self.0.remove(key)
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let size = self
            .0
            .iter()
            .map(|(key, secret)| 8 + key.len() + secret.reveal().len())
            .sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(VERSION.len() + size));
        bytes.extend_from_slice(VERSION);
        for (key, secret) in &self.0 {
            for text in [key.as_str(), secret.reveal()] {
                // A single text of 4 GiB can't come from a token; it is cut rather than wrapped.
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(&text.as_bytes()[..length as usize]);
            }
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(VERSION)?;
        let mut entries = BTreeMap::new();
        while !rest.is_empty() {
            let key = text(&mut rest)?.to_owned();
            let secret = Secret::new(text(&mut rest)?);
            entries.insert(key, secret);
        }
        Some(Self(entries))
    }
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (text, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were_and_cut_ones_are_refused() {
        let mut entries = Entries::default();
        entries.put("a/b", Secret::new("first"));
        entries.put("ü", Secret::new(""));
        let bytes = entries.to_bytes();
        let mut back = Entries::from_bytes(&bytes).expect("readable");
        assert_eq!(back.take("a/b"), Some(Secret::new("first")));
        assert_eq!(back.take("ü"), Some(Secret::new("")));
        assert_eq!(back.take("c"), None);
        let first_entry = VERSION.len() + 4 + 3 + 4 + 5;
        for end in 0..bytes.len() {
            let whole = end == VERSION.len() || end == first_entry;
            assert_eq!(Entries::from_bytes(&bytes[..end]).is_some(), whole, "{end}");
        }
    }
}
