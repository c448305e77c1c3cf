#![allow(
    clippy::unused_async,
    reason = "as where there is something to wait for"
)]

use std::convert::Infallible;

use tokio::sync::mpsc;

use super::{Summary, Wish};

/// The icon in the tray, which this platform has no way to yet.
#[derive(Debug)]
pub struct Tray(Infallible);

impl Tray {
    /// Says that there is no way to.
    pub async fn start(_first: Summary) -> Result<(Self, mpsc::Receiver<Wish>), String> {
        Err("an icon in the tray is not available on this system".to_owned())
    }

    /// Shows something else.
    pub async fn update(&self, _summary: Summary) {
        match self.0 {}
    }

    /// Whether the desktop shows the icon.
    pub fn is_shown(&self) -> bool {
        match self.0 {}
    }

    /// Takes the icon away.
    pub async fn stop(self) {
        match self.0 {}
    }
}
