//! This process as the owner of the data folder, where no keeper can be started.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use evergrant_core::command::{Code, Problem};
use evergrant_engine::places::{KeychainChoice, Places};
use evergrant_engine::ports::{OsRandom, ReqwestHttp, SystemBrowser, SystemClock};
use evergrant_engine::{Engine, NoProbe, Options, Pace, Ports};
use evergrant_keychain::{Description, Keychain, KeychainError, Limits, StoreKind, system};
use evergrant_resident::{Desktop, Keeper};
use tokio::sync::oneshot;

/// A command that is just being carried out is soon done.
const PATIENCE: Duration = Duration::from_secs(2);

/// What clients and others who want the folder are told.
const NAME: &str = "the Evergrant window";

/// A keeper without a tray, in a thread of this process. Dropping it brings it to its end.
pub struct Own {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Own {
    /// Takes the data folder and stays until dropped.
    pub fn begin(places: Places) -> Result<Self, Problem> {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || stay(&places, stopped, &tell));
        match told.recv() {
            Ok(Ok(())) => Ok(Self {
                stop: Some(stop),
                thread: Some(thread),
            }),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(Problem::new(Code::NotNow, "the engine could not be begun")),
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Gone already is fine.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn stay(places: &Places, stopped: oneshot::Receiver<()>, tell: &mpsc::Sender<Result<(), Problem>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let keeper = match open(places).await {
            Ok(keeper) => keeper,
            Err(problem) => return drop(tell.send(Err(problem))),
        };
        let _ = tell.send(Ok(()));
        let stop = async {
            // The sender goes with the window.
            let _ = stopped.await;
        };
        // Why it ended the next owner finds out: the link looks for one.
        let _ = keeper.stay(stop).await;
    });
}

async fn open(places: &Places) -> Result<Keeper, Problem> {
    let choice = places.keychain()?;
    let (desktop, presses) = Desktop::new().with_buttons();
    let notifier = Arc::new(desktop);
    let engine = Engine::open(Options {
        data: places.data.clone(),
        own_providers: places.own_providers()?,
        choices: places.choices()?,
        pace: Pace::default(),
        program: NAME.to_owned(),
        patience: PATIENCE,
        ports: Ports {
            clock: Arc::new(SystemClock),
            http: Arc::new(ReqwestHttp::new()),
            browser: Arc::new(SystemBrowser::new().without_opening()),
            notifier: Arc::clone(&notifier) as _,
            random: Arc::new(OsRandom),
            probe: Arc::new(NoProbe),
        },
        keychain: match choice {
            KeychainChoice::System => system(&places.service()),
            KeychainChoice::Vault => closed_vault(places),
        },
    })
    .await?;
    Ok(Keeper {
        engine,
        program: NAME.to_owned(),
        keychain: choice.name().to_owned(),
        notifier,
        presses,
        tray: false,
        remark: Box::new(|_| {}),
    })
}

/// The window asks for no passphrase: the keeper's way to it is a file that is named to it.
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
    use evergrant_engine::socket::Client;

    #[test]
    fn the_window_owns_an_empty_folder_answers_for_it_and_lets_it_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::find(Some(folder.path().into()), Some(folder.path().into())).unwrap();
        for _ in 0..2 {
            let own = Own::begin(places.clone()).unwrap();
            let client = loop {
                if let Some(client) = Client::connect(&places.data, PATIENCE).unwrap() {
                    break client;
                }
            };
            assert_eq!(client.welcome().process, std::process::id());
            drop(own);
            assert!(Client::connect(&places.data, PATIENCE).unwrap().is_none());
        }
    }
}
