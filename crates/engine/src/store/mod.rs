//! Facts, posts and diary, in one SQLite file of the data folder. Never a token.
//!
//! A state and the diary lines that go with it are written in one transaction, and a transaction
//! is on the disk when the call returns (`synchronous = FULL`): what the engine does next may rely
//! on it.

mod accounts;
mod alarm;
mod clients;
mod diary;
mod durable;
mod error;
mod posts;
mod salvage;
mod schema;
mod wakes;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use evergrant_core::Instant;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

pub use accounts::{Account, Change, state_name as account_state_name};
pub use alarm::Alarm;
pub use clients::Client;
pub use diary::{DiaryFilter, Line};
pub use durable::Durable;
pub use error::StoreError;
pub use posts::{QueueFilter, state_name as post_state_name};

/// As many statements are kept ready as are in daily use; reading one anew costs more than running it.
const STATEMENTS: usize = 48;

/// The database.
pub struct Store {
    connection: Mutex<Connection>,
    path: Option<PathBuf>,
    alarm: Alarm,
    progress: durable::Progress,
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
            alarm: Alarm::default(),
            progress: durable::Progress::default(),
        })
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Asks `allows` before each transaction is written; false gives [`StoreError::DiskFull`], and
    /// nothing of it is kept. For simulations: the disk is waited for on the caller's own thread.
    pub fn watch_commits(
        &self,
        mut allows: impl FnMut() -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        self.lock().commit_hook(Some(move || !allows()))?;
        self.wait_here();
        Ok(())
    }

    fn open_whole(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        schema::prepare(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Plans do not look at what is bound, so a statement that is kept is not planned anew each time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self {
            connection: Mutex::new(connection),
            path: Some(path.to_owned()),
            alarm: Alarm::default(),
            progress: durable::Progress::default(),
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

#[cfg(test)]
mod tests {
    use evergrant_core::post::{Content, Post, PostState};

    use super::*;

    fn post(text: &str) -> Post {
        Post {
            id: evergrant_core::ids::PostId(0),
            account: "nobody".into(),
            target: "page".into(),
            content: Content {
                text: text.into(),
                ..Content::default()
            },
            due: instant(1_000),
            zone: "UTC".into(),
            late_limit: 0,
            attempts: 0,
            state: PostState::Queued,
        }
    }

    #[test]
    fn a_full_disk_is_told_as_such_and_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Store::open(&folder.path().join("evergrant.db"), instant(0)).unwrap();
        let store = opened.store;
        let say = |sql: &str| store.lock().execute_batch(sql).unwrap();
        // The accounts are not what this is about.
        say("PRAGMA foreign_keys = OFF");
        let first = store.add_post(post("kept"), instant(0)).unwrap();
        // SQLite's own word for a disk without room, without filling one.
        let pages: i64 = store
            .lock()
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        store
            .lock()
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
        let large = "x".repeat(100_000);
        let full = store.add_post(post(&large), instant(0)).unwrap_err();
        assert!(matches!(full, StoreError::DiskFull), "{full}");
        assert_eq!(store.posts(QueueFilter::default()).unwrap(), [first]);
        store
            .lock()
            .query_row("PRAGMA max_page_count = 100000", [], |_| Ok(()))
            .unwrap();
        store.add_post(post(&large), instant(0)).unwrap();
    }

    #[test]
    fn whoever_wakes_at_the_stored_time_is_not_too_early() {
        let at = DateTime::from_timestamp(1_790_000_000, 1_500_000).unwrap();
        assert!(instant(wake_millis(at)) >= at);
        let whole = DateTime::from_timestamp(1_790_000_000, 2_000_000).unwrap();
        assert_eq!(instant(wake_millis(whole)), whole);
    }
}
