//! Exchange, app tokens, `debug_token`, Pages and their tokens.

mod common;

use common::{BAKERY, DAY, Lab, Reply, START, TRAINS};
use evergrant_practice::{APP_ID, APP_SECRET, Endpoint};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_short_token_becomes_long_and_the_long_one_comes_again() {
    let lab = Lab::start().await;
    let short = lab.short("ada").await;
    let first = lab.exchange(&short).await;
    assert_eq!(first.body["expires_in"], 5_183_944);
    assert_eq!(first.text("/token_type"), "bearer");
    let long = first.text("/access_token");
    assert_ne!(long, short);
    lab.move_clock(100);
    for token in [&short, &long] {
        let again = lab.exchange(token).await;
        assert_eq!(again.text("/access_token"), long);
        assert_eq!(again.body["expires_in"], 5_183_844, "the end does not move");
    }
    lab.move_clock(7200);
    assert_eq!(lab.exchange(&short).await.error(), (190, 463));
    assert_eq!(lab.exchange(&long).await.status, 200);
}

#[tokio::test]
async fn the_app_has_two_tokens_and_both_work() {
    let lab = Lab::start().await;
    let reply = lab
        .post(
            "/oauth/access_token/",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", APP_ID),
                ("client_secret", APP_SECRET),
            ],
        )
        .await;
    let app = reply.text("/access_token");
    assert!(app.starts_with(&format!("{APP_ID}|")) && !app.contains(APP_SECRET));
    let user = lab.long("ada").await;
    for token in [app.as_str(), &format!("{APP_ID}|{APP_SECRET}"), &user] {
        let reply = lab
            .get(
                "/debug_token",
                &[("input_token", &user), ("access_token", token)],
            )
            .await;
        assert_eq!(reply.body["data"]["is_valid"], true, "{}", reply.body);
    }
    assert_eq!(lab.debug(&app).await["type"], "APP");
    assert_eq!(lab.me(&app).await.error().0, 2500);
    let wrong = lab
        .get(
            "/debug_token",
            &[
                ("input_token", &user),
                ("access_token", &format!("{APP_ID}|no")),
            ],
        )
        .await;
    assert_eq!(
        (wrong.status, wrong.error()),
        (400, (190, 0)),
        "the asking token is bad, not the one asked about"
    );
    assert_eq!(
        lab.get("/debug_token", &[("input_token", &user)])
            .await
            .error(),
        (100, 0)
    );
}

#[tokio::test]
async fn debug_token_tells_everything_about_a_good_token() {
    let lab = Lab::start().await;
    let long = lab.long("ada").await;
    let data = lab.debug(&long).await;
    assert_eq!(data["is_valid"], true);
    assert_eq!(data["type"], "USER");
    assert_eq!(data["app_id"], APP_ID);
    assert_eq!(data["user_id"], "10001");
    assert_eq!(data["issued_at"], START);
    assert_eq!(data["expires_at"], START + 5_183_944);
    assert_eq!(data["data_access_expires_at"], START + 90 * DAY);
    assert_eq!(
        data["scopes"],
        json!([
            "pages_manage_posts",
            "pages_read_engagement",
            "pages_show_list",
            "public_profile"
        ])
    );
    assert_eq!(
        data["granular_scopes"][0]["target_ids"],
        json!([BAKERY, TRAINS])
    );
    assert!(data.get("error").is_none());

    let page = lab.debug(&lab.page_token(&long, BAKERY).await).await;
    assert_eq!(
        (page["type"].as_str(), page["profile_id"].as_str()),
        (Some("PAGE"), Some(BAKERY))
    );

    let short = lab.debug(&lab.short("ada").await).await;
    assert!(
        short.get("issued_at").is_none(),
        "only long-lived tokens say so"
    );
    let app = format!("{APP_ID}|{APP_SECRET}");
    let one = lab
        .get(
            "/debug_token",
            &[
                ("input_token", &long),
                ("access_token", &app),
                ("fields", "app_id"),
            ],
        )
        .await;
    assert_eq!(one.body, json!({ "data": { "app_id": APP_ID } }));
}

