//! The person at a client, as the browser of a sign-in that the owner carries out.
//!
//! The owner listens for the answer; the client, which has the terminal or the window, shows the
//! page. When the client goes, its sign-in is given up.

use std::sync::Arc;

use evergrant_core::Secret;
use tokio::sync::{Mutex, mpsc, watch};

use super::Say;
use crate::ports::{PasteMistake, PasteSource, Pending, Revocable, SystemBrowser};

/// A sign-in's way to the person behind one connection: `say` goes to the client, `pasted` comes
/// from it, and the trip is over when the sender of `gone` is dropped.
pub(super) fn at_client(
    say: mpsc::Sender<Say>,
    pasted: mpsc::Receiver<Option<Secret>>,
    gone: watch::Receiver<bool>,
) -> Revocable {
    let paste = Paste {
        say: say.clone(),
        pasted: Mutex::new(pasted),
    };
    let browser = SystemBrowser::new()
        .without_opening()
        .with_paste(Arc::new(paste))
        .with_announce(move |page| {
            let address = page.to_string();
            // A client that does not read what it is told has gone, or soon will be.
            let _ = say.try_send(Say::Page { address });
        });
    Revocable::new(browser, gone)
}

struct Paste {
    say: mpsc::Sender<Say>,
    pasted: Mutex<mpsc::Receiver<Option<Secret>>>,
}

impl PasteSource for Paste {
    fn ask(&self, mistake: Option<PasteMistake>) -> Pending<'_, Option<Secret>> {
        Box::pin(async move {
            let mistake = mistake.map(|mistake| mistake.to_string());
            self.say.send(Say::PasteWanted { mistake }).await.ok()?;
            self.pasted.lock().await.recv().await.flatten()
        })
    }
}
