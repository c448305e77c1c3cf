//! Waiting for the disk once for all who wait in the same moment.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;
use tokio::sync::Mutex;

use super::{Store, StoreError};

/// How far writes that did not wait have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    written: AtomicU64,
    durable: AtomicU64,
    turn: Mutex<()>,
    /// True if no thread of its own is to wait for the disk.
    waits_here: AtomicBool,
}

/// Proof that what was written is on the disk.
#[derive(Debug)]
pub struct Durable(());

impl Store {
    /// Writes without waiting for the disk: a power cut may take it back until [`Store::durable`] has
    /// ended, or until anything is written that waits. The end of a process alone takes nothing back.
    pub(super) fn write_passing<T>(
        &self,
        connection: &mut Connection,
        write: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // In WAL mode a commit does not wait for the disk at this level (SQLite's words on
        // `synchronous`); whatever comes of it, the next commit waits again.
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        let written = write(connection);
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        self.progress.written.fetch_add(1, Ordering::SeqCst);
        written
    }

    /// From now on the caller's thread waits for the disk: a simulation repeats itself only on one.
    pub(super) fn wait_here(&self) {
        self.progress.waits_here.store(true, Ordering::Relaxed);
    }

    /// Ends when all that was written before is on the disk.
    pub async fn durable(&self) -> Result<Durable, StoreError> {
        let Some(path) = &self.path else {
            return Ok(Durable(()));
        };
        let progress = &self.progress;
        let wanted = progress.written.load(Ordering::SeqCst);
        let _turn = progress.turn.lock().await;
        // Whoever had the turn before may have waited for this write as well.
        if progress.durable.load(Ordering::SeqCst) >= wanted {
            return Ok(Durable(()));
        }
        let covered = progress.written.load(Ordering::SeqCst);
        let log = log_of(path);
        let synced = if progress.waits_here.load(Ordering::Relaxed) {
            sync(&log)
        } else {
            tokio::task::spawn_blocking(move || sync(&log))
                .await
                .unwrap_or_else(|_| Err(io::Error::other("waiting for the disk was given up")))
        };
        synced.map_err(|error| StoreError::Other(format!("the disk did not take it: {error}")))?;
        progress.durable.store(covered, Ordering::SeqCst);
        Ok(Durable(()))
    }
}

/// Commits stand in this file until SQLite moves them into the database, which waits for the disk by
/// itself (<https://sqlite.org/wal.html>).
fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn sync(log: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(log) {
        Ok(log) => log.sync_data(),
        // No such file system can have one; there every commit waits for the disk.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn counts(store: &Store) -> (u64, u64) {
        let progress = &store.progress;
        (
            progress.written.load(Ordering::SeqCst),
            progress.durable.load(Ordering::SeqCst),
        )
    }

    fn write(store: &Store) {
        let noted = store.write_passing(&mut store.lock(), |connection| {
            connection.execute("INSERT INTO leftover VALUES (hex(randomblob(8)))", [])?;
            Ok(())
        });
        noted.unwrap();
    }

    #[tokio::test]
    async fn all_that_was_written_is_waited_for_once_and_what_comes_later_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db"), DateTime::UNIX_EPOCH)
            .unwrap()
            .store;
        write(&store);
        write(&store);
        let (one, other) = tokio::join!(store.durable(), store.durable());
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(counts(&store), (2, 2));
        write(&store);
        assert_eq!(counts(&store), (3, 2));
        store.durable().await.unwrap();
        assert_eq!(counts(&store), (3, 3));
    }

    #[tokio::test]
    async fn a_disk_that_does_not_take_it_is_no_proof() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let store = Store::open(&file, DateTime::UNIX_EPOCH).unwrap().store;
        write(&store);
        std::fs::remove_file(log_of(&file)).unwrap();
        // Something that cannot be written stands where the log was.
        std::fs::create_dir(log_of(&file)).unwrap();
        store.durable().await.unwrap_err();
        assert_eq!(counts(&store), (1, 0));
    }

    #[test]
    fn a_write_that_does_not_wait_leaves_the_next_one_waiting() {
        let store = Store::in_memory().unwrap();
        write(&store);
        let level: i64 = store
            .lock()
            .query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap();
        assert_eq!(level, 2, "FULL");
    }
}
