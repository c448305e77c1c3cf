//! Finding a post whose answer was lost in what the provider lists.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde_json::Value as Json;

use super::fault::FileError;
use super::node::Node;
use super::pointer::{Pointer, Pointers, as_whole};
use super::post::Recovered;
use super::request::RequestTemplate;
use super::section::Section;
use super::template::{Names, Template};
use super::values::Values;
use crate::Instant;

/// What a believed "not there" leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It was not posted: send it again.
    Resend,
    /// The provider's lists are not reliable enough: ask the person.
    AskPerson,
}

#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub request: RequestTemplate,
    list: Pointers,
    same: Vec<(Pointer, Template)>,
    id: Pointers,
    created: Pointers,
    next: Pointers,
}

/// How far the provider's clock and ours may be apart before an equal post counts as older.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);

impl Lookup {
    pub fn read(section: &Section<'_>, names: &Names<'_>) -> Result<Self, FileError> {
        let same = section.require("same")?;
        let pair = |(key, node): &(String, Node)| {
            let pointer = Pointer::parse(key).map_err(|message| node.place.error(message))?;
            Ok((pointer, Template::read(node, names)?))
        };
        let may = |key| section.get(key).map(Pointers::read).transpose();
        let lookup = Self {
            request: RequestTemplate::read(section.require("request")?, names)?,
            list: Pointers::read(section.require("list")?)?,
            same: Section::of(same)?
                .free()
                .iter()
                .map(pair)
                .collect::<Result<_, FileError>>()?,
            id: Pointers::read(section.require("id")?)?,
            created: may("created")?.unwrap_or_default(),
            next: may("next")?.unwrap_or_default(),
        };
        section.close()?;
        if lookup.same.is_empty() {
            return Err(same
                .place
                .error("`same` is empty; say what makes two posts the same"));
        }
        Ok(lookup)
    }

    pub fn find(&self, json: &Json, values: &Values, known: &BTreeSet<String>) -> Recovered {
        let Some(items) = self.list.find(json).and_then(Json::as_array) else {
            return Recovered::CantTell;
        };
        let Some(wanted) = self.wanted(values) else {
            return Recovered::CantTell;
        };
        let started = values.started();
        let mut found: Option<(Option<Instant>, String)> = None;
        let mut oldest: Option<Instant> = None;
        let mut older_equal = false;
        for item in items {
            let created = self.created.find(item).and_then(instant);
            oldest = match (oldest, created) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            let Some(id) = self.id.text(item) else {
                return Recovered::CantTell;
            };
            if known.contains(&id) || !is_same(item, &wanted) {
                continue;
            }
            if created
                .zip(started)
                .is_some_and(|(at, start)| at < start - CLOCKS)
            {
                older_equal = true;
            } else if found.as_ref().is_none_or(|(earlier, _)| created < *earlier) {
                found = Some((created, id));
            }
        }
        if let Some((_, id)) = found {
            return Recovered::Found { id };
        }
        // An equal post from before the attempt: somebody else's, or a clock is wrong. A list
        // that goes on and does not reach back to the attempt has not shown everything.
        let seen_all = self.next.find(json).is_none()
            || oldest
                .zip(started)
                .is_some_and(|(oldest, started)| oldest < started - CLOCKS);
        if older_equal || !seen_all {
            Recovered::CantTell
        } else {
            Recovered::NotThere
        }
    }

    /// What to compare with; `None` if nothing is left to tell this post from any other.
    fn wanted(&self, values: &Values) -> Option<Vec<(&Pointer, String)>> {
        let mut wanted = Vec::new();
        for (pointer, template) in &self.same {
            let text = template.fill(values).ok().flatten().unwrap_or_default();
            wanted.push((pointer, plain(&text)));
        }
        wanted
            .iter()
            .any(|(_, text)| !text.is_empty())
            .then_some(wanted)
    }
}

fn is_same(item: &Json, wanted: &[(&Pointer, String)]) -> bool {
    wanted.iter().all(|(pointer, text)| {
        let there = pointer
            .find(item)
            .and_then(Json::as_str)
            .unwrap_or_default();
        plain(there) == *text
    })
}

/// Providers trim posts and unify line ends.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// Unix seconds, or ISO 8601 with `Z`, `+00:00` or `+0000`.
fn instant(value: &Json) -> Option<Instant> {
    if let Some(seconds) = as_whole(value) {
        return DateTime::from_timestamp(seconds, 0);
    }
    let text = value.as_str()?;
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"))
        .ok()
        .map(|at| at.to_utc())
}
