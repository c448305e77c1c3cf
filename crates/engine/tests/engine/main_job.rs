//! The main job from end to end.

use chrono::TimeDelta;
use evergrant_core::command::{Command, Reply};
use evergrant_core::{EndReason, Expiry};
use evergrant_practice::{Endpoint, Trouble};

use crate::lab::{Lab, days};

#[tokio::test]
async fn connect_exchange_keep_check_post() {
    let lab = Lab::new().await;
    let connected = lab.connect().await.unwrap();
    assert!(connected.is_new);
    assert_eq!(connected.connected.name, "Ada Practice");
    assert_eq!(connected.connected.state, "active");
    let short = connected.short_expires.unwrap().at().unwrap() - lab.now();
    let long = connected.connected.expires.unwrap().at().unwrap() - lab.now();
    assert!(short <= TimeDelta::hours(2), "{short}");
    assert!((days(59)..=days(61)).contains(&long), "{long}");
    assert_eq!(lab.check().await.0, "good");

    let post = lab.post_now("Fresh bread at seven").await;
    assert_eq!(post.state, "posted", "{}", post.sentence);
    let published = lab.published();
    assert_eq!(published.len(), 1);
    assert_eq!(lab.said(), ["Fresh bread at seven"]);
    assert_eq!(Some(&published[0].id), post.remote_id.as_ref());
}

#[tokio::test]
async fn every_use_asks_the_issuer_first_and_uses_that_coincide_ask_once() {
    let lab = Lab::connected().await;
    let asked = || lab.practice.network().count(Endpoint::DebugToken);
    let before = asked();
    lab.post_now("one").await;
    assert_eq!(asked(), before + 1);
    let account = lab.account_id().await;
    let checks = (0..10).map(|_| {
        let (engine, account) = (lab.engine().clone(), Some(account.clone()));
        tokio::spawn(async move { engine.handle(Command::Check { account }).await })
    });
    for check in checks.collect::<Vec<_>>() {
        let Reply::Checks { checks } = check.await.unwrap().unwrap() else {
            panic!("no checks")
        };
        assert_eq!(checks[0].result, "good");
    }
    assert_eq!(asked(), before + 2);
}

#[tokio::test]
async fn a_dead_sign_in_holds_due_posts_tells_once_and_a_new_one_sends_them_once() {
    let lab = Lab::connected().await;
    lab.advance(days(30));
    lab.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    let first = lab.post_now("one").await;
    let second = lab.post_now("two").await;
    assert_eq!(
        (first.state.as_str(), second.state.as_str()),
        ("held", "held")
    );
    assert!(
        first.sentence.contains("password was changed"),
        "{}",
        first.sentence
    );
    let account = lab.account().await;
    assert_eq!(account.reason.unwrap().code, EndReason::PasswordChanged);
    assert_eq!(account.held_posts, 2);
    assert_eq!(lab.notices().len(), 1, "{:?}", lab.notices());
    assert_eq!(lab.published().len(), 0);
    assert_eq!(
        *lab.person.opened.lock().unwrap(),
        1,
        "only the person opens a browser"
    );

    lab.advance(TimeDelta::minutes(20));
    let connected = lab.sign_in().await.unwrap();
    assert!(!connected.is_new);
    assert_eq!(connected.released, 2);
    assert_eq!(lab.said(), ["one", "two"]);
    lab.run().await;
    assert_eq!(lab.published().len(), 2, "sent once and not again");
}

#[tokio::test]
async fn a_held_post_that_is_later_than_its_limit_is_put_to_the_person() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::RemoveApp {
        person: "ada".into(),
    });
    let held = lab.post_now("bread").await;
    lab.advance(TimeDelta::hours(3));
    lab.sign_in().await.unwrap();
    let missed = lab.queue().await.remove(0);
    assert_eq!(missed.state, "missed");
    assert!(lab.published().is_empty());
    let Reply::Post { post } = lab.ask(Command::SendNow { post: held.id }).await.unwrap() else {
        panic!("no post")
    };
    assert_eq!(post.state, "posted");
}

#[tokio::test]
async fn the_person_is_warned_ahead_and_the_expired_sign_in_is_found_by_asking() {
    let lab = Lab::connected().await;
    let start = lab.now();
    lab.run_until(start + days(52)).await;
    assert_eq!(lab.notices().len(), 0, "{:?}", lab.notices());
    lab.run_until(start + days(54)).await;
    assert_eq!(lab.notices().len(), 1);
    assert!(
        lab.notices()[0].title.contains("ends soon"),
        "{:?}",
        lab.notices()
    );
    lab.run_until(start + days(61)).await;
    let account = lab.account().await;
    assert_eq!(account.reason.unwrap().code, EndReason::Expired);
    assert_eq!(
        lab.notices().len(),
        3,
        "a week ahead, a day ahead, ended: {:?}",
        lab.notices()
    );
    assert_eq!(
        lab.keychain
            .keys()
            .iter()
            .filter(|key| key.starts_with("token/"))
            .count(),
        0
    );
}

