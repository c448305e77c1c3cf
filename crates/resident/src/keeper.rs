//! The keeper: the engine at work, the socket for everybody else, and the person's tray and
//! notifications, in one small process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Zone;
use evergrant_core::command::{AccountView, Code, Command, PostView, Problem, Reply};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_core::window::{Page, Place};
use evergrant_engine::Engine;
use evergrant_engine::ports::{Notice, Notifier, Revocable, SystemBrowser};
use evergrant_engine::socket::Server;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::{Need, Pressed, Summary, Tray, Wish, beside_or_in_path};

/// Many things that happen together change the tray once.
const SETTLES: Duration = Duration::from_millis(300);

/// The window's program.
const WINDOW: &str = "evergrant-desktop";

/// What stays, and with what.
pub struct Keeper {
    /// The owner of the data folder.
    pub engine: Arc<Engine>,
    /// What clients and others who want the folder are told, such as `evergrant keep`.
    pub program: String,
    /// Where secrets are kept: `system` or `vault`.
    pub keychain: String,
    /// What is told to the person.
    pub notifier: Arc<dyn Notifier>,
    /// The buttons the person presses.
    pub presses: mpsc::Receiver<Pressed>,
    /// An icon in the tray is wanted.
    pub tray: bool,
    /// Said once about what is not there, such as the tray.
    pub remark: Box<dyn Fn(&str) + Send>,
}

impl Keeper {
    /// Keeps until `stop`, or until the person chooses "Quit".
    pub async fn stay(self, stop: impl Future<Output = ()>) -> Result<(), Problem> {
        let server = Server::open(Arc::clone(&self.engine), &self.program, &self.keychain)?;
        let (quit, mut is_quit) = watch::channel(false);
        let engine = Arc::clone(&self.engine);
        let stop = async move {
            tokio::select! {
                () = stop => {}
                _ = is_quit.wait_for(|quit| *quit) => {}
            }
        };
        let mut desk = Desk {
            keeper: self,
            quit,
            trips: HashMap::new(),
            work: JoinSet::new(),
        };
        tokio::select! {
            biased;
            ended = engine.keep_running(stop) => ended,
            () = server.serve() => Ok(()),
            () = desk.attend() => Ok(()),
        }
    }
}

/// What the person sees and chooses.
struct Desk {
    keeper: Keeper,
    quit: watch::Sender<bool>,
    /// Sign-ins under way; a new one for the same account takes the place of the old.
    trips: HashMap<AccountId, watch::Sender<bool>>,
    work: JoinSet<()>,
}

impl Desk {
    async fn attend(&mut self) {
        let mut notices = self.keeper.engine.subscribe();
        let (tray, mut wishes) = self.tray().await;
        let mut change = None;
        loop {
            tokio::select! {
                Some(pressed) = self.keeper.presses.recv() => match Place::parse(&pressed.action) {
                    Some(place) => self.show(Some(place)),
                    None => self.sign_in(AccountId::from(pressed.action.as_str())),
                },
                Some(wish) = next(&mut wishes) => self.fulfil(wish),
                Some(_) = self.work.join_next() => {}
                heard = notices.recv(), if tray.is_some() => match heard {
                    Ok(notice) if changes_nothing(&notice.happening) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        change.get_or_insert_with(|| tokio::time::Instant::now() + SETTLES);
                    }
                    Err(RecvError::Closed) => return,
                },
                () = settled(change), if change.is_some() => {
                    change = None;
                    if let Some(tray) = &tray {
                        tray.update(self.summary().await).await;
                    }
                }
                // Neither tray nor buttons: there is nobody to attend to.
                else => std::future::pending().await,
            }
        }
    }

    async fn tray(&self) -> (Option<Tray>, Option<mpsc::Receiver<Wish>>) {
        if !self.keeper.tray {
            return (None, None);
        }
        match Tray::start(self.summary().await).await {
            Ok((tray, wishes)) => {
                if !tray.is_shown() {
                    (self.keeper.remark)(
                        "note: this desktop shows no tray now; one that comes is used.",
                    );
                }
                (Some(tray), Some(wishes))
            }
            Err(why) => {
                (self.keeper.remark)(&format!("note: there is no icon in the tray: {why}."));
                (None, None)
            }
        }
    }

    async fn summary(&self) -> Summary {
        let accounts = match self.keeper.engine.handle(Command::Accounts).await {
            Ok(Reply::Accounts { accounts }) => accounts,
            _ => Vec::new(),
        };
        let posts = match self
            .keeper
            .engine
            .handle(Command::Queue { all: false })
            .await
        {
            Ok(Reply::Queue { posts }) => posts,
            _ => Vec::new(),
        };
        summary_of(&accounts, &posts)
    }

    fn fulfil(&mut self, wish: Wish) {
        match wish {
            Wish::SignIn(account) => self.sign_in(account),
            Wish::Open => self.show(None),
            Wish::ShowQueue => self.show(Some(Place::of(Page::Queue))),
            Wish::Quit => {
                self.quit.send_replace(true);
            }
        }
    }

    /// Opens the window, or brings it to the front, at a place or where it was.
    fn show(&mut self, place: Option<Place>) {
        let notifier = Arc::clone(&self.keeper.notifier);
        self.work.spawn(open_window(notifier, place));
    }

    /// The one click: the person's browser opens on the service's page.
    fn sign_in(&mut self, account: AccountId) {
        let (revoke, revoked) = watch::channel(false);
        // Dropping the old one gives its trip up: its page may be closed or forgotten.
        self.trips.insert(account.clone(), revoke);
        let browser = Revocable::new(SystemBrowser::new(), revoked.clone());
        let engine = Arc::clone(&self.keeper.engine);
        let notifier = Arc::clone(&self.keeper.notifier);
        self.work.spawn(async move {
            let command = Command::SignIn {
                account: account.clone(),
                remember: None,
                paste: false,
            };
            let Err(problem) = engine.handle_for(command, &browser).await else {
                return;
            };
            let is_replaced = revoked.has_changed().is_err();
            if !is_replaced {
                // That nobody can be told is `doctor`'s to say.
                let _ = notifier.show(not_finished(account, &problem)).await;
            }
        });
    }
}

