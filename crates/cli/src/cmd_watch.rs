//! `watch`: what happens, as it happens, for scripts.

use std::time::Duration;

use clap::Args;
use evergrant_core::command::{Code, Problem};
use evergrant_engine::socket::Client;

use crate::look::say;
use crate::session::{Answer, Session};

/// How long a keeper that has gone is waited for between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Words of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Wait for a keeper that is not there, and again when it ends
    #[arg(long)]
    pub stay: bool,
}

/// Prints a line for everything that happens, until the keeper ends.
pub fn watch(session: &Session, args: &WatchArgs) -> Result<Answer, Problem> {
    loop {
        let ended = follow(session);
        match ended {
            Err(problem) if args.stay && problem.code == Code::NoKeeper => {
                std::thread::sleep(LOOK);
            }
            ended => return ended,
        }
    }
}

fn follow(session: &Session) -> Result<Answer, Problem> {
    let patience = Duration::from_secs(session.global.wait);
    let Some(mut keeper) = Client::connect(&session.places.data, patience)? else {
        return Err(Problem::new(
            Code::NoKeeper,
            "no keeper is at work, so nothing happens that could be watched",
        )
        .hint("Start one with `evergrant keep`, or use --stay to wait for one."));
    };
    keeper.watch()?;
    let owner = keeper.welcome();
    session.note(&format!(
        "Watching `{}` (process {}).",
        owner.program, owner.process
    ));
    loop {
        let line = match keeper.next_notice()? {
            Ok(notice) => serde_json::to_string(&notice),
            Err(count) => serde_json::to_string(&serde_json::json!({ "missed": count })),
        };
        // A notice always has a text.
        say(&line.unwrap_or_default());
    }
}
