//! Tray and notifications on private message buses, with desktops that are played.
#![cfg(target_os = "linux")]

mod bus;
mod notifications;
mod server;
