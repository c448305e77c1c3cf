//! Putting posts in the queue, and what the person does with them there.

use std::sync::Arc;

use evergrant_core::Zone;
use evergrant_core::command::{Code, Edit, NewPost, PictureEdit, PostView, Problem, TargetView};
use evergrant_core::ids::{AccountId, ChildId, PostId};
use evergrant_core::post::{Content, Event, Post, PostState, Refusal};
use evergrant_core::provider::{PostKind, Provider};
use url::Url;

use crate::deliver::kind_of;
use crate::engine::{Engine, Internal, lock};
use crate::pictures::Pictures;
use crate::store::QueueFilter;
use crate::view::needs_person;

impl Engine {
    /// Checks what can be checked now, and queues the post. One that is due is sent at once.
    pub(crate) async fn enqueue(self: &Arc<Self>, new: NewPost) -> Result<PostView, Internal> {
        let account = self.account(&new.account)?;
        let provider = self.provider_of(&self.client(&account.client)?)?;
        check_zone(&new.zone)?;
        let target = self.target(&new.account, new.target.as_ref()).await?;
        let mut content = Content {
            text: new.text.trim_end().to_owned(),
            link: new.link.clone(),
            picture: None,
        };
        let kind_name = if new.picture.is_some() {
            "photo"
        } else {
            "text"
        };
        let kind = kind_of(&provider, kind_name)?;
        check_content(&provider, kind, &content, new.picture.is_some())?;
        if let Some(input) = &new.picture {
            let picture = Pictures::inspect(input)?;
            check_picture(kind, &picture.mime, picture.bytes, &input.name)?;
            self.pictures.keep(&picture, &input.bytes)?;
            content.picture = Some(picture);
        }
        let now = self.now();
        let due = new.due.unwrap_or(now);
        let post = self.store.add_post(
            Post {
                id: PostId(0),
                account: new.account.clone(),
                target: target.id,
                content,
                due,
                zone: new.zone.clone(),
                late_limit: new.late_limit.unwrap_or_else(|| self.late_limit()),
                attempts: 0,
                state: PostState::Queued,
            },
            now,
        )?;
        self.publish(
            Some(&post.account),
            Some(post.id),
            evergrant_core::happening::Happening::PostQueued { due },
        );
        if due <= now {
            // The post is in the queue; that sending it failed is its own state, not this command's.
            let post = match self.deliver(post.id, Event::Woke).await {
                Ok(post) => post,
                Err(_) => self.post(post.id).unwrap_or(post),
            };
            return Ok(self.post_view(&post));
        }
        Ok(self.post_view(&post))
    }

    /// The queue: what needs the person first, then by time.
    pub(crate) fn queue(&self, all: bool) -> Result<Vec<PostView>, Internal> {
        let posts = self.store.posts(QueueFilter { all })?;
        let names = self.names()?;
        let mut views: Vec<_> = posts.iter().map(|post| names.view(post)).collect();
        views.sort_by_key(|view| (!view.needs_person, view.due, view.id));
        Ok(views)
    }

    /// What the person does with one post.
    pub(crate) async fn wish(
        self: &Arc<Self>,
        id: PostId,
        event: Event,
    ) -> Result<PostView, Internal> {
        if let Event::Rescheduled { zone, .. } = &event {
            check_zone(zone)?;
        }
        // What cannot be is told before anything is done.
        self.post(id)?
            .permits(&event)
            .map_err(|why| refused(id, why))?;
        if lock(&self.delivering).contains(&id) {
            return Err(refused(id, Refusal::BeingSent));
        }
        let post = self.deliver(id, event).await?;
        Ok(self.post_view(&post))
    }

    /// Changes what a post says, and when it goes out if another time is given.
    pub(crate) async fn edit(self: &Arc<Self>, edit: Edit) -> Result<PostView, Internal> {
        let id = edit.post;
        let before = self.post(id)?;
        let account = self.account(&before.account)?;
        let provider = self.provider_of(&self.client(&account.client)?)?;
        let picture = match &edit.picture {
            PictureEdit::Keep => before.content.picture.clone(),
            PictureEdit::Remove => None,
            PictureEdit::Replace(input) => Some(Pictures::inspect(input)?),
        };
        let content = Content {
            text: edit.text.trim_end().to_owned(),
            link: edit.link,
            picture,
        };
        let zone = edit.zone.unwrap_or_else(|| before.zone.clone());
        // A time that stays what it is moves nothing, so that a held post stays held.
        let moved = edit
            .due
            .map(|due| (due, zone))
            .filter(|(due, zone)| *due != before.due || *zone != before.zone);
        if let Some((_, zone)) = &moved {
            check_zone(zone)?;
        }
        let event = Event::Edited {
            content: content.clone(),
            moved,
        };
        before.permits(&event).map_err(|why| refused(id, why))?;
        let kind = kind_of(&provider, content.kind())?;
        check_content(&provider, kind, &content, content.picture.is_some())?;
        if let (Some(picture), PictureEdit::Replace(input)) = (&content.picture, &edit.picture) {
            check_picture(kind, &picture.mime, picture.bytes, &input.name)?;
            self.pictures.keep(picture, &input.bytes)?;
        }
        let edited = self.wish(id, event).await;
        let after = self.post(id)?;
        let is_done = after.content == content;
        // Of the two pictures the one that no post needs any more.
        let unused = if is_done {
            before
        } else {
            Post { content, ..before }
        };
        self.drop_picture(&unused)?;
        let view = edited?;
        if is_done {
            Ok(view)
        } else {
            // It was taken to be sent between the look and the step.
            Err(refused(id, Refusal::BeingSent))
        }
    }

