//! The `evergrant` command line: turns words into commands and replies into text or JSON.
//! It decides nothing itself.

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "an answer has a few lines, and format! reads best"
)]

mod args;
mod ask;
mod cmd_accounts;
mod cmd_completions;
mod cmd_connect;
mod cmd_diary;
mod cmd_doctor;
mod cmd_keep;
mod cmd_leave;
mod cmd_post;
mod cmd_practice;
mod cmd_providers;
mod cmd_queue;
mod cmd_run;
mod cmd_settings;
mod cmd_sign_in;
mod cmd_story;
mod cmd_vault;
mod cmd_watch;
mod exit;
mod look;
mod person;
mod plain;
mod secrets;
mod session;
mod stop_at;
mod story;
mod table;
mod when;
mod words;

use std::process::ExitCode;

use clap::Parser;
use evergrant_core::command::Problem;

use crate::args::{Task, Words};
use crate::exit::Exit;
use crate::look::{remark_problem, say};
use crate::session::{Answer, Session};

fn main() -> ExitCode {
    // A panic has told its story on standard error by then.
    std::panic::catch_unwind(run).unwrap_or_else(|_| Exit::Unexpected.into())
}

fn run() -> ExitCode {
    let Words { global, command } = plain::words().unwrap_or_else(Words::parse);
    let json = global.json;
    let width = look::Look::here().width;
    match Session::begin(global).and_then(|session| carry_out(&session, command)) {
        Ok(answer) => {
            if json {
                if !answer.json.is_null() {
                    say(&pretty(&answer.json));
                }
            } else if !answer.text.is_empty() {
                say(&width.map_or(answer.text.clone(), |width| {
                    look::wrapped(&answer.text, width)
                }));
            }
            answer.exit.into()
        }
        Err(problem) => {
            if json {
                say(&pretty(&serde_json::json!({ "error": problem })));
            }
            remark_problem(&problem);
            Exit::from(problem.code).into()
        }
    }
}

/// One thread is enough for one answer, and starts quickest.
fn carry_out(session: &Session, command: Task) -> Result<Answer, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Problem::new(
            evergrant_core::command::Code::File,
            format!("the system does not let this program work: {error}"),
        )
    })?;
    let answer = runtime.block_on(dispatch(session, command));
    // A thread that waits for the person's typing must not hold up the end.
    runtime.shutdown_background();
    answer
}

async fn dispatch(session: &Session, command: Task) -> Result<Answer, Problem> {
    match command {
        Task::Connect(args) => cmd_connect::connect(session, args).await,
        Task::Accounts(args) => cmd_accounts::accounts(session, &args).await,
        Task::Check(args) => cmd_accounts::check(session, args).await,
        Task::Targets(args) => cmd_accounts::targets(session, args).await,
        Task::Post(args) => cmd_post::post(session, args).await,
        Task::Queue(args) => cmd_queue::queue(session, args).await,
        Task::SignIn(args) => cmd_sign_in::sign_in(session, args).await,
        Task::SignOut(args) => cmd_leave::sign_out(session, args).await,
        Task::Forget(args) => cmd_leave::forget(session, args).await,
        Task::Remember(args) => cmd_accounts::remember(session, args).await,
        Task::Diary(args) => cmd_diary::diary(session, args).await,
        Task::Keep(args) => cmd_keep::keep(session, &args).await,
        Task::Watch(args) => cmd_watch::watch(session, &args),
        Task::Run(args) => cmd_run::run(session, &args).await,
        Task::Practice(args) => cmd_practice::practice(session, args).await,
        Task::Settings(args) => cmd_settings::settings(session, args).await,
        Task::Doctor => cmd_doctor::doctor(session).await,
        Task::Vault(args) => cmd_vault::vault(session, &args),
        Task::Providers(args) => cmd_providers::providers(session, &args),
        Task::Story(args) => cmd_story::story(session, &args).await,
        Task::Completions(args) => cmd_completions::completions(&args),
        Task::Man(args) => cmd_completions::man(&args),
    }
}

fn pretty(json: &serde_json::Value) -> String {
    // A value always has a text.
    serde_json::to_string_pretty(json).unwrap_or_default()
}
