//! `cargo xtask bench`: a release build, measured by the program in `crates/cli/examples/bench.rs`, which compares the
//! program `evergrant` with the one in `crates/cli/examples/nothing.rs` among others.

use std::fs;

use crate::{packages, platform, process};

/// The measuring program and the one it measures against.
const EXAMPLES: [&str; 2] = ["bench", "nothing"];
/// Where `--write` puts what it prints.
const PAGE: &str = "docs/benchmarks.md";

/// Builds for release, measures, prints, and writes the page when asked to.
///
/// # Errors
/// A sentence that says what could not be done.
pub fn bench(write: bool) -> Result<(), String> {
    packages::install(&[packages::COMPILER])?;
    let mut build = process::cargo();
    build.args(["build", "--release", "-p", "evergrant-cli", "--bins"]);
    for example in EXAMPLES {
        build.args(["--example", example]);
    }
    println!("$ {}", process::shown(&build));
    if process::hand_over(&mut build)? != 0 {
        return Err("the release build failed: see what cargo says above.".into());
    }
    let mut page = String::new();
    let mut measure = process::cargo();
    measure.args([
        "run",
        "--quiet",
        "--release",
        "-p",
        "evergrant-cli",
        "--example",
        EXAMPLES[0],
    ]);
    // The page comes when all is measured; until then the program says on standard error what it does.
    let ok = process::watch(&mut measure, process::LIMIT, |line| {
        println!("{line}");
        page.push_str(line);
        page.push('\n');
    })?;
    if !ok {
        return Err("the measuring program ended with an error, so nothing was written.".into());
    }
    if write {
        let file = platform::root().join(PAGE);
        fs::create_dir_all(platform::root().join("docs"))
            .and_then(|()| fs::write(&file, page))
            .map_err(|error| format!("could not write {PAGE}: {error}"))?;
        println!("written: {PAGE}");
    }
    Ok(())
}
