//! The person at a client, as the browser of a sign-in that the owner carries out.
//!
//! The owner listens for the answer; the client, which has the terminal or the window, shows the
//! page. When the client goes, its sign-in is given up.

use std::sync::Arc;

use evergrant_core::Secret;
use evergrant_core::provider::RedirectRule;
use tokio::sync::{Mutex, mpsc, watch};
use url::Url;

use super::Say;
use crate::ports::{
    Browser, Expected, PasteMistake, PasteSource, Pending, SystemBrowser, Trip, TripError,
};

/// A sign-in's way to the person behind one connection.
pub(super) struct AtClient {
    browser: SystemBrowser,
    gone: watch::Receiver<bool>,
}

/// What the connection brings back while a command is carried out.
pub(super) struct Answers {
    pub(super) pasted: Mutex<mpsc::Receiver<Option<Secret>>>,
}

impl AtClient {
    pub(super) fn new(
        say: mpsc::Sender<Say>,
        answers: Arc<Answers>,
        gone: watch::Receiver<bool>,
    ) -> Self {
        let paste = Paste {
            say: say.clone(),
            answers,
        };
        let browser = SystemBrowser::new()
            .without_opening()
            .with_paste(Arc::new(paste))
            .with_announce(move |page| {
                let address = page.to_string();
                // A client that does not read what it is told has gone, or soon will be.
                let _ = say.try_send(Say::Page { address });
            });
        Self { browser, gone }
    }
}

impl Browser for AtClient {
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let trip = self.browser.prepare(rule, path);
        let gone = self.gone.clone();
        Box::pin(async move {
            let trip = trip.await?;
            Ok(Box::new(Accompanied { trip, gone }) as Box<dyn Trip>)
        })
    }
}

/// A trip that ends with the connection.
struct Accompanied {
    trip: Box<dyn Trip>,
    gone: watch::Receiver<bool>,
}

impl Trip for Accompanied {
    fn redirect_uri(&self) -> &Url {
        self.trip.redirect_uri()
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        let Self { trip, mut gone } = *self;
        Box::pin(async move {
            tokio::select! {
                biased;
                outcome = trip.go(page, expected) => outcome,
                _ = gone.wait_for(|gone| *gone) => Err(TripError::GivenUp),
            }
        })
    }
}

struct Paste {
    say: mpsc::Sender<Say>,
    answers: Arc<Answers>,
}

impl PasteSource for Paste {
    fn ask(&self, mistake: Option<PasteMistake>) -> Pending<'_, Option<Secret>> {
        Box::pin(async move {
            let mistake = mistake.map(|mistake| mistake.to_string());
            self.say.send(Say::PasteWanted { mistake }).await.ok()?;
            self.answers.pasted.lock().await.recv().await.flatten()
        })
    }
}
