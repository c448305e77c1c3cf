//! `cargo xtask run`: from a bare checkout to the open app.

use crate::{build::Build, node, packages, platform, process};

/// The window's exit code when no display answers.
const NO_DISPLAY: i32 = 69;

/// Installs what is missing, builds, opens the app; without a display, tells the story in the terminal.
///
/// # Errors
/// A sentence that names what could not be done and the fix.
pub fn run() -> Result<bool, String> {
    if !platform::has_display() {
        println!(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so the window is not built;"
        );
        println!("instead, the story of one account is told in this terminal.");
        return story();
    }
    step(1, "what the build needs");
    packages::install(&[packages::COMPILER, packages::WINDOW])?;
    if let Some(hint) = packages::windows_hint() {
        println!("{hint}");
    }
    step(2, "the window's pages");
    node::pages()?;
    step(3, "the programs");
    let build = built(&["-p", "evergrant-desktop", "-p", "evergrant-cli", "--bins"])?;
    step(4, "the window");
    let window = build
        .program("evergrant-desktop")
        .ok_or("cargo did not say where it put evergrant-desktop")?;
    println!(
        "Opening {} - close the window to come back.",
        window.display()
    );
    match process::hand_over(&mut process::command(window))? {
        0 => Ok(true),
        NO_DISPLAY => {
            println!(
                "The display does not answer; the story of one account is told in this terminal instead."
            );
            tell(&build)
        }
        code => Err(format!("the window ended with exit code {code}")),
    }
}

fn story() -> Result<bool, String> {
    step(1, "what the build needs");
    packages::install(&[packages::COMPILER])?;
    step(2, "the program");
    let build = built(&["-p", "evergrant-cli", "--bins"])?;
    step(3, "the story");
    tell(&build)
}

fn tell(build: &Build) -> Result<bool, String> {
    let program = build
        .program("evergrant")
        .ok_or("cargo did not say where it put evergrant")?;
    let mut story = process::command(program);
    story.arg("story");
    Ok(process::hand_over(&mut story)? == 0)
}

fn built(words: &[&str]) -> Result<Build, String> {
    let build = Build::new(words)?;
    if build.ok {
        Ok(build)
    } else {
        Err("the build failed: see what cargo says above.".into())
    }
}

fn step(number: usize, what: &str) {
    println!("== {number}. {what}");
}
