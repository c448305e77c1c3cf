//! The engine: carries out what the core decides, and feeds the answers back as events.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::command::{Code, Notice, Problem};
use evergrant_core::happening::Happening;
use evergrant_core::http::{Request, Response};
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::policy::GrantPolicy;
use evergrant_core::provider::{Catalogue, FileError, Provider};
use evergrant_core::{Instant, Secret};
use evergrant_keychain::Keychain;
use tokio::sync::broadcast;

use crate::check::SharedCheck;
use crate::choices::Choices;
use crate::ending::Ending;
use crate::gate::Gate;
use crate::keep::LOOK_AGAIN;
use crate::owner::Ownership;
use crate::pictures::Pictures;
use crate::places::code_of;
use crate::ports::{Browser, Clock, Http, Limits, Notifier, Random, Reading, Transport};
use crate::probe::Probe;
use crate::safe::{Safe, keychain_problem};
use crate::sign_in::Pending;
use crate::store::{Client, Store, StoreError};

/// Requests under way at once, over all accounts.
pub(crate) const AT_ONCE: usize = 16;

/// A clock that differs from the issuer's by less is right.
pub(crate) const SKEW_NOTICED: TimeDelta = TimeDelta::seconds(5);

/// What an engine is opened with.
pub struct Options {
    /// The data folder.
    pub data: PathBuf,
    /// The person's own provider files: name for messages, and text.
    pub own_providers: Vec<(String, String)>,
    /// What the person has chosen.
    pub choices: Choices,
    /// How often it looks by itself.
    pub pace: Pace,
    /// What other processes are told about the owner, such as `evergrant run`.
    pub program: String,
    /// How long to wait for another owner to finish.
    pub patience: Duration,
    /// The ways to the world.
    pub ports: Ports,
    /// Where secrets are kept.
    pub keychain: Keychain,
}

/// How often an engine looks by itself, where nothing else asks it to.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Time between two checks of a sign-in that nobody uses.
    pub check_every: TimeDelta,
    /// The longest wait of an engine that stays: whatever it has missed is found after that.
    pub look_again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            check_every: GrantPolicy::default().check_every,
            look_again: LOOK_AGAIN,
        }
    }
}

/// The engine's ports.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Requests.
    pub http: Arc<dyn Http>,
    /// The person's browser.
    pub browser: Arc<dyn Browser>,
    /// Telling the person.
    pub notifier: Arc<dyn Notifier>,
    /// Unguessable text and spread.
    pub random: Arc<dyn Random>,
    /// Somebody who watches; nobody ([`NoProbe`](crate::NoProbe)) outside tests.
    pub probe: Arc<dyn Probe>,
}

/// Ends of sign-ins that could not be told.
#[derive(Default)]
pub(crate) struct Untold {
    /// True if there may be some.
    pub(crate) is_any: bool,
    /// Those that are down as told, and were not.
    pub(crate) wrongly_told: HashSet<String>,
}

/// The owner of a data folder at work.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) safe: Safe,
    pub(crate) pictures: Pictures,
    pub(crate) ports: Ports,
    pub(crate) catalogue: Catalogue,
    pub(crate) choices: Mutex<Choices>,
    pub(crate) pace: Pace,
    pub(crate) data: PathBuf,
    pub(crate) found_at_start: Vec<String>,
    pub(crate) checks: Mutex<HashMap<AccountId, SharedCheck>>,
    pub(crate) delivering: Mutex<HashSet<PostId>>,
    pub(crate) pending: Mutex<Option<Pending>>,
    pub(crate) not_told: Mutex<Option<String>>,
    pub(crate) untold: Mutex<Untold>,
    /// What went wrong in the last run.
    pub(crate) trouble: Mutex<Option<String>>,
    pub(crate) app_tokens: Mutex<HashMap<String, Secret>>,
    pub(crate) skews: Mutex<HashMap<String, TimeDelta>>,
    /// What the clock showed at the last look whether it was set.
    pub(crate) reading: Mutex<Option<Reading>>,
    /// True once a service could not be reached.
    pub(crate) unreachable: AtomicBool,
    pub(crate) ending: Ending,
    providers: Mutex<HashMap<String, Arc<Provider>>>,
    notices: broadcast::Sender<Notice>,
    gate: Gate,
    /// Deleting what is left over and keeping a new secret never happen at once.
    pub(crate) keychain_turn: tokio::sync::Mutex<()>,
    /// Reading a state, stepping it and writing it back is one thing.
    turn: Mutex<()>,
    _owner: Ownership,
}

