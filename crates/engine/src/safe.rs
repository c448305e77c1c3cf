//! Token material in the keychain, by account and generation.
//!
//! What was read once is remembered in memory, so that a use costs no keychain call and a keychain
//! that locks later stops nothing. A sign-in that the person wants remembered only until quit is
//! never written at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use evergrant_core::command::{Code, Problem};
use evergrant_core::grant::Remember;
use evergrant_core::ids::{AccountId, Generation};
use evergrant_core::{Expiry, Instant, Secret};
use evergrant_keychain::{Keychain, KeychainError};
use serde::{Deserialize, Serialize};

/// The tokens of one sign-in.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSet {
    /// The access token.
    pub access: Secret,
    /// The refresh token, where the issuer gives one.
    pub refresh: Option<Secret>,
}

/// What the keychain itself knows of an account, so that a lost database can be begun anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The account.
    pub account: AccountId,
    /// The client's name here.
    pub client: String,
    /// Provider id.
    pub provider: String,
    /// Replaced variables of the provider file.
    pub vars: BTreeMap<String, String>,
    /// The app's id.
    pub client_id: String,
    /// The provider's id of the account.
    pub identity: String,
    /// Its name there.
    pub name: String,
    /// The number of the current secret.
    pub generation: Generation,
    /// The person's choice.
    pub remember: Remember,
    /// When the person signed in.
    pub since: Instant,
    /// The announced end.
    pub expires: Expiry,
}

/// The keychain, with what was read from it.
pub struct Safe {
    keychain: Keychain,
    read: Mutex<HashMap<String, Secret>>,
    /// Reading the cards and writing them back is one thing.
    cards: tokio::sync::Mutex<()>,
}

const CARDS: &str = "cards";

#[derive(Serialize)]
struct TokensOut<'a> {
    access: &'a str,
    refresh: Option<&'a str>,
}

#[derive(Deserialize)]
struct TokensIn {
    access: String,
    refresh: Option<String>,
}

impl Safe {
    /// Over this keychain.
    pub fn new(keychain: Keychain) -> Self {
        Self {
            keychain,
            read: Mutex::default(),
            cards: tokio::sync::Mutex::default(),
        }
    }

    /// The keychain itself, for `doctor`.
    pub fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// The tokens of that generation; `None` if the keychain has none.
    pub async fn tokens(
        &self,
        account: &AccountId,
        generation: Generation,
    ) -> Result<Option<TokenSet>, KeychainError> {
        let key = token_key(account, generation);
        let Some(text) = self.get(&key).await? else {
            return Ok(None);
        };
        let tokens: TokensIn = serde_json::from_str(text.reveal())
            .map_err(|_| damaged(&key, "it is not what Evergrant writes"))?;
        Ok(Some(TokenSet {
            access: tokens.access.into(),
            refresh: tokens.refresh.map(Secret::from),
        }))
    }

    /// Keeps the tokens; durable when it returns, unless they are for this session only.
    pub async fn keep_tokens(
        &self,
        account: &AccountId,
        generation: Generation,
        tokens: &TokenSet,
        remember: Remember,
    ) -> Result<(), KeychainError> {
        let out = TokensOut {
            access: tokens.access.reveal(),
            refresh: tokens.refresh.as_ref().map(Secret::reveal),
        };
        let text = Secret::new(serde_json::to_string(&out).unwrap_or_default());
        let key = token_key(account, generation);
        if remember != Remember::UntilQuit {
            self.keychain.write(&key, &text).await?;
        }
        self.lock().insert(key, text);
        Ok(())
    }

    /// The app secret of a client.
    pub async fn client_secret(&self, client: &str) -> Result<Option<Secret>, KeychainError> {
        self.get(&client_key(client)).await
    }

    /// Keeps the app secret of a client.
    pub async fn keep_client_secret(
        &self,
        client: &str,
        secret: &Secret,
    ) -> Result<(), KeychainError> {
        let key = client_key(client);
        self.keychain.write(&key, secret).await?;
        self.lock().insert(key, secret.clone());
        Ok(())
    }

