//! The browser trip over real sockets: what is taken for the answer, and what is not.

mod ports_waiting;

use std::io;
use std::sync::{Arc, Mutex};

use evergrant_core::provider::{LoopbackHost, LoopbackPort};
use evergrant_engine::ports::{Browser, Expected, SystemBrowser, TripError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::ports_waiting::{PATH, Waiting, expected, page, prepare, rule};

const ANSWER: &str = "/callback/example?code=CODE&state=STATE";
const NOT_OURS: &str = "This answer does not belong to the sign-in that is waiting.";

#[tokio::test]
async fn the_real_answer_ends_the_trip_and_closes_the_port() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let port = waiting.port;
    let page = waiting.get(ANSWER).await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("You are signed in to Example."));
    assert!(page.contains("You can close this tab and go back to Evergrant."));
    assert!(page.ends_with("</html>\n"), "the page came to its end");
    assert!(!page.contains("CODE"));
    assert_eq!(waiting.outcome().await.unwrap().reveal(), "CODE");
    let again = TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn the_listener_is_on_the_literal_and_nowhere_else() {
    let trip = prepare(LoopbackHost::Ip4, LoopbackPort::Any).await.unwrap();
    let port = trip.redirect_uri().port().unwrap();
    assert_eq!(
        trip.redirect_uri().as_str(),
        format!("http://127.0.0.1:{port}{PATH}")
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    // A listener on all addresses would answer on these too.
    assert!(TcpStream::connect(("127.0.0.2", port)).await.is_err());
    assert!(TcpStream::connect(("::1", port)).await.is_err());

    let trip = prepare(LoopbackHost::Ip6, LoopbackPort::Any).await.unwrap();
    let port = trip.redirect_uri().port().unwrap();
    assert_eq!(
        trip.redirect_uri().as_str(),
        format!("http://[::1]:{port}{PATH}")
    );
    assert!(TcpStream::connect(("::1", port)).await.is_ok());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn localhost_is_open_on_both_of_its_addresses() {
    for address in ["127.0.0.1", "::1"] {
        let waiting = Waiting::start(LoopbackHost::Localhost).await;
        assert_eq!(waiting.redirect.host_str(), Some("localhost"));
        let host = format!("localhost:{}", waiting.port);
        let page = waiting
            .ask_at(
                address,
                &format!("GET {ANSWER} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            )
            .await;
        assert!(page.contains("You are signed in"), "{page}");
        assert!(waiting.outcome().await.is_ok());
    }
}

#[tokio::test]
async fn a_fixed_port_is_used_and_a_taken_one_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    for host in [LoopbackHost::Ip4, LoopbackHost::Localhost] {
        let Err(error) = prepare(host, LoopbackPort::Fixed(port)).await else {
            panic!("it was taken")
        };
        assert_eq!(
            error,
            TripError::NoListener(format!(
                "port {port} is used by another program; close it and start the sign-in again"
            ))
        );
    }
    drop(taken);
    let trip = prepare(LoopbackHost::Ip4, LoopbackPort::Fixed(port))
        .await
        .unwrap();
    assert_eq!(trip.redirect_uri().port(), Some(port));
}

#[tokio::test]
async fn localhost_shares_its_port_with_no_other_program() {
    let taken = TcpListener::bind("[::1]:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let Err(error) = prepare(LoopbackHost::Localhost, LoopbackPort::Fixed(port)).await else {
        panic!("another program listens at ::1")
    };
    assert!(matches!(error, TripError::NoListener(_)), "{error:?}");
}

#[tokio::test]
async fn nothing_but_the_real_answer_is_taken_and_the_trip_goes_on() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    for (target, status, says) in [
        ("/favicon.ico", 404, "There is nothing at this address."),
        (
            "/callback/other?code=X&state=STATE",
            404,
            "There is nothing",
        ),
        (
            "/callback/example/?code=X&state=STATE",
            404,
            "There is nothing",
        ),
        (
            "/callback/exampl%65?code=X&state=STATE",
            404,
            "There is nothing",
        ),
        ("/callback/example", 400, NOT_OURS),
        ("/callback/example?code=X", 400, NOT_OURS),
        ("/callback/example?code=X&state=WRONG", 400, NOT_OURS),
        ("/callback/example?code=X&state=state", 400, NOT_OURS),
        ("/callback/example?error=access_denied", 400, NOT_OURS),
        (
            "/callback/example?error=access_denied&state=WRONG",
            400,
            NOT_OURS,
        ),
        (
            "/callback/example?state=STATE",
            400,
            "This answer holds no code.",
        ),
        (
            "/callback/example?code=X&code=Y&state=STATE",
            400,
            "“code” more than once",
        ),
        (
            "/callback/example?code=X&state=STATE&state=STATE",
            400,
            "“state” more than once",
        ),
    ] {
        let page = waiting.get(target).await;
        assert!(
            page.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {page}"
        );
        assert!(page.contains(says), "{target}: {page}");
        assert!(!waiting.is_over(), "{target}");
    }
    waiting.get(ANSWER).await;
    assert_eq!(waiting.outcome().await.unwrap().reveal(), "CODE");
}

#[tokio::test]
async fn only_get_is_looked_at() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let host = format!("127.0.0.1:{}", waiting.port);
    for method in ["POST", "HEAD", "PUT", "OPTIONS"] {
        let request =
            format!("{method} {ANSWER} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\na=b");
        let page = waiting.ask(&request).await;
        assert!(page.starts_with("HTTP/1.1 405 "), "{method}: {page}");
    }
    let absolute = format!("GET http://{host}{ANSWER} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert!(waiting.ask(&absolute).await.starts_with("HTTP/1.1 404 "));
    assert!(
        waiting
            .ask("\u{16}\u{3}\u{1} tls?\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400 ")
    );
    assert!(!waiting.is_over());
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_turned_away() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let port = waiting.port;
    for hosts in [
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: 127.0.0.1.evil.example:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}\r\nHost: evil.example\r\n"),
        format!("Host: 127.0.0.1:{}\r\n", port ^ 1),
        "Host: 127.0.0.1\r\n".to_owned(),
        String::new(),
    ] {
        let page = waiting
            .ask(&format!("GET {ANSWER} HTTP/1.1\r\n{hosts}\r\n"))
            .await;
        assert!(page.starts_with("HTTP/1.1 421 "), "{hosts}: {page}");
        assert!(!waiting.is_over());
    }
}

#[tokio::test]
async fn cancelling_and_other_errors_end_the_trip_with_their_own_sentence() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let page = waiting
        .get("/callback/example?error=access_denied&state=STATE")
        .await;
    assert!(
        page.contains("The sign-in to Example was cancelled."),
        "{page}"
    );
    assert_eq!(waiting.outcome().await, Err(TripError::Denied));

    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let said = "error=server_error&error_description=Try+%3Cb%3Elater&state=STATE";
    let page = waiting.get(&format!("/callback/example?{said}")).await;
    assert!(
        page.contains("It said: Try &lt;b&gt;later (server_error)."),
        "{page}"
    );
    assert_eq!(
        waiting.outcome().await.unwrap_err().to_string(),
        "The service refused the sign-in: Try <b>later (server_error)"
    );
}

