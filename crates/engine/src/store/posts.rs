//! The queue.

use evergrant_core::Instant;
use evergrant_core::happening::Happening;
use evergrant_core::ids::{AccountId, ChildId, PostId};
use evergrant_core::post::{Post, PostState};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::accounts::to_json;
use super::{Store, StoreError, diary, millis, wake_millis};

/// Which posts are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// Also what is posted or cancelled.
    pub all: bool,
}

impl Store {
    /// Adds a post and gives it its number.
    pub fn add_post(&self, mut post: Post, now: Instant) -> Result<Post, StoreError> {
        let mut connection = self.lock();
        let begun = connection.transaction()?;
        begun.execute(
            "INSERT INTO post (account, target, state, due, body) VALUES (?1, ?2, '', 0, '')",
            params![post.account.as_str(), post.target.as_str()],
        )?;
        post.id = PostId(begun.last_insert_rowid());
        update(&begun, &post)?;
        let note = Happening::PostQueued { due: post.due };
        diary::write(&begun, now, Some(&post.account), Some(post.id), &note)?;
        begun.commit()?;
        drop(connection);
        self.alarm.written(post.wake_at().map(wake_millis));
        Ok(post)
    }

    /// Writes the post's new state and what happened, in one transaction. What is `passing` a power
    /// cut may take back until [`Store::durable`] has ended.
    pub fn put_post(
        &self,
        post: &Post,
        now: Instant,
        notes: &[Happening],
        passing: bool,
    ) -> Result<(), StoreError> {
        let write = |connection: &mut Connection| {
            let begun = connection.transaction()?;
            update(&begun, post)?;
            for note in notes {
                diary::write(&begun, now, Some(&post.account), Some(post.id), note)?;
            }
            Ok(begun.commit()?)
        };
        let mut connection = self.lock();
        if passing {
            self.write_passing(&mut connection, write)?;
        } else {
            write(&mut connection)?;
        }
        drop(connection);
        self.alarm.written(post.wake_at().map(wake_millis));
        Ok(())
    }

    /// One post.
    pub fn post(&self, id: PostId) -> Result<Option<Post>, StoreError> {
        self.lock()
            .prepare_cached("SELECT id, body FROM post WHERE id = ?1")?
            .query_row([id.0], read)
            .optional()?
            .transpose()
    }

