//! What wants to be woken, and when.

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::post::Post;
use rusqlite::params;
use rusqlite::types::FromSql;

use super::accounts::to_json;
use super::posts::update;
use super::{Alarm, Store, StoreError, instant, millis, wake_millis};

/// What waits for a time that was chosen here, not by the person.
const WAITS: &str = "state IN ('held', 'retrying', 'uncertain') AND wake_at IS NOT NULL";

const ACCOUNTS_DUE: &str = "SELECT id, client FROM account
    WHERE wake_at <= ?1 AND client NOT IN (SELECT value FROM json_each(?2))
    ORDER BY wake_at LIMIT ?3";

const POSTS_DUE: &str = "SELECT post.id, ifnull(account.client, '')
    FROM post LEFT JOIN account ON account.id = post.account
    WHERE post.wake_at <= ?1
      AND ifnull(account.client, '') NOT IN (SELECT value FROM json_each(?2))
    ORDER BY post.wake_at, post.id LIMIT ?3";

const NEXT_WAKE: &str = "SELECT min(at) FROM (
    SELECT min(wake_at) AS at FROM account WHERE wake_at > ?1
    UNION ALL SELECT min(wake_at) FROM post WHERE wake_at > ?1)";

impl Store {
    /// Rings when something wants to be woken earlier than whoever waits has planned.
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// Accounts that want to be woken by `now` with their clients, the longest overdue first.
    /// Those of the clients in `without` are left out.
    pub fn accounts_due(
        &self,
        now: Instant,
        without: &[String],
        limit: usize,
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.due(ACCOUNTS_DUE, now, without, limit, AccountId)
    }

    /// The same for posts. One whose account is not known here yet has no client.
    pub fn posts_due(
        &self,
        now: Instant,
        without: &[String],
        limit: usize,
    ) -> Result<Vec<(PostId, String)>, StoreError> {
        self.due(POSTS_DUE, now, without, limit, PostId)
    }

    fn due<Column: FromSql, Id>(
        &self,
        query: &str,
        now: Instant,
        without: &[String],
        limit: usize,
        id: fn(Column) -> Id,
    ) -> Result<Vec<(Id, String)>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(query)?;
        let without = to_json("wakes", &without)?;
        let rows = query.query_map(params![millis(now), without, count(limit)], |row| {
            Ok((id(row.get(0)?), row.get(1)?))
        })?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// When the next account or post wants to be woken, after `now`.
    pub fn next_wake(&self, now: Instant) -> Result<Option<Instant>, StoreError> {
        let found: Option<i64> = self
            .lock()
            .prepare_cached(NEXT_WAKE)?
            .query_row([millis(now)], |row| row.get(0))?;
        Ok(found.map(instant))
    }

    /// All accounts that want to be woken by `now`, the longest overdue first.
    pub fn accounts_overdue(&self, now: Instant) -> Result<Vec<AccountId>, StoreError> {
        self.account_ids(
            "SELECT id FROM account WHERE wake_at <= ?1 ORDER BY wake_at, id",
            [millis(now)],
        )
    }

    /// Writes only when these accounts want to be woken, in one transaction.
    pub fn put_account_wakes(&self, wakes: &[(AccountId, Instant)]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let begun = connection.transaction()?;
        {
            let mut write =
                begun.prepare_cached("UPDATE account SET wake_at = ?2 WHERE id = ?1")?;
            for (id, at) in wakes {
                write.execute(params![id.as_str(), wake_millis(*at)])?;
            }
        }
        begun.commit()?;
        drop(connection);
        self.alarm
            .written(wakes.iter().map(|(_, at)| wake_millis(*at)).min());
        Ok(())
    }

    /// This computer's clock was set forward by `by`: an issuer's is behind it by so much more, and
    /// what was to happen by the issuer's time happens at the same moment as before. `posts` are
    /// those whose waits have moved.
    pub fn clock_set(&self, by: TimeDelta, posts: &[Post]) -> Result<(), StoreError> {
        let by = by.num_milliseconds();
        let mut connection = self.lock();
        let begun = connection.transaction()?;
        begun.execute("UPDATE client SET skew_ms = skew_ms - ?1", [by])?;
        begun.execute(
            "UPDATE account SET wake_at = wake_at + ?1 WHERE wake_at IS NOT NULL",
            [by],
        )?;
        for post in posts {
            update(&begun, post)?;
        }
        begun.commit()?;
        drop(connection);
        self.alarm.all_moved();
        Ok(())
    }

    /// Active accounts whose last check found no way to the issuer.
    pub fn unreachable_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.account_ids(
            "SELECT id FROM account WHERE state = 'active'
             AND json_extract(body, '$.state.checked.unclear.why') = 'network'",
            [],
        )
    }

    /// Posts that wait because the service could not be reached, or may do so.
    pub fn unreachable_posts(&self) -> Result<Vec<PostId>, StoreError> {
        self.ids(
            &format!(
                "SELECT id FROM post WHERE {WAITS} AND (state = 'retrying'
                 OR json_extract(body, '$.state.why.why.why') = 'network'
                 OR json_extract(body, '$.state.looks') > 0 AND state = 'uncertain')"
            ),
            [],
        )
    }

    /// Posts that wait for a time that was chosen here.
    pub fn waiting_posts(&self) -> Result<Vec<PostId>, StoreError> {
        self.ids(&format!("SELECT id FROM post WHERE {WAITS}"), [])
    }

    /// Those of them that wait beyond `at`.
    pub fn posts_waiting_beyond(&self, at: Instant) -> Result<Vec<PostId>, StoreError> {
        self.ids(
            &format!("SELECT id FROM post WHERE {WAITS} AND wake_at > ?1"),
            [millis(at)],
        )
    }

    /// Accounts in one of these states, by name.
    pub fn accounts_in(&self, states: &[&str]) -> Result<Vec<AccountId>, StoreError> {
        self.account_ids(
            "SELECT id FROM account WHERE state IN (SELECT value FROM json_each(?1))
             ORDER BY name, id",
            [to_json("account", &states)?],
        )
    }

    fn account_ids(
        &self,
        query: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<AccountId>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(query)?;
        let rows = query.query_map(params, |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(AccountId(row?))).collect()
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_reads_what_is_due_and_not_everything() {
        let store = Store::in_memory().unwrap();
        let connection = store.lock();
        for query in [ACCOUNTS_DUE, POSTS_DUE, NEXT_WAKE] {
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
                .unwrap();
            let wanted = plan.parameter_count();
            let values = vec!["1"; wanted];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(values), |row| row.get("detail"))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let reads = |start: &str| steps.iter().any(|step| step.starts_with(start));
            assert!(!reads("SCAN account") && !reads("SCAN post"), "{steps:#?}");
            assert!(reads("SEARCH"), "{steps:#?}");
        }
    }
}
