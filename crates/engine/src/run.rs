//! Working off what is due, and waiting for what is not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::{Code, Problem, RanView};
use evergrant_core::grant::{Effect, Event as GrantEvent, Incident};
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::post::{Event as PostEvent, PostState};
use tokio::task::JoinSet;

use crate::engine::{Engine, Internal, lock};

/// How many things are taken up at once; requests have a tighter gate of their own.
const BATCH: u32 = 64;

/// The longest wait: computers suspend and clocks jump, so look again.
const LOOK_AGAIN: Duration = Duration::from_secs(29);

/// How often one thing is taken up in one run: a stuck one must not keep the rest waiting.
const AT_MOST: u32 = 20;

/// Over how long the first checks of all accounts are spread, in seconds.
const SPREAD: u64 = 60;

impl Engine {
    /// Does everything that is due now, and what becomes due by doing it. What fails with one
    /// account or post stops no other; the first such problem is told at the end.
    pub(crate) async fn run_due(self: &Arc<Self>) -> Result<RanView, Internal> {
        let mut run = Run::default();
        self.take_up_stuck()?;
        for id in self.store.forgotten_posts()? {
            run.note(self.deliver(id, PostEvent::Released).await);
        }
        loop {
            let now = self.now();
            let mut accounts = self.store.accounts_due(now, BATCH)?;
            let mut posts = self.store.posts_due(now, BATCH)?;
            accounts.retain(|id| run.takes(id.as_str()));
            posts.retain(|id| !lock(&self.delivering).contains(id) && run.takes(&id.to_string()));
            if accounts.is_empty() && posts.is_empty() {
                break;
            }
            run.ran.checked += accounts.len();
            self.work(accounts, posts, &mut run).await?;
        }
        run.ran.needs_person = self.posts_that_need_the_person()?;
        run.ran.next = self.next_wake()?;
        *lock(&self.trouble) = run
            .ran
            .problem
            .as_ref()
            .map(|problem| problem.message.clone());
        Ok(run.ran)
    }

    /// Does what is due, waits for what is not, and so on until `stop`. A problem with one account
    /// or a full disk is for `doctor` to tell; the rest goes on.
    pub async fn keep_running(
        self: &Arc<Self>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Problem> {
        self.spread_checks()?;
        self.tell_again().await?;
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                done = self.run_due() => {
                    let problem = match done {
                        Ok(ran) => ran.problem,
                        Err(Internal(problem)) => {
                            *lock(&self.trouble) = Some(problem.message.clone());
                            Some(problem)
                        }
                    };
                    if let Some(problem) = problem {
                        tracing::warn!(code = ?problem.code, "{problem}");
                    }
                }
            }
            let cap = self.now() + TimeDelta::from_std(LOOK_AGAIN).unwrap_or_default();
            // What could not be done is due still; it is tried again at the usual pace.
            let next = self.next_wake().ok().flatten();
            let until = next.map_or(cap, |next| next.min(cap));
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
            // An account that cannot be stepped is told of when it is due.
            let _ = self.step_grant(&account.id, GrantEvent::CheckSoon { spread });
        }
        Ok(())
    }

    pub(crate) fn next_wake(&self) -> Result<Option<Instant>, Internal> {
        let wakes = [
            self.store.next_account_wake(self.now())?,
            self.store.next_post_wake(self.now())?,
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

    /// Ends that nobody was told of, because the process that was to tell has ended or had no way.
    async fn tell_again(self: &Arc<Self>) -> Result<(), Internal> {
        for account in self.store.accounts()? {
            if let Some(ended) = account.grant.ended() {
                let incident = Incident::NeedsLogin(ended.reason);
                // The same incident is told once; a broken provider file has its own finding.
                let _ = self.carry_out(&account, vec![Effect::Tell(incident)]).await;
            }
        }
        Ok(())
    }

    async fn work(
        self: &Arc<Self>,
        accounts: Vec<AccountId>,
        posts: Vec<PostId>,
        run: &mut Run,
    ) -> Result<(), Internal> {
        let mut checks = JoinSet::new();
        for id in accounts {
            let engine = Arc::clone(self);
            checks.spawn(async move {
                let done = engine.happen(&id, GrantEvent::Woke).await;
                if done.is_err() {
                    engine.look_later(&id);
                }
                done.map(drop)
            });
        }
        let mut deliveries = JoinSet::new();
        for id in posts {
            let engine = Arc::clone(self);
            deliveries.spawn(async move { engine.deliver(id, PostEvent::Woke).await });
        }
        while let Some(done) = checks.join_next().await {
            run.note(joined(done)?);
        }
        while let Some(done) = deliveries.join_next().await {
            match run.note(joined(done)?).map(|post| post.state) {
                Some(PostState::Posted { .. }) => run.ran.posted += 1,
                Some(PostState::Held { .. }) => run.ran.held += 1,
                Some(PostState::Uncertain { .. }) => run.ran.uncertain += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// An account that cannot be stepped (a broken provider file) would be due for ever.
    fn look_later(&self, id: &AccountId) {
        let later = self.now() + TimeDelta::minutes(30);
        // If the database fails, the run ends for other reasons.
        let _ = self.store.put_account_wake(id, Some(later));
    }
}

/// What one run has done so far.
#[derive(Default)]
struct Run {
    ran: RanView,
    /// How often each thing was taken up.
    taken: HashMap<String, u32>,
}

impl Run {
    /// False once something was taken up so often that it will not be done by doing it again.
    fn takes(&mut self, id: &str) -> bool {
        let times = self.taken.entry(id.to_owned()).or_default();
        *times += 1;
        *times <= AT_MOST
    }

    fn note<T>(&mut self, done: Result<T, Internal>) -> Option<T> {
        done.map_err(|Internal(problem)| {
            self.ran.problem.get_or_insert(problem);
        })
        .ok()
    }
}

/// A panic of a task is this task's panic; a task that was given up is a program that ends.
fn joined<T>(done: Result<T, tokio::task::JoinError>) -> Result<T, Internal> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Internal(Problem::new(Code::NotNow, "the program is ending")),
    })
}
