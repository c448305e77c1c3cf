//! From one state to the next.

use chrono::TimeDelta;

use super::{Content, Effect, Event, Found, Hold, Journal, Phase, Post, PostState};
use crate::happening::Happening;
use crate::ids::Attempt;
use crate::policy::{PostPolicy, backoff};
use crate::time::Instant;

impl Post {
    /// The post after `event`, and what is to be done about it.
    #[must_use]
    pub fn step(mut self, event: Event, now: Instant, policy: &PostPolicy) -> (Self, Vec<Effect>) {
        let mut effects = Vec::new();
        match event {
            Event::Woke => self.woke(now, &mut effects),
            Event::Restarted => self.restarted(now, policy, &mut effects),
            Event::Blocked {
                attempt,
                why,
                retry_after,
            } => {
                if self.sending(attempt).is_some() {
                    self.hold(why, retry_after, now, policy, &mut effects);
                }
            }
            Event::Prepared {
                attempt,
                issuer_now,
            } => {
                if let Some(journal) = self.sending(attempt)
                    && journal.phase == Phase::Preparing
                {
                    journal.phase = Phase::Committing;
                    journal.started = issuer_now;
                    effects.push(Effect::Commit(attempt));
                }
            }
            Event::Accepted {
                attempt,
                remote_id,
                url,
            } => {
                // Also when it was taken for lost: the service's own word settles it.
                if self.in_question(attempt) {
                    self.posted(remote_id, url, now, &mut effects);
                }
            }
            Event::FailedForNow {
                attempt,
                said,
                retry_after,
                jitter,
            } => {
                if let Some(journal) = self.sending(attempt) {
                    let failures = journal.failures;
                    let wait = backoff(policy.retry_first, policy.retry_cap, failures)
                        .max(retry_after.unwrap_or_default())
                        + jitter;
                    self.retry(now + wait, failures + 1, said, now, &mut effects);
                }
            }
            Event::Refused { attempt, said } => {
                if self.sending(attempt).is_some() {
                    effects.push(Effect::Note(Happening::PostFailed { why: said.clone() }));
                    effects.push(Effect::Ask);
                    self.state = PostState::Failed { said, at: now };
                }
            }
            Event::AnswerLost { attempt, said } => {
                if let Some(journal) = self.sending(attempt) {
                    let journal = journal.clone();
                    self.uncertain(journal, said, now, policy, &mut effects);
                }
            }
            Event::LookedUp { attempt, found } => {
                self.looked_up(attempt, found, now, policy, &mut effects);
            }
            Event::Released => self.released(now, &mut effects),
            Event::LookSoon { at } => self.look_soon(at, now, policy),
            Event::ClockSet { by } => {
                if let Some(wait) = self.own_wait() {
                    *wait = wait.checked_add_signed(by).unwrap_or(now);
                }
            }
            Event::SendNow => {
                if self.permits(&Event::SendNow).is_ok() {
                    self.due = self.due.max(now);
                    self.begin(now, 0, &mut effects);
                }
            }
            Event::Settled { posted } => self.settled(posted, now, &mut effects),
            Event::Cancelled => {
                if self.permits(&Event::Cancelled).is_ok() {
                    effects.push(Effect::Note(Happening::PostCancelled));
                    self.state = PostState::Cancelled { at: now };
                }
            }
            Event::Rescheduled { .. } | Event::Edited { .. } if self.permits(&event).is_err() => {}
            Event::Rescheduled { due, zone } => self.move_to(due, zone, &mut effects),
            Event::Edited { content, moved } => self.edited(content, moved, now, &mut effects),
        }
        (self, effects)
    }

    fn move_to(&mut self, due: Instant, zone: String, effects: &mut Vec<Effect>) {
        effects.push(Effect::Note(Happening::PostQueued { due }));
        self.due = due;
        self.zone = zone;
        self.state = PostState::Queued;
    }

