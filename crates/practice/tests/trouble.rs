//! Every trouble, once at least.

mod common;

use std::time::{Duration, Instant};

use common::{BAKERY, Lab, REDIRECT, START};
use evergrant_practice::{APP_ID, Choice, Endpoint, Nonsense, OddExpiry, Trouble, Where};
use serde_json::{Value, json};

/// A network on which Ada has a long-lived token and the Bakery's Page token.
async fn ada() -> (Lab, String, String) {
    let lab = Lab::start().await;
    let user = lab.long("ada").await;
    let page = lab.page_token(&user, BAKERY).await;
    (lab, user, page)
}

/// Both tokens are refused with this subcode, and `debug_token` says the same.
async fn both_are_dead(lab: &Lab, user: &str, page: &str, subcode: u64) {
    for token in [user, page] {
        let reply = lab.me(token).await;
        assert_eq!((reply.status, reply.error()), (400, (190, subcode)));
        assert_eq!(reply.text("/error/type"), "OAuthException");
        let data = lab.debug(token).await;
        assert_eq!(
            (&data["is_valid"], &data["error"]["subcode"]),
            (&json!(false), &json!(subcode))
        );
    }
}

fn person() -> String {
    "ada".into()
}

#[tokio::test]
async fn expire_now_ends_a_person_s_tokens() {
    let (lab, user, page) = ada().await;
    let ben = lab.long("ben").await;
    lab.trouble(Trouble::ExpireNow { person: person() });
    both_are_dead(&lab, &user, &page, 463).await;
    assert_eq!(lab.me(&ben).await.status, 200, "Ben is not touched");
}

#[tokio::test]
async fn a_changed_password_ends_them_and_a_new_sign_in_works() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::ChangePassword {
        person: person(),
        to: None,
    });
    both_are_dead(&lab, &user, &page, 460).await;
    let again = lab.long("ada").await;
    assert_eq!(lab.me(&again).await.status, 200);
}

#[tokio::test]
async fn a_removed_app_is_forgotten() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::RemoveApp {
        person: "10001".into(),
    });
    both_are_dead(&lab, &user, &page, 458).await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_them() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::SignOutEverywhere { person: person() });
    both_are_dead(&lab, &user, &page, 467).await;
}

#[tokio::test]
async fn a_checkpoint_stops_tokens_until_it_is_cleared() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::Checkpoint { person: person() });
    both_are_dead(&lab, &user, &page, 459).await;
    lab.trouble(Trouble::ClearCheckpoint { person: person() });
    assert_eq!(
        (lab.me(&user).await.status, lab.me(&page).await.status),
        (200, 200)
    );
}

#[tokio::test]
async fn a_dropped_permission_leaves_the_token_alive() {
    let (lab, user, page) = ada().await;
    let scope = || "pages_manage_posts".to_owned();
    lab.trouble(Trouble::DropScope {
        person: person(),
        scope: scope(),
    });
    assert_eq!(lab.publish(&page, "x").await.error(), (200, 0));
    let scopes = lab.debug(&user).await["scopes"].clone();
    assert!(
        !scopes
            .as_array()
            .expect("a list")
            .contains(&json!("pages_manage_posts"))
    );
    lab.trouble(Trouble::RestoreScope {
        person: person(),
        scope: scope(),
    });
    assert_eq!(lab.publish(&page, "x").await.status, 200);
    lab.trouble(Trouble::DropScope {
        person: person(),
        scope: "pages_read_engagement".into(),
    });
    assert_eq!(
        lab.get("/500100/feed", &[("access_token", &page)])
            .await
            .error(),
        (10, 0)
    );
}

