//! `story`: the whole life of a sign-in, played in seconds.

use std::path::PathBuf;

use clap::Args;
use evergrant_core::command::{Code, Problem};

use crate::exit::Exit;
use crate::session::{Answer, Session};
use crate::story::{self, page, text};

/// Words of `story`.
#[derive(Debug, Args)]
pub struct StoryArgs {
    /// Also write it as one page with a picture of the token's life
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Plays the story. It uses no account and no data folder of the person's.
pub async fn story(session: &Session, args: &StoryArgs) -> Result<Answer, Problem> {
    let story = story::play(session.global.keychain).await;
    if let Some(file) = &args.html {
        std::fs::write(file, page::page(&story)).map_err(|error| {
            Problem::new(
                Code::File,
                format!("{} cannot be written: {error}", file.display()),
            )
        })?;
        session.note(&format!("Written: {}", file.display()));
    }
    let exit = if story.failed.is_some() {
        Exit::Unexpected
    } else {
        Exit::Ok
    };
    let text = text::timeline(&story, session.look);
    Ok(Answer::new(&serde_json::json!({ "story": story }), text)?.ending(exit))
}
