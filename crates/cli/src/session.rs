//! What every command needs: folders, clock, looks, and the engine when it is asked for.

use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Instant;
use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_engine::places::Places;
use evergrant_engine::ports::{
    Browser, Clock, FileClock, Notifier, OsRandom, ReqwestHttp, Silent, SystemBrowser, SystemClock,
};
use evergrant_engine::{Engine, Options, Ports};

use crate::args::Global;
use crate::exit::Exit;
use crate::look::{Look, remark};
use crate::{secrets, stop_at};

/// Names a file with an offset that moves this program's clock.
const CLOCK: &str = "EVERGRANT_CLOCK";

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

    /// Opens the engine for one command that neither needs a browser nor tells anybody.
    pub async fn ask(&self, name: &str, command: Command) -> Result<Reply, Problem> {
        self.engine(name).await?.handle(command).await
    }

    /// Opens the engine without a browser; background work never opens one.
    pub async fn engine(&self, name: &str) -> Result<Arc<Engine>, Problem> {
        let nobody = SystemBrowser::new().without_opening();
        self.engine_with(name, Arc::new(nobody), Arc::new(Silent))
            .await
    }

    /// Opens the engine with these ways to the person.
    pub async fn engine_with(
        &self,
        name: &str,
        browser: Arc<dyn Browser>,
        notifier: Arc<dyn Notifier>,
    ) -> Result<Arc<Engine>, Problem> {
        let options = Options {
            data: self.places.data.clone(),
            own_providers: self.places.own_providers()?,
            program: format!("evergrant {name}"),
            patience: Duration::from_secs(self.global.wait),
            ports: Ports {
                clock: Arc::clone(&self.clock),
                http: Arc::new(ReqwestHttp::new()),
                browser,
                notifier,
                random: Arc::new(OsRandom),
                milestone: stop_at::milestone(),
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
