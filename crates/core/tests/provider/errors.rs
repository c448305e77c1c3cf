//! Each error of the Graph's map, in the envelope it comes in.

use chrono::TimeDelta;
use evergrant_core::EndReason;
use evergrant_core::http::Response;
use evergrant_core::provider::{Class, Phase, Refusal};
use serde_json::json;

use crate::support::{answer, facebook, fixture, raw, values};

fn graph(phase: Phase, code: i64, subcode: Option<i64>, message: &str) -> Refusal {
    let mut error = json!({
        "message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Abc",
    });
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    facebook().classify(phase, &answer(400, &json!({ "error": error })))
}

#[test]
fn every_code_of_the_map_has_its_class() {
    use Class::{
        BadRequest, ClientRejected, Dead, Duplicate, PolicyBlock, RateLimited, ScopeMissing,
        Transient, Unknown,
    };
    use EndReason as Why;
    let table = [
        (190, Some(458), Dead, Some(Why::AppRemoved)),
        (190, Some(459), Dead, Some(Why::Checkpoint)),
        (190, Some(460), Dead, Some(Why::PasswordChanged)),
        (190, Some(463), Dead, Some(Why::Expired)),
        (190, Some(464), Dead, Some(Why::Checkpoint)),
        (190, Some(467), Dead, Some(Why::Revoked)),
        (190, Some(492), Dead, Some(Why::RoleLost)),
        (190, Some(7), Dead, Some(Why::Revoked)),
        (190, None, Dead, Some(Why::Revoked)),
        (102, None, Dead, Some(Why::Revoked)),
        (102, Some(460), Dead, Some(Why::PasswordChanged)),
        (10, None, ScopeMissing, Some(Why::ScopeMissing)),
        (200, None, ScopeMissing, Some(Why::ScopeMissing)),
        (200, Some(1_609_008), BadRequest, None),
        (283, None, ScopeMissing, Some(Why::ScopeMissing)),
        (299, None, ScopeMissing, Some(Why::ScopeMissing)),
        (300, None, Unknown, None),
        (3, None, ClientRejected, None),
        (101, None, ClientRejected, None),
        (4, None, RateLimited, None),
        (17, None, RateLimited, None),
        (32, None, RateLimited, None),
        (341, None, RateLimited, None),
        (613, None, RateLimited, None),
        (80001, None, RateLimited, None),
        (80002, None, RateLimited, None),
        (368, None, PolicyBlock, None),
        (506, None, Duplicate, None),
        (100, None, BadRequest, None),
        (1500, None, BadRequest, None),
        (1_609_005, None, BadRequest, None),
        (100, Some(1_609_005), BadRequest, None),
        (1, None, Transient, None),
        (2, None, Transient, None),
        (1_363_030, None, Transient, None),
        (1_390_008, None, Unknown, None),
        (987_654, None, Unknown, None),
    ];
    for (code, subcode, class, reason) in table {
        let refusal = graph(Phase::Post, code, subcode, "no");
        assert_eq!(
            (refusal.class, refusal.reason),
            (class, reason),
            "{code}/{subcode:?}"
        );
    }
}

#[test]
fn only_a_pages_token_can_lose_a_role() {
    for phase in [Phase::Post, Phase::Recover, Phase::Children] {
        assert_eq!(
            graph(phase, 190, Some(492), "no").reason,
            Some(EndReason::RoleLost)
        );
    }
    assert_eq!(
        graph(Phase::Identity, 190, Some(492), "no").reason,
        Some(EndReason::Revoked)
    );
}

#[test]
fn a_wrong_secret_is_told_from_an_outage_by_its_text_alone() {
    let text = "Error validating client secret.";
    for phase in [Phase::Token, Phase::Exchange, Phase::Check] {
        assert_eq!(graph(phase, 1, None, text).class, Class::ClientRejected);
    }
    assert_eq!(
        graph(Phase::Token, 1, None, "An unknown error occurred").class,
        Class::Transient
    );
    assert_eq!(graph(Phase::Post, 1, None, text).class, Class::Transient);
    let proof = "Invalid appsecret_proof provided in the API argument";
    assert_eq!(
        graph(Phase::Identity, 100, None, proof).class,
        Class::ClientRejected
    );
}

#[test]
fn a_translated_text_for_people_does_not_hide_the_technical_one() {
    let body = json!({"error": {
        "code": 1, "message": "Error validating client secret.",
        "error_user_msg": "Ein Fehler ist aufgetreten.",
    }});
    let refusal = facebook().classify(Phase::Token, &answer(400, &body));
    assert_eq!(refusal.class, Class::ClientRejected);
    assert_eq!(refusal.said, "Ein Fehler ist aufgetreten.");
}

#[test]
fn a_refusal_names_code_status_and_words_without_tokens() {
    let refusal = graph(
        Phase::Identity,
        190,
        Some(460),
        "Malformed access token EAABsbCS1iHgBO0aZCZBZB7fLzk2uYw\nTry again",
    );
    assert_eq!(
        refusal,
        Refusal {
            class: Class::Dead,
            reason: Some(EndReason::PasswordChanged),
            retry_after: None,
            status: 400,
            code: Some("190/460".into()),
            said: "Malformed access token … Try again".into(),
        }
    );
}

