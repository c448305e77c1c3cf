//! The person in the browser, by plain HTTP: reads the page, fills its forms, follows the redirect.

use std::io::{Read, Write};
use std::net::TcpStream;

use regex::Regex;
use url::Url;

/// What the person does.
pub enum Answer {
    /// Signs in as this user and continues with every box ticked.
    Yes(&'static str),
    /// Signs in as this user and continues without this permission.
    Without(&'static str, &'static str),
    /// Presses "Cancel".
    Cancel,
}

/// Goes through the dialog at `address`; gives the last page.
pub fn answer(address: &str, who: &Answer) -> String {
    let last = walk(address, who);
    fetch(&last, None).1
}

/// Goes through the dialog; gives the address the browser is sent to, without going there.
pub fn walk(address: &str, who: &Answer) -> String {
    let dialog = Url::parse(address).unwrap();
    let (head, page) = fetch(address, None);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let request = dialog.query().unwrap();
    assert!(page.contains("name=\"request\""), "{page}");
    let (user, without) = match who {
        Answer::Yes(user) => (user, ""),
        Answer::Without(user, scope) => (user, *scope),
        Answer::Cancel => {
            return form(&dialog, "/dialog/sign-in", request, &[("choice", "cancel")]).0;
        }
    };
    let fields = [
        ("user", *user),
        ("password", "practice"),
        ("choice", "sign-in"),
    ];
    let (_, page) = form(&dialog, "/dialog/sign-in", request, &fields);
    let one = |pattern: &str| Regex::new(pattern).unwrap();
    let ticket = one(r#"name="ticket" value="([^"]+)""#)
        .captures(&page)
        .unwrap()[1]
        .to_owned();
    let boxes = one(r#"name="scope" value="([^"]+)""#);
    let mut fields = vec![("ticket", ticket.as_str()), ("choice", "continue")];
    let scopes: Vec<_> = boxes
        .captures_iter(&page)
        .map(|found| found[1].to_owned())
        .collect();
    fields.extend(
        scopes
            .iter()
            .filter(|scope| *scope != without)
            .map(|scope| ("scope", scope.as_str())),
    );
    form(&dialog, "/dialog/consent", request, &fields).0
}

/// Sends a form; gives where it leads, and the page.
fn form(dialog: &Url, path: &str, request: &str, fields: &[(&str, &str)]) -> (String, String) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("request", request)
        .extend_pairs(fields)
        .finish();
    let (head, page) = fetch(dialog.join(path).unwrap().as_str(), Some(&body));
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    (location.unwrap_or_default().to_owned(), page)
}

fn fetch(address: &str, body: Option<&str>) -> (String, String) {
    let url = Url::parse(address).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(&host).unwrap();
    let target = url.query().map_or_else(
        || url.path().to_owned(),
        |query| format!("{}?{query}", url.path()),
    );
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.unwrap_or_default();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), page.to_owned())
}
