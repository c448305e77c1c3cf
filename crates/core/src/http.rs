//! Requests and answers as data. Core builds and reads them; the engine carries them.

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::Secret;
use crate::time::Instant;

/// HTTP methods that provider files may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request ready to send. `Debug` shows the method and the address without its query.
#[derive(Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where. May hold a token in its query, if the provider documents no other place.
    pub url: Url,
    /// Header names (lower case) and values.
    pub headers: Vec<(String, Secret)>,
    /// What.
    pub body: Body,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.name(), without_query(&self.url))
    }
}

/// The address without user, query and fragment, where tokens may stand; safe to show.
pub fn without_query(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The body of a [`Request`].
#[derive(Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// `application/x-www-form-urlencoded`, already encoded.
    Form(Secret),
    /// `application/json`, already encoded.
    Json(Secret),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Clone)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// Its content.
    pub content: PartContent,
}

/// What a [`Part`] holds.
#[derive(Clone)]
pub enum PartContent {
    /// A text field.
    Text(Secret),
    /// A file.
    File(Media),
}

/// Bytes of a picture or other file that a post carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// File name sent along; carries no path.
    pub file_name: String,
    /// Media type such as `image/png`.
    pub mime: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Media({}, {}, {} bytes)",
            self.file_name,
            self.mime,
            self.bytes.len()
        )
    }
}

/// An answer. `Debug` shows the status and the length only, since bodies carry tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header names (lower case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, at most as long as the engine allows.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name (any case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The issuer's own time, from the `Date` header (RFC 9110 section 6.6.1).
    pub fn date(&self) -> Option<Instant> {
        let text = self.header("date")?;
        chrono::DateTime::parse_from_rfc2822(text)
            .ok()
            .map(|at| at.to_utc())
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, where it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_request_leaves_out_query_and_body() {
        let request = Request {
            method: Method::Get,
            url: Url::parse("https://user:pw@graph.test/v1/debug_token?input_token=SECRET#x")
                .unwrap(),
            headers: vec![("authorization".into(), Secret::new("Bearer SECRET"))],
            body: Body::Form(Secret::new("access_token=SECRET")),
        };
        assert_eq!(
            format!("{request:?}"),
            "GET https://graph.test/v1/debug_token"
        );
    }

    #[test]
    fn the_date_header_gives_the_issuers_time() {
        let answer = Response {
            status: 200,
            headers: vec![("date".into(), "Wed, 25 Nov 2026 02:00:00 GMT".into())],
            body: vec![],
        };
        assert_eq!(answer.date().unwrap().timestamp(), 1_795_572_000);
        assert!(answer.is_success());
    }
}
