//! Posts and photos: what is taken, what is refused, what can be read back and seen.

mod common;

use common::{BAKERY, DAY, Lab, PNG, Reply, START, TRAINS};
use evergrant_practice::{Endpoint, Trouble};
use reqwest::{Method, multipart};
use serde_json::json;

async fn lab_with_page() -> (Lab, String) {
    let lab = Lab::start().await;
    let user = lab.long("ada").await;
    let page = lab.page_token(&user, BAKERY).await;
    (lab, page)
}

#[tokio::test]
async fn a_post_appears_once_and_can_be_read_back() {
    let (lab, page) = lab_with_page().await;
    let reply = lab
        .post(
            "/v25.0/500100/feed/",
            &[
                ("message", "Hällo & <b>co</b>"),
                ("link", "http://example.test/?a=1&b=2"),
                ("access_token", &page),
            ],
        )
        .await;
    let id = reply.text("/id");
    assert!(id.starts_with("500100_"));
    assert!(
        reply
            .header("x-business-use-case-usage")
            .contains("\"500100\":[{")
    );
    assert_eq!(reply.header("facebook-api-version"), "v25.0");
    assert!(reply.header("x-app-usage").contains("call_count"));
    let posts = lab.network().posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(
        (posts[0].message.as_deref(), posts[0].created_at),
        (Some("Hällo & <b>co</b>"), START)
    );
    assert_eq!(
        posts[0].link.as_deref(),
        Some("http://example.test/?a=1&b=2")
    );

    for edge in ["feed", "published_posts"] {
        let query = [
            ("fields", "id,message,created_time"),
            ("access_token", page.as_str()),
        ];
        let read = lab.get(&format!("/v25.0/500100/{edge}"), &query).await;
        let expected = json!([{ "id": id, "message": "Hällo & <b>co</b>", "created_time": "2026-11-25T08:00:00+0000" }]);
        assert_eq!(read.body["data"], expected);
    }
    let one = lab
        .get(
            &format!("/{id}"),
            &[("fields", "message,permalink_url"), ("access_token", &page)],
        )
        .await;
    assert!(
        one.text("/permalink_url")
            .ends_with(&format!("/pages/500100#{id}"))
    );

    let seen = lab.get("/pages/500100", &[]).await;
    let html = seen.body.as_str().expect("html");
    assert!(html.contains("Hällo &amp; &lt;b&gt;co&lt;/b&gt;") && !html.contains("<b>co</b>"));
    assert!(
        lab.get("/", &[])
            .await
            .body
            .as_str()
            .expect("html")
            .contains("Harbour Bakery")
    );

    assert_eq!(
        lab.delete(&format!("/{id}"), &[("access_token", &page)])
            .await
            .body,
        json!({ "success": true })
    );
    assert!(lab.network().posts().is_empty());
    assert_eq!(
        lab.get(&format!("/{id}"), &[("access_token", &page)])
            .await
            .error(),
        (100, 33)
    );
}

#[tokio::test]
async fn bodies_may_be_form_json_or_multipart() {
    let (lab, page) = lab_with_page().await;
    let send = |request: reqwest::RequestBuilder| async {
        Reply::of(request.send().await.expect("an answer"))
            .await
            .status
    };
    let request = || {
        lab.request(
            Method::POST,
            "/v25.0/500100/feed",
            &[("access_token", &page)],
        )
    };
    assert_eq!(
        send(request().form(&[("message", "first body"), ("published", "False")])).await,
        200
    );
    assert_eq!(
        send(
            request()
                .json(&json!({ "message": "second body", "published": false, "id": "500100" }))
        )
        .await,
        200
    );
    assert_eq!(
        send(
            request().multipart(
                multipart::Form::new()
                    .text("message", "third body")
                    .text("published", "0")
            )
        )
        .await,
        200
    );
    assert_eq!(
        send(request().form(&[("message", "fourth body"), ("published", "perhaps")])).await,
        400
    );
    let posts = lab.network().posts();
    assert_eq!(posts.len(), 3);
    assert!(posts.iter().all(|post| !post.published));
    assert!(
        !lab.get("/pages/500100", &[])
            .await
            .body
            .as_str()
            .expect("html")
            .contains("second body")
    );
}

