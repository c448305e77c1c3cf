//! One owner, everybody else a client: every command answers the same with a keeper as without.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Child;

use evergrant_practice::{Endpoint, Trouble, Where};
use serde_json::Value;

use crate::browser::Answer;
use crate::room::{PATIENCE, Ran, Room, Running, eventually};

const SIGN: &str = "Looking after accounts";

fn keeper(room: &Room) -> Running {
    let keeper = room.keeper();
    let socket = room.path("data/keeper.sock");
    eventually("the keeper answers", || {
        UnixStream::connect(&socket).is_ok()
    });
    keeper
}

/// A command that nobody but a keeper can answer: the folder is never waited for.
fn at_once(room: &Room, args: &[&str]) -> Ran {
    room.run(&[args, &["--wait", "0"]].concat())
}

#[test]
fn every_command_answers_the_same_with_a_keeper_as_without() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&[
        "post",
        &account,
        "Held for later",
        "--to",
        "500100",
        "--at",
        "2099-01-01 10:00",
    ]);
    room.ok(&["remember", &account, "30"]);
    let link = "https://example.org/";
    let questions: Vec<Vec<&str>> = vec![
        // What changes something comes first: asked twice, all the rest is answered the same.
        vec!["queue", "edit", "1", "Changed", "--link", link],
        vec![
            "queue",
            "edit",
            "1",
            "--no-link",
            "--at",
            "2099-01-01 10:00",
        ],
        vec!["queue", "edit", "1", ""],
        vec!["queue", "edit", "99", "Nobody's"],
        vec!["settings", "--warn-before", "14d,1d", "--late-limit", "90m"],
        vec!["settings", "--late-limit", "0s"],
        vec!["settings", "--json"],
        vec!["accounts"],
        vec!["accounts", "--json"],
        vec!["targets", &account],
        vec!["queue"],
        vec!["queue", "--all", "--json"],
        vec!["diary", "--limit", "4"],
        vec!["queue", "send", "99"],
        vec!["targets", "nobody"],
        vec!["sign-in", "nobody"],
        vec!["connect", "nowhere"],
        vec!["remember", &account, "30"],
    ];
    let alone: Vec<_> = questions.iter().map(|words| room.show(words)).collect();
    let keeper = keeper(&room);
    for (words, alone) in questions.iter().zip(&alone) {
        // What the keeper has done at its start is in the diary.
        if words[0] != "diary" {
            let ran = at_once(&room, words);
            let (mut with, mut without) = (room.shown(&ran), alone.clone());
            for text in [&mut with, &mut without] {
                *text = checked_then(text);
            }
            assert_eq!(with, without, "{words:?}");
        }
    }
    assert_eq!(keeper.end(), 0);
    assert!(!room.path("data/keeper.sock").exists());
}