    /// Uses this app secret from now on; the keychain keeps what it has. Returns what was used so far,
    /// for [`Self::unstage`].
    pub fn stage_client_secret(&self, client: &str, secret: &Secret) -> Option<Secret> {
        self.lock().insert(client_key(client), secret.clone())
    }

    /// Goes back to what was used before, or to what the keychain has.
    pub fn unstage(&self, client: &str, before: Option<Secret>) {
        let mut read = self.lock();
        match before {
            Some(secret) => drop(read.insert(client_key(client), secret)),
            None => drop(read.remove(&client_key(client))),
        }
    }

    /// Keeps the tokens in memory only: the person wants no trace after the program ends.
    pub async fn take_out(
        &self,
        account: &AccountId,
        generation: Generation,
    ) -> Result<(), KeychainError> {
        self.tokens(account, generation).await?;
        self.keychain
            .delete(&token_key(account, generation))
            .await
            .map(drop)
    }

    /// Deletes an entry by its key.
    pub async fn delete(&self, key: &str) -> Result<(), KeychainError> {
        self.lock().remove(key);
        self.keychain.delete(key).await.map(drop)
    }

    /// What the keychain knows of the accounts.
    pub async fn cards(&self) -> Result<Vec<Card>, KeychainError> {
        let Some(text) = self.keychain.read(CARDS).await? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(text.reveal())
            .map_err(|_| damaged(CARDS, "it is not what Evergrant writes"))
    }

    /// Adds or replaces the card of an account.
    pub async fn put_card(&self, card: Card) -> Result<(), KeychainError> {
        let _turn = self.cards.lock().await;
        let mut cards = self.cards_or_none().await?;
        cards.retain(|other| other.account != card.account);
        cards.push(card);
        self.write_cards(&cards).await
    }

    /// Takes away the card of an account.
    pub async fn drop_card(&self, account: &AccountId) -> Result<(), KeychainError> {
        let _turn = self.cards.lock().await;
        let mut cards = self.cards_or_none().await?;
        let before = cards.len();
        cards.retain(|card| card.account != *account);
        if cards.len() == before {
            Ok(())
        } else {
            self.write_cards(&cards).await
        }
    }

    /// Cards that cannot be read must not keep anybody from signing in or out.
    async fn cards_or_none(&self) -> Result<Vec<Card>, KeychainError> {
        match self.cards().await {
            Err(KeychainError::Damaged { .. }) => Ok(Vec::new()),
            cards => cards,
        }
    }

    async fn write_cards(&self, cards: &[Card]) -> Result<(), KeychainError> {
        let text = serde_json::to_string(cards).unwrap_or_default();
        self.keychain.write(CARDS, &Secret::new(text)).await
    }

    async fn get(&self, key: &str) -> Result<Option<Secret>, KeychainError> {
        if let Some(known) = self.lock().get(key) {
            return Ok(Some(known.clone()));
        }
        let found = self.keychain.read(key).await?;
        if let Some(secret) = &found {
            self.lock().insert(key.to_owned(), secret.clone());
        }
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Secret>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keychain's name of the tokens of one generation.
pub fn token_key(account: &AccountId, generation: Generation) -> String {
    format!("token/{account}/{}", generation.0)
}

/// The keychain's name of a client's app secret.
pub fn client_key(client: &str) -> String {
    format!("client/{client}")
}

/// A keychain's fault as the answer to a command.
pub fn keychain_problem(error: &KeychainError) -> Problem {
    let code = match error.code() {
        "keychain_locked" => Code::KeychainLocked,
        "keychain_absent" => Code::KeychainAbsent,
        "keychain_timed_out" => Code::KeychainTimedOut,
        "keychain_damaged" => Code::KeychainDamaged,
        _ => Code::KeychainRefused,
    };
    Problem::new(code, error.to_string()).hint(error.next_step())
}

fn damaged(key: &str, why: &str) -> KeychainError {
    KeychainError::Damaged {
        key: key.to_owned(),
        why: why.to_owned(),
    }
}
