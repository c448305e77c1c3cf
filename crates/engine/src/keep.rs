//! Staying: doing what is due, and waiting for what is not.
//!
//! Computers sleep, clocks are set, networks come and go, sessions end. What was missed meanwhile is
//! made up for without a burst: posts that are due go out at once, everything else is spread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::Problem;
use evergrant_core::grant::{Effect, Event as GrantEvent, Incident};
use evergrant_core::post::Event as PostEvent;

use crate::engine::{Engine, Internal, lock};
use crate::ports::{NetworkWatch, Pending, SystemNetwork};
use crate::run::Run;

/// The longest wait. A clock that cannot see the computer sleep waits less ([`SystemClock`]).
///
/// [`SystemClock`]: crate::ports::SystemClock
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// When what could not be done is tried again.
const TRY_AGAIN: TimeDelta = TimeDelta::seconds(29);

/// A look that comes so much later than planned comes after a sleep.
const LATE: TimeDelta = TimeDelta::seconds(20);

/// Checks that come together are spread over so much time for each of them.
const SPREAD: TimeDelta = TimeDelta::milliseconds(300);

/// The same when the network is back: sooner, because the person may be waiting.
const SPREAD_BACK: TimeDelta = TimeDelta::milliseconds(50);

/// A network that changes is left alone until it has settled.
const SETTLES: Duration = Duration::from_secs(3);

/// A network that comes and goes is tried once in so long.
const TRIED_ONCE_IN: Duration = Duration::from_secs(30);

/// Within this time all that was asked again has been answered, or has failed.
const ANSWERED: Duration = Duration::from_secs(120);

/// No wait of a post that was chosen here is longer; one that is was written by a wrong clock.
const LONGEST_OWN_WAIT: TimeDelta = TimeDelta::days(2);

