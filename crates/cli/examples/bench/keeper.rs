//! What a keeper takes that stays: memory, wake-ups, and what it grows by when all comes at once.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use evergrant_core::Secret;
use evergrant_core::command::{Command, NewPost};
use evergrant_engine::socket::{Client, Person};
use tokio::runtime::Runtime;

use crate::home::Home;
use crate::issuer::Issuer;
use crate::page::{Line, Page, Table};
use crate::process::Resident;
use crate::programs::Programs;
use crate::queue::thousands;
use crate::series::shown;
use crate::{progress, said};

/// How many accounts are looked after.
const SIZES: [usize; 3] = [1, 100, 1_000];
/// A keeper may take less than this, and grow by less, in KiB.
const MEMORY_AIM: u64 = 10 * 1024;
/// After so long nothing is left of what was done: connections are closed, helper threads have ended.
const SETTLED: Duration = Duration::from_secs(32);
/// How long an idle keeper is watched, and what it may use meanwhile.
const WATCHED: Duration = Duration::from_secs(60);
const WAITS_AIM: u64 = 2;
const PROCESSOR_AIM: Duration = Duration::from_millis(2);
/// How often memory is looked at while all comes at once.
const LOOK: Duration = Duration::from_millis(20);

/// One keeper.
struct Idle {
    accounts: usize,
    memory: u64,
    of_files: u64,
    waits: u64,
    processor: Duration,
}

/// Keepers of all sizes.
pub struct Keepers {
    idle: Vec<Idle>,
    /// Its most memory while all its accounts were checked at once, in KiB, and how long that took.
    crowd: (u64, Duration),
}

/// Measures; `None` where the system does not tell what a process takes.
pub fn measure(
    runtime: &Runtime,
    issuer: &Issuer,
    programs: &Programs,
) -> Result<Option<Keepers>, String> {
    if !Path::new("/proc/self/smaps_rollup").exists() {
        return Ok(None);
    }
    let mut keepers = Keepers {
        idle: Vec::new(),
        crowd: (0, Duration::ZERO),
    };
    for accounts in SIZES.into_iter().rev() {
        progress(&format!("  {} of them", thousands(accounts as u64)));
        let home = Home::furnish(runtime, issuer, accounts)?;
        let passphrase = home.passphrase_file();
        let environment = [("EVERGRANT_PASSPHRASE_FILE", passphrase.as_path())];
        let keeper = Resident::start(&programs.evergrant, home.path(), &environment, None)?;
        home.is_quiet(0)?;
        std::thread::sleep(SETTLED);
        let idle = watch(&keeper, accounts)?;
        progress(&format!("    {}", mebibytes(idle.memory)));
        keepers.idle.push(idle);
        if Some(&accounts) == SIZES.last() {
            progress("  all of them at once");
            keepers.crowd = crowd(&keeper, &home, accounts)?;
        }
    }
    keepers.idle.reverse();
    Ok(Some(keepers))
}

fn watch(keeper: &Resident, accounts: usize) -> Result<Idle, String> {
    let untold = || "the system does not tell what the keeper takes".to_owned();
    let before = keeper.used().ok_or_else(untold)?;
    std::thread::sleep(WATCHED);
    let after = keeper.used().ok_or_else(untold)?;
    Ok(Idle {
        accounts,
        memory: keeper.memory().ok_or_else(untold)?,
        of_files: keeper.memory_of_files().ok_or_else(untold)?,
        waits: after.waits - before.waits,
        processor: after.processor.saturating_sub(before.processor),
    })
}

