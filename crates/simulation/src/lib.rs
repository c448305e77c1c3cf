//! Years of trouble in seconds.
//!
//! A *world* is the real engine with its real database, on ports that a seed decides: the practice
//! network called in-process, a keychain in memory, a person who is slow or absent, and a clock that
//! jumps from one thing that happens to the next. Trouble strikes at every port call: it fails,
//! hangs, takes effect and loses its answer; the process is killed and started again; the computer
//! sleeps, its clock is set wrong, its disk is full, its keychain locked. After each step what must
//! always hold is compared with what the practice network itself knows ([`Fault`] lists it).
//!
//! A world runs on one thread, draws all chance from its seed, and waits by moving the clock, so the
//! same seed gives the same world, step by step ([`World::digest`]). [`Broken`] engines show that the
//! comparison can fail.

mod broken;
mod deeds;
mod fault;
mod life;
mod person;
mod play;
mod ports;
mod shared;
mod trace;
mod truth;
mod weather;

pub use broken::Broken;
pub use fault::Fault;
pub use play::{Plan, World, folder, play};
