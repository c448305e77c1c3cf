//! The stage `lint`: what tools can hold, so that people need not.

mod purity;
mod traces;

use crate::{platform, process, report::Report, test::Shared, types};

/// Runs every check.
pub fn lint(_: &mut Shared, report: &mut Report) {
    report.command(
        "rustfmt (`cargo fmt --all` mends it)",
        process::cargo().args(["fmt", "--all", "--check", "--", "-l"]),
    );
    // The build script of the window needs its pages to be there, not to be current.
    report.command(
        "clippy",
        process::cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    );
    report.check("core depends on nothing that can do IO", purity::check());
    match purity::wasm() {
        Some(mut check) => report.command("core compiles for wasm32-unknown-unknown", &mut check),
        None => println!(
            "        wasm32-unknown-unknown is not installed here, so core is not compiled for it (`rustup target add wasm32-unknown-unknown`)"
        ),
    }
    let root = platform::root();
    report.check("no provider is named in the code", traces::providers(&root));
    report.check(
        "nothing unfinished and no path of one machine",
        traces::leftovers(&root),
    );
    report.check(
        "only ui/src/lib/backend.ts speaks to the desktop API",
        traces::desktop_api(&root),
    );
    report.check(
        "the pages' types are those of the Rust code",
        types::check(),
    );
    report.check(
        "lock files hold no download addresses of packages",
        traces::lock_file(&root),
    );
    report.check(
        "the window's content security policy is strict",
        traces::policy(&root),
    );
    report.runner(
        "xtask's own tests",
        process::cargo().args(["test", "--quiet", "-p", "xtask"]),
        crate::count::rust,
    );
}
