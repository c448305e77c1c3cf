//! The person's trip through the system browser.

use std::io;
use std::sync::Arc;

use evergrant_core::Secret;
use evergrant_core::provider::RedirectRule;
use tokio::sync::watch;
use url::Url;

use super::http::is_loopback;
use super::loopback::Loopback;
use super::paste::{self, PasteSource};
use super::{Browser, Expected, Pending, Trip, TripError};

/// Shows the person the address of the sign-in page.
pub type Announce = Arc<dyn Fn(&Url) + Send + Sync>;

/// Starts the browser with an address.
pub type Launch = Arc<dyn Fn(&Url) -> io::Result<()> + Send + Sync>;

/// The browser the person uses anyway (RFC 8252 section 5), and the place where it brings the
/// answer.
///
/// The opened address holds `state` and the challenge, never a token or a secret.
#[derive(Clone)]
pub struct SystemBrowser {
    announce: Option<Announce>,
    launch: Option<Launch>,
    paste: Option<Arc<dyn PasteSource>>,
}

impl Default for SystemBrowser {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemBrowser {
    /// Opens the system's browser; nobody else hears of the address, and a service that needs an
    /// address pasted is not possible.
    pub fn new() -> Self {
        Self {
            announce: None,
            launch: Some(Arc::new(launch)),
            paste: None,
        }
    }

    /// `announce` is called with every address before it is opened. A browser that can't be started
    /// is no failure then: the person can open the address by hand.
    #[must_use]
    pub fn with_announce(mut self, announce: impl Fn(&Url) + Send + Sync + 'static) -> Self {
        self.announce = Some(Arc::new(announce));
        self
    }

    /// Whoever asks the person for a pasted address.
    #[must_use]
    pub fn with_paste(mut self, paste: Arc<dyn PasteSource>) -> Self {
        self.paste = Some(paste);
        self
    }

    /// Starts the browser in another way than the system's.
    #[must_use]
    pub fn with_launch(
        mut self,
        launch: impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.launch = Some(Arc::new(launch));
        self
    }

    /// Starts no browser: the address is announced, and the person opens it.
    #[must_use]
    pub fn without_opening(mut self) -> Self {
        self.launch = None;
        self
    }

    /// Brings `page` before the person.
    async fn show(self, page: Url) -> Result<(), TripError> {
        is_page(&page)?;
        if let Some(announce) = &self.announce {
            announce(&page);
        }
        let failure = match self.launch {
            None => "opening it is turned off",
            Some(launch) => match tokio::task::spawn_blocking(move || launch(&page)).await {
                Ok(Ok(())) => return Ok(()),
                // The error's own words may hold the whole command line.
                Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                    "there is no program that opens web pages"
                }
                Ok(Err(_)) | Err(_) => "the program that opens web pages failed",
            },
        };
        if self.announce.is_some() {
            tracing::debug!(
                failure,
                "the browser was not opened; the address was announced"
            );
            return Ok(());
        }
        Err(TripError::NoBrowser(failure.to_owned()))
    }
}

impl Browser for SystemBrowser {
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let (rule, path) = (rule.clone(), path.to_owned());
        Box::pin(async move {
            let browser = self.clone();
            Ok(match rule {
                RedirectRule::Loopback { host, port } => {
                    let place = Loopback::open(host, port, &path).await?;
                    Box::new(LoopbackTrip { browser, place }) as Box<dyn Trip>
                }
                RedirectRule::Paste { url } => match browser.paste.clone() {
                    Some(source) => Box::new(PasteTrip {
                        browser,
                        source,
                        redirect: url,
                    }),
                    None => {
                        return Err(TripError::NotPossible(
                            "This service needs an address pasted, and nobody can be asked here; \
                             run “evergrant connect” in a terminal."
                                .to_owned(),
                        ));
                    }
                },
            })
        })
    }
}

/// A browser whose trips end when whoever began them has gone, or has begun anew.
#[derive(Clone)]
pub struct Revocable {
    browser: SystemBrowser,
    revoked: watch::Receiver<bool>,
}

impl Revocable {
    /// Trips through `browser` are given up once `revoked` is true or its sender is dropped.
    pub fn new(browser: SystemBrowser, revoked: watch::Receiver<bool>) -> Self {
        Self { browser, revoked }
    }
}

impl Browser for Revocable {
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let trip = self.browser.prepare(rule, path);
        let revoked = self.revoked.clone();
        Box::pin(async move {
            let trip = trip.await?;
            Ok(Box::new(RevocableTrip { trip, revoked }) as Box<dyn Trip>)
        })
    }
}

struct RevocableTrip {
    trip: Box<dyn Trip>,
    revoked: watch::Receiver<bool>,
}

impl Trip for RevocableTrip {
    fn redirect_uri(&self) -> &Url {
        self.trip.redirect_uri()
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        let Self { trip, mut revoked } = *self;
        Box::pin(async move {
            tokio::select! {
                biased;
                outcome = trip.go(page, expected) => outcome,
                _ = revoked.wait_for(|revoked| *revoked) => Err(TripError::GivenUp),
            }
        })
    }
}

struct LoopbackTrip {
    browser: SystemBrowser,
    place: Loopback,
}

impl Trip for LoopbackTrip {
    fn redirect_uri(&self) -> &Url {
        self.place.redirect()
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        Box::pin(async move {
            let Self { browser, place } = *self;
            let answer = place.answer(expected);
            tokio::pin!(answer);
            // The browser may bring the answer before its launcher is done.
            tokio::select! {
                outcome = &mut answer => outcome,
                shown = browser.show(page) => match shown {
                    Ok(()) => answer.await,
                    Err(error) => Err(error),
                },
            }
        })
    }
}

struct PasteTrip {
    browser: SystemBrowser,
    source: Arc<dyn PasteSource>,
    redirect: Url,
}

impl Trip for PasteTrip {
    fn redirect_uri(&self) -> &Url {
        &self.redirect
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        Box::pin(async move {
            let Self {
                browser,
                source,
                redirect,
            } = *self;
            browser.show(page.clone()).await?;
            paste::ask(source.as_ref(), &page, &redirect, &expected).await
        })
    }
}

/// Opens a sign-in page in the system's browser, for a client whose owner waits for the answer.
pub fn open_page(address: &str) -> Result<(), TripError> {
    let page = Url::parse(address).map_err(|error| TripError::NoBrowser(error.to_string()))?;
    is_page(&page)?;
    launch(&page)
        .map_err(|_| TripError::NoBrowser("the program that opens web pages failed".to_owned()))
}

/// Only web pages: the address may come from a service's own description of itself.
fn is_page(page: &Url) -> Result<(), TripError> {
    if page.scheme() == "https" || (page.scheme() == "http" && is_loopback(page)) {
        return Ok(());
    }
    Err(TripError::NoBrowser(
        "the address of the sign-in page is not an https address".to_owned(),
    ))
}

/// Starts the system's browser without waiting for it; a launcher that fails does so at once.
fn launch(page: &Url) -> io::Result<()> {
    open::that_detached(page.as_str())
}
