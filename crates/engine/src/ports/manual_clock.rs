//! A clock that is moved by hand or by whoever waits for it; no real time passes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::Instant;
use tokio::sync::watch;

use super::{Clock, Pending, Reading};

/// A clock for tests and the story. Clones share the same time.
///
/// It moves by [`advance`](Self::advance) and [`set`](Self::set), and up to the instant given to
/// [`jump_until`](Self::jump_until) also by itself: once everything else that could run has run,
/// the *earliest* of all waits that end by then moves the clock to its end and returns. So waits
/// end in the order of their instants, whatever the order they began in, and nothing ever sleeps.
///
/// A task that is busy with a real socket or another thread is not waiting for this clock, and
/// does not hold it back.
///
/// Since no real time passes for it, the cap of a wait never comes.
#[derive(Clone, Debug)]
pub struct ManualClock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Rises with every change of the state; waits look again then.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    now: Instant,
    /// By how much it was set, without time passing.
    was_set: TimeDelta,
    /// The clock moves by itself for waits that end up to here.
    jump_until: Option<Instant>,
    /// Ends of all waits, each with a number that tells equal ends apart.
    waits: BTreeSet<(Instant, u64)>,
    next_number: u64,
}

impl ManualClock {
    /// A clock that shows `now` until it is moved.
    pub fn new(now: Instant) -> Self {
        let state = State {
            now,
            was_set: TimeDelta::zero(),
            jump_until: None,
            waits: BTreeSet::new(),
            next_number: 0,
        };
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(state),
                changes: watch::Sender::new(0),
            }),
        }
    }

    /// A clock that jumps to the end of every wait.
    pub fn jumping(now: Instant) -> Self {
        let clock = Self::new(now);
        clock.jump_until(Some(Instant::MAX_UTC));
        clock
    }

    /// Lets waits that end by `end` move the clock; `None`: only by hand.
    pub fn jump_until(&self, end: Option<Instant>) {
        self.change(|state| state.jump_until = end);
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: TimeDelta) {
        self.change(|state| state.now += by);
    }

    /// Lets time pass until `now`. A clock that goes back is one that a person or a time server has
    /// set: time does not.
    pub fn set(&self, now: Instant) {
        self.change(|state| {
            state.was_set += (now - state.now).min(TimeDelta::zero());
            state.now = now;
        });
    }

    /// Sets the clock forward by `by`, or back, as a person or a time server may: no time passes.
    pub fn jump(&self, by: TimeDelta) {
        self.change(|state| {
            state.now += by;
            state.was_set += by;
        });
    }

    /// The time by a clock that nobody has set.
    pub fn true_now(&self) -> Instant {
        let state = self.inner.lock();
        state.now - state.was_set
    }

    /// The instant the earliest wait ends, if anything waits.
    pub fn next_wait(&self) -> Option<Instant> {
        self.inner.lock().waits.first().map(|(at, _)| *at)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.inner.lock());
        self.inner.tell();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.inner.lock().now
    }

    fn reading(&self) -> Reading {
        let state = self.inner.lock();
        let since = (state.now - state.was_set).signed_duration_since(Instant::UNIX_EPOCH);
        Reading {
            now: state.now,
            passed: since.to_std().unwrap_or_default(),
        }
    }

    fn wait_until(&self, at: Instant, _cap: Duration) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut changes = self.inner.changes.subscribe();
            let wait = Wait::begin(&self.inner, at);
            loop {
                // Whatever can run now may still begin an earlier wait.
                tokio::task::yield_now().await;
                changes.borrow_and_update();
                if wait.is_over() || changes.changed().await.is_err() {
                    return;
                }
            }
        })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changes
            .send_modify(|change| *change = change.wrapping_add(1));
    }
}

/// One wait; forgotten when its task ends or is dropped.
struct Wait<'a> {
    inner: &'a Inner,
    entry: (Instant, u64),
    /// By how much the clock was set when it began.
    was_set: TimeDelta,
}

impl<'a> Wait<'a> {
    fn begin(inner: &'a Inner, at: Instant) -> Self {
        let mut state = inner.lock();
        let entry = (at, state.next_number);
        state.next_number += 1;
        state.waits.insert(entry);
        Self {
            inner,
            entry,
            was_set: state.was_set,
        }
    }

