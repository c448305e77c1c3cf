//! The place on this computer where a browser brings the answer (RFC 8252 sections 7.3 and 8.3).
//!
//! It is open for one sign-in only and reachable from this computer only. Everything that is not
//! the real answer gets a small page and changes nothing, so that a stranger can neither be taken
//! for the service nor end the sign-in. What arrives is never logged, for it holds the code.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use evergrant_core::provider::{LoopbackHost, LoopbackPort};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

use super::answer::{Outcome, judge};
use super::page::Page;
use super::{Expected, TripError};

/// The largest head of a request that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// How many may be connected at once; one more drives out the one that came first.
const MAX_GUESTS: usize = 32;

/// How long a guest may take to say what it wants.
const ASKING: Duration = Duration::from_secs(10);

/// How long a guest may take to receive its page.
const RECEIVING: Duration = Duration::from_secs(5);

/// How long we listen after the page, so that closing does not cut it off.
const PARTING: Duration = Duration::from_millis(500);

/// How many free ports are tried where one has to be free for two addresses.
const PORT_TRIES: usize = 20;

/// An open place for one answer. Dropping it closes it.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    redirect: Url,
}

impl Loopback {
    /// Opens the place that `host`, `port` and `path` (such as `/callback/example`) describe.
    pub async fn open(
        host: LoopbackHost,
        port: LoopbackPort,
        path: &str,
    ) -> Result<Self, TripError> {
        let wanted = match port {
            LoopbackPort::Any => 0,
            LoopbackPort::Fixed(port) => port,
        };
        let listeners = match host {
            LoopbackHost::Ip4 => vec![bind(Ipv4Addr::LOCALHOST.into(), wanted).await],
            LoopbackHost::Ip6 => vec![bind(Ipv6Addr::LOCALHOST.into(), wanted).await],
            LoopbackHost::Localhost => bind_both(wanted).await,
        };
        let listeners: Vec<_> = listeners
            .into_iter()
            .collect::<io::Result<_>>()
            .map_err(|error| TripError::NoListener(why(&error, wanted)))?;
        let Some(bound) = listeners
            .first()
            .and_then(|listener| listener.local_addr().ok())
        else {
            return Err(TripError::NoListener("it has no address".to_owned()));
        };
        let name = match host {
            LoopbackHost::Ip4 => "127.0.0.1",
            LoopbackHost::Ip6 => "[::1]",
            LoopbackHost::Localhost => "localhost",
        };
        let mut redirect = Url::parse(&format!("http://{name}:{}/", bound.port()))
            .map_err(|error| TripError::NoListener(error.to_string()))?;
        redirect.set_path(path);
        Ok(Self {
            listeners,
            redirect,
        })
    }

    /// The address the service is to send the browser to.
    pub fn redirect(&self) -> &Url {
        &self.redirect
    }

    /// Waits for the real answer, closes the place and sees its page off.
    pub async fn answer(self, expected: Expected) -> Outcome {
        let Self {
            listeners,
            redirect,
        } = self;
        let patience = expected.patience;
        let waiting = Arc::new(Waiting {
            path: redirect.path().to_owned(),
            port: redirect.port_or_known_default().unwrap_or_default(),
            expected,
            answered: AtomicBool::new(false),
        });
        let (tell, mut told) = mpsc::channel(1);
        let mut guests = Guests::default();
        let end = tokio::time::sleep(patience);
        tokio::pin!(end);
        let answered = loop {
            tokio::select! {
                biased;
                answered = told.recv() => break answered,
                () = &mut end => break told.try_recv().ok(),
                guest = accept(&listeners) => {
                    guests.welcome(guest, Arc::clone(&waiting), tell.clone());
                }
            }
        };
        drop(listeners);
        let Some(Answered { outcome, page_sent }) = answered else {
            return Err(TripError::TimedOut(patience));
        };
        // It ends either way: the guest's own time is limited.
        let _ = page_sent.await;
        outcome
    }
}

/// The real answer has come.
struct Answered {
    outcome: Outcome,
    /// Ends when the guest has its page, or has gone.
    page_sent: oneshot::Receiver<()>,
}

async fn bind(ip: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((ip, port))).await
}

/// Both addresses that `localhost` may mean, on one port: a browser may try either, and on the one
/// we left open another program could take the answer. A computer without IPv6 has only the first.
async fn bind_both(wanted: u16) -> Vec<io::Result<TcpListener>> {
    let tries = if wanted == 0 { PORT_TRIES } else { 1 };
    let mut last = vec![];
    for _ in 0..tries {
        let first = bind(Ipv4Addr::LOCALHOST.into(), wanted).await;
        let port = match first.as_ref().map(TcpListener::local_addr) {
            Ok(Ok(address)) => address.port(),
            _ => return vec![first],
        };
        match bind(Ipv6Addr::LOCALHOST.into(), port).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = vec![Err(error)],
            Err(_) => return vec![first],
            second => return vec![first, second],
        }
    }
    last
}

fn why(error: &io::Error, port: u16) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse if port != 0 => {
            format!("port {port} is used by another program; close it and start the sign-in again")
        }
        io::ErrorKind::PermissionDenied => {
            format!("the operating system does not let this program use port {port}")
        }
        io::ErrorKind::AddrNotAvailable => "this computer does not have that address".to_owned(),
        _ => error.to_string(),
    }
}

