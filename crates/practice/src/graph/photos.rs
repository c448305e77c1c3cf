//! Photos: uploaded as bytes or given by address.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::feed::{self, Draft};
use super::{Answer, Call, GraphError, bearer, fields, graph_date, paging, subject};
use crate::world::{Photo, World, sha256};

/// 4 MB: larger photos are refused.
const MAX_PHOTO: usize = 4 * 1024 * 1024;

pub(super) fn publish(world: &mut World, call: &Call, page: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let page = subject(&bearer, page)?;
    feed::may_publish(world, &bearer, &page)?;
    let caption = call
        .params
        .text("message")
        .or_else(|| call.params.text("caption"));
    feed::check_message(caption.as_deref())?;
    let (published, scheduled_for) = feed::timing(call, now)?;
    let id = world.next_id(321);
    let mut photo = Photo {
        id: id.clone(),
        page: page.clone(),
        caption: caption.clone(),
        created_at: now,
        hash: None,
        media_type: None,
        address: None,
        post: None,
        bytes: Arc::default(),
    };
    // The field is called `source`; clients that name the file otherwise are understood too, as the Graph does.
    let uploads = &call.params.uploads;
    if let Some(upload) = uploads
        .iter()
        .find(|upload| upload.field == "source")
        .or(uploads.first())
    {
        let media_type = media_type(&upload.bytes)
            .filter(|_| upload.bytes.len() <= MAX_PHOTO)
            .ok_or_else(bad_photo)?;
        photo.hash = Some(sha256(&upload.bytes));
        photo.media_type = Some(media_type.to_owned());
        photo.bytes = Arc::new(upload.bytes.clone());
    } else if let Some(address) = call.params.text("url") {
        // Nothing is fetched: the practice network never leaves this computer. The address stands for the photo.
        if !feed::is_web_address(&address) {
            return Err(GraphError::parameter("url should represent a valid URL"));
        }
        photo.address = Some(address);
    } else {
        return Err(GraphError::oauth(324, "(#324) Requires upload file"));
    }
    world.photos.insert(id.clone(), photo);
    if !published && scheduled_for.is_none() {
        return Ok(json!({ "id": id }));
    }
    let draft = Draft {
        page,
        message: caption,
        link: None,
        photos: vec![id.clone()],
        published,
        scheduled_for,
    };
    let post = feed::add(world, draft, now);
    Ok(json!({ "id": id, "post_id": post }))
}

pub(super) fn read(world: &World, call: &Call, page: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let page = subject(&bearer, page)?;
    if !world.pages.contains_key(&page) {
        return Err(GraphError::no_such_object("get", &page));
    }
    feed::may_read(world, &bearer, &page)?;
    let asked = fields::asked(call, &["created_time", "name", "id"]);
    let rows: Result<Vec<Value>, GraphError> = world
        .photos
        .values()
        .rev()
        .filter(|photo| photo.page == page && photo.post.is_some())
        .map(|photo| fields::keep(&describe(photo, call), &asked, "Photo"))
        .collect();
    paging::page(call, rows?)
}

/// A photo's fields.
pub(super) fn describe(photo: &Photo, call: &Call) -> Map<String, Value> {
    let source = photo
        .address
        .clone()
        .unwrap_or_else(|| format!("{}/photos/{}", call.base, photo.id));
    Map::from_iter([
        ("id".to_owned(), Value::from(photo.id.clone())),
        ("name".to_owned(), photo.caption.clone().into()),
        (
            "created_time".to_owned(),
            graph_date(photo.created_at).into(),
        ),
        ("images".to_owned(), json!([{ "source": source }])),
        ("picture".to_owned(), source.into()),
        ("page_story_id".to_owned(), photo.post.clone().into()),
    ])
}

/// The media type, by the first bytes; `None` for what is no PNG, JPEG or GIF.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => None,
    }
}

fn bad_photo() -> GraphError {
    GraphError {
        person: Some((
            "Can't Read Files",
            "Your photos couldn't be uploaded. Photos should be less than 4 MB and saved as JPG, PNG or GIF files.",
        )),
        ..GraphError::oauth(324, "(#324) Missing or invalid image file").sub(2_069_019)
    }
}
