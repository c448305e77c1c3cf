//! `completions` and `man`: made from the words themselves, so they are never behind.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use evergrant_core::command::{Code, Problem};

use crate::args::Words;
use crate::session::Answer;

/// Words of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Words of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write into
    pub dir: PathBuf,
}

/// Prints the script.
pub fn completions(args: &CompletionsArgs) -> Result<Answer, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Words::command(), "evergrant", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let json =
        serde_json::json!({ "completions": { "shell": args.shell.to_string(), "script": script } });
    Answer::new(&json, script)
}

/// Writes one page for each command.
pub fn man(args: &ManArgs) -> Result<Answer, Problem> {
    let unwritten = |path: &Path, error: &std::io::Error| {
        Problem::new(
            Code::File,
            format!("{} cannot be written: {error}", path.display()),
        )
    };
    std::fs::create_dir_all(&args.dir).map_err(|error| unwritten(&args.dir, &error))?;
    let mut command = Words::command();
    command.build();
    clap_mangen::generate_to(command, &args.dir).map_err(|error| unwritten(&args.dir, &error))?;
    let mut pages: Vec<_> = std::fs::read_dir(&args.dir)
        .map_err(|error| unwritten(&args.dir, &error))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("evergrant") && name.ends_with(".1"))
        .collect();
    pages.sort();
    let text = pages.join("\n");
    Answer::new(&serde_json::json!({ "pages": pages }), text)
}
