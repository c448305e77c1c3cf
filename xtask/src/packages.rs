//! Packages of the operating system: what is missing is named with its reason, then installed.

use std::{
    fs,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::{
    platform::{self, Platform},
    process,
};

/// A Debian package and why it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package(pub &'static str, pub &'static str);

/// What compiling any of the crates needs.
pub const COMPILER: &[Package] = &[Package(
    "build-essential",
    "compiles SQLite and the cryptography",
)];
/// What compiling the window needs besides.
pub const WINDOW: &[Package] = &[
    Package("pkg-config", "finds the web view's library"),
    Package("libwebkit2gtk-4.1-dev", "the web view of the window"),
];

/// After this, what apt knows may name versions that are gone.
const LISTS_GO_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Installs what is missing of these.
///
/// # Errors
/// A sentence that names the packages and the command to type.
pub fn install(groups: &[&[Package]]) -> Result<(), String> {
    match platform::here() {
        Platform::Debian => install_debian(&missing(groups)),
        Platform::OtherLinux => {
            if process::output(process::command("cc").arg("--version")).is_none() {
                return Err("there is no C compiler: install your distribution's, and what it calls these Debian packages: ".to_owned()
                    + &names(&all(groups)) + ".");
            }
            println!(
                "This is neither Debian nor Ubuntu, so nothing is installed; needed are the packages there called {}.",
                names(&all(groups))
            );
            Ok(())
        }
        Platform::MacOs => {
            if process::output(process::command("xcode-select").arg("-p")).is_some() {
                return Ok(());
            }
            Err("Apple's command line tools are missing: run `xcode-select --install` and start again.".into())
        }
        // cargo names a missing linker itself; the web view is part of Windows 11.
        Platform::Windows => Ok(()),
    }
}

/// What a person on Windows should know before the window opens.
pub fn windows_hint() -> Option<&'static str> {
    (platform::here() == Platform::Windows).then_some(
        "The window uses Microsoft Edge WebView2, which Windows 11 has; on Windows 10, if no window appears, install its \
         \"Evergreen\" runtime from Microsoft. Compiling needs the Visual Studio Build Tools with the C++ workload.",
    )
}

fn install_debian(missing: &[Package]) -> Result<(), String> {
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing packages, to be installed with apt-get:");
    for Package(name, why) in missing {
        println!("  {name} - {why}");
    }
    let mut updated = false;
    if lists_are_stale() {
        updated = true;
        apt(&["update"])?;
    }
    if install_now(missing)? {
        return Ok(());
    }
    // Lists that look fresh may still be behind the archive.
    if !updated && apt(&["update"])? && install_now(missing)? {
        return Ok(());
    }
    Err(could_not(missing))
}

fn install_now(missing: &[Package]) -> Result<bool, String> {
    let mut words = vec!["install", "-y", "--no-install-recommends"];
    words.extend(missing.iter().map(|package| package.0));
    apt(&words)
}

/// Runs apt-get, as root or through sudo.
fn apt(words: &[&str]) -> Result<bool, String> {
    let root = process::output(process::command("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let mut command: Command = if root {
        process::command("apt-get")
    } else if platform::find("sudo").is_some() {
        let mut sudo = process::command("sudo");
        // sudo drops our environment, so this goes through it.
        sudo.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    } else {
        return Err(format!(
            "installing needs root, and there is no sudo: run `apt-get {}` as root and start again.",
            words.join(" ")
        ));
    };
    // Another apt may be at work; wait for it rather than fail.
    command
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(words);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    println!("$ {}", process::shown(&command));
    Ok(process::hand_over(&mut command)? == 0)
}

fn missing(groups: &[&[Package]]) -> Vec<Package> {
    let all = all(groups);
    let mut ask = process::command("dpkg-query");
    ask.args(["-W", "-f=${Package} ${db:Status-Status}\n"]);
    ask.args(all.iter().map(|package| package.0));
    // It fails as soon as one is unknown, but still prints the others.
    let known = ask
        .output()
        .map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
        .unwrap_or_default();
    not_installed(&all, &known)
}

/// Those that `dpkg-query` does not report as installed.
fn not_installed(all: &[Package], known: &str) -> Vec<Package> {
    all.iter()
        .filter(|package| {
            !known
                .lines()
                .any(|line| line == format!("{} installed", package.0))
        })
        .copied()
        .collect()
}

/// Every package once.
fn all(groups: &[&[Package]]) -> Vec<Package> {
    let mut all: Vec<Package> = Vec::new();
    for package in groups.iter().copied().flatten() {
        if !all.iter().any(|known| known.0 == package.0) {
            all.push(*package);
        }
    }
    all
}

fn names(packages: &[Package]) -> String {
    packages
        .iter()
        .map(|package| package.0)
        .collect::<Vec<_>>()
        .join(" ")
}

fn could_not(missing: &[Package]) -> String {
    let names = names(missing);
    format!("could not install {names}: run `sudo apt-get install {names}` and start again.")
}

/// Whether apt has no lists, or old ones.
fn lists_are_stale() -> bool {
    let newest = fs::read_dir("/var/lib/apt/lists")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
        .filter_map(|entry| entry.metadata().ok()?.modified().ok())
        .max();
    newest.is_none_or(|at| {
        SystemTime::now()
            .duration_since(at)
            .is_ok_and(|age| age > LISTS_GO_STALE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Package = Package("xvfb", "a display");
    const B: Package = Package("dbus", "a bus");

    #[test]
    fn only_what_is_fully_installed_counts() {
        assert_eq!(
            not_installed(&[A, B], "xvfb installed\ndbus config-files\n"),
            [B]
        );
        assert_eq!(not_installed(&[A, B], ""), [A, B]);
        assert_eq!(
            not_installed(&[A], "xvfb-extra installed\nxvfb installed\n"),
            []
        );
    }

    #[test]
    fn a_package_named_twice_is_installed_once() {
        assert_eq!(all(&[&[A, B], &[A]]), [A, B]);
    }

    #[test]
    fn the_fix_is_named() {
        assert_eq!(
            could_not(&[A, B]),
            "could not install xvfb dbus: run `sudo apt-get install xvfb dbus` and start again."
        );
    }
}
