//! A practice network on a real socket with a clock that the test moves, and a client that shows everything.

// Each test file uses its own part of this.
#![allow(dead_code)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use evergrant_practice::{APP_ID, APP_SECRET, Choice, Clock, Network, Options, Practice, Trouble};
use reqwest::{Method, Response};
use serde_json::Value;

/// Wednesday, 25 November 2026, 08:00 UTC.
pub const START: i64 = 1_795_593_600;
pub const SCOPES: &str = "pages_show_list,pages_manage_posts,pages_read_engagement";
pub const REDIRECT: &str = "http://127.0.0.1:5000/callback";
pub const BAKERY: &str = "500100";
pub const TRAINS: &str = "500200";
pub const DAY: i64 = 86_400;
/// A whole PNG of one pixel.
pub const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4,
    0x89, 0x00, 0x00, 0x00, 0x0b, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x00, 0x02, 0x00,
    0x00, 0x05, 0x00, 0x01, 0xe9, 0xfa, 0xdc, 0xd8, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44,
    0xae, 0x42, 0x60, 0x82,
];

pub struct Lab {
    pub practice: Practice,
    pub client: reqwest::Client,
    clock: Arc<AtomicI64>,
}

pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Reply {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            headers,
            body,
        }
    }

    pub fn text(&self, pointer: &str) -> String {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.body))
            .into()
    }

    /// Code and subcode (0 for none) of an error answer.
    pub fn error(&self) -> (u64, u64) {
        let error = &self.body["error"];
        assert!(
            error["message"].is_string() && error["fbtrace_id"].is_string(),
            "no error in {}",
            self.body
        );
        (
            error["code"].as_u64().expect("a code"),
            error["error_subcode"].as_u64().unwrap_or(0),
        )
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_else(|| panic!("no header {name}"))
    }
}

impl Lab {
    pub async fn start() -> Self {
        Self::with_file(None).await
    }

    pub async fn with_file(state_file: Option<PathBuf>) -> Self {
        // The HTTP client wants a crypto provider even for plain HTTP; a second install is refused and does no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(AtomicI64::new(START));
        let reading = Arc::clone(&clock);
        let options = Options {
            state_file,
            clock: Clock::given(Arc::new(move || reading.load(Ordering::SeqCst))),
            ..Options::default()
        };
        let practice = Practice::start(options).await.expect("it starts");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            practice,
            client,
            clock,
        }
    }

    pub fn network(&self) -> &Network {
        self.practice.network()
    }

    pub fn move_clock(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn trouble(&self, trouble: Trouble) {
        self.network().apply(trouble).expect("trouble is made");
    }

    pub fn dialog(&self, extra: &str) -> String {
        format!(
            "{}/v25.0/dialog/oauth?client_id={APP_ID}&redirect_uri={REDIRECT}&scope={SCOPES}&state=st{extra}",
            self.practice.origin()
        )
    }

    pub fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.practice.origin()))
            .query(query)
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        Reply::of(
            self.request(Method::GET, path, query)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        Reply::of(
            self.request(Method::DELETE, path, query)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        Reply::of(
            self.request(Method::POST, path, &[])
                .form(form)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub fn code(&self, user: &str) -> String {
        let address = self
            .network()
            .answer_dialog(&self.dialog(""), user, &Choice::Everything)
            .expect("consent");
        parameter(&address, "code")
    }

    pub async fn redeem(&self, code: &str) -> Reply {
        self.get(
            "/v25.0/oauth/access_token",
            &[
                ("client_id", APP_ID),
                ("client_secret", APP_SECRET),
                ("redirect_uri", REDIRECT),
                ("code", code),
            ],
        )
        .await
    }

    pub async fn short(&self, user: &str) -> String {
        self.redeem(&self.code(user)).await.text("/access_token")
    }

    pub async fn exchange(&self, token: &str) -> Reply {
        self.get(
            "/v25.0/oauth/access_token",
            &[
                ("grant_type", "fb_exchange_token"),
                ("client_id", APP_ID),
                ("client_secret", APP_SECRET),
                ("fb_exchange_token", token),
            ],
        )
        .await
    }

    pub async fn long(&self, user: &str) -> String {
        self.exchange(&self.short(user).await)
            .await
            .text("/access_token")
    }

    pub async fn page_token(&self, token: &str, page: &str) -> String {
        self.get(
            &format!("/v25.0/{page}"),
            &[("fields", "access_token"), ("access_token", token)],
        )
        .await
        .text("/access_token")
    }

    pub async fn debug(&self, token: &str) -> Value {
        let app = format!("{APP_ID}|{APP_SECRET}");
        let reply = self
            .get(
                "/v25.0/debug_token",
                &[("input_token", token), ("access_token", &app)],
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["data"].clone()
    }

    pub async fn me(&self, token: &str) -> Reply {
        self.get(
            "/v25.0/me",
            &[("fields", "id,name"), ("access_token", token)],
        )
        .await
    }

    pub async fn publish(&self, token: &str, message: &str) -> Reply {
        self.post(
            &format!("/v25.0/{BAKERY}/feed"),
            &[("message", message), ("access_token", token)],
        )
        .await
    }
}

pub fn parameter(address: &str, name: &str) -> String {
    let address = url::Url::parse(address).expect("an address");
    address
        .query_pairs()
        .find(|(key, _)| key == name)
        .map_or_else(
            || panic!("no {name} in {address}"),
            |(_, value)| value.into_owned(),
        )
}
