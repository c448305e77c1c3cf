//! What happened, append-only.

use evergrant_core::Instant;
use evergrant_core::happening::Happening;
use evergrant_core::ids::{AccountId, PostId};
use rusqlite::{Connection, params};

use super::accounts::to_json;
use super::{Store, StoreError, instant, millis};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// Of which account.
    pub account: Option<AccountId>,
    /// Of which post.
    pub post: Option<PostId>,
    /// What.
    pub happening: Happening,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiaryFilter {
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only of this post.
    pub post: Option<PostId>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// The newest lines, newest first.
    pub fn diary(&self, filter: &DiaryFilter) -> Result<Vec<Line>, StoreError> {
        let connection = self.lock();
        // One text for each set of filters, so that each finds its index.
        let wanted = match (&filter.account, filter.post) {
            (None, None) => "?1 IS NULL AND ?2 IS NULL",
            (Some(_), None) => "account = ?1 AND ?2 IS NULL",
            (None, Some(_)) => "?1 IS NULL AND post = ?2",
            (Some(_), Some(_)) => "account = ?1 AND post = ?2",
        };
        let mut query = connection.prepare_cached(&format!(
            "SELECT at, account, post, happening FROM diary WHERE {wanted} ORDER BY id DESC LIMIT ?3"
        ))?;
        let account = filter.account.as_ref().map(AccountId::as_str);
        let post = filter.post.map(|post| post.0);
        let rows = query.query_map(params![account, post, filter.limit], |row| {
            let happening: String = row.get(3)?;
            Ok((
                instant(row.get(0)?),
                row.get::<_, Option<String>>(1)?.map(AccountId),
                row.get::<_, Option<i64>>(2)?.map(PostId),
                happening,
            ))
        })?;
        rows.map(|row| {
            let (at, account, post, happening) = row?;
            let happening =
                serde_json::from_str(&happening).map_err(|error| StoreError::BadRow {
                    table: "diary",
                    why: error.to_string(),
                })?;
            Ok(Line {
                at,
                account,
                post,
                happening,
            })
        })
        .collect()
    }

    /// Writes a line that goes with no change of state.
    pub fn note(
        &self,
        now: Instant,
        account: Option<&AccountId>,
        happening: &Happening,
    ) -> Result<(), StoreError> {
        write(&self.lock(), now, account, None, happening)
    }
}

pub(super) fn write(
    connection: &Connection,
    now: Instant,
    account: Option<&AccountId>,
    post: Option<PostId>,
    happening: &Happening,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO diary (at, account, post, happening) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            millis(now),
            account.map(AccountId::as_str),
            post.map(|post| post.0),
            to_json("diary", happening)?
        ])?;
    Ok(())
}
