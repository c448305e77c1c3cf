//! Which machine this is, and whether it has a display.

use std::{env, path::PathBuf};

/// Kinds of machine that are set up differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Debian, Ubuntu and their relatives: packages through apt-get.
    Debian,
    /// Another Linux: packages are named, not installed.
    OtherLinux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// The machine this runs on.
pub fn here() -> Platform {
    if cfg!(target_os = "macos") {
        Platform::MacOs
    } else if cfg!(windows) {
        Platform::Windows
    } else if find("apt-get").is_some() && find("dpkg-query").is_some() {
        Platform::Debian
    } else {
        Platform::OtherLinux
    }
}

impl Platform {
    /// Whether the tests that need an X display and a session bus can run.
    pub fn is_linux(self) -> bool {
        matches!(self, Self::Debian | Self::OtherLinux)
    }
}

/// Whether a window can be opened here; only Linux goes without.
pub fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !here().is_linux() || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Where `PATH` has this program.
pub fn find(program: &str) -> Option<PathBuf> {
    let suffixes: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd"]
    } else {
        &[""]
    };
    env::split_paths(&env::var_os("PATH")?)
        .flat_map(|folder| {
            suffixes
                .iter()
                .map(move |suffix| folder.join(format!("{program}{suffix}")))
        })
        .find(|path| path.is_file())
}

/// The folder of the checkout.
pub fn root() -> PathBuf {
    // Known when this was compiled: xtask is a folder of it.
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}
