//! The control page and the control API: trouble by click or by request.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::{Map, Value, json};

use super::html::{Width, escape, hidden, page as whole_page, table};
use super::{foreign_origin, is_own_origin};
use crate::graph::long_date;
use crate::seed::{APP_ID, APP_NAME, SCOPES};
use crate::trouble::{self, TroubleError};
use crate::world::{Kind, Person, Token, World, sha256};
use crate::{Endpoint, Network};

/// `POST /control`: makes one trouble, named in a form or in JSON.
pub(super) async fn apply(
    State(network): State<Arc<Network>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_own_origin(&headers) {
        return foreign_origin();
    }
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let words = if media_type.contains("json") {
        serde_json::from_slice(&body).map_err(|error| TroubleError::Words(error.to_string()))
    } else {
        Ok(url::form_urlencoded::parse(&body)
            .map(|(name, value)| (name.into_owned(), Value::from(value)))
            .collect())
    };
    // Sent by a click on the page below, which wants to be seen again.
    let clicked = words
        .as_ref()
        .is_ok_and(|words: &Map<String, Value>| words.contains_key("back"));
    match words
        .and_then(trouble::read)
        .and_then(|trouble| network.apply(trouble))
    {
        Ok(()) if clicked => Redirect::to("/control").into_response(),
        Ok(()) => Json(json!({ "ok": true, "now": network.now() })).into_response(),
        Err(error) => {
            let status = match error {
                TroubleError::Save(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            (
                status,
                Json(json!({ "ok": false, "error": error.to_string() })),
            )
                .into_response()
        }
    }
}

/// `GET /control/state`: everything but the tokens themselves.
pub(super) async fn state(State(network): State<Arc<Network>>) -> Response {
    Json(network.look(describe)).into_response()
}

/// `GET /control`.
pub(super) async fn page(State(network): State<Arc<Network>>) -> Response {
    let body = network.look(|world, now| {
        let mut body = format!("<p>It is <time>{}</time> here.</p>", long_date(now));
        body.push_str(&clock_card());
        body.push_str("<div class=\"grid\">");
        body.extend(
            world
                .persons
                .values()
                .map(|person| person_card(world, person, now)),
        );
        body.push_str("</div>");
        body.push_str(&calls_card(world));
        body.push_str(&tokens_card(world, now));
        body.push_str(&requests_card(world));
        body
    });
    whole_page(StatusCode::OK, "Make trouble", Width::Wide, &body)
}

fn describe(world: &World, now: i64) -> Value {
    let persons: Vec<Value> = world
        .persons
        .values()
        .map(|person| {
            json!({
                "id": person.id,
                "user": person.user,
                "name": person.name,
                "checkpoint": person.checkpoint,
                "scopes": person.scopes,
                "data_access_until": person.data_access_until,
                "roles": person.roles,
            })
        })
        .collect();
    let tokens: Vec<Value> = world
        .tokens
        .iter()
        .map(|(text, token)| {
            json!({
                "fingerprint": fingerprint(text),
                "kind": kind(token),
                "person": token.person,
                "page": token.page,
                "issued_at": token.issued_at,
                "expires_at": token.expires_at,
                "parent": token.parent.as_deref().map(fingerprint),
                "good": world.flaw(token, now).is_none(),
            })
        })
        .collect();
    json!({
        "now": now,
        "offset": world.offset,
        "app": { "id": APP_ID, "name": APP_NAME },
        "persons": persons,
        "pages": world.pages.values().collect::<Vec<_>>(),
        "tokens": tokens,
        "posts": world.posts,
        "troubles": world.standing,
        "counts": world.counts,
        "log": world.log,
    })
}

/// Eight hex digits by which a token can be told from others, and no more.
fn fingerprint(token: &str) -> String {
    let mut hash = sha256(token.as_bytes());
    hash.truncate(8);
    hash
}

fn kind(token: &Token) -> &'static str {
    match token.kind {
        Kind::Short => "short",
        Kind::Long => "long",
        Kind::Page => "page",
    }
}

/// A form with one button. `fields` are hidden name and value pairs, `more` is HTML.
fn button(label: &str, fields: &[(&str, &str)], more: &str) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| hidden(name, value))
        .collect();
    format!(
        "<form method=\"post\" action=\"/control\">{}{fields}{more}<button>{}</button></form>",
        hidden("back", "1"),
        escape(label)
    )
}

