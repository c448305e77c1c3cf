//! `sign-in`: the same account again.

use std::sync::Arc;

use clap::Args;
use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_core::grant::Remember;
use evergrant_engine::ports::Silent;

use crate::ask;
use crate::cmd_connect::told;
use crate::look::remark;
use crate::person::{self, Way};
use crate::session::{Answer, Session, odd};

/// Words of `sign-in`.
#[derive(Debug, Args)]
pub struct SignInArgs {
    /// Which account; see `evergrant accounts`
    pub account: String,
    /// How long to remember it: always, quit, or a number of days [default: as before]
    #[arg(long, value_name = "always|quit|DAYS", value_parser = person::remember)]
    pub remember: Option<Remember>,
    /// How the sign-in reaches you.
    #[command(flatten)]
    pub way: Way,
}

/// Signs in again; somebody else is offered as an account of their own.
pub async fn sign_in(session: &Session, args: SignInArgs) -> Result<Answer, Problem> {
    let browser = args.way.browser(session);
    let engine = session
        .engine_with("sign-in", browser, Arc::new(Silent))
        .await?;
    let command = Command::SignIn {
        account: args.account.as_str().into(),
        remember: args.remember,
        paste: args.way.paste,
    };
    let reply = match engine.handle(command).await {
        Err(problem) if problem.code == Code::WrongIdentity && ask::somebody_there() => {
            remark(&format!("{}.", problem.message));
            if !ask::yes("Connect them as a new account? [y/N] ") {
                return Err(problem);
            }
            engine.handle(Command::AdoptOther).await?
        }
        outcome => outcome?,
    };
    let Reply::Connected(connected) = &reply else {
        return Err(odd(&reply));
    };
    Answer::new(&reply, told(session, connected))
}
