//! The life of a post: from the queue to a place where the person can see it.
//!
//! The journal ([`Journal`]) is part of the state, and the state is stored before its effects are
//! carried out. So the one request that cannot be taken back is never sent before the intent to
//! send it is durable, and what a crash leaves behind is settled by asking, never by guessing.

mod step;
#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::EndReason;
use crate::grant::CantTell;
use crate::happening::Happening;
use crate::ids::{AccountId, Attempt, ChildId, PostId};
use crate::time::Instant;

/// One piece of content for one target at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Its number here.
    pub id: PostId,
    /// The account it goes out with.
    pub account: AccountId,
    /// The Page (or other child) it goes to.
    pub target: ChildId,
    /// What it says.
    pub content: Content,
    /// When it is to go out.
    pub due: Instant,
    /// The IANA zone in which the person chose that time, such as `Europe/Berlin`.
    pub zone: String,
    /// How late it may still go out by itself, in seconds.
    pub late_limit: i64,
    /// How many attempts were begun.
    pub attempts: u64,
    /// Where it stands.
    pub state: PostState,
}

/// What a post says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The text; may be empty beside a link or a picture.
    pub text: String,
    /// A link shown with it.
    pub link: Option<String>,
    /// A picture.
    pub picture: Option<Picture>,
}

impl Content {
    /// The kind of post, as provider files name it.
    pub fn kind(&self) -> &'static str {
        if self.picture.is_some() {
            "photo"
        } else {
            "text"
        }
    }
}

/// A picture, kept in the data folder until the post is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Name of the copy in the data folder: the SHA-256 of the bytes, with the ending.
    pub stored: String,
    /// The file's own name.
    pub name: String,
    /// Media type such as `image/png`.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// The states; each carries exactly its own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PostState {
    /// Waits for its time.
    Queued,
    /// Due, but waits for something.
    Held {
        /// For what.
        why: Hold,
        /// Since when.
        since: Instant,
        /// When to look again by ourselves; `None` if an event will tell.
        look_at: Option<Instant>,
        /// How many looks in a row ended here, for the backoff.
        looks: u32,
    },
    /// An attempt is under way.
    Sending(Journal),
    /// The service has it.
    Posted {
        /// The service's id.
        remote_id: String,
        /// Where it can be seen.
        url: Option<String>,
        /// When we knew.
        at: Instant,
    },
    /// Failed in a way that may pass; tried again at `at`.
    Retrying {
        /// When.
        at: Instant,
        /// How many failures so far.
        failures: u32,
        /// What went wrong last.
        said: String,
    },
    /// Refused for good; only the person can change that.
    Failed {
        /// What the service said.
        said: String,
        /// When.
        at: Instant,
    },
    /// Sent, but the answer was lost: nobody knows whether it stands there.
    Uncertain {
        /// The attempt in question.
        journal: Journal,
        /// Since when.
        since: Instant,
        /// When the service is asked; `None` if the person is, or a sign-in is waited for.
        look_at: Option<Instant>,
        /// How many looks could not tell.
        looks: u32,
        /// True once only the person can tell.
        ask_person: bool,
    },
    /// Later than its limit: the person decides.
    Missed {
        /// Since when.
        since: Instant,
    },
    /// Taken back by the person.
    Cancelled {
        /// When.
        at: Instant,
    },
}

/// The durable trace of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Which attempt.
    pub attempt: Attempt,
    /// How far it has come.
    pub phase: Phase,
    /// When the attempt began, by the issuer's clock.
    pub started: Instant,
    /// Earlier failures, for the backoff.
    pub failures: u32,
}

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing that cannot be taken back was sent.
    Preparing,
    /// The irreversible request is being sent, or was.
    Committing,
}

