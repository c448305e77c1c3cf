//! What stays on screen while no window is open: tray and notifications, and starting at login.
