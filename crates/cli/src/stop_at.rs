//! Stopping at a step of a delivery, so that a test can end the process exactly there.
//! Only debug builds have it.

use std::sync::Arc;

use evergrant_engine::Probe;

/// Who watches the engine at work.
#[cfg(debug_assertions)]
pub fn probe() -> Arc<dyn Probe> {
    Arc::new(debug::StopAt(std::env::var("EVERGRANT_STOP_AT").ok()))
}

/// Who watches the engine at work.
#[cfg(not(debug_assertions))]
pub fn probe() -> Arc<dyn Probe> {
    Arc::new(evergrant_engine::NoProbe)
}

#[cfg(debug_assertions)]
mod debug {
    use evergrant_core::ids::PostId;
    use evergrant_engine::{Milestone, Probe};

    /// Stops at the step of that name.
    pub struct StopAt(pub Option<String>);

    impl Probe for StopAt {
        fn passes(&self, step: Milestone, _post: PostId) {
            let name = match step {
                Milestone::BeforeIntent => "before_intent",
                Milestone::AfterIntent => "after_intent",
                Milestone::AfterResponse => "after_response",
                Milestone::Recorded => "recorded",
            };
            if self.0.as_deref() == Some(name) {
                crate::look::remark(&format!("stopped at {name}"));
                loop {
                    std::thread::park();
                }
            }
        }
    }
}
