//! `cargo xtask simulate`: the program of `crates/simulation`, built with optimisation and every check of a debug build.

use crate::{count, packages, process, report::Report};

/// Account-years that every run of the tests plays.
const YEARS: &str = "1000";

/// Years of trouble, as the person asks for them.
///
/// # Errors
/// A sentence that says what could not be done.
pub fn simulate(words: &[String]) -> Result<bool, String> {
    packages::install(&[packages::COMPILER])?;
    let mut play = cargo("run");
    play.arg("--quiet").arg("--").args(words);
    process::hand_over(&mut play).map(|code| code == 0)
}

/// The stage: the simulation's own tests, then years that none of them has played.
pub fn stage(report: &mut Report) {
    report.runner("simulated worlds", &mut cargo("test"), count::rust);
    let mut play = cargo("run");
    play.args(["--", "--years", YEARS]);
    report.command("a thousand account-years", &mut play);
}

fn cargo(what: &str) -> std::process::Command {
    let mut command = process::cargo();
    command.args([what, "--profile", "simulate", "-p", "evergrant-simulation"]);
    command
}
