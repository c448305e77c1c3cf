//! The life of a grant: what an account allowed us, and whether it still holds.
//!
//! [`Grant::step`] is the only way from one state to the next. It is told what happened and what
//! time it is, and answers with the new state and what is to be done. [`Grant::wake_at`] says when
//! it next wants to be woken.

mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::happening::Happening;
use crate::ids::{Attempt, Generation};
use crate::provider::Facts;
use crate::time::{Expiry, Instant};
use crate::{EndReason, policy::GrantPolicy};

/// What an account allowed us. Never contains the token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The number of the secret this grant speaks of.
    pub generation: Generation,
    /// How long the person wants to be remembered.
    pub remember: Remember,
    /// Where it stands.
    pub state: GrantState,
}

/// How long a sign-in is remembered: the person's choice, account by account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Remember {
    /// Until the program that owns the data folder ends; never written to the keychain.
    UntilQuit,
    /// So many days from the sign-in.
    Days(u32),
    /// As long as the issuer allows.
    #[default]
    Always,
}

/// The states; each carries exactly its own data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GrantState {
    /// Nobody is signed in, and that is how the person wants it.
    SignedOut(SignedOut),
    /// The person is in the browser.
    SigningIn(UnderWay),
    /// A code came back; tokens are being fetched, swapped and checked.
    Exchanging(UnderWay),
    /// The issuer said the token is good, and nothing since says otherwise.
    Active(Active),
    /// A new token is being fetched without the person.
    Renewing(Renewing),
    /// The sign-in has ended; only the person can bring it back.
    NeedsLogin(NeedsLogin),
}

/// Data of [`GrantState::SignedOut`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedOut {
    /// Since when.
    pub since: Instant,
    /// Until when the token may still work at the issuer; `None` if it confirmed its death.
    pub usable_until: Option<Expiry>,
}

/// Data of [`GrantState::SigningIn`] and [`GrantState::Exchanging`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderWay {
    /// Which try this is.
    pub attempt: Attempt,
    /// Since when.
    pub since: Instant,
    /// What the grant falls back to if nothing comes of it.
    pub before: Before,
}

/// What a grant was before a sign-in began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "before", rename_all = "snake_case")]
pub enum Before {
    /// Signed out, or never connected.
    SignedOut(SignedOut),
    /// Active: it stays usable until the new sign-in replaces it.
    Active(Box<Active>),
    /// Ended.
    NeedsLogin(NeedsLogin),
}

/// Data of [`GrantState::Active`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// When the person signed in.
    pub since: Instant,
    /// What the issuer said last.
    pub facts: Facts,
    /// The last check and its result.
    pub checked: Checked,
    /// Since when no check could tell; a fact, not an end.
    pub unreachable_since: Option<Instant>,
    /// How many checks in a row could not tell.
    pub unclear: u32,
    /// When the issuer is to be asked again.
    pub next_check: Instant,
    /// The shortest warning already given, in seconds ahead of the end.
    pub warned: Option<i64>,
    /// When the person wants the sign-in forgotten: at the first answer of the issuer from then on.
    pub forget_at: Option<Instant>,
    /// No renewal before this, because one has failed.
    #[serde(default)]
    pub renew_after: Option<Instant>,
}

/// A check and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// When the question was asked.
    pub asked: Instant,
    /// `None` if the issuer said "good".
    pub unclear: Option<CantTell>,
}

/// Data of [`GrantState::Renewing`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renewing {
    /// Which try this is.
    pub attempt: Attempt,
    /// Since when.
    pub since: Instant,
    /// The token that is good until the new one is.
    pub active: Active,
}

/// Data of [`GrantState::NeedsLogin`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeedsLogin {
    /// Why.
    pub reason: EndReason,
    /// Since when.
    pub since: Instant,
    /// What it was, so that a checkpoint that is cleared can go on.
    pub was: Option<Box<Active>>,
}

/// Why the issuer's opinion could not be had. Never an end of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum CantTell {
    /// No answer came.
    Network {
        /// What went wrong, without address or query.
        said: String,
    },
    /// The service says it is in trouble.
    Service {
        /// HTTP status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// Asked too often.
    RateLimited {
        /// What it said.
        said: String,
    },
    /// The answer made no sense, or fits no rule.
    Nonsense {
        /// HTTP status.
        status: u16,
        /// What it said, or what was missing.
        said: String,
    },
    /// The app's own id or secret was refused, so nobody was asked about the token.
    Client {
        /// What it said.
        said: String,
    },
    /// The keychain could not be read.
    Keychain {
        /// Its code, such as `keychain_locked`.
        code: String,
        /// What went wrong.
        said: String,
    },
}