    fn edited(
        &mut self,
        content: Content,
        moved: Option<(Instant, String)>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let is_other_kind = content.kind() != self.content.kind();
        if content != self.content {
            effects.push(Effect::Note(Happening::PostEdited));
            self.content = content;
        }
        if let Some((due, zone)) = moved {
            self.move_to(due, zone, effects);
        } else if let PostState::Held {
            why: Hold::Permission { .. },
            look_at,
            ..
        } = &mut self.state
            && is_other_kind
        {
            // Another kind of post may do without that permission.
            *look_at = Some(now);
        }
    }

    fn woke(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        match &self.state {
            PostState::Queued if now >= self.due => self.begin_unless_late(now, 0, effects),
            PostState::Retrying { at, failures, .. } if now >= *at => {
                let failures = *failures;
                self.begin_unless_late(now, failures, effects);
            }
            PostState::Held {
                look_at: Some(at),
                looks,
                ..
            } if now >= *at => {
                let failures = *looks;
                self.begin_unless_late(now, failures, effects);
            }
            PostState::Uncertain {
                journal,
                look_at: Some(at),
                ..
            } if now >= *at => {
                effects.push(Effect::LookUp(journal.attempt));
            }
            _ => {}
        }
    }

    fn restarted(&mut self, now: Instant, policy: &PostPolicy, effects: &mut Vec<Effect>) {
        let PostState::Sending(journal) = &self.state else {
            return;
        };
        match journal.phase {
            // Nothing that counts was sent: the attempt is simply made again.
            Phase::Preparing => {
                self.state = PostState::Retrying {
                    at: now,
                    failures: journal.failures,
                    said: "the program ended while it was being prepared".into(),
                };
            }
            Phase::Committing => {
                let journal = journal.clone();
                let said = "the program ended while it was being sent".into();
                self.uncertain(journal, said, now, policy, effects);
            }
        }
    }

    fn begin_unless_late(&mut self, now: Instant, failures: u32, effects: &mut Vec<Effect>) {
        if self.is_late(now) {
            self.miss(now, effects);
        } else {
            self.begin(now, failures, effects);
        }
    }

    fn begin(&mut self, now: Instant, failures: u32, effects: &mut Vec<Effect>) {
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        let journal = Journal {
            attempt,
            phase: Phase::Preparing,
            started: now,
            failures,
        };
        self.state = PostState::Sending(journal);
        effects.push(Effect::Prepare(attempt));
    }

    fn miss(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        effects.push(Effect::Note(Happening::PostMissed));
        effects.push(Effect::Ask);
        self.state = PostState::Missed { since: now };
    }

    fn hold(
        &mut self,
        why: Hold,
        retry_after: Option<TimeDelta>,
        now: Instant,
        policy: &PostPolicy,
        effects: &mut Vec<Effect>,
    ) {
        let failures = match &self.state {
            PostState::Sending(journal) => journal.failures,
            _ => 0,
        };
        // A day without network is one line in the diary, not a hundred.
        if why.needs_person() || failures == 0 {
            effects.push(Effect::Note(Happening::PostHeld { why: why.clone() }));
        }
        if why == Hold::Role {
            // Nothing about the grant tells of it, so the post does.
            effects.push(Effect::Ask);
        }
        let look_at = match &why {
            Hold::Unreachable { .. } | Hold::Keychain { .. } => {
                let wait = backoff(policy.retry_first, policy.retry_cap, failures);
                Some(now + wait.max(retry_after.unwrap_or_default()))
            }
            Hold::Quota { .. } | Hold::Blocked { .. } => {
                Some(now + retry_after.unwrap_or(policy.retry_cap))
            }
            Hold::SignIn { .. } | Hold::SignedOut | Hold::Permission { .. } | Hold::Role => None,
        };
        self.state = PostState::Held {
            why,
            since: now,
            look_at,
            looks: failures + 1,
        };
    }

    fn retry(
        &mut self,
        at: Instant,
        failures: u32,
        said: String,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_late(now) {
            self.miss(now, effects);
            return;
        }
        effects.push(Effect::Note(Happening::PostRetrying {
            at,
            why: said.clone(),
        }));
        self.state = PostState::Retrying { at, failures, said };
    }

