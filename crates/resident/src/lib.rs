//! What stays on screen while no window is open: tray and notifications, and starting at login.

pub mod autostart;
#[cfg(target_os = "linux")]
mod bus;
pub mod keeper;
#[cfg(target_os = "linux")]
mod markup;
pub mod notifications;
mod program;
mod survey;
pub mod tray;

pub use keeper::Keeper;
pub use notifications::{Desktop, Pressed};
pub use program::beside_or_in_path;
pub use survey::survey;
#[cfg(target_os = "linux")]
pub use survey::survey_at;
pub use tray::{Need, Summary, Tray, Wish};
