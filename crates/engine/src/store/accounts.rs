//! Accounts with their grants, and the children they can post to.

use evergrant_core::command::TargetView;
use evergrant_core::grant::{Grant, GrantState};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_core::{Instant, ids::ChildId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError, diary, millis, wake_millis};

/// One account and its grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its id here.
    pub id: AccountId,
    /// The app registration it was connected with.
    pub client: String,
    /// The provider's id of it.
    pub identity: String,
    /// Its name there.
    pub name: String,
    /// What it allowed us.
    pub grant: Grant,
}

/// What is written together with a new state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// What happened.
    pub notes: &'a [Happening],
    /// Keychain entries that are to be deleted.
    pub leftovers: &'a [String],
    /// An incident that is over: the next of its name is told again.
    pub over: Option<&'a str>,
    /// True if a power cut may take it back: nothing relies on it, and the next check brings it
    /// again. The end of a process alone takes nothing back.
    pub passing: bool,
}

const COLUMNS: &str = "id, client, identity, name, body";

impl Store {
    /// Writes the account, when it wants to be woken, and what happened, in one transaction.
    pub fn put_account(
        &self,
        account: &Account,
        wake_at: Option<Instant>,
        now: Instant,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        self.put(account, wake_at, now, change)?;
        self.alarm.written(wake_at.map(wake_millis));
        Ok(())
    }

    fn put(
        &self,
        account: &Account,
        wake_at: Option<Instant>,
        now: Instant,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        if !change.passing {
            return write(&mut connection, account, wake_at, now, change);
        }
        self.write_passing(&mut connection, |connection| {
            write(connection, account, wake_at, now, change)
        })
    }

    /// Writes only when the account wants to be woken.
    pub fn put_account_wake(
        &self,
        id: &AccountId,
        wake_at: Option<Instant>,
    ) -> Result<(), StoreError> {
        self.lock()
            .prepare_cached("UPDATE account SET wake_at = ?2 WHERE id = ?1")?
            .execute(params![id.as_str(), wake_at.map(wake_millis)])?;
        self.alarm.written(wake_at.map(wake_millis));
        Ok(())
    }

    /// True until the keychain was asked which accounts a new database has to take over.
    pub fn is_begun_anew(&self) -> Result<bool, StoreError> {
        let found: i64 = self.lock().query_row(
            "SELECT count(*) FROM told WHERE incident = 'begun anew'",
            [],
            |row| row.get(0),
        )?;
        Ok(found > 0)
    }

    /// The keychain has told.
    pub fn is_complete(&self) -> Result<(), StoreError> {
        self.told_no_more("begun anew")
    }

