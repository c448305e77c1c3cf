//! What happened, in order: its end for people, and a digest of the whole for comparing two runs.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::time::Duration;

/// Lines that are kept.
const KEPT: usize = 120;

/// What happened so far.
pub struct Trace {
    lines: VecDeque<String>,
    digest: DefaultHasher,
    prints: bool,
}

impl Trace {
    /// Nothing yet. With `prints`, every line goes to standard error as well.
    pub fn new(prints: bool) -> Self {
        Self {
            lines: VecDeque::with_capacity(KEPT),
            digest: DefaultHasher::new(),
            prints,
        }
    }

    /// Notes what happened when so much time had passed.
    pub fn note(&mut self, passed: Duration, what: &str) {
        let seconds = passed.as_secs();
        let mut line = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            line,
            "day {:>4} {:02}:{:02}:{:02}.{:03}  {what}",
            seconds / 86_400,
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            passed.subsec_millis()
        );
        line.hash(&mut self.digest);
        if self.prints {
            eprintln!("{line}");
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    /// A digest of everything noted so far.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }
}
