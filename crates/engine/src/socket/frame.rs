//! One message: its length, then its bytes.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest message of a client, in bytes: a post with its picture in base64.
pub(crate) const MAX_FROM_CLIENT: usize = 32 << 20;

/// The longest message of the owner, in bytes: a queue of a million posts would not fit.
pub(crate) const MAX_FROM_OWNER: usize = 512 << 20;

/// Memory is taken in such pieces as bytes really arrive, so that a length alone costs nothing.
const PIECE: usize = 64 << 10;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The other side has gone, between two messages.
    #[error("the connection was closed")]
    Closed,
    /// It has gone in the middle, or the connection failed.
    #[error("the connection broke: {0}")]
    Broken(std::io::Error),
    /// More was announced than is allowed.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// The bytes are no message.
    #[error("a message makes no sense: {0}")]
    Nonsense(String),
    /// It did not come in time.
    #[error("a message did not come in time")]
    TooSlow,
}

/// A message, and the place of a long one in the room for all, held as long as it is worked on.
pub(crate) type Placed<T> = (T, Option<OwnedSemaphorePermit>);

/// Reads one message. Waits for its first byte for `patience` (for ever without one), and for the
/// rest of it for `within`. A long one takes its place in `room`, in mebibytes.
pub(crate) async fn read<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    most: usize,
    patience: Option<Duration>,
    within: Duration,
    room: &Arc<Semaphore>,
) -> Result<Placed<T>, FrameError> {
    let first = first_byte(from);
    let first = match patience {
        Some(patience) => in_time(patience, first).await?,
        None => first.await?,
    };
    let rest = async {
        let length = length(from, first, most).await?;
        let place = match u32::try_from(length >> 20).unwrap_or(u32::MAX) {
            0 => None,
            places => Arc::clone(room).acquire_many_owned(places).await.ok(),
        };
        Ok((parse(&body(from, length).await?)?, place))
    };
    in_time(within, rest).await
}

async fn in_time<T>(
    within: Duration,
    work: impl Future<Output = Result<T, FrameError>>,
) -> Result<T, FrameError> {
    tokio::time::timeout(within, work)
        .await
        .unwrap_or(Err(FrameError::TooSlow))
}

async fn first_byte(from: &mut (impl AsyncRead + Unpin)) -> Result<u8, FrameError> {
    let mut first = [0];
    match from.read(&mut first).await {
        Ok(0) => Err(FrameError::Closed),
        Ok(_) => Ok(first[0]),
        Err(error) => Err(FrameError::Broken(error)),
    }
}

async fn length(
    from: &mut (impl AsyncRead + Unpin),
    first: u8,
    most: usize,
) -> Result<usize, FrameError> {
    let mut length = [first, 0, 0, 0];
    from.read_exact(&mut length[1..])
        .await
        .map_err(FrameError::Broken)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > most {
        return Err(FrameError::TooLong(length));
    }
    Ok(length)
}

async fn body(from: &mut (impl AsyncRead + Unpin), length: usize) -> Result<Vec<u8>, FrameError> {
    let mut body = Vec::new();
    while body.len() < length {
        let at = body.len();
        body.resize(length.min(at + PIECE), 0);
        from.read_exact(&mut body[at..])
            .await
            .map_err(FrameError::Broken)?;
    }
    Ok(body)
}

/// Writes one message, which the other side has to take within `within`.
pub(crate) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
    most: usize,
    within: Duration,
) -> Result<(), FrameError> {
    let bytes = encode(message, most)?;
    let writing = async { to.write_all(&bytes).await.map_err(FrameError::Broken) };
    in_time(within, writing).await
}

/// Reads one message on the caller's thread.
pub(crate) fn read_blocking<T: DeserializeOwned>(
    from: &mut impl Read,
    most: usize,
) -> Result<T, FrameError> {
    let mut length = [0; 4];
    match from.read(&mut length[..1]) {
        Ok(0) => return Err(FrameError::Closed),
        Ok(_) => {}
        Err(error) => return Err(FrameError::Broken(error)),
    }
    from.read_exact(&mut length[1..])
        .map_err(FrameError::Broken)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > most {
        return Err(FrameError::TooLong(length));
    }
    let mut body = Vec::new();
    let read = from
        .take(length as u64)
        .read_to_end(&mut body)
        .map_err(FrameError::Broken)?;
    if read < length {
        return Err(FrameError::Broken(std::io::ErrorKind::UnexpectedEof.into()));
    }
    parse(&body)
}

/// Writes one message on the caller's thread.
pub(crate) fn write_blocking(
    to: &mut impl Write,
    message: &impl Serialize,
    most: usize,
) -> Result<(), FrameError> {
    to.write_all(&encode(message, most)?)
        .map_err(FrameError::Broken)
}

fn encode(message: &impl Serialize, most: usize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)
        .map_err(|error| FrameError::Nonsense(error.to_string()))?;
    let length = bytes.len() - 4;
    if length > most {
        return Err(FrameError::TooLong(length));
    }
    let head = u32::try_from(length).map_err(|_| FrameError::TooLong(length))?;
    bytes[..4].copy_from_slice(&head.to_be_bytes());
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, FrameError> {
    // serde names a place, never the text there; a secret is no part of it.
    serde_json::from_slice(body).map_err(|error| {
        FrameError::Nonsense(format!("line {}, column {}", error.line(), error.column()))
    })
}
