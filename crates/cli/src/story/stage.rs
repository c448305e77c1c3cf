//! What the story is played on: a practice network, a clock that jumps, an engine, a keychain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use evergrant_core::command::{Command, Reply};
use evergrant_core::ids::AccountId;
use evergrant_core::{Instant, Secret};
use evergrant_engine::ports::{ManualClock, OsRandom, Random, Recorded, ReqwestHttp};
use evergrant_engine::{Engine, NoProbe, Options, Pace, Ports};
use evergrant_keychain::{Keychain, KeychainError, system, vault};
use evergrant_practice::{Clock, Endpoint, Network, Practice};

use super::{Kind, Life, Scene, Story, clicks};
use crate::args::KeychainKind;

/// The story begins on 5 January 2026 at nine o'clock, so that it reads the same every time.
const BEGIN: i64 = 1_767_603_600;

/// Why the story failed, in a sentence.
pub type Failure = String;

/// The stage.
pub struct Stage {
    /// The clock of both sides.
    pub clock: ManualClock,
    /// The engine.
    pub engine: Arc<Engine>,
    /// What the person was told while no window was open.
    pub notices: Arc<Recorded>,
    /// Where the token is.
    pub keychain: Keychain,
    practice: Practice,
    opened: Arc<AtomicUsize>,
    story: Story,
    account: Option<AccountId>,
    // Removed when the story ends.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Sets it up in a temporary folder.
    pub async fn set(wanted: Option<KeychainKind>) -> Result<Self, Failure> {
        let folder =
            tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let begin = DateTime::from_timestamp(BEGIN, 0).unwrap_or_default();
        let clock = ManualClock::new(begin);
        let practice = Practice::start(evergrant_practice::Options {
            clock: shared(clock.clone()),
            ..evergrant_practice::Options::default()
        })
        .await
        .map_err(|error| error.to_string())?;
        let (keychain, name) = keychain(wanted, folder.path()).await?;
        let opened = Arc::new(AtomicUsize::new(0));
        let browser = clicks::browser(Arc::clone(practice.network()), Arc::clone(&opened));
        let notices = Arc::new(Recorded::new());
        let engine = Engine::open(Options {
            data: folder.path().join("data"),
            own_providers: Vec::new(),
            choices: evergrant_engine::Choices::default(),
            pace: Pace::default(),
            program: "evergrant story".into(),
            patience: Duration::ZERO,
            ports: Ports {
                clock: Arc::new(clock.clone()),
                http: Arc::new(ReqwestHttp::new()),
                browser: Arc::new(browser),
                notifier: Arc::clone(&notices) as _,
                random: Arc::new(OsRandom),
                probe: Arc::new(NoProbe),
            },
            keychain: keychain.clone(),
        })
        .await
        .map_err(|problem| problem.message)?;
        let story = Story {
            keychain: name,
            ..Story::default()
        };
        Ok(Self {
            clock,
            engine,
            notices,
            keychain,
            practice,
            opened,
            story,
            account: None,
            _folder: folder,
        })
    }

    /// The network, for trouble and for its own count.
    pub fn network(&self) -> &Network {
        self.practice.network()
    }

    /// Where the network listens.
    pub fn origin(&self) -> String {
        self.practice.origin()
    }

    /// How often the browser was opened.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// How often the issuer was asked about a token.
    pub fn asked(&self) -> u64 {
        self.network().count(Endpoint::DebugToken)
    }

    /// Jumps there.
    pub fn jump(&self, days: i64, hours: i64) {
        self.clock.set(instant(days, hours));
    }

    /// Asks the engine.
    pub async fn ask(&self, command: Command) -> Result<Reply, Failure> {
        self.engine
            .handle(command)
            .await
            .map_err(|problem| problem.message)
    }

    /// Begins a scene now.
    pub fn scene(&mut self, kind: Kind, title: &str) {
        let at = self.now();
        let day = day(at);
        let (title, seen, verified) = (title.to_owned(), Vec::new(), Vec::new());
        self.story.scenes.push(Scene {
            at,
            day,
            kind,
            title,
            seen,
            verified,
        });
    }

