//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// The format this version writes, kept in `user_version`.
const FORMAT: i64 = 1;

/// Above this size the whole file is not read at every start.
const CHECKED_WHOLE_UP_TO_PAGES: i64 = 2_000;

const TABLES: &str = "
CREATE TABLE client (
  key TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  vars TEXT NOT NULL,
  client_id TEXT NOT NULL,
  skew_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id TEXT PRIMARY KEY,
  client TEXT NOT NULL REFERENCES client(key),
  identity TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  wake_at INTEGER,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX account_wake ON account(wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE child (
  account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  can_post INTEGER NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE post (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL REFERENCES account(id),
  target TEXT NOT NULL,
  state TEXT NOT NULL,
  due INTEGER NOT NULL,
  wake_at INTEGER,
  remote_id TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX post_wake ON post(wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX post_open ON post(due) WHERE state NOT IN ('posted', 'cancelled');
CREATE INDEX post_sending ON post(id) WHERE state = 'sending';
CREATE INDEX post_waiting ON post(account, state, due) WHERE state IN ('held', 'uncertain');
CREATE INDEX post_needs ON post(state) WHERE state IN ('held', 'uncertain', 'missed', 'failed');
CREATE INDEX post_account ON post(account);
CREATE INDEX post_remote ON post(target, remote_id) WHERE remote_id IS NOT NULL;

CREATE TABLE diary (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  account TEXT,
  post INTEGER,
  happening TEXT NOT NULL
) STRICT;
CREATE INDEX diary_account ON diary(account, id) WHERE account IS NOT NULL;
CREATE INDEX diary_post ON diary(post, id) WHERE post IS NOT NULL;

-- Keychain entries that are to be deleted and could not be yet.
CREATE TABLE leftover (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Incidents the person was told of, so that each is told once.
CREATE TABLE told (incident TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- A new database may have had a predecessor: the keychain is to be asked for its accounts.
INSERT INTO told VALUES ('begun anew', 0);
";

/// Sets the connection up and brings the tables to this version's format.
pub fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(StoreError::Newer {
            found,
            known: FORMAT,
        });
    }
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON; PRAGMA locking_mode = EXCLUSIVE;",
    )?;
    // In KiB. The system keeps the file's pages as well; two megabytes of them twice are too many for a
    // process that stays.
    connection.execute_batch("PRAGMA cache_size = -512")?;
    if found == 0 {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        begun.execute_batch(TABLES)?;
        begun.pragma_update(None, "user_version", FORMAT)?;
        begun.commit()?;
        return Ok(());
    }
    check_whole(connection)
}

/// Reads through the file once, so that damage shows at the start and not in the middle of a post.
fn check_whole(connection: &Connection) -> Result<(), StoreError> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages > CHECKED_WHOLE_UP_TO_PAGES {
        return Ok(());
    }
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged { why: said })
    }
}
