//! What a caller may choose when opening a practice network.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::Clock;

/// How to open a practice network.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen: a loopback address; port 0 takes a free port.
    pub address: SocketAddr,
    /// Where the state is kept, so that it survives a restart. Photos go to a folder beside it.
    /// `None` keeps everything in memory.
    pub state_file: Option<PathBuf>,
    /// The clock below the issuer's clock.
    pub clock: Clock,
    /// Makes ids, codes and tokens the same in every run with the same seed; `None` draws them at random.
    /// Only for tests and simulations: seeded tokens can be guessed.
    pub seed: Option<u64>,
    /// Refuse a post that repeats the Page's previous post within a minute (error 506).
    pub refuse_duplicates: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            state_file: None,
            clock: Clock::system(),
            seed: None,
            refuse_duplicates: true,
        }
    }
}