/// A drop-down list with a label.
fn choose<'a>(
    label: &str,
    name: &str,
    options: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut html = format!("<label>{label}<select name=\"{name}\">");
    for (value, text) in options {
        let _ = write!(
            html,
            "<option value=\"{}\">{}</option>",
            escape(value),
            escape(text)
        );
    }
    html.push_str("</select></label>");
    html
}

fn number(label: &str, name: &str, value: &str) -> String {
    format!(
        "<label>{label}<input name=\"{name}\" inputmode=\"numeric\" size=\"6\" value=\"{value}\"></label>"
    )
}

fn clock_card() -> String {
    let mut html =
        String::from("<section class=\"card\"><h2>The issuer's clock</h2><div class=\"row\">");
    for (label, seconds) in [
        ("One hour on", "3600"),
        ("One day on", "86400"),
        ("30 days on", "2592000"),
        ("60 days on", "5184000"),
    ] {
        html.push_str(&button(
            label,
            &[("trouble", "jump"), ("seconds", seconds)],
            "",
        ));
    }
    html.push_str(&button(
        "Jump",
        &[("trouble", "jump")],
        &number("Seconds", "seconds", "600"),
    ));
    html.push_str("</div></section>");
    html
}

fn person_card(world: &World, person: &Person, now: i64) -> String {
    let good = world
        .tokens
        .values()
        .filter(|token| token.person == person.id && world.flaw(token, now).is_none())
        .count();
    let scopes = person.granted().join(", ");
    let user = person.user.as_str();
    let mut html = format!(
        "<section class=\"card\"><h2>{name}</h2><p class=\"soft\">User {user}, id {id}. {good} good tokens. \
         Allowed: {scopes}.{checkpoint}</p><div class=\"row\">",
        name = escape(&person.name),
        user = escape(user),
        id = escape(&person.id),
        scopes = if scopes.is_empty() {
            "nothing"
        } else {
            &scopes
        },
        checkpoint = if person.checkpoint {
            " <b>Stopped at a checkpoint.</b>"
        } else {
            ""
        },
    );
    for (label, trouble) in [
        ("Expire now", "expire_now"),
        ("Change password", "change_password"),
        ("Remove the app", "remove_app"),
        ("Sign out everywhere", "sign_out_everywhere"),
        ("End data access", "end_data_access"),
        ("Checkpoint", "checkpoint"),
        ("Clear checkpoint", "clear_checkpoint"),
    ] {
        html.push_str(&button(
            label,
            &[("trouble", trouble), ("person", user)],
            "",
        ));
    }
    let scopes = || SCOPES.iter().map(|(scope, _)| (*scope, *scope));
    let pages = || {
        world
            .pages
            .values()
            .map(|page| (page.id.as_str(), page.name.as_str()))
    };
    html.push_str(&button(
        "Drop",
        &[("trouble", "drop_scope"), ("person", user)],
        &choose("Permission", "scope", scopes()),
    ));
    html.push_str(&button(
        "Restore",
        &[("trouble", "restore_scope"), ("person", user)],
        &choose("Permission", "scope", scopes()),
    ));
    html.push_str(&button(
        "Take role",
        &[("trouble", "take_role"), ("person", user)],
        &choose("Page", "page", pages()),
    ));
    html.push_str(&button(
        "Give role",
        &[("trouble", "give_role"), ("person", user)],
        &choose("Page", "page", pages()),
    ));
    html.push_str("</div></section>");
    html
}