    /// How many posts wait for the person.
    pub(crate) fn posts_that_need_the_person(&self) -> Result<usize, Internal> {
        let posts = self.store.posts_that_may_need_the_person()?;
        Ok(posts
            .iter()
            .filter(|post| needs_person(&post.state))
            .count())
    }

    /// The Page to post to: the one named, or the only one.
    async fn target(
        self: &Arc<Self>,
        account: &AccountId,
        wanted: Option<&ChildId>,
    ) -> Result<TargetView, Internal> {
        let known = self.store.children(account)?;
        if let Some(found) = pick(&known, wanted) {
            return Ok(found);
        }
        let listed = self.targets(account).await.or_else(|problem| {
            // What was known before is still something to choose from.
            if known.is_empty() {
                Err(problem)
            } else {
                Ok(known.clone())
            }
        })?;
        if let Some(found) = pick(&listed, wanted) {
            return Ok(found);
        }
        let names: Vec<_> = listed
            .iter()
            .filter(|target| target.can_post)
            .map(|target| format!("{} ({})", target.name, target.id))
            .collect();
        let problem = match wanted {
            Some(wanted) => Problem::new(
                Code::NoSuchTarget,
                format!("there is no Page \"{wanted}\" that {account} may post to"),
            ),
            None if names.is_empty() => Problem::new(
                Code::NoSuchTarget,
                format!("{account} has no Page that it may post to"),
            ),
            None => Problem::new(
                Code::NoSuchTarget,
                format!("{account} has several Pages; say which one with --to"),
            ),
        };
        Err(Internal(if names.is_empty() {
            problem.hint("Ask an owner of the Page for the task to create content.")
        } else {
            problem.hint(format!("There are: {}.", names.join(", ")))
        }))
    }
}

/// By id or by name; without a wish the only one.
fn pick(targets: &[TargetView], wanted: Option<&ChildId>) -> Option<TargetView> {
    let may: Vec<_> = targets.iter().filter(|target| target.can_post).collect();
    match wanted {
        Some(wanted) => may
            .iter()
            .find(|target| target.id == *wanted)
            .or_else(|| {
                may.iter()
                    .find(|target| target.name.eq_ignore_ascii_case(&wanted.0))
            })
            .map(|target| (*target).clone()),
        None => match &may[..] {
            [only] => Some((*only).clone()),
            _ => None,
        },
    }
}

/// What cannot be done with a post now.
pub(crate) fn refused(id: PostId, why: Refusal) -> Internal {
    Internal(Problem::new(Code::NotNow, format!("post {id}: {why}")))
}

fn check_content(
    provider: &Provider,
    kind: &PostKind,
    content: &Content,
    has_picture: bool,
) -> Result<(), Internal> {
    let bad = |message: String| Internal(Problem::new(Code::BadPost, message));
    if content.text.is_empty() && content.link.is_none() && !has_picture {
        return Err(bad(
            "there is nothing to post: give a text, a link or a picture".into(),
        ));
    }
    let excess = kind.limit.excess(&content.text);
    if excess > 0 {
        return Err(bad(format!(
            "the text is {excess} characters longer than the {} that {} takes",
            kind.limit.count,
            provider.name()
        )));
    }
    if let Some(link) = &content.link {
        let whole = Url::parse(link)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        if whole.is_none_or(|url| url.host_str().is_none()) {
            return Err(bad(format!(
                "\"{link}\" is not a web address; write it with https://"
            )));
        }
        if !kind.takes_link {
            return Err(bad(format!(
                "{} takes no link beside a {}; put it into the text",
                provider.name(),
                kind.name
            )));
        }
    }
    Ok(())
}

fn check_picture(kind: &PostKind, mime: &str, bytes: u64, name: &str) -> Result<(), Internal> {
    let Some(rules) = &kind.media else {
        return Ok(());
    };
    if !rules.types.iter().any(|allowed| allowed == mime) {
        return Err(Internal(Problem::new(
            Code::BadPost,
            format!("{name} is {mime}; allowed are {}", rules.types.join(", ")),
        )));
    }
    if bytes > rules.max_bytes {
        return Err(Internal(Problem::new(
            Code::BadPost,
            format!(
                "{name} has {bytes} bytes; at most {} are allowed",
                rules.max_bytes
            ),
        )));
    }
    Ok(())
}

fn check_zone(zone: &str) -> Result<(), Internal> {
    zone.parse::<Zone>().map(drop).map_err(|_| {
        Internal(
            Problem::new(Code::Usage, format!("\"{zone}\" is not a time zone"))
                .hint("Write it like Europe/Berlin or UTC."),
        )
    })
}