    fn posted(
        &mut self,
        remote_id: String,
        url: Option<String>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Note(Happening::Posted {
            remote_id: remote_id.clone(),
            url: url.clone(),
        }));
        self.state = PostState::Posted {
            remote_id,
            url,
            at: now,
        };
    }

    fn uncertain(
        &mut self,
        journal: Journal,
        said: String,
        now: Instant,
        policy: &PostPolicy,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Note(Happening::PostUncertain { why: said }));
        let ask_person = !policy.can_look_up;
        let look_at = policy.can_look_up.then(|| now + policy.settle);
        if ask_person {
            effects.push(Effect::Ask);
        }
        self.state = PostState::Uncertain {
            journal,
            since: now,
            look_at,
            looks: 0,
            ask_person,
        };
    }

    fn looked_up(
        &mut self,
        attempt: Attempt,
        found: Found,
        now: Instant,
        policy: &PostPolicy,
        effects: &mut Vec<Effect>,
    ) {
        let PostState::Uncertain {
            journal,
            look_at,
            looks,
            ask_person,
            ..
        } = &mut self.state
        else {
            return;
        };
        if journal.attempt != attempt {
            return;
        }
        match found {
            Found::There { remote_id, url } => self.posted(remote_id, url, now, effects),
            Found::NotThere if policy.resend_when_absent => {
                let failures = journal.failures + 1;
                effects.push(Effect::Note(Happening::PostNotThere));
                let said = "the answer was lost and the post is not there".to_owned();
                // Once it is sent again at once; a service that swallows every one is left in peace.
                let wait = match journal.failures {
                    0 => TimeDelta::zero(),
                    earlier => backoff(policy.retry_first, policy.retry_cap, earlier),
                };
                self.retry(now + wait, failures, said, now, effects);
            }
            Found::NotThere => {
                *look_at = None;
                if !std::mem::replace(ask_person, true) {
                    effects.push(Effect::Ask);
                }
            }
            Found::CantTell { .. } => {
                let wait = backoff(policy.retry_first, policy.retry_cap, *looks);
                *looks = looks.saturating_add(1);
                *look_at = Some(now + wait);
                // The person may know; the looking goes on, slowly.
                if *looks >= policy.looks && !std::mem::replace(ask_person, true) {
                    effects.push(Effect::Ask);
                }
            }
            Found::Blocked => *look_at = None,
        }
    }

    fn released(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        match &mut self.state {
            PostState::Held { .. } => self.begin_unless_late(now, 0, effects),
            PostState::Uncertain {
                journal,
                look_at,
                ask_person: false,
                ..
            } if look_at.is_none() => {
                // Asked at once, and again by itself should the program end before the answer.
                *look_at = Some(now);
                effects.push(Effect::LookUp(journal.attempt));
            }
            _ => {}
        }
    }

    fn look_soon(&mut self, at: Instant, now: Instant, policy: &PostPolicy) {
        // Whoever asks before it had time to settle is told that it is not there.
        let settles = matches!(self.state, PostState::Uncertain { looks: 0, .. });
        let at = if settles {
            at.max(now + policy.settle)
        } else {
            at
        };
        if let Some(wait) = self.own_wait() {
            *wait = at.min(*wait);
        }
    }

    fn settled(&mut self, posted: bool, now: Instant, effects: &mut Vec<Effect>) {
        let PostState::Uncertain { journal, .. } = &self.state else {
            return;
        };
        if posted {
            self.posted(String::new(), None, now, effects);
        } else {
            let failures = journal.failures;
            effects.push(Effect::Note(Happening::PostNotThere));
            self.begin(now, failures, effects);
        }
    }

    /// The journal, if this very attempt is under way.
    fn sending(&mut self, attempt: Attempt) -> Option<&mut Journal> {
        match &mut self.state {
            PostState::Sending(journal) if journal.attempt == attempt => Some(journal),
            _ => None,
        }
    }

    fn in_question(&self, attempt: Attempt) -> bool {
        match &self.state {
            PostState::Sending(journal) | PostState::Uncertain { journal, .. } => {
                journal.attempt == attempt
            }
            _ => false,
        }
    }
}
