//! Times and states in words.

use chrono::{DateTime, Local, TimeDelta};
use evergrant_core::grant::Remember;
use evergrant_core::{Expiry, Instant};

use crate::look::Tone;

/// "in 60 days", "3 hours ago", "just now".
pub fn relative(at: Instant, now: Instant) -> String {
    let wait = at - now;
    let words = span(wait.abs());
    if wait >= TimeDelta::seconds(1) {
        format!("in {words}")
    } else if wait > TimeDelta::minutes(-1) {
        "just now".into()
    } else {
        format!("{words} ago")
    }
}

/// A span, rounded to the unit a person would use: "60 days", "1 minute".
pub fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let rounded = |unit: i64| (seconds + unit / 2) / unit;
    if rounded(3_600) >= 48 {
        count(rounded(86_400), "day")
    } else if rounded(60) >= 120 {
        count(rounded(3_600), "hour")
    } else if seconds >= 60 {
        count(rounded(60), "minute")
    } else {
        count(seconds, "second")
    }
}

/// "1 post", "2 posts".
pub fn count(number: i64, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

/// An announced end in words.
pub fn expiry(expiry: Option<Expiry>, now: Instant) -> String {
    match expiry {
        None => String::new(),
        Some(Expiry::At(at)) => relative(at, now),
        Some(Expiry::Never) => "never".into(),
        Some(Expiry::Unknown) => "unknown".into(),
    }
}

/// An instant on this computer's wall clock.
pub fn wall(at: Instant) -> String {
    DateTime::<Local>::from(at)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

/// A choice in words.
pub fn remember(choice: Remember) -> String {
    match choice {
        Remember::UntilQuit => "until the program ends".into(),
        Remember::Days(days) => format!("{} from the sign-in", count(days.into(), "day")),
        Remember::Always => "as long as the service allows".into(),
    }
}

/// A state of an account in words.
pub fn account_state(state: &str) -> (&'static str, Tone) {
    match state {
        "active" => ("connected", Tone::Good),
        "renewing" => ("renewing", Tone::Soft),
        "signing_in" => ("signing in", Tone::Soft),
        "exchanging" => ("exchanging", Tone::Soft),
        "signed_out" => ("signed out", Tone::Soft),
        "needs_login" => ("sign in again", Tone::Bad),
        _ => ("unknown", Tone::Warn),
    }
}

/// A state of a post in words.
pub fn post_state(state: &str) -> (&'static str, Tone) {
    match state {
        "queued" => ("queued", Tone::Soft),
        "held" => ("held", Tone::Warn),
        "sending" => ("being sent", Tone::Soft),
        "posted" => ("posted", Tone::Good),
        "retrying" => ("tried again", Tone::Warn),
        "failed" => ("refused", Tone::Bad),
        "uncertain" => ("uncertain", Tone::Warn),
        "missed" => ("too late", Tone::Bad),
        "cancelled" => ("cancelled", Tone::Soft),
        _ => ("unknown", Tone::Warn),
    }
}

/// The result of a check in words.
pub fn check_result(result: &str) -> (&'static str, Tone) {
    match result {
        "good" => ("good", Tone::Good),
        "cant_tell" => ("can't tell now", Tone::Warn),
        "dead" => ("sign in again", Tone::Bad),
        "not_signed_in" => ("not signed in", Tone::Soft),
        _ => ("unknown", Tone::Warn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_unit_a_person_would_use() {
        let now = DateTime::from_timestamp(1_000_000_000, 0).unwrap();
        let told = |seconds| relative(now + TimeDelta::seconds(seconds), now);
        assert_eq!(told(60 * 86_400 - 5), "in 60 days");
        assert_eq!(told(-100), "2 minutes ago");
        assert_eq!(told(5_400 - 3), "in 90 minutes");
        assert_eq!(told(7_200), "in 2 hours");
        assert_eq!(told(47 * 3_600), "in 47 hours");
        assert_eq!(told(1), "in 1 second");
        assert_eq!(told(-59), "just now");
        assert_eq!(told(0), "just now");
    }
}
