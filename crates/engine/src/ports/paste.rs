//! The answer as an address the person copies from the browser, where a service allows no
//! loopback address.

use evergrant_core::Secret;
use url::Url;

use super::answer::{Foreign, Outcome, judge};
use super::{Expected, Pending, TripError};

/// How often the person is asked.
const TRIES: usize = 5;

/// The longest text that is looked at, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// Asking the person for the address of the page the sign-in ended on.
pub trait PasteSource: Send + Sync {
    /// Asks, and says first what was wrong with the last text, if there was one. `None`: the
    /// person gives up.
    fn ask(&self, mistake: Option<PasteMistake>) -> Pending<'_, Option<Secret>>;
}

/// What is wrong with a pasted text, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteMistake {
    /// Nothing was pasted.
    #[error("Nothing was pasted. Copy the whole address from the browser's address bar.")]
    Nothing,
    /// It is no address.
    #[error("That is not an address. Copy the whole address; it begins with {begins}.")]
    NoAddress {
        /// How the right address begins.
        begins: String,
    },
    /// It is the page where the sign-in begins.
    #[error(
        "That is the address where the sign-in begins. Finish signing in first, then copy the \
         address of the page that comes last; it begins with {begins}."
    )]
    Beginning {
        /// How the right address begins.
        begins: String,
    },
    /// It is the address of some other page.
    #[error(
        "That is the address of another page. Copy the address of the page the sign-in ends on; \
         it begins with {begins}."
    )]
    Elsewhere {
        /// How the right address begins.
        begins: String,
    },
    /// The address was cut off or cleaned, or the page was opened without signing in.
    #[error(
        "There is no code in that address. Copy all of it, also what comes after the question \
         mark; if the browser has removed it, open the sign-in page again."
    )]
    NoCode,
    /// It comes from another sign-in.
    #[error(
        "That address belongs to another sign-in. Use the page that was opened last, and copy the \
         address it ends on."
    )]
    OtherSignIn,
    /// Another issuer than the expected one is named, or none (RFC 9207).
    #[error(
        "That address does not come from the service that was asked. Start from the sign-in page \
         again."
    )]
    OtherIssuer,
    /// A parameter stands in it more than once.
    #[error("That address names “{0}” more than once. Copy it again, and paste it only once.")]
    Twice(&'static str),
}

/// Asks until the person has pasted the real answer, at most five times.
///
/// `page` is where the sign-in begins, `redirect` where it ends.
pub async fn ask(
    source: &dyn PasteSource,
    page: &Url,
    redirect: &Url,
    expected: &Expected,
) -> Outcome {
    let asking = async {
        let mut mistake = None;
        for _ in 0..TRIES {
            let Some(text) = source.ask(mistake.take()).await else {
                return Err(TripError::GivenUp);
            };
            match read(&text, page, redirect, expected) {
                Ok(outcome) => return outcome,
                Err(wrong) => mistake = Some(wrong),
            }
        }
        Err(TripError::NotOurs(
            mistake.map_or_else(String::new, |wrong| wrong.to_string()),
        ))
    };
    tokio::time::timeout(expected.patience, asking)
        .await
        .unwrap_or(Err(TripError::TimedOut(expected.patience)))
}

/// Reads the real answer from a pasted address; some services put it behind `#`.
pub fn read(
    text: &Secret,
    page: &Url,
    redirect: &Url,
    expected: &Expected,
) -> Result<Outcome, PasteMistake> {
    let quotes = ['"', '\'', '<', '>', '“', '”', '`'];
    let text = text.reveal().trim().trim_matches(quotes).trim();
    if text.is_empty() {
        return Err(PasteMistake::Nothing);
    }
    let begins = redirect.to_string();
    let address = match Url::parse(text) {
        Ok(address) if text.len() <= MAX_TEXT && address.has_host() => address,
        _ => return Err(PasteMistake::NoAddress { begins }),
    };
    if !same_place(&address, redirect) {
        return Err(if same_place(&address, page) {
            PasteMistake::Beginning { begins }
        } else {
            PasteMistake::Elsewhere { begins }
        });
    }
    let parts = [address.query(), address.fragment()];
    let pairs = parts
        .iter()
        .flatten()
        .flat_map(|part| url::form_urlencoded::parse(part.as_bytes()));
    judge(pairs, expected).map_err(|foreign| match foreign {
        Foreign::Twice(name) => PasteMistake::Twice(name),
        Foreign::OtherState => PasteMistake::OtherSignIn,
        Foreign::OtherIssuer => PasteMistake::OtherIssuer,
        // Without state there is no answer at all in the address, whatever else was cut off.
        Foreign::NoCode | Foreign::NoState => PasteMistake::NoCode,
    })
}

/// True if both addresses have the same scheme, host, port and path.
fn same_place(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin() && a.path() == b.path()
}
