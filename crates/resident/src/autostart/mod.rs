//! Starting with the session: an entry of the desktop, or a unit of the person's systemd.
//!
//! What is written here carries a mark, and nothing without it is ever overwritten or removed.

#[cfg(target_os = "linux")]
mod desktop_entry;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod unit;
#[cfg(target_os = "linux")]
pub use linux::{install, installed, uninstall};

#[cfg(all(test, target_os = "linux"))]
mod tests;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{install, installed, uninstall};

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use evergrant_core::command::{Code, Problem};

/// Runs the program that its words name.
const ENV: &str = "/usr/bin/env";

/// Who starts the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The desktop, when the person logs in: with tray and notifications.
    Desktop,
    /// The person's systemd, with or without a desktop.
    Systemd,
}

/// What is started: a program and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    executable: String,
    words: Vec<String>,
}

/// Where entries and units lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The folder of the person's settings (`XDG_CONFIG_HOME`).
    pub config: PathBuf,
}

/// What is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The entry or unit.
    pub file: PathBuf,
    /// True if there was one before.
    pub replaced: bool,
}

impl Program {
    /// The program at this absolute path, with these words. Neither entry nor unit can hold every
    /// name that a file may have.
    pub fn new(
        executable: &Path,
        words: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, Problem> {
        let shown = executable.display();
        if !executable.is_absolute() {
            return Err(unfit(format!(
                "the program is named \"{shown}\", which is no absolute path"
            )));
        }
        let executable = plain(executable.as_os_str().to_owned())?;
        // The Desktop Entry Specification forbids it there, and `env` would take it for a variable.
        if executable.contains('=') {
            return Err(unfit(format!(
                "the path of the program, \"{executable}\", holds an equals sign"
            )));
        }
        let words = words.into_iter().map(plain).collect::<Result<_, _>>()?;
        Ok(Self { executable, words })
    }

    /// The words of the command, in order. A path that desktops or systemd do not take as a program,
    /// however it is quoted, is given to `env` as a word.
    pub fn line(&self) -> impl Iterator<Item = &str> {
        let is_odd = self.executable.contains(['"', '\'', '\\', '%', '$', '`']);
        is_odd
            .then_some(ENV)
            .into_iter()
            .chain(std::iter::once(self.executable.as_str()))
            .chain(self.words.iter().map(String::as_str))
    }
}

impl Folders {
    /// The person's own folder: `XDG_CONFIG_HOME`, or `.config` in the home folder.
    pub fn usual() -> Result<Self, Problem> {
        Self::named_by(|name| std::env::var_os(name))
    }

    fn named_by(environment: impl Fn(&str) -> Option<OsString>) -> Result<Self, Problem> {
        // The XDG Base Directory Specification has relative paths ignored.
        let named = |name| {
            environment(name)
                .map(PathBuf::from)
                .filter(|folder| folder.is_absolute())
        };
        let config = named("XDG_CONFIG_HOME")
            .or_else(|| named("HOME").map(|home| home.join(".config")))
            .ok_or_else(|| {
                Problem::new(Code::File, "this session names no home folder").hint("Set HOME.")
            })?;
        Ok(Self { config })
    }
}

/// Text that both formats can hold.
fn plain(word: OsString) -> Result<String, Problem> {
    let text = word.into_string().map_err(|word| {
        unfit(format!(
            "\"{}\" is not in UTF-8, which a start entry has to be in",
            word.to_string_lossy()
        ))
    })?;
    if text.contains(char::is_control) {
        return Err(unfit(format!(
            "{text:?} holds a line break or another control character"
        )));
    }
    Ok(text)
}

fn unfit(sentence: String) -> Problem {
    Problem::new(Code::File, sentence).hint("Give the file or folder a plainer name.")
}
