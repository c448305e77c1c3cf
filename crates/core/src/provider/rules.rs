//! What all sections of a file share when they ask and when they read.

use super::error_rule::{Rules, Seen};
use super::refusal::Refusal;
use super::request::Common;

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub common: Common,
    pub rules: Rules,
}

impl Shared {
    /// Errors: the answer is no, by its status or by one of the file's own rules.
    pub fn refuse(&self, seen: &Seen<'_>) -> Result<(), Refusal> {
        if !seen.response.is_success() {
            return Err(self.rules.classify(seen));
        }
        match self.rules.inside_success(seen) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }
}