/// What a due post waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Hold {
    /// A new sign-in.
    SignIn {
        /// Why the old one ended.
        reason: EndReason,
    },
    /// A first sign-in: the person had signed out.
    SignedOut,
    /// Permissions that are not granted.
    Permission {
        /// Their names, as far as known.
        scopes: Vec<String>,
    },
    /// The role on the Page.
    Role,
    /// The issuer or the service cannot be asked now.
    Unreachable {
        /// What went wrong.
        why: CantTell,
    },
    /// The service's limit on posts or calls.
    Quota {
        /// What it said.
        said: String,
    },
    /// The service blocks this for now by its own rules.
    Blocked {
        /// What it said.
        said: String,
    },
    /// The keychain is locked or refuses.
    Keychain {
        /// Its code.
        code: String,
        /// What went wrong.
        said: String,
    },
}

impl Hold {
    /// What it waits for, as one sentence for the person.
    pub fn sentence(&self) -> String {
        match self {
            Self::SignIn { reason } => format!("{} {}", reason.sentence(), reason.next_step()),
            Self::SignedOut => "You are signed out. Sign in again to send it.".into(),
            Self::Permission { scopes } if scopes.is_empty() => {
                "A permission is missing. Sign in again and leave it ticked.".into()
            }
            Self::Permission { scopes } => format!(
                "The permission {} is missing. Sign in again and leave it ticked.",
                scopes.join(", ")
            ),
            Self::Role => format!(
                "{} {}",
                EndReason::RoleLost.sentence(),
                EndReason::RoleLost.next_step()
            ),
            Self::Unreachable { why } => format!("It will be tried again: {}", why.sentence()),
            Self::Quota { said } => format!("The service's limit is reached ({said})."),
            Self::Blocked { said } => format!("The service blocks this for now ({said})."),
            Self::Keychain { said, .. } => format!("{}.", said.trim_end_matches('.')),
        }
    }

    /// True if a sign-in, or another change by the person, is waited for.
    pub fn needs_person(&self) -> bool {
        matches!(
            self,
            Self::SignIn { .. } | Self::SignedOut | Self::Permission { .. } | Self::Role
        )
    }
}

/// What can happen to a post.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The time asked for has come, or the program just looks again.
    Woke,
    /// The program was started; no attempt is under way any more.
    Restarted,
    /// The attempt cannot go on before something else is done. Nothing was sent that counts.
    Blocked {
        /// Which attempt.
        attempt: Attempt,
        /// What it waits for.
        why: Hold,
        /// When to look again, where the service said so.
        retry_after: Option<TimeDelta>,
    },
    /// Everything before the irreversible request is done.
    Prepared {
        /// Which attempt.
        attempt: Attempt,
        /// The issuer's time, from which a look-up will search.
        issuer_now: Instant,
    },
    /// The service has accepted it.
    Accepted {
        /// Which attempt.
        attempt: Attempt,
        /// The service's id.
        remote_id: String,
        /// Where it can be seen.
        url: Option<String>,
    },
    /// It surely was not accepted, and that may pass.
    FailedForNow {
        /// Which attempt.
        attempt: Attempt,
        /// What went wrong.
        said: String,
        /// How long to wait at least.
        retry_after: Option<TimeDelta>,
        /// Up to this much is added to the wait, so that not all try again at once.
        jitter: TimeDelta,
    },
    /// It surely was not accepted, and will not be.
    Refused {
        /// Which attempt.
        attempt: Attempt,
        /// What the service said.
        said: String,
    },
    /// The irreversible request was sent and its answer is not known.
    AnswerLost {
        /// Which attempt.
        attempt: Attempt,
        /// What went wrong.
        said: String,
    },
    /// The service was asked about an uncertain attempt.
    LookedUp {
        /// Which attempt.
        attempt: Attempt,
        /// What it says.
        found: Found,
    },
    /// What it was held for may be over.
    Released,
    /// There is reason to look again before the time that was chosen for it.
    LookSoon {
        /// When, at the latest.
        at: Instant,
    },
    /// This computer's clock was set: waits that have begun keep their length. The time the person
    /// chose stays what it is.
    ClockSet {
        /// By how much it was set forward; negative if back.
        by: TimeDelta,
    },
    /// The person wants it sent now.
    SendNow,
    /// The person has looked and says whether an uncertain post stands there.
    Settled {
        /// True if it does.
        posted: bool,
    },
    /// The person takes it back.
    Cancelled,
    /// The person gives it another time.
    Rescheduled {
        /// The time.
        due: Instant,
        /// The zone it was chosen in.
        zone: String,
    },
    /// The person changes what it says. Without a new time it stays where it stands.
    Edited {
        /// What it says from now on.
        content: Content,
        /// Another time, and the zone it was chosen in.
        moved: Option<(Instant, String)>,
    },
}

