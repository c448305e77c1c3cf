//! The file as a tree whose every value knows its line, so that two files can be laid over each
//! other and a fault still names the right place.

use std::fmt;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{FileError, Place};

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Flag(bool),
    Date(String),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<(String, Node)>),
}

/// A file may hold a built-in secret, so only the kind is shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Value {
    /// The kind of value, for sentences such as `… expects a text, not a list`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Whole(_) | Self::Fraction(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads TOML. Errors: the parser's own message with its line.
pub(super) fn read(file: &str, text: &str) -> Result<Node, FileError> {
    let file: Arc<str> = file.into();
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| FileError {
        file: file.to_string(),
        line: lines.at(error.span().map_or(0, |span| span.start)),
        field: String::new(),
        message: format!("this is not TOML: {}", first_line(error.message())),
    })?;
    let top = Place {
        file,
        line: 1,
        path: Vec::new(),
    };
    let value = table_value(table.get_ref(), &top, &lines)?;
    Ok(Node { place: top, value })
}

/// Lays `over` onto `base`: tables are joined key by key down to the second level (a section's
/// own keys), everything else is replaced as a whole.
pub(super) fn lay_over(base: &Node, over: &Node, depth: usize) -> Node {
    let (Value::Table(below), Value::Table(above)) = (&base.value, &over.value) else {
        return over.clone();
    };
    if depth == 0 {
        return over.clone();
    }
    let mut joined = below.clone();
    for (key, node) in above {
        match joined.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = lay_over(old, node, depth - 1),
            None => joined.push((key.clone(), node.clone())),
        }
    }
    Node {
        place: over.place.clone(),
        value: Value::Table(joined),
    }
}

fn table_value(table: &DeTable<'_>, place: &Place, lines: &Lines) -> Result<Value, FileError> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut out = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let name = key.get_ref().to_string();
        let shown = shown_key(place, &name, value.get_ref());
        let mut path = place.path.clone();
        path.push(shown);
        let place = Place {
            file: place.file.clone(),
            line: lines.at(key.span().start),
            path,
        };
        out.push((name, node(value, place, lines)?));
    }
    Ok(Value::Table(out))
}

fn shown_key(parent: &Place, name: &str, value: &DeValue<'_>) -> String {
    let of_tables = |value: &DeValue<'_>| {
        value
            .as_array()
            .is_some_and(|list| list.iter().any(|item| item.get_ref().is_table()))
    };
    if !parent.path.is_empty() {
        name.to_owned()
    } else if value.is_table() {
        format!("[{name}]")
    } else if of_tables(value) {
        format!("[[{name}]]")
    } else {
        name.to_owned()
    }
}

fn node(value: &Spanned<DeValue<'_>>, place: Place, lines: &Lines) -> Result<Node, FileError> {
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(number.as_str(), number.radix());
            Value::Whole(read.map_err(|_| place.error("this number is too large"))?)
        }
        DeValue::Float(number) => {
            let read = number.as_str().parse();
            Value::Fraction(read.map_err(|_| place.error("this is not a number"))?)
        }
        DeValue::Array(list) => {
            let mut items = Vec::new();
            for item in list {
                let place = Place {
                    line: lines.at(item.span().start),
                    ..place.clone()
                };
                items.push(node(item, place, lines)?);
            }
            Value::List(items)
        }
        DeValue::Table(table) => table_value(table, &place, lines)?,
    };
    Ok(Node { place, value })
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message)
}

/// Byte offsets of line starts.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(
            std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
        )
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}
