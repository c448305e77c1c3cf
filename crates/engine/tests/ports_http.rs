//! The network, over real sockets on loopback.

mod ports_service;

use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::http::{Body, Media, Method, Part, PartContent, Request, Response};
use evergrant_engine::ports::{Http, Limits, ReqwestHttp, Transport};
use tokio::net::TcpListener;
use url::Url;

use crate::ports_service::{Manner, Service};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_form_arrives_as_written_and_the_answer_comes_back() {
    let answer =
        "HTTP/1.1 201 Created\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: 5\r\n\r\nhello";
    let mut service = Service::start(Manner::Answer(answer)).await;
    let mut request = request(Method::Post, service.url("/v1/posts?fields=id"));
    request
        .headers
        .push(("authorization".to_owned(), Secret::new("Bearer T")));
    request.body = Body::Form(Secret::new("a=b&c=d"));

    let got = send(&ReqwestHttp::new(), request).await.unwrap();
    assert_eq!(
        (got.status, got.body.as_slice()),
        (201, b"hello".as_slice())
    );
    let twice: Vec<_> = got
        .headers
        .iter()
        .filter(|(name, _)| name == "x-twice")
        .collect();
    assert_eq!(
        twice
            .iter()
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );

    let heard = service.heard().await;
    assert!(
        heard.starts_with("POST /v1/posts?fields=id HTTP/1.1\r\n"),
        "{heard}"
    );
    for line in [
        "content-type: application/x-www-form-urlencoded",
        "authorization: Bearer T",
        "content-length: 7",
        concat!("user-agent: Evergrant/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(
            heard.contains(&format!("\r\n{line}\r\n")),
            "{line} in {heard}"
        );
    }
    assert!(heard.ends_with("\r\n\r\na=b&c=d"));
}

#[tokio::test]
async fn json_keeps_a_content_type_of_its_own() {
    let mut service = Service::start(Manner::Answer(OK)).await;
    let http = ReqwestHttp::new();
    let mut plain = request(Method::Post, service.url("/"));
    plain.body = Body::Json(Secret::new("{}"));
    let mut own = plain.clone();
    own.headers.push((
        "Content-Type".to_owned(),
        Secret::new("application/vnd.example+json"),
    ));
    send(&http, plain).await.unwrap();
    assert!(
        service
            .heard()
            .await
            .contains("content-type: application/json\r\n")
    );
    send(&http, own).await.unwrap();
    let heard = service.heard().await;
    assert!(heard.contains("content-type: application/vnd.example+json\r\n"));
    assert_eq!(heard.matches("content-type").count(), 1);
}

#[tokio::test]
async fn a_multipart_body_is_written_byte_for_byte() {
    let mut service = Service::start(Manner::Answer(OK)).await;
    let mut request = request(Method::Post, service.url("/photos"));
    request.body = Body::Multipart(vec![
        Part {
            name: "attached_media[0]".to_owned(),
            content: PartContent::Text(Secret::new("hé\r\nllo")),
        },
        Part {
            name: "source".to_owned(),
            content: PartContent::File(Media {
                file_name: "../dir/blue \"sky\"\r\n.png".to_owned(),
                mime: "image/png".to_owned(),
                bytes: Arc::from(b"\x89PNG\r\n\r\nbytes".as_slice()),
            }),
        },
    ]);
    send(&ReqwestHttp::new(), request).await.unwrap();

    let heard = service.heard_bytes().await;
    let text = String::from_utf8_lossy(&heard);
    let boundary = text.split_once("multipart/form-data; boundary=").unwrap().1;
    let boundary = boundary.split_once("\r\n").unwrap().0;
    let mut expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"attached_media[0]\"\r\n\r\n\
         hé\r\nllo\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"source\"; \
         filename=\"blue %22sky%22%0D%0A.png\"\r\nContent-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    expected.extend_from_slice(b"\x89PNG\r\n\r\nbytes");
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let start = heard.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(
        String::from_utf8_lossy(&heard[start..]),
        String::from_utf8_lossy(&expected)
    );
    assert!(text.contains(&format!("content-length: {}\r\n", expected.len())));
}

#[tokio::test]
async fn a_refused_port_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{port}/me?access_token=SECRET")
            .parse()
            .unwrap();
        let error = send(&ReqwestHttp::new(), request(Method::Get, url))
            .await
            .unwrap_err();
        assert_eq!(
            error,
            Transport::NotSent {
                host: host.into(),
                why: "the connection was refused".into()
            }
        );
    }
}

