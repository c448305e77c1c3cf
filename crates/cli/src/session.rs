//! What every command needs: folders, clock, looks, and the engine when it is asked for.

use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Instant;
use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_engine::places::Places;
use evergrant_engine::ports::{
    Browser, Clock, FileClock, Notifier, OsRandom, ReqwestHttp, Silent, SystemBrowser, SystemClock,
};
use evergrant_engine::socket::Client;
use evergrant_engine::{Engine, Options, Pace, Ports};

use crate::args::Global;
use crate::exit::Exit;
use crate::look::{Look, remark};
use crate::person::{AtTerminal, Way};
use crate::{secrets, stop_at};

/// Names a file with an offset that moves this program's clock.
const CLOCK: &str = "EVERGRANT_CLOCK";

/// How long another owner of the data folder is waited for before it is asked whether it answers.
const LOOK: Duration = Duration::from_millis(200);

/// One run of the program.
pub struct Session {
    /// What goes for every command.
    pub global: Global,
    /// What the output may look like.
    pub look: Look,
    /// The folders.
    pub places: Places,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Whoever carries out commands.
pub enum Door {
    /// The keeper, through its socket, and the person here.
    Keeper(Client, AtTerminal),
    /// This process.
    Own(Arc<Engine>),
}

impl Door {
    /// Has a command carried out.
    pub async fn handle(&mut self, command: Command) -> Result<Reply, Problem> {
        match self {
            // There is nothing else to do here until the answer comes.
            Self::Keeper(keeper, person) => keeper.ask(command, person),
            Self::Own(engine) => engine.handle(command).await,
        }
    }

    /// True if somebody goes on looking after things when this command has ended.
    pub fn is_keeper(&self) -> bool {
        matches!(self, Self::Keeper(..))
    }
}

/// What a command has to say.
#[derive(Debug)]
pub struct Answer {
    /// As one JSON document.
    pub json: serde_json::Value,
    /// As text; empty if everything was said already.
    pub text: String,
    /// How the program ends.
    pub exit: Exit,
}

impl Answer {
    /// A reply with its text.
    pub fn new(reply: &impl serde::Serialize, text: impl Into<String>) -> Result<Self, Problem> {
        let json = serde_json::to_value(reply).map_err(|error| {
            Problem::new(
                Code::File,
                format!("the answer cannot be written as JSON: {error}"),
            )
        })?;
        Ok(Self {
            json,
            text: text.into(),
            exit: Exit::Ok,
        })
    }

    /// The same with another end.
    pub fn ending(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

impl Session {
    /// Finds the folders and the clock; opens nothing.
    pub fn begin(global: Global) -> Result<Self, Problem> {
        let places = Places::find(global.data.clone(), global.config.clone())?;
        let clock: Arc<dyn Clock> = match std::env::var_os(CLOCK) {
            None => Arc::new(SystemClock),
            Some(file) => Arc::new(
                FileClock::open(file)
                    .map_err(|error| Problem::new(Code::Usage, format!("{CLOCK}: {error}")))?,
            ),
        };
        Ok(Self {
            global,
            look: Look::here(),
            places,
            clock,
        })
    }

    /// The time by this program's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Says something beside the answer, unless it is not wanted.
    pub fn note(&self, text: &str) {
        if !self.global.quiet {
            remark(text);
        }
    }

    /// Has one command carried out that needs no browser.
    pub async fn ask(&self, name: &str, command: Command) -> Result<Reply, Problem> {
        self.door(name, None).await?.handle(command).await
    }

    /// Whoever owns the data folder: the keeper, or this process for as long as it takes. A sign-in
    /// reaches the person by `way`; background work never opens a browser.
    pub async fn door(&self, name: &str, way: Option<Way>) -> Result<Door, Problem> {
        let patience = Duration::from_secs(self.global.wait);
        let begun = std::time::Instant::now();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            if let Some(keeper) = Client::connect(&self.places.data, left)? {
                self.suits(&keeper)?;
                for note in &keeper.welcome().notes {
                    self.note(&format!("note: {note}"));
                }
                let person = AtTerminal {
                    way,
                    quiet: self.global.quiet,
                };
                return Ok(Door::Keeper(keeper, person));
            }
            let browser = way.map_or_else(
                || Arc::new(SystemBrowser::new().without_opening()),
                |way| way.browser(self),
            );
            // The owner may be a command that will be done, or a keeper that is only just beginning
            // and answers at the next look.
            let engine = self
                .engine_with(name, browser, Arc::new(Silent), left.min(LOOK))
                .await;
            match engine {
                Err(problem) if problem.code == Code::Busy && !left.is_zero() => {}
                engine => return engine.map(Door::Own),
            }
        }
    }

    /// Words that speak of another keychain than the keeper's cannot be followed.
    fn suits(&self, keeper: &Client) -> Result<(), Problem> {
        if self.global.keychain.is_none() {
            return Ok(());
        }
        let wanted = secrets::choice(&self.global, &self.places)?.name();
        let welcome = keeper.welcome();
        if welcome.keychain == wanted {
            return Ok(());
        }
        Err(Problem::new(
            Code::Usage,
            format!(
                "`{}` (process {}) owns the data folder and keeps secrets in another place ({}) \
                 than --keychain says",
                welcome.program, welcome.process, welcome.keychain
            ),
        )
        .hint("Leave --keychain out, or end the keeper first."))
    }

    /// Opens the engine with these ways to the person.
    pub async fn engine_with(
        &self,
        name: &str,
        browser: Arc<dyn Browser>,
        notifier: Arc<dyn Notifier>,
        patience: Duration,
    ) -> Result<Arc<Engine>, Problem> {
        let options = Options {
            data: self.places.data.clone(),
            own_providers: self.places.own_providers()?,
            choices: self.places.choices()?,
            pace: Pace::default(),
            program: format!("evergrant {name}"),
            patience,
            ports: Ports {
                clock: Arc::clone(&self.clock),
                http: Arc::new(ReqwestHttp::new()),
                browser,
                notifier,
                random: Arc::new(OsRandom),
                probe: stop_at::probe(),
            },
            keychain: secrets::keychain(&self.global, &self.places)?,
        };
        let engine = Engine::open(options).await?;
        for sentence in engine.found_at_start() {
            remark(&format!("note: {sentence}"));
        }
        for fault in engine.file_errors() {
            self.note(&format!("note: {fault}"));
        }
        Ok(engine)
    }
}

/// A reply of another kind than the command's own, which the router never gives.
pub fn odd(reply: &Reply) -> Problem {
    let kind = serde_json::to_value(reply).ok();
    let kind = kind
        .as_ref()
        .and_then(|it| it.as_object()?.keys().next().cloned());
    Problem::new(
        Code::NotNow,
        format!(
            "the engine gave another kind of answer ({})",
            kind.unwrap_or_default()
        ),
    )
}
