//! Carrying requests over the network with reqwest and rustls.
//!
//! What happens to a request at most once, and why that holds:
//!
//! - No redirect is followed, no cookie kept, nothing retried by reqwest's own policy.
//! - hyper-util does retry a request by itself, but only where the connection came from the pool
//!   and hyper hands the request back untouched, because it never took it up to write it. A request
//!   of which a byte may have been written is not handed back.
//! - A pooled connection that the service has just closed still swallows a request now and then,
//!   and then nobody knows whether it arrived. So whatever changes something travels on a fresh
//!   connection of its own; only GET uses the pool.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use evergrant_core::Secret;
use evergrant_core::http::{Body, Method, PartContent, Request, Response};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, ClientBuilder, RequestBuilder};
use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use tokio::sync::OnceCell;
use url::{Host, Url};

use super::{Http, Limits, Pending, Transport};

/// How long opening a connection may take, name and handshake included.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept: shorter than services keep theirs.
const IDLE: Duration = Duration::from_secs(20);

/// The name we give ourselves.
const USER_AGENT: &str = concat!("Evergrant/", env!("CARGO_PKG_VERSION"));

/// The network.
///
/// Plain http is for loopback hosts only, which no proxy sees either. Nothing is set up before the
/// first request, and the trusted certificates are read when the first https address is asked for.
#[derive(Debug, Default)]
pub struct ReqwestHttp {
    plain: OnceLock<Client>,
    secure: OnceLock<Client>,
    tls: OnceCell<ClientConfig>,
}

impl ReqwestHttp {
    /// A network nobody has asked anything yet; costs nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client for `request`: a pooled one for GET, else one with a connection of its own.
    async fn client(&self, request: &Request, limits: Limits) -> Result<Client, String> {
        let loopback = is_loopback(&request.url);
        let (pool, tls) = match request.url.scheme() {
            "https" => (
                &self.secure,
                self.tls.get_or_try_init(trusted).await?.clone(),
            ),
            "http" if loopback => (&self.plain, untrusting()?),
            "http" => return Err("only https is spoken outside this computer".to_owned()),
            other => return Err(format!("“{other}” is no way to reach a service")),
        };
        let pooled = request.method == Method::Get && (request.url.scheme() == "http" || !loopback);
        if pooled {
            if let Some(client) = pool.get() {
                return Ok(client.clone());
            }
            let client = build(builder(tls, loopback, CONNECT))?;
            return Ok(pool.get_or_init(|| client).clone());
        }
        // Connecting must not use up the whole time, or a request that surely was not sent would
        // look like one that may have arrived.
        let connect = CONNECT.min(limits.timeout / 2);
        build(builder(tls, loopback, connect).pool_max_idle_per_host(0))
    }

    async fn exchange(&self, request: Request, limits: Limits) -> Result<Response, Transport> {
        let host = request.url.host_str().unwrap_or("the service").to_owned();
        let not_sent = |why: String| Transport::NotSent {
            host: host.clone(),
            why,
        };
        let client = self.client(&request, limits).await.map_err(not_sent)?;
        let ready = fill(&client, request).map_err(not_sent)?;
        match tokio::time::timeout(limits.timeout, carry(ready, &host, limits.max_bytes)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Transport::NoAnswer {
                host,
                why: format!("no complete answer within {}", seconds(limits.timeout)),
            }),
        }
    }
}

impl Http for ReqwestHttp {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        Box::pin(async move {
            // The host alone: some services want tokens in the path.
            let host = request.url.host_str().unwrap_or_default().to_owned();
            let method = request.method.name();
            let outcome = self.exchange(request, limits).await;
            match &outcome {
                Ok(answer) => tracing::debug!(method, host, status = answer.status, "answered"),
                Err(error) => tracing::debug!(method, host, %error, "not answered"),
            }
            outcome
        })
    }
}

/// True for the addresses of this computer: 127.0.0.0/8, `::1` and `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn builder(tls: ClientConfig, loopback: bool, connect: Duration) -> ClientBuilder {
    // The name localhost is this computer whatever a hosts file says (RFC 6761 section 6.3).
    let localhost = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .connect_timeout(connect)
        .pool_idle_timeout(IDLE)
        .resolve_to_addrs("localhost", &localhost);
    if loopback {
        builder.no_proxy()
    } else {
        builder
    }
}

fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder
        .build()
        .map_err(|error| format!("the network could not be set up: {}", cause(&error)))
}

/// TLS that trusts what this computer trusts. Reads the certificates: some milliseconds.
async fn trusted() -> Result<ClientConfig, String> {
    let read = tokio::task::spawn_blocking(|| {
        let crypto = crypto();
        let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&crypto))?;
        let config = ClientConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok::<_, rustls::Error>(config)
    });
    match read.await {
        Ok(Ok(config)) => Ok(config),
        Ok(Err(error)) => Err(format!(
            "the trusted certificates could not be read: {error}"
        )),
        Err(_) => Err("the trusted certificates could not be read".to_owned()),
    }
}

