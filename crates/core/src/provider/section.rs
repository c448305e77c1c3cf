//! Typed reading of one table: each getter takes a key, `close` refuses what nobody asked for.

use std::cell::RefCell;

use chrono::TimeDelta;

use super::fault::{FileError, Place, nearest};
use super::node::{Node, Value};

pub(super) struct Section<'a> {
    pub place: &'a Place,
    entries: &'a [(String, Node)],
    /// Keys asked for so far: exactly the ones this section knows.
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// Errors: the node is no table.
    pub fn of(node: &'a Node) -> Result<Self, FileError> {
        match &node.value {
            Value::Table(entries) => Ok(Self {
                place: &node.place,
                entries,
                known: RefCell::default(),
            }),
            other => Err(expected(node, "a table", other)),
        }
    }

    pub fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(key);
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    pub fn require(&self, key: &'static str) -> Result<&'a Node, FileError> {
        self.get(key).ok_or_else(|| {
            // A key that is missing here may be there misspelt, which is the better thing to say.
            let slip = self
                .entries
                .iter()
                .find(|(name, _)| nearest(name, [key]).is_some());
            match slip {
                Some((name, node)) => node
                    .place
                    .error(format!("there is no key `{name}`; did you mean `{key}`?")),
                None => self.place.error(format!("`{key}` is missing")),
            }
        })
    }

    pub fn text(&self, key: &'static str) -> Result<Option<&'a str>, FileError> {
        self.get(key).map(text).transpose()
    }

    pub fn require_text(&self, key: &'static str) -> Result<&'a str, FileError> {
        text(self.require(key)?)
    }

    pub fn flag(&self, key: &'static str) -> Result<bool, FileError> {
        match self.get(key) {
            None => Ok(false),
            Some(node) => match node.value {
                Value::Flag(flag) => Ok(flag),
                ref other => Err(expected(node, "true or false", other)),
            },
        }
    }

    pub fn duration(&self, key: &'static str) -> Result<Option<TimeDelta>, FileError> {
        self.get(key).map(duration).transpose()
    }

    /// A list of texts; absent is empty.
    pub fn texts(&self, key: &'static str) -> Result<Vec<String>, FileError> {
        self.get(key).map_or_else(|| Ok(Vec::new()), texts)
    }

    pub fn section(&self, key: &'static str) -> Result<Option<Section<'a>>, FileError> {
        self.get(key).map(Section::of).transpose()
    }

    /// A list of tables; absent is empty.
    pub fn sections(&self, key: &'static str) -> Result<Vec<Section<'a>>, FileError> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(node) => list(node)?.iter().map(Section::of).collect(),
        }
    }

    /// Every entry, for tables whose keys are free.
    pub fn free(self) -> &'a [(String, Node)] {
        self.entries
    }

    /// One word out of a closed list.
    pub fn word<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, FileError> {
        self.get(key).map(|node| word(node, words)).transpose()
    }

    /// Refuses keys that no getter asked for.
    pub fn close(&self) -> Result<(), FileError> {
        let known = self.known.borrow();
        for (key, node) in self.entries {
            if !known.contains(&key.as_str()) {
                let hint = nearest(key, known.iter().copied()).map_or_else(
                    || {
                        let mut all: Vec<&str> = known.clone();
                        all.sort_unstable();
                        all.dedup();
                        format!("known are {}", all.join(", "))
                    },
                    |meant| format!("did you mean `{meant}`?"),
                );
                return Err(node.place.error(format!("there is no key `{key}`; {hint}")));
            }
        }
        Ok(())
    }
}

pub(super) fn text(node: &Node) -> Result<&str, FileError> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err(expected(node, "a text", other)),
    }
}

pub(super) fn list(node: &Node) -> Result<&[Node], FileError> {
    match &node.value {
        Value::List(items) => Ok(items),
        other => Err(expected(node, "a list", other)),
    }
}

pub(super) fn texts(node: &Node) -> Result<Vec<String>, FileError> {
    list(node)?
        .iter()
        .map(|item| text(item).map(str::to_owned))
        .collect()
}

/// One value or a list of them.
pub(super) fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

pub(super) fn whole(node: &Node) -> Result<u64, FileError> {
    match node.value {
        Value::Whole(number) => u64::try_from(number)
            .map_err(|_| node.place.error(format!("{number} must not be negative"))),
        ref other => Err(expected(node, "a whole number", other)),
    }
}

pub(super) fn word<T: Copy>(node: &Node, words: &[(&str, T)]) -> Result<T, FileError> {
    let written = text(node)?;
    words
        .iter()
        .find(|(name, _)| *name == written)
        .map(|(_, meant)| *meant)
        .ok_or_else(|| {
            let all: Vec<_> = words
                .iter()
                .map(|(name, _)| format!("\"{name}\""))
                .collect();
            node.place.error(format!(
                "\"{written}\" is not known here; write {}",
                either(&all)
            ))
        })
}

/// `90s`, `15m`, `24h`, `60d`.
pub(super) fn duration(node: &Node) -> Result<TimeDelta, FileError> {
    if let Value::Whole(number) = node.value {
        return Err(node
            .place
            .error(format!("{number} has no unit; write \"{number}s\"")));
    }
    let written = text(node)?;
    parse_duration(written).ok_or_else(|| {
        let hint = guess_duration(written);
        node.place
            .error(format!("\"{written}\" is not a duration; write \"{hint}\""))
    })
}

pub(super) fn parse_duration(written: &str) -> Option<TimeDelta> {
    let unit = written.chars().last()?;
    let count: i64 = written[..written.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return None,
    };
    if count < 0 {
        return None;
    }
    TimeDelta::try_seconds(count.checked_mul(seconds)?)
}

/// What the writer may have meant, in our spelling.
fn guess_duration(written: &str) -> String {
    let count = written
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| !digits.is_empty());
    let unit = [("day", "d"), ("hour", "h"), ("min", "m"), ("sec", "s")]
        .into_iter()
        .find(|(name, _)| written.contains(name));
    match (count, unit) {
        (Some(count), Some((_, unit))) => format!("{count}{unit}"),
        (Some(count), None) if written == count => format!("{count}s"),
        (None, Some(("hour", _))) => "1h".into(),
        (None, Some(("min", _))) => "1m".into(),
        _ => "24h".into(),
    }
}

pub(super) fn expected(node: &Node, wanted: &str, got: &Value) -> FileError {
    node.place
        .error(format!("this must be {wanted}, not {}", got.kind()))
}

/// `"a", "b" or "c"`.
pub(super) fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
