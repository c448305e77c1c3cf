//! A sealed home with many accounts, as a person has it who keeps secrets in the vault.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::Secret;
use evergrant_core::ids::AccountId;
use evergrant_engine::ports::ReqwestHttp;
use evergrant_keychain::{Keychain, vault};
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;

use crate::issuer::Issuer;
use crate::said;

/// So many accounts share an app registration: the engine asks each service for few things at once.
const OF_ONE_CLIENT: usize = 100;
/// An account whose next check is so far off was checked just now.
const FAR: TimeDelta = TimeDelta::minutes(10);
/// At its start a keeper spreads the checks over this for each account; three times it is late.
const SPREAD: Duration = Duration::from_millis(300);

/// The home, gone when dropped.
pub struct Home(tempfile::TempDir);

impl Home {
    /// Connects one account and copies it until there are `accounts`.
    pub fn furnish(runtime: &Runtime, issuer: &Issuer, accounts: usize) -> Result<Self, String> {
        let home = Self(tempfile::tempdir().map_err(said)?);
        for folder in [home.data(), home.config()] {
            std::fs::create_dir_all(folder).map_err(said)?;
        }
        std::fs::write(home.config().join("config.toml"), "keychain = \"vault\"\n")
            .map_err(said)?;
        let passphrase = "only for the benchmarks";
        std::fs::write(home.passphrase_file(), passphrase).map_err(said)?;
        let vault =
            vault::create(home.data().join("vault.age"), Secret::new(passphrase)).map_err(said)?;
        runtime.block_on(async {
            let http = Arc::new(ReqwestHttp::new());
            let engine = issuer.engine(&home.data(), http, vault.clone()).await?;
            let account = issuer.connect(&engine).await?;
            drop(engine);
            home.copy(&account, accounts, &vault).await
        })?;
        Ok(home)
    }

    /// Where everything is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    /// The file with the vault's passphrase.
    pub fn passphrase_file(&self) -> PathBuf {
        self.path().join("passphrase")
    }

    /// The database, beside whoever owns it.
    pub fn database(&self) -> Result<Connection, String> {
        Connection::open(self.data().join("evergrant.db")).map_err(said)
    }

    /// How many lines the diary has, and the bytes of what they say.
    pub fn diary(&self) -> Result<(u32, u32), String> {
        self.database()?
            .query_row(
                "SELECT count(*), ifnull(sum(length(happening)), 0) FROM diary",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(said)
    }

    async fn copy(
        &self,
        first: &AccountId,
        accounts: usize,
        vault: &Keychain,
    ) -> Result<(), String> {
        let mut database = self.database()?;
        let (generation, one): (i64, String) = database
            .query_row(
                "SELECT json_extract(body, '$.generation'), client FROM account",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(said)?;
        let mut client = one.clone();
        let token = vault
            .read(&format!("token/{first}/{generation}"))
            .await
            .map_err(said)?
            .ok_or("the vault holds no token")?;
        let begun = database.transaction().map_err(said)?;
        for number in 1..accounts {
            let id = format!("{first}-{number}");
            if number.is_multiple_of(OF_ONE_CLIENT) {
                let next = format!("{one}-{number}");
                begun
                    .execute(
                        "INSERT INTO client (key, provider, vars, client_id, skew_ms)
                         SELECT ?2, provider, vars, client_id, skew_ms FROM client WHERE key = ?1",
                        params![one, next],
                    )
                    .map_err(said)?;
                client = next;
            }
            begun
                .execute(
                    "INSERT INTO account (id, client, identity, name, state, wake_at, body)
                     SELECT ?2, ?3,
                            identity, name, state, wake_at, body
                     FROM account WHERE id = ?1",
                    params![first.as_str(), id, client],
                )
                .map_err(said)?;
            vault
                .write(&format!("token/{id}/{generation}"), &token)
                .await
                .map_err(said)?;
        }
        // Each is to be checked before it counts as looked after.
        begun
            .execute("UPDATE account SET wake_at = 0", [])
            .map_err(said)?;
        begun.commit().map_err(said)
    }

    /// Waits until every account was checked and nothing is to be done for a while, by a clock that is
    /// so many `hours` ahead.
    pub fn is_quiet(&self, hours: u32) -> Result<(), String> {
        let database = self.database()?;
        let due = |until: chrono::DateTime<chrono::Utc>| {
            database.query_row(
                "SELECT count(*), sum(wake_at <= ?1) FROM account",
                [until.timestamp_millis()],
                |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?)),
            )
        };
        let (accounts, _) = due(chrono::Utc::now()).map_err(said)?;
        let patience = SPREAD * 3 * accounts + Duration::from_secs(20);
        let begun = std::time::Instant::now();
        while begun.elapsed() < patience {
            if due(chrono::Utc::now() + TimeDelta::hours(hours.into()) + FAR)
                .map_err(said)?
                .1
                == 0
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!(
            "{accounts} accounts are not checked after {patience:?}"
        ))
    }
}
