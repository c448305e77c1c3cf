//! The stages of `cargo xtask test`, in running order.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    lint, node,
    packages::{self, Package},
    process::{self, Beside},
    report::Report,
    simulate,
    test::{KEYRING_SCENARIOS, Shared},
};

/// One part of the tests that can be run by itself.
#[derive(Debug)]
pub struct Stage {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows, for `--list`.
    pub proves: &'static str,
    /// Packages of the operating system it needs.
    pub packages: &'static [&'static [Package]],
    /// Packages of ours it needs built.
    pub builds: &'static [&'static str],
    /// It needs an X display or a session bus.
    pub linux_only: bool,
    /// Runs it.
    pub run: fn(&mut Shared, &mut Report),
}

/// A private GNOME keyring.
const KEYRING: &[Package] = &[
    Package("dbus", "the private session bus of the keyring tests"),
    Package("gnome-keyring", "the keyring that is really asked"),
    Package("libglib2.0-bin", "locks the keyring (gdbus)"),
    Package("python3-gi", "unlocks the keyring"),
];
/// A display of our own.
const SCREEN: &[Package] = &[
    Package("xvfb", "the display of the window tests"),
    Package("xauth", "xvfb-run does not start without it"),
    Package("dbus", "the private session bus of the window tests"),
    Package("openbox", "gives windows a frame and the focus"),
    Package("xdotool", "finds windows and types into dialogs"),
    Package(
        "fonts-dejavu-core",
        "without a font the window shows no text",
    ),
];
/// What drives the window.
const DRIVER: &[Package] = &[
    Package("webkit2gtk-driver", "reads and clicks in the real window"),
    Package("imagemagick", "takes the window's picture"),
];
/// A browser.
const BROWSER: &[Package] = &[
    Package(
        "chromium",
        "signs in at the practice network as a person would",
    ),
    Package(
        "fonts-dejavu-core",
        "without a font the browser shows no text",
    ),
];
/// Public Graph clients.
const CLIENTS: &[Package] = &[
    Package("python3", "runs two public Graph clients"),
    Package(
        "python3-venv",
        "keeps those clients in a folder of their own",
    ),
];

/// Every stage.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "lint",
        proves: "format, clippy, the purity of core, names and paths that do not belong",
        packages: &[packages::COMPILER, packages::WINDOW],
        builds: &[],
        linux_only: false,
        run: lint::lint,
    },
    Stage {
        name: "core",
        proves: "the state machines and provider files, by moving time",
        packages: &[packages::COMPILER],
        builds: &["evergrant-core"],
        linux_only: false,
        run: |shared, report| shared.rust_tests("crates/core", report),
    },
    Stage {
        name: "keychain",
        proves: "one list of tests against memory, vault and a real GNOME keyring",
        packages: &[packages::COMPILER, KEYRING, SCREEN],
        builds: &["evergrant-keychain"],
        linux_only: false,
        run: keychain,
    },
    Stage {
        name: "practice",
        proves: "the practice network and its troubles",
        packages: &[packages::COMPILER],
        builds: &["evergrant-practice"],
        linux_only: false,
        run: |shared, report| shared.rust_tests("crates/practice", report),
    },
    Stage {
        name: "clients",
        proves: "three public Graph clients against the practice network",
        packages: &[packages::COMPILER, CLIENTS],
        builds: &["evergrant-practice"],
        linux_only: true,
        run: clients,
    },
    Stage {
        name: "engine",
        proves: "sign-in, check, keep and post over real sockets",
        packages: &[packages::COMPILER],
        builds: &["evergrant-engine"],
        linux_only: false,
        run: |shared, report| shared.rust_tests("crates/engine", report),
    },
    Stage {
        name: "simulation",
        proves: "a thousand account-years of trouble, and that three broken engines are noticed",
        packages: &[packages::COMPILER],
        builds: &[],
        linux_only: false,
        run: |_, report| simulate::stage(report),
    },
    Stage {
        name: "resident",
        proves: "tray, notifications and starting at login on a private bus",
        packages: &[packages::COMPILER, KEYRING],
        builds: &["evergrant-resident"],
        linux_only: false,
        run: |shared, report| shared.rust_tests("crates/resident", report),
    },
    Stage {
        name: "cli",
        proves: "the command line in a sealed home, kill -9 at each step, and the story",
        packages: &[packages::COMPILER, KEYRING],
        builds: &["evergrant-cli"],
        linux_only: false,
        run: |shared, report| shared.rust_tests("crates/cli", report),
    },
    Stage {
        name: "browser",
        proves: "a sign-in that headless Chromium completes",
        packages: &[packages::COMPILER, KEYRING, BROWSER],
        builds: &["evergrant-cli"],
        linux_only: true,
        run: |shared, report| {
            with_browser(
                shared,
                report,
                "a sign-in in Chromium",
                "tests/browser/run.sh",
            );
        },
    },
    Stage {
        name: "keeper",
        proves: "held post, one notice, its button, a sign-in in Chromium, sent once; and all that without a desktop",
        packages: &[packages::COMPILER, KEYRING, BROWSER],
        builds: &["evergrant-cli"],
        linux_only: true,
        run: |shared, report| {
            with_browser(
                shared,
                report,
                "the keeper on a bus of its own",
                "tests/desktop/keeper.sh",
            );
        },
    },
    Stage {
        name: "ui",
        proves: "the window's pages: types, components, build",
        packages: &[],
        builds: &[],
        linux_only: false,
        run: ui,
    },
    Stage {
        name: "window",
        proves: "the real window on a display of its own, and without any",
        packages: &[
            packages::COMPILER,
            packages::WINDOW,
            KEYRING,
            SCREEN,
            DRIVER,
        ],
        builds: &["evergrant-desktop", "evergrant-cli"],
        linux_only: true,
        run: window,
    },
];

