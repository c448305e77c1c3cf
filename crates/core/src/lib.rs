//! What Evergrant decides.
//!
//! Pure: no clock, no files, no network, no async runtime, no randomness. Time and random text
//! come in as arguments; what is to be done goes out as data.

pub mod command;
pub mod grant;
pub mod happening;
pub mod http;
pub mod ids;
pub mod policy;
pub mod post;
pub mod provider;
pub mod reason;
pub mod secret;
pub mod time;
#[cfg(feature = "types")]
pub mod typescript;
pub mod window;
pub mod zone;

pub use reason::EndReason;
pub use secret::Secret;
pub use time::{Expiry, Instant};
pub use zone::Zone;
