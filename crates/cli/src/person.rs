//! The ways to the person during a sign-in: the browser, the address, the pasted answer.

use std::sync::Arc;

use clap::Args;
use evergrant_core::Secret;
use evergrant_core::grant::Remember;
use evergrant_engine::ports::SystemBrowser;
use evergrant_engine::ports::browser::open_page;
use evergrant_engine::socket::Person;

use crate::ask::{self, AddressFromInput};
use crate::look::remark;
use crate::session::Session;

/// How a sign-in reaches the person.
#[derive(Clone, Copy, Debug, Args)]
pub struct Way {
    /// Paste the address of the last page instead of having it caught
    ///
    /// For services that allow no address on this computer, and for a browser on another one.
    #[arg(long)]
    pub paste: bool,
    /// Only print the address; open it in a browser yourself
    #[arg(long)]
    pub no_browser: bool,
}

impl Way {
    /// The browser for this sign-in.
    pub fn browser(self, session: &Session) -> Arc<SystemBrowser> {
        let mut browser = SystemBrowser::new().with_paste(Arc::new(AddressFromInput));
        if self.no_browser {
            browser = browser.without_opening();
        }
        if self.is_announced(session.global.quiet) {
            browser = browser.with_announce(move |page| self.announce(page.as_str()));
        }
        Arc::new(browser)
    }

    /// Without a browser of ours, and where something is to be pasted, the address is needed.
    fn is_announced(self, quiet: bool) -> bool {
        self.no_browser || self.paste || !quiet
    }

    fn announce(self, page: &str) {
        remark(if self.no_browser {
            "Open this address in your browser:"
        } else {
            "Your browser opens. If it does not, open this address yourself:"
        });
        remark(&format!("  {page}"));
        if !self.paste {
            remark("Waiting for you there, five minutes at most (Ctrl-C gives up) ...");
        }
    }
}

/// The person in front of this program, for a sign-in that the keeper carries out.
pub struct AtTerminal {
    /// How the sign-in reaches them; a command that opens no browser has none.
    pub way: Option<Way>,
    /// No notes are wanted.
    pub quiet: bool,
}

impl Person for AtTerminal {
    fn page(&mut self, address: &str) {
        let Some(way) = self.way else { return };
        if way.is_announced(self.quiet) {
            way.announce(address);
        }
        if way.no_browser {
            return;
        }
        if let Err(error) = open_page(address) {
            // Where the address was announced it can be opened by hand.
            remark(&error.to_string());
        }
    }

    fn pasted(&mut self, mistake: Option<&str>) -> Option<Secret> {
        ask::address(mistake)
    }
}

/// Reads `always`, `quit` or a number of days.
pub fn remember(text: &str) -> Result<Remember, String> {
    match text {
        "always" => Ok(Remember::Always),
        "quit" => Ok(Remember::UntilQuit),
        days => match days.trim_end_matches(['d', 'D']).parse::<u32>() {
            Ok(days @ 1..=3650) => Ok(Remember::Days(days)),
            _ => Err("write always, quit, or a number of days from 1 to 3650".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choices_are_read_and_everything_else_is_refused() {
        assert_eq!(remember("always"), Ok(Remember::Always));
        assert_eq!(remember("quit"), Ok(Remember::UntilQuit));
        assert_eq!(remember("30"), Ok(Remember::Days(30)));
        assert_eq!(remember("7d"), Ok(Remember::Days(7)));
        for text in ["0", "-1", "forever", "", "4000"] {
            assert!(remember(text).is_err(), "{text}");
        }
    }
}