/// What `--list` prints.
pub fn list() -> String {
    let mut text = String::new();
    for stage in STAGES {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{:<10} {}", stage.name, stage.proves);
    }
    text
}

fn keychain(shared: &mut Shared, report: &mut Report) {
    shared.rust_tests("crates/keychain", report);
    if !crate::platform::here().is_linux() {
        return;
    }
    let built = shared.build().ok();
    match built.and_then(|build| build.test(KEYRING_SCENARIOS)) {
        Some(scenarios) => {
            let words = [scenarios];
            script(
                shared,
                report,
                "a real keyring",
                "tests/desktop/keychain.sh",
                &words,
            );
        }
        None => report.fail("a real keyring", "its scenarios did not compile"),
    }
}

fn clients(shared: &mut Shared, report: &mut Report) {
    let what = "public Graph clients";
    if let Err(why) = node::present() {
        return report.fail(what, &why);
    }
    let server = match shared.build() {
        Ok(build) => build
            .program("serve")
            .ok_or("the practice server did not compile".into()),
        Err(why) => Err(why),
    };
    let network = match server.and_then(|server| Beside::start(&mut process::command(server))) {
        Ok(network) => network,
        Err(why) => return report.fail(what, &why),
    };
    // The network that the shared build made: one built by the script would compile its dependencies anew.
    let words = [PathBuf::from(&network.said)];
    script(shared, report, what, "tests/graph_clients/run.sh", &words);
}

/// A script that installs what drives a browser from Node's registry.
fn with_browser(shared: &mut Shared, report: &mut Report, what: &str, path: &str) {
    if let Err(why) = node::packages() {
        return report.fail("node", &why);
    }
    script(shared, report, what, path, &[]);
}

fn ui(_: &mut Shared, report: &mut Report) {
    if let Err(why) = node::packages() {
        return report.fail("node", &why);
    }
    report.command(
        "svelte-check",
        node::npm().args(["run", "--silent", "check"]),
    );
    report.runner(
        "vitest",
        node::npm().args(["run", "--silent", "test"]),
        crate::count::vitest,
    );
    report.command("vite build", node::npm().args(["run", "--silent", "build"]));
}

fn window(shared: &mut Shared, report: &mut Report) {
    if let Err(why) = node::pages() {
        return report.fail("pages", &why);
    }
    shared.rust_tests("", report);
    let process = [PathBuf::from("process.mjs")];
    script(
        shared,
        report,
        "the window's process",
        "tests/ui/run.sh",
        &process,
    );
    script(shared, report, "the real window", "tests/ui/run.sh", &[]);
}

/// A script of ours, told where the programs are.
fn script(shared: &mut Shared, report: &mut Report, what: &str, path: &str, words: &[PathBuf]) {
    // Scripts are executable and name their own shell.
    let mut command: Command = process::command(crate::platform::root().join(path));
    command.args(words);
    match shared.build() {
        Ok(build) => {
            for (name, program) in [
                ("EVERGRANT", "evergrant"),
                ("EVERGRANT_DESKTOP", "evergrant-desktop"),
            ] {
                if let Some(program) = build.program(program) {
                    command.env(name, program);
                }
            }
        }
        Err(why) => return report.fail(what, &why),
    }
    report.script(what, Path::new(path), &mut command);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_stage_and_what_it_proves() {
        let list = list();
        assert_eq!(list.lines().count(), STAGES.len());
        for stage in STAGES {
            assert!(list.contains(&format!("{:<10} {}", stage.name, stage.proves)));
        }
    }

    #[test]
    fn stage_names_are_different_words() {
        for (at, stage) in STAGES.iter().enumerate() {
            assert!(stage.name.chars().all(|c| c.is_ascii_lowercase()));
            assert!(STAGES[..at].iter().all(|other| other.name != stage.name));
        }
    }
}
