//! `sign-out` and `forget`: ending a sign-in, and removing its traces.

use clap::Args;
use evergrant_core::command::{Command, Problem, Reply};

use crate::look::Tone;
use crate::session::{Answer, Session, odd};

/// Words of `sign-out`.
#[derive(Debug, Args)]
pub struct SignOutArgs {
    /// Which account
    pub account: String,
    /// Delete it here even if the service can't be reached
    #[arg(long)]
    pub anyway: bool,
}

/// Words of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// Which account
    pub account: String,
    /// Also drop its posts that are not out yet
    #[arg(long)]
    pub drop_posts: bool,
}

/// Revokes at the issuer, then deletes here.
pub async fn sign_out(session: &Session, args: SignOutArgs) -> Result<Answer, Problem> {
    let command = Command::SignOut {
        account: args.account.as_str().into(),
        anyway: args.anyway,
    };
    let reply = session.ask("sign-out", command).await?;
    let Reply::SignedOut { signed_out } = &reply else {
        return Err(odd(&reply));
    };
    let (mark, tone) = if signed_out.revoked {
        ("good", Tone::Good)
    } else {
        ("note", Tone::Warn)
    };
    let mark = session.look.paint(tone, session.look.mark(mark));
    Answer::new(
        &reply,
        format!("{mark} {}: {}", signed_out.account.id, signed_out.sentence),
    )
}

/// Removes every trace here.
pub async fn forget(session: &Session, args: ForgetArgs) -> Result<Answer, Problem> {
    let command = Command::Forget {
        account: args.account.as_str().into(),
        drop_posts: args.drop_posts,
    };
    let reply = session.ask("forget", command).await?;
    let Reply::Forgotten { forgotten } = &reply else {
        return Err(odd(&reply));
    };
    let text = format!(
        "{forgotten} is forgotten here. At the service the sign-in is as it was; `sign-out` \
         would have ended it."
    );
    Answer::new(&reply, text)
}
