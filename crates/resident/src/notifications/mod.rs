//! Notifications of the desktop, with a button where the desktop has buttons.

#[cfg(target_os = "linux")]
mod desktop;
#[cfg(target_os = "linux")]
mod listener;
#[cfg(target_os = "linux")]
pub use desktop::Desktop;
#[cfg(target_os = "linux")]
pub(crate) use desktop::{PATH, SERVICE};

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::Desktop;

/// The person pressed the button of a notice, or clicked on its text. Comes at most once for each
/// time that a notice was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressed {
    /// The notice's incident.
    pub incident: String,
    /// What the notice's action asks for: an account to sign in again.
    pub action: String,
}

/// Presses that wait to be read. A person does not press faster than they are.
const WAITING: usize = 16;
