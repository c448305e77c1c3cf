//! Looking into an engine at work, and getting in its way: for tests and simulations.

use evergrant_core::grant::{Event, Grant};
use evergrant_core::ids::PostId;

/// The steps of a delivery between which a process may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// About to write the intent to send.
    BeforeIntent,
    /// The intent is on the disk; nothing is sent.
    AfterIntent,
    /// The answer is here; nothing of it is written.
    AfterResponse,
    /// The answer is on the disk.
    Recorded,
}

/// Somebody who watches an engine from inside, beside its ports. By default it does nothing.
pub trait Probe: Send + Sync {
    /// A delivery of `post` passes this step.
    fn passes(&self, step: Milestone, post: PostId) {
        let _ = (step, post);
    }

    /// True if [`commits`](Self::commits) is to be asked. Fixed when the engine is opened.
    fn watches_commits(&self) -> bool {
        false
    }

    /// A transaction is about to be written to the database: false is a disk without room, and
    /// nothing of it is kept.
    fn commits(&self) -> bool {
        true
    }

    /// An event that is about to happen to a grant, as it will happen. Whoever changes it here makes
    /// a broken engine, which is what a simulation proves itself on.
    fn grant_event(&self, grant: &Grant, event: Event) -> Event {
        let _ = grant;
        event
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {}