#[tokio::test]
async fn a_lost_role_ends_only_that_page_s_token() {
    let (lab, user, page) = ada().await;
    let trains = lab.page_token(&user, "500200").await;
    lab.trouble(Trouble::TakeRole {
        person: person(),
        page: "Harbour Bakery".into(),
    });
    assert_eq!(lab.me(&page).await.error(), (190, 492));
    assert_eq!(lab.debug(&page).await["error"]["subcode"], 492);
    assert_eq!(
        (lab.me(&user).await.status, lab.me(&trains).await.status),
        (200, 200)
    );
    let accounts = lab.get("/me/accounts", &[("access_token", &user)]).await;
    assert_eq!(accounts.body["data"].as_array().map(Vec::len), Some(1));
    lab.trouble(Trouble::GiveRole {
        person: person(),
        page: BAKERY.into(),
    });
    assert_eq!(lab.me(&page).await.status, 200);
}

#[tokio::test]
async fn ended_data_access_leaves_a_valid_token_that_reads_nothing() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::EndDataAccess { person: person() });
    let data = lab.debug(&user).await;
    assert_eq!(
        (&data["is_valid"], &data["data_access_expires_at"]),
        (&json!(true), &json!(START))
    );
    assert_eq!(lab.me(&user).await.error(), (190, 493));
    assert_eq!(lab.publish(&page, "x").await.error(), (190, 493));
    let permissions = lab.get("/me/permissions", &[("access_token", &user)]).await;
    assert!(
        permissions.body["data"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|row| row["status"] == "expired")
    );
    lab.short("ada").await;
    assert_eq!(
        lab.me(&user).await.status,
        200,
        "a sign-in starts the 90 days afresh"
    );
}

#[tokio::test]
async fn a_rate_limit_lasts_for_calls_or_for_minutes() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::RateLimit {
        code: None,
        minutes: 7,
        on: Where::calls(2),
    });
    let on_page = lab.publish(&page, "x").await;
    assert_eq!((on_page.status, on_page.error()), (400, (80001, 0)));
    assert_eq!(on_page.body["error"]["is_transient"], true);
    let usage: Value =
        serde_json::from_str(on_page.header("x-business-use-case-usage")).expect("json");
    assert_eq!(usage[BAKERY][0]["estimated_time_to_regain_access"], 7);
    let on_app = lab.me(&user).await;
    assert_eq!(on_app.error(), (4, 0));
    let usage: Value =
        serde_json::from_str(on_app.header("x-business-use-case-usage")).expect("json");
    assert_eq!(usage[APP_ID][0]["estimated_time_to_regain_access"], 7);
    assert_eq!(lab.me(&user).await.status, 200, "two calls only");

    lab.trouble(Trouble::RateLimit {
        code: Some(17),
        minutes: 10,
        on: Where::default(),
    });
    lab.move_clock(300);
    let limited = lab.me(&user).await;
    assert_eq!(limited.error(), (17, 0));
    let usage: Value =
        serde_json::from_str(limited.header("x-business-use-case-usage")).expect("json");
    assert_eq!(
        usage[APP_ID][0]["estimated_time_to_regain_access"], 5,
        "it counts down"
    );
    lab.move_clock(300);
    assert_eq!(lab.me(&user).await.status, 200);
}

#[tokio::test]
async fn an_outage_lasts_until_it_is_cleared_and_says_503() {
    let (lab, user, _) = ada().await;
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where::default(),
    });
    for _ in 0..3 {
        let reply = lab.me(&user).await;
        assert_eq!((reply.status, reply.error()), (503, (2, 0)));
    }
    lab.trouble(Trouble::Clear);
    assert_eq!(lab.me(&user).await.status, 200);
}

#[tokio::test]
async fn any_error_can_be_made_at_one_endpoint_only() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::Error {
        code: 368,
        subcode: Some(1),
        message: None,
        status: 400,
        on: Where::once(Endpoint::Feed),
    });
    assert_eq!(lab.me(&user).await.status, 200);
    assert_eq!(lab.publish(&page, "x").await.error(), (368, 1));
    assert_eq!(lab.publish(&page, "x").await.status, 200);
}

