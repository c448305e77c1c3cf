//! Token answers with every quirk that has been seen.

use chrono::TimeDelta;
use evergrant_core::provider::{Class, Phase, TokenAnswer};
use evergrant_core::{EndReason, Expiry, Secret};
use serde_json::{Value, json};

use crate::support::{answer, facebook, fixture, now, raw};

fn read(body: &Value) -> TokenAnswer {
    facebook()
        .read_token(Phase::Token, &answer(200, body), now())
        .unwrap()
}

fn with_life(life: &Value) -> (Expiry, bool) {
    let answer = read(&json!({"access_token": "EAAlong", "expires_in": life}));
    (answer.expiry, answer.asks_for_expiry)
}

fn after(seconds: i64) -> Expiry {
    Expiry::At(now() + TimeDelta::seconds(seconds))
}

#[test]
fn a_plain_answer_gives_token_and_end() {
    let body = json!({"access_token": "EAAlong", "token_type": "bearer", "expires_in": 5_183_944});
    assert_eq!(
        read(&body),
        TokenAnswer {
            access: Secret::new("EAAlong"),
            refresh: None,
            expiry: after(5_183_944),
            asks_for_expiry: false,
            refresh_expiry: Expiry::Unknown,
            scopes: None,
        }
    );
}

#[test]
fn a_missing_end_is_asked_for_and_is_neither_zero_nor_never() {
    let answer = read(&json!({"access_token": "EAAlong", "token_type": "bearer"}));
    assert_eq!(
        (answer.expiry, answer.asks_for_expiry),
        (Expiry::Unknown, true)
    );
}

#[test]
fn the_end_may_go_by_its_old_name() {
    let answer = read(&json!({"access_token": "EAAlong", "expires": "5183944"}));
    assert_eq!(
        (answer.expiry, answer.asks_for_expiry),
        (after(5_183_944), false)
    );
}

#[test]
fn an_end_comes_as_number_text_fraction_or_nonsense() {
    assert_eq!(with_life(&json!("3600")), (after(3600), false));
    assert_eq!(with_life(&json!(3600.5)), (after(3600), false));
    for nonsense in [
        json!("soon"),
        json!(-1),
        json!("-60"),
        json!(null),
        json!([]),
        json!(true),
    ] {
        assert_eq!(with_life(&nonsense), (Expiry::Unknown, true), "{nonsense}");
    }
    assert_eq!(with_life(&json!(0)), (Expiry::Unknown, true));
    assert_eq!(
        with_life(&json!(9_223_372_036_854_775_807_i64)),
        (Expiry::Never, false)
    );
    assert_eq!(with_life(&json!(1e30)), (Expiry::Never, false));
}

#[test]
fn what_silence_means_is_the_files_word() {
    let body = json!({"access_token": "t", "authed_user": {"access_token": "person"}});
    let chat = fixture("failure_inside_success");
    let token = chat
        .read_token(Phase::Token, &answer(200, &body), now())
        .unwrap();
    assert_eq!(
        (token.access.reveal(), token.expiry),
        ("person", Expiry::Never)
    );
    let short = fixture("self_renewing");
    let token = short
        .read_token(Phase::Token, &answer(200, &body), now())
        .unwrap();
    assert_eq!(token.expiry, after(3600));
    // The exchange is laid out as the standard says; the standard says nothing of silence.
    let body = json!({"access_token": "t", "token_type": "Bearer"});
    let token = short
        .read_token(Phase::Exchange, &answer(200, &body), now())
        .unwrap();
    assert_eq!(
        (token.expiry, token.asks_for_expiry),
        (Expiry::Unknown, false)
    );
}

#[test]
fn the_standards_answer_takes_any_case_of_bearer_and_lists_scopes() {
    let standard = fixture("standard");
    for kind in ["bearer", "Bearer", "BEARER"] {
        let body = json!({
            "access_token": "a", "token_type": kind, "expires_in": 60,
            "refresh_token": "r", "scope": "openid write",
        });
        let token = standard
            .read_token(Phase::Token, &answer(200, &body), now())
            .unwrap();
        assert_eq!(token.refresh, Some(Secret::new("r")));
        assert_eq!(
            token.scopes,
            Some(vec!["openid".to_owned(), "write".to_owned()])
        );
        assert_eq!(token.expiry, after(60));
    }
    // The life as text is beyond the standard, but a rotated token must not be lost over it.
    let body = json!({"access_token": "a", "token_type": "bearer", "expires_in": "60"});
    let token = standard
        .read_token(Phase::Renew, &answer(200, &body), now())
        .unwrap();
    assert_eq!((token.expiry, token.refresh), (after(60), None));
}

