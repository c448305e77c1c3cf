//! The words after `cargo xtask`.

use crate::stages::{self, Stage};

/// Printed without arguments and for `help`.
pub const HELP: &str = "\
cargo xtask run              install what is missing, build, and open the app
                             (without a display: the story, in this terminal)
cargo xtask test [STAGE…]    install what the tests need and run all of them, or these stages
cargo xtask test --list      name the stages
cargo xtask bench [--write]  measure a release build; --write puts the result into docs/benchmarks.md
cargo xtask simulate …       play years of trouble in seconds: --years N --seed S, --help says more
cargo xtask types            write the pages' TypeScript types from the Rust ones
cargo xtask help             this text

Exit codes: 0 all went well · 1 something failed · 2 a word was not understood
";

/// What is to be done.
#[derive(Debug)]
pub enum Task {
    /// Print the help.
    Help,
    /// Install, build, open.
    Run,
    /// Name the stages.
    ListStages,
    /// Run these stages, in their own order.
    Test(Vec<&'static Stage>),
    /// Play simulated years; the words are for the program that does.
    Simulate(Vec<String>),
    /// Write the pages' types.
    Types,
    /// Measure.
    Bench {
        /// Also write `docs/benchmarks.md`.
        write: bool,
    },
}

/// Reads the words; the error is one sentence for the person.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => Ok(Task::Help),
        ["run"] => Ok(Task::Run),
        ["test", "--list"] => Ok(Task::ListStages),
        ["test", names @ ..] => Ok(Task::Test(chosen(names)?)),
        ["simulate", words @ ..] => Ok(Task::Simulate(
            words.iter().map(|word| (*word).to_owned()).collect(),
        )),
        ["types"] => Ok(Task::Types),
        ["bench"] => Ok(Task::Bench { write: false }),
        ["bench", "--write"] => Ok(Task::Bench { write: true }),
        ["run" | "bench" | "types" | "help", rest @ ..] => Err(format!(
            "cargo xtask {}: `{}` is not known here; `cargo xtask help` shows what is.",
            words[0], rest[0]
        )),
        [first, ..] => Err(format!(
            "cargo xtask: `{first}` is not known; use run, test, simulate, bench, types or help."
        )),
    }
}

/// The named stages in running order, each once; all of them when none is named.
fn chosen(names: &[&str]) -> Result<Vec<&'static Stage>, String> {
    for name in names {
        if !stages::STAGES.iter().any(|stage| stage.name == *name) {
            let known: Vec<&str> = stages::STAGES.iter().map(|stage| stage.name).collect();
            return Err(format!(
                "cargo xtask test: there is no stage `{name}`; the stages are {}.",
                known.join(", ")
            ));
        }
    }
    Ok(stages::STAGES
        .iter()
        .filter(|stage| names.is_empty() || names.contains(&stage.name))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Task, String> {
        parse(
            &line
                .split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>(),
        )
    }

    fn stage_names(line: &str) -> Vec<&'static str> {
        match words(line) {
            Ok(Task::Test(stages)) => stages.iter().map(|stage| stage.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_words_ask_for_help() {
        assert!(matches!(words(""), Ok(Task::Help)));
        assert!(matches!(words("--help"), Ok(Task::Help)));
    }

    #[test]
    fn test_without_names_means_every_stage() {
        assert_eq!(stage_names("test").len(), stages::STAGES.len());
    }

    #[test]
    fn stages_keep_their_own_order_and_run_once() {
        assert_eq!(stage_names("test ui lint ui"), ["lint", "ui"]);
    }

    #[test]
    fn an_unknown_stage_is_answered_with_the_known_ones() {
        let problem = words("test lint windows").unwrap_err();
        assert!(
            problem.contains("`windows`") && problem.contains("lint, core"),
            "{problem}"
        );
    }

    #[test]
    fn unknown_words_are_named() {
        assert!(words("frobnicate").unwrap_err().contains("`frobnicate`"));
        assert!(words("run --fast").unwrap_err().contains("`--fast`"));
        assert!(
            words("bench --write now")
                .unwrap_err()
                .contains("`--write`")
        );
    }
}
