//! The control API and page, who may use them, starting, and the restart with a state file.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use common::{Lab, PNG, Reply};
use evergrant_practice::{HungUp, Network, Options, Practice, StartError, Trouble, Where, router};
use reqwest::{Method, multipart};
use serde_json::json;

#[tokio::test]
async fn trouble_is_made_by_json_or_by_form() {
    let lab = Lab::start().await;
    let token = lab.long("ada").await;
    let json = lab
        .request(Method::POST, "/control", &[])
        .json(&json!({ "trouble": "change_password", "person": "ada" }));
    let reply = Reply::of(json.send().await.expect("an answer")).await;
    assert_eq!((reply.status, &reply.body["ok"]), (200, &json!(true)));
    assert_eq!(lab.me(&token).await.error(), (190, 460));
    let form = lab
        .post(
            "/control",
            &[("trouble", "outage"), ("calls", "1"), ("endpoint", "me")],
        )
        .await;
    assert_eq!(form.status, 200);
    assert_eq!(lab.me(&token).await.status, 503);
    for wrong in [
        json!({ "trouble": "rain" }),
        json!({ "trouble": "expire_now", "person": "eve" }),
        json!([]),
    ] {
        let reply = Reply::of(
            lab.request(Method::POST, "/control", &[])
                .json(&wrong)
                .send()
                .await
                .expect("an answer"),
        )
        .await;
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.body["error"].is_string());
    }
}

#[tokio::test]
async fn a_click_on_the_control_page_comes_back_to_it() {
    let lab = Lab::start().await;
    let html = lab.get("/control", &[]).await;
    for word in [
        "Change password",
        "Ada Practice",
        "Rate limit",
        "One day on",
    ] {
        assert!(html.body.as_str().expect("html").contains(word), "{word}");
    }
    let clicked = lab
        .post(
            "/control",
            &[("back", "1"), ("trouble", "checkpoint"), ("person", "ada")],
        )
        .await;
    assert_eq!(
        (clicked.status, clicked.header("location")),
        (303, "/control")
    );
    assert!(
        lab.get("/control", &[])
            .await
            .body
            .as_str()
            .expect("html")
            .contains("Stopped at a checkpoint")
    );
}

