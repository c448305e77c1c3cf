//! One life of the process, from its start to its end or death.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the process still lives. Once it is dead nothing it does has any effect, and no call of
/// its ever comes back.
#[derive(Debug, Default)]
pub struct Life {
    is_dead: AtomicBool,
}

impl Life {
    /// Ends it here and now.
    pub fn end(&self) {
        self.is_dead.store(true, Ordering::Relaxed);
    }

    /// True once it has ended.
    pub fn is_over(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// Goes on only while alive.
    pub async fn goes_on(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }
}
