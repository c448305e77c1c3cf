//! The narrow ports through which the engine reaches the world.
//!
//! Each trait asks for operations, never for objects to operate on, so that a fake is small and a
//! simulation can make every single call fail.

mod answer;
pub mod browser;
pub mod clock;
pub mod failing;
pub mod http;
mod loopback;
pub mod manual_clock;
pub mod network;
pub mod notifier;
mod page;
pub mod paste;
pub mod random;
pub mod scripted;
#[cfg(target_os = "linux")]
mod timer;

pub use browser::{Revocable, SystemBrowser};
pub use clock::{FileClock, SystemClock};
pub use failing::FailingHttp;
pub use http::ReqwestHttp;
pub use manual_clock::ManualClock;
pub use network::{HandNetwork, NetworkWatch, SystemNetwork};
pub use notifier::{Recorded, Silent};
pub use paste::{PasteMistake, PasteSource};
pub use random::{OsRandom, SeededRandom};
pub use scripted::ScriptedHttp;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use evergrant_core::http::{Request, Response};
use evergrant_core::provider::RedirectRule;
use evergrant_core::{Instant, Secret};
use url::Url;

/// A boxed future, so that ports can be trait objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The time, and waiting for it.
pub trait Clock: Send + Sync {
    /// The time now, by this computer.
    fn now(&self) -> Instant;

    /// Waits until `at`, but never longer than `cap` of real time: computers suspend and clocks
    /// jump, so the caller looks again. May end earlier when the clock was set.
    fn wait_until(&self, at: Instant, cap: Duration) -> Pending<'_, ()>;

    /// The time now, and how much has really passed.
    ///
    /// A clock that knows nothing better takes all differences of [`now`](Self::now) for time that
    /// has passed. Then a clock that was set forward cannot be told from a computer that slept.
    fn reading(&self) -> Reading {
        let now = self.now();
        let since = now.signed_duration_since(Instant::UNIX_EPOCH);
        Reading {
            now,
            passed: since.to_std().unwrap_or_default(),
        }
    }
}

/// What a [`Clock`] shows at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time by this computer.
    pub now: Instant,
    /// Time since some fixed moment: it goes on while the computer sleeps, and setting the clock
    /// does not change it.
    pub passed: Duration,
}

/// Carrying one request to a service and its answer back. Never follows a redirect.
pub trait Http: Send + Sync {
    /// Sends `request`; the answer has to be complete within `limits`.
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>>;
}

/// How long an answer may take and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for the whole exchange.
    pub timeout: Duration,
    /// Bytes of the body.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_bytes: 1 << 20,
        }
    }
}

/// Why no answer came. The difference decides whether a post may be sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Transport {
    /// The request surely did not reach the service (name not found, connection refused).
    #[error("{host} could not be reached: {why}")]
    NotSent {
        /// Host the request was for.
        host: String,
        /// The cause in a few words, without address or query.
        why: String,
    },
    /// The request may have arrived; the answer did not.
    #[error("{host} did not answer: {why}")]
    NoAnswer {
        /// Host the request was for.
        host: String,
        /// The cause in a few words, without address or query.
        why: String,
    },
    /// The answer was larger than allowed and was not read to its end.
    #[error("{host} sent an answer of more than {limit} bytes")]
    TooLarge {
        /// Host the request was for.
        host: String,
        /// The limit in bytes.
        limit: usize,
    },
}

impl Transport {
    /// True unless the request surely did not reach the service.
    pub fn may_have_arrived(&self) -> bool {
        !matches!(self, Self::NotSent { .. })
    }
}

/// The person's trip through the system browser (RFC 8252): the page is opened, the redirect
/// caught.
pub trait Browser: Send + Sync {
    /// Prepares the place where the answer will arrive. `path` is the part of the redirect
    /// address that is this provider's own, such as `/callback/example`.
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>>;
}

/// One prepared trip. Dropping it closes the listener.
pub trait Trip: Send {
    /// The redirect address to send to the authorization server, exactly as it will be checked.
    fn redirect_uri(&self) -> &Url;

    /// Opens `page` and waits for the person's answer.
    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>>;
}

/// What the one valid answer of a [`Trip`] looks like.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The `state` that was sent (RFC 6749 section 10.12).
    pub state: Secret,
    /// The issuer that must be named, if its metadata says so (RFC 9207).
    pub issuer: Option<String>,
    /// How long to wait for the person.
    pub patience: Duration,
    /// The provider's name, for the page the person sees at the end.
    pub provider_name: String,
}

/// Why a [`Trip`] brought no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TripError {
    /// The person pressed "cancel" or refused the consent (`access_denied`).
    #[error("The sign-in was cancelled on the service's page.")]
    Denied,
    /// The authorization server answered with another error (RFC 6749 section 4.1.2.1).
    #[error("The service refused the sign-in: {said}")]
    Refused {
        /// The error code.
        code: String,
        /// What it said, cleaned, on one line.
        said: String,
    },
    /// Nobody answered in time.
    #[error("No answer came from the browser within {} minutes.", .0.as_secs().div_ceil(60))]
    TimedOut(Duration),
    /// The person gave up on our side.
    #[error("The sign-in was given up.")]
    GivenUp,
    /// The answer does not belong to this sign-in.
    #[error("{0}")]
    NotOurs(String),
    /// The listener could not be opened.
    #[error("No address on this computer could be opened for the answer: {0}")]
    NoListener(String),
    /// The browser could not be started.
    #[error("The browser could not be opened: {0}")]
    NoBrowser(String),
    /// This way of signing in is not possible here.
    #[error("{0}")]
    NotPossible(String),
}

/// Telling the person something while no window is open.
pub trait Notifier: Send + Sync {
    /// Shows `notice`; an error means that nobody could be told and is kept for `doctor`.
    fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>>;

    /// Takes the notice of `incident` off the screen, if it still stands there: the incident is
    /// over. Best effort; by default nothing.
    fn withdraw<'a>(&'a self, _incident: &'a str) -> Pending<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// One thing to tell the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names the incident, so that it is told once and replaced rather than repeated.
    pub incident: String,
    /// A short title.
    pub title: String,
    /// A sentence or two.
    pub body: String,
    /// The button, if one helps: its words and what it asks for, which is an account to sign in again
    /// or a link to a place in the window.
    pub action: Option<(String, String)>,
}

/// Unguessable text and spread.
pub trait Random: Send + Sync {
    /// `bytes` random bytes from the operating system, in base64url without padding.
    fn text(&self, bytes: usize) -> Secret;

    /// A number in `0..below`, for jitter.
    fn below(&self, below: u64) -> u64;
}