    /// Something that was seen in this scene.
    pub fn see(&mut self, sentence: impl Into<String>) {
        if let Some(scene) = self.story.scenes.last_mut() {
            scene.seen.push(sentence.into());
        }
    }

    /// A claim; the story fails if it does not hold.
    pub fn claim(&mut self, claim: &str, holds: bool) -> Result<(), Failure> {
        if !holds {
            return Err(format!("this did not hold: {claim}"));
        }
        if let Some(scene) = self.story.scenes.last_mut() {
            scene.verified.push(claim.to_owned());
        }
        Ok(())
    }

    /// The issuer said "good" now.
    pub fn mark_check(&mut self) {
        let day = day(self.now());
        self.story.checks.push(day);
    }

    /// A token was issued now and is announced to end then.
    pub fn born(&mut self, announced: Instant) {
        let (from, announced) = (day(self.now()), day(announced));
        self.story.lives.push(Life {
            from,
            to: announced,
            announced,
        });
    }

    /// The current token stopped working now.
    pub fn died(&mut self) {
        let day = day(self.now());
        if let Some(life) = self.story.lives.last_mut() {
            life.to = day;
        }
    }

    /// The account that the story is about, for clearing up.
    pub fn about(&mut self, account: &AccountId) {
        self.account = Some(account.clone());
    }

    /// The story's time.
    pub fn now(&self) -> Instant {
        use evergrant_engine::ports::Clock as _;
        self.clock.now()
    }

    /// Takes away what was put into the keychain, also after a failure.
    pub async fn clear(&mut self) -> Result<(), Failure> {
        let mut keys = vec!["cards".to_owned()];
        if let Some(account) = self.account.take() {
            keys.extend((1..=9).map(|generation| format!("token/{account}/{generation}")));
            // Failing is told by the entries that are left.
            let _ = self
                .ask(Command::Forget {
                    account,
                    drop_posts: true,
                })
                .await;
        }
        for key in keys {
            let gone = self.keychain.delete(&key).await;
            gone.map_err(|error| {
                format!("an entry could not be taken from the keychain: {error}")
            })?;
        }
        Ok(())
    }

    /// The story as it went.
    pub fn story(self) -> Story {
        self.story
    }
}

/// The instant so many days and hours after the beginning.
pub fn instant(days: i64, hours: i64) -> Instant {
    DateTime::from_timestamp(BEGIN, 0).unwrap_or_default()
        + TimeDelta::days(days)
        + TimeDelta::hours(hours)
}

fn day(at: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a story has few seconds")]
    let days = (at.timestamp() - BEGIN) as f64 / 86_400.0;
    days
}

/// The practice network's clock is the story's.
fn shared(clock: ManualClock) -> Clock {
    use evergrant_engine::ports::Clock as _;
    Clock::given(Arc::new(move || clock.now().timestamp()))
}

/// The system's keychain where it can be used, else a vault that goes with the folder.
async fn keychain(
    wanted: Option<KeychainKind>,
    folder: &std::path::Path,
) -> Result<(Keychain, String), Failure> {
    let mut why = "as asked".to_owned();
    if wanted != Some(KeychainKind::Vault) {
        let real = system(&format!("dev.evergrant.story.{}", std::process::id()));
        match real.probe().await {
            Ok(()) => {
                let name = real.describe().name.clone();
                return Ok((real, name));
            }
            Err(error) if wanted.is_some() => return Err(error.to_string()),
            Err(KeychainError::Absent { .. }) => why = "no keychain was found here".into(),
            Err(error) => why = error.to_string(),
        }
    }
    let passphrase: Secret = OsRandom.text(24);
    let path = folder.join("vault.age");
    // Its passphrase is slow on purpose; nothing else goes on meanwhile.
    let vault = vault::create(path, passphrase).map_err(|error| error.to_string())?;
    Ok((vault, format!("a temporary encrypted vault ({why})")))
}
