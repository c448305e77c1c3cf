//! Listening on loopback.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

use crate::web::{HungUp, router};
use crate::{Network, Options};

/// Why the practice network could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can be reached from other machines.
    #[error(
        "the practice network listens on this computer only, and {0} is not a loopback address; use 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
    /// Something else listens there.
    #[error(
        "something already listens on {0}; stop it, or choose another port (port 0 takes a free one)"
    )]
    InUse(SocketAddr),
    /// The address could not be used for another reason.
    #[error("the practice network could not listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The state file can be neither used nor replaced.
    #[error("the state file {} can't be used: {reason}; move it away to start afresh", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random numbers, and tokens need them: {0}")]
    Random(String),
}

/// A practice network that listens on loopback, until it is stopped or dropped.
#[derive(Debug)]
pub struct Practice {
    network: Arc<Network>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    listener: JoinHandle<()>,
}

impl Practice {
    /// Opens a network and listens.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if !options.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.address));
        }
        let listener =
            TcpListener::bind(options.address)
                .await
                .map_err(|source| match source.kind() {
                    io::ErrorKind::AddrInUse => StartError::InUse(options.address),
                    _ => StartError::Listen {
                        address: options.address,
                        source,
                    },
                })?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: options.address,
            source,
        })?;
        let network = Arc::new(Network::open(&options)?);
        network.listens_at(format!("http://{address}"));
        let (stop, stopped) = oneshot::channel();
        let listener = tokio::spawn(listen(listener, router(Arc::clone(&network)), stopped));
        Ok(Self {
            network,
            address,
            stop,
            listener,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of all its addresses: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The handle for clicks, trouble and counting.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Stops listening and closes every connection, answered or not.
    pub async fn stop(self) {
        drop(self.stop);
        // It ends by itself as soon as the channel closes; a panic in it would have been told already.
        let _ = self.listener.await;
        // Counts alone are not worth a save of their own; here they are kept. What mattered is in the file already.
        let _ = self.network.change(|world, _| world.dirty = true);
    }
}

async fn listen(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    // Dropped at the end, which closes what is still open.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(answer(stream, router.clone()));
                }
                // Out of file descriptors, most likely: let some connections end first.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
        }
    }
}

async fn answer(stream: TcpStream, router: Router) {
    // Without this, small answers wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            // An error from the service closes the connection without an answer, which is what was asked for.
            if response.extensions().get::<HungUp>().is_some() {
                Err(HungUp)
            } else {
                Ok(response)
            }
        }
    });
    // A client that goes away mid-answer is no news.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
