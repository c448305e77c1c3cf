//! The numbers by which grants and posts are looked after.

use chrono::TimeDelta;

/// How grants are looked after.
#[derive(Clone, Debug)]
pub struct GrantPolicy {
    /// Time between two checks of a grant that nobody uses.
    pub check_every: TimeDelta,
    /// Wait after the first check that could not tell; doubles with each further one.
    pub retry_first: TimeDelta,
    /// The longest such wait.
    pub retry_cap: TimeDelta,
    /// No wait is longer, whatever was planned: clocks are wrong at times.
    pub longest_wait: TimeDelta,
    /// After so many checks in a row without an answer, a sign-in that is to be forgotten is
    /// forgotten by this computer's clock alone.
    pub silent_checks: u32,
    /// How long ahead of an announced end the person is warned, longest first.
    pub warn_before: Vec<TimeDelta>,
    /// After this a sign-in that nobody finished is over.
    pub sign_in_patience: TimeDelta,
    /// The scopes the provider's file asks for.
    pub wanted_scopes: Vec<String>,
    /// Renewal without the person, where the provider allows it.
    pub renewal: Option<RenewalPolicy>,
}

impl Default for GrantPolicy {
    fn default() -> Self {
        Self {
            check_every: TimeDelta::hours(6),
            retry_first: TimeDelta::minutes(1),
            retry_cap: TimeDelta::minutes(30),
            longest_wait: TimeDelta::days(1),
            silent_checks: 48,
            warn_before: vec![TimeDelta::days(7), TimeDelta::days(1)],
            sign_in_patience: TimeDelta::minutes(15),
            wanted_scopes: Vec::new(),
            renewal: None,
        }
    }
}

/// When a token is renewed without the person.
#[derive(Clone, Debug)]
pub struct RenewalPolicy {
    /// How long ahead of the end.
    pub lead: TimeDelta,
    /// A token younger than this is not renewed.
    pub min_age: TimeDelta,
}

/// How posts are looked after.
#[derive(Clone, Debug)]
pub struct PostPolicy {
    /// Wait after the first failure that may pass; doubles with each further one.
    pub retry_first: TimeDelta,
    /// The longest such wait.
    pub retry_cap: TimeDelta,
    /// How long after the start of an attempt the service is asked whether the post stands there,
    /// when its answer was lost.
    pub settle: TimeDelta,
    /// True if "it is not there" may be followed by sending again; otherwise the person is asked.
    pub resend_when_absent: bool,
    /// True if the provider can be asked at all.
    pub can_look_up: bool,
    /// After so many looks that could not tell, the person is asked.
    pub looks: u32,
}

impl Default for PostPolicy {
    fn default() -> Self {
        Self {
            retry_first: TimeDelta::seconds(30),
            retry_cap: TimeDelta::minutes(15),
            settle: TimeDelta::minutes(2),
            resend_when_absent: true,
            can_look_up: true,
            looks: 8,
        }
    }
}

/// `first`, doubled for each earlier failure, never above `cap`.
pub fn backoff(first: TimeDelta, cap: TimeDelta, earlier_failures: u32) -> TimeDelta {
    let factor = 1_i32
        .checked_shl(earlier_failures.min(20))
        .unwrap_or(i32::MAX);
    first.checked_mul(factor).unwrap_or(cap).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_cap_and_never_overflows() {
        let (first, cap) = (TimeDelta::seconds(30), TimeDelta::minutes(15));
        let waits: Vec<_> = (0..7)
            .map(|n| backoff(first, cap, n).num_seconds())
            .collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(backoff(first, cap, u32::MAX), cap);
        assert_eq!(backoff(TimeDelta::MAX, cap, 9), cap);
    }
}
