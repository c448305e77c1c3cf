//! The small pages a browser sees at our end of a sign-in.

use std::fmt::Write as _;

use super::TripError;
use super::answer::{Foreign, Outcome};

/// System colours, so that the page is light or dark like everything else.
const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;\
font:1.125rem/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}\
main{max-width:34rem;padding:2rem}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}\
p{margin:0;overflow-wrap:anywhere}";

/// SHA-256 of [`STYLE`], so that the page may use this style and no other; a test compares them.
const STYLE_HASH: &str = "sha256-ap2bJPFc0YS+B6VZhHAMG1zQSCunxmglWSl9+zVN4l4=";

/// One answer to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    status: &'static str,
    heading: String,
    text: String,
}

impl Page {
    /// The page for the real answer of the service called `provider`.
    pub fn outcome(provider: &str, outcome: &Outcome) -> Self {
        let back = "You can close this tab and go back to Evergrant.";
        let (heading, text) = match outcome {
            Ok(_) => (format!("You are signed in to {provider}."), back.to_owned()),
            Err(TripError::Denied) => (
                format!("The sign-in to {provider} was cancelled."),
                back.to_owned(),
            ),
            Err(TripError::Refused { said, .. }) => (
                format!("{provider} refused the sign-in."),
                format!("It said: {said}. {back}"),
            ),
            Err(other) => (
                format!("The sign-in to {provider} failed."),
                format!("{other} {back}"),
            ),
        };
        Self {
            status: "200 OK",
            heading,
            text,
        }
    }

    /// The page for something that is not the answer; the sign-in goes on waiting.
    pub fn foreign(why: Foreign) -> Self {
        Self {
            status: "400 Bad Request",
            heading: why.to_string(),
            text: "Evergrant took nothing from it and goes on waiting. Go on in the tab where you \
                   were signing in, or start the sign-in again from Evergrant."
                .to_owned(),
        }
    }

    /// The page for an answer after the answer.
    pub fn already_answered() -> Self {
        Self::small(
            "400 Bad Request",
            "This sign-in has had its answer already.",
        )
    }

    /// The page for every other path.
    pub fn wrong_path() -> Self {
        Self::small("404 Not Found", "There is nothing at this address.")
    }

    /// The page for everything but GET.
    pub fn wrong_method() -> Self {
        Self::small("405 Method Not Allowed", "This address can only be opened.")
    }

    /// The page for a name that is not this computer's (DNS rebinding).
    pub fn wrong_host() -> Self {
        Self::small(
            "421 Misdirected Request",
            "This address is for this computer alone.",
        )
    }

    /// The page for what is not HTTP.
    pub fn nonsense() -> Self {
        Self::small("400 Bad Request", "This could not be understood.")
    }

    /// The page for a request whose head is too large.
    pub fn too_large() -> Self {
        Self::small(
            "431 Request Header Fields Too Large",
            "This is too large to be an answer.",
        )
    }

    fn small(status: &'static str, heading: &str) -> Self {
        let text = "Evergrant waits here for one sign-in and takes nothing else.";
        Self {
            status,
            heading: heading.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The whole HTTP answer.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = self.html();
        let mut answer = format!("HTTP/1.1 {}\r\n", self.status);
        if self.status.starts_with("405") {
            answer.push_str("Allow: GET\r\n");
        }
        let _ = write!(
            answer,
            "Content-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Connection: close\r\n\
             Cache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'; style-src '{STYLE_HASH}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
             \r\n{body}",
            body.len(),
        );
        answer.into_bytes()
    }

    fn html(&self) -> String {
        let heading = escape(&self.heading);
        let text = escape(&self.text);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{heading} – Evergrant</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{heading}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use evergrant_core::Secret;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn the_policy_allows_exactly_our_style() {
        let hash = sha2::Sha256::digest(STYLE.as_bytes());
        let hash = base64::engine::general_purpose::STANDARD.encode(hash);
        assert_eq!(STYLE_HASH, format!("sha256-{hash}"));
    }

    #[test]
    fn what_the_service_said_is_text_and_not_markup() {
        let refused = TripError::Refused {
            code: "x".to_owned(),
            said: "<script>alert('&')</script>".to_owned(),
        };
        let page = Page::outcome("<b>Example</b>", &Err(refused)).html();
        assert!(page.contains("It said: &lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;."));
        assert!(page.contains("&lt;b&gt;Example&lt;/b&gt; refused"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_page_never_shows_the_code() {
        let page = Page::outcome("Example", &Ok(Secret::new("CODE"))).to_bytes();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("<h1>You are signed in to Example.</h1>"));
        assert!(!page.contains("CODE"));
    }

    #[test]
    fn the_length_is_right_and_nothing_may_be_kept_or_loaded() {
        let page = String::from_utf8(Page::wrong_method().to_bytes()).unwrap();
        let (head, body) = page.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        for header in [
            "HTTP/1.1 405 ",
            "\r\nAllow: GET",
            "\r\nCache-Control: no-store",
            "\r\nReferrer-Policy: no-referrer",
            "\r\nConnection: close",
            "\r\nContent-Security-Policy: default-src 'none'; ",
        ] {
            assert!(head.contains(header), "{header}");
        }
    }
}
