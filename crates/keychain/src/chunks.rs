//! Entries larger than a store can hold, in parts.
//!
//! A short value is one entry, verbatim. A longer one is a *head* under its own key, which names
//! the parts and carries a checksum, and *parts* under keys of their own. There are two sets of
//! part keys, `a` and `b`; a write fills the set the current head does not use, then replaces the
//! head, then clears the other set. A crash between any two steps leaves the old value or the new
//! one, and what it leaves over is cleared by the next write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evergrant_core::Secret;

use crate::checksum::checksum;
use crate::error::{KeychainError, Result, damaged, refused};
use crate::store::{SecretStore, StoreKind};

const MARK: &str = "evergrant-parts:";

/// Parts one entry may have: 10 MB on Windows. A head that speaks of more is damaged.
const MOST_PARTS: usize = 4096;

/// Bytes a divided entry may have; far above any set of tokens.
const MOST_BYTES: usize = 16 << 20;

/// The layer all stores share.
pub(crate) struct Chunked {
    raw: Box<dyn SecretStore>,
    abandoned: Arc<AtomicBool>,
}

impl Chunked {
    /// `abandoned` stops the work at the next step once nobody waits for it any more, so that a
    /// late write cannot overtake a newer one.
    pub(crate) fn new(raw: Box<dyn SecretStore>, abandoned: Arc<AtomicBool>) -> Self {
        Self { raw, abandoned }
    }

    fn raw(&self) -> Result<&dyn SecretStore> {
        if self.abandoned.load(Ordering::SeqCst) {
            return Err(KeychainError::TimedOut);
        }
        Ok(self.raw.as_ref())
    }

    fn join(&self, key: &str, parts: &Parts) -> Result<Secret> {
        // Reserved once: a growing string would leave copies of the token behind in freed memory.
        let mut whole = String::with_capacity(parts.bytes);
        for index in 0..parts.count {
            let part = self
                .raw()?
                .read(&part_key(key, parts.set, index))?
                .ok_or_else(|| {
                    damaged(
                        key,
                        format!("part {} of {} is missing", index + 1, parts.count),
                    )
                })?;
            if whole.len() + part.reveal().len() > parts.bytes {
                return Err(damaged(key, "it is longer than it should be"));
            }
            whole.push_str(part.reveal());
        }
        let whole = Secret::new(whole);
        if whole.reveal().len() != parts.bytes
            || checksum(whole.reveal().as_bytes()) != parts.checksum
        {
            return Err(damaged(key, "its checksum does not match"));
        }
        Ok(whole)
    }

    /// Removes the parts of `set` from number `from` on, the last one first, so that a crash
    /// leaves no gap behind which others would be forgotten. `known` is how many there should be:
    /// somebody else may have made a gap.
    fn clear(&self, key: &str, set: Set, from: usize, known: usize) -> Result<()> {
        let mut end = from.max(known);
        while self.raw()?.read(&part_key(key, set, end))?.is_some() {
            end += 1;
        }
        for index in (from..end).rev() {
            self.raw()?.delete(&part_key(key, set, index))?;
        }
        Ok(())
    }

    fn head(&self, key: &str) -> Result<Head> {
        self.raw()?
            .read(key)?
            .map_or(Ok(Head::None), |text| Head::parse(key, text))
    }
}

impl SecretStore for Chunked {
    fn kind(&self) -> StoreKind {
        self.raw.kind()
    }

    fn probe(&self) -> Result<()> {
        self.raw()?.probe()
    }

