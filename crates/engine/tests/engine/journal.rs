//! The process dies at each step of the journal: nothing is lost, nothing stands twice. Here the
//! death is a task that is dropped; the command line's tests kill a real process.

use chrono::TimeDelta;
use evergrant_core::command::{Command, Reply};
use evergrant_engine::Milestone;

use crate::lab::Lab;

async fn dies_at(step: Milestone) {
    let mut lab = Lab::connected().await;
    let due = lab.now() + TimeDelta::minutes(1);
    lab.post("once", Some(due)).await.unwrap();
    lab.clock.set(due);
    assert!(lab.run_and_die_at(step).await, "it should have died");
    lab.restart().await.unwrap();
    lab.run_until(due + TimeDelta::minutes(30)).await;
    let Reply::Queue { posts } = lab.ask(Command::Queue { all: true }).await.unwrap() else {
        panic!("no queue")
    };
    assert_eq!(posts[0].state, "posted", "{step:?}: {}", posts[0].sentence);
    assert_eq!(lab.published().len(), 1, "{step:?}");
}

#[tokio::test]
async fn before_the_intent() {
    dies_at(Milestone::BeforeIntent).await;
}

#[tokio::test]
async fn after_the_intent_and_before_the_request() {
    dies_at(Milestone::AfterIntent).await;
}

#[tokio::test]
async fn after_the_answer_and_before_it_is_written() {
    dies_at(Milestone::AfterResponse).await;
}

#[tokio::test]
async fn after_the_answer_is_written() {
    dies_at(Milestone::Recorded).await;
}
