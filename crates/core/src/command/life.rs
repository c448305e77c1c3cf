//! The life of a sign-in, as a picture is drawn of it.

use serde::{Deserialize, Serialize};

use crate::time::{Expiry, Instant};

/// From the sign-in to its announced ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LifeView {
    /// When the person last signed in; none if nobody is signed in.
    pub signed_in_at: Option<Instant>,
    /// When the token was issued.
    pub issued_at: Option<Instant>,
    /// When the person is warned of the end, earliest first.
    pub warn_at: Vec<Instant>,
    /// The token's announced end.
    pub expires: Option<Expiry>,
    /// The announced end of data access.
    pub data_access_ends: Option<Expiry>,
    /// The checks since the sign-in, earliest first; of many, 60 spread over the time.
    pub checks: Vec<LifeCheck>,
}

/// One check, as a mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LifeCheck {
    /// When it was answered.
    pub at: Instant,
    /// `good`, `cant_tell` or `dead`.
    pub result: String,
}

/// Marks that a picture has room for.
const MOST: usize = 60;

impl LifeView {
    /// Takes the checks, earliest first. Of more than the picture has room for those stay that tell
    /// something else than the one before, as far as there is room, and the rest is spread evenly.
    #[must_use]
    pub fn with_checks(self, checks: Vec<LifeCheck>) -> Self {
        Self {
            checks: thinned(checks),
            ..self
        }
    }
}

fn thinned(checks: Vec<LifeCheck>) -> Vec<LifeCheck> {
    if checks.len() <= MOST {
        return checks;
    }
    let is_turn = |at: usize| at == 0 || checks[at].result != checks[at - 1].result;
    let mut kept: Vec<usize> = (0..checks.len()).filter(|at| is_turn(*at)).collect();
    // The latest turns tell most.
    kept.drain(..kept.len().saturating_sub(MOST));
    let others: Vec<usize> = (0..checks.len()).filter(|at| !kept.contains(at)).collect();
    let room = MOST - kept.len();
    // From the first to the last, both of which are marks of their own.
    kept.extend((1..=room).map(|mark| others[mark * others.len() / room - 1]));
    kept.sort_unstable();
    kept.into_iter().map(|at| checks[at].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn check(second: usize, result: &str) -> LifeCheck {
        let second = i64::try_from(second).unwrap();
        LifeCheck {
            at: DateTime::from_timestamp(second, 0).unwrap(),
            result: result.to_owned(),
        }
    }

    fn shown(checks: Vec<LifeCheck>) -> Vec<LifeCheck> {
        LifeView::default().with_checks(checks).checks
    }

    #[test]
    fn as_many_as_there_is_room_for_all_stay() {
        let all: Vec<_> = (0..60).map(|second| check(second, "good")).collect();
        assert_eq!(shown(all.clone()), all);
    }

    #[test]
    fn of_many_checks_the_one_that_differs_and_the_last_stay() {
        let all: Vec<_> = (0..1000)
            .map(|second| check(second, if second == 517 { "cant_tell" } else { "good" }))
            .collect();
        let marks = shown(all.clone());
        assert_eq!(marks.len(), 60);
        assert!(marks.contains(&all[517]));
        assert_eq!(marks.first(), all.first());
        assert_eq!(marks.last(), all.last());
        assert!(marks.is_sorted_by_key(|mark| mark.at));
    }

    #[test]
    fn checks_that_all_differ_leave_the_latest() {
        let all: Vec<_> = (0..200)
            .map(|second| check(second, if second % 2 == 0 { "good" } else { "dead" }))
            .collect();
        assert_eq!(shown(all.clone()), all[140..]);
    }
}
