//! A place to try things: a practice network, an engine on its folder, and one clock for both.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use evergrant_core::command::{
    AccountView, ClientInput, Code, Command, Connect, Connected, NewPost, PostView, Problem,
    RanView, Reply, SecretInput,
};
use evergrant_core::grant::Remember;
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::provider::RedirectRule;
use evergrant_core::{Instant, Secret};
use evergrant_engine::ports::{
    Browser, Clock as _, Expected, FailingHttp, ManualClock, Notice, OsRandom, Pending, Recorded,
    ReqwestHttp, Trip, TripError,
};
use evergrant_engine::{Engine, Milestone, Options, Pace, Ports, Probe};
use evergrant_keychain::MemoryControl;
use evergrant_practice::{Choice, Clock, Network, Post, Practice, Trouble};
use url::Url;

pub struct Lab {
    pub clock: ManualClock,
    pub practice: Practice,
    pub http: Arc<FailingHttp>,
    pub notifier: Arc<Recorded>,
    pub person: Arc<Person>,
    pub keychain: MemoryControl,
    pub milestone: Arc<Mutex<Listener>>,
    pub folder: tempfile::TempDir,
    /// The person's own provider files, from the next opening on.
    pub own_providers: Vec<(String, String)>,
    /// The person's own times to be warned, from the next opening on.
    pub warn_before: Option<Vec<TimeDelta>>,
    engine: Option<Arc<Engine>>,
}

/// Told of the steps of a delivery.
pub type Listener = Box<dyn Fn(Milestone) + Send>;

/// Passes the steps on to whoever listens now.
struct Listening(Arc<Mutex<Listener>>);

impl Probe for Listening {
    fn passes(&self, step: Milestone, _post: PostId) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(step);
    }
}

/// What the person does in the browser.
pub struct Person {
    network: Arc<Network>,
    pub acts: Mutex<(String, Choice)>,
    /// How often a browser was opened.
    pub opened: Mutex<usize>,
}

impl Lab {
    pub async fn new() -> Self {
        let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let clock = ManualClock::new(start);
        let reading = clock.clone();
        let practice = Practice::start(evergrant_practice::Options {
            clock: Clock::given(Arc::new(move || reading.true_now().timestamp())),
            ..evergrant_practice::Options::default()
        })
        .await
        .unwrap();
        let person = Arc::new(Person {
            network: Arc::clone(practice.network()),
            acts: Mutex::new(("ada".into(), Choice::Everything)),
            opened: Mutex::new(0),
        });
        let (_, keychain) = evergrant_keychain::memory();
        let mut lab = Self {
            clock,
            practice,
            http: Arc::new(FailingHttp::new(Arc::new(ReqwestHttp::new()))),
            notifier: Arc::new(Recorded::new()),
            person,
            keychain,
            milestone: Arc::new(Mutex::new(Box::new(|_| {}))),
            folder: tempfile::tempdir().unwrap(),
            own_providers: Vec::new(),
            warn_before: None,
            engine: None,
        };
        lab.open().await.unwrap();
        lab
    }

    /// A lab with Ada's account connected.
    pub async fn connected() -> Self {
        let lab = Self::new().await;
        lab.connect().await.unwrap();
        lab
    }

    pub fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Ends the engine, as the end of a process would, and opens the folder again.
    pub async fn restart(&mut self) -> Result<(), Problem> {
        self.close();
        self.open().await
    }

    pub fn close(&mut self) {
        if let Some(engine) = self.engine.take() {
            assert_eq!(
                Arc::strong_count(&engine),
                1,
                "somebody still works with the engine"
            );
        }
    }

