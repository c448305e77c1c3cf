//! The frame around every page. No scripts, nothing from elsewhere.

use std::fmt::Write as _;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

const STYLE: &str = include_str!("style.css");
// No `form-action`: browsers apply it to redirects after a form too, and the consent form leads to the app's address.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How wide a page is.
#[derive(Clone, Copy)]
pub(super) enum Width {
    Narrow,
    Normal,
    Wide,
}

/// A whole page. `body` is HTML; whatever came from outside must have gone through [`escape`].
pub(super) fn page(status: StatusCode, title: &str, width: Width, body: &str) -> Response {
    let class = match width {
        Width::Narrow => "narrow",
        Width::Normal => "",
        Width::Wide => "wide",
    };
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Practice network</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"top\"><a href=\"/\">Practice network</a><a href=\"/control\">Make trouble</a>\
         Nothing here is real, and nothing leaves this computer.</header>\n\
         <main class=\"{class}\">\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        (HeaderName::from_static("referrer-policy"), "same-origin"),
    ];
    (status, headers, Html(html)).into_response()
}

/// Text made safe for HTML content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A hidden form field.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
        escape(name),
        escape(value)
    )
}

/// A table; the cells are HTML.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut html = String::from("<div class=\"scroll\"><table><thead><tr>");
    for head in heads {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for cell in row {
            let _ = write!(html, "<td>{cell}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_dangerous_survives_escaping() {
        assert_eq!(
            escape("<a href=\"x\" title='y'>&"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
        );
    }
}