#[tokio::test]
async fn an_announced_issuer_is_compared_letter_by_letter() {
    let waiting = Waiting::expecting(Expected {
        issuer: Some("https://as.example".to_owned()),
        ..expected()
    })
    .await;
    for target in [
        ANSWER.to_owned(),
        format!("{ANSWER}&iss=https://as.example/"),
        format!("{ANSWER}&iss=https://evil.example"),
        "/callback/example?error=access_denied&state=STATE".to_owned(),
    ] {
        let page = waiting.get(&target).await;
        assert!(
            page.contains("does not come from the service that was asked"),
            "{target}"
        );
        assert!(!waiting.is_over());
    }
    waiting
        .get(&format!("{ANSWER}&iss=https%3A%2F%2Fas.example"))
        .await;
    assert!(waiting.outcome().await.is_ok());
}

#[tokio::test]
async fn of_two_answers_only_the_first_counts() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let host = format!("127.0.0.1:{}", waiting.port);
    let mut second = waiting.connect("127.0.0.1").await;
    let mut first = waiting.connect("127.0.0.1").await;
    let request = format!("GET {ANSWER} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    first.write_all(request.as_bytes()).await.unwrap();
    first.read_exact(&mut [0; 12]).await.unwrap();
    let request = request.replace("CODE", "OTHER");
    let _ = second.write_all(request.as_bytes()).await;
    let mut page = String::new();
    let _ = second.read_to_string(&mut page).await;
    assert!(
        page.is_empty() || page.contains("has had its answer already"),
        "{page}"
    );
    assert_eq!(waiting.outcome().await.unwrap().reveal(), "CODE");
}

#[tokio::test]
async fn too_large_a_request_is_turned_away() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let host = format!("127.0.0.1:{}", waiting.port);
    let long = "x".repeat(40_000);
    for request in [
        format!("GET {ANSWER} HTTP/1.1\r\nHost: {host}\r\nCookie: {long}\r\n\r\n"),
        format!("GET {PATH}?{long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!(
            "GET {ANSWER} HTTP/1.1\r\nHost: {host}\r\n{}\r\n",
            "A: b\r\n".repeat(200)
        ),
    ] {
        let page = waiting.ask(&request).await;
        assert!(page.starts_with("HTTP/1.1 431 "), "{page}");
        assert!(!waiting.is_over());
    }
}

