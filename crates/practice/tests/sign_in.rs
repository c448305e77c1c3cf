//! The dialog as a browser and a person see it, and what the code is good for.

mod common;

use common::{DAY, Lab, REDIRECT, Reply, parameter};
use evergrant_practice::{APP_ID, APP_SECRET, Choice, Trouble};
use reqwest::Method;

/// Finds the value of the first hidden field of that name, as a browser would send it back.
fn hidden(html: &str, name: &str) -> String {
    let start = html
        .find(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no field {name}"));
    let value = html[start..].split('"').nth(3).expect("a value");
    value
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

async fn open(lab: &Lab, extra: &str) -> String {
    let response = lab
        .client
        .get(lab.dialog(extra))
        .send()
        .await
        .expect("a page");
    assert_eq!(response.status().as_u16(), 200);
    response.text().await.expect("html")
}

async fn sign_in(lab: &Lab, page: &str, user: &str, password: &str) -> Reply {
    let request = hidden(page, "request");
    lab.post(
        "/dialog/sign-in",
        &[
            ("request", &request),
            ("user", user),
            ("password", password),
            ("choice", "sign-in"),
        ],
    )
    .await
}

#[tokio::test]
async fn a_person_signs_in_and_consents_on_real_pages() {
    let lab = Lab::start().await;
    let page = open(&lab, "").await;
    for word in ["User name", "Password", "Sign in", "Cancel"] {
        assert!(page.contains(word), "{word} is missing");
    }
    let consent = sign_in(&lab, &page, "ada", "practice").await;
    let html = consent.body.as_str().expect("html");
    assert!(
        html.contains("Ada Practice")
            && html.contains("Continue")
            && html.contains("pages_manage_posts")
    );

    let form = [
        ("request", hidden(html, "request")),
        ("ticket", hidden(html, "ticket")),
        ("scope", "pages_show_list".to_owned()),
        ("scope", "pages_read_engagement".to_owned()),
        ("choice", "continue".to_owned()),
    ];
    let response = lab
        .request(Method::POST, "/dialog/consent", &[])
        .form(&form)
        .send()
        .await
        .expect("a redirect");
    assert_eq!(response.status().as_u16(), 302);
    let address = response.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        address.starts_with(REDIRECT) && address.ends_with("#_=_"),
        "{address}"
    );
    assert_eq!(parameter(&address, "state"), "st");

    let token = lab
        .redeem(&parameter(&address, "code"))
        .await
        .text("/access_token");
    let permissions = lab
        .get("/me/permissions", &[("access_token", &token)])
        .await;
    let rows = permissions.body["data"].as_array().expect("rows").clone();
    let status = |scope: &str| {
        rows.iter()
            .find(|row| row["permission"] == scope)
            .map(|row| row["status"].clone())
    };
    assert_eq!(status("pages_show_list").expect("listed"), "granted");
    assert_eq!(status("pages_manage_posts").expect("listed"), "declined");
    assert_eq!(status("public_profile").expect("listed"), "granted");
}

#[tokio::test]
async fn a_wrong_password_leads_nowhere() {
    let lab = Lab::start().await;
    let page = open(&lab, "").await;
    let again = sign_in(&lab, &page, "ada", "wrong").await;
    assert_eq!(again.status, 400);
    assert!(
        again
            .body
            .as_str()
            .expect("html")
            .contains("The user name or the password is wrong.")
    );
}

#[tokio::test]
async fn a_forged_ticket_is_not_believed() {
    let lab = Lab::start().await;
    let page = open(&lab, "").await;
    let request = hidden(&page, "request");
    for ticket in ["", "10001.9999999999.x", "10001"] {
        let form = [
            ("request", request.as_str()),
            ("ticket", ticket),
            ("choice", "continue"),
        ];
        let reply = lab.post("/dialog/consent", &form).await;
        assert_eq!(reply.status, 400, "{ticket}");
        assert!(reply.headers.get("location").is_none());
    }
}

#[tokio::test]
async fn cancel_tells_the_app_so() {
    let lab = Lab::start().await;
    let page = open(&lab, "").await;
    let request = hidden(&page, "request");
    let response = lab
        .request(Method::POST, "/dialog/sign-in", &[])
        .form(&[("request", request.as_str()), ("choice", "cancel")])
        .send()
        .await
        .expect("a redirect");
    let address = response.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(parameter(&address, "error"), "access_denied");
    assert_eq!(parameter(&address, "error_reason"), "user_denied");
    assert_eq!(
        parameter(&address, "error_description"),
        "Permissions error"
    );
    assert_eq!(parameter(&address, "state"), "st");
}

#[tokio::test]
async fn what_was_declined_is_asked_again_only_on_request() {
    let lab = Lab::start().await;
    let only = Choice::Only(vec!["pages_show_list".into()]);
    lab.network()
        .answer_dialog(&lab.dialog(""), "ada", &only)
        .expect("consent");
    let offers = |html: &str| html.matches("type=\"checkbox\"").count();
    let plain = sign_in(&lab, &open(&lab, "").await, "ada", "practice").await;
    assert_eq!(offers(plain.body.as_str().expect("html")), 1);
    let again = sign_in(
        &lab,
        &open(&lab, "&auth_type=rerequest").await,
        "ada",
        "practice",
    )
    .await;
    assert_eq!(offers(again.body.as_str().expect("html")), 3);
}

#[tokio::test]
async fn a_checkpoint_is_passed_on_the_site() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    lab.trouble(Trouble::Checkpoint {
        person: "ada".into(),
    });
    assert_eq!(lab.me(&token).await.error(), (190, 459));
    let stopped = sign_in(&lab, &open(&lab, "").await, "ada", "practice").await;
    let html = stopped.body.as_str().expect("html");
    assert!(html.contains("This was me"));
    let form = [
        ("request", hidden(html, "request")),
        ("ticket", hidden(html, "ticket")),
    ];
    let next = lab
        .request(Method::POST, "/dialog/confirm", &[])
        .form(&form)
        .send()
        .await
        .expect("a page");
    assert!(next.text().await.expect("html").contains("Continue"));
    assert_eq!(
        lab.me(&token).await.status,
        200,
        "the same token works again"
    );
}

