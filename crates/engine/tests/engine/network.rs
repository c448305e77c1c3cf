//! The network is lost and comes back.

use chrono::TimeDelta;

use crate::keeper::{Keeper, let_it_run, until};
use crate::lab::{Lab, days};

/// A lab whose post and account have found no way for so long that they look again in minutes only.
async fn cut_off() -> (Lab, Keeper) {
    let lab = Lab::connected().await;
    lab.http.set_offline(true);
    lab.post_now("waits").await;
    let keeper = Keeper::of(&lab);
    for _ in 0..8 {
        let calls = lab.http.calls();
        until("it is tried again", async || {
            lab.advance(TimeDelta::minutes(5));
            let_it_run().await;
            lab.http.calls() > calls
        })
        .await;
    }
    let_it_run().await;
    (lab, keeper)
}

#[tokio::test]
async fn what_could_not_be_reached_is_asked_again_soon_after_the_network_is_back() {
    let (lab, keeper) = cut_off().await;
    let before = lab.now();
    assert_eq!(lab.queue().await[0].state, "held");
    lab.http.set_offline(false);
    // Several words of one change.
    for _ in 0..5 {
        keeper.network.change();
        let_it_run().await;
    }
    assert!(lab.published().is_empty(), "it has not settled yet");
    until("the post goes out", async || {
        lab.advance(TimeDelta::seconds(1));
        let_it_run().await;
        lab.published().len() == 1
    })
    .await;
    assert!(lab.now() - before < TimeDelta::seconds(10));
    until("the account is asked", async || {
        lab.account().await.unreachable_since.is_none()
    })
    .await;
    keeper.stop().await;
}

#[tokio::test]
async fn a_network_that_comes_and_goes_is_tried_now_and_then() {
    let (lab, keeper) = cut_off().await;
    let calls = lab.http.calls();
    for _ in 0..60 {
        keeper.network.change();
        lab.advance(TimeDelta::seconds(1));
        let_it_run().await;
    }
    let tried = lab.http.calls() - calls;
    assert!((1..=8).contains(&tried), "{tried} requests in a minute");
    keeper.stop().await;
}

#[tokio::test]
async fn a_change_of_a_network_that_was_never_missed_means_nothing() {
    let lab = Lab::connected().await;
    lab.post("later", Some(lab.now() + days(9))).await.unwrap();
    let keeper = Keeper::of(&lab);
    keeper.has_checked(&lab).await;
    let calls = lab.http.calls();
    for _ in 0..60 {
        keeper.network.change();
        lab.advance(TimeDelta::seconds(1));
        let_it_run().await;
    }
    assert_eq!(lab.http.calls(), calls);
    keeper.stop().await;
}
