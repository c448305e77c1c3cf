use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use evergrant_core::command::{Code, Problem};
use evergrant_engine::places::code_of;

use super::{Folders, Installed, Program, Way, desktop_entry, unit};

/// Has the keeper started with the session from now on. Doing it twice is fine.
pub fn install(way: Way, program: &Program, folders: &Folders) -> Result<Installed, Problem> {
    let file = file(way, folders);
    let replaced = is_ours(way, &file)?;
    match way {
        Way::Desktop => write(&file, &desktop_entry::entry(program))?,
        Way::Systemd => {
            let link = folders.config.join(unit::LINK);
            let has_link = is_our_link(&link, &file)?;
            write(&file, &unit::unit(program))?;
            if !has_link {
                make_folder(&link)?;
                symlink(&file, &link).map_err(|error| failed("made", &link, &error))?;
            }
        }
    }
    Ok(Installed { file, replaced })
}

/// Ends that; gives what was removed, if there was something.
pub fn uninstall(way: Way, folders: &Folders) -> Result<Option<PathBuf>, Problem> {
    let file = file(way, folders);
    let is_there = is_ours(way, &file)?;
    if way == Way::Systemd {
        let link = folders.config.join(unit::LINK);
        // A link of ours to a unit that is gone is left over, too.
        if is_our_link(&link, &file)? {
            remove(&link)?;
        }
    }
    if !is_there {
        return Ok(None);
    }
    remove(&file)?;
    Ok(Some(file))
}

/// The entry or unit of ours, if there is one.
pub fn installed(way: Way, folders: &Folders) -> Result<Option<PathBuf>, Problem> {
    let file = file(way, folders);
    Ok(is_ours(way, &file)?.then_some(file))
}

fn file(way: Way, folders: &Folders) -> PathBuf {
    folders.config.join(match way {
        Way::Desktop => desktop_entry::FILE,
        Way::Systemd => unit::FILE,
    })
}

/// Whether our file stands there. Somebody else's is a problem.
fn is_ours(way: Way, file: &Path) -> Result<bool, Problem> {
    let mark = match way {
        Way::Desktop => desktop_entry::MARK,
        Way::Systemd => unit::MARK,
    };
    match fs::read(file) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            if text.lines().any(|line| line.trim_end() == mark) {
                Ok(true)
            } else {
                Err(not_ours(file))
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("read", file, &error)),
    }
}

/// Whether our link stands there. Anything else under its name is a problem.
fn is_our_link(link: &Path, target: &Path) -> Result<bool, Problem> {
    match fs::read_link(link) {
        Ok(to) if to == target => Ok(true),
        Ok(_) => Err(not_ours(link)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // Not a link at all.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Err(not_ours(link)),
        Err(error) => Err(failed("read", link, &error)),
    }
}

/// Writes a file that is there as a whole or not at all.
fn write(file: &Path, text: &str) -> Result<(), Problem> {
    make_folder(file)?;
    // Its name starts with a dot and ends in no kind that desktop or systemd would read.
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, file));
    written.map_err(|error| {
        // What is left over starts nothing; the problem to tell is the first one.
        let _ = fs::remove_file(&new);
        failed("written", file, &error)
    })
}

fn make_folder(file: &Path) -> Result<(), Problem> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(|error| failed("made", folder, &error))
}

fn remove(file: &Path) -> Result<(), Problem> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removed", file, &error)),
        _ => Ok(()),
    }
}

fn not_ours(file: &Path) -> Problem {
    Problem::new(
        Code::File,
        format!("{} was not written by Evergrant", file.display()),
    )
    .hint("Move it away or remove it, then try again.")
}

fn failed(done: &str, file: &Path, error: &io::Error) -> Problem {
    Problem::new(
        code_of(error),
        format!("{} could not be {done}: {error}", file.display()),
    )
}