    pub async fn open(&mut self) -> Result<(), Problem> {
        let milestone = Arc::clone(&self.milestone);
        let engine = Engine::open(Options {
            data: self.data(),
            own_providers: self.own_providers.clone(),
            choices: evergrant_engine::Choices {
                warn_before: self.warn_before.clone(),
                ..evergrant_engine::Choices::default()
            },
            pace: Pace::default(),
            program: "a test".into(),
            patience: Duration::ZERO,
            ports: Ports {
                clock: Arc::new(self.clock.clone()),
                http: Arc::clone(&self.http) as _,
                browser: Arc::new(Tab(Arc::clone(&self.person))),
                notifier: Arc::clone(&self.notifier) as _,
                random: Arc::new(OsRandom),
                probe: Arc::new(Listening(milestone)),
            },
            keychain: self.keychain.keychain(),
        })
        .await?;
        self.engine = Some(engine);
        Ok(())
    }

    pub fn trouble(&self, trouble: Trouble) {
        self.practice.network().apply(trouble).unwrap();
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub async fn ask(&self, command: Command) -> Result<Reply, Problem> {
        self.engine().handle(command).await
    }

    /// A second provider of the same kind, for which the person brings an app of their own.
    pub async fn with_own_app() -> Self {
        let mut lab = Self::new().await;
        lab.own_providers
            .push(("other.toml".into(), Self::other_provider()));
        lab.restart().await.unwrap();
        lab
    }

    pub fn other_provider() -> String {
        "schema = 1\nid = \"other\"\nname = \"Other\"\nsame_as = \"facebook\"\n\n[vars]\n\
         origin = \"http://127.0.0.1:1\"\nwww = \"{origin}\"\ngraph = \"{origin}/{version}\"\n"
            .into()
    }

    pub fn connect_other(&self, id: &str, secret: &str) -> Connect {
        Connect {
            provider: "other".into(),
            client: Some(ClientInput {
                id: id.into(),
                secret: Some(SecretInput(Secret::new(secret))),
            }),
            ..self.connect_command()
        }
    }

    pub fn connect_command(&self) -> Connect {
        Connect {
            provider: "practice".into(),
            vars: [("origin".to_owned(), self.practice.origin())].into(),
            client: None,
            remember: Remember::Always,
            paste: false,
        }
    }

    pub async fn connect(&self) -> Result<Connected, Problem> {
        match self.ask(Command::Connect(self.connect_command())).await? {
            Reply::Connected(connected) => Ok(connected),
            other => panic!("unexpected {other:?}"),
        }
    }

    pub async fn sign_in(&self) -> Result<Connected, Problem> {
        let account = self.account_id().await;
        match self
            .ask(Command::SignIn {
                account,
                remember: None,
                paste: false,
            })
            .await?
        {
            Reply::Connected(connected) => Ok(connected),
            other => panic!("unexpected {other:?}"),
        }
    }

    pub async fn accounts(&self) -> Vec<AccountView> {
        match self.ask(Command::Accounts).await.unwrap() {
            Reply::Accounts { accounts } => accounts,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// The one account.
    pub async fn account(&self) -> AccountView {
        let mut accounts = self.accounts().await;
        assert_eq!(accounts.len(), 1, "{accounts:?}");
        accounts.remove(0)
    }

    pub async fn account_id(&self) -> AccountId {
        self.account().await.id
    }

    /// Checks the one account; its result and sentence.
    pub async fn check(&self) -> (String, String) {
        let account = Some(self.account_id().await);
        match self.ask(Command::Check { account }).await.unwrap() {
            Reply::Checks { mut checks } => {
                let check = checks.remove(0);
                (check.result, check.sentence)
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    pub async fn post_now(&self, text: &str) -> PostView {
        self.post(text, None).await.unwrap()
    }

    pub async fn post(&self, text: &str, due: Option<Instant>) -> Result<PostView, Problem> {
        let command = self.new_post(text, due).await;
        match self.ask(Command::Post(command)).await? {
            Reply::Post { post } => Ok(post),
            other => panic!("unexpected {other:?}"),
        }
    }

    pub async fn new_post(&self, text: &str, due: Option<Instant>) -> NewPost {
        Self::post_of(self.account_id().await, text, due)
    }

    /// A post to the one Page, whoever it is for.
    pub fn post_of(account: AccountId, text: &str, due: Option<Instant>) -> NewPost {
        NewPost {
            account,
            target: Some("500100".into()),
            text: text.into(),
            link: None,
            picture: None,
            due,
            zone: "Europe/Berlin".into(),
            late_limit: None,
        }
    }

    pub async fn queue(&self) -> Vec<PostView> {
        match self.ask(Command::Queue { all: true }).await.unwrap() {
            Reply::Queue { posts } => posts,
            other => panic!("unexpected {other:?}"),
        }
    }

    pub async fn run(&self) -> RanView {
        match self.ask(Command::RunDue).await.unwrap() {
            Reply::Ran { ran } => ran,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Runs what is due, and dies when a delivery passes `step`, as a process would; true if one did.
    /// The engine has to be opened again then.
    pub async fn run_and_die_at(&self, step: Milestone) -> bool {
        struct Death;
        let listen = |listener: Listener| {
            // A death poisons the lock, which hurts nobody; another task may be dying just now.
            *self
                .milestone
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = listener;
        };
        listen(Box::new(move |here| {
            if here == step {
                std::panic::panic_any(Death);
            }
        }));
        let engine = Arc::clone(self.engine());
        let run = tokio::spawn(async move { engine.handle(Command::RunDue).await.map(drop) });
        let died = match run.await {
            Ok(_) => false,
            Err(ended) => {
                assert!(ended.into_panic().is::<Death>());
                true
            }
        };
        listen(Box::new(|_| {}));
        died
    }

    /// The person chooses how long the one account is remembered.
    pub async fn remember(&self, remember: Remember) {
        let account = self.account_id().await;
        let command = Command::Remember { account, remember };
        self.ask(command).await.unwrap();
    }

    /// Runs what is due now and up to `until`, jumping from wake to wake.
    pub async fn run_until(&self, until: Instant) {
        loop {
            let ran = self.run().await;
            match ran.next {
                Some(next) if next <= until => self.clock.set(next.max(self.clock.now())),
                _ => break,
            }
        }
        self.clock.set(until);
        self.run().await;
    }

    /// What stands on the practice network's Pages.
    pub fn published(&self) -> Vec<Post> {
        self.practice.network().posts()
    }

    /// The texts that stand there, sorted.
    pub fn said(&self) -> Vec<String> {
        let mut said: Vec<_> = self
            .published()
            .into_iter()
            .map(|post| post.message.unwrap_or_default())
            .collect();
        said.sort();
        said
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.notifier.notices()
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

pub fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

pub fn code(Problem { code, .. }: Problem) -> Code {
    code
}

/// A browser tab in which the person answers at once.
struct Tab(Arc<Person>);

struct TabTrip {
    person: Arc<Person>,
    redirect: Url,
}

impl Browser for Tab {
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let redirect = match rule {
            RedirectRule::Loopback { .. } => format!("http://127.0.0.1:49999{path}"),
            RedirectRule::Paste { url } => url.to_string(),
        };
        let trip: Box<dyn Trip> = Box::new(TabTrip {
            person: Arc::clone(&self.0),
            redirect: redirect.parse().unwrap(),
        });
        Box::pin(async { Ok(trip) })
    }
}

impl Trip for TabTrip {
    fn redirect_uri(&self) -> &Url {
        &self.redirect
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        Box::pin(async move {
            *self.person.opened.lock().unwrap() += 1;
            let (user, choice) = self.person.acts.lock().unwrap().clone();
            let answer: Url = self
                .person
                .network
                .answer_dialog(page.as_str(), &user, &choice)
                .map_err(|error| TripError::NotPossible(error.to_string()))?
                .parse()
                .unwrap();
            let get = |name: &str| {
                answer
                    .query_pairs()
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.to_string())
            };
            assert_eq!(get("state").as_deref(), Some(expected.state.reveal()));
            match get("code") {
                Some(code) => Ok(Secret::new(code)),
                None => Err(TripError::Denied),
            }
        })
    }
}
