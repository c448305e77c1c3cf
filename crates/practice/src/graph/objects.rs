//! Reading and deleting by id: persons, Pages, posts, photos, the app.

use serde_json::{Map, Value, json};

use super::{Answer, Call, GraphError, bearer, feed, fields, photos, subject};
use crate::seed::{APP_ID, APP_NAME};
use crate::world::{Bearer, World};

pub(super) fn exists(world: &World, id: &str) -> bool {
    id == "me"
        || id == APP_ID
        || world.persons.contains_key(id)
        || world.pages.contains_key(id)
        || world.photos.contains_key(id)
        || world.post(id).is_some()
}

pub(super) fn one(world: &mut World, call: &Call, id: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let id = subject(&bearer, id)?;
    read(world, call, &bearer, &id, now)
}

/// `/?ids=1,2`: each object under its id.
pub(super) fn several(world: &mut World, call: &Call, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let ids = call.params.list("ids");
    if ids.is_empty() {
        return Err(GraphError::parameter("The parameter ids is required"));
    }
    let mut objects = Map::new();
    for id in ids {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let meant = subject(&bearer, &id)?;
        if !exists(world, &meant) {
            let message = format!("(#803) Some of the aliases you requested do not exist: {id}");
            return Err(GraphError::oauth(803, message));
        }
        let object = read(world, call, &bearer, &meant, now)?;
        objects.insert(id, object);
    }
    Ok(Value::Object(objects))
}

pub(super) fn delete(world: &mut World, call: &Call, id: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let page = match (world.post(id), world.photos.get(id)) {
        (Some(post), _) => post.page.clone(),
        (None, Some(photo)) => photo.page.clone(),
        (None, None) => return Err(GraphError::no_such_object("delete", id)),
    };
    feed::may_publish(world, &bearer, &page)?;
    world
        .posts
        .retain(|post| post.id != id && !(post.photos.len() == 1 && post.photos[0] == id));
    world
        .photos
        .retain(|photo, found| photo != id && found.post.as_deref() != Some(id));
    world.dirty = true;
    Ok(json!({ "success": true }))
}

/// A Page's fields. For a person with a role it also has their tasks, and the Page token when asked for.
pub(super) fn page(
    world: &mut World,
    call: &Call,
    id: &str,
    seen_by: Option<&str>,
    asked: &[String],
    now: i64,
) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(page) = world.pages.get(id) {
        object.insert("id".into(), page.id.clone().into());
        object.insert("name".into(), page.name.clone().into());
        object.insert("category".into(), page.category.clone().into());
        object.insert(
            "link".into(),
            format!("{}/pages/{}", call.base, page.id).into(),
        );
    }
    let tasks = seen_by.and_then(|person| world.persons.get(person)?.roles.get(id).cloned());
    object.insert("tasks".into(), tasks.into());
    let wanted = seen_by.is_some() && asked.iter().any(|field| field == "access_token");
    let token = if wanted {
        call.token
            .as_deref()
            .and_then(|parent| world.issue_page(parent, id, now))
    } else {
        None
    };
    object.insert("access_token".into(), token.into());
    object
}

fn read(world: &mut World, call: &Call, bearer: &Bearer, id: &str, now: i64) -> Answer {
    let nothing = || GraphError::no_such_object("get", id);
    if world.pages.contains_key(id) {
        return read_page(world, call, bearer, id, now);
    }
    if let Some(post) = world.post(id) {
        feed::may_read(world, bearer, &post.page)?;
        let asked = fields::asked(call, feed::DEFAULT_FIELDS);
        return fields::keep(&feed::describe(world, post, call), &asked, "Post");
    }
    if let Some(photo) = world.photos.get(id) {
        feed::may_read(world, bearer, &photo.page)?;
        let asked = fields::asked(call, &["created_time", "name", "id"]);
        return fields::keep(&photos::describe(photo, call), &asked, "Photo");
    }
    if id == APP_ID {
        let object = Map::from_iter([
            ("id".to_owned(), id.into()),
            ("name".to_owned(), APP_NAME.into()),
        ]);
        return fields::keep(
            &object,
            &fields::asked(call, &["name", "id"]),
            "Application",
        );
    }
    let person = world.persons.get(id).ok_or_else(nothing)?;
    let allowed = match bearer {
        Bearer::App => true,
        Bearer::User(own) => own == id,
        Bearer::Page { .. } => false,
    };
    if !allowed {
        return Err(nothing());
    }
    let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
    let email = person
        .grants("email")
        .then(|| format!("{}@practice.test", person.user));
    let object = Map::from_iter([
        ("id".to_owned(), Value::from(person.id.clone())),
        ("name".to_owned(), person.name.clone().into()),
        ("first_name".to_owned(), first.into()),
        ("last_name".to_owned(), last.into()),
        ("email".to_owned(), email.into()),
    ]);
    fields::keep(&object, &fields::asked(call, &["name", "id"]), "User")
}

fn read_page(world: &mut World, call: &Call, bearer: &Bearer, id: &str, now: i64) -> Answer {
    let asked = fields::asked(call, &["name", "id"]);
    let person = match bearer {
        Bearer::User(person) => world.persons.get(person),
        _ => None,
    };
    let seen_by = person
        .filter(|person| person.roles.contains_key(id) && person.grants("pages_show_list"))
        .map(|person| person.id.clone());
    let mut object = page(world, call, id, seen_by.as_deref(), &asked, now);
    if matches!(bearer, Bearer::Page { page, .. } if page == id) {
        object.insert("access_token".into(), call.token.clone().into());
    }
    fields::keep(&object, &asked, "Page")
}
