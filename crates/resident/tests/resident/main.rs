//! Tray, notifications and the survey on private message buses, with desktops that are played.
#![cfg(target_os = "linux")]

mod bus;
mod helpers;
mod host;
mod notifications;
mod server;
mod survey;
mod tray;