/// All accounts want to be woken now; a post for later makes the keeper look.
fn crowd(keeper: &Resident, home: &Home, accounts: usize) -> Result<(u64, Duration), String> {
    let now = chrono::Utc::now();
    let (lines_before, _) = home.diary()?;
    let database = home.database()?;
    database
        .execute(
            // The time to wake is for finding; the grant itself says when it is to be checked.
            "UPDATE account SET wake_at = ?1, body = json_set(body, '$.state.next_check', ?2)",
            rusqlite::params![now.timestamp_millis(), now.to_rfc3339()],
        )
        .map_err(said)?;
    let account: String = database
        .query_row("SELECT min(id) FROM account", [], |row| row.get(0))
        .map_err(said)?;
    let client = Client::connect(&home.data(), Duration::from_secs(2)).map_err(said)?;
    let mut client = client.ok_or("the keeper does not answer")?;
    let begun = Instant::now();
    let post = Command::Post(NewPost {
        account: account.as_str().into(),
        target: Some("500100".into()),
        text: "For later".into(),
        link: None,
        picture: None,
        due: Some(now + TimeDelta::minutes(5)),
        zone: "UTC".into(),
        late_limit: None,
    });
    client.ask(post, &mut Nobody).map_err(said)?;
    drop(client);
    let (most, took) = std::thread::scope(|scope| {
        let quiet = scope.spawn(|| home.is_quiet(0).map(|()| begun.elapsed()));
        let mut most = 0;
        while !quiet.is_finished() {
            most = most.max(keeper.memory().unwrap_or_default());
            std::thread::sleep(LOOK);
        }
        let took = quiet.join().map_err(|_| "waiting failed".to_owned())??;
        Ok::<_, String>((most, took))
    })?;
    // Every check is a line, and so is the post.
    let lines = home.diary()?.0 - lines_before;
    if (lines as usize) < accounts + 1 {
        return Err(format!(
            "{accounts} accounts were checked with {lines} lines"
        ));
    }
    Ok((most, took))
}

/// The post above needs nobody.
struct Nobody;

impl Person for Nobody {
    fn page(&mut self, _: &str) {}

    fn pasted(&mut self, _: Option<&str>) -> Option<Secret> {
        None
    }
}

impl Keepers {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        for idle in &self.idle {
            page.result(Line {
                what: match idle.accounts {
                    1 => "memory (PSS) of an idle keeper without a desktop, 1 account",
                    100 => "the same with 100 accounts",
                    _ => "the same with 1 000 accounts",
                },
                here: mebibytes(idle.memory),
                beside: format!(
                    "{} of it are the program's own file",
                    mebibytes(idle.of_files)
                ),
                aim: Some(("under 10 MiB", idle.memory < MEMORY_AIM)),
            });
        }
        let Some(most) = self.idle.last() else {
            return;
        };
        page.result(Line {
            what: "the keeper of 1 000 over an idle minute: wake-ups",
            here: most.waits.to_string(),
            beside: "–".into(),
            aim: Some(("at most 2", most.waits <= WAITS_AIM)),
        });
        page.result(Line {
            what: "the same: time of the processor",
            here: shown(most.processor),
            beside: "–".into(),
            aim: Some(("at most 2 ms", most.processor <= PROCESSOR_AIM)),
        });
        let growth = self.crowd.0.saturating_sub(most.memory);
        page.result(Line {
            what: "its growth when all 1 000 accounts are checked at once",
            here: mebibytes(growth),
            beside: format!("done in {}", shown(self.crowd.1)),
            aim: Some(("under 10 MiB", growth < MEMORY_AIM)),
        });
        let rows = self.idle.iter().map(|idle| {
            vec![
                thousands(idle.accounts as u64),
                mebibytes(idle.memory),
                mebibytes(idle.of_files),
                mebibytes(idle.memory.saturating_sub(idle.of_files)),
                idle.waits.to_string(),
                shown(idle.processor),
            ]
        });
        let text = format!(
            "`evergrant keep --headless` with its secrets in the vault, after it has checked every account against the\npractice network and {} s of rest; then {} s are watched. A wake-up is a voluntary context switch of any of\nits threads. What is a file's is read from the disk once more when the memory is needed for something else.\nFor the growth every account is due in the same moment; the most it took then is compared with its rest.",
            SETTLED.as_secs(),
            WATCHED.as_secs()
        );
        let table = Table {
            head: vec![
                "Accounts",
                "Memory (PSS)",
                "of files",
                "its own",
                "Wake-ups",
                "Processor",
            ],
            rows: rows.collect(),
        };
        page.section("A keeper that stays", text, table);
    }
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}
