//! The engine over real sockets against the practice network, on a clock that jumps.

mod faults;
mod journal;
mod lab;
mod main_job;
mod posting;
mod reasons;
mod sign_in;
