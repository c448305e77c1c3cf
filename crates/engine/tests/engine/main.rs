//! The engine over real sockets against the practice network, on a clock that jumps.

mod chaos;
mod crowd;
mod ending;
mod faults;
mod journal;
mod keeper;
mod lab;
mod main_job;
mod network;
mod posting;
mod reasons;
mod set_clock;
mod sign_in;
#[cfg(unix)]
mod socket;
mod window;
