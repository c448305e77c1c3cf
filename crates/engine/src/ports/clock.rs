//! This computer's clock, and the same clock moved by a file.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use evergrant_core::Instant;

use super::{Clock, Pending};

/// How often [`FileClock`] looks whether its file was changed while something waits.
const LOOK: Duration = Duration::from_millis(200);

/// The longest nap: a sleeping task sees neither the computer's sleep nor a clock that is set.
const NAP: Duration = Duration::from_secs(29);

/// This computer's clock.
///
/// On Linux a wait ends at its instant also after the computer slept, and at once when the clock is
/// set. Elsewhere, and where the timer for that cannot be had, it is never longer than 29 seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Utc::now()
    }

    fn wait_until(&self, at: Instant, cap: Duration) -> Pending<'_, ()> {
        let left = wait(self.now(), at).min(cap);
        Box::pin(async move {
            if left.is_zero() {
                return;
            }
            #[cfg(target_os = "linux")]
            if super::timer::wait_until(at, cap).await.is_ok() {
                return;
            }
            nap(left).await;
        })
    }

    #[cfg(target_os = "linux")]
    fn reading(&self) -> super::Reading {
        super::Reading {
            now: self.now(),
            passed: super::timer::passed(),
        }
    }
}

async fn nap(left: Duration) {
    tokio::time::sleep(left.min(NAP)).await;
}

/// This computer's clock plus an offset that stands in a file, so that a person or a test can move
/// the time of a running program.
///
/// The file is read at every question. It holds one number with an optional sign and unit (`s`,
/// `m`, `h`, `d` or `w`; seconds without one), such as `+61d`, `-2h` or `90`. A missing or empty
/// file moves nothing; nonsense leaves the last good offset in force.
#[derive(Debug)]
pub struct FileClock {
    file: PathBuf,
    last_good: Mutex<TimeDelta>,
}

impl FileClock {
    /// A clock moved by `file`, which need not exist yet.
    pub fn open(file: impl Into<PathBuf>) -> Result<Self, OffsetError> {
        let clock = Self {
            file: file.into(),
            last_good: Mutex::new(TimeDelta::zero()),
        };
        let offset = clock.read()?;
        *clock
            .last_good
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = offset;
        Ok(clock)
    }

    fn read(&self) -> Result<TimeDelta, OffsetError> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => parse_offset(&text).ok_or_else(|| OffsetError::Nonsense {
                file: self.file.clone(),
                text: text.trim().chars().take(40).collect(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(TimeDelta::zero()),
            Err(error) => Err(OffsetError::Unreadable {
                file: self.file.clone(),
                why: error.kind(),
            }),
        }
    }

    fn offset(&self) -> TimeDelta {
        let mut last = self
            .last_good
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Ok(offset) = self.read() {
            *last = offset;
        }
        *last
    }
}

impl Clock for FileClock {
    fn now(&self) -> Instant {
        let now = Utc::now();
        now.checked_add_signed(self.offset()).unwrap_or(now)
    }

    fn wait_until(&self, at: Instant, cap: Duration) -> Pending<'_, ()> {
        Box::pin(async move {
            let end = tokio::time::Instant::now() + cap;
            loop {
                let left = end.saturating_duration_since(tokio::time::Instant::now());
                let nap = wait(self.now(), at).min(left).min(LOOK);
                if nap.is_zero() {
                    return;
                }
                tokio::time::sleep(nap).await;
            }
        })
    }
}

/// Why the file of a [`FileClock`] gives no offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// It is there but can't be read.
    #[error("The clock file {} can't be read: {why}.", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the operating system said.
        why: io::ErrorKind,
    },
    /// It holds something else than an offset.
    #[error(
        "The clock file {} holds “{text}”; write an offset such as +61d, -2h or 90 (seconds).",
        .file.display()
    )]
    Nonsense {
        /// The file.
        file: PathBuf,
        /// The beginning of what it holds.
        text: String,
    },
}

