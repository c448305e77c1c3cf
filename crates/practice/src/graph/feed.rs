//! A Page's posts: publishing and reading.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Answer, Call, GraphError, bearer, fields, graph_date, paging, subject};
use crate::world::{Bearer, Post, World};

/// The fields of a post when none are asked for.
pub(super) const DEFAULT_FIELDS: &[&str] = &["created_time", "message", "id"];

/// Characters of a message, counted as UTF-16 units.
const MAX_MESSAGE: usize = 63_206;
/// How long an identical post counts as a slip, in seconds.
const DUPLICATE_WITHIN: i64 = 60;
/// A post may be scheduled from 10 minutes to 30 days ahead, in seconds.
const SCHEDULE: std::ops::RangeInclusive<i64> = 600..=30 * 86_400;

pub(super) fn publish(world: &mut World, call: &Call, page: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let page = subject(&bearer, page)?;
    may_publish(world, &bearer, &page)?;
    let message = call.params.text("message");
    let link = call.params.text("link");
    let photos = attached(world, call, &page)?;
    if message.is_none() && link.is_none() && photos.is_empty() {
        return Err(GraphError {
            kind: "FacebookApiException",
            person: Some((
                "Empty post",
                "This post is empty. Please write something or attach a link or photo.",
            )),
            ..GraphError::oauth(197, "The post is empty. Please enter a message to share.")
        });
    }
    check_message(message.as_deref())?;
    if let Some(link) = &link
        && !is_web_address(link)
    {
        return Err(GraphError::oauth(1500, "The url you supplied is invalid"));
    }
    let (published, scheduled_for) = timing(call, now)?;
    let last = world.posts.iter().rev().find(|post| post.page == page);
    let repeats = last.is_some_and(|last| {
        last.message == message
            && last.link == link
            && last.photos == photos
            && last.scheduled_for == scheduled_for
            && now - last.created_at <= DUPLICATE_WITHIN
    });
    if repeats && world.refuse_duplicates {
        return Err(GraphError {
            person: Some((
                "Duplicate Status Update",
                "This status update is identical to the last one you posted.",
            )),
            ..GraphError::oauth(506, "(#506) Duplicate status message").sub(1_455_006)
        });
    }
    let id = add(
        world,
        Draft {
            page,
            message,
            link,
            photos,
            published,
            scheduled_for,
        },
        now,
    );
    Ok(json!({ "id": id }))
}

pub(super) fn read(world: &World, call: &Call, page: &str, scheduled: bool, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let page = subject(&bearer, page)?;
    if !world.pages.contains_key(&page) {
        return Err(GraphError::no_such_object("get", &page));
    }
    may_read(world, &bearer, &page)?;
    let since = moment(call, "since")?.unwrap_or(i64::MIN);
    let until = moment(call, "until")?.unwrap_or(i64::MAX);
    let asked = fields::asked(call, DEFAULT_FIELDS);
    let mut posts: Vec<&Post> = world
        .posts
        .iter()
        .filter(|post| post.page == page)
        .filter(|post| {
            if scheduled {
                !post.is_visible(now) && post.scheduled_for.is_some()
            } else {
                post.is_visible(now)
            }
        })
        .filter(|post| (since..=until).contains(&post.appears_at()))
        .collect();
    // Newest first; of two in the same second the later one.
    posts.reverse();
    posts.sort_by_key(|post| std::cmp::Reverse(post.appears_at()));
    let rows: Result<Vec<Value>, GraphError> = posts
        .into_iter()
        .map(|post| fields::keep(&describe(world, post, call), &asked, "Post"))
        .collect();
    paging::page(call, rows?)
}

/// A post before it has an id.
pub(super) struct Draft {
    pub page: String,
    pub message: Option<String>,
    pub link: Option<String>,
    pub photos: Vec<String>,
    pub published: bool,
    pub scheduled_for: Option<i64>,
}

/// Puts a post on a Page and answers its id.
pub(super) fn add(world: &mut World, draft: Draft, now: i64) -> String {
    let id = format!("{}_{}", draft.page, world.next_id(122));
    let mut photo_hashes = Vec::with_capacity(draft.photos.len());
    for photo in &draft.photos {
        let photo = world.photos.get_mut(photo);
        photo_hashes.push(photo.as_ref().and_then(|photo| photo.hash.clone()));
        if let Some(photo) = photo {
            photo.post = Some(id.clone());
        }
    }
    world.posts.push(Post {
        id: id.clone(),
        page: draft.page,
        message: draft.message,
        link: draft.link,
        photos: draft.photos,
        photo_hashes,
        created_at: now,
        scheduled_for: draft.scheduled_for,
        published: draft.published,
    });
    world.dirty = true;
    id
}

/// Publishing takes the Page's own token, two permissions and the right task.
pub(super) fn may_publish(world: &World, bearer: &Bearer, page: &str) -> Result<(), GraphError> {
    if !world.pages.contains_key(page) {
        return Err(GraphError::no_such_object("post", page));
    }
    let Bearer::Page { person, page: own } = bearer else {
        return Err(GraphError::permission(
            "The user hasn't authorized the application to perform this action",
        ));
    };
    let person = world.persons.get(person).filter(|_| own == page);
    let allowed = person.is_some_and(|person| {
        person.grants("pages_manage_posts")
            && person.grants("pages_read_engagement")
            && person
                .roles
                .get(page)
                .is_some_and(|tasks| tasks.iter().any(|task| task == "CREATE_CONTENT"))
    });
    if allowed {
        return Ok(());
    }
    Err(GraphError::permission(
        "Posting to a Page requires both pages_read_engagement and pages_manage_posts as an admin with sufficient \
         administrative permission",
    ))
}

