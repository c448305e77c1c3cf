//! How likely trouble is. Most of the time there is none; in a storm anything may fail.

use std::time::Duration;

use evergrant_engine::ports::Random as _;
use evergrant_engine::ports::SeededRandom;
use evergrant_keychain::KeychainError;

/// What goes wrong now by itself, beside what a storm brings.
#[allow(
    clippy::struct_excessive_bools,
    reason = "any of them may be wrong with any other"
)]
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// Any single call may fail.
    pub is_stormy: bool,
    /// No request reaches the service.
    pub is_offline: bool,
    /// The keychain answers so.
    pub keychain: Option<KeychainError>,
    /// The disk has no room.
    pub is_disk_full: bool,
    /// Nobody can be told anything.
    pub has_no_screen: bool,
    /// The service itself was told to make trouble.
    pub is_service_troubled: bool,
    /// This computer's clock is wrong by more than a moment.
    pub is_clock_wrong: bool,
}

impl Weather {
    /// True if nothing is wrong.
    pub fn is_calm(&self) -> bool {
        !(self.is_stormy
            || self.is_offline
            || self.keychain.is_some()
            || self.is_disk_full
            || self.has_no_screen
            || self.is_service_troubled
            || self.is_clock_wrong)
    }
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Carried out after the first delay, answered after the second.
    Answered(Duration, Duration),
    /// It never reaches the service.
    NotSent,
    /// Carried out, and the answer is lost.
    AnswerLost(Duration),
    /// It never arrives, and nobody says so.
    Hangs,
    /// The process dies before anything is carried out.
    DiesBefore,
    /// The process dies after it was carried out.
    DiesAfter(Duration),
}

/// True once in so many times.
pub fn one_in(dice: &SeededRandom, times: u64) -> bool {
    dice.below(times) == 0
}

/// A time below `most`.
pub fn up_to(dice: &SeededRandom, most: Duration) -> Duration {
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(dice.below(millis.max(1)))
}

/// Draws the fate of a request.
pub fn fate(dice: &SeededRandom, weather: &Weather) -> Fate {
    let blink = Duration::from_millis(400);
    let (there, back) = (up_to(dice, blink), up_to(dice, blink));
    if weather.is_offline {
        return Fate::NotSent;
    }
    if !weather.is_stormy {
        // Also on a fine day an answer may be the last to come.
        let slow = Duration::from_secs(if one_in(dice, 25) { 28 } else { 0 });
        return Fate::Answered(there, back + up_to(dice, slow));
    }
    match dice.below(100) {
        0..8 => Fate::NotSent,
        8..14 => Fate::AnswerLost(there),
        14..18 => Fate::Hangs,
        18..20 => Fate::DiesBefore,
        20..23 => Fate::DiesAfter(there),
        23..40 => {
            let slow = Duration::from_secs(100);
            Fate::Answered(up_to(dice, slow), up_to(dice, slow))
        }
        _ => Fate::Answered(there, back),
    }
}
