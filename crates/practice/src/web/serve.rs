//! One Graph call over HTTP: trouble before it, the answer, trouble after it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{base, hung_up, login};
use crate::graph::{self, Answer, Call, GraphError};
use crate::strike::{Plan, Refusal};
use crate::trouble::Nonsense;
use crate::world::Line;
use crate::{APP_ID, Endpoint, Network};

/// The version spoken when the address names none.
const VERSION: &str = "v25.0";
/// Calls an hour that count as 100 percent in the usage headers.
const HOURLY: u64 = 10_000;

/// Answers whatever has no page of its own: the dialog, and the Graph.
pub(super) async fn serve(State(network): State<Arc<Network>>, request: Request) -> Response {
    let base = base(&network, request.headers());
    let mut path: Vec<String> = request
        .uri()
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let version = match path.first() {
        Some(first) if is_version(first) => path.remove(0),
        _ => VERSION.to_owned(),
    };
    if path == ["dialog", "oauth"] && request.method() == Method::GET {
        let query = request.uri().query().unwrap_or_default().to_owned();
        return login::open(&network, &query).await;
    }
    graph_call(network, request, version, path, base).await
}

/// What a trouble says before a call is carried out: an answer, or nothing.
pub(super) async fn struck(plan: &Plan, facts: &Facts) -> Option<Response> {
    if plan.drop_request {
        return Some(hung_up());
    }
    if plan.wait_milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(plan.wait_milliseconds)).await;
    }
    if let Some(refusal) = &plan.refusal {
        return Some(facts.respond(&Err(refused(refusal))));
    }
    match plan.nonsense {
        Some(Nonsense::Html) => Some(
            Html("<!doctype html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>")
                .into_response(),
        ),
        Some(Nonsense::Empty) => Some(([(header::CONTENT_TYPE, "application/json")], "").into_response()),
        Some(Nonsense::Cut) | None => None,
    }
}

/// What the headers of an answer tell.
pub(super) struct Facts {
    pub version: String,
    pub trace: String,
    pub calls_this_hour: u64,
    /// Whose limits the call falls under: a Page's id, or `None` for the app's.
    pub page: Option<String>,
}

impl Facts {
    /// Counts the call; answers what is planned for it and what its headers will say.
    pub fn begin(
        network: &Network,
        endpoint: Endpoint,
        version: String,
        page: Option<String>,
    ) -> std::io::Result<(Plan, Self)> {
        network.change(|world, now| {
            let calls_this_hour = world.count(endpoint, now);
            let count = world.counts.get(&endpoint).copied().unwrap_or_default();
            let mut trace = world.keyed(&format!("trace {endpoint} {count}"));
            trace.truncate(11);
            (
                world.plan(endpoint, now),
                Self {
                    version,
                    trace,
                    calls_this_hour,
                    page,
                },
            )
        })
    }

    fn respond(&self, answer: &Answer) -> Response {
        let (status, body) = match answer {
            Ok(value) => (StatusCode::OK, value.to_string()),
            Err(error) => (
                StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST),
                error.envelope(&self.trace).to_string(),
            ),
        };
        let regain = answer.as_ref().err().and_then(|error| error.regain_minutes);
        let call_count = if regain.is_some() {
            100
        } else {
            (self.calls_this_hour * 100 / HOURLY).min(99)
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let mut put = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("content-type", "application/json; charset=UTF-8");
        put(
            "cache-control",
            "private, no-cache, no-store, must-revalidate",
        );
        put("facebook-api-version", &self.version);
        put("x-fb-trace-id", &self.trace);
        put(
            "x-app-usage",
            &json!({ "call_count": call_count, "total_cputime": 0, "total_time": 0 }).to_string(),
        );
        if self.page.is_some() || regain.is_some() {
            let usage = json!([{
                "type": "pages",
                "call_count": call_count,
                "total_cputime": 0,
                "total_time": 0,
                "estimated_time_to_regain_access": regain.unwrap_or(0),
            }]);
            let owner = self.page.clone().unwrap_or_else(|| APP_ID.to_owned());
            let usage = Value::Object(serde_json::Map::from_iter([(owner, usage)]));
            put("x-business-use-case-usage", &usage.to_string());
        }
        response
    }
}