/// The next guest at any of the doors.
async fn accept(listeners: &[TcpListener]) -> TcpStream {
    loop {
        let next = poll_fn(|cx| {
            listeners
                .iter()
                .find_map(|listener| match listener.poll_accept(cx) {
                    Poll::Ready(guest) => Some(Poll::Ready(guest)),
                    Poll::Pending => None,
                })
                .unwrap_or(Poll::Pending)
        });
        match next.await {
            Ok((guest, _)) => return guest,
            // A guest that left already, or no file handle free: neither ends the sign-in.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Everybody who is connected. Dropping it disconnects them.
#[derive(Default)]
struct Guests {
    tasks: JoinSet<()>,
    in_order: VecDeque<AbortHandle>,
}

impl Guests {
    fn welcome(&mut self, guest: TcpStream, waiting: Arc<Waiting>, tell: mpsc::Sender<Answered>) {
        while self.tasks.try_join_next().is_some() {}
        self.in_order.retain(|task| !task.is_finished());
        // Whoever has come first makes room: silence must not keep the person's browser out.
        if self.in_order.len() >= MAX_GUESTS
            && let Some(first) = self.in_order.pop_front()
        {
            first.abort();
        }
        self.in_order
            .push_back(self.tasks.spawn(serve(guest, waiting, tell)));
    }
}

/// What is waited for.
struct Waiting {
    path: String,
    port: u16,
    expected: Expected,
    answered: AtomicBool,
}

/// Hears one request and answers it with a page; tells if it was the real answer.
async fn serve(mut guest: TcpStream, waiting: Arc<Waiting>, tell: mpsc::Sender<Answered>) {
    let (page, outcome) = match tokio::time::timeout(ASKING, hear(&mut guest)).await {
        Ok(Heard::Head(head)) => waiting.judge(&head),
        Ok(Heard::TooLarge) => (Page::too_large(), None),
        Ok(Heard::Gone) | Err(_) => return,
    };
    // Told before the page is sent: the answer counts even if this guest is driven out now.
    let until_sent = outcome.map(|outcome| {
        let (until_sent, page_sent) = oneshot::channel::<()>();
        let _ = tell.try_send(Answered { outcome, page_sent });
        until_sent
    });
    let _ = tokio::time::timeout(RECEIVING, send(&mut guest, &page)).await;
    let _ = tokio::time::timeout(PARTING, part(&mut guest)).await;
    drop(until_sent);
}

enum Heard {
    Head(Vec<u8>),
    TooLarge,
    Gone,
}

/// Reads to the end of the request's head, as far as that goes.
async fn hear(guest: &mut TcpStream) -> Heard {
    let mut head = Vec::with_capacity(2048);
    loop {
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Heard::Head(head);
        }
        if head.len() > MAX_HEAD {
            return Heard::TooLarge;
        }
        match guest.read_buf(&mut head).await {
            Ok(0) | Err(_) => return Heard::Gone,
            Ok(_) => {}
        }
    }
}

async fn send(guest: &mut TcpStream, page: &Page) -> io::Result<()> {
    guest.write_all(&page.to_bytes()).await?;
    guest.shutdown().await
}

/// Takes what the guest still says until it hangs up: closing with unread bytes would make the
/// operating system cut the connection, and the page with it.
async fn part(guest: &mut TcpStream) {
    let mut rest = [0; 4096];
    for _ in 0..64 {
        if matches!(guest.read(&mut rest).await, Ok(0) | Err(_)) {
            return;
        }
    }
}

impl Waiting {
    fn judge(&self, head: &[u8]) -> (Page, Option<Outcome>) {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return (Page::too_large(), None),
            Ok(httparse::Status::Partial) | Err(_) => return (Page::nonsense(), None),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return (Page::nonsense(), None);
        };
        if !self.is_our_name(request.headers) {
            return (Page::wrong_host(), None);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return (Page::wrong_path(), None);
        }
        if method != "GET" {
            return (Page::wrong_method(), None);
        }
        match judge(
            url::form_urlencoded::parse(query.as_bytes()),
            &self.expected,
        ) {
            Err(foreign) => (Page::foreign(foreign), None),
            Ok(_) if self.answered.swap(true, Ordering::AcqRel) => (Page::already_answered(), None),
            Ok(outcome) => (
                Page::outcome(&self.expected.provider_name, &outcome),
                Some(outcome),
            ),
        }
    }

    /// True if the request names this computer and our port, once. A page of a stranger whose
    /// name was made to point here (DNS rebinding) names itself.
    fn is_our_name(&self, headers: &[httparse::Header<'_>]) -> bool {
        let mut names = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("host"));
        let (Some(name), None) = (names.next(), names.next()) else {
            return false;
        };
        ["127.0.0.1", "[::1]", "localhost"].into_iter().any(|host| {
            let full = format!("{host}:{}", self.port);
            name.value.eq_ignore_ascii_case(full.as_bytes())
                || (self.port == 80 && name.value.eq_ignore_ascii_case(host.as_bytes()))
        })
    }
}