#[tokio::test]
async fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let mut crowd = vec![];
    for _ in 0..100 {
        crowd.push(waiting.connect("127.0.0.1").await);
    }
    let page = waiting.get(ANSWER).await;
    assert!(page.contains("You are signed in"), "{page}");
    assert!(waiting.outcome().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_dawdles_is_disconnected_and_the_trip_goes_on() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let before = tokio::time::Instant::now();
    let mut slow = waiting.connect("127.0.0.1").await;
    slow.write_all(b"GET /callback").await.unwrap();
    let mut rest = vec![];
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(before.elapsed().as_secs(), 10);
    assert!(!waiting.is_over());
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let port = waiting.port;
    let error = waiting.outcome().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "No answer came from the browser within 5 minutes."
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn giving_up_closes_the_port() {
    let trip = prepare(LoopbackHost::Ip4, LoopbackPort::Any).await.unwrap();
    let port = trip.redirect_uri().port().unwrap();
    drop(trip);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());

    let waiting = Waiting::start(LoopbackHost::Ip4).await;
    let port = waiting.port;
    let silent = waiting.connect("127.0.0.1").await;
    waiting.trip.abort();
    assert!(waiting.trip.await.unwrap_err().is_cancelled());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    drop(silent);
}

#[tokio::test]
async fn the_page_is_announced_and_opened_once() {
    let opened = Arc::new(Mutex::new(vec![]));
    let (announced, launched) = (Arc::clone(&opened), Arc::clone(&opened));
    let browser = SystemBrowser::new()
        .with_announce(move |page| announced.lock().unwrap().push(format!("announced {page}")))
        .with_launch(move |page| {
            launched.lock().unwrap().push(format!("opened {page}"));
            Ok(())
        });
    let waiting = Waiting::with(&browser, LoopbackHost::Ip4, expected()).await;
    while opened.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_over());
    waiting.get(ANSWER).await;
    assert!(waiting.outcome().await.is_ok());
    let seen = opened.lock().unwrap().clone();
    assert_eq!(
        seen,
        [
            format!("announced {}", page()),
            format!("opened {}", page())
        ]
    );
}

#[tokio::test]
async fn a_browser_that_does_not_start_ends_the_trip_only_if_nobody_was_told_the_address() {
    let broken = |_: &Url| Err(io::Error::new(io::ErrorKind::NotFound, "xdg-open STATE"));
    let told = SystemBrowser::new()
        .with_launch(broken)
        .with_announce(|_| {});
    let waiting = Waiting::with(&told, LoopbackHost::Ip4, expected()).await;
    waiting.get(ANSWER).await;
    assert!(waiting.outcome().await.is_ok());

    let untold = SystemBrowser::new().with_launch(broken);
    let waiting = Waiting::with(&untold, LoopbackHost::Ip4, expected()).await;
    let error = waiting.outcome().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The browser could not be opened: there is no program that opens web pages"
    );
}

#[tokio::test]
async fn only_web_pages_are_opened() {
    for address in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://as.example/authorize",
    ] {
        let browser = SystemBrowser::new().with_launch(|page| panic!("{page} was opened"));
        let trip = browser
            .prepare(&rule(LoopbackHost::Ip4, LoopbackPort::Any), PATH)
            .await
            .unwrap();
        let error = trip
            .go(address.parse().unwrap(), expected())
            .await
            .unwrap_err();
        assert!(matches!(error, TripError::NoBrowser(_)), "{error:?}");
    }
}

/// Runs itself once more, in a process whose `xdg-open` writes down what it is given.
#[cfg(target_os = "linux")]
#[test]
fn the_systems_browser_gets_the_page_and_nothing_else() {
    use std::os::unix::fs::PermissionsExt as _;

    if let Some(seen) = std::env::var_os("SEEN") {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(opened_by_the_system(seen.into()));
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (opener, seen) = (home.path().join("xdg-open"), home.path().join("seen"));
    std::fs::write(
        &opener,
        "#!/bin/sh\nprintf '%s|' \"$@\" >\"$SEEN.new\"\n/bin/mv \"$SEEN.new\" \"$SEEN\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_systems_browser_gets_the_page_and_nothing_else",
        ])
        .env("PATH", home.path())
        .env("SEEN", &seen)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(&seen).unwrap(),
        format!("{}|", page())
    );
}

#[cfg(target_os = "linux")]
async fn opened_by_the_system(seen: std::path::PathBuf) {
    let waiting = Waiting::with(&SystemBrowser::new(), LoopbackHost::Ip4, expected()).await;
    while !seen.exists() {
        assert!(!waiting.is_over());
        tokio::task::yield_now().await;
    }
    waiting.get(ANSWER).await;
    assert!(waiting.outcome().await.is_ok());
}
