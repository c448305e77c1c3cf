//! The practice network: a small Graph-style provider that runs on loopback.
//!
//! It exists so that a newcomer can try Evergrant without registering an app anywhere, and so that
//! tests can make every kind of trouble a real provider makes. It has a login page, a consent page,
//! code exchange, long-lived exchange, `debug_token`, Pages with derived tokens, posting of text,
//! links and photos, the real error codes and subcodes, a public page to look at and a control page
//! to make things go wrong. It knows nothing of the rest of Evergrant.
//!
//! Three ways in:
//! - [`Practice::start`] listens on a loopback address;
//! - [`router`] answers requests in-process, without a socket;
//! - [`Network`] is the handle for the person's clicks ([`Network::answer_dialog`]), for trouble
//!   ([`Network::apply`]) and for counting what really happened ([`Network::posts`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use evergrant_practice::{APP_ID, Choice, Endpoint, Options, Practice, Trouble, Where};
//!
//! let practice = Practice::start(Options::default()).await?;
//! let dialog = format!(
//!     "{}/v25.0/dialog/oauth?client_id={APP_ID}&redirect_uri=http://127.0.0.1:5000/cb&scope=pages_show_list",
//!     practice.origin()
//! );
//! let redirect = practice.network().answer_dialog(&dialog, "ada", &Choice::Everything)?;
//! practice.network().apply(Trouble::LoseResponse { on: Where::once(Endpoint::Feed) })?;
//! practice.network().jump(std::time::Duration::from_secs(86_400))?;
//! assert!(practice.network().posts().is_empty());
//! practice.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Invariants: it listens on loopback only; every lifetime follows the issuer's [`Clock`] plus the
//! offset that [`Network::jump`] moves; a change is in the state file before it is answered.

mod clock;
mod dialog;
mod endpoint;
mod graph;
mod network;
mod options;
mod seed;
mod server;
mod store;
mod strike;
mod trouble;
mod web;
mod world;

pub use clock::Clock;
pub use dialog::{Choice, DialogError};
pub use endpoint::{Endpoint, UnknownEndpoint};
pub use network::Network;
pub use options::Options;
pub use seed::{APP_ID, APP_NAME, APP_SECRET, PASSWORD, SCOPES};
pub use server::{Practice, StartError};
pub use trouble::{Nonsense, OddExpiry, Trouble, TroubleError, Where};
pub use web::{HungUp, router};
pub use world::Post;
