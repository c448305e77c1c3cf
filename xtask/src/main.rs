//! Set-up, run, test and bench for Evergrant: `cargo xtask`. Standard library only, so that it is there in seconds.

mod args;
mod bench;
mod build;
mod count;
mod lint;
mod node;
mod packages;
mod platform;
mod process;
mod report;
mod run;
mod simulate;
mod stages;
mod test;
mod tree;
mod types;

use std::process::ExitCode;

use args::Task;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match args::parse(&words) {
        Ok(task) => task,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => {
            print!("{}", args::HELP);
            Ok(true)
        }
        Task::Run => run::run(),
        Task::ListStages => {
            print!("{}", stages::list());
            Ok(true)
        }
        Task::Test(stages) => Ok(test::test(&stages)),
        Task::Simulate(words) => simulate::simulate(&words),
        Task::Types => types::write().map(|()| true),
        Task::Bench { write } => bench::bench(write).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
