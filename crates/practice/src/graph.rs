//! The Graph: which call means what, and the answers.

mod access_token;
mod call;
mod debug_token;
mod error;
mod feed;
mod fields;
mod objects;
mod paging;
mod people;
mod photos;

use axum::http::Method;
use serde_json::Value;

pub(crate) use call::{Call, MAX_BODY};
pub(crate) use error::GraphError;

use crate::Endpoint;
use crate::world::{Bearer, World};

/// What a call answers.
pub(crate) type Answer = Result<Value, GraphError>;

/// Which part of the Graph a call belongs to. `path` is without version and closing slash.
pub(crate) fn endpoint(method: &Method, path: &[&str]) -> Endpoint {
    match path {
        ["oauth", "access_token"] => Endpoint::AccessToken,
        ["debug_token"] => Endpoint::DebugToken,
        ["me"] => Endpoint::Me,
        [_, "permissions", ..] => Endpoint::Permissions,
        [_, "accounts"] => Endpoint::Accounts,
        [_, "feed"] if *method == Method::POST => Endpoint::Feed,
        [_, "feed" | "published_posts" | "posts" | "scheduled_posts"] => Endpoint::FeedRead,
        [_, "photos"] => Endpoint::Photos,
        [] | [_] => Endpoint::Objects,
        _ => Endpoint::Any,
    }
}

/// Carries out a call.
pub(crate) fn answer(world: &mut World, call: &Call, now: i64) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match (call.method.as_str(), path.as_slice()) {
        ("GET" | "POST", ["oauth", "access_token"]) => access_token::answer(world, call, now),
        ("GET" | "POST", ["debug_token"]) => debug_token::answer(world, call, now),
        ("GET", []) => objects::several(world, call, now),
        ("GET", [id]) => objects::one(world, call, id, now),
        ("DELETE", [id]) => objects::delete(world, call, id, now),
        ("GET", [person, "permissions"]) => people::permissions(world, call, person, now),
        ("DELETE", [person, "permissions"]) => {
            let scope = call.params.text("permission");
            people::withdraw(world, call, person, scope.as_deref(), now)
        }
        ("DELETE", [person, "permissions", scope]) => {
            people::withdraw(world, call, person, Some(scope), now)
        }
        ("GET", [person, "accounts"]) => people::accounts(world, call, person, now),
        ("POST", [page, "feed"]) => feed::publish(world, call, page, now),
        ("GET", [page, "feed" | "published_posts" | "posts"]) => {
            feed::read(world, call, page, false, now)
        }
        ("GET", [page, "scheduled_posts"]) => feed::read(world, call, page, true, now),
        ("POST", [page, "photos"]) => photos::publish(world, call, page, now),
        ("GET", [page, "photos"]) => photos::read(world, call, page, now),
        ("GET" | "DELETE", [first, ..]) if objects::exists(world, first) => Err(
            GraphError::unknown_path(path.last().copied().unwrap_or_default()),
        ),
        (method, [first, ..]) => Err(GraphError::no_such_object(method, first)),
        (method, []) => Err(GraphError::no_such_object(method, "")),
    }
}

/// Whom the call's token speaks for; checks `appsecret_proof` when it is there.
fn bearer(world: &World, call: &Call, now: i64) -> Result<Bearer, GraphError> {
    let token = call.token.as_deref().ok_or_else(|| {
        if call.path.first().is_some_and(|first| first == "me") {
            GraphError::no_active_token()
        } else {
            GraphError::oauth(104, "An access token is required to request this resource.")
        }
    })?;
    let bearer = world.bearer(token, now).map_err(|flaw| flaw.error(now))?;
    call.check_proof(token)?;
    Ok(bearer)
}

/// The id a path's first part stands for: `me` is the person, or the Page of a Page token.
fn subject(bearer: &Bearer, id: &str) -> Result<String, GraphError> {
    match (id, bearer) {
        ("me", Bearer::User(person)) => Ok(person.clone()),
        ("me", Bearer::Page { page, .. }) => Ok(page.clone()),
        ("me", Bearer::App) => Err(GraphError::no_active_token()),
        (id, _) => Ok(id.to_owned()),
    }
}

/// `2026-11-25T08:00:00+0000`, as the Graph writes times.
fn graph_date(at: i64) -> String {
    date(at).format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// `Wednesday, 25-Nov-26 08:00:00 GMT`, as error texts write times.
pub(crate) fn long_date(at: i64) -> String {
    date(at).format("%A, %d-%b-%y %H:%M:%S GMT").to_string()
}

/// `Wed, 25 Nov 2026 08:00:00 GMT`, as the `Date` header writes times (RFC 9110, section 5.6.7).
pub(crate) fn http_date(at: i64) -> String {
    date(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn date(at: i64) -> chrono::DateTime<chrono::Utc> {
    // A time beyond what a date can say is a clock gone wild; 1970 shows it.
    chrono::DateTime::from_timestamp(at, 0).unwrap_or_default()
}
