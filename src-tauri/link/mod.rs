//! The way from the window to whoever owns the data folder.
//!
//! The window is a client of the keeper's socket like every other door. One thread looks for the
//! keeper, has it started where there is none, and listens to it for as long as it is there; where
//! none can be started, this process owns the engine and answers on the same socket.

mod own;
mod person;
mod program;
mod trip;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_core::window::{LinkState, LinkView, WindowEvent};
use evergrant_engine::socket::Client;
use tokio::sync::watch;

pub use own::Own;
pub use program::{Keeper, PROGRAM, Starting};
pub use trip::Trips;

/// Wait after the first failure; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A keeper that is there answers at once, unless the computer is very busy.
const GREETING: Duration = Duration::from_secs(2);

/// A keeper that was started may have much to look through.
const START: Duration = Duration::from_secs(20);

/// Between two looks whether a keeper that was started answers.
const LOOK: Duration = Duration::from_millis(30);

/// How long a question waits for a keeper that is being looked for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is only read is answered at once.
const READING: Duration = Duration::from_secs(20);

/// Longer than the engine itself waits for a service.
const WORKING: Duration = Duration::from_secs(5 * 60);

/// Where the window's events go.
pub type Tell = Arc<dyn Fn(WindowEvent) + Send + Sync>;

/// Who can be made to own the data folder.
pub trait Owners: Send {
    /// Starts a keeper; `None` if there is no program for it.
    fn start_keeper(&mut self) -> Option<Box<dyn Starting>>;

    /// Has this process own the folder, until it ends.
    fn own(&mut self) -> Result<(), Problem>;
}

/// The link.
pub struct Link {
    data: PathBuf,
    view: watch::Sender<LinkView>,
    tell: Tell,
    /// The connection that listens; ending it ends the listening.
    stop: Mutex<Stop>,
}

#[derive(Default)]
struct Stop {
    stopped: bool,
    listening: Option<evergrant_engine::socket::HangUp>,
}

impl Link {
    /// The link to the owner of this data folder; nothing is looked for yet.
    pub fn new(data: PathBuf, tell: Tell) -> Arc<Self> {
        Arc::new(Self {
            data,
            view: watch::Sender::new(connecting()),
            tell,
            stop: Mutex::default(),
        })
    }

    /// How it stands.
    pub fn view(&self) -> LinkView {
        self.view.borrow().clone()
    }