    /// True if the instant has come; moves the clock there if this wait is the one that may.
    fn is_over(&self) -> bool {
        let mut state = self.inner.lock();
        let (at, _) = self.entry;
        // Who waits looks again when the clock is set.
        if state.now >= at || state.was_set != self.was_set {
            return true;
        }
        let may_jump = state.jump_until.is_some_and(|end| at <= end)
            && state.waits.first() == Some(&self.entry);
        if may_jump {
            state.now = at;
        }
        may_jump
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.inner.lock().waits.remove(&self.entry);
        // The next wait may be the earliest now.
        self.inner.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Instant {
        Instant::from_timestamp(seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_clock_is_moved_to_its_instant_and_not_before() {
        let clock = ManualClock::new(at(0));
        let waiting = clock.clone();
        let wait = tokio::spawn(async move { waiting.wait_until(at(100), CAP).await });
        while clock.next_wait().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(TimeDelta::seconds(99));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!wait.is_finished());
        clock.advance(TimeDelta::seconds(1));
        wait.await.unwrap();
        assert_eq!(clock.next_wait(), None);
    }

    #[tokio::test]
    async fn a_jumping_clock_ends_waits_in_the_order_of_their_instants() {
        let clock = ManualClock::jumping(at(0));
        let order = Arc::new(Mutex::new(vec![]));
        let tasks: Vec<_> = [300, 100, 200, 100]
            .into_iter()
            .map(|end| {
                let (clock, order) = (clock.clone(), order.clone());
                tokio::spawn(async move {
                    clock.wait_until(at(end), CAP).await;
                    order.lock().unwrap().push((end, clock.now().timestamp()));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let seen = order.lock().unwrap().clone();
        assert_eq!(seen, [(100, 100), (100, 100), (200, 200), (300, 300)]);
    }

    #[tokio::test]
    async fn a_jump_goes_no_further_than_allowed() {
        let clock = ManualClock::new(at(0));
        clock.jump_until(Some(at(50)));
        clock.wait_until(at(50), CAP).await;
        assert_eq!(clock.now(), at(50));

        let waiting = clock.clone();
        let wait = tokio::spawn(async move { waiting.wait_until(at(51), CAP).await });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.now(), at(50));
        clock.jump_until(Some(at(60)));
        wait.await.unwrap();
        assert_eq!(clock.now(), at(51));
    }

    #[tokio::test]
    async fn a_dropped_wait_holds_nobody_back() {
        let clock = ManualClock::new(at(0));
        let first = clock.clone();
        let first = tokio::spawn(async move { first.wait_until(at(10), CAP).await });
        let second = clock.clone();
        let second = tokio::spawn(async move { second.wait_until(at(20), CAP).await });
        while clock.next_wait() != Some(at(10)) {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.is_err());
        clock.jump_until(Some(at(20)));
        second.await.unwrap();
        assert_eq!(clock.now(), at(20));
    }

    #[test]
    fn only_time_that_passes_counts_as_passed() {
        let clock = ManualClock::new(at(1000));
        let begun = clock.reading().passed;
        clock.advance(TimeDelta::seconds(5));
        clock.jump(TimeDelta::days(3));
        clock.set(at(900));
        clock.advance(TimeDelta::seconds(2));
        assert_eq!(clock.reading().passed, begun + Duration::from_secs(7));
        assert_eq!(clock.now(), at(902));
        assert_eq!(clock.true_now(), at(1007));
    }

    #[tokio::test]
    async fn a_wait_ends_early_when_the_clock_is_set() {
        let clock = ManualClock::new(at(1000));
        let waiting = clock.clone();
        let wait = tokio::spawn(async move { waiting.wait_until(at(2000), CAP).await });
        while clock.next_wait().is_none() {
            tokio::task::yield_now().await;
        }
        clock.jump(TimeDelta::days(-3));
        wait.await.unwrap();
    }

    #[tokio::test]
    async fn a_past_instant_is_no_wait_and_moves_nothing() {
        let clock = ManualClock::jumping(at(1000));
        clock.wait_until(at(10), CAP).await;
        assert_eq!(clock.now(), at(1000));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_waits_on_many_threads_all_end() {
        let clock = ManualClock::jumping(at(0));
        let tasks: Vec<_> = (0..200)
            .map(|n| {
                let clock = clock.clone();
                tokio::spawn(async move {
                    for step in 1..=5 {
                        let end = clock.now() + TimeDelta::seconds(n % 7 + step);
                        clock.wait_until(end, CAP).await;
                        assert!(clock.now() >= end);
                    }
                })
            })
            .collect();
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(20), task)
                .await
                .unwrap()
                .unwrap();
        }
    }
}