/// Reading takes a token of somebody with a role on the Page, and one permission.
pub(super) fn may_read(world: &World, bearer: &Bearer, page: &str) -> Result<(), GraphError> {
    let has_role = match bearer {
        Bearer::Page { page: own, .. } => own == page,
        Bearer::User(person) => world
            .persons
            .get(person)
            .is_some_and(|person| person.roles.contains_key(page)),
        Bearer::App => false,
    };
    if has_role
        && world
            .holder(bearer)
            .is_some_and(|person| person.grants("pages_read_engagement"))
    {
        return Ok(());
    }
    Err(GraphError::oauth(
        10,
        "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature.",
    ))
}

/// A post's fields.
pub(super) fn describe(world: &World, post: &Post, call: &Call) -> Map<String, Value> {
    let page_name = world
        .pages
        .get(&post.page)
        .map_or("", |page| page.name.as_str());
    let address = format!("{}/pages/{}#{}", call.base, post.page, post.id);
    let photo_address = post
        .photos
        .first()
        .map(|photo| format!("{}/photos/{photo}", call.base));
    let mut attachments = Vec::new();
    if let Some(link) = &post.link {
        attachments.push(json!({ "type": "share", "url": link, "unshimmed_url": link }));
    }
    for photo in &post.photos {
        let source = format!("{}/photos/{photo}", call.base);
        attachments.push(json!({ "type": "photo", "target": { "id": photo }, "media": { "image": { "src": source } } }));
    }
    let attachments = if attachments.is_empty() {
        Value::Null
    } else {
        json!({ "data": attachments })
    };
    Map::from_iter([
        ("id".to_owned(), Value::from(post.id.clone())),
        ("message".to_owned(), post.message.clone().into()),
        (
            "created_time".to_owned(),
            graph_date(post.appears_at()).into(),
        ),
        (
            "updated_time".to_owned(),
            graph_date(post.appears_at()).into(),
        ),
        (
            "scheduled_publish_time".to_owned(),
            post.scheduled_for.into(),
        ),
        ("is_published".to_owned(), post.published.into()),
        ("permalink_url".to_owned(), address.into()),
        ("full_picture".to_owned(), photo_address.into()),
        ("attachments".to_owned(), attachments),
        (
            "from".to_owned(),
            json!({ "id": post.page, "name": page_name }),
        ),
    ])
}

pub(super) fn check_message(message: Option<&str>) -> Result<(), GraphError> {
    if message.is_some_and(|message| message.encode_utf16().count() > MAX_MESSAGE) {
        return Err(GraphError::parameter(format!(
            "The message is longer than {MAX_MESSAGE} characters"
        )));
    }
    Ok(())
}

pub(super) fn is_web_address(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|address| matches!(address.scheme(), "http" | "https") && address.has_host())
}

/// Whether the post is published at once, and when it is scheduled for.
pub(super) fn timing(call: &Call, now: i64) -> Result<(bool, Option<i64>), GraphError> {
    let published = call.params.flag("published", true)?;
    let scheduled_for = moment(call, "scheduled_publish_time")?;
    match scheduled_for {
        None => Ok((published, None)),
        Some(_) if published => Err(GraphError::parameter(
            "You cannot specify a scheduled publish time on a published post",
        )),
        Some(at) if SCHEDULE.contains(&(at - now)) => Ok((false, Some(at))),
        Some(_) => Err(GraphError::parameter(
            "The specified scheduled publish time is invalid.",
        )),
    }
}

/// A time as Unix seconds or in ISO 8601.
fn moment(call: &Call, name: &str) -> Result<Option<i64>, GraphError> {
    let Some(text) = call.params.text(name) else {
        return Ok(None);
    };
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| {
            chrono::DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| at.timestamp())
        })
        .or_else(|| {
            chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z")
                .ok()
                .map(|at| at.timestamp())
        })
        .map(Some)
        .ok_or_else(|| GraphError::parameter(format!("Param {name} must be a time")))
}

/// The photos named by `attached_media`, each uploaded to this Page before and not published yet.
fn attached(world: &World, call: &Call, page: &str) -> Result<Vec<String>, GraphError> {
    let mut photos = Vec::new();
    for item in call.params.list("attached_media") {
        let item = match item {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
            other => other,
        };
        let id = match &item["media_fbid"] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => {
                return Err(GraphError::parameter(
                    "Param attached_media must be a list of {\"media_fbid\": id}",
                ));
            }
        };
        if !world
            .photos
            .get(&id)
            .is_some_and(|photo| photo.page == page && photo.post.is_none())
        {
            return Err(GraphError::parameter(format!(
                "The photo {id} can't be attached to this post"
            )));
        }
        photos.push(id);
    }
    Ok(photos)
}