#[tokio::test]
async fn a_scheduled_post_goes_out_at_its_time_and_not_before() {
    let lab = Lab::connected().await;
    let due = lab.now() + TimeDelta::hours(5);
    let queued = lab.post("later", Some(due)).await.unwrap();
    assert_eq!(queued.state, "queued");
    lab.run_until(due - TimeDelta::seconds(1)).await;
    assert!(lab.published().is_empty());
    lab.run_until(due).await;
    assert_eq!(lab.published().len(), 1);
    assert_eq!(lab.published()[0].created_at, due.timestamp());
}

#[tokio::test]
async fn signing_out_revokes_and_asks_whether_it_is_so() {
    let lab = Lab::connected().await;
    let account = lab.account_id().await;
    let command = Command::SignOut {
        account,
        anyway: false,
    };
    let Reply::SignedOut { signed_out } = lab.ask(command).await.unwrap() else {
        panic!("no sign-out")
    };
    assert!(signed_out.revoked, "{}", signed_out.sentence);
    assert_eq!(signed_out.account.state, "signed_out");
    assert!(
        lab.keychain
            .keys()
            .iter()
            .all(|key| !key.starts_with("token/"))
    );
    let held = lab.post_now("nobody is here").await;
    assert_eq!(held.state, "held");
    assert!(held.sentence.contains("signed out"), "{}", held.sentence);
    lab.sign_in().await.unwrap();
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_sign_out_that_cannot_reach_the_issuer_changes_nothing_unless_wanted_anyway() {
    let lab = Lab::connected().await;
    let account = lab.account_id().await;
    lab.http.set_offline(true);
    let command = Command::SignOut {
        account: account.clone(),
        anyway: false,
    };
    let problem = lab.ask(command).await.unwrap_err();
    assert!(problem.hints[0].contains("still signed in"), "{problem:?}");
    assert_eq!(lab.account().await.state, "active");
    let command = Command::SignOut {
        account,
        anyway: true,
    };
    let Reply::SignedOut { signed_out } = lab.ask(command).await.unwrap() else {
        panic!("no sign-out")
    };
    assert!(!signed_out.revoked);
    assert!(
        signed_out.sentence.contains("may work until"),
        "{}",
        signed_out.sentence
    );
}

#[tokio::test]
async fn signing_out_claims_no_confirmation_that_nobody_gave() {
    let lab = Lab::connected().await;
    let account = lab.account_id().await;
    let remember = evergrant_core::grant::Remember::Days(1);
    lab.ask(Command::Remember {
        account: account.clone(),
        remember,
    })
    .await
    .unwrap();
    lab.run_until(lab.now() + days(2)).await;
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::NotRemembered
    );
    for _ in 0..2 {
        let command = Command::SignOut {
            account: account.clone(),
            anyway: false,
        };
        let Reply::SignedOut { signed_out } = lab.ask(command).await.unwrap() else {
            panic!("no sign-out")
        };
        assert!(!signed_out.revoked, "{}", signed_out.sentence);
        assert!(
            signed_out.sentence.contains("did not confirm"),
            "{}",
            signed_out.sentence
        );
    }
}

#[tokio::test]
async fn forgetting_leaves_nothing_here() {
    let lab = Lab::connected().await;
    let account = lab.account_id().await;
    lab.post("later", Some(lab.now() + days(1))).await.unwrap();
    let command = Command::Forget {
        account: account.clone(),
        drop_posts: false,
    };
    let problem = lab.ask(command).await.unwrap_err();
    assert!(
        problem.message.contains("1 post that would be lost"),
        "{problem}"
    );
    lab.ask(Command::Forget {
        account,
        drop_posts: true,
    })
    .await
    .unwrap();
    assert!(lab.accounts().await.is_empty());
    assert!(lab.queue().await.is_empty());
    let left: Vec<_> = lab
        .keychain
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("token/"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn missing_zero_and_never_are_told_apart() {
    let lab = Lab::new().await;
    lab.trouble(Trouble::OddExpiresIn {
        style: evergrant_practice::OddExpiry::Missing,
        on: evergrant_practice::Where::default(),
    });
    lab.trouble(Trouble::ZeroExpiresAt {
        on: evergrant_practice::Where::default(),
    });
    let connected = lab.connect().await.unwrap();
    assert_eq!(connected.connected.expires, Some(Expiry::Never));
    assert!(connected.connected.data_access_ends.unwrap().at().is_some());
}

#[tokio::test]
async fn the_person_chooses_how_long_ahead_to_be_warned() {
    let mut lab = Lab::connected().await;
    lab.warn_before = Some(vec![days(30)]);
    lab.restart().await.unwrap();
    lab.advance(days(29));
    lab.run().await;
    assert_eq!(lab.notices(), []);
    lab.advance(days(2));
    lab.run().await;
    let notices = lab.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].title.contains("ends soon"), "{notices:?}");
    // Neither of the usual times is one of theirs.
    lab.advance(days(28));
    lab.run().await;
    assert_eq!(lab.notices().len(), 1);
}
