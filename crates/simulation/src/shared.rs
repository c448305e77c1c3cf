//! What all parts of a world share: the clock, chance, the service, the keychain, the weather.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use chrono::TimeDelta;
use evergrant_core::{Instant, Secret};
use evergrant_engine::ports::{Clock as _, ManualClock, SeededRandom};
use evergrant_practice::Network;

use crate::broken::Broken;
use crate::trace::Trace;
use crate::weather::Weather;

/// One world's things, whatever process is running in it.
pub struct Shared {
    pub clock: ManualClock,
    pub begun: Instant,
    pub dice: SeededRandom,
    pub network: Arc<Network>,
    pub router: Router,
    pub data: PathBuf,
    pub broken: Option<Broken>,
    state: Mutex<State>,
}

/// What changes.
pub struct State {
    pub weather: Weather,
    pub trace: Trace,
    /// What the keychain holds.
    pub chest: BTreeMap<String, Secret>,
    /// Every secret it ever held.
    pub ever: Vec<Secret>,
    /// What was shown on the screen, by incident.
    pub shown: BTreeMap<String, u64>,
    /// Accounts that a notice asked to sign in, not looked at yet.
    pub asked_for: Vec<String>,
    /// When something was last wrong.
    pub troubled: Duration,
    /// Transactions that were written.
    pub commits: u64,
}

impl Shared {
    pub fn new(
        clock: ManualClock,
        dice: SeededRandom,
        network: Arc<Network>,
        data: PathBuf,
        broken: Option<Broken>,
        prints: bool,
    ) -> Self {
        Self {
            begun: clock.true_now(),
            router: evergrant_practice::router(Arc::clone(&network)),
            clock,
            dice,
            network,
            data,
            broken,
            state: Mutex::new(State {
                weather: Weather::default(),
                trace: Trace::new(prints),
                chest: BTreeMap::new(),
                ever: Vec::new(),
                shown: BTreeMap::new(),
                asked_for: Vec::new(),
                troubled: Duration::ZERO,
                commits: 0,
            }),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much time has passed since the world began, whatever its clocks show.
    pub fn passed(&self) -> Duration {
        (self.clock.true_now() - self.begun)
            .to_std()
            .unwrap_or_default()
    }

    pub fn note(&self, what: &str) {
        let passed = self.passed();
        self.state().trace.note(passed, what);
    }

    /// Lets so much time pass, also when the computer's clock is set meanwhile.
    pub async fn pass(&self, span: Duration) {
        let end = self.passed() + span;
        loop {
            let left = end.saturating_sub(self.passed());
            if left.is_zero() {
                return;
            }
            let until = self.clock.now() + TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
            self.clock.wait_until(until, Duration::MAX).await;
        }
    }
}