#[tokio::test]
async fn nonsense_comes_with_a_200() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::Nonsense {
        style: Nonsense::Html,
        on: Where::calls(1),
    });
    let html = lab.publish(&page, "x").await;
    assert_eq!(html.status, 200);
    assert!(html.body.as_str().expect("no JSON").contains("<html>"));
    assert!(
        lab.network().posts().is_empty(),
        "a gateway's page: nothing was carried out"
    );
    lab.trouble(Trouble::Nonsense {
        style: Nonsense::Cut,
        on: Where::calls(1),
    });
    let cut = lab.publish(&page, "x").await;
    assert!(cut.status == 200 && cut.body.is_string(), "{}", cut.body);
    assert_eq!(
        lab.network().posts().len(),
        1,
        "cut on the way back: it was carried out"
    );
    lab.trouble(Trouble::Nonsense {
        style: Nonsense::Empty,
        on: Where::calls(1),
    });
    assert_eq!(lab.me(&user).await.body, json!(""));
}

#[tokio::test]
async fn a_slow_answer_is_carried_out_although_the_client_left() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::Slow {
        milliseconds: 150,
        on: Where::once(Endpoint::Me),
    });
    let start = Instant::now();
    assert_eq!(lab.me(&user).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(150));

    lab.trouble(Trouble::Slow {
        milliseconds: 200,
        on: Where::once(Endpoint::Feed),
    });
    let sent = lab
        .client
        .post(format!("{}/500100/feed", lab.practice.origin()))
        .form(&[("message", "patience"), ("access_token", &page)])
        .timeout(Duration::from_millis(50))
        .send()
        .await;
    assert!(sent.expect_err("no patience").is_timeout());
    let deadline = Instant::now() + Duration::from_secs(10);
    while lab.network().posts().is_empty() {
        assert!(Instant::now() < deadline, "the post never came");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_lost_response_leaves_the_post_behind() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::calls(1),
    });
    assert_eq!(
        lab.me(&user).await.status,
        200,
        "it waits for a call that publishes"
    );
    let form = [("message", "lost"), ("access_token", page.as_str())];
    let sent = lab
        .client
        .post(format!("{}/500100/feed", lab.practice.origin()))
        .form(&form)
        .send()
        .await;
    assert!(!sent.expect_err("no answer").is_timeout());
    assert_eq!(lab.network().posts().len(), 1);
    let found = lab
        .get(
            "/500100/feed",
            &[("fields", "message"), ("access_token", &page)],
        )
        .await;
    assert_eq!(found.body["data"][0]["message"], "lost");

    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Any),
    });
    assert!(
        lab.client
            .get(format!("{}/me?access_token={user}", lab.practice.origin()))
            .send()
            .await
            .is_err()
    );
    assert_eq!(lab.me(&user).await.status, 200);
}