    /// The queue by time.
    pub fn posts(&self, filter: QueueFilter) -> Result<Vec<Post>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(if filter.all {
            "SELECT id, body FROM post ORDER BY due, id"
        } else {
            "SELECT id, body FROM post WHERE state NOT IN ('posted', 'cancelled') ORDER BY due, id"
        })?;
        let rows = query.query_map([], read)?;
        rows.map(|row| row?).collect()
    }

    /// Posts that wait for a sign-in although their account works: the process that was to release
    /// them has ended.
    pub fn forgotten_posts(&self) -> Result<Vec<PostId>, StoreError> {
        self.ids(
            "SELECT id FROM post
             WHERE state IN ('held', 'uncertain') AND wake_at IS NULL
               AND account IN (SELECT id FROM account WHERE state = 'active')
               AND ((state = 'held'
                     AND json_extract(body, '$.state.why.for') IN ('sign_in', 'signed_out'))
                 OR (state = 'uncertain'
                     AND json_extract(body, '$.state.ask_person') = 0
                     AND json_extract(body, '$.state.look_at') IS NULL))",
            [],
        )
    }

    /// Posts that a process which ended has left in the middle of an attempt.
    pub fn posts_under_way(&self) -> Result<Vec<PostId>, StoreError> {
        self.ids(
            "SELECT id FROM post WHERE state = 'sending' ORDER BY id",
            [],
        )
    }

    /// Posts of an account that wait for something.
    pub fn posts_waiting(&self, account: &AccountId) -> Result<Vec<PostId>, StoreError> {
        self.ids(
            "SELECT id FROM post WHERE account = ?1 AND state IN ('held', 'uncertain') ORDER BY due, id",
            params![account.as_str()],
        )
    }

    /// How many posts of an account are held.
    pub fn held_posts(&self, account: &AccountId) -> Result<usize, StoreError> {
        let count: i64 = self
            .lock()
            .prepare_cached("SELECT count(*) FROM post WHERE account = ?1 AND state = 'held' AND state IN ('held', 'uncertain')")?
            .query_row([account.as_str()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Posts in states that may wait for the person.
    pub fn posts_that_may_need_the_person(&self) -> Result<Vec<Post>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT id, body FROM post WHERE state IN ('held', 'uncertain', 'missed', 'failed')",
        )?;
        let rows = query.query_map([], read)?;
        rows.map(|row| row?).collect()
    }

    /// Pictures of an account's posts.
    pub fn pictures_of(&self, account: &AccountId) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare(
            "SELECT DISTINCT json_extract(body, '$.content.picture.stored') FROM post
             WHERE account = ?1 AND json_extract(body, '$.content.picture.stored') IS NOT NULL",
        )?;
        let rows = query.query_map([account.as_str()], |row| row.get(0))?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// How many posts of an account are neither out nor cancelled.
    pub fn open_posts(&self, account: &AccountId) -> Result<usize, StoreError> {
        let count: i64 = self.lock().query_row(
            "SELECT count(*) FROM post WHERE account = ?1 AND state NOT IN ('posted', 'cancelled')",
            [account.as_str()],
            |row| row.get(0),
        )?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The service's ids of posts that are known to stand at `target`.
    pub fn known_remote_ids(&self, target: &ChildId) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT remote_id FROM post WHERE target = ?1 AND remote_id IS NOT NULL",
        )?;
        let rows = query.query_map([target.as_str()], |row| row.get(0))?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// True if a post that is not over uses the stored picture.
    pub fn picture_in_use(&self, stored: &str) -> Result<bool, StoreError> {
        let found: Option<i64> = self
            .lock()
            .query_row(
                "SELECT 1 FROM post WHERE state NOT IN ('posted', 'cancelled')
                 AND json_extract(body, '$.content.picture.stored') = ?1 LIMIT 1",
                [stored],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.is_some())
    }

    pub(super) fn ids(
        &self,
        query: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<PostId>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(query)?;
        let rows = query.query_map(params, |row| row.get(0))?;
        rows.map(|row| Ok(PostId(row?))).collect()
    }
}

/// The state's name in the database and in views.
pub fn state_name(state: &PostState) -> &'static str {
    match state {
        PostState::Queued => "queued",
        PostState::Held { .. } => "held",
        PostState::Sending(_) => "sending",
        PostState::Posted { .. } => "posted",
        PostState::Retrying { .. } => "retrying",
        PostState::Failed { .. } => "failed",
        PostState::Uncertain { .. } => "uncertain",
        PostState::Missed { .. } => "missed",
        PostState::Cancelled { .. } => "cancelled",
    }
}

pub(super) fn update(begun: &Transaction<'_>, post: &Post) -> Result<(), StoreError> {
    let remote_id = match &post.state {
        PostState::Posted { remote_id, .. } if !remote_id.is_empty() => Some(remote_id),
        _ => None,
    };
    begun
        .prepare_cached(
            "UPDATE post SET state = ?2, due = ?3, wake_at = ?4, remote_id = ?5, body = ?6 WHERE id = ?1",
        )?
        .execute(params![
            post.id.0,
            state_name(&post.state),
            millis(post.due),
            post.wake_at().map(wake_millis),
            remote_id,
            to_json("post", post)?
        ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Post, StoreError>> {
    let id = row.get(0)?;
    let body: String = row.get(1)?;
    Ok(serde_json::from_str::<Post>(&body)
        .map(|post| Post {
            id: PostId(id),
            ..post
        })
        .map_err(|error| StoreError::BadRow {
            table: "post",
            why: error.to_string(),
        }))
}
