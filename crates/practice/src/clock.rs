//! The clock below the issuer's clock.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

type Reading = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Where the practice network takes the time from, before its own offset is added.
#[derive(Clone, Default)]
pub struct Clock(Option<Reading>);

impl Clock {
    /// The computer's own clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that the caller moves; it answers Unix seconds.
    pub fn given(reading: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self(Some(reading))
    }

    /// The time now, in Unix seconds.
    pub fn seconds(&self) -> i64 {
        match &self.0 {
            Some(reading) => reading(),
            // A clock set before 1970 reads as 1970: nothing here can work with less.
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
                }),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Clock::given"
        } else {
            "Clock::system"
        })
    }
}
