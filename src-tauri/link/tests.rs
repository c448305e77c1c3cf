//! The link against keepers that die, hang, are of another version, or are not there.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use evergrant_core::Secret;
use evergrant_core::command::{Connect, Notice, SettingsView};
use evergrant_core::grant::Remember;
use evergrant_core::happening::Happening;
use evergrant_engine::socket::{Ask, Hello, Say, Welcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

/// No test waits so long unless something is wrong.
const LONG: Duration = Duration::from_secs(30);

/// What a keeper of the tests does with whoever comes.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Answers,
    OtherVersion,
    Hangs,
}

/// A keeper of the tests. Dropping it is its sudden end.
struct Fake {
    socket: PathBuf,
    streams: Arc<Mutex<Vec<UnixStream>>>,
    heard: mpsc::Receiver<Ask>,
}

impl Fake {
    fn at(data: &Path, manner: Manner) -> Self {
        let socket = data.join("keeper.sock");
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let streams = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&streams);
        let (tell, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                kept.lock().unwrap().push(stream.try_clone().unwrap());
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream, manner, &tell));
            }
        });
        Self {
            socket,
            streams,
            heard,
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // Its listener goes with the test; nobody finds it without its name.
        let _ = std::fs::remove_file(&self.socket);
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn serve(mut stream: UnixStream, manner: Manner, tell: &mpsc::Sender<Ask>) {
    if read::<Hello>(&mut stream).is_none() || manner == Manner::Hangs {
        return;
    }
    if manner == Manner::OtherVersion {
        let problem = Problem::new(Code::Busy, "the keeper is Evergrant 9, this is 1");
        return say(&mut stream, &Say::Problem { problem });
    }
    let welcome = Welcome {
        version: "1".into(),
        program: "evergrant keep".into(),
        process: 0,
        keychain: "system".into(),
        notes: vec!["a file is broken".into()],
    };
    say(&mut stream, &Say::Welcome(welcome));
    while let Some(ask) = read::<Ask>(&mut stream) {
        match &ask {
            Ask::Watch => {
                say(&mut stream, &Say::Watching);
                say(&mut stream, &Say::Notice { notice: notice() });
            }
            Ask::Pasted { .. }
            | Ask::Do {
                command: Command::Settings,
            } => {
                let reply = Box::new(settings());
                say(&mut stream, &Say::Reply { reply });
            }
            Ask::Do { .. } => say(&mut stream, &Say::PasteWanted { mistake: None }),
        }
        let _ = tell.send(ask);
    }
}

fn read<T: DeserializeOwned>(stream: &mut UnixStream) -> Option<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn say(stream: &mut UnixStream, message: &impl Serialize) {
    let body = serde_json::to_vec(message).unwrap();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    // Whoever hung up does not hear it.
    let _ = stream.write_all(&[&length[..], &body].concat());
}

fn settings() -> Reply {
    Reply::Settings {
        settings: SettingsView {
            warn_before: vec![60],
            late_limit: 60,
            file: String::new(),
        },
    }
}

fn notice() -> Notice {
    Notice {
        at: "2026-12-01T10:00:00Z".parse().unwrap(),
        account: None,
        post: None,
        happening: Happening::Checked,
    }
}

/// Owners of the tests: what they are asked to do, they are given.
#[derive(Default)]
struct Asked {
    keeper: Option<Box<dyn FnMut() + Send>>,
    own: Option<Problem>,
}

struct Started;

impl Starting for Started {
    fn has_ended(&mut self) -> bool {
        false
    }
}

impl Owners for Asked {
    fn start_keeper(&mut self) -> Option<Box<dyn Starting>> {
        let start = self.keeper.as_mut()?;
        start();
        Some(Box::new(Started))
    }

    fn own(&mut self) -> Result<(), Problem> {
        Err(self.own.clone().unwrap())
    }
}

/// A link at work, and what its page is told.
struct Rig {
    folder: tempfile::TempDir,
    link: Arc<Link>,
    told: mpsc::Receiver<WindowEvent>,
    tell: Tell,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (to, told) = mpsc::channel();
        let tell: Tell = Arc::new(move |event| drop(to.send(event)));
        let link = Link::new(folder.path().into(), Arc::clone(&tell));
        Self {
            folder,
            link,
            told,
            tell,
        }
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn begin(&self, owners: Asked) {
        let link = Arc::clone(&self.link);
        std::thread::spawn(move || link.keep(owners));
    }

    fn told(&self) -> WindowEvent {
        self.told.recv_timeout(LONG).unwrap()
    }

    /// The next change of the link.
    fn link(&self) -> LinkView {
        loop {
            if let WindowEvent::Link { link } = self.told() {
                return link;
            }
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.link.stop();
    }
}

fn never_started() -> Asked {
    Asked {
        keeper: Some(Box::new(|| panic!("a keeper was there"))),
        own: None,
    }
}

#[tokio::test]
async fn a_keeper_that_is_there_is_listened_to_and_asked() {
    let rig = Rig::new();
    let _keeper = Fake::at(rig.data(), Manner::Answers);
    rig.begin(never_started());
    let sentence = "a file is broken".to_owned();
    assert_eq!(rig.told(), WindowEvent::Note { sentence });
    assert_eq!(rig.link().state, LinkState::Keeper);
    assert_eq!(rig.told(), WindowEvent::Notice { notice: notice() });
    let reply = rig.link.ask(Command::Settings).await.unwrap();
    assert_eq!(reply, settings());
}

#[tokio::test]
async fn a_keeper_that_dies_is_told_and_another_is_started() {
    let rig = Rig::new();
    let running: Arc<Mutex<Option<Fake>>> = Arc::default();
    let (place, data) = (Arc::clone(&running), rig.data().to_owned());
    rig.begin(Asked {
        keeper: Some(Box::new(move || {
            *place.lock().unwrap() = Some(Fake::at(&data, Manner::Answers));
        })),
        own: None,
    });
    assert_eq!(rig.link().state, LinkState::Keeper);
    for _ in 0..3 {
        drop(running.lock().unwrap().take());
        assert_eq!(rig.link().state, LinkState::Connecting);
        assert_eq!(rig.link().state, LinkState::Keeper);
        // What is asked in between waits for the new one.
        assert_eq!(rig.link.ask(Command::Settings).await.unwrap(), settings());
    }
}

#[tokio::test]
async fn a_keeper_of_another_version_is_refused_until_it_is_replaced() {
    let rig = Rig::new();
    let old = Fake::at(rig.data(), Manner::OtherVersion);
    rig.begin(Asked {
        // Asked for, should it look in the moment between the two.
        keeper: Some(Box::new(|| {})),
        own: None,
    });
    let refused = rig.link();
    assert_eq!(refused.state, LinkState::Refused);
    assert!(refused.sentence.contains("Evergrant 9"), "{refused:?}");
    let problem = rig.link.ask(Command::Accounts).await.unwrap_err();
    assert_eq!(Some(problem), refused.problem);
    drop(old);
    let _new = Fake::at(rig.data(), Manner::Answers);
    assert_eq!(rig.link().state, LinkState::Keeper);
}

#[test]
fn a_keeper_that_hangs_is_told_in_a_sentence() {
    let rig = Rig::new();
    let _keeper = Fake::at(rig.data(), Manner::Hangs);
    rig.begin(never_started());
    let hangs = rig.link();
    assert_eq!(hangs.state, LinkState::Refused);
    assert!(hangs.sentence.contains("does not answer"), "{hangs:?}");
    assert!(!hangs.problem.unwrap().hints.is_empty());
}

#[test]
fn where_nobody_can_own_the_folder_the_reason_is_told() {
    let rig = Rig::new();
    let newer = Problem::new(Code::DatabaseNewer, "the database is of a newer version");
    rig.begin(Asked {
        keeper: None,
        own: Some(newer.clone()),
    });
    let refused = rig.link();
    assert_eq!(refused.state, LinkState::Refused);
    assert_eq!(refused.problem, Some(newer));
}

fn connect_command() -> Command {
    Command::Connect(Connect {
        provider: "practice".into(),
        vars: [].into(),
        client: None,
        remember: Remember::Always,
        paste: true,
    })
}

#[tokio::test]
async fn a_pasted_address_reaches_the_keeper_and_one_that_is_not_waited_for_is_refused() {
    let rig = Rig::new();
    let keeper = Fake::at(rig.data(), Manner::Answers);
    rig.begin(never_started());
    let trips = Arc::new(Trips::default());
    let early = trips.pasted(Secret::new("https://x/")).unwrap_err();
    assert_eq!(early.code, Code::NotNow);
    let (ours, link, tell) = (
        Arc::clone(&trips),
        Arc::clone(&rig.link),
        Arc::clone(&rig.tell),
    );
    let trip = tokio::spawn(async move { ours.go(&link, tell, None, connect_command()).await });
    let rig = paste_wanted(rig).await;
    trips.pasted(Secret::new("https://x/?code=1")).unwrap();
    assert_eq!(trip.await.unwrap().unwrap(), settings());
    let pasted = keeper.heard.iter().find_map(|ask| match ask {
        Ask::Pasted { address } => address,
        _ => None,
    });
    assert_eq!(pasted.unwrap().0.reveal(), "https://x/?code=1");
    drop(rig);
}

#[tokio::test]
async fn a_sign_in_that_is_given_up_ends_at_once_and_says_so() {
    let rig = Rig::new();
    let _keeper = Fake::at(rig.data(), Manner::Answers);
    rig.begin(never_started());
    let trips = Arc::new(Trips::default());
    let (ours, link, tell) = (
        Arc::clone(&trips),
        Arc::clone(&rig.link),
        Arc::clone(&rig.tell),
    );
    let trip = tokio::spawn(async move { ours.go(&link, tell, None, connect_command()).await });
    let rig = paste_wanted(rig).await;
    trips.cancel();
    let problem = trip.await.unwrap().unwrap_err();
    assert_eq!(problem.code, Code::SignInCancelled);
    drop(rig);
}

/// Waits, without holding up the runtime, until the page is told that a text is wanted.
async fn paste_wanted(rig: Rig) -> Rig {
    tokio::task::spawn_blocking(move || {
        while !matches!(rig.told(), WindowEvent::PasteWanted { .. }) {}
        rig
    })
    .await
    .unwrap()
}
