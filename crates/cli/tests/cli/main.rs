//! The real program in a sealed home folder, against a practice network in the test's process.

#![allow(
    clippy::needless_raw_string_hashes,
    clippy::format_push_string,
    reason = "snapshots are written by snapbox"
)]

mod accounts;
mod bad_input;
mod browser;
mod folders;
mod keeper;
mod kill;
mod kill_keeper;
mod no_token;
mod posts;
mod room;
mod sign_in;
mod tools;
