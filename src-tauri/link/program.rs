//! The keeper's program: the one beside the window's, or the one that is installed.

use std::process::{Child, Command, Stdio};

use evergrant_resident::beside_or_in_path;

/// The command line's program.
pub const PROGRAM: &str = "evergrant";

/// A keeper that was started.
pub trait Starting {
    /// True if it ended already.
    fn has_ended(&mut self) -> bool;
}

/// A keeper's process. It stays when the window goes.
pub struct Keeper(Option<Child>);

impl Keeper {
    /// Starts `evergrant keep`; `None` if there is no such program.
    pub fn start() -> Option<Self> {
        let mut keep = Command::new(beside_or_in_path(PROGRAM));
        keep.arg("keep")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // Ctrl-C in the terminal of the window is not meant for it.
            keep.process_group(0);
        }
        let keeper = keep.spawn().ok()?;
        Some(Self(Some(keeper)))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.0.take() {
            // Waited for, so that the system can forget it should it end before the window.
            std::thread::spawn(move || keeper.wait());
        }
    }
}

impl Starting for Keeper {
    fn has_ended(&mut self) -> bool {
        let ended = self.0.as_mut().map(Child::try_wait);
        !matches!(ended, Some(Ok(None)))
    }
}