#[tokio::test]
async fn the_feed_can_be_read_since_a_moment_and_in_pages() {
    let (lab, page) = lab_with_page().await;
    for message in ["one", "two", "three"] {
        lab.publish(&page, message).await;
        lab.move_clock(100);
    }
    let since = (START + 100).to_string();
    let late = lab
        .get(
            "/500100/feed",
            &[
                ("fields", "message"),
                ("since", &since),
                ("access_token", &page),
            ],
        )
        .await;
    let messages = |reply: &Reply| {
        reply.body["data"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["message"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(&late), ["three", "two"]);
    let first = lab
        .get("/500100/feed", &[("limit", "2"), ("access_token", &page)])
        .await;
    let rest = Reply::of(
        lab.client
            .get(first.text("/paging/next"))
            .send()
            .await
            .expect("an answer"),
    )
    .await;
    assert_eq!(
        (messages(&first), messages(&rest)),
        (vec![json!("three"), json!("two")], vec![json!("one")])
    );
    assert_eq!(
        lab.get(
            "/500100/feed",
            &[("since", "soon"), ("access_token", &page)]
        )
        .await
        .error(),
        (100, 0)
    );
    assert_eq!(lab.network().count(Endpoint::Feed), 3);
    assert_eq!(lab.network().count(Endpoint::FeedRead), 4);
}

#[tokio::test]
async fn a_scheduled_post_appears_when_its_time_comes() {
    let (lab, page) = lab_with_page().await;
    let schedule = async |ahead: i64, published: &str| {
        let at = (START + ahead).to_string();
        let form = [
            ("message", "later"),
            ("published", published),
            ("scheduled_publish_time", &at),
            ("access_token", &page),
        ];
        lab.post("/500100/feed", &form).await
    };
    assert_eq!(schedule(599, "false").await.error(), (100, 0));
    assert_eq!(schedule(31 * DAY, "false").await.error(), (100, 0));
    assert_eq!(schedule(3600, "true").await.error(), (100, 0));
    assert_eq!(schedule(3600, "false").await.status, 200);
    let visible = async |edge: &str| {
        let reply = lab
            .get(&format!("/500100/{edge}"), &[("access_token", &page)])
            .await;
        reply.body["data"].as_array().expect("rows").len()
    };
    assert_eq!(
        (visible("feed").await, visible("scheduled_posts").await),
        (0, 1)
    );
    lab.network()
        .jump(std::time::Duration::from_secs(3600))
        .expect("the clock jumps");
    assert_eq!(
        (visible("feed").await, visible("scheduled_posts").await),
        (1, 0)
    );
}

#[tokio::test]
async fn an_identical_post_in_a_row_is_refused_within_a_minute() {
    let (lab, page) = lab_with_page().await;
    assert_eq!(lab.publish(&page, "same").await.status, 200);
    assert_eq!(lab.publish(&page, "same").await.error(), (506, 1_455_006));
    assert_eq!(lab.publish(&page, "other").await.status, 200);
    assert_eq!(lab.publish(&page, "same").await.status, 200, "not in a row");
    lab.move_clock(61);
    assert_eq!(
        lab.publish(&page, "same").await.status,
        200,
        "a minute later"
    );
    lab.trouble(Trouble::Duplicates { refuse: false });
    assert_eq!(lab.publish(&page, "same").await.status, 200);
    assert_eq!(lab.network().posts().len(), 5);
}

#[tokio::test]
async fn a_photo_is_bytes_or_an_address() {
    let (lab, page) = lab_with_page().await;
    let upload = |bytes: &'static [u8], more: &[(&'static str, &'static str)]| {
        let mut form = multipart::Form::new()
            .part("source", multipart::Part::bytes(bytes).file_name("source"));
        for (name, value) in more {
            form = form.text(*name, *value);
        }
        lab.request(
            Method::POST,
            "/v25.0/500100/photos",
            &[("access_token", &page)],
        )
        .multipart(form)
    };
    let reply = Reply::of(
        upload(PNG, &[("message", "a loaf")])
            .send()
            .await
            .expect("an answer"),
    )
    .await;
    let (id, post) = (reply.text("/id"), reply.text("/post_id"));
    let posts = lab.network().posts();
    assert_eq!(
        (posts[0].id.as_str(), posts[0].message.as_deref()),
        (post.as_str(), Some("a loaf"))
    );
    assert_eq!(posts[0].photo_hashes[0].as_deref().map(str::len), Some(64));
    let seen = lab
        .client
        .get(format!("{}/photos/{id}", lab.practice.origin()))
        .send()
        .await
        .expect("a photo");
    assert_eq!(seen.headers()["content-type"], "image/png");
    assert_eq!(seen.bytes().await.expect("bytes").as_ref(), PNG);
    assert!(
        lab.get("/pages/500100", &[])
            .await
            .body
            .as_str()
            .expect("html")
            .contains(&format!("/photos/{id}"))
    );

    let fake = Reply::of(
        upload(b"\x89PNG-data", &[])
            .send()
            .await
            .expect("an answer"),
    )
    .await;
    assert_eq!(fake.error(), (324, 2_069_019));
    let none = lab
        .post(
            "/500100/photos",
            &[("caption", "c"), ("access_token", &page)],
        )
        .await;
    assert_eq!(none.error(), (324, 0));
    let form = [
        ("url", "http://127.0.0.1/x.png"),
        ("caption", "c"),
        ("access_token", page.as_str()),
    ];
    let by_address = lab.post("/500100/photos", &form).await;
    assert!(by_address.text("/post_id").starts_with("500100_"));
    let wrong = lab
        .post(
            "/500100/photos",
            &[("url", "file:///etc/passwd"), ("access_token", &page)],
        )
        .await;
    assert_eq!(wrong.error(), (100, 0));
    assert_eq!(lab.network().posts().len(), 2);

    let photos = lab
        .get(
            "/500100/photos",
            &[("fields", "id,name"), ("access_token", &page)],
        )
        .await;
    assert_eq!(photos.body["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_photo_uploaded_first_is_attached_later() {
    let (lab, page) = lab_with_page().await;
    let form = multipart::Form::new()
        .part("source", multipart::Part::bytes(PNG).file_name("x.png"))
        .text("published", "false")
        .text("access_token", page.clone());
    let request = lab
        .client
        .post(format!("{}/me/photos", lab.practice.origin()))
        .multipart(form);
    let reply = Reply::of(request.send().await.expect("an answer")).await;
    let photo = reply.text("/id");
    assert!(reply.body.get("post_id").is_none() && lab.network().posts().is_empty());

    let media = format!("{{\"media_fbid\":\"{photo}\"}}");
    let sent = lab
        .post(
            "/500100/feed",
            &[
                ("message", "m"),
                ("attached_media[0]", &media),
                ("access_token", &page),
            ],
        )
        .await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(
        lab.network().posts()[0].photos,
        std::slice::from_ref(&photo)
    );
    let twice = lab.request(Method::POST, "/500100/feed", &[("access_token", &page)]);
    let twice =
        twice.json(&json!({ "message": "again", "attached_media": [{ "media_fbid": photo }] }));
    assert_eq!(
        Reply::of(twice.send().await.expect("an answer"))
            .await
            .error(),
        (100, 0)
    );
}

#[tokio::test]
async fn posting_takes_the_page_s_own_token_and_the_right_task() {
    let (lab, page) = lab_with_page().await;
    let user = lab.long("ada").await;
    assert_eq!(
        lab.publish(&user, "x").await.error(),
        (200, 0),
        "a user token is not enough"
    );
    let trains = lab.page_token(&user, TRAINS).await;
    assert_eq!(
        lab.publish(&trains, "x").await.error(),
        (200, 0),
        "another Page's token is not enough"
    );
    let ben = lab.long("ben").await;
    let ben_page = lab.page_token(&ben, BAKERY).await;
    assert_eq!(
        lab.publish(&ben_page, "x").await.error(),
        (200, 0),
        "Ben may not create content here"
    );
    let own = lab.page_token(&ben, "500300").await;
    assert_eq!(
        lab.post("/me/feed", &[("message", "x"), ("access_token", &own)])
            .await
            .status,
        200
    );
    assert_eq!(
        lab.get("/500300/feed", &[("access_token", &page)])
            .await
            .error(),
        (10, 0)
    );
}

#[tokio::test]
async fn a_post_needs_content_that_makes_sense() {
    let (lab, page) = lab_with_page().await;
    assert_eq!(lab.publish(&page, "").await.error(), (197, 0));
    let link = lab
        .post(
            "/500100/feed",
            &[("link", "no address"), ("access_token", &page)],
        )
        .await;
    assert_eq!(link.error(), (1500, 0));
    assert_eq!(lab.publish(&page, &"é".repeat(63_206)).await.status, 200);
    assert_eq!(
        lab.publish(&page, &"é".repeat(63_207)).await.error(),
        (100, 0)
    );
    assert_eq!(
        lab.post("/77/feed", &[("message", "x"), ("access_token", &page)])
            .await
            .error(),
        (100, 33)
    );
}
