//! App registrations: the id and where it is used. The secret is in the keychain.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};

/// One app registration at one provider (or one instance of it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name here: the provider's id, and a mark if addresses were replaced.
    pub key: String,
    /// Provider id.
    pub provider: String,
    /// Replaced variables of the provider file.
    pub vars: BTreeMap<String, String>,
    /// The app's id.
    pub client_id: String,
    /// The issuer's clock less this computer's, as last seen.
    pub skew: TimeDelta,
}

impl Store {
    /// Adds a client or replaces its id and variables.
    pub fn put_client(&self, client: &Client) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO client (key, provider, vars, client_id, skew_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (key) DO UPDATE SET vars = ?3, client_id = ?4",
            params![
                client.key,
                client.provider,
                serde_json::to_string(&client.vars).unwrap_or_default(),
                client.client_id,
                client.skew.num_milliseconds()
            ],
        )?;
        Ok(())
    }

    /// The client of that name.
    pub fn client(&self, key: &str) -> Result<Option<Client>, StoreError> {
        let found = self
            .lock()
            .prepare_cached(
                "SELECT key, provider, vars, client_id, skew_ms FROM client WHERE key = ?1",
            )?
            .query_row([key], |row| {
                Ok(Client {
                    key: row.get(0)?,
                    provider: row.get(1)?,
                    vars: serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or_default(),
                    client_id: row.get(3)?,
                    skew: TimeDelta::milliseconds(row.get(4)?),
                })
            })
            .optional()?;
        Ok(found)
    }

    /// Keeps how far the issuer's clock is from this computer's.
    pub fn put_skew(&self, key: &str, skew: TimeDelta) -> Result<(), StoreError> {
        self.lock().execute(
            "UPDATE client SET skew_ms = ?2 WHERE key = ?1",
            params![key, skew.num_milliseconds()],
        )?;
        Ok(())
    }

    /// The largest distance between this computer's clock and an issuer's.
    pub fn worst_skew(&self) -> Result<Option<(String, TimeDelta)>, StoreError> {
        let found = self
            .lock()
            .query_row(
                "SELECT provider, skew_ms FROM client ORDER BY abs(skew_ms) DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, TimeDelta::milliseconds(row.get(1)?))),
            )
            .optional()?;
        Ok(found)
    }
}
