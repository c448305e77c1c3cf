//! Starting the keeper at login.

use std::ffi::OsString;

use evergrant_core::command::{Code, Problem};
use evergrant_core::window::AutostartView;
use evergrant_engine::places::{CONFIG, DATA};
use evergrant_resident::autostart::{self, Folders, Program, Way};
use evergrant_resident::beside_or_in_path;

use crate::link::PROGRAM;

/// Who starts it now.
pub fn view() -> AutostartView {
    let found = Folders::usual().and_then(|folders| {
        for (way, name) in [(Way::Desktop, "desktop"), (Way::Systemd, "systemd")] {
            if autostart::installed(way, &folders)?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    });
    match found {
        Ok(way) => AutostartView {
            installed: way.is_some(),
            way,
            problem: None,
        },
        Err(problem) => AutostartView {
            problem: Some(problem.message),
            ..AutostartView::default()
        },
    }
}

/// Has the desktop start it, or nobody.
pub fn set(on: bool) -> Result<(), Problem> {
    let folders = Folders::usual()?;
    if !on {
        for way in [Way::Desktop, Way::Systemd] {
            autostart::uninstall(way, &folders)?;
        }
        return Ok(());
    }
    let keeper = beside_or_in_path(PROGRAM);
    if !keeper.is_absolute() {
        return Err(Problem::new(
            Code::File,
            "the program `evergrant` does not lie beside the window's, so it cannot be started at login",
        )
        .hint("Run `evergrant keep --install` in a terminal."));
    }
    autostart::install(Way::Desktop, &Program::new(&keeper, words())?, &folders)?;
    Ok(())
}

/// The folders that were named to this process are meant at every start.
fn words() -> Vec<OsString> {
    let mut words = vec![OsString::from("keep")];
    for (name, word) in [(DATA, "--data"), (CONFIG, "--config")] {
        if let Some(folder) = std::env::var_os(name).filter(|folder| !folder.is_empty()) {
            let folder = std::path::absolute(&folder).unwrap_or_else(|_| folder.into());
            words.extend([word.into(), folder.into_os_string()]);
        }
    }
    words
}
