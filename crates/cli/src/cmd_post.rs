//! `post`: now, or at a chosen time.

use std::path::{Path, PathBuf};

use clap::Args;
use evergrant_core::Instant;
use evergrant_core::command::{Code, Command, NewPost, PictureInput, PostView, Problem, Reply};

use crate::session::{Answer, Session, odd};
use crate::when::{self, WhenError};
use crate::{exit, words};
use evergrant_engine::places::unreadable;

/// A picture larger than this is none; no service takes it.
const MOST_BYTES: u64 = 64 << 20;

/// Words of `post`.
#[derive(Debug, Args)]
pub struct PostArgs {
    /// The account to post with
    pub account: String,
    /// The text; - reads standard input
    pub text: Option<String>,
    /// The Page, by id or name; may be left out if there is only one
    #[arg(long, value_name = "PAGE")]
    pub to: Option<String>,
    /// A link
    #[arg(long, value_name = "URL")]
    pub link: Option<String>,
    /// A picture
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// When: "2026-12-24 18:00", 18:00, "tomorrow 9:00", "in 30m", or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The time zone of --at, such as Europe/Berlin [default: this computer's]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// How late it may still go out by itself, such as 30m [default: as the settings say, 2h]
    #[arg(long, value_name = "SPAN")]
    pub late: Option<String>,
}

/// Queues a post, and sends it if it is due.
pub async fn post(session: &Session, args: PostArgs) -> Result<Answer, Problem> {
    let (due, zone) = time(args.at.as_deref(), args.zone.as_deref(), session.now())?;
    let late_limit = args
        .late
        .as_deref()
        .map(when::span)
        .transpose()
        .map_err(|error| usage(&error))?
        .map(|limit| limit.num_seconds());
    let command = Command::Post(NewPost {
        account: args.account.as_str().into(),
        target: args.to.as_deref().map(Into::into),
        text: text(args.text)?,
        link: args.link,
        picture: args.picture.as_deref().map(picture).transpose()?,
        due,
        zone,
        late_limit,
    });
    let reply = session.ask("post", command).await?;
    let Reply::Post { post } = &reply else {
        return Err(odd(&reply));
    };
    let exit = exit::of_post(post);
    Ok(Answer::new(&reply, told(session, post))?.ending(exit))
}

/// One post after something was done with it.
pub fn told(session: &Session, post: &PostView) -> String {
    let (state, tone) = words::post_state(&post.state);
    let mut text = format!(
        "{} Post {} to {}: ",
        session.look.paint(tone, session.look.mark(&post.state)),
        post.id,
        post.target_name
    );
    // Some sentences begin with the state themselves.
    if !post.sentence.to_lowercase().starts_with(state) {
        text.push_str(&format!("{}. ", session.look.paint(tone, state)));
    }
    text.push_str(&format!("{}\n", post.sentence));
    if let Some(next) = post.next_look.filter(|next| *next > session.now()) {
        let at = words::relative(next, session.now());
        text.push_str(&format!(
            "  Evergrant looks at it {at}, if `evergrant keep` is at work.\n"
        ));
    }
    text
}

/// The instant of `--at` in `--zone`, and the zone's name.
pub fn time(
    at: Option<&str>,
    zone: Option<&str>,
    now: Instant,
) -> Result<(Option<Instant>, String), Problem> {
    let zone = when::zone(zone).map_err(|error| usage(&error))?;
    let due = at.map(|text| when::parse(text, &zone, now)).transpose();
    Ok((due.map_err(|error| usage(&error))?, zone.name().to_owned()))
}

/// The text; that of standard input for `-`.
pub fn text(given: Option<String>) -> Result<String, Problem> {
    match given.as_deref() {
        Some("-") => std::io::read_to_string(std::io::stdin())
            .map_err(|error| unreadable(Path::new("standard input"), &error)),
        _ => Ok(given.unwrap_or_default()),
    }
}

/// A picture from its file.
pub fn picture(path: &Path) -> Result<PictureInput, Problem> {
    let meta = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if meta.len() > MOST_BYTES {
        return Err(Problem::new(
            Code::BadPost,
            format!(
                "{} has {} bytes, which no service takes",
                path.display(),
                meta.len()
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(PictureInput { name, bytes })
}

fn usage(error: &WhenError) -> Problem {
    Problem::new(Code::Usage, error.to_string())
}
