//! The icon in the desktop's tray and its menu.

#[cfg(target_os = "linux")]
mod icon;
#[cfg(target_os = "linux")]
mod item;
#[cfg(target_os = "linux")]
mod words;
#[cfg(target_os = "linux")]
pub use item::Tray;
#[cfg(target_os = "linux")]
pub(crate) use item::WATCHER;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::Tray;

use evergrant_core::ids::AccountId;

/// What the tray shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The accounts that need the person, most urgent first.
    pub needs: Vec<Need>,
    /// How many posts wait for the person.
    pub posts_waiting: usize,
    /// The next post, in words: `Tue 24 Dec 18:00, Garden Page`.
    pub next_post: Option<String>,
}

/// An account that needs the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Which one.
    pub account: AccountId,
    /// How a person knows it: `Ada Lovelace (Example)`.
    pub words: String,
}

/// What the person chose in the tray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Sign this account in again.
    SignIn(AccountId),
    /// Open the window.
    Open,
    /// Show the posts that wait.
    ShowQueue,
    /// End Evergrant.
    Quit,
}

/// Wishes that wait to be read. A person does not click faster than they are.
#[cfg(target_os = "linux")]
const WAITING: usize = 16;