async fn graph_call(
    network: Arc<Network>,
    request: Request,
    version: String,
    path: Vec<String>,
    base: String,
) -> Response {
    let method = request.method().clone();
    let call = Call::read(request, version.clone(), path.clone(), base).await;
    let method = call.as_ref().map_or(method, |call| call.method.clone());
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let endpoint = graph::endpoint(&method, &parts);
    let page = page_of(&network, &parts);
    let (plan, facts) = match Facts::begin(&network, endpoint, version, page) {
        Ok(begun) => begun,
        Err(error) => return unsaved(&error),
    };
    let waits = plan.wait_milliseconds > 0;
    let carry_out = {
        let network = Arc::clone(&network);
        async move {
            if let Some(response) = struck(&plan, &facts).await {
                return response;
            }
            let done = network.change(|world, now| {
                let answer = call.and_then(|call| graph::answer(world, &call, now));
                let lost = answer.is_ok() && world.loses_response(endpoint, now);
                (answer, lost)
            });
            match done {
                Err(error) => unsaved(&error),
                Ok((_, true)) => hung_up(),
                Ok((answer, false)) if plan.nonsense == Some(Nonsense::Cut) => cut(&answer),
                Ok((answer, false)) => facts.respond(&answer),
            }
        }
    };
    let response = if waits {
        // A real service goes on after an impatient client has left; so does this one.
        match tokio::spawn(carry_out).await {
            Ok(response) => response,
            Err(_) => hung_up(),
        }
    } else {
        carry_out.await
    };
    note(&network, &method, endpoint, &response);
    response
}

fn note(network: &Network, method: &Method, endpoint: Endpoint, response: &Response) {
    let hung_up = response.extensions().get::<super::HungUp>().is_some();
    let status = if hung_up {
        0
    } else {
        response.status().as_u16()
    };
    // Nothing is saved for a line in the log, so this can't fail.
    let _ = network.change(|world, now| {
        let method = method.to_string();
        world.note(Line {
            at: now,
            method,
            endpoint,
            status,
        });
    });
}

fn refused(refusal: &Refusal) -> GraphError {
    match refusal {
        Refusal::RateLimit { code, minutes } => GraphError::limited(*code, *minutes),
        Refusal::Outage { status } => GraphError::unavailable(*status),
        Refusal::Error {
            code,
            subcode,
            message,
            status,
        } => GraphError {
            status: *status,
            subcode: *subcode,
            transient: matches!(code, 1 | 2 | 4 | 17 | 32 | 341 | 613 | 80001),
            ..GraphError::oauth(
                *code,
                message
                    .clone()
                    .unwrap_or_else(|| format!("(#{code}) An error made on purpose")),
            )
        },
    }
}

/// The first half of the answer, as if it were the whole.
fn cut(answer: &Answer) -> Response {
    let text = answer
        .as_ref()
        .map_or_else(|error| error.envelope("").to_string(), Value::to_string);
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    (
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        half,
    )
        .into_response()
}

/// The change stands in memory only: nobody may be told that it is safe.
fn unsaved(error: &std::io::Error) -> Response {
    let error = GraphError {
        status: 500,
        ..GraphError::oauth(
            2,
            format!("The practice network could not write its state file: {error}"),
        )
    };
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        axum::Json(error.envelope("")),
    )
        .into_response()
}

/// The Page a path speaks of, by its own id or a post's.
fn page_of(network: &Network, path: &[&str]) -> Option<String> {
    let id = path.first()?.split('_').next()?;
    network
        .look(|world, _| world.pages.contains_key(id))
        .then(|| id.to_owned())
}

/// `v25.0` and the like.
fn is_version(part: &str) -> bool {
    let Some((major, minor)) = part.strip_prefix('v').and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(major) && digits(minor)
}
