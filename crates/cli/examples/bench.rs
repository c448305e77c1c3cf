//! Measures the release build it belongs to and prints the page `docs/benchmarks.md`.
//!
//! `cargo xtask bench` builds what it needs (the program `evergrant` and the example `nothing`) and
//! runs it. The page goes to standard output, progress to standard error. Nothing here is a test:
//! a missed aim is told on the page and fails nothing.
//!
//! Words name the parts to measure, for whoever works on one: check (and listing, whose home it
//! leaves), keepers, day, posts, queue, story. The keepers take eight minutes.

#![allow(
    clippy::cast_precision_loss,
    reason = "a ratio of times is shown with three digits"
)]

// The modules of an example that is one file are looked for beside it, where each would be an
// example of its own.
#[path = "bench/check.rs"]
mod check;
#[path = "bench/day.rs"]
mod day;
#[path = "bench/home.rs"]
mod home;
#[path = "bench/issuer.rs"]
mod issuer;
#[path = "bench/keeper.rs"]
mod keeper;
#[path = "bench/machine.rs"]
mod machine;
#[path = "bench/page.rs"]
mod page;
#[path = "bench/posts.rs"]
mod posts;
#[path = "bench/process.rs"]
mod process;
#[path = "bench/programs.rs"]
mod programs;
#[path = "bench/queue.rs"]
mod queue;
#[path = "bench/series.rs"]
mod series;

use std::fmt::Display;
use std::process::ExitCode;

use evergrant_keychain::Keychain;
use evergrant_practice::Clock;
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
    let issuer = issuer::Issuer::start(Clock::system())?;
    let folder = tempfile::tempdir().map_err(said)?;
    if wanted("check") {
        runtime
            .block_on(check::measure(&issuer, folder.path()))?
            .tell(&mut page);
        programs.listing(folder.path())?.tell(&mut page);
    }
    if wanted("keepers")
        && let Some(keepers) = keeper::measure(&runtime, &issuer, &programs)?
    {
        keepers.tell(&mut page);
    }
    if wanted("day") {
        day::measure(&runtime, &programs)?.tell(&mut page);
    }
    if wanted("posts") {
        posts::measure(&runtime, &issuer)?.tell(&mut page);
    }
    if wanted("queue") {
        queue::measure(&runtime, &issuer)?.tell(&mut page);
    }
    if wanted("story") {
        programs.story()?.tell(&mut page);
    }
    programs.size()?.tell(&mut page);
    Ok(page)
}

/// Whether this part is to be measured: one of those that were named, or any if none was.
fn wanted(part: &str) -> bool {
    let is_wanted =
        std::env::args().len() == 1 || std::env::args().skip(1).any(|name| name == part);
    if is_wanted {
        progress(part);
    }
    is_wanted
}

fn progress(what: &str) {
    eprintln!("measuring: {what}");
}

/// Secrets that last as long as this program.
fn in_memory() -> Keychain {
    evergrant_keychain::memory().0
}

/// A fault as a sentence.
fn said(fault: impl Display) -> String {
    fault.to_string()
}
