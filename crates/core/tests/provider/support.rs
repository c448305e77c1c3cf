//! What the tests share.

use chrono::DateTime;
use evergrant_core::http::Response;
use evergrant_core::provider::{Catalogue, Provider, Values};
use evergrant_core::{Instant, Secret};
use serde_json::Value;

pub const APP: &str = "4711";

pub fn facebook() -> Provider {
    Catalogue::from_shipped_and(Vec::new())
        .unwrap()
        .get("facebook")
        .unwrap()
        .clone()
}

/// A fixture of the `valid` folder.
pub fn fixture(id: &str) -> Provider {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/valid");
    let text = std::fs::read_to_string(format!("{folder}/{id}.toml")).unwrap();
    Provider::parse(&format!("{id}.toml"), &text)
        .unwrap()
        .resolve(None)
        .unwrap()
}

pub fn values() -> Values {
    Values::new()
        .client_id(APP)
        .client_secret(&Secret::new("app-secret"))
        .access(&Secret::new("EAAuser"))
        .account_id("10")
}

pub fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

pub fn raw(status: u16, body: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

pub fn at(seconds: i64) -> Instant {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// 25 November 2026, 02:00 UTC.
pub fn now() -> Instant {
    at(1_795_572_000)
}
