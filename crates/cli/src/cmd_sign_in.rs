//! `sign-in`: the same account again.

use clap::Args;
use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_core::grant::Remember;

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
    let mut door = session.door("sign-in", Some(args.way)).await?;
    let command = Command::SignIn {
        account: args.account.as_str().into(),
        remember: args.remember,
        paste: args.way.paste,
    };
    let reply = match door.handle(command).await {
        Err(problem) if problem.code == Code::WrongIdentity && ask::somebody_there() => {
            remark(&format!("{}.", problem.message));
            if !ask::yes("Connect them as a new account? [y/N] ") {
                return Err(problem);
            }
            door.handle(Command::AdoptOther).await?
        }
        outcome => outcome?,
    };
    let Reply::Connected(connected) = &reply else {
        return Err(odd(&reply));
    };
    Answer::new(&reply, told(session, connected))
}
