//! `queue`: what is to go out, and what the person does with it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use evergrant_core::command::{Code, Command, Edit, PictureEdit, PostView, Problem, Reply};
use evergrant_core::ids::PostId;

use crate::cmd_post::{time, told};
use crate::session::{Answer, Door, Session, odd};
use crate::table::{Cell, Table};
use crate::{cmd_post, exit, words};

/// Words of `queue`.
#[derive(Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct QueueArgs {
    /// Also show what is posted or cancelled
    #[arg(long)]
    pub all: bool,
    /// What to do with a post.
    #[command(subcommand)]
    pub task: Option<QueueTask>,
}

/// What to do with a post.
#[derive(Debug, Subcommand)]
pub enum QueueTask {
    /// Send a queued, held, late or refused post now
    Send {
        /// The post's number
        id: i64,
    },
    /// Take a post back
    Cancel {
        /// The post's number
        id: i64,
    },
    /// Give a post another time
    Move {
        /// The post's number
        id: i64,
        /// When, as for `post --at`
        #[arg(long, value_name = "TIME")]
        at: String,
        /// The time zone of --at [default: this computer's]
        #[arg(long, value_name = "ZONE")]
        zone: Option<String>,
    },
    /// Change what a post says that is not out yet
    Edit {
        /// The post's number
        id: i64,
        /// The new text; - reads standard input [default: as it is]
        text: Option<String>,
        /// Another link
        #[arg(long, value_name = "URL")]
        link: Option<String>,
        /// Take the link away
        #[arg(long, conflicts_with = "link")]
        no_link: bool,
        /// Another picture
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
        /// Take the picture away
        #[arg(long, conflicts_with = "picture")]
        no_picture: bool,
        /// Another time, as for `post --at`
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// The time zone of --at [default: this computer's]
        #[arg(long, value_name = "ZONE", requires = "at")]
        zone: Option<String>,
    },
    /// Say whether an uncertain post stands at the service
    #[command(group(clap::ArgGroup::new("answer").required(true)))]
    Settle {
        /// The post's number
        id: i64,
        /// It stands there
        #[arg(long, group = "answer")]
        posted: bool,
        /// It does not; it is sent again
        #[arg(long, group = "answer")]
        not_posted: bool,
    },
}

/// Shows the queue or changes a post.
pub async fn queue(session: &Session, args: QueueArgs) -> Result<Answer, Problem> {
    let Some(task) = args.task else {
        return list(session, args.all).await;
    };
    let mut door = session.door("queue", None).await?;
    let command = command(session, &mut door, task).await?;
    let reply = door.handle(command).await?;
    let Reply::Post { post } = &reply else {
        return Err(odd(&reply));
    };
    let exit = exit::of_post(post);
    Ok(Answer::new(&reply, told(session, post))?.ending(exit))
}

async fn command(session: &Session, door: &mut Door, task: QueueTask) -> Result<Command, Problem> {
    Ok(match task {
        QueueTask::Send { id } => Command::SendNow { post: PostId(id) },
        QueueTask::Cancel { id } => Command::Cancel { post: PostId(id) },
        QueueTask::Settle { id, posted, .. } => Command::Settle {
            post: PostId(id),
            posted,
        },
        QueueTask::Edit {
            id,
            text,
            link,
            no_link,
            picture,
            no_picture,
            at,
            zone,
        } => {
            let before = found(door, PostId(id)).await?;
            let (due, zone) = time(at.as_deref(), zone.as_deref(), session.now())?;
            let picture = match picture {
                Some(path) => PictureEdit::Replace(cmd_post::picture(&path)?),
                None if no_picture => PictureEdit::Remove,
                None => PictureEdit::Keep,
            };
            let text = match text {
                Some(_) => cmd_post::text(text)?,
                None => before.text,
            };
            Command::Edit(Edit {
                post: PostId(id),
                text,
                link: link.or(before.link.filter(|_| !no_link)),
                picture,
                zone: due.is_some().then_some(zone),
                due,
            })
        }
        QueueTask::Move { id, at, zone } => {
            let (due, zone) = time(Some(&at), zone.as_deref(), session.now())?;
            let due = due.ok_or_else(|| Problem::new(Code::Usage, "say when, with --at"))?;
            Command::Reschedule {
                post: PostId(id),
                due,
                zone,
            }
        }
    })
}

async fn found(door: &mut Door, id: PostId) -> Result<PostView, Problem> {
    let reply = door.handle(Command::Queue { all: true }).await?;
    let Reply::Queue { posts } = reply else {
        return Err(odd(&reply));
    };
    posts.into_iter().find(|post| post.id == id).ok_or_else(|| {
        Problem::new(Code::NoSuchPost, format!("there is no post {id}"))
            .hint("`evergrant queue --all` lists them.")
    })
}

async fn list(session: &Session, all: bool) -> Result<Answer, Problem> {
    let reply = session.ask("queue", Command::Queue { all }).await?;
    let Reply::Queue { posts } = &reply else {
        return Err(odd(&reply));
    };
    if posts.is_empty() {
        let text = if all {
            "There are no posts yet."
        } else {
            "Nothing is waiting to go out."
        };
        return Answer::new(&reply, text);
    }
    let mut table = Table::new(
        &["", "POST", "DUE", "ZONE", "TO", "STATE", "TEXT"],
        &[6, 4, 3],
    );
    for post in posts {
        table.row(row(session, post));
    }
    let mut text = table.show(session.look);
    for post in posts.iter().filter(|post| post.needs_person) {
        text.push_str(&format!("Post {}: {}\n", post.id, post.sentence));
    }
    Answer::new(&reply, text)
}

fn row(session: &Session, post: &PostView) -> Vec<Cell> {
    let (state, tone) = words::post_state(&post.state);
    let content = match (&post.text, &post.link, &post.picture) {
        (text, ..) if !text.is_empty() => text.clone(),
        (_, Some(link), _) => link.clone(),
        (.., Some(picture)) => picture.clone(),
        _ => String::new(),
    };
    vec![
        Cell::toned(tone, session.look.mark(&post.state)),
        post.id.to_string().into(),
        post.due_local.as_str().into(),
        post.zone.as_str().into(),
        post.target_name.as_str().into(),
        Cell::toned(tone, state),
        content.into(),
    ]
}
