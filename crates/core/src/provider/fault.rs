//! What is wrong with a provider file, told with file, line, field and the fix.

use std::fmt;
use std::sync::Arc;

/// A fault in a provider file. `Display` is one line:
/// `providers/x.toml:41: [renew] min_age: "a day" is not a duration; write "24h"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file, as it was named to the loader.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// Section and key, such as `[renew] min_age`; empty for the file as a whole.
    pub field: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for FileError {}

/// Where a value stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: Arc<str>,
    pub line: usize,
    /// `[token]`, then `request`, then `query`, …
    pub path: Vec<String>,
}

impl Place {
    pub fn error(&self, message: impl Into<String>) -> FileError {
        FileError {
            file: self.file.to_string(),
            line: self.line,
            field: self.field(),
            message: message.into(),
        }
    }

    fn field(&self) -> String {
        let Some((section, keys)) = self.path.split_first() else {
            return String::new();
        };
        if keys.is_empty() {
            return section.clone();
        }
        if section.starts_with('[') {
            format!("{section} {}", keys.join("."))
        } else {
            self.path.join(".")
        }
    }
}

/// The known name closest to a wrong one, if it is close enough to be what was meant.
pub(super) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(far, name)| *far <= 1 + name.len() / 3)
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_that_was_meant() {
        let known = ["min_age", "lead", "request"];
        assert_eq!(nearest("min_aeg", known), Some("min_age"));
        assert_eq!(nearest("reqest", known), Some("request"));
        assert_eq!(nearest("colour", known), None);
    }
}
