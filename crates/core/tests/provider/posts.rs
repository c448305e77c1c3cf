//! Posting by steps, and finding a post whose answer was lost.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use evergrant_core::provider::{Absent, Class, PostKind, Recover, Recovered, TextUnit, Values};
use evergrant_core::{EndReason, Secret};
use serde_json::{Value, json};

use crate::support::{answer, facebook, fixture, now, raw, values};

fn kind(name: &str) -> PostKind {
    facebook().post_kind(name).unwrap().clone()
}

fn sent(text: &str) -> Values {
    values()
        .child_id("100")
        .child_token(&Secret::new("EAApage"))
        .post_text(text)
        .attempt_started(now())
}

fn listed(id: &str, text: &str, created: &str) -> Value {
    json!({"id": id, "message": text, "created_time": created})
}

fn find(text: &str, body: &Value, known: &[&str]) -> Recovered {
    let known: BTreeSet<String> = known.iter().map(|id| (*id).to_owned()).collect();
    kind("text").find_in_recovery(&answer(200, body), &sent(text), &known)
}

const JUST_NOW: &str = "2026-11-25T02:00:03+0000";
const BEFORE: &str = "2026-11-24T02:00:03+0000";

fn found(id: &str) -> Recovered {
    Recovered::Found { id: id.into() }
}

#[test]
fn a_page_post_says_what_it_needs() {
    let text = kind("text");
    assert_eq!(text.limit.count, 63_206);
    assert_eq!(text.limit.unit, TextUnit::Utf16);
    assert_eq!(text.needs, ["pages_manage_posts"]);
    assert_eq!(text.child_tasks, ["CREATE_CONTENT"]);
    assert_eq!(text.steps.len(), 1);
    assert!(text.steps[0].commit);
    assert_eq!(
        text.recover,
        Recover::Lookup {
            settle: TimeDelta::minutes(2),
            absent: Absent::Resend,
            needs: vec!["pages_read_engagement".into()],
        }
    );
    let media = kind("photo").media.unwrap();
    assert_eq!(media.types, ["image/jpeg", "image/png"]);
    assert!(text.media.is_none());
}

#[test]
fn the_answer_gives_the_posts_id_and_a_page_to_look_at() {
    let captures = kind("text")
        .read_step(0, &answer(200, &json!({"id": "100_200"})))
        .unwrap();
    let id = PostKind::id_of(&captures).unwrap();
    assert_eq!(id, "100_200");
    let url = kind("text").url(&Values::new().captured("id", id)).unwrap();
    assert_eq!(url.as_str(), "https://www.facebook.com/100_200");

    let photo = json!({"id": "300", "post_id": "100_300"});
    let captures = kind("photo").read_step(0, &answer(200, &photo)).unwrap();
    assert_eq!(PostKind::id_of(&captures), Some("100_300"));
}

#[test]
fn a_200_that_names_no_post_is_unknown_since_the_post_may_be_there() {
    for body in ["", "{}", "<html>", "{\"id\":\"\"}"] {
        let refusal = kind("text").read_step(0, &raw(200, body)).unwrap_err();
        assert_eq!(refusal.class, Class::Unknown, "{body}");
    }
    let body = json!({"error": {"code": 190, "error_subcode": 492, "message": "gone"}});
    let refusal = kind("text").read_step(0, &answer(400, &body)).unwrap_err();
    assert_eq!(refusal.reason, Some(EndReason::RoleLost));
}

#[test]
fn the_look_up_asks_with_the_pages_token() {
    let request = kind("text").recover_request(&sent("x")).unwrap().unwrap();
    assert!(request.url.as_str().starts_with(
        "https://graph.facebook.com/v25.0/100/feed?fields=id%2Cmessage%2Ccreated_time&limit=100"
    ));
    assert!(
        fixture("instance")
            .post_kind("text")
            .unwrap()
            .recover_request(&sent("x"))
            .is_some()
    );
    let chat = fixture("failure_inside_success");
    assert!(
        chat.post_kind("text")
            .unwrap()
            .recover_request(&sent("x"))
            .is_none()
    );
}

#[test]
fn an_equal_post_that_nobody_claims_is_ours() {
    let body = json!({"data": [
        listed("100_3", "Other", JUST_NOW), listed("100_2", "Hällo\nyou", JUST_NOW),
    ]});
    assert_eq!(find("Hällo\r\nyou ", &body, &[]), found("100_2"));
}

