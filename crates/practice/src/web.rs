//! Everything that speaks HTTP.

mod control;
mod html;
mod login;
mod public;
mod serve;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use url::Url;

use crate::Network;
use crate::graph::http_date;

/// Marks a response that must not be sent: the connection closes without an answer instead.
///
/// Callers who use [`router`] without a socket find it among the response's extensions and must treat it as a
/// lost connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HungUp;

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the practice network closed the connection without an answer, as it was told to",
        )
    }
}

impl std::error::Error for HungUp {}

/// The practice network's pages and Graph, to be called in-process or served.
pub fn router(network: Arc<Network>) -> Router {
    Router::new()
        .route("/", get(public::index))
        .route("/pages/{page}", get(public::page))
        .route("/photos/{photo}", get(public::photo))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/connect/login_success.html", get(login::success))
        .route("/dialog/sign-in", post(login::sign_in))
        .route("/dialog/confirm", post(login::confirm))
        .route("/dialog/consent", post(login::consent))
        .route("/control", get(control::page).post(control::apply))
        .route("/control/state", get(control::state))
        .fallback(serve::serve)
        .layer(DefaultBodyLimit::max(crate::graph::MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(&network), guard))
        .with_state(network)
}

/// A response that stands for a closed connection.
fn hung_up() -> Response {
    let mut response = (StatusCode::BAD_GATEWAY, HungUp.to_string()).into_response();
    response.extensions_mut().insert(HungUp);
    response
}

/// Keeps other sites out: a name that only resolves to this computer is not this computer (DNS rebinding).
/// Also puts the issuer's time on every answer.
async fn guard(State(network): State<Arc<Network>>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .map(|host| host.to_str().unwrap_or_default().to_owned());
    let mut response = if host.is_none_or(|host| is_loopback(&host)) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "The practice network answers only to 127.0.0.1, [::1] and localhost.\n",
        )
            .into_response()
    };
    if let Ok(date) = HeaderValue::from_str(&http_date(network.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn is_loopback(authority: &str) -> bool {
    let Ok(address) = Url::parse(&format!("http://{authority}/")) else {
        return false;
    };
    match address.host() {
        Some(url::Host::Ipv4(host)) => host.is_loopback(),
        Some(url::Host::Ipv6(host)) => host.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    }
}

/// Whether a form was sent by one of our own pages, or by a program, which sends no `Origin`.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().unwrap_or_default())
    };
    match text(header::ORIGIN) {
        None => true,
        Some(origin) => text(header::HOST).is_some_and(|host| origin == format!("http://{host}")),
    }
}

fn foreign_origin() -> Response {
    (
        StatusCode::FORBIDDEN,
        "This form was sent by another site.\n",
    )
        .into_response()
}

/// The base of the addresses in an answer, as the caller wrote it.
fn base(network: &Network, headers: &HeaderMap) -> String {
    match headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
    {
        Some(host) => format!("http://{host}"),
        None => network.origin().unwrap_or("http://127.0.0.1").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_computer_are_loopback() {
        for host in ["127.0.0.1:80", "localhost", "[::1]:9000", "127.0.0.2"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.test",
            "127.0.0.1.evil.test",
            "10.0.0.1",
            "",
            "localhost.evil.test:80",
            "a@evil.test",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