#[test]
fn the_wait_is_read_from_the_business_header_and_else_from_retry_after() {
    let mut limited = answer(400, &json!({"error": {"code": 32, "message": "limit"}}));
    let usage = json!({"100": [{
        "type": "pages", "call_count": 98, "total_cputime": 25, "total_time": 101,
        "estimated_time_to_regain_access": 19,
    }]});
    limited
        .headers
        .push(("x-business-use-case-usage".into(), usage.to_string()));
    let wait = |response: &Response| facebook().classify(Phase::Post, response).retry_after;
    assert_eq!(wait(&limited), Some(TimeDelta::minutes(19)));
    assert_eq!(facebook().usage(&limited), Some(101));

    let mut busy = raw(503, "busy");
    assert_eq!(wait(&busy), None);
    busy.headers.push(("Retry-After".into(), "120".into()));
    assert_eq!(wait(&busy), Some(TimeDelta::seconds(120)));
    busy.headers[0].1 = "Wed, 25 Nov 2026 02:05:00 GMT".into();
    assert_eq!(wait(&busy), None, "a date alone would need a clock");
    busy.headers
        .push(("date".into(), "Wed, 25 Nov 2026 02:00:00 GMT".into()));
    assert_eq!(wait(&busy), Some(TimeDelta::minutes(5)));
}

#[test]
fn an_unreadable_answer_is_unknown_or_an_outage_but_never_dead() {
    for phase in [
        Phase::Check,
        Phase::Identity,
        Phase::Children,
        Phase::Post,
        Phase::Exchange,
    ] {
        for status in [200, 204, 302, 400, 401, 403, 404] {
            let refusal = facebook().classify(phase, &raw(status, "<html>Sorry</html>"));
            assert_eq!((refusal.class, refusal.reason), (Class::Unknown, None));
        }
        for status in [500, 502, 503, 504] {
            let refusal = facebook().classify(phase, &raw(status, "<html>Sorry</html>"));
            assert_eq!(refusal.class, Class::Transient);
        }
    }
}

#[test]
fn a_bearer_challenge_speaks_only_where_a_token_was_sent() {
    let mut response = raw(401, "");
    response.headers.push((
        "www-authenticate".into(),
        "Bearer realm=\"x\", error=\"invalid_token\"".into(),
    ));
    let standard = fixture("standard");
    let refusal = standard.classify(Phase::Identity, &response);
    assert_eq!(
        (refusal.class, refusal.reason),
        (Class::Dead, Some(EndReason::Revoked))
    );
    assert_eq!(
        standard.classify(Phase::Renew, &response).class,
        Class::Unknown
    );
    response.headers[0].1 = "Bearer error=\"insufficient_scope\"".into();
    assert_eq!(
        standard.classify(Phase::Post, &response).class,
        Class::ScopeMissing
    );
}

#[test]
fn identity_children_and_revocation_are_read_or_refused() {
    let facebook = facebook();
    let who = facebook
        .read_identity(&answer(200, &json!({"id": "10", "name": "Ann"})))
        .unwrap();
    assert_eq!((who.id.as_str(), who.name.as_str()), ("10", "Ann"));
    let nobody = facebook
        .read_identity(&answer(200, &json!({"name": "Ann"})))
        .unwrap_err();
    assert_eq!(nobody.class, Class::Unknown);

    let page = facebook
        .read_children(&answer(200, &json!({
            "data": [
                {"id": "100", "name": "Bakery", "access_token": "EAApage", "tasks": ["CREATE_CONTENT"]},
                {"id": "101", "name": "Choir"},
            ],
            "paging": {"next": "https://graph.facebook.com/v25.0/10/accounts?access_token=EAAuser&after=MTAx"},
        })))
        .unwrap();
    assert_eq!(page.children.len(), 2);
    assert_eq!(page.children[0].token.as_ref().unwrap().reveal(), "EAApage");
    assert_eq!(page.children[0].tasks, ["CREATE_CONTENT"]);
    assert_eq!(page.children[1].token, None);
    assert_eq!(page.children[0].kind, "page");
    let next = page.next.unwrap();
    assert_eq!(
        next.as_str(),
        "https://graph.facebook.com/v25.0/10/accounts?after=MTAx"
    );
    assert!(
        facebook
            .children_request(&values(), Some(next.as_str()))
            .is_ok()
    );
    let refusal = facebook
        .read_children(&answer(200, &json!({"data": {}})))
        .unwrap_err();
    assert_eq!(refusal.class, Class::Unknown);

    assert_eq!(facebook.read_revoke(&raw(200, "true")), Ok(()));
    assert_eq!(
        facebook.read_revoke(&raw(200, "{\"success\":true}")),
        Ok(())
    );
    for body in ["false", "{\"success\":false}", "", "{}"] {
        assert_eq!(
            facebook.read_revoke(&raw(200, body)).unwrap_err().class,
            Class::Unknown
        );
    }
}

#[test]
fn a_failure_inside_a_200_is_a_failure() {
    let chat = fixture("failure_inside_success");
    let read = |error: &str| {
        chat.read_identity(&answer(200, &json!({"ok": false, "error": error})))
            .unwrap_err()
    };
    assert_eq!(read("token_revoked").reason, Some(EndReason::Revoked));
    assert_eq!(read("missing_scope").class, Class::ScopeMissing);
    assert_eq!(
        read("ratelimited").retry_after,
        Some(TimeDelta::seconds(30))
    );
    assert_eq!(read("something_else").class, Class::BadRequest);
    let good = json!({"ok": true, "user_id": "U1", "user": "ann"});
    assert_eq!(chat.read_identity(&answer(200, &good)).unwrap().id, "U1");
}
