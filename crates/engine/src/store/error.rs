//! What can go wrong with the database, told apart as far as the person can act on it.

use rusqlite::ErrorCode;

/// A failed database call. Nothing of the transaction was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("the disk is full, so nothing could be saved")]
    DiskFull,
    /// Not a database, or torn.
    #[error("the database is damaged: {why}")]
    Damaged {
        /// SQLite's words.
        why: String,
    },
    /// Written by a later version.
    #[error(
        "the database is from a newer version of Evergrant (format {found}; this one knows up to {known})"
    )]
    Newer {
        /// The file's format.
        found: i64,
        /// The highest format known here.
        known: i64,
    },
    /// Locked by a program that is not Evergrant, or not writable.
    #[error("the database cannot be written: {why}")]
    NotWritable {
        /// SQLite's words.
        why: String,
    },
    /// A row that this version cannot read.
    #[error("a row of the table {table} cannot be read: {why}")]
    BadRow {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Anything else.
    #[error("the database failed: {0}")]
    Other(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { why },
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
            ) => Self::NotWritable { why },
            // A full disk reaches SQLite as a failed write of the log, too.
            Some(ErrorCode::SystemIoFailure) => match error.sqlite_error() {
                Some(code) if is_no_room(code.extended_code) => Self::DiskFull,
                _ => Self::Other(why),
            },
            // Only a simulated disk refuses a transaction at its end.
            Some(ErrorCode::ConstraintViolation) if is_refused_at_commit(&error) => Self::DiskFull,
            _ => Self::Other(why),
        }
    }
}

/// `SQLITE_CONSTRAINT_COMMITHOOK`.
fn is_refused_at_commit(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|code| code.extended_code == 531)
}

/// `SQLITE_IOERR_WRITE` and `SQLITE_IOERR_SHMSIZE`: what a file system without room answers.
fn is_no_room(extended: i32) -> bool {
    matches!(extended, 778 | 4874)
}