#[tokio::test]
async fn a_refused_call_is_no_response_to_lose() {
    let (lab, user, page) = ada().await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    assert_eq!(lab.publish(&user, "x").await.error(), (200, 0));
    let form = [("message", "x"), ("access_token", page.as_str())];
    assert!(
        lab.client
            .post(format!("{}/500100/feed", lab.practice.origin()))
            .form(&form)
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_dropped_request_leaves_nothing_behind() {
    let (lab, _, page) = ada().await;
    lab.trouble(Trouble::DropRequest {
        on: Where::once(Endpoint::Feed),
    });
    let form = [("message", "x"), ("access_token", page.as_str())];
    assert!(
        lab.client
            .post(format!("{}/500100/feed", lab.practice.origin()))
            .form(&form)
            .send()
            .await
            .is_err()
    );
    assert!(lab.network().posts().is_empty());
    assert_eq!(lab.network().count(Endpoint::Feed), 1, "but it was counted");
}

#[tokio::test]
async fn expires_in_can_be_missing_empty_zero_or_renamed() {
    let (lab, user, _) = ada().await;
    let member = async |style| {
        lab.trouble(Trouble::OddExpiresIn {
            style,
            on: Where::calls(1),
        });
        let body = lab.exchange(&user).await.body;
        assert!(body["access_token"].is_string());
        (
            body.get("expires_in").cloned(),
            body.get("expires").cloned(),
        )
    };
    assert_eq!(member(OddExpiry::Missing).await, (None, None));
    assert_eq!(member(OddExpiry::Empty).await, (Some(json!("")), None));
    assert_eq!(member(OddExpiry::Zero).await, (Some(json!(0)), None));
    assert_eq!(
        member(OddExpiry::Renamed).await,
        (None, Some(json!(5_183_944)))
    );
    assert_eq!(lab.exchange(&user).await.body["expires_in"], 5_183_944);
}

#[tokio::test]
async fn debug_token_can_say_zero() {
    let (lab, user, _) = ada().await;
    lab.trouble(Trouble::ZeroExpiresAt {
        on: Where::calls(1),
    });
    let data = lab.debug(&user).await;
    assert_eq!(
        (&data["expires_at"], &data["is_valid"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(lab.debug(&user).await["expires_at"], START + 5_183_944);
}

#[tokio::test]
async fn the_exchange_can_fail_or_return_the_short_token() {
    let lab = Lab::start().await;
    let short = lab.short("ada").await;
    lab.trouble(Trouble::ExchangeFails {
        code: 1,
        on: Where::calls(1),
    });
    assert_eq!(lab.exchange(&short).await.error(), (1, 0));
    lab.trouble(Trouble::ExchangeReturnsShort {
        on: Where::calls(1),
    });
    let same = lab.exchange(&short).await;
    assert_eq!(same.text("/access_token"), short);
    assert!(same.body["expires_in"].as_i64().expect("a number") <= 7200);
    assert_ne!(lab.exchange(&short).await.text("/access_token"), short);
}

#[tokio::test]
async fn a_jump_moves_every_lifetime_and_the_date_header() {
    let (lab, user, _) = ada().await;
    let before = lab.me(&user).await;
    assert_eq!(before.header("date"), "Wed, 25 Nov 2026 08:00:00 GMT");
    lab.trouble(Trouble::Jump { seconds: 5_183_944 });
    let after = lab.me(&user).await;
    assert_eq!(after.error(), (190, 463));
    assert_eq!(after.header("date"), "Sun, 24 Jan 2027 07:59:04 GMT");
    lab.trouble(Trouble::Jump {
        seconds: -5_183_944,
    });
    assert_eq!(lab.me(&user).await.status, 200);
    assert_eq!(lab.network().now(), START);
}

#[tokio::test]
async fn the_dialog_can_be_down_too() {
    let lab = Lab::start().await;
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where::at(Endpoint::Dialog),
    });
    assert_eq!(
        lab.client
            .get(lab.dialog(""))
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        503
    );
    assert!(
        lab.network()
            .answer_dialog(&lab.dialog(""), "ada", &Choice::Everything)
            .is_err()
    );
    lab.trouble(Trouble::Clear);
    let address = lab
        .network()
        .answer_dialog(&lab.dialog(""), "ada", &Choice::Everything)
        .expect("consent");
    assert!(address.starts_with(REDIRECT));
}

#[tokio::test]
async fn trouble_for_nobody_is_refused_with_a_sentence() {
    let lab = Lab::start().await;
    let error = lab
        .network()
        .apply(Trouble::ExpireNow {
            person: "eve".into(),
        })
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "nobody here is called \"eve\"; the persons are ada and ben"
    );
    let error = lab
        .network()
        .apply(Trouble::TakeRole {
            person: person(),
            page: "7".into(),
        })
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "there is no Page \"7\"; look at / for the Pages and their ids"
    );
    let error = lab
        .network()
        .apply(Trouble::DropScope {
            person: person(),
            scope: "fly".into(),
        })
        .expect_err("refused");
    assert_eq!(error.to_string(), "there is no permission \"fly\"");
}
