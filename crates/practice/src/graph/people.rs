//! A person's permissions and Pages.

use serde_json::{Value, json};

use super::{Answer, Call, GraphError, bearer, fields, objects, paging, subject};
use crate::world::{Bearer, World};

pub(super) fn permissions(world: &World, call: &Call, person: &str, now: i64) -> Answer {
    let person = person_meant(world, call, person, now)?;
    let Some(person) = world.persons.get(&person) else {
        return Err(GraphError::no_such_object("get", &person));
    };
    let ended = person.data_access_until <= now;
    let rows: Vec<Value> = person
        .scopes
        .iter()
        .map(|(scope, granted)| {
            let status = match (granted, ended) {
                (false, _) => "declined",
                (true, true) => "expired",
                (true, false) => "granted",
            };
            json!({ "permission": scope, "status": status })
        })
        .collect();
    Ok(json!({ "data": rows }))
}

/// Withdraws one permission, or all of them, which removes the app.
pub(super) fn withdraw(
    world: &mut World,
    call: &Call,
    person: &str,
    scope: Option<&str>,
    now: i64,
) -> Answer {
    let person = person_meant(world, call, person, now)?;
    match scope {
        None => world.remove_app(&person),
        Some(scope) => {
            let granted = world
                .persons
                .get_mut(&person)
                .and_then(|person| person.scopes.get_mut(scope));
            *granted.ok_or_else(|| {
                GraphError::parameter(format!("Permission {scope} is not granted to this app"))
            })? = false;
        }
    }
    world.dirty = true;
    Ok(json!({ "success": true }))
}

pub(super) fn accounts(world: &mut World, call: &Call, person: &str, now: i64) -> Answer {
    let bearer = bearer(world, call, now)?;
    let person = subject(&bearer, person)?;
    let Bearer::User(owner) = bearer else {
        return Err(GraphError::parameter(
            "Tried accessing nonexisting field (accounts) on node type (Page)",
        ));
    };
    if person != owner {
        return Err(GraphError::no_such_object("get", &person));
    }
    let Some(holder) = world.persons.get(&person) else {
        return Err(GraphError::no_such_object("get", &person));
    };
    // Without the permission the real Graph shows no Pages, and no error either.
    let pages: Vec<String> = if holder.grants("pages_show_list") {
        holder.roles.keys().cloned().collect()
    } else {
        Vec::new()
    };
    let asked = fields::asked(call, &["access_token", "category", "name", "id", "tasks"]);
    let mut rows = Vec::with_capacity(pages.len());
    for page in pages {
        let object = objects::page(world, call, &page, Some(&person), &asked, now);
        rows.push(fields::keep(&object, &asked, "Page")?);
    }
    paging::page(call, rows)
}

/// The person a path means, if the token may speak of them: their own user token, or the app's.
fn person_meant(world: &World, call: &Call, person: &str, now: i64) -> Result<String, GraphError> {
    let bearer = match bearer(world, call, now) {
        // An app may ask what it was allowed, and give it back, after its data access ended.
        Err(error) if error.subcode == Some(493) => {
            let token = call.token.as_deref().unwrap_or_default();
            match world.known(token) {
                Ok(Some(token)) if token.page.is_none() => Bearer::User(token.person.clone()),
                _ => return Err(error),
            }
        }
        other => other?,
    };
    let meant = subject(&bearer, person)?;
    let allowed = match &bearer {
        Bearer::App => world.persons.contains_key(&meant),
        Bearer::User(own) => *own == meant,
        Bearer::Page { .. } => false,
    };
    if allowed {
        Ok(meant)
    } else {
        Err(GraphError::no_such_object(call.method.as_str(), person))
    }
}
