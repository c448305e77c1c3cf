//! What an issuer says of a token, and what it does not.

use std::collections::BTreeSet;

use evergrant_core::provider::{CheckReading, Class, Facts};
use evergrant_core::{EndReason, Expiry};
use serde_json::{Value, json};

use crate::support::{APP, answer, at, facebook, fixture, now, raw};

fn check(status: u16, body: &Value) -> CheckReading {
    facebook().read_check(&answer(status, body), APP, now())
}

fn good_data() -> Value {
    json!({
        "app_id": APP, "type": "USER", "application": "Mine", "is_valid": true,
        "expires_at": 1_800_755_944, "data_access_expires_at": 1_803_344_968,
        "issued_at": 1_795_568_968, "scopes": ["pages_show_list", "public_profile"],
        "user_id": "10",
    })
}

fn good(change: impl FnOnce(&mut Value)) -> Facts {
    let mut data = good_data();
    change(&mut data);
    match check(200, &json!({ "data": data })) {
        CheckReading::Good(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn dead(data: &Value) -> EndReason {
    match check(200, &json!({ "data": data })) {
        CheckReading::Dead { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn cant_tell(reading: &CheckReading) -> Class {
    match reading {
        CheckReading::CantTell(refusal) => refusal.class,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_token_comes_with_its_facts() {
    assert_eq!(
        good(|_| ()),
        Facts {
            expiry: Expiry::At(at(1_800_755_944)),
            data_access_ends: Expiry::At(at(1_803_344_968)),
            issued_at: Some(at(1_795_568_968)),
            scopes: Some(BTreeSet::from([
                "pages_show_list".into(),
                "public_profile".into()
            ])),
            account: Some("10".into()),
            owner: Some(APP.into()),
        }
    );
}

#[test]
fn zero_is_never_and_missing_is_unknown() {
    assert_eq!(
        good(|data| data["expires_at"] = json!(0)).expiry,
        Expiry::Never
    );
    assert_eq!(
        good(|data| data["expires_at"] = Value::Null).expiry,
        Expiry::Unknown
    );
    let facts = good(|data| data["data_access_expires_at"] = json!(0));
    assert_eq!(facts.data_access_ends, Expiry::Unknown);
    assert_eq!(
        good(|data| data["app_id"] = json!(4711)).owner,
        Some(APP.into())
    );
    assert_eq!(
        good(|data| data["scopes"] = json!([])).scopes,
        Some(BTreeSet::new())
    );
    assert_eq!(good(|data| data["scopes"] = Value::Null).scopes, None);
}

#[test]
fn an_announced_end_that_has_passed_does_not_outweigh_the_issuers_yes() {
    let facts = good(|data| data["expires_at"] = json!(1_700_000_000));
    assert!(facts.expiry.is_past(now()));
}

#[test]
fn passed_data_access_ends_a_token_that_is_otherwise_good() {
    let mut data = good_data();
    data["data_access_expires_at"] = json!(1_795_571_999);
    assert_eq!(dead(&data), EndReason::DataAccessEnded);
}

#[test]
fn a_no_is_explained_by_its_subcode_under_either_name() {
    for (subcode, reason) in [
        (458, EndReason::AppRemoved),
        (459, EndReason::Checkpoint),
        (460, EndReason::PasswordChanged),
        (463, EndReason::Expired),
        (464, EndReason::Checkpoint),
        (467, EndReason::Revoked),
        (492, EndReason::Revoked),
    ] {
        for name in ["subcode", "error_subcode"] {
            let mut error = json!({"code": 190, "message": "Error validating access token"});
            error[name] = json!(subcode);
            let mut data = good_data();
            data["is_valid"] = json!(false);
            data["error"] = error;
            assert_eq!(dead(&data), reason, "{name} {subcode}");
        }
    }
}

#[test]
fn a_no_without_a_reason_is_expired_by_its_date_or_else_revoked() {
    let mut data = good_data();
    data["is_valid"] = json!(false);
    assert_eq!(dead(&data), EndReason::Revoked);
    data["expires_at"] = json!(1_795_571_999);
    assert_eq!(dead(&data), EndReason::Expired);
    data["error"] =
        json!({"code": 190, "message": "Session does not match current stored session"});
    assert_eq!(dead(&data), EndReason::Expired);
}

#[test]
fn a_token_the_issuer_does_not_know_at_all_is_dead() {
    let data = json!({
        "error": {"code": 190, "message": "Invalid OAuth access token."},
        "is_valid": false, "scopes": [],
    });
    assert_eq!(dead(&data), EndReason::Revoked);
}

#[test]
fn a_no_about_another_apps_token_or_about_nobodys_says_nothing() {
    let mut data = good_data();
    data["is_valid"] = json!(false);
    data["app_id"] = json!("999");
    assert_eq!(
        cant_tell(&check(200, &json!({ "data": data }))),
        Class::Unknown
    );
    let reading = check(200, &json!({"data": {"is_valid": false}}));
    assert_eq!(cant_tell(&reading), Class::Unknown);
}

#[test]
fn a_yes_about_another_apps_token_is_no_yes_for_us() {
    let mut data = good_data();
    data["app_id"] = json!("999");
    assert_eq!(
        cant_tell(&check(200, &json!({ "data": data }))),
        Class::Unknown
    );
}

#[test]
fn a_passing_trouble_inside_a_no_leaves_the_sign_in_alone() {
    let mut data = good_data();
    data["is_valid"] = json!(false);
    data["error"] = json!({"code": 2, "message": "Service temporarily unavailable"});
    assert_eq!(
        cant_tell(&check(200, &json!({ "data": data }))),
        Class::Transient
    );
}

#[test]
fn nonsense_outages_and_limits_say_nothing() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        "{\"data\":null}",
        "{\"data\":{\"is_valid\":\"no\"}}",
    ] {
        let reading = facebook().read_check(&raw(200, body), APP, now());
        assert_eq!(cant_tell(&reading), Class::Unknown, "{body}");
    }
    assert_eq!(cant_tell(&check(502, &json!({}))), Class::Transient);
    assert_eq!(
        cant_tell(&check(
            400,
            &json!({"error": {"code": 4, "message": "limit"}})
        )),
        Class::RateLimited
    );
    assert_eq!(
        cant_tell(&check(404, &json!({"odd": true}))),
        Class::Unknown
    );
}

#[test]
fn a_refused_app_token_is_the_apps_fault_and_not_the_accounts_end() {
    let body = json!({"error": {
        "message": "Invalid OAuth access token signature.", "type": "OAuthException", "code": 190,
    }});
    assert_eq!(cant_tell(&check(400, &body)), Class::ClientRejected);
    let body = json!({"error": {"message": "Error validating client secret.", "code": 1}});
    assert_eq!(cant_tell(&check(400, &body)), Class::ClientRejected);
}

#[test]
fn introspection_may_answer_a_bare_no() {
    let standard = fixture("standard");
    let read = |body: &Value| standard.read_check(&answer(200, body), "me", now());
    assert!(matches!(
        read(&json!({"active": false})),
        CheckReading::Dead {
            reason: EndReason::Revoked,
            ..
        }
    ));
    let CheckReading::Good(facts) = read(&json!({
        "active": true, "scope": "openid write", "sub": "10", "client_id": "me",
        "exp": 1_800_000_000, "iat": 1_790_000_000,
    })) else {
        panic!("not good")
    };
    assert_eq!(facts.expiry, Expiry::At(at(1_800_000_000)));
    assert_eq!(facts.scopes.unwrap().len(), 2);
}

#[test]
fn where_there_is_no_check_who_am_i_decides() {
    let own = fixture("instance");
    let read = |status, body: &Value| own.read_check(&answer(status, body), APP, now());
    let CheckReading::Good(facts) = read(200, &json!({"id": "5", "acct": "ann"})) else {
        panic!("not good")
    };
    assert_eq!(facts.account.as_deref(), Some("5"));
    assert!(matches!(
        read(401, &json!({"error": "The access token is invalid"})),
        CheckReading::Dead {
            reason: EndReason::Revoked,
            ..
        }
    ));
    assert_eq!(cant_tell(&read(503, &json!({}))), Class::Transient);
    assert_eq!(cant_tell(&read(200, &json!({}))), Class::Unknown);
}

#[test]
fn facts_survive_json() {
    let facts = good(|_| ());
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
}
