//! After a whole run no token is anywhere but in the vault and on the wire.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use evergrant_practice::Trouble;
use serde_json::Value;

use crate::browser::Answer;
use crate::room::{Room, files_below};

/// Every token and code the network has issued, from its own state file.
fn issued(room: &Room) -> BTreeSet<String> {
    let state: Value =
        serde_json::from_slice(&std::fs::read(room.path("practice.json")).unwrap()).unwrap();
    let world = &state["world"];
    let names = |what: &str| {
        world[what]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    names("tokens").into_iter().chain(names("codes")).collect()
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes
        .windows(secret.len())
        .any(|window| window == secret.as_bytes())
}

#[test]
fn databases_outputs_arguments_and_environment_hold_no_token() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&["check", "--json"]);
    room.ok(&["targets", &account, "--json"]);
    room.ok(&["post", &account, "First", "--to", "500100", "--json"]);
    room.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    assert_eq!(
        room.run(&["post", &account, "Second", "--to", "500100"])
            .code,
        3
    );
    let again = room.sign_in(&["sign-in", &account], &Answer::Yes("ada"));
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(room.copies("Second"), 1);
    for args in [
        &["diary", "--json"][..],
        &["queue", "--all"],
        &["doctor"],
        &["accounts"],
    ] {
        room.ok(args);
    }
    room.ok(&["post", &account, "Third", "--to", "500100", "--at", "in 1h"]);
    let running = room.started(room.command(&["run", "--json"]), "Looking after");
    room.jump(3_700);
    crate::room::eventually("it goes out", || room.copies("Third") == 1);

    let secrets = issued(&room);
    assert!(
        secrets.len() >= 6,
        "the network issued only {}",
        secrets.len()
    );
    let mut places = Vec::new();
    if cfg!(target_os = "linux") {
        for file in ["cmdline", "environ"] {
            let path = format!("/proc/{}/{file}", running.id());
            places.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    assert_eq!(running.end(), 0);
    for folder in ["data", "config", "home"] {
        for path in files_below(&room.path(folder)) {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    places.push((
        "what was said".into(),
        room.said.lock().unwrap().clone().into_bytes(),
    ));
    assert!(
        places
            .iter()
            .any(|(name, _)| name.ends_with("evergrant.db")),
        "no database"
    );
    for (name, bytes) in &places {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "a token stands in {name}");
        }
    }
    // The search itself works: the network's own file does hold them.
    let state = std::fs::read(room.path("practice.json")).unwrap();
    assert!(secrets.iter().all(|secret| holds(&state, secret)));
}

/// Stands between the keeper's socket and its clients, and keeps everything that clients are told.
fn tap(room: &Room) -> Arc<Mutex<Vec<u8>>> {
    let (socket, real) = (room.path("data/keeper.sock"), room.path("data/real.sock"));
    std::fs::rename(&socket, &real).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let told: Arc<Mutex<Vec<u8>>> = Arc::default();
    let heard = Arc::clone(&told);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let keeper = UnixStream::connect(&real).unwrap();
            let (mut from_client, mut to_keeper) =
                (client.try_clone().unwrap(), keeper.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_keeper);
                let _ = to_keeper.shutdown(std::net::Shutdown::Write);
            });
            let (mut from_keeper, mut to_client) = (keeper, client);
            let heard = Arc::clone(&heard);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(read @ 1..) = from_keeper.read(&mut piece) {
                    heard.lock().unwrap().extend_from_slice(&piece[..read]);
                    if to_client.write_all(&piece[..read]).is_err() {
                        break;
                    }
                }
                let _ = to_client.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    told
}

#[test]
fn no_message_to_a_client_of_the_keeper_holds_a_token() {
    let room = Room::new();
    let keeper = room.keeper();
    crate::room::eventually("the keeper listens", || {
        room.path("data/keeper.sock").exists()
    });
    let told = tap(&room);
    let mut watch = room.command(&["watch"]).spawn().unwrap();
    let account = room.connected();
    for args in [
        &["check", "--json"][..],
        &["targets", &account],
        &["post", &account, "First", "--to", "500100"],
        &["diary", "--json"],
        &["queue", "--all", "--json"],
        &["accounts", "--json"],
        &["doctor", "--json"],
        &["remember", &account, "30"],
    ] {
        room.ok(args);
    }
    room.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    assert_eq!(room.run(&["check", &account]).code, 3);
    let again = room.sign_in(&["sign-in", &account], &Answer::Yes("ada"));
    assert_eq!(again.code, 0, "{again:?}");
    room.ok(&["sign-out", &account]);
    room.ok(&["forget", &account]);
    let secrets = issued(&room);
    assert!(secrets.len() >= 4, "only {}", secrets.len());
    assert_eq!(keeper.end(), 0);
    watch.wait().unwrap();
    let told = told.lock().unwrap();
    assert!(holds(&told, "First") && holds(&told, "dialog/oauth"));
    for secret in &secrets {
        assert!(!holds(&told, secret), "a client was told a token");
    }
    assert!(!holds(&told, evergrant_practice::APP_SECRET));
}
