//! Provider files: what is read, refused, rendered and understood.

mod anything;
mod checks;
mod errors;
mod files;
mod posts;
mod requests;
mod support;
mod tokens;
