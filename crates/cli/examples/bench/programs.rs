//! Whole processes, from their start to their end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::page::{Line, Page, Table};
use crate::process::Resident;
use crate::said;
use crate::series::{Series, ratio, shown, times};

/// How often a short program is run.
const ROUNDS: usize = 100;
/// Asking a keeper may take less than so many times as long as nothing.
const ASKING_AIM: f64 = 2.0;
/// How often the story is played.
const STORIES: usize = 5;
/// The story may take less than this.
const STORY_AIM: u64 = 10;
/// The system's own program that does nothing, where there is one.
const TRUE: [&str; 2] = ["/bin/true", "/usr/bin/true"];

/// The programs, built beside this one.
pub struct Programs {
    /// The command line.
    pub evergrant: PathBuf,
    nothing: PathBuf,
}

/// `evergrant accounts --json` and programs that do nothing.
pub struct Listing {
    accounts: Series,
    asking: Series,
    version: Series,
    nothing: Series,
    system: Option<(&'static str, Series)>,
}

/// `evergrant story`.
pub struct Story {
    played: Series,
    keychain: String,
    days: f64,
}

/// How large the program is.
pub struct Size(u64);

impl Programs {
    /// Finds them in the folder this program was built into.
    pub fn beside_this() -> Result<Self, String> {
        let here = std::env::current_exe().map_err(said)?;
        let examples = here.parent().ok_or("this program is in no folder")?;
        let release = examples.parent().ok_or("this program is in no folder")?;
        let suffix = std::env::consts::EXE_SUFFIX;
        let programs = Self {
            evergrant: release.join(format!("evergrant{suffix}")),
            nothing: examples.join(format!("nothing{suffix}")),
        };
        for program in [&programs.evergrant, &programs.nothing] {
            if !program.is_file() {
                return Err(format!(
                    "{} is missing: `cargo xtask bench` builds it",
                    program.display()
                ));
            }
        }
        Ok(programs)
    }

    /// Measures listing the account of the data folder in `folder`, by turns with nothing.
    pub fn listing(&self, folder: &Path) -> Result<Listing, String> {
        let list = || sealed(&self.evergrant, folder, &["accounts", "--json"]);
        let answer = json(list())?;
        let state = answer.pointer("/accounts/0/state");
        if state.and_then(serde_json::Value::as_str) != Some("active") {
            return Err(format!("`evergrant accounts --json` says {answer}"));
        }
        let mut listing = Listing {
            accounts: Series::default(),
            asking: Series::default(),
            version: Series::default(),
            nothing: Series::default(),
            system: TRUE
                .into_iter()
                .find(|path| Path::new(path).is_file())
                .map(|path| (path, Series::default())),
        };
        for _ in 0..ROUNDS {
            run(&mut listing.nothing, sealed(&self.nothing, folder, &[]))?;
            if let Some((path, series)) = &mut listing.system {
                run(series, sealed(Path::new(path), folder, &[]))?;
            }
            run(
                &mut listing.version,
                sealed(&self.evergrant, folder, &["--version"]),
            )?;
            run(&mut listing.accounts, list())?;
        }
        let _keeper = Resident::start(&self.evergrant, folder, &[], None)?;
        for _ in 0..ROUNDS {
            run(&mut listing.nothing, sealed(&self.nothing, folder, &[]))?;
            run(&mut listing.asking, list())?;
        }
        Ok(listing)
    }

    /// Plays the story some times.
    pub fn story(&self) -> Result<Story, String> {
        let folder = tempfile::tempdir().map_err(said)?;
        let answer = json(sealed(&self.evergrant, folder.path(), &["story", "--json"]))?;
        let told = |what: &str| {
            answer
                .pointer(what)
                .ok_or_else(|| format!("`evergrant story --json` says no {what}"))
        };
        let last = told("/story/scenes")?.as_array().and_then(|all| all.last());
        let mut story = Story {
            played: Series::default(),
            keychain: told("/story/keychain")?
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            days: last.and_then(|scene| scene["day"].as_f64()).unwrap_or(0.0),
        };
        for _ in 0..STORIES {
            run(
                &mut story.played,
                sealed(&self.evergrant, folder.path(), &["story"]),
            )?;
        }
        Ok(story)
    }

