//! Stopping at a step of a delivery, so that a test can end the process exactly there.
//! Only debug builds have it.

use std::sync::Arc;

use evergrant_engine::Milestone;

/// What the engine calls at each durable step of a delivery.
#[cfg(debug_assertions)]
pub fn milestone() -> Arc<dyn Fn(Milestone) + Send + Sync> {
    let wanted = std::env::var("EVERGRANT_STOP_AT").ok();
    Arc::new(move |milestone| {
        let name = match milestone {
            Milestone::BeforeIntent => "before_intent",
            Milestone::AfterIntent => "after_intent",
            Milestone::AfterResponse => "after_response",
            Milestone::Recorded => "recorded",
        };
        if wanted.as_deref() == Some(name) {
            crate::look::remark(&format!("stopped at {name}"));
            loop {
                std::thread::park();
            }
        }
    })
}

/// What the engine calls at each durable step of a delivery.
#[cfg(not(debug_assertions))]
pub fn milestone() -> Arc<dyn Fn(Milestone) + Send + Sync> {
    Arc::new(|_| {})
}
