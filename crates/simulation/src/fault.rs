//! What must never be seen.

use std::fmt;

/// Something that must always hold did not.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The seed of the world.
    pub seed: u64,
    /// What was seen.
    pub what: String,
    /// The last things that happened, oldest first.
    pub trace: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl std::error::Error for Fault {}
