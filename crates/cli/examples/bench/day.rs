//! What an idle keeper says and writes in a day.

use std::path::Path;
use std::time::Duration;

use evergrant_engine::ports::{Clock as _, FileClock};
use evergrant_practice::Clock;
use tokio::runtime::Runtime;

use crate::home::Home;
use crate::issuer::Issuer;
use crate::page::{Line, Page};
use crate::process::Resident;
use crate::programs::Programs;
use crate::said;

/// How many accounts it looks after.
const ACCOUNTS: usize = 10;
/// How many hours pass.
const HOURS: u32 = 24;
/// A clock that is moved is seen within less than this.
const SEEN: Duration = Duration::from_millis(500);
/// The log may have so many bytes.
const AIM: u64 = 10_000;

/// A day.
pub struct Day {
    log: u64,
    diary: u32,
    lines: u32,
}

/// Lets a day pass, hour by hour, on the clock of a keeper and of its issuer.
pub fn measure(runtime: &Runtime, programs: &Programs) -> Result<Day, String> {
    let folder = tempfile::tempdir().map_err(said)?;
    let moved = folder.path().join("clock");
    let theirs = FileClock::open(&moved).map_err(said)?;
    let clock = std::sync::Arc::new(move || theirs.now().timestamp());
    let issuer = Issuer::start(Clock::given(clock))?;
    let home = Home::furnish(runtime, &issuer, ACCOUNTS)?;
    let log = folder.path().join("log");
    let passphrase = home.passphrase_file();
    let environment: [(&str, &Path); 2] = [
        ("EVERGRANT_PASSPHRASE_FILE", &passphrase),
        ("EVERGRANT_CLOCK", &moved),
    ];
    let keeper = Resident::start(&programs.evergrant, home.path(), &environment, Some(&log))?;
    home.is_quiet(0)?;
    let said_before = size(&log)?;
    let (lines_before, bytes_before) = home.diary()?;
    for hour in 1..=HOURS {
        std::fs::write(&moved, format!("+{hour}h")).map_err(said)?;
        std::thread::sleep(SEEN);
        home.is_quiet(hour)?;
    }
    let (lines, bytes) = home.diary()?;
    drop(keeper);
    Ok(Day {
        log: size(&log)? - said_before,
        diary: bytes - bytes_before,
        lines: lines - lines_before,
    })
}

fn size(file: &Path) -> Result<u64, String> {
    std::fs::metadata(file)
        .map(|facts| facts.len())
        .map_err(said)
}

impl Day {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        page.result(Line {
            what: "what an idle keeper of 10 accounts says in a day (its log)",
            here: format!("{} bytes", self.log),
            beside: format!(
                "{} lines in the diary, {:.1} kB",
                self.lines,
                f64::from(self.diary) / 1e3
            ),
            aim: Some(("under 10 kB", self.log < AIM)),
        });
    }
}
