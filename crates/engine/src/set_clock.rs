//! Noticing that this computer's clock was set.
//!
//! Issuers' clocks are not set with it: what is known of their distance changes by as much, so that
//! nothing happens earlier or later by their time. Waits that were chosen here keep their length.
//! Posts that are queued go by this computer's clock, wherever it was set to.

use chrono::TimeDelta;
use evergrant_core::policy::PostPolicy;
use evergrant_core::post::{Event, Post};

use crate::engine::{Engine, Internal, SKEW_NOTICED, lock};

impl Engine {
    /// Looks whether the clock was set since the last look. Called under the turn, before anything
    /// is stepped by the new time.
    pub(crate) fn notice_set_clock(&self) {
        let mut last = lock(&self.reading);
        let here = self.ports.clock.reading();
        let Some(before) = last.replace(here) else {
            return;
        };
        let passed = here.passed.saturating_sub(before.passed);
        let by = (here.now - before.now) - TimeDelta::from_std(passed).unwrap_or_default();
        if by.abs() < SKEW_NOTICED {
            return;
        }
        match self.clock_was_set(by) {
            Ok(()) => tracing::info!(seconds = by.num_seconds(), "the clock was set"),
            // Noticed again at the next look.
            Err(_) => *last = Some(before),
        }
    }

    fn clock_was_set(&self, by: TimeDelta) -> Result<(), Internal> {
        let mut posts = Vec::new();
        for id in self.store.waiting_posts()? {
            posts.push(self.post(id)?);
        }
        let now = self.now();
        let moved: Vec<Post> = posts
            .into_iter()
            .map(|post| {
                post.step(Event::ClockSet { by }, now, &PostPolicy::default())
                    .0
            })
            .collect();
        self.store.clock_set(by, &moved)?;
        for skew in lock(&self.skews).values_mut() {
            *skew -= by;
        }
        Ok(())
    }
}