    fn read(&self, key: &str) -> Result<Option<Secret>> {
        if self.raw.entry_limit().is_none() {
            return self.raw()?.read(key);
        }
        match self.head(key)? {
            Head::None | Head::Going => Ok(None),
            Head::Verbatim(text) => Ok(Some(text)),
            Head::Parts(parts) => self.join(key, &parts).map(Some),
        }
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<()> {
        let Some(limit) = self.raw.entry_limit() else {
            return self.raw()?.write(key, secret);
        };
        // A damaged head uses no set worth keeping; this write repairs it.
        let used = match self.head(key) {
            Ok(Head::Parts(parts)) => Some(parts),
            Ok(_) | Err(KeychainError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        let known = |set| known(used.as_ref(), set);
        let text = secret.reveal();
        // A value that looks like a head goes into a part, where it can't be taken for one.
        if text.len() <= limit && !text.starts_with(MARK) {
            self.raw()?.write(key, secret)?;
            self.clear(key, Set::A, 0, known(Set::A))?;
            return self.clear(key, Set::B, 0, known(Set::B));
        }
        let set = used.as_ref().map_or(Set::A, |used| used.set.other());
        let pieces = split(text, limit);
        let head = Parts {
            set,
            count: pieces.len(),
            bytes: text.len(),
            checksum: checksum(text.as_bytes()),
        };
        let head = Secret::new(head.to_text());
        if head.reveal().len() > limit || pieces.len() > MOST_PARTS || text.len() > MOST_BYTES {
            return Err(refused(format!(
                "{} bytes can't be divided into entries of {limit} bytes",
                text.len()
            )));
        }
        for (index, piece) in pieces.iter().enumerate() {
            self.raw()?
                .write(&part_key(key, set, index), &Secret::new(*piece))?;
        }
        self.raw()?.write(key, &head)?;
        self.clear(key, set.other(), 0, known(set.other()))?;
        self.clear(key, set, pieces.len(), 0)
    }

    fn delete(&self, key: &str) -> Result<bool> {
        if self.raw.entry_limit().is_none() {
            return self.raw()?.delete(key);
        }
        let (was_there, used) = match self.head(key) {
            Ok(Head::None | Head::Going) => (false, None),
            Ok(Head::Parts(parts)) => (true, Some(parts)),
            Ok(_) | Err(KeychainError::Damaged { .. }) => (true, None),
            Err(error) => return Err(error),
        };
        // The mark first: a crash while the parts go must read as "gone", not as "damaged", and
        // must leave something that tells the next delete to finish.
        if was_there {
            self.raw()?.write(key, &Secret::new(Head::going()))?;
        }
        for set in [Set::A, Set::B] {
            self.clear(key, set, 0, known(used.as_ref(), set))?;
        }
        self.raw()?.delete(key)?;
        Ok(was_there)
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }
}

enum Head {
    None,
    /// A delete has begun.
    Going,
    Verbatim(Secret),
    Parts(Parts),
}

impl Head {
    fn going() -> String {
        format!("{MARK}going")
    }

    fn parse(key: &str, text: Secret) -> Result<Self> {
        let Some(rest) = text.reveal().strip_prefix(MARK) else {
            return Ok(Self::Verbatim(text));
        };
        if rest == "going" {
            return Ok(Self::Going);
        }
        Parts::parse(rest)
            .map(Self::Parts)
            .ok_or_else(|| damaged(key, "its list of parts can't be read"))
    }
}

struct Parts {
    set: Set,
    count: usize,
    bytes: usize,
    checksum: String,
}

impl Parts {
    fn to_text(&self) -> String {
        let Self {
            set,
            count,
            bytes,
            checksum,
        } = self;
        format!("{MARK}1:{}:{count}:{bytes}:{checksum}", set.letter())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(':');
        if fields.next()? != "1" {
            return None;
        }
        let parts = Self {
            set: Set::from_letter(fields.next()?)?,
            count: fields.next()?.parse().ok()?,
            bytes: fields.next()?.parse().ok()?,
            checksum: fields.next()?.to_owned(),
        };
        // The size is reserved before the parts are read: it must not be anything at all.
        let plausible =
            parts.count <= MOST_PARTS && (parts.count..=MOST_BYTES).contains(&parts.bytes);
        (plausible && fields.next().is_none()).then_some(parts)
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Set {
    A,
    B,
}

impl Set {
    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::A),
            "b" => Some(Self::B),
            _ => None,
        }
    }
}

/// How many parts of `set` the head speaks of.
fn known(used: Option<&Parts>, set: Set) -> usize {
    used.filter(|used| used.set == set)
        .map_or(0, |used| used.count)
}

fn part_key(key: &str, set: Set, index: usize) -> String {
    format!("{key}#{}{}", set.letter(), index + 1)
}

/// Pieces of at most `limit` bytes that end between characters.
fn split(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = limit.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        // A limit below one character's bytes: take the character, and let the store refuse it.
        if end == 0 {
            end = rest.chars().next().map_or(rest.len(), char::len_utf8);
        }
        let (piece, tail) = rest.split_at(end);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

#[cfg(test)]
#[path = "chunks_tests.rs"]
mod tests;
