//! Provider files: what is read, refused, rendered and understood.

#![allow(
    clippy::disallowed_methods,
    reason = "tests find their files by reading a folder"
)]

mod anything;
mod checks;
mod errors;
mod files;
mod posts;
mod requests;
mod support;
mod tokens;
