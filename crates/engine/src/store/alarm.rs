//! Telling whoever waits for the next wake that something wants to be woken earlier.

use std::sync::atomic::{AtomicI64, Ordering};

use evergrant_core::Instant;
use tokio::sync::Notify;

use super::{instant, millis};

/// The time somebody waits for, and a bell that rings when an earlier one is written.
#[derive(Debug)]
pub struct Alarm {
    /// In the database's form.
    set_for: AtomicI64,
    bell: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            set_for: AtomicI64::new(i64::MAX),
            bell: Notify::new(),
        }
    }
}

impl Alarm {
    /// Whoever waits asks the database next: until [`set`](Self::set) everything that is written
    /// rings.
    pub fn unset(&self) {
        self.set_for.store(i64::MAX, Ordering::SeqCst);
    }

    /// From now on only what is earlier than `at` rings.
    pub fn set(&self, at: Instant) {
        self.set_for.store(millis(at), Ordering::SeqCst);
    }

    /// Ends when something earlier was written since the last time this ended.
    pub async fn rings(&self) {
        self.bell.notified().await;
    }

    /// A wake was written. Called after the write, so that nobody who hears it reads too early.
    pub(super) fn written(&self, wake_at: Option<i64>) {
        if wake_at.is_some_and(|at| at < self.set_for.load(Ordering::SeqCst)) {
            self.bell.notify_one();
        }
    }

    /// The same for all wakes at once.
    pub(super) fn all_moved(&self) {
        self.written(Some(millis(instant(0))));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn only_what_is_earlier_rings_and_it_rings_once() {
        let alarm = Alarm::default();
        alarm.set(instant(1_000));
        alarm.written(Some(1_000));
        alarm.written(None);
        assert!(alarm.rings().now_or_never().is_none());
        alarm.written(Some(999));
        assert!(alarm.rings().now_or_never().is_some());
        assert!(alarm.rings().now_or_never().is_none());
    }

    #[test]
    fn what_is_written_while_the_database_is_asked_is_not_missed() {
        let alarm = Alarm::default();
        alarm.set(instant(1_000));
        alarm.unset();
        alarm.written(Some(5_000));
        alarm.set(instant(9_000));
        assert!(alarm.rings().now_or_never().is_some());
    }
}