#[tokio::test]
async fn debug_token_says_what_is_wrong_with_a_bad_token() {
    let lab = Lab::start().await;
    let unknown = lab.debug("EAAwhatever").await;
    assert_eq!(
        (
            unknown["is_valid"].as_bool(),
            unknown["error"]["code"].as_u64()
        ),
        (Some(false), Some(190))
    );
    let short = lab.short("ada").await;
    lab.move_clock(7201);
    let expired = lab.debug(&short).await;
    assert_eq!(expired["is_valid"], false);
    assert_eq!(
        (&expired["error"]["code"], &expired["error"]["subcode"]),
        (&json!(190), &json!(463))
    );
    assert_eq!(expired["user_id"], "10001");
    assert_eq!(expired["scopes"], json!([]));
}

#[tokio::test]
async fn the_token_may_be_in_header_query_or_body() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let header = lab
        .request(Method::GET, "/v25.0/me/", &[])
        .bearer_auth(&token);
    let query = lab.request(Method::GET, "/me", &[("access_token", &token)]);
    let form = lab
        .request(Method::POST, "/v24.0/me", &[])
        .form(&[("access_token", &*token), ("method", "get")]);
    let body = lab
        .request(Method::GET, "/v25.0/me", &[])
        .json(&json!({ "access_token": token }));
    for (name, request) in [
        ("header", header),
        ("query", query),
        ("form", form),
        ("json", body),
    ] {
        let reply = Reply::of(request.send().await.expect("an answer")).await;
        assert_eq!(
            reply.body,
            json!({ "id": "10001", "name": "Ada Practice" }),
            "{name}"
        );
    }
    assert_eq!(lab.get("/me", &[]).await.error().0, 2500);
    assert_eq!(lab.get(&format!("/{BAKERY}"), &[]).await.error().0, 104);
    assert_eq!(lab.network().count(Endpoint::Me), 5);
}

