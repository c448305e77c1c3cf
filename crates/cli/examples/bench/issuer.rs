//! The practice network with a thread of its own, a person who answers at once, and engines that
//! are connected to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::command::{Command, Connect, Reply};
use evergrant_core::grant::Remember;
use evergrant_core::ids::AccountId;
use evergrant_core::provider::RedirectRule;
use evergrant_engine::ports::{
    Browser, Expected, Http, OsRandom, Pending, Silent, SystemClock, Trip, TripError,
};
use evergrant_engine::{Engine, NoProbe, Options, Pace, Ports};
use evergrant_keychain::Keychain;
use evergrant_practice::{Choice, Clock, Network, Practice};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::said;

/// The issuer.
pub struct Issuer {
    practice: Practice,
    // Its answers must not wait for the thread that is measured.
    _runtime: Runtime,
}

impl Issuer {
    /// Starts it on a free port of loopback; equal posts are taken.
    pub fn start(clock: Clock) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(said)?;
        let options = evergrant_practice::Options {
            clock,
            refuse_duplicates: false,
            ..evergrant_practice::Options::default()
        };
        let practice = runtime.block_on(Practice::start(options)).map_err(said)?;
        Ok(Self {
            practice,
            _runtime: runtime,
        })
    }

    /// An engine on the folder `data`, with the real clock.
    pub async fn engine(
        &self,
        data: &Path,
        http: Arc<dyn Http>,
        keychain: Keychain,
    ) -> Result<Arc<Engine>, String> {
        Engine::open(Options {
            data: data.to_owned(),
            own_providers: Vec::new(),
            choices: evergrant_engine::Choices::default(),
            pace: Pace::default(),
            program: "the benchmarks".into(),
            patience: Duration::ZERO,
            ports: Ports {
                clock: Arc::new(SystemClock),
                http,
                browser: Arc::new(Tab(Arc::clone(self.practice.network()))),
                notifier: Arc::new(Silent),
                random: Arc::new(OsRandom),
                probe: Arc::new(NoProbe),
            },
            keychain,
        })
        .await
        .map_err(said)
    }

    /// Connects an account; its id.
    pub async fn connect(&self, engine: &Arc<Engine>) -> Result<AccountId, String> {
        let connect = Command::Connect(Connect {
            provider: "practice".into(),
            vars: [("origin".to_owned(), self.practice.origin())].into(),
            client: None,
            remember: Remember::Always,
            paste: false,
        });
        engine.handle(connect).await.map_err(said)?;
        match engine.handle(Command::Accounts).await.map_err(said)? {
            Reply::Accounts { accounts }
                if accounts.len() == 1 && accounts[0].state == "active" =>
            {
                Ok(accounts[0].id.clone())
            }
            other => Err(format!("no account was connected: {other:?}")),
        }
    }
}

/// A browser in which the person continues at once.
struct Tab(Arc<Network>);

struct TabTrip {
    network: Arc<Network>,
    redirect: Url,
}

impl Browser for Tab {
    fn prepare(
        &self,
        _: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let redirect = Url::parse(&format!("http://127.0.0.1:49999{path}"));
        let network = Arc::clone(&self.0);
        Box::pin(async move {
            let redirect = redirect.map_err(|error| TripError::NotPossible(error.to_string()))?;
            Ok(Box::new(TabTrip { network, redirect }) as Box<dyn Trip>)
        })
    }
}

impl Trip for TabTrip {
    fn redirect_uri(&self) -> &Url {
        &self.redirect
    }

    fn go(self: Box<Self>, page: Url, _: Expected) -> Pending<'static, Result<Secret, TripError>> {
        Box::pin(async move {
            let not_possible = |why: String| TripError::NotPossible(why);
            let answer = self
                .network
                .answer_dialog(page.as_str(), "ada", &Choice::Everything)
                .map_err(|error| not_possible(error.to_string()))?;
            let answer = Url::parse(&answer).map_err(|error| not_possible(error.to_string()))?;
            answer
                .query_pairs()
                .find(|(name, _)| name == "code")
                .map(|(_, code)| Secret::new(code.into_owned()))
                .ok_or(TripError::Denied)
        })
    }
}
