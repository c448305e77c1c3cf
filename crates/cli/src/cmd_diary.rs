//! `diary`: what happened.

use clap::Args;
use evergrant_core::command::{Command, Problem, Reply};
use evergrant_core::ids::PostId;

use crate::look::one_line;
use crate::session::{Answer, Session, odd};
use crate::words;

/// Words of `diary`.
#[derive(Debug, Args)]
pub struct DiaryArgs {
    /// Only of this account
    pub account: Option<String>,
    /// Only of this post
    #[arg(long, value_name = "N")]
    pub post: Option<i64>,
    /// At most so many lines
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

/// Shows the diary.
pub async fn diary(session: &Session, args: DiaryArgs) -> Result<Answer, Problem> {
    let command = Command::Diary {
        account: args.account.as_deref().map(Into::into),
        post: args.post.map(PostId),
        limit: args.limit,
    };
    let reply = session.ask("diary", command).await?;
    let Reply::Diary { diary } = &reply else {
        return Err(odd(&reply));
    };
    let mut text = String::new();
    for line in diary {
        let mut whose = line
            .account
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if let Some(post) = line.post {
            whose = format!("{whose} post {post}");
        }
        // Sentences are the point of it, so they are never cut.
        text.push_str(&format!(
            "{}  {}  {}\n",
            words::wall(line.at),
            whose.trim(),
            one_line(&line.sentence)
        ));
    }
    if diary.is_empty() {
        text.push_str("Nothing has happened yet.\n");
    }
    Answer::new(&reply, text)
}