    /// Looks for an owner, and for another whenever one ends, until [`Self::stop`]. Blocks.
    pub fn keep(&self, mut owners: impl Owners) {
        let mut pause = FIRST_PAUSE;
        while !self.is_stopped() {
            match self.reach(&mut owners) {
                Ok(client) => {
                    pause = FIRST_PAUSE;
                    self.listen(client);
                    if self.is_stopped() {
                        return;
                    }
                    self.set(connecting());
                }
                Err(problem) => self.set(refused(problem)),
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Ends [`Self::keep`].
    pub fn stop(&self) {
        let mut stop = self.lock_stop();
        stop.stopped = true;
        if let Some(listening) = stop.listening.take() {
            listening.now();
        }
    }

    /// Has the owner carry out a command that needs nobody's browser.
    pub async fn ask(&self, command: Command) -> Result<Reply, Problem> {
        self.ready().await?;
        let data = self.data.clone();
        blocking(move || {
            let mut client = connect(&data)?;
            client.within(limit_of(&command))?;
            client.ask(command, &mut person::Nobody)
        })
        .await
    }

    /// A connection for a sign-in, which may take as long as the person does.
    pub async fn for_trip(&self) -> Result<Client, Problem> {
        self.ready().await?;
        let data = self.data.clone();
        blocking(move || connect(&data)).await
    }

    /// Waits until somebody answers, for a while.
    async fn ready(&self) -> Result<(), Problem> {
        let mut view = self.view.subscribe();
        let settled = view.wait_for(|view| view.state != LinkState::Connecting);
        match tokio::time::timeout(PATIENCE, settled).await {
            Ok(Ok(view)) => match (&view.problem, view.state) {
                (Some(problem), LinkState::Refused) => Err(problem.clone()),
                _ => Ok(()),
            },
            _ => Err(nobody()),
        }
    }

    fn reach(&self, owners: &mut impl Owners) -> Result<Client, Problem> {
        if let Some(client) = Client::connect(&self.data, GREETING)? {
            return Ok(client);
        }
        if let Some(keeper) = owners.start_keeper()
            && let Some(client) = self.await_start(keeper)?
        {
            return Ok(client);
        }
        // Why it could not be started this finds out, and says better than an exit code.
        owners.own()?;
        self.await_own()
    }

    fn await_start(&self, mut keeper: Box<dyn Starting>) -> Result<Option<Client>, Problem> {
        let begun = std::time::Instant::now();
        loop {
            if let Some(client) = Client::connect(&self.data, GREETING)? {
                return Ok(Some(client));
            }
            if keeper.has_ended() {
                // Another may have been quicker, and is the reason.
                return Client::connect(&self.data, GREETING);
            }
            if begun.elapsed() > START {
                return Err(Problem::new(
                    Code::NoKeeper,
                    "the keeper was started and does not answer",
                )
                .hint("Look what `evergrant doctor` says in a terminal."));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn await_own(&self) -> Result<Client, Problem> {
        let begun = std::time::Instant::now();
        while begun.elapsed() < START {
            if let Some(client) = Client::connect(&self.data, GREETING)? {
                return Ok(client);
            }
            std::thread::sleep(LOOK);
        }
        Err(nobody())
    }

    fn listen(&self, mut client: Client) {
        {
            let mut stop = self.lock_stop();
            if stop.stopped {
                return;
            }
            stop.listening = client.hang_up().ok();
        }
        let is_own = client.welcome().process == std::process::id();
        for sentence in client.welcome().notes.clone() {
            (self.tell)(WindowEvent::Note { sentence });
        }
        if client.watch().is_err() {
            return;
        }
        // What happened before it was listened to is read by whoever hears this.
        self.set(if is_own { own() } else { keeper() });
        while let Ok(heard) = client.next_notice() {
            (self.tell)(match heard {
                Ok(notice) => WindowEvent::Notice { notice },
                Err(_) => WindowEvent::Missed,
            });
        }
    }

    fn set(&self, view: LinkView) {
        let changed = self.view.send_if_modified(|now| {
            let changed = *now != view;
            now.clone_from(&view);
            changed
        });
        if changed {
            (self.tell)(WindowEvent::Link { link: view });
        }
    }

    fn is_stopped(&self) -> bool {
        self.lock_stop().stopped
    }

    fn lock_stop(&self) -> MutexGuard<'_, Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(data: &std::path::Path) -> Result<Client, Problem> {
    Client::connect(data, GREETING)?.ok_or_else(nobody)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::NotNow, "the command was given up")))
}

fn limit_of(command: &Command) -> Duration {
    match command {
        Command::Accounts
        | Command::Providers
        | Command::Guide { .. }
        | Command::Queue { .. }
        | Command::Diary { .. }
        | Command::Life { .. }
        | Command::Settings
        | Command::ChangeSettings { .. }
        | Command::Remember { .. } => READING,
        _ => WORKING,
    }
}

fn nobody() -> Problem {
    Problem::new(
        Code::NoKeeper,
        "Evergrant's keeper is not there just now; it is being looked for",
    )
    .hint("Try again in a moment. Nothing that was begun is lost.")
}

fn view(state: LinkState, sentence: impl Into<String>) -> LinkView {
    LinkView {
        state,
        sentence: sentence.into(),
        problem: None,
    }
}

fn keeper() -> LinkView {
    view(
        LinkState::Keeper,
        "Evergrant's keeper looks after everything, also when this window is closed.",
    )
}

fn own() -> LinkView {
    view(
        LinkState::Own,
        "Evergrant's keeper could not be started, so posts go out only while this window is open.",
    )
}

fn connecting() -> LinkView {
    view(
        LinkState::Connecting,
        "Evergrant's keeper is being looked for.",
    )
}

fn refused(problem: Problem) -> LinkView {
    LinkView {
        problem: Some(problem.clone()),
        ..view(LinkState::Refused, problem.message)
    }
}

#[cfg(test)]
mod tests;