#[tokio::test]
async fn other_sites_can_neither_look_nor_click() {
    let lab = Lab::start().await;
    let rebound = lab
        .request(Method::GET, "/control/state", &[])
        .header("host", "evil.test");
    assert_eq!(
        rebound.send().await.expect("an answer").status().as_u16(),
        403
    );
    for origin in ["http://evil.test", "null", "http://127.0.0.1:1"] {
        let click = lab
            .request(Method::POST, "/control", &[])
            .header("origin", origin)
            .form(&[("trouble", "clear")]);
        assert_eq!(
            click.send().await.expect("an answer").status().as_u16(),
            403,
            "{origin}"
        );
    }
    let own = lab
        .request(Method::POST, "/control", &[])
        .header("origin", lab.practice.origin());
    assert_eq!(
        own.form(&[("trouble", "clear")])
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn the_state_shows_everything_but_tokens() {
    let lab = Lab::start().await;
    let user = lab.long("ada").await;
    let page = lab.page_token(&user, "500100").await;
    lab.publish(&page, "hello").await;
    let state = lab.get("/control/state", &[]).await;
    assert_eq!(state.body["posts"][0]["message"], "hello");
    assert_eq!(state.body["counts"]["feed"], 1);
    assert_eq!(state.body["tokens"].as_array().map(Vec::len), Some(3));
    let control = lab.get("/control", &[]).await;
    for shown in [
        state.body.to_string(),
        control.body.to_string(),
        format!("{:?}", lab.practice),
    ] {
        assert!(
            !shown.contains(&user) && !shown.contains(&page) && !shown.contains("EAAB"),
            "a token is shown"
        );
    }
}

#[tokio::test]
async fn everything_survives_a_restart_with_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new folder").join("practice.json");
    let lab = Lab::with_file(Some(file.clone())).await;
    let user = lab.long("ada").await;
    let page = lab.page_token(&user, "500100").await;
    lab.publish(&page, "kept").await;
    let form =
        multipart::Form::new().part("source", multipart::Part::bytes(PNG).file_name("x.png"));
    let request = lab
        .request(Method::POST, "/500100/photos", &[("access_token", &page)])
        .multipart(form);
    let photo = Reply::of(request.send().await.expect("an answer"))
        .await
        .text("/id");
    lab.trouble(Trouble::Jump { seconds: 50 });
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where::calls(1),
    });
    let (posts, now) = (lab.network().posts(), lab.network().now());
    let counts = lab.network().counts();
    lab.practice.stop().await;

    let again = Lab::with_file(Some(file.clone())).await;
    assert_eq!(
        (again.network().posts(), again.network().now()),
        (posts, now)
    );
    assert_eq!(again.network().counts(), counts);
    assert_eq!(again.me(&user).await.status, 503, "standing trouble stands");
    assert_eq!(again.me(&user).await.status, 200);
    assert_eq!(again.publish(&page, "more").await.status, 200);
    let ids: std::collections::BTreeSet<String> = again
        .network()
        .posts()
        .into_iter()
        .map(|post| post.id)
        .collect();
    assert_eq!(ids.len(), 3, "no id is used twice");
    let bytes = again
        .client
        .get(format!("{}/photos/{photo}", again.practice.origin()))
        .send()
        .await
        .expect("a photo");
    assert_eq!(bytes.bytes().await.expect("bytes").as_ref(), PNG);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_broken_state_file_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("practice.json");
    std::fs::write(&file, "{").expect("written");
    let error = Practice::start(Options {
        state_file: Some(file.clone()),
        ..Options::default()
    })
    .await
    .expect_err("refused");
    let says = error.to_string();
    assert!(
        says.contains("practice.json can't be used") && says.contains("move it away"),
        "{says}"
    );
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "{");
}

#[tokio::test]
async fn it_listens_on_loopback_only_and_says_when_a_port_is_taken() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let error = Practice::start(Options {
        address: everywhere,
        ..Options::default()
    })
    .await
    .expect_err("refused");
    assert!(matches!(error, StartError::NotLoopback(_)));
    assert!(
        error
            .to_string()
            .contains("0.0.0.0:0 is not a loopback address"),
        "{error}"
    );
    let first = Practice::start(Options::default())
        .await
        .expect("it starts");
    let error = Practice::start(Options {
        address: first.address(),
        ..Options::default()
    })
    .await
    .expect_err("refused");
    assert!(matches!(error, StartError::InUse(_)), "{error}");
    assert!(
        error
            .to_string()
            .starts_with(&format!("something already listens on {}", first.address()))
    );
    let address = first.address();
    first.stop().await;
    let again = Practice::start(Options {
        address,
        ..Options::default()
    })
    .await
    .expect("the port is free again");
    again.stop().await;
}

#[tokio::test]
async fn the_router_answers_without_a_socket() {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    let network = Arc::new(
        Network::open(&Options {
            seed: Some(7),
            ..Options::default()
        })
        .expect("it opens"),
    );
    let call = |path: &str| {
        router(Arc::clone(&network))
            .oneshot(Request::get(path).body(Body::empty()).expect("a request"))
    };
    assert_eq!(call("/").await.expect("an answer").status().as_u16(), 200);
    network
        .apply(Trouble::DropRequest {
            on: Where::calls(1),
        })
        .expect("trouble is made");
    let dropped = call("/me").await.expect("an answer");
    assert!(dropped.extensions().get::<HungUp>().is_some());
}

#[test]
fn the_same_seed_makes_the_same_tokens() {
    let run = |seed| {
        let network = Network::open(&Options {
            seed: Some(seed),
            ..Options::default()
        })
        .expect("it opens");
        let dialog =
            "http://x/dialog/oauth?client_id=100200300400500&redirect_uri=http://127.0.0.1/";
        network
            .answer_dialog(dialog, "ada", &evergrant_practice::Choice::Everything)
            .expect("consent")
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