#[tokio::test]
async fn the_proof_is_checked_when_it_is_sent() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let wrong = lab
        .get(
            "/me",
            &[("access_token", &token), ("appsecret_proof", "00")],
        )
        .await;
    assert_eq!(wrong.error(), (100, 0));
    assert_eq!(
        wrong.text("/error/message"),
        "Invalid appsecret_proof provided in the API argument"
    );
    let right = {
        use hmac::{Hmac, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any key");
        mac.update(token.as_bytes());
        mac.finalize()
            .into_bytes()
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    };
    assert_eq!(
        lab.get(
            "/me",
            &[("access_token", &token), ("appsecret_proof", &right)]
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn pages_come_in_pages() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let first = lab
        .get(
            "/v25.0/me/accounts",
            &[
                ("access_token", &token),
                ("fields", "id,name"),
                ("limit", "1"),
                ("summary", "true"),
            ],
        )
        .await;
    assert_eq!(
        first.body["data"],
        json!([{ "id": BAKERY, "name": "Harbour Bakery" }])
    );
    assert_eq!(first.body["summary"]["total_count"], 2);
    let next = first.text("/paging/next");
    let second = Reply::of(lab.client.get(&next).send().await.expect("an answer")).await;
    assert_eq!(
        second.body["data"],
        json!([{ "id": TRAINS, "name": "Night Trains" }])
    );
    assert!(second.body["paging"].get("next").is_none());
    let back = Reply::of(
        lab.client
            .get(second.text("/paging/previous"))
            .send()
            .await
            .expect("an answer"),
    )
    .await;
    assert_eq!(back.body["data"][0]["id"], BAKERY);
    let wrong = lab
        .get(
            "/me/accounts",
            &[("access_token", &token), ("after", "???")],
        )
        .await;
    assert_eq!(wrong.error(), (100, 0));
}

#[tokio::test]
async fn a_page_token_has_no_end_or_an_hour_like_its_parent() {
    let lab = Lab::start().await;
    let short = lab.short("ada").await;
    let of_short = lab.page_token(&short, BAKERY).await;
    assert_eq!(lab.debug(&of_short).await["expires_at"], START + 3600);
    let long = lab.exchange(&short).await.text("/access_token");
    let accounts = lab.get("/10001/accounts", &[("access_token", &long)]).await;
    let of_long = accounts.text("/data/0/access_token");
    assert_eq!(lab.debug(&of_long).await["expires_at"], 0);
    assert_eq!(
        lab.page_token(&long, BAKERY).await,
        of_long,
        "the same one again"
    );
    assert_eq!(
        lab.me(&of_long).await.body,
        json!({ "id": BAKERY, "name": "Harbour Bakery" })
    );

    lab.move_clock(3600);
    assert_eq!(lab.me(&of_short).await.error(), (190, 463));
    assert_eq!(lab.me(&of_long).await.status, 200);
    lab.move_clock(60 * DAY);
    assert_eq!(
        lab.me(&of_long).await.error(),
        (190, 463),
        "it dies with its user token"
    );
    assert_eq!(
        lab.debug(&of_long).await["expires_at"],
        0,
        "although it never had an end of its own"
    );
}

#[tokio::test]
async fn without_the_permission_there_are_no_pages_and_no_error() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    lab.trouble(evergrant_practice::Trouble::DropScope {
        person: "ada".into(),
        scope: "pages_show_list".into(),
    });
    assert_eq!(
        lab.get("/me/accounts", &[("access_token", &token)])
            .await
            .body,
        json!({ "data": [] })
    );
}

#[tokio::test]
async fn several_objects_come_at_once() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let both = lab
        .get(
            "/v25.0/",
            &[
                ("ids", "10001,500100"),
                ("fields", "id"),
                ("access_token", &token),
            ],
        )
        .await;
    assert_eq!(
        both.body,
        json!({ "10001": { "id": "10001" }, "500100": { "id": "500100" } })
    );
    let root = lab
        .get("/", &[("ids", "me"), ("access_token", &token)])
        .await;
    assert_eq!(root.body["me"]["name"], "Ada Practice");
    assert_eq!(
        lab.get("/", &[("ids", "10001,77"), ("access_token", &token)])
            .await
            .error()
            .0,
        803
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_like_the_graph_says_it() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let token = token.as_str();
    assert_eq!(
        lab.get("/77", &[("access_token", token)]).await.error(),
        (100, 33)
    );
    assert_eq!(
        lab.get("/10002", &[("access_token", token)]).await.error(),
        (100, 33),
        "Ben is not Ada's to see"
    );
    assert_eq!(
        lab.get("/me/friends", &[("access_token", token)])
            .await
            .error()
            .0,
        2500
    );
    assert_eq!(
        lab.get(
            "/me",
            &[("fields", "id,shoe_size"), ("access_token", token)]
        )
        .await
        .error(),
        (100, 0)
    );
    let broken = lab
        .request(Method::POST, "/500100/feed", &[])
        .header("content-type", "application/json")
        .body("{");
    assert_eq!(
        Reply::of(broken.send().await.expect("an answer"))
            .await
            .error(),
        (100, 0)
    );
}

#[tokio::test]
async fn withdrawing_one_permission_or_all_of_them() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let page = lab.page_token(&token, BAKERY).await;
    let one = lab
        .delete(
            "/v25.0/10001/permissions/pages_manage_posts",
            &[("access_token", &token)],
        )
        .await;
    assert_eq!(one.body, json!({ "success": true }));
    assert_eq!(lab.publish(&page, "x").await.error(), (200, 0));
    assert_eq!(lab.me(&token).await.status, 200, "the token lives on");
    let foreign = lab
        .delete("/10002/permissions", &[("access_token", &token)])
        .await;
    assert_eq!(foreign.error(), (100, 33));
    let all = lab
        .request(
            Method::DELETE,
            "/v25.0/me/permissions",
            &[("access_token", &token)],
        )
        .json(&json!({}));
    assert_eq!(
        Reply::of(all.send().await.expect("an answer")).await.body,
        json!({ "success": true })
    );
    assert_eq!(lab.me(&token).await.error(), (190, 458));
    assert_eq!(lab.me(&page).await.error(), (190, 458));
    assert_eq!(lab.debug(&token).await["error"]["subcode"], 458);

    let again = lab.long("ada").await;
    let app = format!("{APP_ID}|{APP_SECRET}");
    assert_eq!(
        lab.delete("/10001/permissions", &[("access_token", &app)])
            .await
            .body,
        json!({ "success": true })
    );
    assert_eq!(lab.me(&again).await.error(), (190, 458));
}