/// TLS for clients that never speak it; reqwest wants one all the same.
fn untrusting() -> Result<ClientConfig, String> {
    Ok(ClientConfig::builder_with_provider(crypto())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

fn crypto() -> Arc<CryptoProvider> {
    static CRYPTO: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(CRYPTO.get_or_init(|| Arc::new(ring::default_provider())))
}

/// Turns our request into reqwest's.
fn fill(client: &Client, request: Request) -> Result<RequestBuilder, String> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    };
    let typed = request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let mut ready = client.request(method, request.url);
    for (name, value) in &request.headers {
        ready = ready.header(header_name(name)?, header_value(name, value)?);
    }
    let encoded = |ready: RequestBuilder, kind: &'static str, text: &Secret| {
        let ready = if typed {
            ready
        } else {
            ready.header(CONTENT_TYPE, HeaderValue::from_static(kind))
        };
        ready.body(text.reveal().to_owned())
    };
    Ok(match request.body {
        Body::Empty => ready,
        Body::Form(text) => encoded(ready, "application/x-www-form-urlencoded", &text),
        Body::Json(text) => encoded(ready, "application/json", &text),
        Body::Multipart(parts) => ready.multipart(form(parts)?),
    })
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("“{}” is no header name", name.escape_default()))
}

fn header_value(name: &str, value: &Secret) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value.reveal())
        .map_err(|_| format!("the header {name} holds characters that can't be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `multipart/form-data` as browsers write it: names as they are, with quotes and line ends
/// escaped (HTML standard, "multipart/form-data encoding algorithm").
fn form(parts: Vec<evergrant_core::http::Part>) -> Result<Form, String> {
    parts
        .into_iter()
        .try_fold(Form::new().percent_encode_noop(), |form, part| {
            let content = match part.content {
                PartContent::Text(text) => Part::text(text.reveal().to_owned()),
                PartContent::File(media) => {
                    let length = media.bytes.len() as u64;
                    let name = media
                        .file_name
                        .rsplit(['/', '\\'])
                        .next()
                        .unwrap_or_default();
                    Part::stream_with_length(Bytes::from_owner(media.bytes.clone()), length)
                        .file_name(form_name(name))
                        .mime_str(&media.mime)
                        .map_err(|_| {
                            format!("“{}” is no media type", media.mime.escape_default())
                        })?
                }
            };
            Ok(form.part(form_name(&part.name), content))
        })
}

fn form_name(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Sends, and reads the answer as far as it is allowed to go.
async fn carry(ready: RequestBuilder, host: &str, limit: usize) -> Result<Response, Transport> {
    let mut answer = ready.send().await.map_err(|error| classify(host, &error))?;
    let too_large = || Transport::TooLarge {
        host: host.to_owned(),
        limit,
    };
    if answer
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| classify(host, &error))?
    {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Response {
        status: answer.status().as_u16(),
        headers,
        body,
    })
}

fn classify(host: &str, error: &reqwest::Error) -> Transport {
    let (host, why) = (host.to_owned(), cause(error));
    // A failed connect (name, TCP, TLS, proxy tunnel) comes before the first byte of the request.
    if error.is_connect() || error.is_builder() {
        Transport::NotSent { host, why }
    } else {
        Transport::NoAnswer { host, why }
    }
}

/// The cause in a few words of ours, or of TLS: reqwest's own words would hold the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return "its name could not be found".to_owned();
    }
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return format!("no secure connection ({tls})");
        }
        next = match error.downcast_ref::<io::Error>() {
            Some(io) => match (io.get_ref(), io_cause(io.kind())) {
                (_, Some(why)) => return why.to_owned(),
                // `source` would step over the error that the I/O error carries.
                (Some(carried), None) => Some(carried),
                (None, None) => None,
            },
            None => error.source(),
        };
    }
    let why = match (error.is_connect(), error.is_timeout()) {
        (true, true) => "no connection came about in time",
        (true, false) => "no connection came about",
        (false, true) => "it took too long",
        (false, false) if error.is_builder() => "the request could not be made",
        (false, false) => "the connection ended before the answer was complete",
    };
    why.to_owned()
}

fn io_cause(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match kind {
        Kind::ConnectionRefused => "the connection was refused",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            "the connection was cut"
        }
        Kind::UnexpectedEof => "the connection ended too early",
        Kind::NetworkUnreachable | Kind::NetworkDown => "there is no network",
        Kind::HostUnreachable => "there is no way to it",
        Kind::TimedOut => "it took too long",
        Kind::AddrNotAvailable => "this computer has no address for it",
        _ => return None,
    })
}

fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}
