//! Unguessable text from the operating system, and its repeatable stand-in.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evergrant_core::Secret;

use super::Random;

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// Panics if the operating system has no random numbers: nothing unguessable could be made,
    /// and no sign-in may go on with something guessable.
    fn text(&self, bytes: usize) -> Secret {
        let mut buffer = vec![0; bytes];
        getrandom::fill(&mut buffer).expect("the operating system gives random numbers");
        Secret::new(URL_SAFE_NO_PAD.encode(buffer))
    }

    /// Panics like [`text`](Self::text).
    fn below(&self, below: u64) -> u64 {
        scale(
            getrandom::u64().expect("the operating system gives random numbers"),
            below,
        )
    }
}

/// The same numbers for the same seed: for tests only, since anybody can guess them.
#[derive(Debug)]
pub struct SeededRandom {
    state: Mutex<u64>,
}

impl SeededRandom {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed),
        }
    }

    /// SplitMix64: every 64-bit state gives the next number of a full period.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Random for SeededRandom {
    fn text(&self, bytes: usize) -> Secret {
        let mut buffer = vec![0; bytes];
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Secret::new(URL_SAFE_NO_PAD.encode(buffer))
    }

    fn below(&self, below: u64) -> u64 {
        scale(self.next(), below)
    }
}

/// Maps a number of the whole range onto `0..below`; 0 for an empty range. The bias is below
/// `below` in 2^64, which jitter never notices.
fn scale(number: u64, below: u64) -> u64 {
    let scaled = (u128::from(number) * u128::from(below)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_long_as_asked_and_never_the_same() {
        let (a, b) = (OsRandom.text(32), OsRandom.text(32));
        assert_eq!(a.reveal().len(), 43);
        assert!(
            a.reveal()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_ne!(a, b);
    }

    #[test]
    fn a_seed_repeats_itself() {
        let (a, b) = (SeededRandom::new(7), SeededRandom::new(7));
        assert_eq!(a.text(20), b.text(20));
        assert_eq!(a.below(1000), b.below(1000));
        assert_ne!(a.text(20), SeededRandom::new(8).text(20));
    }

    #[test]
    fn numbers_stay_below_and_reach_every_value() {
        let random = SeededRandom::new(1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[usize::try_from(random.below(6)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(random.below(0), 0);
        assert_eq!(OsRandom.below(1), 0);
    }
}
