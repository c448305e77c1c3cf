//! Facts, posts and diary, in one SQLite file of the data folder. Never a token.
//!
//! A state and the diary lines that go with it are written in one transaction, and a transaction
//! is on the disk when the call returns (`synchronous = FULL`): what the engine does next may rely
//! on it.

mod accounts;
mod clients;
mod diary;
mod error;
mod posts;
mod salvage;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use evergrant_core::Instant;
use rusqlite::Connection;

pub use accounts::{Account, Change, state_name as account_state_name};
pub use clients::Client;
pub use diary::{DiaryFilter, Line};
pub use error::StoreError;
pub use posts::{QueueFilter, state_name as post_state_name};

/// The database.
pub struct Store {
    connection: Mutex<Connection>,
    path: Option<PathBuf>,
}

/// What opening found.
pub struct Opened {
    /// The database, ready to use.
    pub store: Store,
    /// Where a damaged one was put aside, if there was one.
    pub put_aside: Option<PathBuf>,
    /// Posts that could still be read from it.
    pub salvaged_posts: usize,
}

impl Store {
    /// Opens the database at `path`, creating it where there is none. A damaged one is put aside
    /// under another name and a new one begun; one from a newer version is an error and is left
    /// alone.
    pub fn open(path: &Path, now: Instant) -> Result<Opened, StoreError> {
        match Self::open_whole(path) {
            Ok(store) => Ok(Opened {
                store,
                put_aside: None,
                salvaged_posts: 0,
            }),
            Err(StoreError::Damaged { .. }) => {
                let aside = salvage::put_aside(path, now)?;
                let store = Self::open_whole(path)?;
                let salvaged_posts = store.take_posts_from(&aside, now)?;
                Ok(Opened {
                    store,
                    put_aside: Some(aside),
                    salvaged_posts,
                })
            }
            Err(other) => Err(other),
        }
    }

    /// A database that lives and dies with the process.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        schema::prepare(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            path: None,
        })
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn open_whole(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        schema::prepare(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            path: Some(path.to_owned()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in another thread leaves a transaction that was rolled back, not a broken one.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970, the database's form of an instant.
fn millis(at: Instant) -> i64 {
    at.timestamp_millis()
}

/// The same for a time to wake, rounded up: whoever wakes then is not too early.
fn wake_millis(at: Instant) -> i64 {
    let whole = millis(at);
    if at > instant(whole) {
        whole + 1
    } else {
        whole
    }
}

fn instant(millis: i64) -> Instant {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}
