//! What happened, as the diary keeps it and as a watcher is told.

use serde::{Deserialize, Serialize};

use crate::EndReason;
use crate::grant::CantTell;
use crate::post::Hold;
use crate::time::{Expiry, Instant};

/// One thing that happened to a grant or a post. Never holds a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happening {
    /// The person signed in; the token is kept.
    SignedIn {
        /// Announced end of the long-lived token.
        expires: Expiry,
    },
    /// The short-lived token was swapped for the long-lived one.
    Exchanged {
        /// End of the short-lived token.
        from: Expiry,
        /// End of the long-lived token.
        to: Expiry,
    },
    /// A sign-in was begun and did not come to its end.
    SignInFailed {
        /// Why, in a sentence.
        why: String,
    },
    /// The issuer says the token is good.
    Checked,
    /// The issuer could not be asked, or its answer could not be understood.
    CheckUnclear {
        /// What went wrong.
        why: CantTell,
    },
    /// The sign-in has ended.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// A sign-in that had ended works again without a new one.
    Recovered,
    /// The announced end comes near.
    ExpiresSoon {
        /// That end.
        at: Instant,
    },
    /// Permissions were taken away.
    PermissionsLost {
        /// Their names.
        scopes: Vec<String>,
    },
    /// Permissions came (back).
    PermissionsGained {
        /// Their names.
        scopes: Vec<String>,
    },
    /// The token was renewed without the person.
    Renewed {
        /// Its new end.
        expires: Expiry,
    },
    /// The person signed out.
    SignedOut {
        /// True if the issuer confirmed that the sign-in is dead there too.
        revoked: bool,
        /// Until when it may still work at the issuer, if it was not.
        usable_until: Expiry,
    },
    /// A post was put in the queue.
    PostQueued {
        /// When it is due.
        due: Instant,
    },
    /// A due post waits for something.
    PostHeld {
        /// For what.
        why: Hold,
    },
    /// An attempt failed in a way that may pass.
    PostRetrying {
        /// When it is tried again.
        at: Instant,
        /// What went wrong.
        why: String,
    },
    /// The service has the post.
    Posted {
        /// The service's id of it.
        remote_id: String,
        /// Where it can be seen.
        url: Option<String>,
    },
    /// The answer was lost: nobody knows yet whether the post stands there.
    PostUncertain {
        /// What went wrong.
        why: String,
    },
    /// The service looked and does not have the post.
    PostNotThere,
    /// The post came too late to go out by itself.
    PostMissed,
    /// The service refused the post for good.
    PostFailed {
        /// What it said.
        why: String,
    },
    /// The person took the post back.
    PostCancelled,
    /// The person changed what the post says.
    PostEdited,
}

impl Happening {
    /// What happened, as one sentence for the person.
    pub fn sentence(&self) -> String {
        match self {
            Self::SignedIn { expires } => format!("Signed in; {}.", good_until(*expires)),
            Self::Exchanged { to, .. } => {
                format!(
                    "The short-lived token was swapped for a long-lived one; {}.",
                    good_until(*to)
                )
            }
            Self::SignInFailed { why } => format!("A sign-in was begun but not finished: {why}"),
            Self::Checked => "The issuer says the token is good.".into(),
            Self::CheckUnclear { why } => format!("The issuer could not tell: {}", why.sentence()),
            Self::Ended { reason } => format!("{} {}", reason.sentence(), reason.next_step()),
            Self::Recovered => "The sign-in works again.".into(),
            Self::ExpiresSoon { at } => format!("The sign-in ends on {}.", day(*at)),
            Self::PermissionsLost { scopes } => {
                format!(
                    "No longer allowed: {}. Sign in again to give it back.",
                    scopes.join(", ")
                )
            }
            Self::PermissionsGained { scopes } => format!("Newly allowed: {}.", scopes.join(", ")),
            Self::Renewed { expires } => format!("Renewed; {}.", good_until(*expires)),
            Self::SignedOut { revoked: true, .. } => {
                "Signed out; the issuer confirms that the token no longer works.".into()
            }
            Self::SignedOut { usable_until, .. } => match usable_until {
                Expiry::At(at) => format!(
                    "Signed out here; at the issuer the token may work until {}.",
                    day(*at)
                ),
                Expiry::Never | Expiry::Unknown => {
                    "Signed out here; the issuer did not confirm that the token no longer works."
                        .into()
                }
            },
            Self::PostQueued { due } => format!("Queued for {}.", day(*due)),
            Self::PostHeld { why } => format!("Held: {}", why.sentence()),
            Self::PostRetrying { at, why } => format!("Tried again at {}: {why}", day(*at)),
            Self::Posted {
                remote_id,
                url: None,
            } if remote_id.is_empty() => "Posted, as you have seen yourself.".into(),
            Self::Posted { remote_id, url } => {
                format!("Posted: {}", url.as_deref().unwrap_or(remote_id))
            }
            Self::PostUncertain { why } => {
                format!("Nobody knows yet whether it went out ({why}); the service will be asked.")
            }
            Self::PostNotThere => "The service does not have it, so it is sent again.".into(),
            Self::PostMissed => "Too late to go out by itself; decide what to do with it.".into(),
            Self::PostFailed { why } => format!("Refused for good: {why}"),
            Self::PostCancelled => "Cancelled.".into(),
            Self::PostEdited => "Changed.".into(),
        }
    }
}

fn good_until(expiry: Expiry) -> String {
    match expiry {
        Expiry::At(at) => format!("good until {}", day(at)),
        Expiry::Never => "with no announced end".into(),
        Expiry::Unknown => "its end is not known".into(),
    }
}

fn day(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
