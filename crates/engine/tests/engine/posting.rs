//! Posts: what goes wrong on the way, and that each stands exactly once.

use chrono::TimeDelta;
use evergrant_core::command::{Code, Command, PictureInput, Reply};
use evergrant_practice::{Endpoint, Nonsense, Trouble, Where};

use crate::lab::{Lab, code};

/// The smallest picture: a PNG of one pixel.
pub const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn stands_once_after(trouble: Trouble) {
    let lab = Lab::connected().await;
    lab.trouble(trouble.clone());
    let first = lab.post_now("once").await;
    assert_ne!(first.state, "failed", "{trouble:?}: {}", first.sentence);
    lab.trouble(Trouble::Clear);
    let soon = lab.now() + TimeDelta::minutes(30);
    lab.run_until(soon).await;
    let post = lab.queue().await.remove(0);
    assert_eq!(post.state, "posted", "{trouble:?}: {}", post.sentence);
    assert_eq!(lab.published().len(), 1, "{trouble:?}");
    assert_eq!(Some(&lab.published()[0].id), post.remote_id.as_ref());
}

#[tokio::test]
async fn an_answer_lost_after_the_post_was_taken() {
    stands_once_after(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    })
    .await;
}

#[tokio::test]
async fn a_request_lost_before_the_post_was_taken() {
    stands_once_after(Trouble::DropRequest {
        on: Where::once(Endpoint::Feed),
    })
    .await;
}

#[tokio::test]
async fn an_outage_in_the_moment_of_posting() {
    stands_once_after(Trouble::Outage {
        status: 502,
        on: Where::once(Endpoint::Feed),
    })
    .await;
}

#[tokio::test]
async fn an_answer_cut_in_the_middle() {
    let on = Where::once(Endpoint::Feed);
    stands_once_after(Trouble::Nonsense {
        style: Nonsense::Cut,
        on,
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_a_page_for_people() {
    let on = Where::once(Endpoint::Feed);
    stands_once_after(Trouble::Nonsense {
        style: Nonsense::Html,
        on,
    })
    .await;
}

#[tokio::test]
async fn a_rate_limit_in_the_moment_of_posting() {
    let on = Where::once(Endpoint::Feed);
    stands_once_after(Trouble::RateLimit {
        code: Some(80001),
        minutes: 5,
        on,
    })
    .await;
}

#[tokio::test]
async fn a_list_of_pages_that_cannot_be_had() {
    let on = Where::once(Endpoint::Accounts);
    stands_once_after(Trouble::Outage { status: 500, on }).await;
}

#[tokio::test]
async fn a_look_up_that_fails_at_first() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where {
            calls: Some(3),
            endpoint: Some(Endpoint::FeedRead),
        },
    });
    let post = lab.post_now("once").await;
    assert_eq!(post.state, "uncertain", "{}", post.sentence);
    let soon = lab.now() + TimeDelta::minutes(60);
    lab.run_until(soon).await;
    assert_eq!(lab.queue().await[0].state, "posted");
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn equal_texts_are_told_apart_when_answers_are_lost() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::Duplicates { refuse: false });
    lab.trouble(Trouble::LoseResponse {
        on: Where {
            calls: Some(2),
            endpoint: Some(Endpoint::Feed),
        },
    });
    lab.post_now("every week").await;
    lab.post_now("every week").await;
    lab.post_now("every week").await;
    let soon = lab.now() + TimeDelta::minutes(30);
    lab.run_until(soon).await;
    let posts = lab.queue().await;
    assert!(posts.iter().all(|post| post.state == "posted"), "{posts:?}");
    let ids: std::collections::BTreeSet<_> = posts.iter().map(|post| &post.remote_id).collect();
    assert_eq!(ids.len(), 3, "each claims a post of its own");
    assert_eq!(lab.published().len(), 3);
}

#[tokio::test]
async fn the_sign_in_dies_while_a_post_is_uncertain() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    lab.post_now("once").await;
    lab.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    let soon = lab.now() + TimeDelta::minutes(10);
    lab.run_until(soon).await;
    let post = lab.queue().await.remove(0);
    assert_eq!(post.state, "uncertain");
    assert!(post.needs_person, "{}", post.sentence);
    lab.sign_in().await.unwrap();
    assert_eq!(lab.queue().await[0].state, "posted");
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_picture_goes_out_with_its_text() {
    let lab = Lab::connected().await;
    let mut new = lab.new_post("A cake", None).await;
    new.picture = Some(PictureInput {
        name: "cake.png".into(),
        bytes: PIXEL.to_vec(),
    });
    let Reply::Post { post } = lab.ask(Command::Post(new)).await.unwrap() else {
        panic!("no post")
    };
    assert_eq!(post.state, "posted", "{}", post.sentence);
    let published = lab.published();
    assert_eq!(published.len(), 1);
    assert_eq!(lab.said(), ["A cake"]);
    assert_eq!(published[0].photos.len(), 1);
    let copies = std::fs::read_dir(lab.data().join("pictures"))
        .unwrap()
        .count();
    assert_eq!(copies, 0, "the copy is gone with the post");
}

