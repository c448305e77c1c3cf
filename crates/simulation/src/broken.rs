//! Engines that are broken on purpose, to show that a simulation notices.

use std::fmt;
use std::str::FromStr;

use evergrant_core::EndReason;
use evergrant_core::grant::{CantTell, Event, Grant, Verdict};

/// A way in which an engine can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It sends before its journal is on the disk: what it wrote of the intent is lost when the
    /// process dies before the answer is written.
    SendsBeforeJournal,
    /// It takes an answer about an older secret for one about the current one.
    IgnoresGeneration,
    /// It takes a service in trouble for one that says the token is dead.
    OutageIsDeath,
}

impl Broken {
    /// Every one.
    pub const ALL: [Self; 3] = [
        Self::SendsBeforeJournal,
        Self::IgnoresGeneration,
        Self::OutageIsDeath,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::SendsBeforeJournal => "sends-before-journal",
            Self::IgnoresGeneration => "ignores-generation",
            Self::OutageIsDeath => "outage-is-death",
        }
    }

    /// The event as the broken engine takes it.
    pub(crate) fn take(self, grant: &Grant, event: Event) -> Event {
        match (self, event) {
            (Self::IgnoresGeneration, Event::CheckAnswered { asked, verdict, .. }) => {
                Event::CheckAnswered {
                    generation: grant.generation,
                    // It never looks when that was, either.
                    asked: grant
                        .active()
                        .map_or(asked, |active| active.checked.asked.max(asked)),
                    verdict,
                }
            }
            (
                Self::OutageIsDeath,
                Event::CheckAnswered {
                    generation,
                    asked,
                    verdict:
                        Verdict::CantTell {
                            why: CantTell::Service { .. },
                            ..
                        },
                },
            ) => Event::CheckAnswered {
                generation,
                asked,
                verdict: Verdict::Dead(EndReason::Revoked),
            },
            (_, event) => event,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Broken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|broken| broken.name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("no engine is broken in the way \"{text}\"; there are {names}")
            })
    }
}
