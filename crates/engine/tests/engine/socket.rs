//! Any bytes may come through the socket: they are answered or left, and the next client is served.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::command::{Command, Reply};
use evergrant_engine::socket::{Ask, Client, Hello, PROTOCOL, Person, Server};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::lab::Lab;

/// Nobody has to be asked for a list.
struct Nobody;

impl Person for Nobody {
    fn page(&mut self, _: &str) {}

    fn pasted(&mut self, _: Option<&str>) -> Option<Secret> {
        None
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[..], body].concat()
}

fn hello() -> Vec<u8> {
    let hello = Hello {
        protocol: PROTOCOL,
        version: "0".into(),
    };
    framed(&serde_json::to_vec(&hello).unwrap())
}

fn ask() -> Vec<u8> {
    let ask = Ask::Do {
        command: Command::Accounts,
    };
    framed(&serde_json::to_vec(&ask).unwrap())
}

/// What a hostile or broken client may say: nonsense at once, nonsense in a right frame, a greeting
/// and then nonsense, real questions with some bytes changed, cut off anywhere.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let noise = || proptest::collection::vec(any::<u8>(), 0..300);
    let changed = (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| {
        let mut bytes = [hello(), ask(), ask()].concat();
        let at = at.index(bytes.len());
        bytes[at] ^= byte;
        bytes
    });
    let cut = any::<prop::sample::Index>().prop_map(|at| {
        let bytes = [hello(), ask()].concat();
        bytes[..at.index(bytes.len())].to_vec()
    });
    prop_oneof![
        noise(),
        noise().prop_map(|noise| framed(&noise)),
        noise().prop_map(|noise| [hello(), noise].concat()),
        noise().prop_map(|noise| [hello(), framed(&noise), ask()].concat()),
        changed,
        cut,
    ]
}

/// Says it, listens to all that comes back, and goes.
async fn say(socket: &Path, bytes: &[u8]) {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // The other side may have had enough already.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    assert!(
        heard.len() < 100_000,
        "{} bytes for {}",
        heard.len(),
        bytes.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_end_it_or_keep_others_from_it() {
    let lab = Lab::connected().await;
    let server = Arc::new(Server::open(Arc::clone(lab.engine()), "a test", "memory").unwrap());
    let serving = Arc::clone(&server);
    let serving = tokio::spawn(async move { serving.serve().await });
    let (data, socket) = (lab.data(), lab.data().join("keeper.sock"));
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config {
            cases: 400,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&said(), |bytes| {
            runtime.block_on(say(&socket, &bytes));
            let mut client = Client::connect(&data, Duration::from_secs(20))
                .unwrap()
                .expect("nobody answers");
            let reply = client.ask(Command::Accounts, &mut Nobody).unwrap();
            let Reply::Accounts { accounts } = reply else {
                panic!("another reply: {reply:?}");
            };
            prop_assert_eq!(accounts.len(), 1);
            Ok(())
        });
        outcome.unwrap();
    })
    .await
    .unwrap();
    assert!(!serving.is_finished());
    serving.abort();
}

#[tokio::test]
async fn a_length_alone_costs_nothing_and_too_long_a_message_is_refused() {
    let lab = Lab::new().await;
    let server = Arc::new(Server::open(Arc::clone(lab.engine()), "a test", "memory").unwrap());
    let serving = Arc::clone(&server);
    let serving = tokio::spawn(async move { serving.serve().await });
    let mut stream = UnixStream::connect(lab.data().join("keeper.sock"))
        .await
        .unwrap();
    let bytes = [&hello()[..], &[0xff; 4]].concat();
    stream.write_all(&bytes).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.contains("is too long"), "{heard}");
    serving.abort();
}
