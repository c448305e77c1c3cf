//! Everything goes wrong in an order that a seed decides; after each step what must always hold is
//! compared with the practice network's own truth. A failure names its seed and step.
//!
//! `EVERGRANT_SEEDS=100..200` plays others than the usual ones.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::command::{Command, NewPost, PostView};
use evergrant_engine::Milestone;
use evergrant_engine::ports::{Random as _, SeededRandom};
use evergrant_practice::{Endpoint, Trouble, Where};

use crate::lab::Lab;

/// Steps of one life.
const STEPS: usize = 60;

struct Life {
    lab: Lab,
    dice: SeededRandom,
    /// What the keeper said it has.
    taken: Vec<String>,
    /// True from the moment the service killed the token until the person signed in again.
    is_dead: bool,
    is_offline: bool,
}

impl Life {
    async fn begin(seed: u64) -> Self {
        Self {
            lab: Lab::connected().await,
            dice: SeededRandom::new(seed),
            taken: Vec::new(),
            is_dead: false,
            is_offline: false,
        }
    }

    fn minutes(&self, below: u64) -> TimeDelta {
        TimeDelta::minutes(i64::try_from(self.dice.below(below)).unwrap())
    }

    async fn step(&mut self) -> &'static str {
        match self.dice.below(16) {
            0 | 1 => self.post().await,
            2 | 3 => {
                self.lab.advance(self.minutes(12 * 60));
                self.run().await
            }
            4 => {
                self.lab.advance(self.minutes(10));
                self.run().await
            }
            5 => {
                self.lab.http.fail_next();
                "a request fails"
            }
            6 => {
                self.lab.http.lose_answer_next();
                "an answer is lost"
            }
            7 => {
                self.is_offline = !self.is_offline;
                self.lab.http.set_offline(self.is_offline);
                "the network goes or comes"
            }
            8 => {
                self.lab.trouble(Trouble::ChangePassword {
                    person: "ada".into(),
                    to: None,
                });
                self.is_dead = true;
                "the password is changed"
            }
            9 => {
                self.lab.trouble(Trouble::Outage {
                    status: 503,
                    on: Where::once(Endpoint::Feed),
                });
                "an outage"
            }
            10 => {
                self.lab.trouble(Trouble::LoseResponse {
                    on: Where::once(Endpoint::Feed),
                });
                "the service loses an answer"
            }
            11 => {
                self.lab.keychain.lock();
                "the keychain is locked"
            }
            12 => {
                self.lab.keychain.unlock();
                "the keychain is unlocked"
            }
            13 => {
                self.start_anew().await;
                "the program is started anew"
            }
            14 => self.die().await,
            _ => self.sign_in().await,
        }
    }

    async fn post(&mut self) -> &'static str {
        let text = format!("Number {}.", self.taken.len());
        let due = self.lab.now() + self.minutes(240);
        let due = (self.dice.below(2) == 0).then_some(due);
        let new = NewPost {
            late_limit: Some(400 * 86_400),
            ..self.lab.new_post(&text, due).await
        };
        if self.lab.ask(Command::Post(new)).await.is_ok() {
            self.taken.push(text);
        }
        "a post"
    }

    async fn run(&self) -> &'static str {
        self.lab.run().await;
        "time passes"
    }

    async fn sign_in(&mut self) -> &'static str {
        if self.lab.sign_in().await.is_ok() {
            self.is_dead = false;
        }
        "the person signs in"
    }

    async fn start_anew(&mut self) {
        // What a real process would take with it ends by itself here.
        while Arc::strong_count(self.lab.engine()) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.lab.restart().await.unwrap();
    }

    /// The process dies at the next such step of a delivery, if there is one.
    async fn die(&mut self) -> &'static str {
        let steps = [
            Milestone::BeforeIntent,
            Milestone::AfterIntent,
            Milestone::AfterResponse,
            Milestone::Recorded,
        ];
        let step = steps[usize::try_from(self.dice.below(4)).unwrap()];
        self.lab.advance(self.minutes(60));
        self.lab.run_and_die_at(step).await;
        self.start_anew().await;
        "the process dies"
    }

    async fn holds(&self) {
        let queue = self.lab.queue().await;
        let said = self.lab.said();
        let mut states: BTreeMap<&str, &PostView> = BTreeMap::new();
        for post in &queue {
            let before = states.insert(&post.text, post);
            assert!(before.is_none(), "twice in the queue: {}", post.text);
        }
        for text in &self.taken {
            let copies = said.iter().filter(|said| *said == text).count();
            let post = states.get(text.as_str());
            let post = post.unwrap_or_else(|| panic!("lost: {text}"));
            let right = match post.state.as_str() {
                "posted" => copies == 1,
                "uncertain" => copies <= 1,
                "queued" | "held" | "retrying" => copies == 0,
                _ => false,
            };
            assert!(right, "{text} is {} and stands {copies} times", post.state);
        }
        let account = self.lab.account().await;
        if let Some(reason) = account.reason {
            assert!(
                self.is_dead,
                "called ended, and is not: {}",
                reason.sentence
            );
        }
    }

    /// The trouble is over; what is left has to come to its end.
    async fn calm_down(&mut self) {
        self.lab.trouble(Trouble::Clear);
        self.lab.http.set_offline(false);
        self.lab.keychain.unlock();
        // Trouble that was ordered for requests that did not come yet strikes here.
        let mut tries = 0;
        while let Err(problem) = self.lab.sign_in().await {
            tries += 1;
            assert!(tries < 100, "no sign-in succeeds: {problem}");
        }
        self.is_dead = false;
        let end = self.lab.now() + TimeDelta::days(2);
        self.lab.run_until(end).await;
        for post in self.lab.queue().await {
            // Nobody could tell for a long time, so the person looks at the Page.
            if post.state == "uncertain" && post.needs_person {
                let posted = self.lab.said().contains(&post.text);
                let settle = Command::Settle {
                    post: post.id,
                    posted,
                };
                self.lab.ask(settle).await.unwrap();
            }
        }
        self.lab.run_until(end + TimeDelta::days(1)).await;
        self.holds().await;
        for post in self.lab.queue().await {
            assert_eq!(post.state, "posted", "{}: {}", post.text, post.sentence);
        }
    }
}

fn seeds() -> Range<u64> {
    std::env::var("EVERGRANT_SEEDS")
        .ok()
        .and_then(|text| {
            let (from, to) = text.split_once("..")?;
            Some(from.parse().ok()?..to.parse().ok()?)
        })
        .unwrap_or(1..25)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_nothing_is_lost_doubled_or_called_dead() {
    for seed in seeds() {
        let mut life = Life::begin(seed).await;
        for step in 0..STEPS {
            let did = life.step().await;
            println!("seed {seed}, step {step}: {did}");
            life.holds().await;
        }
        println!("seed {seed}: the trouble is over");
        life.calm_down().await;
    }
}
