//! Instants and expiries. Core never asks for the time; it is told.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A UTC instant.
pub type Instant = DateTime<Utc>;

/// When a token, or the data access behind it, is announced to end.
///
/// Missing is not zero is not never: an issuer that says nothing leaves `Unknown`; one that says
/// `0` where its documentation defines that as "no end" gives `Never`. Either way the date is a
/// hint: only the issuer's answer ends a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Announced to end at this instant.
    At(Instant),
    /// Announced to have no end.
    Never,
    /// Nothing was announced.
    #[default]
    Unknown,
}

impl Expiry {
    /// The instant, where there is one.
    pub fn at(self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(at),
            Self::Never | Self::Unknown => None,
        }
    }

    /// True if an end was announced and `now` has reached it.
    pub fn is_past(self, now: Instant) -> bool {
        self.at().is_some_and(|at| now >= at)
    }

    /// `seconds` after `now`; a value too large for the calendar is `Never`.
    pub fn after_seconds(now: Instant, seconds: i64) -> Self {
        TimeDelta::try_seconds(seconds)
            .and_then(|wait| now.checked_add_signed(wait))
            .map_or(Self::Never, Self::At)
    }

    /// Unix seconds as most issuers send them.
    pub fn from_unix(seconds: i64) -> Self {
        DateTime::from_timestamp(seconds, 0).map_or(Self::Unknown, Self::At)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn only_an_announced_end_can_be_past() {
        assert!(Expiry::At(at(10)).is_past(at(10)));
        assert!(!Expiry::At(at(10)).is_past(at(9)));
        assert!(!Expiry::Never.is_past(at(i32::MAX.into())));
        assert!(!Expiry::Unknown.is_past(at(i32::MAX.into())));
    }

    #[test]
    fn a_life_beyond_the_calendar_is_never_and_not_a_panic() {
        assert_eq!(Expiry::after_seconds(at(0), i64::MAX), Expiry::Never);
        assert_eq!(Expiry::after_seconds(at(5), 60), Expiry::At(at(65)));
    }
}
