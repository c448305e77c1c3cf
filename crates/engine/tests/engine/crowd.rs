//! A thousand accounts, and everything is due at once.

use std::sync::Arc;

use chrono::TimeDelta;
use evergrant_core::command::{Command, NewPost, Reply};
use evergrant_core::ids::AccountId;
use evergrant_engine::store::{Change, Store};

use crate::keeper::{Keeper, Wire, is_check, let_it_run, until};
use crate::lab::Lab;

const CROWD: usize = 1_000;

/// Copies the account `id` so often, each copy with a token of its own that is the same text.
async fn copy(lab: &mut Lab, id: &AccountId, copies: usize) {
    lab.close();
    let now = lab.now();
    let opened = Store::open(&lab.data().join("evergrant.db"), now).unwrap();
    let account = opened.store.account(id).unwrap().unwrap();
    let (from, generation) = (format!("token/{id}/"), account.grant.generation);
    let key = format!("{from}{}", generation.0);
    let token = lab.keychain.peek(&key).unwrap();
    for number in 0..copies {
        let mut copy = account.clone();
        copy.id = AccountId(format!("{id}-copy-{number}"));
        copy.identity = format!("{}-{number}", account.identity);
        lab.keychain.put(
            &format!("token/{}/{}", copy.id, generation.0),
            token.clone(),
        );
        let wake = now + TimeDelta::hours(6);
        opened
            .store
            .put_account(&copy, Some(wake), now, &Change::default())
            .unwrap();
    }
    drop(opened);
    lab.open().await.unwrap();
}

async fn checked_since(lab: &Lab, instant: evergrant_core::Instant) -> usize {
    lab.accounts()
        .await
        .iter()
        .filter(|account| {
            account
                .last_check
                .as_ref()
                .is_some_and(|check| check.at >= instant)
        })
        .count()
}

async fn crowd() -> (Lab, Arc<Wire>) {
    let mut lab = Lab::connected().await;
    let id = lab.account_id().await;
    copy(&mut lab, &id, CROWD - 1).await;
    let wire = Wire::under(&mut lab).await;
    (lab, wire)
}

async fn post_of(lab: &Lab, account: AccountId, text: &str, due: evergrant_core::Instant) {
    let new = NewPost {
        late_limit: Some(2 * 86_400),
        ..Lab::post_of(account, text, Some(due))
    };
    let reply = lab.ask(Command::Post(new)).await.unwrap();
    assert!(matches!(reply, Reply::Post { .. }));
}

#[tokio::test]
async fn a_crowd_that_is_due_at_once_is_asked_about_a_few_at_a_time() {
    let (lab, wire) = crowd().await;
    lab.advance(TimeDelta::days(1));
    let woke = lab.now();
    lab.run().await;
    assert_eq!(checked_since(&lab, woke).await, CROWD);
    assert!((2..=16).contains(&wire.most()), "{} at once", wire.most());
}

#[tokio::test]
async fn after_a_sleep_a_post_goes_out_at_once_and_the_checks_are_spread() {
    let (lab, wire) = crowd().await;
    let keeper = Keeper::of(&lab);
    until("the first checks", async || {
        lab.advance(TimeDelta::seconds(10));
        let_it_run().await;
        wire.asked().len() >= CROWD
    })
    .await;
    let_it_run().await;
    let account = lab.accounts().await.remove(0).id;
    post_of(
        &lab,
        account,
        "due while asleep",
        lab.now() + TimeDelta::hours(2),
    )
    .await;
    let_it_run().await;

    lab.advance(TimeDelta::hours(9));
    let woke = lab.now();
    until("the post goes out", async || lab.published().len() == 1).await;
    let_it_run().await;
    let at_once = checked_since(&lab, woke).await;
    assert!(at_once <= 20, "{at_once} in the first second");
    for _ in 0..30 {
        lab.advance(TimeDelta::seconds(10));
        let_it_run().await;
    }
    until("all are checked", async || {
        checked_since(&lab, woke).await == CROWD
    })
    .await;
    assert!(wire.most() <= 16, "{} at once", wire.most());
    keeper.stop().await;
}

#[tokio::test]
async fn a_post_that_is_due_does_not_wait_behind_a_crowd_of_checks() {
    let (lab, wire) = crowd().await;
    let account = lab.accounts().await.remove(0).id;
    let due = lab.now() + TimeDelta::days(1);
    post_of(&lab, account, "on time", due).await;
    lab.clock.set(due);
    let before = wire.asked().len();
    let run = lab.run();
    let seen = async {
        until("the post goes out", async || lab.published().len() == 1).await;
        wire.asked().len() - before
    };
    let (_, asked_before) = tokio::join!(run, seen);
    assert!(asked_before < 100, "{asked_before} requests came first");
}

#[tokio::test]
async fn an_issuer_that_hangs_holds_up_its_own_accounts_and_no_other() {
    let mut lab = Lab::with_own_app().await;
    let mut other = lab.connect_other(evergrant_practice::APP_ID, evergrant_practice::APP_SECRET);
    // The same network by another name, so that requests can be told apart.
    let by_name = lab.practice.origin().replace("127.0.0.1", "localhost");
    other.vars = [("origin".to_owned(), by_name)].into();
    lab.ask(Command::Connect(other)).await.unwrap();
    let hanging = lab.accounts().await.remove(0).id;
    copy(&mut lab, &hanging, 100).await;
    let healthy = lab.connect().await.unwrap().connected.id;
    copy(&mut lab, &healthy, 1).await;
    let wire = Wire::under(&mut lab).await;
    let keeper = Keeper::of(&lab);
    until("the first checks", async || {
        lab.advance(TimeDelta::seconds(1));
        let_it_run().await;
        wire.asked().len() >= 103
    })
    .await;

    wire.hold(|request| request.url.host_str() == Some("localhost") && is_check(request));
    let due = lab.now() + TimeDelta::hours(1);
    post_of(&lab, hanging, "held up", due).await;
    post_of(&lab, healthy.clone(), "on time", due).await;
    let_it_run().await;
    lab.advance(TimeDelta::hours(9));
    let woke = lab.now();
    until("the other's post goes out", async || {
        lab.said() == ["on time"]
    })
    .await;
    until("the other's accounts are checked", async || {
        lab.advance(TimeDelta::seconds(1));
        let_it_run().await;
        checked_since(&lab, woke).await == 2
    })
    .await;
    assert!(wire.held_up() <= 6, "{} hang at once", wire.held_up());
    keeper.stop().await;
}
