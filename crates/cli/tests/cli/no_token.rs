//! After a whole run no token is anywhere but in the vault and on the wire.

use std::collections::BTreeSet;

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