impl CantTell {
    /// What went wrong, as one sentence for the person.
    pub fn sentence(&self) -> String {
        match self {
            Self::Network { said } | Self::Keychain { said, .. } => {
                format!("{}.", said.trim_end_matches('.'))
            }
            Self::Service { status, said } if said.is_empty() => {
                format!("the service is in trouble (HTTP {status}).")
            }
            Self::Service { status, said } => {
                format!("the service is in trouble (HTTP {status}: {said}).")
            }
            Self::RateLimited { said } => format!("the service was asked too often ({said})."),
            Self::Nonsense { status, said } => {
                format!("its answer could not be understood (HTTP {status}: {said}).")
            }
            Self::Client { said } => format!("the app's id or secret was refused ({said})."),
        }
    }
}

/// What the issuer says of a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is good.
    Good(Facts),
    /// It is not, and will not be.
    Dead(EndReason),
    /// Nobody knows now.
    CantTell {
        /// Why.
        why: CantTell,
        /// How long the service asks us to wait.
        retry_after: Option<TimeDelta>,
    },
}

impl Verdict {
    /// True if the issuer said something, whatever it was.
    fn is_answer(&self) -> bool {
        !matches!(
            self,
            Self::CantTell {
                why: CantTell::Network { .. } | CantTell::Keychain { .. },
                ..
            }
        )
    }
}

/// What can happen to a grant.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The person began to sign in.
    SignInStarted(Attempt),
    /// The person's code came back.
    CodeReceived(Attempt),
    /// Nothing came of the sign-in.
    SignInFailed {
        /// Which try.
        attempt: Attempt,
        /// Why, in a sentence.
        why: String,
    },
    /// The new token is checked and durable in the keychain, under the next generation.
    SignedIn {
        /// Which try.
        attempt: Attempt,
        /// What the issuer says of it.
        facts: Facts,
        /// When that was asked.
        asked: Instant,
    },
    /// The program that looks after the grant has begun to: the issuer is asked soon.
    CheckSoon {
        /// How long this grant waits for it, so that not all ask at once.
        spread: TimeDelta,
    },
    /// The program was started; whatever was under way is not any more.
    Restarted {
        /// How long this grant waits for its check, so that not all ask at once.
        spread: TimeDelta,
    },
    /// The issuer was asked.
    CheckAnswered {
        /// Of which secret.
        generation: Generation,
        /// When the question was sent.
        asked: Instant,
        /// What it says.
        verdict: Verdict,
    },
    /// A use of the token was refused with a classified reason.
    UseRefused {
        /// Of which secret.
        generation: Generation,
        /// When the use was tried.
        asked: Instant,
        /// Why.
        reason: EndReason,
    },
    /// A renewal came to its end; the new secret, if any, is durable under the next generation.
    RenewalAnswered {
        /// Which try.
        attempt: Attempt,
        /// What came of it.
        outcome: RenewalOutcome,
    },
    /// The keychain answered and has no such secret.
    SecretMissing(Generation),
    /// The person signed out.
    SignedOut {
        /// `None` if the issuer confirmed that the token is dead.
        usable_until: Option<Expiry>,
    },
    /// The person chose anew how long to be remembered.
    RememberChosen(Remember),
    /// The time asked for has come, or the program just looks again.
    Woke,
}

/// What came of a renewal.
#[derive(Clone, Debug, PartialEq)]
pub enum RenewalOutcome {
    /// A new token, checked and kept.
    Renewed {
        /// What the issuer says of it.
        facts: Facts,
        /// When that was asked.
        asked: Instant,
    },
    /// Refused with a classified reason; the old token may still work.
    Refused(EndReason),
    /// Nobody knows.
    CantTell(CantTell),
}

/// What is to be done. The state is stored before any of it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the issuer about the current secret.
    Check,
    /// Get a new token without the person.
    Renew(Attempt),
    /// Delete the secret of this generation.
    ForgetSecret(Generation),
    /// Tell the person; the same incident is told once.
    Tell(Incident),
    /// The incident is over; take the notification back.
    Withdraw,
    /// The account works (again): held posts go on.
    ReleasePosts,
    /// Keep in the diary and tell watchers.
    Note(Happening),
}