fn calls_card(world: &World) -> String {
    const TROUBLES: [(&str, &str); 11] = [
        ("rate_limit", "Rate limit"),
        ("outage", "Outage (503)"),
        ("nonsense", "Nonsense instead of an answer"),
        ("slow", "Slow answers"),
        ("lose_response", "Accept, then lose the answer"),
        ("drop_request", "Drop the request"),
        ("odd_expires_in", "No expires_in"),
        ("zero_expires_at", "expires_at: 0"),
        ("exchange_fails", "Exchange fails"),
        ("exchange_returns_short", "Exchange returns the short token"),
        ("error", "Graph error with this code"),
    ];
    let endpoints = std::iter::once(("", "everywhere")).chain(
        Endpoint::ALL
            .iter()
            .map(|endpoint| (endpoint.name(), endpoint.name())),
    );
    let fields = [
        choose("Trouble", "trouble", TROUBLES.into_iter()),
        choose("Where", "endpoint", endpoints),
        number("Calls (empty: until cleared)", "calls", "1"),
        number("Minutes (limit)", "minutes", "5"),
        number("Milliseconds (slow)", "milliseconds", "3000"),
        number("Code (error, limit)", "code", ""),
    ]
    .concat();
    let mut html = format!(
        "<section class=\"card\"><h2>Calls</h2><div class=\"row\">{}{}</div>",
        button("Make this trouble", &[], &fields),
        button("Clear all of it", &[("trouble", "clear")], ""),
    );
    if world.standing.is_empty() {
        html.push_str("<p class=\"soft\">No trouble stands.</p>");
    } else {
        let rows: Vec<Vec<String>> = world
            .standing
            .iter()
            .map(|standing| {
                let words = serde_json::to_string(&standing.trouble).unwrap_or_default();
                let left = standing
                    .left
                    .map_or_else(|| "until cleared".to_owned(), |left| left.to_string());
                vec![format!("<code>{}</code>", escape(&words)), left]
            })
            .collect();
        html.push_str(&table(&["Standing trouble", "Calls left"], &rows));
    }
    html.push_str("</section>");
    html
}

fn tokens_card(world: &World, now: i64) -> String {
    let rows: Vec<Vec<String>> = world
        .tokens
        .iter()
        .map(|(text, token)| {
            let whose = world
                .persons
                .get(&token.person)
                .map_or("", |person| person.name.as_str());
            let page = token
                .page
                .as_ref()
                .and_then(|page| world.pages.get(page))
                .map_or("", |page| page.name.as_str());
            let ends = if token.expires_at == 0 {
                "no end".to_owned()
            } else {
                long_date(token.expires_at)
            };
            let state = world
                .flaw(token, now)
                .map_or_else(|| "good".to_owned(), |flaw| flaw.error(now).message);
            vec![
                format!("<code>{}</code>", fingerprint(text)),
                kind(token).to_owned(),
                escape(whose),
                escape(page),
                ends,
                escape(&state),
            ]
        })
        .collect();
    format!(
        "<section class=\"card\"><h2>Tokens</h2>{}</section>",
        table(
            &["Fingerprint", "Kind", "Person", "Page", "Ends", "State"],
            &rows
        )
    )
}

fn requests_card(world: &World) -> String {
    let counts: Vec<Vec<String>> = world
        .counts
        .iter()
        .map(|(endpoint, count)| vec![endpoint.to_string(), count.to_string()])
        .collect();
    let lines: Vec<Vec<String>> = world
        .log
        .iter()
        .rev()
        .map(|line| {
            let status = if line.status == 0 {
                "no answer".to_owned()
            } else {
                line.status.to_string()
            };
            vec![
                long_date(line.at),
                escape(&line.method),
                line.endpoint.to_string(),
                status,
            ]
        })
        .collect();
    format!(
        "<div class=\"grid\"><section class=\"card\"><h2>Calls so far</h2>{}</section>\
         <section class=\"card\"><h2>Latest calls</h2>{}</section></div>",
        table(&["Endpoint", "Calls"], &counts),
        table(&["When", "Method", "Endpoint", "Status"], &lines)
    )
}
