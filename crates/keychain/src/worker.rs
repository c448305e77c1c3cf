//! One thread that talks to the store, replaced when it hangs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::chunks::Chunked;
use crate::error::{KeychainError, Result, refused};
use crate::store::SecretStore;

/// Makes a connected store.
pub(crate) type Factory = Box<dyn Fn() -> Result<Box<dyn SecretStore>> + Send + Sync>;

/// Threads that may hang at the same time. A keychain that hangs on every call must not eat the
/// machine; beyond this, calls fail at once until one of the threads comes back.
const MOST_HANGING: usize = 4;

pub(crate) struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    factory: Factory,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    next_job: u64,
    /// The thread whose answers count, if one runs.
    current: Option<Current>,
    hanging: usize,
    closed: bool,
}

struct Current {
    abandoned: Arc<AtomicBool>,
    running: Option<u64>,
}

struct Job {
    id: u64,
    run: Run,
}

type Run = Box<dyn FnOnce(Result<&dyn SecretStore>) -> Outcome + Send>;

/// What the thread should do with its store after a job.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Outcome {
    Keep,
    Reconnect,
}

impl Worker {
    pub(crate) fn new(factory: Factory) -> Self {
        Self {
            shared: Arc::new(Shared {
                factory,
                state: Mutex::default(),
                wake: Condvar::new(),
            }),
        }
    }

    /// Runs the job on the store and waits for it, no longer than `limit`.
    pub(crate) fn call<T, F>(&self, limit: Duration, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn SecretStore) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = sync_channel(1);
        let id = self.submit(Box::new(move |store| {
            let result = store.and_then(job);
            let outcome = match &result {
                Err(error) if error.may_be_a_lost_connection() => Outcome::Reconnect,
                _ => Outcome::Keep,
            };
            // Nobody waits any more after a time-out; then the answer is of no use.
            let _ = answer.send(result);
            outcome
        }))?;
        match answered.recv_timeout(limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(refused("its thread stopped unexpectedly")),
            Err(RecvTimeoutError::Timeout) => {
                self.shared.give_up(id);
                // It may have come in just now.
                answered.try_recv().unwrap_or(Err(KeychainError::TimedOut))
            }
        }
    }

    fn submit(&self, run: Run) -> Result<u64> {
        let mut state = self.shared.state();
        let id = state.next_job;
        state.next_job += 1;
        if state.current.is_none() {
            self.shared.start_thread(&mut state)?;
        }
        state.queue.push_back(Job { id, run });
        drop(state);
        self.shared.wake.notify_all();
        Ok(id)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Jobs run outside the lock, so a panic never leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Withdraws a job that has not begun; abandons the thread that hangs in one that has.
    fn give_up(self: &Arc<Self>, id: u64) {
        let mut state = self.state();
        if let Some(place) = state.queue.iter().position(|job| job.id == id) {
            state.queue.remove(place);
            return;
        }
        if let Some(current) = state.current.take_if(|current| current.running == Some(id)) {
            current.abandoned.store(true, Ordering::SeqCst);
            state.hanging += 1;
            // Failing to start one leaves the others waiting until their own limits.
            if !state.queue.is_empty() {
                let _ = self.start_thread(&mut state);
            }
        }
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> Result<()> {
        if state.hanging >= MOST_HANGING {
            return Err(KeychainError::TimedOut);
        }
        let abandoned = Arc::new(AtomicBool::new(false));
        let (shared, flag) = (Arc::clone(self), Arc::clone(&abandoned));
        thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || shared.work(&flag))
            .map_err(|error| refused(format!("no thread could be started for it ({error})")))?;
        state.current = Some(Current {
            abandoned,
            running: None,
        });
        Ok(())
    }

    fn work(&self, abandoned: &Arc<AtomicBool>) {
        let mut store: Option<Chunked> = None;
        while let Some(job) = self.next(abandoned) {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if store.is_none() {
                    match (self.factory)() {
                        Ok(raw) => store = Some(Chunked::new(raw, Arc::clone(abandoned))),
                        Err(error) => return (job.run)(Err(error)),
                    }
                }
                match &store {
                    Some(store) => (job.run)(Ok(store)),
                    None => Outcome::Reconnect,
                }
            }));
            // A panic inside a store's library drops the answer's sender, which tells the caller.
            if outcome.unwrap_or(Outcome::Reconnect) == Outcome::Reconnect {
                store = None;
            }
            self.done(abandoned);
        }
    }

    fn next(&self, abandoned: &AtomicBool) -> Option<Job> {
        let mut state = self.state();
        loop {
            if abandoned.load(Ordering::SeqCst) {
                state.hanging -= 1;
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                if let Some(current) = &mut state.current {
                    current.running = Some(job.id);
                }
                return Some(job);
            }
            // Closed only after the queue is empty: what was asked for is still done.
            if state.closed {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, abandoned: &AtomicBool) {
        let mut state = self.state();
        if !abandoned.load(Ordering::SeqCst)
            && let Some(current) = &mut state.current
        {
            current.running = None;
        }
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
