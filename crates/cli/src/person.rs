//! The ways to the person during a sign-in: the browser, the address, the pasted answer.

use std::sync::Arc;

use clap::Args;
use evergrant_core::grant::Remember;
use evergrant_engine::ports::SystemBrowser;

use crate::ask::AddressFromInput;
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
        if self.no_browser || self.paste || !session.global.quiet {
            let Self { paste, no_browser } = self;
            browser = browser.with_announce(move |page| {
                remark(if no_browser {
                    "Open this address in your browser:"
                } else {
                    "Your browser opens. If it does not, open this address yourself:"
                });
                remark(&format!("  {page}"));
                if !paste {
                    remark("Waiting for you there, five minutes at most (Ctrl-C gives up) ...");
                }
            });
        }
        Arc::new(browser)
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
