//! A damaged database is put aside, never deleted, and what can be read of its posts is taken over.

use std::path::{Path, PathBuf};

use evergrant_core::Instant;
use evergrant_core::policy::PostPolicy;
use evergrant_core::post::{Event, Post, PostState};
use rusqlite::{Connection, OpenFlags, params};

use super::{Store, StoreError, posts};

/// Renames the database and its log files; the new names are returned with the main one first.
pub fn put_aside(path: &Path, now: Instant) -> Result<PathBuf, StoreError> {
    let stamp = now.format("%Y%m%dT%H%M%S");
    let aside = with_ending(path, &format!(".damaged-{stamp}"));
    for ending in ["", "-wal", "-shm"] {
        let from = with_ending(path, ending);
        if from.exists() {
            std::fs::rename(&from, with_ending(&aside, ending)).map_err(|error| {
                StoreError::NotWritable {
                    why: format!("{}: {error}", from.display()),
                }
            })?;
        }
    }
    Ok(aside)
}

impl Store {
    /// Takes over the posts that can still be read. What was being sent becomes a question to the
    /// service or the person, as after any crash; what is overdue waits for the person.
    pub(super) fn take_posts_from(&self, aside: &Path, now: Instant) -> Result<usize, StoreError> {
        let found = readable_posts(aside);
        let mut connection = self.lock();
        // The accounts come back from the keychain a moment later.
        connection.pragma_update(None, "foreign_keys", false)?;
        let begun = connection.transaction()?;
        for post in &found {
            let (mut post, _) = post
                .clone()
                .step(Event::Restarted, now, &PostPolicy::default());
            // One whose fate is not known stays so: it is asked about, not sent.
            let waits = matches!(
                post.state,
                PostState::Queued | PostState::Retrying { .. } | PostState::Held { .. }
            );
            if waits && post.wake_at().is_some_and(|wake| wake <= now) {
                post.state = PostState::Missed { since: now };
            }
            begun.execute(
                "INSERT OR IGNORE INTO post (id, account, target, state, due, body) VALUES (?1, ?2, ?3, '', 0, '')",
                params![post.id.0, post.account.as_str(), post.target.as_str()],
            )?;
            posts::update(&begun, &post)?;
        }
        begun.commit()?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(found.len())
    }
}

/// Row by row, until the damage: everything before it counts.
fn readable_posts(aside: &Path) -> Vec<Post> {
    let Ok(connection) = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_ONLY)
    else {
        return Vec::new();
    };
    let Ok(mut query) = connection.prepare("SELECT body FROM post") else {
        return Vec::new();
    };
    let Ok(mut rows) = query.query([]) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while let Ok(Some(row)) = rows.next() {
        let body: Result<String, _> = row.get(0);
        if let Some(post) = body
            .ok()
            .and_then(|body| serde_json::from_str::<Post>(&body).ok())
        {
            found.push(post);
        }
    }
    found
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
