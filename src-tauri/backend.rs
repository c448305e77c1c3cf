//! The only place where the window reaches the engine.
//!
//! Each question opens the data folder, asks and lets it go again, so that the command line is
//! never kept waiting by an open window.

use std::sync::Arc;
use std::time::Duration;

use evergrant_core::command::{Command, Problem, Reply};
use evergrant_engine::places::{KeychainChoice, Places};
use evergrant_engine::ports::{OsRandom, ReqwestHttp, Silent, SystemBrowser, SystemClock};
use evergrant_engine::{Engine, Options, Ports};
use evergrant_keychain::{Description, Keychain, KeychainError, Limits, StoreKind, system};

/// A person looks at the window; who holds the folder longer than this is named instead.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the engine for the accounts in the data folder.
///
/// # Errors
/// What the engine says: a code, a sentence and what to do.
pub async fn accounts() -> Result<Reply, Problem> {
    open(&Places::of_environment()?)
        .await?
        .handle(Command::Accounts)
        .await
}

async fn open(places: &Places) -> Result<Arc<Engine>, Problem> {
    Engine::open(Options {
        data: places.data.clone(),
        own_providers: places.own_providers()?,
        choices: places.choices()?,
        program: "the Evergrant window".into(),
        patience: PATIENCE,
        ports: Ports {
            clock: Arc::new(SystemClock),
            http: Arc::new(ReqwestHttp::new()),
            browser: Arc::new(SystemBrowser::new().without_opening()),
            notifier: Arc::new(Silent),
            random: Arc::new(OsRandom),
            milestone: Arc::new(|_| {}),
        },
        keychain: match places.keychain()? {
            KeychainChoice::System => system(&places.service()),
            KeychainChoice::Vault => closed_vault(places),
        },
    })
    .await
}

/// The window asks for no passphrase, and listing accounts needs none.
fn closed_vault(places: &Places) -> Keychain {
    let description = Description {
        kind: StoreKind::Vault,
        name: format!("the encrypted vault {}", places.vault().display()),
        survives_restart: true,
        encrypted: true,
    };
    Keychain::new(description, Limits::default(), || {
        Err(KeychainError::Locked)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_folder_has_no_accounts_and_is_let_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::find(Some(folder.path().into()), Some(folder.path().into())).unwrap();
        for _ in 0..2 {
            let engine = open(&places).await.unwrap();
            let Reply::Accounts { accounts } = engine.handle(Command::Accounts).await.unwrap()
            else {
                panic!("another reply");
            };
            assert!(accounts.is_empty());
        }
    }
}