/// Reads an offset such as `+61d`, `-2h` or `90`; the empty text is zero.
pub fn parse_offset(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    if text.is_empty() {
        return Some(TimeDelta::zero());
    }
    let (number, seconds) = match text.char_indices().next_back()? {
        (end, 's') => (&text[..end], 1),
        (end, 'm') => (&text[..end], 60),
        (end, 'h') => (&text[..end], 3_600),
        (end, 'd') => (&text[..end], 86_400),
        (end, 'w') => (&text[..end], 604_800),
        _ => (text, 1),
    };
    let number: i64 = number.parse().ok()?;
    TimeDelta::try_seconds(number.checked_mul(seconds)?)
}

/// How long it is from `now` to `at`; zero when that is past.
fn wait(now: Instant, at: Instant) -> Duration {
    (at - now).to_std().unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_signs_and_units() {
        assert_eq!(parse_offset("+61d\n"), Some(TimeDelta::days(61)));
        assert_eq!(parse_offset("-2h"), Some(TimeDelta::hours(-2)));
        assert_eq!(parse_offset("90"), Some(TimeDelta::seconds(90)));
        assert_eq!(parse_offset("3w"), Some(TimeDelta::weeks(3)));
        assert_eq!(parse_offset(""), Some(TimeDelta::zero()));
        for nonsense in [
            "soon",
            "d",
            "1.5h",
            "+-3d",
            "9223372036854775807w",
            "3 days",
            "ü",
        ] {
            assert_eq!(parse_offset(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_file_moves_a_running_clock() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("clock");
        let clock = FileClock::open(&file).unwrap();
        assert!((clock.now() - Utc::now()).abs() < TimeDelta::minutes(1));

        std::fs::write(&file, "+61d").unwrap();
        assert!((clock.now() - Utc::now() - TimeDelta::days(61)).abs() < TimeDelta::minutes(1));

        std::fs::write(&file, "nonsense").unwrap();
        assert!((clock.now() - Utc::now() - TimeDelta::days(61)).abs() < TimeDelta::minutes(1));
    }

    #[test]
    fn a_file_of_nonsense_is_named_at_the_start() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("clock");
        std::fs::write(&file, "tomorrow").unwrap();
        let error = FileClock::open(&file).unwrap_err().to_string();
        assert!(
            error.contains("“tomorrow”; write an offset such as +61d"),
            "{error}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_nap_is_short_however_long_the_wait() {
        let before = tokio::time::Instant::now();
        nap(Duration::from_secs(86_400)).await;
        assert_eq!(before.elapsed().as_secs(), 29);
    }

    #[tokio::test]
    async fn a_past_instant_is_no_wait() {
        let past = Utc::now() - TimeDelta::days(60);
        let long = Duration::from_secs(86_400);
        SystemClock.wait_until(past, long).await;
    }

    #[tokio::test]
    async fn a_wait_ends_at_its_instant_or_its_cap_whichever_is_earlier() {
        let (soon, far) = (TimeDelta::milliseconds(30), TimeDelta::days(60));
        let (short, long) = (Duration::from_millis(30), Duration::from_secs(86_400));
        let at = SystemClock.now() + soon;
        SystemClock.wait_until(at, long).await;
        assert!(SystemClock.now() >= at);

        let begun = SystemClock.now();
        SystemClock.wait_until(begun + far, short).await;
        assert!(SystemClock.now() >= begun + soon);
    }

    #[test]
    fn passed_time_only_grows() {
        let before = SystemClock.reading().passed;
        assert!(SystemClock.reading().passed >= before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_file_brings_its_instant() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("clock");
        let clock = FileClock::open(&file).unwrap();
        let at = Utc::now() + TimeDelta::days(60);
        let before = tokio::time::Instant::now();
        let wait = clock.wait_until(at, Duration::from_secs(3600));
        let move_it = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            std::fs::write(&file, "+61d").unwrap();
        };
        tokio::join!(wait, move_it);
        assert!(
            before.elapsed() < Duration::from_secs(6),
            "{:?}",
            before.elapsed()
        );
    }
}
