//! The session ends while something is under way.

use chrono::TimeDelta;
use evergrant_core::http::Request;

use crate::keeper::{Keeper, Wire, is_check, is_post, let_it_run, until};
use crate::lab::Lab;

/// A lab whose one post is being sent, and hangs there.
async fn sending(hangs: impl FnOnce(&Wire)) -> (Lab, std::sync::Arc<Wire>, Keeper) {
    let mut lab = Lab::connected().await;
    let wire = Wire::under(&mut lab).await;
    hangs(&wire);
    let due = lab.now() + TimeDelta::minutes(1);
    lab.post("once", Some(due)).await.unwrap();
    let keeper = Keeper::of(&lab);
    lab.clock.set(due);
    until("the post is sent", async || wire.held_up() == 1).await;
    (lab, wire, keeper)
}

async fn is_cut_off_and_settles(hangs: impl FnOnce(&Wire), stands: usize) {
    let (mut lab, wire, keeper) = sending(hangs).await;
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    keeper.stop().await;
    assert!(asked.elapsed().as_millis() < 2_000);
    tokio::time::resume();
    assert_eq!(lab.published().len(), stands);

    wire.let_go();
    lab.restart().await.unwrap();
    assert_eq!(lab.queue().await[0].state, "uncertain");
    lab.run_until(lab.now() + TimeDelta::minutes(30)).await;
    assert_eq!(lab.queue().await[0].state, "posted");
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_post_that_is_cut_off_on_its_way_there_is_settled_by_the_next_owner() {
    is_cut_off_and_settles(|wire| wire.hold(is_post), 0).await;
}

#[tokio::test]
async fn a_post_whose_answer_is_cut_off_is_settled_by_the_next_owner() {
    is_cut_off_and_settles(|wire| wire.hold_answers(is_post), 1).await;
}

#[tokio::test]
async fn an_answer_that_comes_in_the_last_moment_is_written() {
    let (mut lab, wire, mut keeper) = sending(|wire| wire.hold_answers(is_post)).await;
    keeper.ask_to_stop();
    let_it_run().await;
    assert_eq!(wire.held_up(), 1, "it was not cut off");
    wire.let_go();
    keeper.stop().await;
    lab.restart().await.unwrap();
    assert_eq!(lab.queue().await[0].state, "posted");
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_once_the_end_has_come() {
    let (mut lab, wire, mut keeper) = sending(|wire| wire.hold(is_post)).await;
    let due = lab.now() + TimeDelta::minutes(1);
    lab.post("late", Some(due)).await.unwrap();
    let lists = |request: &Request| request.url.path().ends_with("/accounts");
    wire.hold(move |request| is_post(request) || lists(request));
    lab.clock.set(due);
    until("it is prepared", async || wire.held_up() == 2).await;

    // While the end waits for the first, the second is ready to be sent.
    keeper.ask_to_stop();
    let_it_run().await;
    wire.hold(is_post);
    let_it_run().await;
    assert_eq!(wire.held_up(), 1, "the second was sent");
    wire.let_go();
    keeper.stop().await;
    assert_eq!(lab.said(), ["once"]);
    lab.restart().await.unwrap();
    lab.run().await;
    assert_eq!(lab.said(), ["late", "once"]);
}

#[tokio::test]
async fn a_check_that_hangs_holds_up_neither_the_end_nor_the_folder() {
    let mut lab = Lab::connected().await;
    let wire = Wire::under(&mut lab).await;
    wire.hold(is_check);
    let keeper = Keeper::of(&lab);
    until("the issuer is asked", async || {
        lab.advance(TimeDelta::seconds(1));
        wire.held_up() == 1
    })
    .await;
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    keeper.stop().await;
    assert!(asked.elapsed().is_zero());
    tokio::time::resume();
    wire.let_go();
    lab.restart().await.unwrap();
    assert_eq!(lab.check().await.0, "good");
}
