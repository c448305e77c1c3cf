//! Working off what is due, and waiting for what is not.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::RanView;
use evergrant_core::grant::Event as GrantEvent;
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::post::{Event as PostEvent, PostState};
use tokio::task::JoinSet;

use crate::engine::{Engine, Internal, lock};

/// How many things are taken up at once; requests have a tighter gate of their own.
const BATCH: u32 = 64;

/// The longest wait: computers suspend and clocks jump, so look again.
const LOOK_AGAIN: Duration = Duration::from_secs(29);

/// Over how long the first checks of all accounts are spread, in seconds.
const SPREAD: u64 = 60;

impl Engine {
    /// Does everything that is due now, and what becomes due by doing it.
    pub(crate) async fn run_due(self: &Arc<Self>) -> Result<RanView, Internal> {
        let mut ran = RanView::default();
        self.take_up_stuck()?;
        loop {
            let now = self.now();
            let accounts = self.store.accounts_due(now, BATCH)?;
            let posts = self.store.posts_due(now, BATCH)?;
            if accounts.is_empty() && posts.is_empty() {
                break;
            }
            ran.checked += accounts.len();
            self.work(accounts, posts, &mut ran).await?;
        }
        let queue = self.queue(false)?;
        ran.needs_person = queue.iter().filter(|post| post.needs_person).count();
        ran.next = self.next_wake()?;
        Ok(ran)
    }

    /// Does what is due, waits for what is not, and so on until `stop`.
    pub async fn keep_running(
        self: &Arc<Self>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), evergrant_core::command::Problem> {
        self.spread_checks()?;
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                done = self.run_due() => { done?; }
            }
            let cap = self.now() + TimeDelta::from_std(LOOK_AGAIN).unwrap_or_default();
            let until = self.next_wake()?.map_or(cap, |next| next.min(cap));
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                () = self.ports.clock.wait_until(until, LOOK_AGAIN) => {}
            }
        }
    }

    /// At start every account is checked, but not all in the same second.
    pub(crate) fn spread_checks(&self) -> Result<(), Internal> {
        for account in self.store.accounts()? {
            if account.grant.active().is_none() {
                continue;
            }
            let seconds = i64::try_from(self.ports.random.below(SPREAD)).unwrap_or_default();
            let spread = TimeDelta::seconds(seconds);
            self.step_grant(&account.id, GrantEvent::Restarted { spread })?;
        }
        Ok(())
    }

    pub(crate) fn next_wake(&self) -> Result<Option<Instant>, Internal> {
        let wakes = [
            self.store.next_account_wake()?,
            self.store.next_post_wake()?,
        ];
        Ok(wakes.into_iter().flatten().min())
    }

    /// Attempts that nobody works on any more, because the database failed in the middle.
    fn take_up_stuck(&self) -> Result<(), Internal> {
        for id in self.store.posts_under_way()? {
            if !lock(&self.delivering).contains(&id) {
                self.step_post(id, PostEvent::Restarted)?;
            }
        }
        Ok(())
    }

    async fn work(
        self: &Arc<Self>,
        accounts: Vec<AccountId>,
        posts: Vec<PostId>,
        ran: &mut RanView,
    ) -> Result<(), Internal> {
        let mut checks: JoinSet<Result<(), Internal>> = JoinSet::new();
        for id in accounts {
            let engine = Arc::clone(self);
            checks.spawn(async move { engine.happen(&id, GrantEvent::Woke).await.map(drop) });
        }
        let mut deliveries = JoinSet::new();
        for id in posts {
            let engine = Arc::clone(self);
            deliveries.spawn(async move { engine.deliver(id, PostEvent::Woke).await });
        }
        while let Some(done) = checks.join_next().await {
            joined(done)??;
        }
        while let Some(done) = deliveries.join_next().await {
            match joined(done)??.state {
                PostState::Posted { .. } => ran.posted += 1,
                PostState::Held { .. } => ran.held += 1,
                PostState::Uncertain { .. } => ran.uncertain += 1,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A panic of a task is this task's panic; a task that was given up is a program that ends.
fn joined<T>(done: Result<T, tokio::task::JoinError>) -> Result<T, Internal> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Internal(evergrant_core::command::Problem::new(
            evergrant_core::command::Code::NotNow,
            "the program is ending",
        )),
    })
}
