//! Each reason a sign-in can die, told in its own sentence; and everything that is no reason.

use evergrant_core::EndReason;
use evergrant_practice::{Endpoint, Nonsense, Trouble, Where};

use crate::lab::{Lab, days};

async fn dies_of(trouble: Trouble, reason: EndReason) {
    let lab = Lab::connected().await;
    lab.trouble(trouble.clone());
    let (result, sentence) = lab.check().await;
    assert_eq!(result, "dead", "{trouble:?}");
    assert!(
        sentence.starts_with(reason.sentence()),
        "{trouble:?}: {sentence}"
    );
    let account = lab.account().await;
    assert_eq!(account.reason.unwrap().code, reason);
    assert_eq!(lab.notices().len(), 1);
    // A second look tells nobody again.
    lab.check().await;
    assert_eq!(lab.notices().len(), 1);
}

fn ada() -> String {
    "ada".into()
}

#[tokio::test]
async fn expired() {
    dies_of(Trouble::ExpireNow { person: ada() }, EndReason::Expired).await;
}

#[tokio::test]
async fn password_changed() {
    let trouble = Trouble::ChangePassword {
        person: ada(),
        to: None,
    };
    dies_of(trouble, EndReason::PasswordChanged).await;
}

#[tokio::test]
async fn app_removed() {
    dies_of(Trouble::RemoveApp { person: ada() }, EndReason::AppRemoved).await;
}

#[tokio::test]
async fn signed_out_everywhere() {
    dies_of(
        Trouble::SignOutEverywhere { person: ada() },
        EndReason::Revoked,
    )
    .await;
}

#[tokio::test]
async fn data_access_ended() {
    dies_of(
        Trouble::EndDataAccess { person: ada() },
        EndReason::DataAccessEnded,
    )
    .await;
}

#[tokio::test]
async fn checkpoint_and_back_without_a_new_sign_in() {
    dies_of(Trouble::Checkpoint { person: ada() }, EndReason::Checkpoint).await;

    let lab = Lab::connected().await;
    lab.trouble(Trouble::Checkpoint { person: ada() });
    let held = lab.post_now("after the checkpoint").await;
    assert_eq!(held.state, "held");
    lab.trouble(Trouble::ClearCheckpoint { person: ada() });
    lab.advance(chrono::TimeDelta::minutes(5));
    assert_eq!(lab.check().await.0, "good");
    assert_eq!(lab.account().await.state, "active");
    assert_eq!(lab.published().len(), 1, "the held post went on by itself");
}

#[tokio::test]
async fn a_scope_that_is_taken_away_holds_what_needs_it_and_ends_nothing() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::DropScope {
        person: ada(),
        scope: "pages_manage_posts".into(),
    });
    let (result, _) = lab.check().await;
    assert_eq!(result, "good");
    let account = lab.account().await;
    assert_eq!(account.missing_scopes, ["pages_manage_posts"]);
    assert!(
        lab.notices()[0].body.contains("pages_manage_posts"),
        "{:?}",
        lab.notices()
    );
    let held = lab.post_now("not allowed").await;
    assert_eq!(held.state, "held");
    assert!(
        held.sentence.contains("pages_manage_posts"),
        "{}",
        held.sentence
    );
    assert!(held.needs_person);
    lab.trouble(Trouble::RestoreScope {
        person: ada(),
        scope: "pages_manage_posts".into(),
    });
    lab.check().await;
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_role_that_is_taken_away_holds_the_posts_of_that_page_only() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::TakeRole {
        person: ada(),
        page: "500100".into(),
    });
    let held = lab.post_now("no role").await;
    assert_eq!(held.state, "held");
    assert!(held.sentence.contains("role"), "{}", held.sentence);
    let mut other = lab.new_post("still mine", None).await;
    other.target = Some("500200".into());
    lab.ask(evergrant_core::command::Command::Post(other))
        .await
        .unwrap();
    assert_eq!(lab.published().len(), 1);
    assert_eq!(lab.account().await.state, "active");
}

async fn is_no_end(trouble: Trouble) {
    let lab = Lab::connected().await;
    lab.trouble(trouble.clone());
    let (result, sentence) = lab.check().await;
    assert_eq!(result, "cant_tell", "{trouble:?}: {sentence}");
    let account = lab.account().await;
    assert_eq!(account.state, "active", "{trouble:?}");
    assert!(account.unreachable_since.is_some());
    assert!(lab.notices().is_empty());
    let held = lab.post_now("waits").await;
    assert_eq!(held.state, "held", "{trouble:?}");
    assert!(!held.needs_person);
    lab.trouble(Trouble::Clear);
    let soon = lab.now() + chrono::TimeDelta::minutes(40);
    lab.run_until(soon).await;
    assert_eq!(
        lab.published().len(),
        1,
        "{trouble:?}: it went out when the trouble was over"
    );
}

#[tokio::test]
async fn an_outage_is_no_end() {
    is_no_end(Trouble::Outage {
        status: 503,
        on: Where::default(),
    })
    .await;
}

#[tokio::test]
async fn nonsense_is_no_end() {
    for style in [Nonsense::Html, Nonsense::Cut, Nonsense::Empty] {
        is_no_end(Trouble::Nonsense {
            style,
            on: Where::at(Endpoint::DebugToken),
        })
        .await;
    }
}

#[tokio::test]
async fn a_rate_limit_is_no_end() {
    let on = Where::at(Endpoint::DebugToken);
    is_no_end(Trouble::RateLimit {
        code: None,
        minutes: 5,
        on,
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_no_end() {
    is_no_end(Trouble::DropRequest {
        on: Where::at(Endpoint::DebugToken),
    })
    .await;
}

#[tokio::test]
async fn a_code_that_nobody_knows_is_no_end() {
    is_no_end(Trouble::Error {
        code: 987_654,
        subcode: None,
        message: Some("something new".into()),
        status: 400,
        on: Where::at(Endpoint::DebugToken),
    })
    .await;
}

#[tokio::test]
async fn a_wrong_clock_ends_nothing_and_is_told_by_doctor() {
    let lab = Lab::connected().await;
    // The issuer lives two days behind this computer, which thinks the token is over.
    lab.trouble(Trouble::Jump {
        seconds: -2 * 86_400,
    });
    lab.advance(days(59) + chrono::TimeDelta::hours(23));
    assert_eq!(lab.check().await.0, "good");
    let reply = lab
        .ask(evergrant_core::command::Command::Doctor)
        .await
        .unwrap();
    let evergrant_core::command::Reply::Doctor { doctor } = reply else {
        panic!("no doctor")
    };
    let clock = doctor
        .findings
        .iter()
        .find(|finding| finding.topic == "clock")
        .unwrap();
    assert!(
        clock.sentence.contains("2 days ahead of"),
        "{}",
        clock.sentence
    );
    assert_eq!(lab.account().await.state, "active");
}

#[tokio::test]
async fn a_clock_that_is_set_right_makes_nobody_deaf() {
    let lab = Lab::connected().await;
    // This computer is two days behind, and learns of it from the issuer.
    lab.trouble(Trouble::Jump {
        seconds: 2 * 86_400,
    });
    assert_eq!(lab.check().await.0, "good");
    // Its clock is set right; the issuer's goes on as before.
    lab.trouble(Trouble::Jump {
        seconds: -2 * 86_400,
    });
    lab.advance(days(2));
    lab.trouble(Trouble::ChangePassword {
        person: ada(),
        to: None,
    });
    assert_eq!(lab.check().await.0, "dead");
}
