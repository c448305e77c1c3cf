//! A keeper as a process, and what the system says of it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::programs::sealed;
use crate::said;

/// A keeper at work; ends when dropped.
pub struct Resident(Child);

/// What a process has used since its start.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// How often one of its threads began to wait, which is how often one was woken.
    pub waits: u64,
    /// Time of the processor.
    pub processor: Duration,
}

impl Resident {
    /// Starts one in a sealed home; what it says goes to `log`, if one is wanted.
    pub fn start(
        evergrant: &Path,
        home: &Path,
        environment: &[(&str, &Path)],
        log: Option<&Path>,
    ) -> Result<Self, String> {
        let mut command = sealed(evergrant, home, &["keep", "--headless"]);
        command
            .envs(environment.iter().copied())
            .stdout(Stdio::null());
        if let Some(log) = log {
            let log = File::create(log).map_err(said)?;
            command.stdout(log.try_clone().map_err(said)?).stderr(log);
        }
        let mut keeper = Self(command.spawn().map_err(said)?);
        let socket = home.join("data/keeper.sock");
        for _ in 0..1_000 {
            if socket.exists() {
                return Ok(keeper);
            }
            if let Some(status) = keeper.0.try_wait().map_err(said)? {
                return Err(format!("the keeper ended with {status}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the keeper opened no socket".into())
    }

    /// Its share of memory (PSS) in KiB, where the system tells.
    pub fn memory(&self) -> Option<u64> {
        self.part_of_memory("Pss:")
    }

    /// The part of it that is a file's: the program and the database's index.
    pub fn memory_of_files(&self) -> Option<u64> {
        self.part_of_memory("Pss_File:")
    }

    fn part_of_memory(&self, name: &str) -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// What all its threads have used, where the system tells.
    pub fn used(&self) -> Option<Used> {
        let mut used = Used {
            waits: 0,
            processor: Duration::ZERO,
        };
        for thread in fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()? {
            let thread = thread.ok()?.path();
            let status = fs::read_to_string(thread.join("status")).ok()?;
            let waits = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            used.waits += waits.trim().parse::<u64>().ok()?;
            let times = fs::read_to_string(thread.join("schedstat")).ok()?;
            let nanos = times.split_whitespace().next()?.parse().ok()?;
            used.processor += Duration::from_nanos(nanos);
        }
        Some(used)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