/// What a look-up brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// It stands there.
    There {
        /// The service's id.
        remote_id: String,
        /// Where it can be seen.
        url: Option<String>,
    },
    /// It does not.
    NotThere,
    /// Nobody knows now.
    CantTell {
        /// Why.
        said: String,
    },
    /// It cannot be asked before the person signs in again.
    Blocked,
}

/// What is to be done. The state is stored before any of it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Check the sign-in, fetch the Page's token, upload; end with `Prepared` or `Blocked`.
    Prepare(Attempt),
    /// Send the irreversible request, once.
    Commit(Attempt),
    /// Ask the service whether the attempt's post stands there.
    LookUp(Attempt),
    /// Tell the person that this post needs a decision.
    Ask,
    /// Keep in the diary and tell watchers.
    Note(Happening),
}

/// Why the person's wish cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is on its way.
    #[error("it is being sent right now; look again in a moment")]
    BeingSent,
    /// It stands at the service.
    #[error("it was posted already")]
    AlreadyPosted,
    /// Nobody knows whether it was sent.
    #[error("nobody knows yet whether it was sent; settle that first with `queue settle`")]
    Uncertain,
    /// Only an uncertain post can be settled.
    #[error("there is nothing to settle: it is not uncertain")]
    NotUncertain,
    /// It was taken back.
    #[error("it was cancelled")]
    Cancelled,
}

impl Post {
    /// When [`Event::Woke`] is wanted next.
    pub fn wake_at(&self) -> Option<Instant> {
        match &self.state {
            PostState::Queued => Some(self.due),
            PostState::Held { look_at, .. } | PostState::Uncertain { look_at, .. } => *look_at,
            PostState::Retrying { at, .. } => Some(*at),
            PostState::Sending(_)
            | PostState::Posted { .. }
            | PostState::Failed { .. }
            | PostState::Missed { .. }
            | PostState::Cancelled { .. } => None,
        }
    }

    /// True if nothing more will happen to it.
    pub fn is_final(&self) -> bool {
        matches!(
            self.state,
            PostState::Posted { .. } | PostState::Cancelled { .. }
        )
    }

    /// Whether the person may do what `event` asks, before it is stepped.
    pub fn permits(&self, event: &Event) -> Result<(), Refusal> {
        let uncertain = matches!(self.state, PostState::Uncertain { .. });
        match event {
            Event::Settled { .. } if uncertain => Ok(()),
            Event::Settled { .. } => Err(Refusal::NotUncertain),
            Event::SendNow
            | Event::Cancelled
            | Event::Rescheduled { .. }
            | Event::Edited { .. } => match self.state {
                PostState::Sending(_) => Err(Refusal::BeingSent),
                PostState::Posted { .. } => Err(Refusal::AlreadyPosted),
                PostState::Uncertain { .. } => Err(Refusal::Uncertain),
                PostState::Cancelled { .. } => Err(Refusal::Cancelled),
                PostState::Queued
                | PostState::Held { .. }
                | PostState::Retrying { .. }
                | PostState::Failed { .. }
                | PostState::Missed { .. } => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The end of a wait that was chosen here, not by the person.
    fn own_wait(&mut self) -> Option<&mut Instant> {
        match &mut self.state {
            PostState::Held { look_at, .. } | PostState::Uncertain { look_at, .. } => {
                look_at.as_mut()
            }
            PostState::Retrying { at, .. } => Some(at),
            PostState::Queued
            | PostState::Sending(_)
            | PostState::Posted { .. }
            | PostState::Failed { .. }
            | PostState::Missed { .. }
            | PostState::Cancelled { .. } => None,
        }
    }

    fn is_late(&self, now: Instant) -> bool {
        (now - self.due).num_seconds() > self.late_limit
    }
}