#[test]
fn a_token_of_an_unknown_kind_is_not_used() {
    let body = json!({"access_token": "a", "token_type": "mac"});
    let refusal = fixture("standard")
        .read_token(Phase::Token, &answer(200, &body), now())
        .unwrap_err();
    assert_eq!(refusal.class, Class::Unknown);
}

#[test]
fn form_encoding_is_read_where_the_answer_says_so() {
    let mut response = raw(
        200,
        "access_token=gho_x&scope=repo%2Cgist&token_type=bearer",
    );
    let standard = fixture("standard");
    assert!(standard.read_token(Phase::Token, &response, now()).is_err());
    response.headers.push((
        "content-type".into(),
        "application/x-www-form-urlencoded; charset=utf-8".into(),
    ));
    let token = standard.read_token(Phase::Token, &response, now()).unwrap();
    assert_eq!(token.access.reveal(), "gho_x");
    assert_eq!(
        token.scopes,
        Some(vec!["repo".to_owned(), "gist".to_owned()])
    );
}

#[test]
fn a_200_without_a_usable_token_is_unknown_and_never_dead() {
    let bodies = [
        "",
        "<html>busy</html>",
        "[]",
        "{}",
        "null",
        "{\"access_token\":\"\"}",
        "{\"access_token\":7}",
        "{\"access_token\":\"with space\"}",
        "{\"access_token\":\"a\\nb\"}",
    ];
    for body in bodies {
        for phase in [Phase::Token, Phase::Exchange] {
            let refusal = facebook()
                .read_token(phase, &raw(200, body), now())
                .unwrap_err();
            assert_eq!(
                (refusal.class, refusal.reason),
                (Class::Unknown, None),
                "{body}"
            );
        }
    }
}

#[test]
fn a_refused_renewal_is_dead_only_by_the_standards_own_word() {
    let standard = fixture("standard");
    let body = json!({"error": "invalid_grant", "error_description": "Token is not active"});
    let read = |phase, status, body: &Value| {
        standard
            .read_token(phase, &answer(status, body), now())
            .unwrap_err()
    };
    let refusal = read(Phase::Renew, 400, &body);
    assert_eq!(
        (refusal.class, refusal.reason, refusal.said.as_str()),
        (
            Class::Dead,
            Some(EndReason::RefreshRefused),
            "Token is not active"
        )
    );
    // A code that is refused ends no sign-in: there is none yet.
    assert_eq!(read(Phase::Token, 400, &body).class, Class::BadRequest);
    let client = json!({"error": "invalid_client"});
    assert_eq!(
        read(Phase::Renew, 401, &client).class,
        Class::ClientRejected
    );
    assert_eq!(
        read(Phase::Renew, 400, &json!({"error": "odd"})).class,
        Class::Unknown
    );
    assert_eq!(read(Phase::Renew, 503, &json!({})).class, Class::Transient);
    assert_eq!(
        read(Phase::Renew, 429, &json!({})).class,
        Class::RateLimited
    );
}

#[test]
fn an_error_in_the_redirect_is_understood() {
    let params = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let denied = facebook().refused_at_authorize(&params(&[
        ("error", "access_denied"),
        ("error_reason", "user_denied"),
        ("error_description", "Permissions error"),
        ("error_code", "200"),
    ]));
    assert_eq!(denied.class, Class::Denied);
    assert_eq!(denied.said, "Permissions error");
    let busy = facebook().refused_at_authorize(&params(&[("error", "server_error")]));
    assert_eq!(busy.class, Class::Transient);
}

#[test]
fn an_end_inside_the_token_is_read_as_a_hint() {
    let pair = fixture("jwt_pair");
    // {"alg":"none"} . {"exp":1795575600} and {"exp":1795658400}; nobody verifies the signature.
    let body = json!({
        "access": "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTU1NzU2MDB9.x",
        "refresh": "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTU2NTg0MDB9.x",
    });
    let token = pair
        .read_token(Phase::Token, &answer(200, &body), now())
        .unwrap();
    assert_eq!(token.expiry, after(3600));
    assert_eq!(
        token.refresh_expiry,
        Expiry::At(crate::support::at(1_795_658_400))
    );
    for odd in ["opaque", "a.b.c", "a.eyJ9.c", "..", "a.e30.c"] {
        let body = json!({"access": odd});
        let token = pair
            .read_token(Phase::Renew, &answer(200, &body), now())
            .unwrap();
        assert_eq!(token.expiry, Expiry::Unknown, "{odd}");
    }
    let rules = pair.renew().unwrap();
    assert!(rules.verify_by_identity);
    assert_eq!(rules.lead, Some(TimeDelta::seconds(30)));
}