/// The keeper checks at its start, so the time of the last check is another.
fn checked_then(text: &str) -> String {
    regex::Regex::new(r#""at": "\[TIME\]"|\[MOMENT\]"#)
        .unwrap()
        .replace_all(text, "[THEN]")
        .into_owned()
}

#[test]
fn a_sign_in_through_the_keeper_opens_the_page_here_and_keeps_the_token_there() {
    let room = Room::new();
    let keeper = keeper(&room);
    let account = room.connected();
    let ran = at_once(&room, &["check", &account, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = at_once(
        &room,
        &["post", &account, "By the keeper", "--to", "500100"],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(room.copies("By the keeper"), 1);
    assert_eq!(keeper.end(), 0);
}

#[test]
fn a_sign_in_whose_client_goes_is_given_up() {
    let room = Room::new();
    let account = room.connected();
    let keeper = keeper(&room);
    let mut client = room
        .command(&["sign-in", &account, "--no-browser"])
        .spawn()
        .unwrap();
    said(&mut client, "Waiting for you there");
    client.kill().unwrap();
    client.wait().unwrap();
    eventually("the sign-in is over", || {
        let accounts = room.json(&["accounts"]);
        accounts["accounts"][0]["state"] == "active"
    });
    // And it can be done again.
    let ran = room.sign_in(&["sign-in", &account], &Answer::Yes("ada"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(keeper.end(), 0);
}

fn said(child: &mut Child, sign: &str) {
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(sign) {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    child.stderr = Some(err.into_inner());
}

#[test]
fn a_second_keeper_says_who_is_there() {
    let room = Room::new();
    let keeper = keeper(&room);
    for words in [&["keep"][..], &["run"]] {
        let ran = at_once(&room, words);
        assert_eq!(ran.code, 7, "{ran:?}");
        let who = format!("`evergrant keep` (process {})", keeper.id());
        assert!(ran.err.contains(&who), "{}", ran.err);
    }
    assert_eq!(keeper.end(), 0);
}

#[test]
fn without_a_keeper_nothing_is_watched_and_that_is_said() {
    let room = Room::new();
    let ran = room.run(&["watch"]);
    assert_eq!(ran.code, 10, "{ran:?}");
    assert!(ran.err.contains("evergrant keep"), "{}", ran.err);
}

#[test]
fn watch_tells_what_happens_as_json_lines_and_ends_with_the_keeper() {
    let room = Room::new();
    let account = room.connected();
    let keeper = keeper(&room);
    let mut watch = room.command(&["watch"]).spawn().unwrap();
    said(&mut watch, "Watching");
    let out = watch.stdout.take().unwrap();
    let (line, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for text in BufReader::new(out).lines() {
            let _ = line.send(text.unwrap());
        }
    });
    let until = |kind: &str| -> Value {
        loop {
            let line = lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("in vain: {kind}"));
            let notice: Value = serde_json::from_str(&line).unwrap();
            if notice["happening"]["kind"] == kind {
                return notice;
            }
        }
    };
    at_once(&room, &["check", &account]);
    assert_eq!(until("checked")["account"], account);
    at_once(&room, &["post", &account, "Watched", "--to", "500100"]);
    assert_eq!(until("posted")["post"], 1);
    room.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    at_once(&room, &["check", &account]);
    assert_eq!(until("ended")["happening"]["reason"], "password_changed");
    at_once(&room, &["post", &account, "Waits", "--to", "500100"]);
    assert_eq!(until("post_held")["post"], 2);
    assert_eq!(keeper.end(), 0);
    assert_eq!(watch.wait().unwrap().code(), Some(10));
}

#[test]
fn clients_that_hang_flood_or_die_mid_message_harm_nobody() {
    let room = Room::new();
    room.connected();
    let keeper = keeper(&room);
    let socket = room.path("data/keeper.sock");
    let connect = || UnixStream::connect(&socket).unwrap();
    // More than there are places for, saying nothing.
    let hanging: Vec<_> = (0..80).map(|_| connect()).collect();
    // A length without a message, half a message, and nonsense.
    let mut floods = Vec::new();
    for bytes in [
        &[0xff; 4][..],
        &[0, 0, 0, 200, b'{'],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = connect();
        let _ = stream.write_all(bytes);
        floods.push(stream);
    }
    let mut flood = connect();
    let noise = vec![b'x'; 1 << 20];
    for _ in 0..40 {
        if flood.write_all(&noise).is_err() {
            break;
        }
    }
    for _ in 0..3 {
        let ran = at_once(&room, &["accounts", "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    drop((hanging, floods, flood));
    assert_eq!(keeper.end(), 0);
}

#[test]
fn a_client_of_another_protocol_is_told_so() {
    let room = Room::new();
    let keeper = keeper(&room);
    let mut stream = UnixStream::connect(room.path("data/keeper.sock")).unwrap();
    let hello = br#"{"protocol":999,"version":"9.9.9"}"#;
    let length = u32::try_from(hello.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], hello].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[4..]).into_owned();
    assert!(
        answer.contains("\"busy\"")
            && answer.contains("of one version")
            && answer.contains(", this is 9.9.9"),
        "{answer}"
    );
    assert_eq!(keeper.end(), 0);
}

#[test]
fn a_long_folder_name_has_a_socket_too() {
    let room = Room::new();
    let data = room.path(&["long".repeat(20), "name".repeat(20)].join("/"));
    let with = |args: &[&str]| {
        let mut command = room.command(args);
        command.env("EVERGRANT_DATA", &data);
        command
    };
    std::fs::create_dir_all(&data).unwrap();
    let keeper = room.started(with(&["keep", "--headless"]), SIGN);
    eventually("the keeper answers", || {
        let ran = with(&["doctor", "--json"]).output().unwrap();
        String::from_utf8_lossy(&ran.stdout).contains("looks after everything")
    });
    assert_eq!(keeper.end(), 0);
}

#[test]
fn other_words_for_the_keychain_than_the_keepers_are_refused() {
    let room = Room::new();
    let keeper = keeper(&room);
    let ran = at_once(&room, &["--keychain", "system", "accounts"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(keeper.end(), 0);
}

#[test]
fn the_keeper_posts_on_time_by_itself_and_ends_with_the_journal_right() {
    let room = Room::new();
    let account = room.connected();
    let keeper = keeper(&room);
    let ran = at_once(
        &room,
        &[
            "post",
            &account,
            "In an hour",
            "--to",
            "500100",
            "--at",
            "in 60m",
        ],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    room.jump(3_700);
    eventually("the post goes out", || room.copies("In an hour") == 1);
    // Asked to end while an answer is on its way, which takes longer than it may wait.
    room.trouble(Trouble::Slow {
        milliseconds: 10_000,
        on: Where::once(Endpoint::Feed),
    });
    let before = room.network().count(Endpoint::Feed);
    let mut slow = room
        .command(&["post", &account, "Cut off", "--to", "500100"])
        .spawn()
        .unwrap();
    eventually("the request arrives", || {
        room.network().count(Endpoint::Feed) > before
    });
    assert_eq!(keeper.end(), 0);
    assert_eq!(slow.wait().unwrap().code(), Some(10));
    let queue = room.json(&["queue"]);
    assert_eq!(queue["posts"][0]["state"], "uncertain", "{queue}");
    for step in 1..=6 {
        room.jump(3_700 + step * 240);
        room.ok(&["run", "--until-idle"]);
    }
    assert_eq!(room.copies("Cut off"), 1);
}

#[test]
fn it_is_started_at_login_with_the_folders_that_were_named_until_that_is_taken_back() {
    let room = Room::new();
    let start = |words: &[&str]| room.json(&[&["keep"], words].concat());
    for (words, file) in [
        (&["--install"][..], "autostart/dev.evergrant.keeper.desktop"),
        (
            &["--install", "--headless"],
            "systemd/user/evergrant-keeper.service",
        ),
    ] {
        let file = room.path("home/.config").join(file);
        let installed = start(words);
        assert_eq!(installed["installed"]["file"], file.to_str().unwrap());
        assert_eq!(installed["installed"]["replaced"], false);
        assert_eq!(start(words)["installed"]["replaced"], true);
        let text = std::fs::read_to_string(&file).unwrap();
        for named in ["data", "config", "passphrase"] {
            let path = room.path(named).display().to_string();
            assert!(text.contains(&path), "{path} is missing in {text}");
        }
        assert!(text.contains("--keychain"), "{text}");
    }
    let removed = start(&["--uninstall"]);
    assert_eq!(removed["removed"].as_array().unwrap().len(), 2, "{removed}");
    assert!(
        !room
            .path("home/.config/autostart/dev.evergrant.keeper.desktop")
            .exists()
    );
    assert_eq!(start(&["--uninstall"])["removed"], serde_json::json!([]));
    // Somebody else's entry of that name is left alone.
    let other = room.write(
        "home/.config/autostart/dev.evergrant.keeper.desktop",
        "[Desktop Entry]\nName=Mine\n",
    );
    let ran = room.run(&["keep", "--install"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(std::fs::read_to_string(other).unwrap().contains("Mine"));
}