    /// One account.
    pub fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        one(
            &self.lock(),
            &format!("SELECT {COLUMNS} FROM account WHERE id = ?1"),
            id.as_str(),
        )
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let connection = self.lock();
        let mut query = connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM account ORDER BY name, id"))?;
        let rows = query.query_map([], read)?;
        rows.map(|row| row?).collect()
    }

    /// Accounts whose state says that something is under way: left so by a process that ended.
    pub fn accounts_under_way(&self) -> Result<Vec<AccountId>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT id FROM account WHERE state IN ('signing_in', 'exchanging', 'renewing')
             OR body LIKE '%\"until_quit\"%'",
        )?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(AccountId(row?))).collect()
    }

    /// Removes the account, its children and its posts; its diary goes too.
    pub fn delete_account(&self, id: &AccountId, leftovers: &[String]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let begun = connection.transaction()?;
        for key in leftovers {
            begun.execute("INSERT OR IGNORE INTO leftover (key) VALUES (?1)", [key])?;
        }
        begun.execute("DELETE FROM diary WHERE account = ?1", [id.as_str()])?;
        begun.execute("DELETE FROM post WHERE account = ?1", [id.as_str()])?;
        begun.execute(
            "DELETE FROM told WHERE incident = ?1",
            [format!("account/{id}")],
        )?;
        begun.execute("DELETE FROM account WHERE id = ?1", [id.as_str()])?;
        begun.commit()?;
        Ok(())
    }

    /// Replaces what is known of the account's children.
    pub fn put_children(&self, id: &AccountId, children: &[TargetView]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let begun = connection.transaction()?;
        begun.execute("DELETE FROM child WHERE account = ?1", [id.as_str()])?;
        for child in children {
            begun.execute(
                "INSERT OR REPLACE INTO child (account, id, name, kind, can_post) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id.as_str(), child.id.as_str(), child.name, child.kind, child.can_post],
            )?;
        }
        begun.commit()?;
        Ok(())
    }

    /// What is known of the account's children.
    pub fn children(&self, id: &AccountId) -> Result<Vec<TargetView>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached(
            "SELECT id, name, kind, can_post FROM child WHERE account = ?1 ORDER BY name, id",
        )?;
        let rows = query.query_map([id.as_str()], |row| {
            Ok(TargetView {
                id: ChildId(row.get(0)?),
                name: row.get(1)?,
                kind: row.get(2)?,
                can_post: row.get(3)?,
            })
        })?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// Keychain entries that are still to be deleted.
    pub fn leftovers(&self) -> Result<Vec<String>, StoreError> {
        let connection = self.lock();
        let mut query = connection.prepare_cached("SELECT key FROM leftover ORDER BY key")?;
        let rows = query.query_map([], |row| row.get(0))?;
        rows.map(|row| Ok(row?)).collect()
    }

    /// Notes that a keychain entry is to be deleted.
    pub fn add_leftover(&self, key: &str) -> Result<(), StoreError> {
        self.lock()
            .execute("INSERT OR IGNORE INTO leftover (key) VALUES (?1)", [key])?;
        Ok(())
    }

    /// Notes that a keychain entry is gone.
    pub fn drop_leftover(&self, key: &str) -> Result<(), StoreError> {
        self.lock()
            .execute("DELETE FROM leftover WHERE key = ?1", [key])?;
        Ok(())
    }

    /// Notes that the person was told; false if they had been already.
    pub fn tell_once(&self, incident: &str, now: Instant) -> Result<bool, StoreError> {
        let added = self.lock().execute(
            "INSERT OR IGNORE INTO told (incident, at) VALUES (?1, ?2)",
            params![incident, millis(now)],
        )?;
        Ok(added > 0)
    }

    /// The incident is over; the next one is told again.
    pub fn told_no_more(&self, incident: &str) -> Result<(), StoreError> {
        self.lock()
            .execute("DELETE FROM told WHERE incident = ?1", [incident])?;
        Ok(())
    }
}

/// The state's name in the database and in views.
pub fn state_name(state: &GrantState) -> &'static str {
    match state {
        GrantState::SignedOut(_) => "signed_out",
        GrantState::SigningIn(_) => "signing_in",
        GrantState::Exchanging(_) => "exchanging",
        GrantState::Active(_) => "active",
        GrantState::Renewing(_) => "renewing",
        GrantState::NeedsLogin(_) => "needs_login",
    }
}

pub(super) fn to_json<T: serde::Serialize>(
    table: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::BadRow {
        table,
        why: error.to_string(),
    })
}

fn write(
    connection: &mut Connection,
    account: &Account,
    wake_at: Option<Instant>,
    now: Instant,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let begun = connection.transaction()?;
    begun
        .prepare_cached(
            "INSERT INTO account (id, client, identity, name, state, wake_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE
             SET client = ?2, name = ?4, state = ?5, wake_at = ?6, body = ?7",
        )?
        .execute(params![
            account.id.as_str(),
            account.client,
            account.identity,
            account.name,
            state_name(&account.grant.state),
            wake_at.map(wake_millis),
            to_json("account", &account.grant)?
        ])?;
    for note in change.notes {
        diary::write(&begun, now, Some(&account.id), None, note)?;
    }
    for key in change.leftovers {
        begun.execute("INSERT OR IGNORE INTO leftover (key) VALUES (?1)", [key])?;
    }
    if let Some(incident) = change.over {
        begun.execute("DELETE FROM told WHERE incident = ?1", [incident])?;
    }
    begun.commit()?;
    Ok(())
}

fn one(connection: &Connection, query: &str, key: &str) -> Result<Option<Account>, StoreError> {
    connection
        .prepare_cached(query)?
        .query_row([key], read)
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Result<Account, StoreError>> {
    let body: String = row.get(4)?;
    let (id, client, identity, name) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(serde_json::from_str(&body)
        .map(|grant| Account {
            id: AccountId(id),
            client,
            identity,
            name,
            grant,
        })
        .map_err(|error| StoreError::BadRow {
            table: "account",
            why: error.to_string(),
        }))
}
