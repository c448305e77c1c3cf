//! `cargo xtask simulate`: plays worlds, one after the other on every core, until so many account-years
//! have passed; ends with 1 at the first fault, having said how to see it again.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use evergrant_simulation::{Broken, Plan, World, folder, play};

const HELP: &str = "\
Usage: cargo xtask simulate [--years N] [--seed S] [--only] [--broken WAY] [--trace]
  --years N     account-years to play (1000)
  --seed S      the first seed (1); each world takes the next one
  --only        play the world of that seed alone
  --broken WAY  with an engine that is broken on purpose:
                sends-before-journal, ignores-generation, outage-is-death
  --trace       say everything that happens";

/// Days of one world.
const DAYS: u64 = 365;

struct Wanted {
    years: u64,
    seed: u64,
    only: bool,
    broken: Option<Broken>,
    prints: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match read(&words) {
        Ok(Some(wanted)) => simulate(&wanted),
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn read(words: &[String]) -> Result<Option<Wanted>, String> {
    let mut wanted = Wanted {
        years: 1_000,
        seed: 1,
        only: false,
        broken: None,
        prints: false,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or(format!("{word} wants a number"))?;
            text.parse()
                .map_err(|_| format!("{word} wants a whole number, not \"{text}\""))
        };
        match word.as_str() {
            "--years" => wanted.years = number()?,
            "--seed" => wanted.seed = number()?,
            "--only" => wanted.only = true,
            "--trace" => wanted.prints = true,
            "--broken" => {
                let way = words.next().ok_or("--broken wants a way")?;
                wanted.broken = Some(way.parse()?);
            }
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("\"{other}\" is not known here")),
        }
    }
    Ok(Some(wanted))
}

fn simulate(wanted: &Wanted) -> ExitCode {
    let begun = Instant::now();
    let next = AtomicU64::new(wanted.seed);
    let sum = Mutex::new(Sum::default());
    let cores = if wanted.only || wanted.prints {
        1
    } else {
        std::thread::available_parallelism().map_or(1, usize::from)
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| work(wanted, &next, &sum));
        }
    });
    let sum = sum
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    println!(
        "{} worlds, {} account-years, {} posts, {} deaths of the process, {} steps compared, in {:.1} s",
        sum.worlds,
        sum.account_days / 365,
        sum.posts,
        sum.deaths,
        sum.steps,
        begun.elapsed().as_secs_f64()
    );
    match sum.fault {
        None => ExitCode::SUCCESS,
        Some(fault) => {
            println!("{fault}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Sum {
    worlds: u64,
    account_days: u64,
    posts: usize,
    deaths: u64,
    steps: u64,
    fault: Option<String>,
}

fn work(wanted: &Wanted, next: &AtomicU64, sum: &Mutex<Sum>) {
    let lock = || {
        sum.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    };
    loop {
        {
            let sum = lock();
            let is_enough =
                sum.account_days >= wanted.years * 365 || (wanted.only && sum.worlds > 0);
            if is_enough || sum.fault.is_some() {
                return;
            }
        }
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let plan = Plan {
            seed,
            days: DAYS,
            broken: wanted.broken,
            prints: wanted.prints,
        };
        let played = folder()
            .map_err(|error| format!("no folder for a world: {error}"))
            .and_then(|folder| play(plan, folder.path()).map_err(|fault| fault.to_string()));
        let mut sum = lock();
        match played {
            Ok(World {
                accounts,
                days,
                steps,
                posts,
                deaths,
                ..
            }) => {
                sum.worlds += 1;
                sum.account_days += days * u64::try_from(accounts).unwrap_or_default();
                sum.posts += posts;
                sum.deaths += deaths;
                sum.steps += steps;
            }
            Err(fault) if sum.fault.is_none() => {
                let broken = wanted
                    .broken
                    .map(|way| format!(" --broken {way}"))
                    .unwrap_or_default();
                sum.fault = Some(format!(
                    "{fault}\nSee it again: cargo xtask simulate --seed {seed} --only --trace{broken}"
                ));
            }
            Err(_) => {}
        }
    }
}