#[tokio::test]
async fn a_link_goes_out_beside_its_text() {
    let lab = Lab::connected().await;
    let mut new = lab.new_post("Read this", None).await;
    new.link = Some("https://example.org/a?b=c&d".into());
    lab.ask(Command::Post(new)).await.unwrap();
    assert_eq!(
        lab.published()[0].link.as_deref(),
        Some("https://example.org/a?b=c&d")
    );
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused_before_it_is_queued() {
    let lab = Lab::connected().await;
    let empty = lab.new_post("  ", None).await;
    let mut no_link = lab.new_post("x", None).await;
    no_link.link = Some("example.org".into());
    let mut no_picture = lab.new_post("x", None).await;
    no_picture.picture = Some(PictureInput {
        name: "a.png".into(),
        bytes: b"text".to_vec(),
    });
    let mut too_long = lab.new_post("x", None).await;
    too_long.text = "x".repeat(63_207);
    let mut no_zone = lab.new_post("x", None).await;
    no_zone.zone = "Mars/Olympus".into();
    let mut no_page = lab.new_post("x", None).await;
    no_page.target = Some("Nowhere".into());
    let mut which_page = lab.new_post("x", None).await;
    which_page.target = None;
    let mut no_account = lab.new_post("x", None).await;
    no_account.account = "nobody".into();
    for (post, expected) in [
        (empty, Code::BadPost),
        (no_link, Code::BadPost),
        (no_picture, Code::BadPost),
        (too_long, Code::BadPost),
        (no_zone, Code::Usage),
        (no_page, Code::NoSuchTarget),
        (which_page, Code::NoSuchTarget),
        (no_account, Code::NoSuchAccount),
    ] {
        assert_eq!(
            code(lab.ask(Command::Post(post)).await.unwrap_err()),
            expected
        );
    }
    assert!(lab.queue().await.is_empty());
}

#[tokio::test]
async fn a_post_can_be_taken_back_moved_and_sent_early() {
    let lab = Lab::connected().await;
    let due = lab.now() + TimeDelta::hours(5);
    let first = lab.post("first", Some(due)).await.unwrap();
    let second = lab.post("second", Some(due)).await.unwrap();
    let third = lab.post("third", Some(due)).await.unwrap();
    lab.ask(Command::Cancel { post: first.id }).await.unwrap();
    let later = due + TimeDelta::hours(1);
    let zone = "America/New_York".to_owned();
    lab.ask(Command::Reschedule {
        post: second.id,
        due: later,
        zone,
    })
    .await
    .unwrap();
    lab.ask(Command::SendNow { post: third.id }).await.unwrap();
    assert_eq!(lab.published().len(), 1);
    lab.run_until(due).await;
    assert_eq!(lab.published().len(), 1);
    lab.run_until(later).await;
    assert_eq!(lab.said(), ["second", "third"]);
    let problem = lab
        .ask(Command::Cancel { post: third.id })
        .await
        .unwrap_err();
    assert!(problem.message.contains("posted already"), "{problem}");
}

#[tokio::test]
async fn a_post_that_is_found_too_late_after_a_long_sleep_waits_for_the_person() {
    let lab = Lab::connected().await;
    lab.post("morning", Some(lab.now() + TimeDelta::hours(1)))
        .await
        .unwrap();
    lab.advance(TimeDelta::hours(9));
    lab.run().await;
    let post = lab.queue().await.remove(0);
    assert_eq!(post.state, "missed");
    assert!(post.needs_person);
    assert!(lab.published().is_empty());
    assert!(
        lab.notices()
            .iter()
            .any(|notice| notice.title == format!("Post {} needs you", post.id))
    );
}

#[tokio::test]
async fn a_sign_in_that_dies_between_the_check_and_the_post_is_told_with_its_reason() {
    use evergrant_core::EndReason;
    for (subcode, reason) in [
        (458, EndReason::AppRemoved),
        (459, EndReason::Checkpoint),
        (460, EndReason::PasswordChanged),
        (463, EndReason::Expired),
        (467, EndReason::Revoked),
        (493, EndReason::DataAccessEnded),
    ] {
        let lab = Lab::connected().await;
        lab.trouble(Trouble::Error {
            code: 190,
            subcode: Some(subcode),
            message: None,
            status: 400,
            on: Where::once(Endpoint::Feed),
        });
        let held = lab.post_now("held").await;
        assert_eq!(held.state, "held", "{subcode}: {}", held.sentence);
        assert_eq!(lab.account().await.reason.unwrap().code, reason);
        assert_eq!(lab.notices().len(), 1);
        lab.sign_in().await.unwrap();
        assert_eq!(lab.said(), ["held"], "{subcode}");
    }
}

#[tokio::test]
async fn what_the_service_refuses_for_good_is_shown_and_not_repeated() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::Error {
        code: 100,
        subcode: None,
        message: Some("Invalid parameter".into()),
        status: 400,
        on: Where::once(Endpoint::Feed),
    });
    let failed = lab.post_now("odd").await;
    assert_eq!(failed.state, "failed");
    assert!(failed.needs_person);
    assert!(
        failed.sentence.contains("Invalid parameter"),
        "{}",
        failed.sentence
    );
    lab.run_until(lab.now() + TimeDelta::hours(1)).await;
    assert!(lab.published().is_empty());
    lab.ask(Command::SendNow { post: failed.id }).await.unwrap();
    assert_eq!(lab.said(), ["odd"]);
}

#[tokio::test]
async fn a_post_that_cannot_be_looked_up_for_want_of_a_role_is_put_to_the_person_without_noise() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    lab.post_now("uncertain").await;
    lab.trouble(Trouble::TakeRole {
        person: "ada".into(),
        page: "500100".into(),
    });
    lab.post_now("held").await;
    let soon = lab.now() + TimeDelta::hours(2);
    lab.run_until(soon).await;
    for _ in 0..20 {
        lab.run().await;
    }
    let posts = lab.queue().await;
    assert!(posts.iter().all(|post| post.needs_person), "{posts:?}");
    assert_eq!(lab.notices().len(), 2, "one for each: {:?}", lab.notices());
    let asked = lab.practice.network().count(Endpoint::DebugToken);
    lab.run().await;
    assert_eq!(
        lab.practice.network().count(Endpoint::DebugToken),
        asked,
        "a run with nothing due asks nobody"
    );
}