#[tokio::test]
async fn the_dialog_refuses_what_it_can_t_trust() {
    let lab = Lab::start().await;
    for (query, says) in [
        (
            "client_id=1&redirect_uri=http://127.0.0.1/",
            "Invalid App ID",
        ),
        ("redirect_uri=http://127.0.0.1/", "app_id is required"),
        ("client_id=100200300400500", "redirect_uri is required"),
        (
            "client_id=100200300400500&redirect_uri=https://example.test/",
            "URL blocked",
        ),
        (
            "client_id=100200300400500&redirect_uri=http://127.0.0.1/&scope=fly",
            "Invalid Scopes: fly",
        ),
        (
            "client_id=100200300400500&redirect_uri=http://127.0.0.1/&code_challenge=x",
            "must be S256",
        ),
        (
            "client_id=100200300400500&redirect_uri=http://127.0.0.1/&response_type=token",
            "is not supported",
        ),
    ] {
        let reply = lab.get(&format!("/dialog/oauth?{query}"), &[]).await;
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.body.as_str().expect("html").contains(says), "{query}");
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_and_one_redirect_address() {
    let lab = Lab::start().await;
    let code = lab.code("ada");
    let other = lab
        .get(
            "/oauth/access_token",
            &[
                ("client_id", APP_ID),
                ("client_secret", APP_SECRET),
                ("redirect_uri", "http://127.0.0.1:5001/callback"),
                ("code", &code),
            ],
        )
        .await;
    assert_eq!(other.error(), (100, 36008));
    let first = lab.redeem(&code).await;
    let life = first.body["expires_in"].as_i64().expect("a number");
    assert!((5400..=7200).contains(&life), "{life}");
    assert_eq!(lab.redeem(&code).await.error(), (100, 36009));

    let late = lab.code("ada");
    lab.move_clock(600);
    assert_eq!(lab.redeem(&late).await.error(), (100, 36007));
    assert_eq!(lab.redeem("nonsense").await.error().0, 100);
}

#[tokio::test]
async fn the_code_verifier_is_checked_when_there_was_a_challenge() {
    let lab = Lab::start().await;
    // The pair of RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let extra =
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let address = lab
        .network()
        .answer_dialog(&lab.dialog(extra), "ada", &Choice::Everything)
        .expect("consent");
    let code = parameter(&address, "code");
    let ask = |verifier: &'static str| {
        let mut query = vec![
            ("client_id", APP_ID),
            ("client_secret", APP_SECRET),
            ("redirect_uri", REDIRECT),
            ("code", code.as_str()),
        ];
        query.extend((!verifier.is_empty()).then_some(("code_verifier", verifier)));
        lab.request(Method::GET, "/oauth/access_token", &query)
    };
    for wrong in ["", "wrong"] {
        assert_eq!(
            Reply::of(ask(wrong).send().await.expect("an answer"))
                .await
                .error()
                .0,
            100,
            "{wrong:?}"
        );
    }
    let right = Reply::of(ask(verifier).send().await.expect("an answer")).await;
    assert_eq!(right.status, 200, "{}", right.body);
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_app_have_their_own_errors() {
    let lab = Lab::start().await;
    let secret = lab
        .get(
            "/oauth/access_token",
            &[
                ("client_id", APP_ID),
                ("client_secret", "no"),
                ("code", "x"),
            ],
        )
        .await;
    assert_eq!(secret.error(), (1, 0));
    assert_eq!(
        secret.text("/error/message"),
        "Error validating client secret."
    );
    assert_eq!(secret.text("/error/type"), "OAuthException");
    let app = lab
        .get(
            "/oauth/access_token",
            &[("client_id", "1"), ("client_secret", "no")],
        )
        .await;
    assert_eq!(app.error(), (101, 0));
}

#[tokio::test]
async fn the_page_for_copying_shows_its_address_escaped() {
    let lab = Lab::start().await;
    let address = format!(
        "{0}/dialog/oauth?client_id={APP_ID}&redirect_uri={0}/connect/login_success.html&state=a",
        lab.practice.origin()
    );
    let target = lab
        .network()
        .answer_dialog(&address, "ben", &Choice::Everything)
        .expect("consent");
    let html = lab
        .client
        .get(&target)
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("html");
    let code = parameter(&target, "code");
    assert!(
        html.contains(&format!(
            "/connect/login_success.html?code={code}&amp;state=a"
        )),
        "{html}"
    );
    assert!(html.contains("Copy the address of this page"));
}

#[tokio::test]
async fn signing_in_again_starts_data_access_afresh() {
    let lab = Lab::start().await;
    let first = lab.long("ada").await;
    lab.move_clock(30 * DAY);
    let second = lab.long("ada").await;
    assert_ne!(first, second);
    let (one, two) = (lab.debug(&first).await, lab.debug(&second).await);
    assert_eq!(one["data_access_expires_at"], common::START + 120 * DAY);
    assert_eq!(one["data_access_expires_at"], two["data_access_expires_at"]);
    assert!(one["expires_at"].as_i64() < two["expires_at"].as_i64());
}
