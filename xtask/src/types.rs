//! `cargo xtask types`: the TypeScript types of the window's pages, made from the Rust types of commands and replies.

use std::{fs, path::PathBuf};

use crate::{platform, process};

/// The file that is written.
const FILE: &str = "ui/src/lib/generated.ts";

/// Writes the file.
///
/// # Errors
/// A sentence, when the types do not compile or the file can't be written.
pub fn write() -> Result<(), String> {
    let text = made()?;
    fs::write(file(), text).map_err(|error| format!("{FILE} could not be written: {error}"))?;
    println!("{FILE} is written.");
    Ok(())
}

/// Compares the file with what would be written.
///
/// # Errors
/// A sentence with the first line that differs, and how to mend it.
pub fn check() -> Result<(), String> {
    let stored = fs::read_to_string(file()).unwrap_or_default();
    compare(&stored, &made()?)
}

fn file() -> PathBuf {
    platform::root().join(FILE)
}

fn made() -> Result<String, String> {
    let mut example = process::cargo();
    example.args([
        "run",
        "--quiet",
        "-p",
        "evergrant-core",
        "--features",
        "types",
        "--example",
        "types",
    ]);
    process::output(&mut example)
        .ok_or_else(|| format!("`{}` failed; run it to see why", process::shown(&example)))
}

fn compare(stored: &str, made: &str) -> Result<(), String> {
    if stored.lines().eq(made.lines()) {
        return Ok(());
    }
    let differs = made
        .lines()
        .zip(stored.lines().chain(std::iter::repeat("")))
        .position(|(made, stored)| made != stored)
        .unwrap_or_else(|| made.lines().count());
    Err(format!(
        "{FILE} is older than the Rust types, first in line {}; `cargo xtask types` writes it anew",
        differs + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_older_is_told_with_its_line_and_the_cure() {
        assert_eq!(compare("a\nb\n", "a\r\nb\r\n"), Ok(()));
        for (stored, line) in [("a\nx\n", 2), ("a\n", 2), ("a\nb\nc\n", 3), ("", 1)] {
            let problem = compare(stored, "a\nb\n").unwrap_err();
            assert!(problem.contains(&format!("line {line};")), "{problem}");
            assert!(problem.contains("`cargo xtask types`"), "{problem}");
        }
    }
}
