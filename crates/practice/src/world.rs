//! Everything the practice network knows. Decides nothing about HTTP; time comes in as `now`.

mod token;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use token::{Bearer, Ended, Flaw, Kind, Token};

use crate::{Endpoint, seed, strike::Standing};

/// 90 days, in seconds: how long data may be read after the person's last sign-in.
pub(crate) const DATA_ACCESS: i64 = 90 * 86_400;

/// A post as the network counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Post {
    /// `{page}_{number}`.
    pub id: String,
    /// The Page's id.
    pub page: String,
    /// The text, if any.
    pub message: Option<String>,
    /// The link, if any.
    pub link: Option<String>,
    /// The ids of its photos.
    pub photos: Vec<String>,
    /// SHA-256 of each uploaded photo, in hex, in the order of `photos`; `None` for one given by address.
    pub photo_hashes: Vec<Option<String>>,
    /// When it was sent here, Unix seconds of the issuer's clock.
    pub created_at: i64,
    /// When it appears by itself, Unix seconds; `None` for a post that was not scheduled.
    pub scheduled_for: Option<i64>,
    /// Whether it was published at once.
    pub published: bool,
}

impl Post {
    /// Whether people can see it at `now` (Unix seconds of the issuer's clock).
    pub fn is_visible(&self, now: i64) -> bool {
        self.published || self.scheduled_for.is_some_and(|at| at <= now)
    }

    /// When it appeared or will appear.
    pub fn appears_at(&self) -> i64 {
        self.scheduled_for.unwrap_or(self.created_at)
    }
}

/// An uploaded photo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Photo {
    pub id: String,
    pub page: String,
    pub caption: Option<String>,
    pub created_at: i64,
    /// SHA-256 in hex; `None` when the photo was given by address.
    pub hash: Option<String>,
    pub media_type: Option<String>,
    pub address: Option<String>,
    pub post: Option<String>,
    // Kept beside the state file under its hash, so that each change need not rewrite it.
    #[serde(skip)]
    pub bytes: Arc<Vec<u8>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Page {
    pub id: String,
    pub name: String,
    pub category: String,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    pub id: String,
    pub user: String,
    pub name: String,
    pub password: String,
    /// Page id to tasks.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Permission to granted (`true`) or declined.
    pub scopes: BTreeMap<String, bool>,
    /// Unix seconds.
    pub data_access_until: i64,
    pub checkpoint: bool,
}

impl Person {
    pub fn grants(&self, scope: &str) -> bool {
        self.scopes.get(scope).copied().unwrap_or(false)
    }

    pub fn granted(&self) -> Vec<&str> {
        self.scopes
            .iter()
            .filter(|(_, granted)| **granted)
            .map(|(scope, _)| scope.as_str())
            .collect()
    }
}

/// An authorization code: good once, for ten minutes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub person: String,
    pub redirect: String,
    pub challenge: Option<String>,
    pub expires_at: i64,
    pub used: bool,
}

/// A request, as the control page shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub at: i64,
    pub method: String,
    pub endpoint: Endpoint,
    /// The HTTP status; 0 when the connection was closed without an answer.
    pub status: u16,
}

// Not `Debug`: its keys are tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct World {
    /// Hex; signs tickets and makes ids and tokens.
    pub key: String,
    pub serial: u64,
    /// How far the issuer's clock is ahead of the one below it, in seconds.
    pub offset: i64,
    pub refuse_duplicates: bool,
    pub persons: BTreeMap<String, Person>,
    pub pages: BTreeMap<String, Page>,
    pub tokens: BTreeMap<String, Token>,
    pub codes: BTreeMap<String, Code>,
    pub posts: Vec<Post>,
    pub photos: BTreeMap<String, Photo>,
    pub standing: Vec<Standing>,
    pub counts: BTreeMap<Endpoint, u64>,
    #[serde(skip)]
    pub log: VecDeque<Line>,
    /// Calls in the current hour of the issuer's clock, for the usage headers.
    #[serde(skip)]
    pub hour: (i64, u64),
    /// Whether anything but counts has changed since the last save.
    #[serde(skip)]
    pub dirty: bool,
}

impl World {
    pub fn new(key: &[u8], refuse_duplicates: bool) -> Self {
        Self {
            key: hex(key),
            serial: 0,
            offset: 0,
            refuse_duplicates,
            persons: seed::persons(),
            pages: seed::pages(),
            tokens: BTreeMap::new(),
            codes: BTreeMap::new(),
            posts: Vec::new(),
            photos: BTreeMap::new(),
            standing: Vec::new(),
            counts: BTreeMap::new(),
            log: VecDeque::new(),
            hour: (0, 0),
            dirty: true,
        }
    }

    /// A person by id or user name.
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.persons
            .get(name)
            .or_else(|| self.persons.values().find(|person| person.user == name))
    }

    /// A Page by id or name.
    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages
            .get(name)
            .or_else(|| self.pages.values().find(|page| page.name == name))
    }

    pub fn post(&self, id: &str) -> Option<&Post> {
        self.posts.iter().rev().find(|post| post.id == id)
    }

    /// The next number of the series that ids, codes and tokens are made from.
    pub fn next(&mut self) -> u64 {
        self.serial += 1;
        self.dirty = true;
        self.serial
    }

    /// A new id in decimal digits, starting with `prefix`.
    pub fn next_id(&mut self, prefix: u64) -> String {
        let serial = self.next();
        format!("{prefix}{serial:06}")
    }

    /// Counts a call; answers how many there were in this hour of the issuer's clock.
    pub fn count(&mut self, endpoint: Endpoint, now: i64) -> u64 {
        *self.counts.entry(endpoint).or_default() += 1;
        let hour = now.div_euclid(3600);
        self.hour = if self.hour.0 == hour {
            (hour, self.hour.1 + 1)
        } else {
            (hour, 1)
        };
        self.hour.1
    }

    pub fn note(&mut self, line: Line) {
        const KEPT: usize = 60;
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
