//! A small service over real sockets that answers in one manner and keeps what it hears.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::Url;

/// What a [`Service`] does with every request.
#[derive(Clone, Copy)]
pub enum Manner {
    /// Sends these bytes; the connection stays open unless they can't be a whole answer.
    Answer(&'static str),
    /// Sends these bytes and closes without having said that it would.
    AnswerThenClose(&'static str),
    /// Closes without a word.
    HangUp,
    /// Says nothing and keeps the connection.
    Silence,
    /// Sends an answer that never ends.
    Trickle,
}

/// A service on a free port that keeps what it hears.
pub struct Service {
    port: u16,
    heard: mpsc::UnboundedReceiver<(usize, Vec<u8>)>,
    task: tokio::task::JoinHandle<()>,
}

impl Service {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            for number in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(talk(client, number, manner, tell.clone()));
            }
        });
        Self { port, heard, task }
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://127.0.0.1:{}{path}", self.port)
            .parse()
            .unwrap()
    }

    pub async fn heard(&mut self) -> String {
        String::from_utf8(self.heard_bytes().await).unwrap()
    }

    pub async fn heard_bytes(&mut self) -> Vec<u8> {
        self.heard.recv().await.unwrap().1
    }

    /// The number of the connection the next request came on.
    pub async fn heard_on(&mut self) -> usize {
        self.heard.recv().await.unwrap().0
    }

    pub fn nothing_heard(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(
    mut client: TcpStream,
    number: usize,
    manner: Manner,
    tell: mpsc::UnboundedSender<(usize, Vec<u8>)>,
) {
    while let Some(request) = read_request(&mut client).await {
        tell.send((number, request)).unwrap();
        match manner {
            Manner::Answer(answer) => {
                client.write_all(answer.as_bytes()).await.unwrap();
                if answer.contains("half") {
                    return;
                }
            }
            Manner::AnswerThenClose(answer) => {
                client.write_all(answer.as_bytes()).await.unwrap();
                return;
            }
            Manner::HangUp => return,
            Manner::Silence => {
                let _ = client.read(&mut [0]).await;
                return;
            }
            Manner::Trickle => {
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
                client.write_all(head.as_bytes()).await.unwrap();
                while client.write_all(b".").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                return;
            }
        }
    }
}

/// One request to the end of its body; `None` if the client closed or speaks no HTTP.
async fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut heard = vec![];
    loop {
        if let Some(end) = heard.windows(4).position(|end| end == b"\r\n\r\n") {
            let lines = String::from_utf8_lossy(&heard[..end]).to_ascii_lowercase();
            let length = lines
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if heard.len() >= end + 4 + length {
                return Some(heard);
            }
        }
        // A TLS greeting: answer with something that is not TLS.
        if heard.first() == Some(&0x16) {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return None;
        }
        match client.read_buf(&mut heard).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