async fn next(wishes: &mut Option<mpsc::Receiver<Wish>>) -> Option<Wish> {
    match wishes {
        Some(wishes) => wishes.recv().await,
        None => None,
    }
}

async fn settled(change: Option<tokio::time::Instant>) {
    if let Some(at) = change {
        tokio::time::sleep_until(at).await;
    }
}

/// A sign-in that is good once more looks no different.
fn changes_nothing(happening: &Happening) -> bool {
    matches!(
        happening,
        Happening::Checked | Happening::CheckUnclear { .. }
    )
}

fn not_finished(account: AccountId, problem: &Problem) -> Notice {
    let title = if problem.code == Code::SignInCancelled {
        "The sign-in was not finished"
    } else {
        "The sign-in failed"
    };
    let hints = problem.hints.join(" ");
    Notice {
        incident: format!("sign-in/{account}"),
        title: title.to_owned(),
        body: format!("{} {hints}", problem.message).trim().to_owned(),
        action: Some(("Try again".to_owned(), account.0)),
    }
}

fn summary_of(accounts: &[AccountView], posts: &[PostView]) -> Summary {
    let needs = accounts
        .iter()
        .filter(|account| account.reason.is_some())
        .map(|account| Need {
            account: account.id.clone(),
            words: format!("{} ({})", account.name, account.provider_name),
        });
    let next = posts
        .iter()
        .filter(|post| post.state == "queued")
        .min_by_key(|post| post.due);
    Summary {
        needs: needs.collect(),
        posts_waiting: posts.iter().filter(|post| post.needs_person).count(),
        next_post: next.map(|post| {
            let zone: Zone = post.zone.parse().unwrap_or(Zone::UTC);
            let due = post.due.with_timezone(&zone).format("%a %-d %b %H:%M");
            format!("{due}, {}", post.target_name)
        }),
    }
}

/// Starts the window's program: the one beside this one, or the one that is installed.
async fn open_window(notifier: Arc<dyn Notifier>, place: Option<Place>) {
    let mut window = tokio::process::Command::new(beside_or_in_path(WINDOW));
    window.args(place.map(|place| place.link()));
    match window.spawn() {
        // Waited for, so that the system can forget it.
        Ok(mut window) => drop(window.wait().await),
        Err(error) => {
            let notice = Notice {
                incident: "window".to_owned(),
                title: "The window can't be opened".to_owned(),
                body: format!(
                    "The program {WINDOW} could not be started ({error}). `evergrant accounts` \
                     and `evergrant queue` show the same in a terminal."
                ),
                action: None,
            };
            let _ = notifier.show(notice).await;
        }
    }
}
