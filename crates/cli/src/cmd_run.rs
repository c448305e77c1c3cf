//! `run`: looks after accounts and posts, in the foreground.

use clap::Args;
use evergrant_core::command::{Command, Problem, RanView, Reply};

use crate::exit::Exit;
use crate::look::remark_problem;
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
    if args.until_idle {
        let reply = session.ask("run", Command::RunDue).await?;
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
    crate::cmd_keep::stay(session, "run", false, |_| true).await
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