#[tokio::test]
async fn a_service_that_speaks_no_tls_is_not_sent_anything() {
    let mut service = Service::start(Manner::Answer("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let mut url = service.url("/me?access_token=SECRET");
    url.set_scheme("https").unwrap();
    let error = send(&ReqwestHttp::new(), request(Method::Post, url))
        .await
        .unwrap_err();
    assert!(!error.may_have_arrived(), "{error}");
    assert!(!error.to_string().contains("SECRET"), "{error}");
    assert!(service.nothing_heard());
}

#[tokio::test]
async fn an_accepted_request_without_answer_may_have_arrived() {
    for manner in [
        Manner::HangUp,
        Manner::Answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of"),
        Manner::Answer("this is not HTTP\r\n\r\n"),
    ] {
        for method in [Method::Get, Method::Post] {
            let mut service = Service::start(manner).await;
            let url = service.url("/me?access_token=SECRET");
            let error = send(&ReqwestHttp::new(), request(method, url))
                .await
                .unwrap_err();
            assert!(matches!(error, Transport::NoAnswer { .. }), "{error:?}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
            service.heard().await;
            assert!(service.nothing_heard(), "it was sent once");
        }
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let mut service = Service::start(Manner::Silence).await;
    let limits = Limits {
        timeout: Duration::from_millis(150),
        ..Limits::default()
    };
    let request = request(Method::Post, service.url("/"));
    let error = ReqwestHttp::new().send(request, limits).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "127.0.0.1 did not answer: no complete answer within 150 ms"
    );
    service.heard().await;
}

#[tokio::test]
async fn an_answer_that_trickles_is_given_up_too() {
    let service = Service::start(Manner::Trickle).await;
    let limits = Limits {
        timeout: Duration::from_millis(150),
        ..Limits::default()
    };
    let request = request(Method::Get, service.url("/"));
    let error = ReqwestHttp::new().send(request, limits).await.unwrap_err();
    assert!(matches!(error, Transport::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn too_large_an_answer_is_not_read_to_its_end() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n0123456789";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n0123456789A\r\n";
    let limits = Limits {
        max_bytes: 10,
        ..Limits::default()
    };
    for answer in [announced, chunked] {
        let service = Service::start(Manner::Answer(answer)).await;
        let request = request(Method::Get, service.url("/"));
        let error = ReqwestHttp::new().send(request, limits).await.unwrap_err();
        assert_eq!(
            error,
            Transport::TooLarge {
                host: "127.0.0.1".to_owned(),
                limit: 10
            }
        );
    }
    let fits = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    let service = Service::start(Manner::Answer(fits)).await;
    let request = request(Method::Get, service.url("/"));
    assert_eq!(
        ReqwestHttp::new()
            .send(request, limits)
            .await
            .unwrap()
            .body
            .len(),
        10
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_no_errand() {
    let mut elsewhere = Service::start(Manner::Answer(OK)).await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url("/steal")
    );
    let service = Service::start(Manner::Answer(answer.leak())).await;
    let got = send(&ReqwestHttp::new(), request(Method::Get, service.url("/")))
        .await
        .unwrap();
    assert_eq!(got.status, 302);
    assert_eq!(
        got.header("Location"),
        Some(elsewhere.url("/steal").as_str())
    );
    assert!(elsewhere.nothing_heard());
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n";
    let mut service = Service::start(Manner::Answer(answer)).await;
    let http = ReqwestHttp::new();
    for _ in 0..2 {
        send(&http, request(Method::Get, service.url("/")))
            .await
            .unwrap();
        assert!(!service.heard().await.contains("cookie"));
    }
}

#[tokio::test]
async fn plain_http_is_spoken_on_this_computer_only() {
    for address in [
        "http://192.0.2.1/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
    ] {
        let request = request(Method::Get, address.parse().unwrap());
        let error = send(&ReqwestHttp::new(), request).await.unwrap_err();
        assert!(!error.may_have_arrived());
        let said = error.to_string();
        assert!(
            said.ends_with("only https is spoken outside this computer"),
            "{said}"
        );
    }
    let request = request(Method::Get, "ftp://127.0.0.1/".parse().unwrap());
    assert!(
        !send(&ReqwestHttp::new(), request)
            .await
            .unwrap_err()
            .may_have_arrived()
    );
}

#[tokio::test]
async fn a_header_that_would_smuggle_a_line_is_not_sent() {
    let mut service = Service::start(Manner::Answer(OK)).await;
    let mut request = request(Method::Get, service.url("/"));
    request
        .headers
        .push(("x-note".to_owned(), Secret::new("a\r\nX-Admin: SECRET")));
    let error = send(&ReqwestHttp::new(), request).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "127.0.0.1 could not be reached: the header x-note holds characters that can't be sent"
    );
    assert!(service.nothing_heard());
}

#[tokio::test]
async fn questions_share_a_connection_and_changes_have_one_of_their_own() {
    let mut service = Service::start(Manner::Answer(OK)).await;
    let http = ReqwestHttp::new();
    let mut connections = vec![];
    for method in [
        Method::Get,
        Method::Get,
        Method::Post,
        Method::Post,
        Method::Get,
    ] {
        send(&http, request(method, service.url("/")))
            .await
            .unwrap();
        connections.push(service.heard_on().await);
    }
    assert_eq!(connections, [0, 0, 1, 2, 0]);
}

#[tokio::test]
async fn a_change_is_never_put_on_a_connection_the_service_has_closed() {
    let mut service = Service::start(Manner::AnswerThenClose(OK)).await;
    let http = ReqwestHttp::new();
    send(&http, request(Method::Get, service.url("/")))
        .await
        .unwrap();
    service.heard().await;
    for _ in 0..20 {
        send(&http, request(Method::Post, service.url("/")))
            .await
            .unwrap();
        service.heard().await;
        assert!(service.nothing_heard());
    }
}

/// Runs one of the tests above again with every proxy variable pointing at a dead port.
#[test]
fn no_proxy_is_asked_for_this_computer() {
    let this = std::env::current_exe().unwrap();
    let mut again = std::process::Command::new(this);
    again.args([
        "--exact",
        "a_form_arrives_as_written_and_the_answer_comes_back",
    ]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        again.env(name, "http://127.0.0.1:1");
    }
    let output = again
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test]
async fn the_name_localhost_is_this_computer() {
    let mut service = Service::start(Manner::Answer(OK)).await;
    let mut url = service.url("/");
    url.set_host(Some("localhost")).unwrap();
    send(&ReqwestHttp::new(), request(Method::Get, url))
        .await
        .unwrap();
    assert!(service.heard().await.contains("\r\nhost: localhost:"));
}

fn request(method: Method, url: Url) -> Request {
    Request {
        method,
        url,
        headers: vec![],
        body: Body::Empty,
    }
}

async fn send(http: &ReqwestHttp, request: Request) -> Result<Response, Transport> {
    http.send(request, Limits::default()).await
}