/// Something the person must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// Only a new sign-in helps.
    NeedsLogin(EndReason),
    /// The announced end comes near.
    ExpiresSoon {
        /// The end.
        at: Instant,
    },
    /// Some permissions are gone; the rest goes on.
    PermissionsLost(Vec<String>),
}

impl Grant {
    /// A grant that nobody has signed in to yet.
    pub fn new(now: Instant, remember: Remember) -> Self {
        Self {
            generation: Generation(0),
            remember,
            state: GrantState::SignedOut(SignedOut {
                since: now,
                usable_until: None,
            }),
        }
    }

    /// The active data, also while a renewal or a new sign-in is under way.
    pub fn active(&self) -> Option<&Active> {
        match &self.state {
            GrantState::Active(active) | GrantState::Renewing(Renewing { active, .. }) => {
                Some(active)
            }
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => match &way.before {
                Before::Active(active) => Some(active),
                Before::SignedOut(_) | Before::NeedsLogin(_) => None,
            },
            GrantState::SignedOut(_) | GrantState::NeedsLogin(_) => None,
        }
    }

    /// Why the sign-in has ended, also while a new one is under way.
    pub fn ended(&self) -> Option<&NeedsLogin> {
        match &self.state {
            GrantState::NeedsLogin(ended) => Some(ended),
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => match &way.before {
                Before::NeedsLogin(ended) => Some(ended),
                Before::SignedOut(_) | Before::Active(_) => None,
            },
            GrantState::SignedOut(_) | GrantState::Active(_) | GrantState::Renewing(_) => None,
        }
    }

    /// Wanted scopes that the issuer says are not granted. Empty while the issuer says nothing.
    pub fn missing_scopes(&self, policy: &GrantPolicy) -> Vec<String> {
        let Some(granted) = self
            .active()
            .and_then(|active| active.facts.scopes.as_ref())
        else {
            return Vec::new();
        };
        policy
            .wanted_scopes
            .iter()
            .filter(|scope| !granted.contains(*scope))
            .cloned()
            .collect()
    }

    /// When [`Event::Woke`] is wanted next.
    pub fn wake_at(&self, policy: &GrantPolicy) -> Option<Instant> {
        match &self.state {
            GrantState::SignedOut(_) | GrantState::NeedsLogin(_) => None,
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => {
                Some(way.since + policy.sign_in_patience)
            }
            GrantState::Renewing(renewing) => Some(renewing.since + policy.sign_in_patience),
            GrantState::Active(active) => active.wake_at(policy),
        }
    }
}

impl Active {
    /// The earlier of the token's announced end and that of the data access.
    pub fn end(&self) -> Option<Instant> {
        [self.facts.expiry.at(), self.facts.data_access_ends.at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn wake_at(&self, policy: &GrantPolicy) -> Option<Instant> {
        let mut wakes = vec![self.next_check];
        if let Some(end) = self.end() {
            wakes.extend(self.next_warning(policy).map(|lead| end - lead));
        }
        if let Some(renewal) = &policy.renewal {
            wakes.extend(self.renew_at(renewal));
        }
        wakes.into_iter().min()
    }

    fn renew_at(&self, renewal: &crate::policy::RenewalPolicy) -> Option<Instant> {
        let end = self.facts.expiry.at()?;
        let born = self.facts.issued_at.unwrap_or(self.since);
        let wanted = (end - renewal.lead).max(born + renewal.min_age);
        Some(self.renew_after.map_or(wanted, |after| wanted.max(after)))
    }

    /// The longest warning not given yet.
    fn next_warning(&self, policy: &GrantPolicy) -> Option<TimeDelta> {
        policy
            .warn_before
            .iter()
            .copied()
            .filter(|lead| self.warned.is_none_or(|given| lead.num_seconds() < given))
            .max()
    }

    /// The shortest warning that is due at `now`.
    fn due_warning(&self, policy: &GrantPolicy, now: Instant) -> Option<TimeDelta> {
        let end = self.end()?;
        policy
            .warn_before
            .iter()
            .copied()
            .filter(|lead| now >= end - *lead && now < end)
            .filter(|lead| self.warned.is_none_or(|given| lead.num_seconds() < given))
            .min()
    }

    fn granted(&self) -> BTreeSet<String> {
        self.facts.scopes.clone().unwrap_or_default()
    }
}
