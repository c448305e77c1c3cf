//! `keep`, and `run` without an end: the engine that stays, with its socket, tray and notifications.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use evergrant_core::command::{Code, Notice, Problem};
use evergrant_core::happening::Happening;
use evergrant_engine::Engine;
use evergrant_engine::ports::SystemBrowser;
use evergrant_engine::socket::Client;
use evergrant_resident::autostart::{self, Folders, Program, Way};
use evergrant_resident::{Desktop, Keeper};
use tokio::sync::broadcast::error::RecvError;

use crate::exit::Exit;
use crate::look::{one_line, remark, say};
use crate::session::{Answer, Session};
use crate::{secrets, words};

/// Words of `keep`.
#[derive(Debug, Default, Args)]
pub struct KeepArgs {
    /// Without an icon in the tray, for a computer without a desktop
    #[arg(long)]
    pub headless: bool,
    /// Start it by itself from the next login on, and end
    ///
    /// With --headless the person's systemd starts it, with or without a desktop; otherwise the
    /// desktop does.
    #[arg(long, conflicts_with = "uninstall")]
    pub install: bool,
    /// Do not start it by itself any longer, and end
    #[arg(long)]
    pub uninstall: bool,
}

/// Stays until told to stop, or says who is to start it.
pub async fn keep(session: &Session, args: &KeepArgs) -> Result<Answer, Problem> {
    if args.install {
        return install(session, args.headless);
    }
    if args.uninstall {
        return uninstall();
    }
    stay(session, "keep", !args.headless, |happening| {
        // What is good once more is no news; the diary has it.
        !matches!(happening, Happening::Checked)
    })
    .await
}

/// Stays until told to stop, and says what `is_news` as it happens.
pub async fn stay(
    session: &Session,
    name: &str,
    tray: bool,
    is_news: fn(&Happening) -> bool,
) -> Result<Answer, Problem> {
    let patience = Duration::from_secs(session.global.wait);
    if let Some(other) = Client::connect(&session.places.data, patience)? {
        return Err(owned_by(&other, session));
    }
    let nobody = Arc::new(SystemBrowser::new().without_opening());
    let (desktop, presses) = Desktop::new().with_buttons();
    let desktop = Arc::new(desktop);
    let notifier = Arc::clone(&desktop) as _;
    let engine = session
        .engine_with(name, nobody, Arc::clone(&notifier), patience)
        .await?;
    let keychain = secrets::choice(&session.global, &session.places)?.name();
    session.note("Looking after accounts and posts. Ctrl-C ends it; nothing is lost then.");
    let quiet = session.global.quiet;
    let keeper = Keeper {
        engine: Arc::clone(&engine),
        program: format!("evergrant {name}"),
        keychain: keychain.to_owned(),
        notifier,
        presses,
        tray,
        remark: Box::new(move |text| {
            if !quiet {
                remark(text);
            }
        }),
    };
    let stop = stop_asked()?;
    tokio::select! {
        ended = keeper.stay(stop) => ended?,
        () = tell(session, &engine, is_news) => {}
    }
    session.note("Ended.");
    // Everything was said while it happened.
    Ok(Answer {
        json: serde_json::Value::Null,
        text: String::new(),
        exit: Exit::Ok,
    })
}

fn install(session: &Session, headless: bool) -> Result<Answer, Problem> {
    let this = std::env::current_exe().map_err(|error| {
        Problem::new(
            Code::File,
            format!("where this program lies can't be told: {error}"),
        )
    })?;
    let mut program: Vec<OsString> = vec!["keep".into()];
    if headless {
        program.push("--headless".into());
    }
    // What was named now is meant at every start.
    for (word, path) in [
        ("--data", &session.global.data),
        ("--config", &session.global.config),
        ("--passphrase-file", &session.global.passphrase_file),
    ] {
        if let Some(path) = path {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            program.extend([word.into(), path.into()]);
        }
    }
    if let Some(kind) = session
        .global
        .keychain
        .and_then(|kind| kind.to_possible_value())
    {
        program.extend(["--keychain".into(), kind.get_name().into()]);
    }
    let (way, starter) = if headless {
        (Way::Systemd, "Your systemd starts")
    } else {
        (Way::Desktop, "Your desktop starts")
    };
    let program = Program::new(&this, program)?;
    let installed = autostart::install(way, &program, &Folders::usual()?)?;
    let mut text = format!(
        "{starter} the keeper from the next login on, by {}.",
        installed.file.display()
    );
    if headless {
        text.push_str(
            "\nTo start it now: systemctl --user daemon-reload && systemctl --user start \
             evergrant-keeper",
        );
    }
    let json = serde_json::json!({
        "installed": { "file": installed.file, "replaced": installed.replaced }
    });
    Answer::new(&json, text)
}

fn uninstall() -> Result<Answer, Problem> {
    let folders = Folders::usual()?;
    let mut removed = Vec::new();
    for way in [Way::Desktop, Way::Systemd] {
        removed.extend(autostart::uninstall(way, &folders)?);
    }
    let text = if removed.is_empty() {
        "Nothing was starting the keeper at login.".to_owned()
    } else {
        let files: Vec<_> = removed
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        format!(
            "The keeper is not started at login any longer; removed: {}.",
            files.join(", ")
        )
    };
    Answer::new(&serde_json::json!({ "removed": removed }), text)
}

fn owned_by(other: &Client, session: &Session) -> Problem {
    let owner = other.welcome();
    Problem::new(
        Code::Busy,
        format!(
            "`{}` (process {}) looks after the data folder {} already",
            owner.program,
            owner.process,
            session.places.data.display()
        ),
    )
    .hint("One is enough; every command talks to it.")
}

async fn tell(session: &Session, engine: &Engine, is_news: fn(&Happening) -> bool) {
    let mut notices = engine.subscribe();
    loop {
        match notices.recv().await {
            Ok(notice) if is_news(&notice.happening) => show(session, &notice),
            // The diary has what was missed here.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// One line as it happens; with `--json` one document a line.
pub fn show(session: &Session, notice: &Notice) {
    if session.global.json {
        if let Ok(line) = serde_json::to_string(notice) {
            say(&line);
        }
        return;
    }
    let account = notice
        .account
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let post = notice
        .post
        .map(|post| format!(" post {post}"))
        .unwrap_or_default();
    let sentence = one_line(&notice.happening.sentence());
    say(&format!(
        "{}  {account}{post}  {sentence}",
        words::wall(notice.at)
    ));
}

/// Ctrl-C, or the system's request to end.
pub fn stop_asked() -> Result<impl Future<Output = ()>, Problem> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| {
            signal(kind).map_err(|error| {
                Problem::new(
                    Code::File,
                    format!("the system's signals cannot be heard: {error}"),
                )
            })
        };
        let (mut interrupt, mut terminate) = (
            open(SignalKind::interrupt())?,
            open(SignalKind::terminate())?,
        );
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // A system without it ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
