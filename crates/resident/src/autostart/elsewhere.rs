use std::path::PathBuf;

use evergrant_core::command::{Code, Problem};

use super::{Folders, Installed, Program, Way};

/// Says that it is not possible yet.
pub fn install(_way: Way, _program: &Program, _folders: &Folders) -> Result<Installed, Problem> {
    Err(Problem::new(
        Code::File,
        "starting at login is not possible on this system yet",
    )
    .hint("Start `evergrant keep` yourself after logging in."))
}

/// Nothing can have been installed.
pub fn uninstall(_way: Way, _folders: &Folders) -> Result<Option<PathBuf>, Problem> {
    Ok(None)
}

/// Nothing can have been installed.
pub fn installed(_way: Way, _folders: &Folders) -> Result<Option<PathBuf>, Problem> {
    Ok(None)
}