    /// Looks how large the program is.
    pub fn size(&self) -> Result<Size, String> {
        let facts = std::fs::metadata(&self.evergrant).map_err(said)?;
        Ok(Size(facts.len()))
    }
}

/// A program with an environment that says nothing but where its folders are.
pub fn sealed(program: &Path, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", folder)
        .env("EVERGRANT_DATA", folder.join("data"))
        .env("EVERGRANT_CONFIG", folder.join("config"))
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    // Where temporary files go, and without which nothing starts on Windows.
    for name in ["TMPDIR", "TEMP", "TMP", "SystemRoot"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

fn run(series: &mut Series, mut command: Command) -> Result<(), String> {
    command.stdout(Stdio::null());
    let status = series.time(|| command.status()).map_err(said)?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} ended with {status}"))
    }
}

fn json(mut command: Command) -> Result<serde_json::Value, String> {
    let output = command.output().map_err(said)?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{command:?} printed no JSON ({error})"))
}

impl Listing {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        let (accounts, nothing) = (self.accounts.median(), self.nothing.median());
        page.result(Line {
            what: "`evergrant accounts --json`, whole process",
            here: shown(accounts),
            beside: format!(
                "a program that does nothing: {}; {} times as long",
                shown(nothing),
                times(ratio(accounts, nothing))
            ),
            aim: None,
        });
        let asking = self.asking.median();
        page.result(Line {
            what: "the same with a keeper",
            here: shown(asking),
            beside: format!(
                "a program that does nothing: {}; {} times as long",
                shown(nothing),
                times(ratio(asking, nothing))
            ),
            aim: Some(("under 2 times", ratio(asking, nothing) < ASKING_AIM)),
        });
        let row = |what: String, series: &Series| {
            vec![
                what,
                shown(series.median()),
                shown(series.ninth_decile()),
                times(ratio(series.median(), nothing)),
            ]
        };
        let mut rows = vec![row(
            "a Rust program that does nothing".into(),
            &self.nothing,
        )];
        if let Some((path, series)) = &self.system {
            rows.push(row(format!("`{path}`"), series));
        }
        rows.push(row("`evergrant --version`".into(), &self.version));
        rows.push(row("`evergrant accounts --json`".into(), &self.accounts));
        rows.push(row("the same with a keeper".into(), &self.asking));
        let text = format!(
            "{} runs of each by turns, from start to exit, in a sealed home with one connected account.",
            self.accounts.len()
        );
        let table = Table {
            head: vec!["", "Median", "90 % under", "Nothing = 1"],
            rows,
        };
        page.section("Listing the accounts", text, table);
    }
}

impl Story {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        let played = self.played.median();
        page.result(Line {
            what: "`evergrant story`, whole process",
            here: shown(played),
            beside: format!("the {:.0} days it tells of", self.days),
            aim: Some(("under 10 s", played.as_secs() < STORY_AIM)),
        });
        let text = format!(
            "The whole main job against the practice network in one process, {} times, with its secrets in:\n{}.",
            self.played.len(),
            self.keychain
        );
        let table = Table {
            head: vec!["", "Median", "90 % under"],
            rows: vec![vec![
                "`evergrant story`".into(),
                shown(played),
                shown(self.played.ninth_decile()),
            ]],
        };
        page.section("The story", text, table);
    }
}

impl Size {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        page.result(Line {
            what: "size of the program `evergrant`",
            here: format!("{:.1} MB", self.0 as f64 / 1e6),
            beside: "–".into(),
            aim: None,
        });
    }
}
