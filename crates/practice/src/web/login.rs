//! The pages of the sign-in dialog: sign in, checkpoint, consent, and the page whose address is copied.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{RawForm, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::html::{Width, escape, hidden, page};
use super::serve::{Facts, struck};
use super::{base, foreign_origin, is_own_origin};
use crate::dialog::Asked;
use crate::graph::GraphError;
use crate::seed::APP_NAME;
use crate::world::{Person, World};
use crate::{Endpoint, Network};

/// How long a person may look at the consent page, in seconds.
const TICKET_LIFE: i64 = 1800;

/// The login page, at `/dialog/oauth`.
pub(super) async fn open(network: &Network, query: &str) -> Response {
    let begun = Facts::begin(network, Endpoint::Dialog, String::new(), None);
    if let Ok((plan, facts)) = begun
        && let Some(response) = struck(&plan, &facts).await
    {
        return response;
    }
    match Asked::read(query) {
        Ok(_) => login_page(query, None),
        Err(error) => error_page(&error),
    }
}

/// The login form was sent.
pub(super) async fn sign_in(
    State(network): State<Arc<Network>>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    if !is_own_origin(&headers) {
        return foreign_origin();
    }
    let form = Form::read(&body);
    let asked = match Asked::read(form.text("request")) {
        Ok(asked) => asked,
        Err(error) => return error_page(&error),
    };
    if form.text("choice") == "cancel" {
        return lead_to(&asked.cancelled());
    }
    network.look(|world, now| {
        let known = world
            .person(form.text("user").trim())
            .filter(|person| person.password == form.text("password"));
        let Some(person) = known else {
            return login_page(
                form.text("request"),
                Some("The user name or the password is wrong."),
            );
        };
        let ticket = ticket(world, &person.id, form.text("request"), now + TICKET_LIFE);
        if person.checkpoint {
            return checkpoint_page(person, form.text("request"), &ticket);
        }
        consent_page(world, person, &asked, form.text("request"), &ticket)
    })
}

/// The person said that it was them.
pub(super) async fn confirm(
    State(network): State<Arc<Network>>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    if !is_own_origin(&headers) {
        return foreign_origin();
    }
    let form = Form::read(&body);
    let request = form.text("request");
    let asked = match Asked::read(request) {
        Ok(asked) => asked,
        Err(error) => return error_page(&error),
    };
    let done = network.change(|world, now| {
        let Some(id) = ticket_holder(world, form.text("ticket"), request, now) else {
            return login_page(request, Some("That took too long. Please sign in again."));
        };
        if let Some(person) = world.persons.get_mut(&id) {
            person.checkpoint = false;
            world.dirty = true;
        }
        match world.persons.get(&id) {
            Some(person) => consent_page(world, person, &asked, request, form.text("ticket")),
            None => login_page(request, None),
        }
    });
    done.unwrap_or_else(|error| unsaved(&error))
}

/// The consent form was sent.
pub(super) async fn consent(
    State(network): State<Arc<Network>>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    if !is_own_origin(&headers) {
        return foreign_origin();
    }
    let form = Form::read(&body);
    let request = form.text("request");
    let asked = match Asked::read(request) {
        Ok(asked) => asked,
        Err(error) => return error_page(&error),
    };
    if form.text("choice") == "cancel" {
        return lead_to(&asked.cancelled());
    }
    let done = network.change(|world, now| {
        let Some(person) = ticket_holder(world, form.text("ticket"), request, now) else {
            return login_page(request, Some("That took too long. Please sign in again."));
        };
        lead_to(&world.consent(&person, &asked, &form.all("scope"), now))
    });
    done.unwrap_or_else(|error| unsaved(&error))
}

/// Where people land whose app can't listen: they copy the address into the app.
pub(super) async fn success(
    State(network): State<Arc<Network>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.filter(|query| !query.is_empty());
    let Some(query) = query else {
        return page(
            StatusCode::OK,
            "Nothing to copy",
            Width::Narrow,
            "<p>Apps that can't listen on this computer send people here after signing in.</p>",
        );
    };
    let address = format!(
        "{}/connect/login_success.html?{query}",
        base(&network, &headers)
    );
    let body = format!(
        "<div class=\"card\"><p>Copy the address of this page and paste it into the app that sent you here. \
         It is good for ten minutes and can be used once, so don't give it to anybody else.</p>\
         <label class=\"field\">Address<input readonly value=\"{}\"></label></div>",
        escape(&address)
    );
    page(
        StatusCode::OK,
        "Copy the address of this page",
        Width::Narrow,
        &body,
    )
}

struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .collect()
    }
}

