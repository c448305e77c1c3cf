use evergrant_engine::ports::{Notice, Notifier, Pending};
use tokio::sync::mpsc;

use super::{Pressed, WAITING};

/// The desktop's notifications, which this platform has no way to yet.
#[derive(Debug, Default)]
pub struct Desktop {
    // Kept, so that whoever waits for a press goes on waiting.
    _presses: Option<mpsc::Sender<Pressed>>,
}

impl Desktop {
    /// A desktop nobody can be told on.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and where nothing will ever be pressed.
    pub fn with_buttons(self) -> (Self, mpsc::Receiver<Pressed>) {
        let (tell, presses) = mpsc::channel(WAITING);
        let desktop = Self {
            _presses: Some(tell),
        };
        (desktop, presses)
    }
}

impl Notifier for Desktop {
    fn show(&self, _notice: Notice) -> Pending<'_, Result<(), String>> {
        let error = "notifications are not available on this system".to_owned();
        Box::pin(std::future::ready(Err(error)))
    }
}