impl Engine {
    /// Takes the data folder and opens what is in it. What a process that ended has left in the
    /// middle is put into a state from which it goes on.
    pub async fn open(options: Options) -> Result<Arc<Self>, Problem> {
        let Options {
            data,
            own_providers,
            choices,
            pace,
            program,
            patience,
            ports,
            keychain,
        } = options;
        create_private(&data)?;
        let owner = Ownership::take(&data, &program, patience).await?;
        let now = ports.clock.now();
        let opened = Store::open(&data.join("evergrant.db"), now).map_err(|e| store_problem(&e))?;
        if ports.probe.watches_commits() {
            let probe = Arc::clone(&ports.probe);
            let watch = move || probe.commits();
            opened
                .store
                .watch_commits(watch)
                .map_err(|e| store_problem(&e))?;
        }
        let catalogue = Catalogue::from_shipped_and(own_providers)
            .map_err(|faults| file_problem(&faults[0]))?;
        let engine = Arc::new(Self {
            store: opened.store,
            safe: Safe::new(keychain),
            pictures: Pictures::under(&data),
            choices: Mutex::new(choices),
            pace,
            catalogue,
            found_at_start: Vec::new(),
            checks: Mutex::default(),
            delivering: Mutex::default(),
            pending: Mutex::default(),
            not_told: Mutex::default(),
            untold: Mutex::default(),
            trouble: Mutex::default(),
            keychain_turn: tokio::sync::Mutex::default(),
            app_tokens: Mutex::default(),
            skews: Mutex::default(),
            reading: Mutex::default(),
            unreachable: AtomicBool::default(),
            ending: Ending::new(),
            providers: Mutex::default(),
            notices: broadcast::channel(1024).0,
            gate: Gate::new(),
            turn: Mutex::default(),
            ports,
            data,
            _owner: owner,
        });
        let engine = if engine
            .store
            .is_begun_anew()
            .map_err(|e| store_problem(&e))?
        {
            engine
                .begin_anew(opened.put_aside.as_deref(), opened.salvaged_posts)
                .await?
        } else {
            engine
        };
        engine.restarted().await?;
        Ok(engine)
    }

    /// What happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// What opening found that the person should know, in sentences.
    pub fn found_at_start(&self) -> &[String] {
        &self.found_at_start
    }

    /// Provider files that could not be used.
    pub fn file_errors(&self) -> &[FileError] {
        self.catalogue.faults()
    }

    /// The time by this computer.
    pub(crate) fn now(&self) -> Instant {
        self.ports.clock.now()
    }

    /// The time by the issuer's clock, as far as its answers have told.
    pub(crate) fn issuer_now(&self, client: &str) -> Instant {
        self.now() + self.skew(client)
    }

    pub(crate) fn skew(&self, client: &str) -> TimeDelta {
        if let Some(known) = lock(&self.skews).get(client) {
            return *known;
        }
        let stored = self
            .store
            .client(client)
            .ok()
            .flatten()
            .map_or(TimeDelta::zero(), |found| found.skew);
        lock(&self.skews).insert(client.to_owned(), stored);
        stored
    }

    /// Sends a request for `client`, at most so many at once, and learns the issuer's time.
    pub(crate) async fn send(
        &self,
        client: &str,
        request: Request,
        limits: Limits,
    ) -> Result<Response, Transport> {
        let _place = self.gate.enter(client).await;
        let answer = self.ports.http.send(request, limits).await;
        match &answer {
            Ok(answer) => self.learn_time(client, answer),
            Err(Transport::NotSent { .. } | Transport::NoAnswer { .. }) => {
                self.unreachable.store(true, Ordering::Relaxed);
            }
            Err(Transport::TooLarge { .. }) => {}
        }
        answer
    }

    fn learn_time(&self, client: &str, answer: &Response) {
        let Some(theirs) = answer.date() else { return };
        let _turn = self.turn();
        let seen = theirs - self.now();
        // The header has whole seconds, and the answer was on its way for a moment.
        let skew = if seen.abs() < SKEW_NOTICED {
            TimeDelta::zero()
        } else {
            seen
        };
        if (skew - self.skew(client)).abs() >= TimeDelta::seconds(2) {
            lock(&self.skews).insert(client.to_owned(), skew);
            // A fact for `doctor`; the next answer brings it again.
            let _ = self.store.put_skew(client, skew);
        }
    }

