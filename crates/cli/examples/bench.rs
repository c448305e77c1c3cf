//! Measures the release build it belongs to and prints the page `docs/benchmarks.md`.
//!
//! `cargo xtask bench` builds what it needs (the program `evergrant` and the example `nothing`) and
//! runs it. The page goes to standard output, progress to standard error. Nothing here is a test:
//! a missed aim is told on the page and fails nothing.

#![allow(
    clippy::cast_precision_loss,
    reason = "a ratio of times is shown with three digits"
)]

// The modules of an example that is one file are looked for beside it, where each would be an
// example of its own.
#[path = "bench/check.rs"]
mod check;
#[path = "bench/issuer.rs"]
mod issuer;
#[path = "bench/machine.rs"]
mod machine;
#[path = "bench/page.rs"]
mod page;
#[path = "bench/programs.rs"]
mod programs;
#[path = "bench/queue.rs"]
mod queue;
#[path = "bench/series.rs"]
mod series;

use std::fmt::Display;
use std::process::ExitCode;

use page::Page;
use programs::Programs;

fn main() -> ExitCode {
    match measure() {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Page, String> {
    let programs = Programs::beside_this()?;
    let mut page = Page::new(machine::facts());
    // One runtime for all that is done in this process, with one thread as the program has.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(said)?;
    let issuer = issuer::Issuer::start()?;
    progress("check before use");
    let folder = tempfile::tempdir().map_err(said)?;
    runtime
        .block_on(check::measure(&issuer, folder.path()))?
        .tell(&mut page);
    progress("evergrant accounts --json");
    programs.listing(folder.path())?.tell(&mut page);
    progress("the next due post, among 10^3, 10^5 and 10^6");
    queue::measure(&runtime, &issuer)?.tell(&mut page);
    progress("the story");
    programs.story()?.tell(&mut page);
    programs.size()?.tell(&mut page);
    Ok(page)
}

fn progress(what: &str) {
    eprintln!("measuring: {what}");
}

/// A fault as a sentence.
fn said(fault: impl Display) -> String {
    fault.to_string()
}
