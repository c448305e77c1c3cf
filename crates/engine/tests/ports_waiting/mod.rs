//! A browser trip that waits for its answer.

use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::provider::{LoopbackHost, LoopbackPort, RedirectRule};
use evergrant_engine::ports::{Browser, Expected, SystemBrowser, Trip, TripError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::Url;

pub const PATH: &str = "/callback/example";

pub fn page() -> Url {
    "https://as.example/authorize?state=STATE&code_challenge=C"
        .parse()
        .unwrap()
}

pub fn expected() -> Expected {
    Expected {
        state: Secret::new("STATE"),
        issuer: None,
        patience: Duration::from_secs(300),
        provider_name: "Example".to_owned(),
    }
}

pub fn rule(host: LoopbackHost, port: LoopbackPort) -> RedirectRule {
    RedirectRule::Loopback { host, port }
}

fn announcing() -> SystemBrowser {
    SystemBrowser::new().with_announce(|_| {}).without_opening()
}

pub async fn prepare(host: LoopbackHost, port: LoopbackPort) -> Result<Box<dyn Trip>, TripError> {
    announcing().prepare(&rule(host, port), PATH).await
}

/// A trip that waits for its answer.
pub struct Waiting {
    pub redirect: Url,
    pub port: u16,
    pub trip: JoinHandle<Result<Secret, TripError>>,
}

impl Waiting {
    pub async fn start(host: LoopbackHost) -> Self {
        Self::with(&announcing(), host, expected()).await
    }

    pub async fn expecting(expected: Expected) -> Self {
        Self::with(&announcing(), LoopbackHost::Ip4, expected).await
    }

    pub async fn with(browser: &SystemBrowser, host: LoopbackHost, expected: Expected) -> Self {
        let trip = browser
            .prepare(&rule(host, LoopbackPort::Any), PATH)
            .await
            .unwrap();
        let redirect = trip.redirect_uri().clone();
        let port = redirect.port().unwrap();
        Self {
            redirect,
            port,
            trip: tokio::spawn(trip.go(page(), expected)),
        }
    }

    pub fn is_over(&self) -> bool {
        self.trip.is_finished()
    }

    pub async fn outcome(self) -> Result<Secret, TripError> {
        self.trip.await.unwrap()
    }

    pub async fn connect(&self, address: &str) -> TcpStream {
        TcpStream::connect((address, self.port)).await.unwrap()
    }

    pub async fn get(&self, target: &str) -> String {
        self.ask(&format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            self.port
        ))
        .await
    }

    pub async fn ask(&self, request: &str) -> String {
        self.ask_at("127.0.0.1", request).await
    }

    /// Sends `request` and gives the whole answer.
    pub async fn ask_at(&self, address: &str, request: &str) -> String {
        let mut guest = self.connect(address).await;
        guest.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        guest.read_to_string(&mut answer).await.unwrap();
        answer
    }
}
