//! The person during a sign-in: the system's browser, and what they paste into the window.

use std::sync::mpsc;

use evergrant_core::Secret;
use evergrant_core::command::{Code, Problem};
use evergrant_core::ids::AccountId;
use evergrant_core::window::WindowEvent;
use evergrant_engine::ports::browser::open_page;
use evergrant_engine::socket::{HangUp, Person};

use super::Tell;

/// For commands that reach nobody.
pub struct Nobody;

impl Person for Nobody {
    fn page(&mut self, _address: &str) {}

    fn pasted(&mut self, _mistake: Option<&str>) -> Option<Secret> {
        None
    }
}

/// In front of the window.
pub struct AtWindow {
    pub account: Option<AccountId>,
    pub tell: Tell,
    pub pasted: mpsc::Receiver<Option<Secret>>,
    pub hang_up: HangUp,
    /// The sign-in page, once it is known.
    pub page: Option<String>,
    /// Why there is no browser.
    pub failed: Option<Problem>,
}

impl Person for AtWindow {
    fn page(&mut self, address: &str) {
        self.page = Some(address.to_owned());
        if let Err(error) = open_page(address) {
            self.failed = Some(
                Problem::new(Code::SignInFailed, error.to_string())
                    .hint("Choose a browser in your desktop's settings, then try again."),
            );
            // Nobody can come back from a page that was not opened.
            self.hang_up.now();
            return;
        }
        (self.tell)(WindowEvent::Page {
            account: self.account.clone(),
        });
    }

    fn pasted(&mut self, mistake: Option<&str>) -> Option<Secret> {
        (self.tell)(WindowEvent::PasteWanted {
            page: self.page.clone().unwrap_or_default(),
            mistake: mistake.map(str::to_owned),
        });
        // The sender goes when the sign-in is given up.
        self.pasted.recv().ok().flatten()
    }
}
