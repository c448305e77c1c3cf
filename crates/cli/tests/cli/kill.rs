//! `kill -9` of the real process at each step of a delivery: nothing is lost, nothing goes out twice.

use std::process::Command;

use evergrant_practice::{Endpoint, Trouble, Where};

use crate::room::{Room, eventually};

fn posting(room: &Room, account: &str, text: &str) -> Command {
    room.command(&["post", account, text, "--to", "500100"])
}

/// Works off what is due until nothing is open any more, as the days go on.
fn settle(room: &Room, text: &str) {
    for step in 1..=6 {
        room.jump(step * 240);
        let ran = room.run(&["run", "--until-idle"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let queue = room.json(&["queue"]);
        if queue["posts"].as_array().unwrap().is_empty() {
            break;
        }
    }
    assert_eq!(room.copies(text), 1, "lost or doubled");
    let all = room.json(&["queue", "--all"]);
    assert_eq!(all["posts"][0]["state"], "posted", "{all}");
    // And it stays so.
    room.jump(7_200);
    room.ok(&["run", "--until-idle"]);
    assert_eq!(room.copies(text), 1, "doubled later");
}

fn killed_at(step: &str, copies_then: usize) {
    let room = Room::new();
    let account = room.connected();
    let text = format!("Killed at {step}");
    let mut command = posting(&room, &account, &text);
    command.env("EVERGRANT_STOP_AT", step);
    room.started(command, &format!("stopped at {step}")).kill();
    assert_eq!(room.copies(&text), copies_then);
    settle(&room, &text);
}

#[test]
fn before_the_intent_is_written() {
    killed_at("before_intent", 0);
}

#[test]
fn after_the_intent_is_written_and_before_anything_is_sent() {
    killed_at("after_intent", 0);
}

#[test]
fn after_the_answer_came_and_before_it_is_written() {
    killed_at("after_response", 1);
}

#[test]
fn after_the_answer_is_written() {
    killed_at("recorded", 1);
}

#[test]
fn while_the_request_is_under_way() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::Slow {
        milliseconds: 2_000,
        on: Where::once(Endpoint::Feed),
    });
    let mut command = posting(&room, &account, "On its way");
    // The step after the intent is silent here; the network's count says that the request came.
    command.env("EVERGRANT_STOP_AT", "after_response");
    let mut child = command.spawn().unwrap();
    eventually("the request arrives", || {
        room.network().count(Endpoint::Feed) == 1
    });
    child.kill().unwrap();
    child.wait().unwrap();
    settle(&room, "On its way");
}

#[test]
fn after_the_service_took_it_and_the_answer_was_lost() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    let mut child = posting(&room, &account, "Lost answer").spawn().unwrap();
    eventually("the service takes it", || room.copies("Lost answer") == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    settle(&room, "Lost answer");
}