impl Engine {
    /// Does what is due, waits for what is not, and so on until `stop`. A problem with one account
    /// or a full disk is for `doctor` to tell; the rest goes on.
    ///
    /// When `stop` comes nothing new is begun, and deliveries whose answer is awaited get a moment:
    /// this returns within two seconds. The engine sends nothing afterwards; whoever wants to go on
    /// opens the folder anew.
    pub async fn keep_running(
        self: &Arc<Self>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Problem> {
        self.keep_running_on(&SystemNetwork, stop).await
    }

    /// The same, with word of the network from `network`.
    pub async fn keep_running_on(
        self: &Arc<Self>,
        network: &dyn NetworkWatch,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Problem> {
        let mut run = Run::default();
        let ended = tokio::select! {
            biased;
            () = stop => Ok(()),
            ended = self.go_on(&mut run, network) => ended,
        };
        self.ending.come().await;
        run.stop().await;
        self.ending.be_over().await;
        ended
    }

    async fn go_on(
        self: &Arc<Self>,
        run: &mut Run,
        network: &dyn NetworkWatch,
    ) -> Result<(), Problem> {
        self.begin_to_keep().await?;
        let mut keeper = Keeper::new(network, self.now());
        loop {
            if keeper.looks_around
                && let Err(problem) = self.tell_untold().await
            {
                run.note_problem(problem);
            }
            if let Err(problem) = self.look(&mut keeper, run) {
                run.note_problem(problem);
            }
            self.tell_trouble(run);
            let until = self.plan(&mut keeper, run);
            let failed = tokio::select! {
                biased;
                done = run.goes_on(), if run.is_under_way() => done.err(),
                () = self.store.alarm().rings() => None,
                () = keeper.back.changes() => {
                    keeper.back.settle(self.ports.clock.reading().passed);
                    None
                }
                () = self.ports.clock.wait_until(until, self.pace.look_again) => {
                    keeper.looks_around = true;
                    None
                }
            };
            if let Some(problem) = failed {
                run.note_problem(problem);
            }
        }
    }

    /// What an owner that stays does first.
    async fn begin_to_keep(self: &Arc<Self>) -> Result<(), Internal> {
        self.check_all_soon().await?;
        let now = self.now();
        for id in self.store.posts_waiting_beyond(now + LONGEST_OWN_WAIT)? {
            self.step_post(id, PostEvent::LookSoon { at: now })?;
        }
        self.tell_again().await
    }

    /// Every account is checked, but not all in the same second.
    async fn check_all_soon(&self) -> Result<(), Internal> {
        // Their ids alone: what is read for a moment here would stay with the process for good.
        let ids = self.store.accounts_in(&["active", "renewing"])?;
        for id in &ids {
            let spread = self.spread(SPREAD, ids.len());
            // An account that cannot be stepped is told of when it is due.
            let _ = self.step_grant(id, GrantEvent::CheckSoon { spread });
            // Commands are answered meanwhile.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Ends that nobody was told of, because the process that was to tell has ended or had no way.
    async fn tell_again(self: &Arc<Self>) -> Result<(), Internal> {
        for id in self.store.accounts_in(&["needs_login"])? {
            let account = self.account(&id)?;
            if let Some(ended) = account.grant.ended() {
                let incident = Incident::NeedsLogin(ended.reason);
                // The same incident is told once; a broken provider file has its own finding.
                let _ = self.carry_out(&account, vec![Effect::Tell(incident)]).await;
            }
        }
        Ok(())
    }

    /// What could not be told is tried again: there may be a screen now.
    async fn tell_untold(self: &Arc<Self>) -> Result<(), Internal> {
        if !lock(&self.untold).is_any {
            return Ok(());
        }
        self.take_back_told()?;
        lock(&self.untold).is_any = false;
        let told = self.tell_again().await;
        lock(&self.untold).is_any |= told.is_err();
        told
    }

    fn look(self: &Arc<Self>, keeper: &mut Keeper<'_>, run: &mut Run) -> Result<(), Internal> {
        // A clock that was set is noticed before anything is called late or due by it.
        drop(self.turn());
        let now = self.now();
        keeper.looked_at = now;
        if (now - keeper.run_since).abs() >= TRY_AGAIN {
            keeper.run_since = now;
            self.put_trouble(run.problem());
            run.begin_anew();
        }
        if now - keeper.planned > LATE {
            self.spread_overdue(now)?;
        }
        let passed = self.ports.clock.reading().passed;
        if keeper.back.is_to_be_tried(passed) {
            self.ask_again(now)?;
        }
        let unreachable = self.unreachable.load(Ordering::Relaxed);
        keeper.back.listen(unreachable, passed);
        if std::mem::take(&mut keeper.looks_around) {
            self.take_up_left_over(run)?;
        }
        self.take_up(run, now)
    }

    /// Until when nothing is to be done, unless something happens.
    fn plan(&self, keeper: &mut Keeper<'_>, run: &Run) -> Instant {
        let alarm = self.store.alarm();
        alarm.unset();
        let cap = if run.is_unwell() {
            TRY_AGAIN
        } else {
            TimeDelta::from_std(self.pace.look_again).unwrap_or(TRY_AGAIN)
        };
        let now = self.now();
        let mut until = now + cap;
        // From the look on: what has become due since is not taken up yet.
        if let Ok(Some(next)) = self.store.next_wake(keeper.looked_at) {
            until = until.min(next);
        }
        if let Some(try_at) = keeper.back.try_at {
            let left = try_at.saturating_sub(self.ports.clock.reading().passed);
            until = until.min(now + TimeDelta::from_std(left).unwrap_or_default());
        }
        alarm.set(until);
        keeper.planned = until;
        until
    }

    /// After a sleep: what was missed is not made up for in one second. What is overdue longest comes
    /// first, and the first at once: also a computer that sleeps most of the time gets on.
    fn spread_overdue(&self, now: Instant) -> Result<(), Internal> {
        let mut at = now;
        let mut wakes = Vec::new();
        for id in self.store.accounts_overdue(now)? {
            wakes.push((id, at));
            at += SPREAD;
        }
        self.store.put_account_wakes(&wakes)?;
        Ok(())
    }

    /// The network has changed: what could not be reached is asked again soon.
    fn ask_again(&self, now: Instant) -> Result<(), Internal> {
        self.unreachable.store(false, Ordering::Relaxed);
        let accounts = self.store.unreachable_accounts()?;
        let posts = self.store.unreachable_posts()?;
        let count = accounts.len() + posts.len();
        for id in accounts {
            let spread = self.spread(SPREAD_BACK, count);
            // An account that cannot be stepped is told of when it is due.
            let _ = self.step_grant(&id, GrantEvent::CheckSoon { spread });
        }
        for id in posts {
            let at = now + self.spread(SPREAD_BACK, count);
            self.step_post(id, PostEvent::LookSoon { at })?;
        }
        Ok(())
    }

    /// A moment for one of `count` things that come together.
    fn spread(&self, each: TimeDelta, count: usize) -> TimeDelta {
        let over = each.num_milliseconds().unsigned_abs() * count.max(1) as u64;
        let chosen = self.ports.random.below(over);
        TimeDelta::milliseconds(i64::try_from(chosen).unwrap_or_default())
    }

    fn tell_trouble(&self, run: &mut Run) {
        if let Some(problem) = run.untold_problem() {
            tracing::warn!(code = ?problem.code, "{problem}");
            self.put_trouble(Some(problem));
        }
    }
}

/// What whoever stays remembers from look to look.
struct Keeper<'a> {
    back: Back<'a>,
    /// When it looked last.
    looked_at: Instant,
    /// When it is to look again at the latest.
    planned: Instant,
    /// Since when things that rest do so.
    run_since: Instant,
    /// True if the next look is also for what others have left over.
    looks_around: bool,
}

impl<'a> Keeper<'a> {
    fn new(network: &'a dyn NetworkWatch, now: Instant) -> Self {
        Self {
            back: Back {
                network,
                change: None,
                try_at: None,
                tried: None,
            },
            looked_at: now,
            planned: now,
            run_since: now,
            looks_around: true,
        }
    }
}

/// Whether the network is back. Times are of the clock that nobody sets.
struct Back<'a> {
    network: &'a dyn NetworkWatch,
    /// Word of the network, while somebody could not be reached.
    change: Option<Pending<'a, ()>>,
    /// It has changed, and this is when to try.
    try_at: Option<Duration>,
    /// When it was tried last.
    tried: Option<Duration>,
}

impl Back<'_> {
    /// Listens while there is a reason to: word of the network would wake the computer in vain.
    fn listen(&mut self, unreachable: bool, passed: Duration) {
        let trying = self.tried.is_some_and(|at| passed < at + ANSWERED);
        if !unreachable && !trying {
            self.change = None;
        } else if self.change.is_none() && self.try_at.is_none() {
            self.change = Some(self.network.changed());
        }
    }

    async fn changes(&mut self) {
        match &mut self.change {
            Some(change) => change.await,
            None => std::future::pending().await,
        }
    }

    fn settle(&mut self, passed: Duration) {
        self.change = None;
        let settled = passed + SETTLES;
        let again = self.tried.map(|at| at + TRIED_ONCE_IN);
        self.try_at = Some(again.map_or(settled, |again| again.max(settled)));
    }

    fn is_to_be_tried(&mut self, passed: Duration) -> bool {
        let is_time = self.try_at.is_some_and(|at| passed >= at);
        if is_time {
            self.try_at = None;
            self.tried = Some(passed);
        }
        is_time
    }
}
