//! What Evergrant does: the engine carries out the core's decisions through narrow ports and
//! feeds the answers back as events.
//!
//! The order that keeps everything safe is the same everywhere: the core steps a state, the new
//! state is made durable, and only then is carried out what it asks for. A secret is in the
//! keychain before any state that relies on it is stored.

mod check;
mod choices;
mod deliver;
mod doctor;
mod ending;
mod engine;
mod gate;
mod grants;
mod keep;
mod life;
mod owner;
mod pictures;
pub mod places;
pub mod ports;
mod probe;
mod queue;
mod renew;
mod router;
mod run;
mod safe;
mod set_clock;
mod sign_in;
mod sign_out;
#[cfg(unix)]
pub mod socket;
mod start;
pub mod store;
mod view;

pub use choices::Choices;
pub use engine::{Engine, Options, Pace, Ports};
pub use probe::{Milestone, NoProbe, Probe};