fn login_page(request: &str, problem: Option<&str>) -> Response {
    let (status, problem) = match problem {
        None => (StatusCode::OK, String::new()),
        Some(problem) => (
            StatusCode::BAD_REQUEST,
            format!("<p class=\"alert\" role=\"alert\">{}</p>", escape(problem)),
        ),
    };
    let body = format!(
        "<div class=\"card\">{problem}<p>{APP_NAME} wants to use your account. Sign in to go on.</p>\
         <form method=\"post\" action=\"/dialog/sign-in\">{request}\
         <label class=\"field\" for=\"user\">User name<input id=\"user\" name=\"user\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" required autofocus></label>\
         <label class=\"field\" for=\"password\">Password<input id=\"password\" name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required></label>\
         <div class=\"row\"><button class=\"main\" name=\"choice\" value=\"sign-in\">Sign in</button>\
         <button name=\"choice\" value=\"cancel\" formnovalidate>Cancel</button></div></form></div>\
         <p class=\"soft\">Here live Ada (user name <b>ada</b>) and Ben (user name <b>ben</b>). \
         Both have the password <b>practice</b>.</p>",
        request = hidden("request", request),
    );
    page(status, "Sign in", Width::Narrow, &body)
}

fn checkpoint_page(person: &Person, request: &str, ticket: &str) -> Response {
    let body = format!(
        "<div class=\"card\"><p>{name}, we noticed something unusual about your account. Until you have confirmed \
         that it was you, apps can't use it.</p><form method=\"post\" action=\"/dialog/confirm\">{request}{ticket}\
         <button class=\"main\">This was me</button></form></div>",
        name = escape(&person.name),
        request = hidden("request", request),
        ticket = hidden("ticket", ticket),
    );
    page(
        StatusCode::OK,
        "Please confirm it is you",
        Width::Narrow,
        &body,
    )
}

fn consent_page(
    world: &World,
    person: &Person,
    asked: &Asked,
    request: &str,
    ticket: &str,
) -> Response {
    let mut ticks = String::new();
    let offers = world.offers(&person.id, asked);
    for offer in &offers {
        let before = if offer.granted_before {
            " <span class=\"soft\">(allowed before)</span>"
        } else {
            ""
        };
        let _ = write!(
            ticks,
            "<label class=\"tick\"><input type=\"checkbox\" name=\"scope\" value=\"{scope}\" checked>\
             <span>{allows}{before}<br><code class=\"soft\">{scope}</code></span></label>",
            scope = escape(&offer.scope),
            allows = escape(offer.allows),
        );
    }
    let fields = if offers.is_empty() {
        "<p>It asks for nothing new.</p>".to_owned()
    } else {
        format!("<fieldset><legend>It would also like to:</legend>{ticks}</fieldset>")
    };
    let body = format!(
        "<div class=\"card\"><p>You are signed in as <b>{name}</b>. {APP_NAME} will be able to see your name.</p>\
         <form method=\"post\" action=\"/dialog/consent\">{request}{ticket}{fields}\
         <div class=\"row\"><button class=\"main\" name=\"choice\" value=\"continue\">Continue</button>\
         <button name=\"choice\" value=\"cancel\">Cancel</button></div></form></div>",
        name = escape(&person.name),
        request = hidden("request", request),
        ticket = hidden("ticket", ticket),
    );
    page(
        StatusCode::OK,
        &format!("Allow {APP_NAME}?"),
        Width::Narrow,
        &body,
    )
}

fn error_page(error: &GraphError) -> Response {
    let body = format!(
        "<div class=\"card\"><p class=\"alert\" role=\"alert\">{}</p><p class=\"soft\">{} {}</p></div>",
        escape(&error.message),
        error.kind,
        error.code
    );
    page(
        StatusCode::BAD_REQUEST,
        "Something is wrong with this request",
        Width::Narrow,
        &body,
    )
}

fn unsaved(error: &std::io::Error) -> Response {
    error_page(&GraphError::oauth(
        2,
        format!("The practice network could not write its state file: {error}"),
    ))
}

fn lead_to(address: &str) -> Response {
    (
        StatusCode::FOUND,
        [
            (header::LOCATION, address),
            (header::CACHE_CONTROL, "no-store"),
        ],
    )
        .into_response()
}

/// Proof that a person signed in for this very request: no session needs to be kept.
fn ticket(world: &World, person: &str, request: &str, until: i64) -> String {
    let proof = world.keyed(&format!("ticket {person} {until} {request}"));
    format!("{person}.{until}.{proof}")
}

fn ticket_holder(world: &World, given: &str, request: &str, now: i64) -> Option<String> {
    let mut parts = given.split('.');
    let (person, until) = (parts.next()?, parts.next()?.parse::<i64>().ok()?);
    (until > now && ticket(world, person, request, until) == given).then(|| person.to_owned())
}
