//! The clock is set, or was wrong from the start; zones and clocks that differ.

use chrono::TimeDelta;
use evergrant_core::EndReason;
use evergrant_core::command::Command;
use evergrant_core::grant::Remember;

use crate::keeper::{Keeper, let_it_run, until};
use crate::lab::{Lab, days};

/// Let go of the first check, after which nothing is due for hours.
async fn settled() -> (Lab, Keeper) {
    let lab = Lab::connected().await;
    let keeper = Keeper::of(&lab);
    keeper.has_checked(&lab).await;
    (lab, keeper)
}

async fn is_checked_as_often_as_ever(by: TimeDelta) {
    let (lab, keeper) = settled().await;
    let calls = lab.http.calls();
    lab.clock.jump(by);
    let_it_run().await;
    lab.advance(TimeDelta::hours(5));
    let_it_run().await;
    assert_eq!(lab.http.calls(), calls, "too early after {by}");
    lab.advance(TimeDelta::hours(1));
    until("the check", async || {
        lab.advance(TimeDelta::seconds(1));
        lab.http.calls() > calls
    })
    .await;
    let_it_run().await;
    assert_eq!(lab.account().await.state, "active");
    keeper.stop().await;
}

#[tokio::test]
async fn a_clock_set_forward_brings_no_burst_and_ends_nothing() {
    is_checked_as_often_as_ever(days(400)).await;
}

#[tokio::test]
async fn a_clock_set_back_makes_nothing_wait_for_years() {
    is_checked_as_often_as_ever(days(-400)).await;
}

#[tokio::test]
async fn a_clock_set_forward_and_right_again_leaves_everything_as_it_was() {
    let (lab, keeper) = settled().await;
    lab.clock.jump(days(400));
    let_it_run().await;
    lab.check().await;
    lab.clock.jump(days(-400));
    let_it_run().await;
    let calls = lab.http.calls();
    lab.advance(TimeDelta::hours(6));
    until("the check", async || {
        lab.advance(TimeDelta::seconds(1));
        lab.http.calls() > calls
    })
    .await;
    keeper.stop().await;
}

#[tokio::test]
async fn a_lost_answer_settles_as_long_as_ever_when_the_clock_is_set() {
    for by in [TimeDelta::hours(1), TimeDelta::hours(-1)] {
        let (lab, keeper) = settled().await;
        // The check, the Pages, and the post.
        lab.http.lose_answer_of(lab.http.calls() + 2);
        assert_eq!(lab.post_now("once").await.state, "uncertain");
        let calls = lab.http.calls();
        lab.clock.jump(by);
        let_it_run().await;
        lab.advance(TimeDelta::seconds(110));
        let_it_run().await;
        assert_eq!(lab.http.calls(), calls, "asked before it had settled");
        lab.advance(TimeDelta::seconds(10));
        until("it is found", async || {
            lab.queue().await[0].state == "posted"
        })
        .await;
        assert_eq!(lab.published().len(), 1);
        keeper.stop().await;
    }
}

#[tokio::test]
async fn a_post_goes_by_this_computers_clock_and_out_once_however_it_is_set() {
    let (lab, keeper) = settled().await;
    let due = lab.now() + TimeDelta::hours(1);
    lab.post("once", Some(due)).await.unwrap();
    lab.clock.jump(TimeDelta::minutes(-30));
    lab.advance(TimeDelta::minutes(89));
    let_it_run().await;
    assert!(lab.published().is_empty(), "the clock does not show it yet");
    lab.advance(TimeDelta::minutes(1));
    until("it goes out", async || lab.published().len() == 1).await;
    lab.clock.jump(TimeDelta::hours(-2));
    for _ in 0..5 {
        lab.advance(TimeDelta::hours(1));
        let_it_run().await;
    }
    assert_eq!(lab.published().len(), 1);
    keeper.stop().await;
}

#[tokio::test]
async fn a_wait_written_by_a_clock_that_was_wrong_is_not_waited_for() {
    let mut lab = Lab::connected().await;
    lab.clock.jump(days(400));
    lab.http.set_offline(true);
    assert_eq!(lab.post_now("waits").await.state, "held");
    lab.close();
    // Set right while nobody was there to notice.
    lab.clock.jump(days(-400));
    lab.http.set_offline(false);
    lab.open().await.unwrap();
    let keeper = Keeper::of(&lab);
    until("it goes out", async || {
        lab.advance(TimeDelta::seconds(1));
        lab.published().len() == 1
    })
    .await;
    keeper.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_at_the_start_forgets_no_sign_in() {
    let mut lab = Lab::connected().await;
    lab.remember(Remember::Days(10)).await;
    lab.close();
    lab.clock.jump(days(400));
    lab.open().await.unwrap();
    let keeper = Keeper::of(&lab);
    keeper.has_checked(&lab).await;
    assert_eq!(lab.account().await.state, "active");
    for _ in 0..44 {
        lab.advance(TimeDelta::hours(6));
        let_it_run().await;
    }
    until("it is forgotten", async || {
        lab.advance(TimeDelta::minutes(1));
        lab.account().await.state == "needs_login"
    })
    .await;
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::NotRemembered
    );
    keeper.stop().await;
}

#[tokio::test]
async fn a_post_that_is_queued_while_everybody_waits_goes_out_on_time() {
    let (lab, keeper) = settled().await;
    let due = lab.now() + TimeDelta::minutes(1);
    lab.post("soon", Some(due)).await.unwrap();
    let_it_run().await;
    lab.clock.set(due);
    until("it goes out", async || lab.published().len() == 1).await;
    keeper.stop().await;
}

#[tokio::test]
async fn the_zone_a_time_was_chosen_in_does_not_move_it() {
    let lab = Lab::connected().await;
    let due = lab.now() + TimeDelta::hours(1);
    for zone in ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let mut post = lab.new_post(zone, Some(due)).await;
        post.zone = zone.into();
        lab.ask(Command::Post(post)).await.unwrap();
    }
    lab.clock.set(due - TimeDelta::seconds(1));
    lab.run().await;
    assert!(lab.published().is_empty());
    lab.clock.set(due);
    lab.run().await;
    assert_eq!(lab.published().len(), 3);
}