#[test]
fn an_equal_post_of_another_delivery_is_not_taken_for_this_one() {
    let body = json!({"data": [listed("100_2", "Same", JUST_NOW)]});
    assert_eq!(find("Same", &body, &["100_2"]), Recovered::NotThere);
    let body = json!({"data": [
        listed("100_4", "Same", "2026-11-25T02:01:00+0000"),
        listed("100_3", "Same", JUST_NOW),
        listed("100_2", "Same", "2026-11-25T01:59:59+0000"),
    ]});
    assert_eq!(find("Same", &body, &["100_2"]), found("100_3"));
}

#[test]
fn not_there_needs_a_list_that_reaches_back_to_the_attempt() {
    assert_eq!(find("x", &json!({"data": []}), &[]), Recovered::NotThere);
    let next = "https://graph.facebook.com/next";
    let busy = json!({"data": [listed("1", "a", JUST_NOW)], "paging": {"next": next}});
    assert_eq!(find("x", &busy, &[]), Recovered::CantTell);
    let enough = json!({
        "data": [listed("2", "a", JUST_NOW), listed("1", "b", BEFORE)], "paging": {"next": next},
    });
    assert_eq!(find("x", &enough, &[]), Recovered::NotThere);
}

#[test]
fn an_equal_post_from_before_the_attempt_is_for_the_person_to_judge() {
    // Either somebody posted the same by hand, or a clock is wrong by a day.
    let body = json!({"data": [listed("1", "x", BEFORE)]});
    assert_eq!(find("x", &body, &[]), Recovered::CantTell);
}

#[test]
fn without_words_no_post_can_be_told_from_another() {
    let body = json!({"data": [{"id": "1", "created_time": JUST_NOW}]});
    assert_eq!(find("", &body, &[]), Recovered::CantTell);
}

#[test]
fn a_look_up_that_fails_settles_nothing() {
    let none = BTreeSet::new();
    for response in [
        raw(200, "<html>"),
        raw(200, "{}"),
        raw(502, ""),
        raw(400, "{\"data\":[]}"),
    ] {
        let result = kind("text").find_in_recovery(&response, &sent("x"), &none);
        assert_eq!(result, Recovered::CantTell);
    }
}

#[test]
fn a_list_may_be_the_whole_answer_and_its_times_end_in_z() {
    let own = fixture("instance");
    let body = json!([{"id": "9", "content": "Hi", "created_at": "2026-11-25T02:00:09.123Z"}]);
    let kind = own.post_kind("text").unwrap();
    let result = kind.find_in_recovery(&answer(200, &body), &sent("Hi"), &BTreeSet::new());
    assert_eq!(result, found("9"));
}

#[test]
fn steps_hand_their_captures_on() {
    let threads = fixture("self_renewing");
    let kind = threads.post_kind("text").unwrap();
    let commits: Vec<bool> = kind.steps.iter().map(|step| step.commit).collect();
    assert_eq!(commits, [false, false, true]);
    let captures = kind.read_step(0, &answer(200, &json!({"id": 77}))).unwrap();
    assert_eq!(captures["container"], "77");
    let values = values().captured("container", "77");
    let request = kind.render_step(2, &values).unwrap();
    let evergrant_core::http::Body::Form(form) = request.body else {
        panic!("no form")
    };
    assert_eq!(form.reveal(), "creation_id=77");
    assert!(kind.render_step(3, &values).is_err());
}

#[test]
fn a_step_waits_until_the_provider_is_ready() {
    let threads = fixture("self_renewing");
    let kind = threads.post_kind("text").unwrap();
    let read = |status: &str| kind.read_step(1, &answer(200, &json!({"status": status})));
    assert!(read("FINISHED").unwrap().is_empty());
    let waiting = read("IN_PROGRESS").unwrap_err();
    assert_eq!(
        (waiting.class, waiting.retry_after),
        (Class::Transient, Some(TimeDelta::minutes(1)))
    );
    assert_eq!(read("ERROR").unwrap_err().class, Class::Media);
    assert_eq!(
        kind.read_step(1, &raw(200, "<html>")).unwrap_err().class,
        Class::Unknown
    );
}

#[test]
fn an_id_may_come_in_a_header() {
    let net = fixture("id_in_a_header");
    let mut response = raw(201, "");
    response
        .headers
        .push(("X-RestLi-Id".into(), "urn:li:share:1".into()));
    let kind = net.post_kind("text").unwrap();
    let captures = kind.read_step(0, &response).unwrap();
    assert_eq!(captures["id"], "urn:li:share:1");
    let url = kind
        .url(&Values::new().captured("id", "urn:li:share:1"))
        .unwrap();
    assert_eq!(
        url.as_str(),
        "https://net.test/feed/update/urn%3Ali%3Ashare%3A1"
    );
}
