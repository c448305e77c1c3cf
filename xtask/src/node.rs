//! The window's pages: their packages and their build.

use std::{fs, path::PathBuf, process::Command, time::SystemTime};

use crate::{platform, process, tree};

/// Oldest Node.js the pages' tools run on.
const OLDEST: (u32, u32) = (20, 19);

/// The folder of the pages.
fn ui() -> PathBuf {
    platform::root().join("ui")
}

/// npm, in the folder of the pages.
pub fn npm() -> Command {
    let mut command = process::command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(ui());
    command
}

/// Checks that Node.js is there and new enough.
///
/// # Errors
/// A sentence that names the fix.
pub fn present() -> Result<(), String> {
    let found = process::output(process::command("node").arg("--version"));
    check_version(found.as_deref())
}

/// Fetches the pages' packages when they are not there or older than the lock file.
///
/// # Errors
/// A sentence that names the fix.
pub fn packages() -> Result<(), String> {
    present()?;
    let fetched = modified(&ui().join("node_modules/.package-lock.json"));
    if fetched.is_some() && fetched >= modified(&ui().join("package-lock.json")) {
        return Ok(());
    }
    println!("Fetching the packages of the window's pages (npm ci)");
    match process::hand_over(npm().arg("ci"))? {
        0 => Ok(()),
        _ => Err("could not fetch the packages of the window's pages: run `npm ci` in the folder ui, mend what it says and start again.".into()),
    }
}

/// Builds the pages when their sources are newer.
///
/// # Errors
/// A sentence that names the fix.
pub fn pages() -> Result<(), String> {
    packages()?;
    if is_built() {
        return Ok(());
    }
    println!("Building the window's pages (vite build)");
    match process::hand_over(npm().args(["run", "--silent", "build"]))? {
        0 => Ok(()),
        _ => Err("could not build the window's pages: see the output of `npm run build` in the folder ui above.".into()),
    }
}

fn is_built() -> bool {
    // Without this folder, index.html is only the note that the build script leaves.
    if !ui().join("dist/assets").is_dir() {
        return false;
    }
    let sources = [
        "src",
        "index.html",
        "vite.config.ts",
        "svelte.config.js",
        "package-lock.json",
    ];
    let newest = sources
        .iter()
        .filter_map(|source| tree::newest(&ui().join(source)))
        .max();
    modified(&ui().join("dist/index.html")) >= newest
}

fn modified(file: &std::path::Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// Checks what `node --version` printed, if it ran at all.
fn check_version(printed: Option<&str>) -> Result<(), String> {
    let (major, minor) = OLDEST;
    let fix =
        format!("install version {major}.{minor} or newer (https://nodejs.org) and start again.");
    let Some(printed) = printed else {
        return Err(format!("Node.js is missing: {fix}"));
    };
    let mut numbers = printed
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(a), Some(b)) if (a, b) >= OLDEST => Ok(()),
        _ => Err(format!("Node.js {} is too old: {fix}", printed.trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_is_compared_by_number() {
        assert_eq!(check_version(Some("v20.19.0\n")), Ok(()));
        assert_eq!(check_version(Some("v100.0.0")), Ok(()));
        assert!(
            check_version(Some("v20.9.0"))
                .unwrap_err()
                .starts_with("Node.js v20.9.0 is too old")
        );
        assert!(
            check_version(None)
                .unwrap_err()
                .starts_with("Node.js is missing")
        );
    }
}
