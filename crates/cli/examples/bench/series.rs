//! Times of one thing done many times.

use std::time::{Duration, Instant};

/// The times, sorted.
#[derive(Debug, Default)]
pub struct Series(Vec<Duration>);

impl Series {
    /// Adds one.
    pub fn push(&mut self, time: Duration) {
        let at = self.0.partition_point(|other| *other <= time);
        self.0.insert(at, time);
    }

    /// Does it once and adds how long it took.
    pub fn time<T>(&mut self, what: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = what();
        self.push(begun.elapsed());
        result
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them together.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// Half of them were quicker. Zero if there is none.
    pub fn median(&self) -> Duration {
        self.at(0.5)
    }

    /// Nine of ten were quicker.
    pub fn ninth_decile(&self) -> Duration {
        self.at(0.9)
    }

    /// This part of them was quicker, between 0 and 1.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list of some hundred"
    )]
    pub fn at(&self, part: f64) -> Duration {
        let place = (self.0.len() as f64 * part) as usize;
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// How many times longer.
pub fn ratio(longer: Duration, shorter: Duration) -> f64 {
    longer.as_secs_f64() / shorter.as_secs_f64().max(1e-9)
}

/// With three digits, in the unit that suits.
pub fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    format!("{} {unit}", three_digits(value))
}

/// A ratio with three digits.
pub fn times(ratio: f64) -> String {
    three_digits(ratio)
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}
