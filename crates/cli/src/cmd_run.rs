//! `run`: looks after accounts and posts, in the foreground.

use std::sync::Arc;

use clap::Args;
use evergrant_core::command::{Code, Command, Notice, Problem, RanView, Reply};
use evergrant_engine::Engine;
use evergrant_engine::ports::SystemBrowser;
use evergrant_resident::Desktop;
use tokio::sync::broadcast::error::RecvError;

use crate::exit::Exit;
use crate::look::{one_line, remark_problem, say};
use crate::session::{Answer, Session, odd};
use crate::words::{self, count};

/// Words of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Do what is due now, and end
    #[arg(long)]
    pub until_idle: bool,
}

/// Runs until told to stop, or until nothing is due.
pub async fn run(session: &Session, args: &RunArgs) -> Result<Answer, Problem> {
    let nobody = Arc::new(SystemBrowser::new().without_opening());
    let engine = session
        .engine_with("run", nobody, Arc::new(Desktop::new()))
        .await?;
    if args.until_idle {
        let reply = engine.handle(Command::RunDue).await?;
        let Reply::Ran { ran } = &reply else {
            return Err(odd(&reply));
        };
        let answer = Answer::new(&reply, told(session, ran))?;
        let Some(problem) = &ran.problem else {
            return Ok(answer);
        };
        remark_problem(problem);
        return Ok(answer.ending(Exit::from(problem.code)));
    }
    session.note("Looking after accounts and posts. Ctrl-C ends it; nothing is lost then.");
    keep(session, &engine).await?;
    session.note("Ended.");
    // Everything was said while it happened.
    Ok(Answer {
        json: serde_json::Value::Null,
        text: String::new(),
        exit: Exit::Ok,
    })
}

async fn keep(session: &Session, engine: &Arc<Engine>) -> Result<(), Problem> {
    let stop = stop_asked()?;
    let mut notices = engine.subscribe();
    let telling = async {
        loop {
            match notices.recv().await {
                Ok(notice) => show(session, &notice),
                // The diary has what was missed here.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        ended = engine.keep_running(stop) => ended,
        () = telling => Ok(()),
    }
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

/// One line as it happens; with `--json` one document a line.
fn show(session: &Session, notice: &Notice) {
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

fn told(session: &Session, ran: &RanView) -> String {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut text = format!(
        "{} checked, {} sent, {} held, {} uncertain.\n",
        count(number(ran.checked), "account"),
        count(number(ran.posted), "post"),
        ran.held,
        ran.uncertain
    );
    if ran.needs_person > 0 {
        let waiting = count(number(ran.needs_person), "post");
        text.push_str(&format!(
            "Waiting for you: {waiting}; see `evergrant queue`.\n"
        ));
    }
    if let Some(next) = ran.next {
        text.push_str(&format!(
            "Next: {}.\n",
            words::relative(next, session.now())
        ));
    }
    text
}
