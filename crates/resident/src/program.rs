//! The other program: the command line's and the window's lie beside each other.

use std::path::PathBuf;

/// The program of that name in this one's own folder; its bare name, for the system to find, if there
/// is none.
pub fn beside_or_in_path(name: &str) -> PathBuf {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::current_exe()
        .ok()
        .map(|this| this.with_file_name(&name))
        .filter(|beside| beside.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