    /// The provider of a client, with its addresses replaced where the client says so. A client's key
    /// stands for its variables, so what is remembered by it never changes.
    pub(crate) fn provider_of(&self, client: &Client) -> Result<Arc<Provider>, Problem> {
        if let Some(known) = lock(&self.providers).get(&client.key) {
            return Ok(Arc::clone(known));
        }
        let provider = self.provider(&client.provider)?;
        let provider = if client.vars.is_empty() {
            provider.clone()
        } else {
            provider
                .with_vars(&client.vars)
                .map_err(|error| file_problem(&error))?
        };
        let provider = Arc::new(provider);
        lock(&self.providers).insert(client.key.clone(), Arc::clone(&provider));
        Ok(provider)
    }

    pub(crate) fn provider(&self, id: &str) -> Result<&Provider, Problem> {
        self.catalogue.get(id).ok_or_else(|| {
            if let Some(error) = self
                .catalogue
                .faults()
                .iter()
                .find(|error| error.file.contains(id))
            {
                return file_problem(error);
            }
            let known: Vec<_> = self.catalogue.ids().collect();
            Problem::new(
                Code::NoSuchProvider,
                format!("there is no provider called \"{id}\""),
            )
            .hint(format!("Known are: {}.", known.join(", ")))
        })
    }

    pub(crate) fn client(&self, key: &str) -> Result<Client, Problem> {
        self.store
            .client(key)
            .map_err(|e| store_problem(&e))?
            .ok_or_else(|| {
                Problem::new(
                    Code::Database,
                    format!("the app registration {key} is missing"),
                )
                .hint("Connect the account again.")
            })
    }

    pub(crate) fn publish(
        &self,
        account: Option<&AccountId>,
        post: Option<PostId>,
        happening: Happening,
    ) {
        let notice = Notice {
            at: self.now(),
            account: account.cloned(),
            post,
            happening,
        };
        // Nobody listening is not a fault.
        let _ = self.notices.send(notice);
    }

    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = lock(&self.turn);
        self.notice_set_clock();
        turn
    }
}

/// A lock whose holder panicked protects data that is written in one piece.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A database fault as the answer to a command.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    let message = error.to_string();
    match error {
        StoreError::DiskFull => {
            Problem::new(Code::DiskFull, message).hint("Make room and try again; nothing was lost.")
        }
        StoreError::Newer { .. } => Problem::new(Code::DatabaseNewer, message)
            .hint("Use the newer version, or another data folder; the file was not touched."),
        StoreError::Damaged { .. } => Problem::new(Code::Database, message).hint(
            "Start Evergrant again: it puts the damaged file aside and begins anew from the keychain.",
        ),
        StoreError::NotWritable { .. } => Problem::new(Code::Database, message)
            .hint("Check that the data folder is yours, can be written, and is on a local disk."),
        StoreError::BadRow { .. } | StoreError::Other(_) => Problem::new(Code::Database, message),
    }
}

impl From<StoreError> for Internal {
    fn from(error: StoreError) -> Self {
        Self(store_problem(&error))
    }
}

/// Carries a [`Problem`] through `?` from the engine's own calls.
pub(crate) struct Internal(pub Problem);

impl From<Internal> for Problem {
    fn from(internal: Internal) -> Self {
        internal.0
    }
}

impl From<Problem> for Internal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<evergrant_keychain::KeychainError> for Internal {
    fn from(error: evergrant_keychain::KeychainError) -> Self {
        Self(keychain_problem(&error))
    }
}

/// A provider file's fault as the answer to a command.
pub(crate) fn file_problem(error: &FileError) -> Problem {
    Problem::new(Code::BadProviderFile, error.to_string())
        .hint("Mend the file, or remove it to use the one that comes with Evergrant.")
}

/// The data folder is for its owner alone.
fn create_private(folder: &std::path::Path) -> Result<(), Problem> {
    let made = std::fs::create_dir_all(folder).and_then(|()| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    });
    made.map_err(|error| {
        Problem::new(
            code_of(&error),
            format!(
                "the data folder {} cannot be used: {error}",
                folder.display()
            ),
        )
        .hint("Check its permissions, or choose another one.")
    })
}
