//! From one state to the next.

use chrono::TimeDelta;

use super::{
    Active, Before, CantTell, Checked, Effect, Event, Grant, GrantState, Incident, NeedsLogin,
    Remember, RenewalOutcome, Renewing, SignedOut, UnderWay, Verdict,
};
use crate::EndReason;
use crate::happening::Happening;
use crate::ids::{Attempt, Generation};
use crate::policy::{GrantPolicy, backoff};
use crate::provider::Facts;
use crate::time::{Expiry, Instant};

impl Grant {
    /// The grant after `event`, and what is to be done about it.
    #[must_use]
    pub fn step(self, event: Event, now: Instant, policy: &GrantPolicy) -> (Self, Vec<Effect>) {
        let mut effects = Vec::new();
        let next = match event {
            Event::SignInStarted(attempt) => self.sign_in_started(attempt, now),
            Event::CodeReceived(attempt) => self.code_received(attempt),
            Event::SignInFailed { attempt, why } => {
                self.sign_in_failed(attempt, why, now, policy, &mut effects)
            }
            Event::SignedIn {
                attempt,
                facts,
                asked,
            } => self.signed_in(attempt, facts, asked, now, policy, &mut effects),
            Event::Restarted { spread } => self.restarted(now, spread, &mut effects),
            Event::CheckAnswered {
                generation,
                asked,
                verdict,
            } => self.check_answered((generation, asked), verdict, now, policy, &mut effects),
            Event::UseRefused {
                generation,
                asked,
                reason,
            } => {
                let verdict = Verdict::Dead(reason);
                self.check_answered((generation, asked), verdict, now, policy, &mut effects)
            }
            Event::RenewalAnswered { attempt, outcome } => {
                self.renewal_answered(attempt, outcome, now, policy, &mut effects)
            }
            Event::CheckSoon { spread } => self.check_soon(now + spread),
            Event::SecretMissing(generation) if generation == self.generation => {
                self.ended_by(EndReason::SecretLost, now, &mut effects)
            }
            Event::SecretMissing(_) => self,
            Event::SignedOut { usable_until } => self.signed_out(usable_until, now, &mut effects),
            Event::RememberChosen(remember) => self.remember_chosen(remember, now),
            Event::Woke => self.woke(now, policy, &mut effects),
        };
        (next, effects)
    }

    fn sign_in_started(self, attempt: Attempt, now: Instant) -> Self {
        let before = match self.state {
            GrantState::SignedOut(out) => Before::SignedOut(out),
            GrantState::Active(active) => Before::Active(Box::new(active)),
            // The renewal's answer carries an attempt that nobody waits for any more.
            GrantState::Renewing(renewing) => Before::Active(Box::new(renewing.active)),
            GrantState::NeedsLogin(ended) => Before::NeedsLogin(ended),
            // A new sign-in takes the place of one that is under way.
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => way.before,
        };
        let state = GrantState::SigningIn(UnderWay {
            attempt,
            since: now,
            before,
        });
        Self { state, ..self }
    }

    fn code_received(self, attempt: Attempt) -> Self {
        match self.state {
            GrantState::SigningIn(way) if way.attempt == attempt => Self {
                state: GrantState::Exchanging(way),
                ..self
            },
            state => Self { state, ..self },
        }
    }

    fn sign_in_failed(
        self,
        attempt: Attempt,
        why: String,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Self {
        match self.state {
            GrantState::SigningIn(way) | GrantState::Exchanging(way) if way.attempt == attempt => {
                effects.push(Effect::Note(Happening::SignInFailed { why }));
                let back = Self {
                    state: way.before.into_state(),
                    ..self
                };
                back.woke(now, policy, effects)
            }
            state => Self { state, ..self },
        }
    }

    fn signed_in(
        self,
        attempt: Attempt,
        facts: Facts,
        asked: Instant,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Self {
        match &self.state {
            GrantState::SigningIn(way) | GrantState::Exchanging(way) if way.attempt == attempt => {}
            // Somebody gave up meanwhile: the secret that was saved for it has no owner.
            _ => {
                effects.push(Effect::ForgetSecret(self.generation.next()));
                return self;
            }
        }
        let generation = self.generation.next();
        effects.push(Effect::Note(Happening::SignedIn {
            expires: facts.expiry,
        }));
        effects.push(Effect::Withdraw);
        if self.generation != Generation(0) {
            effects.push(Effect::ForgetSecret(self.generation));
        }
        effects.push(Effect::ReleasePosts);
        let active = Active::fresh(facts, asked, now, self.remember, policy);
        Self {
            generation,
            remember: self.remember,
            state: GrantState::Active(active),
        }
    }

    fn restarted(self, now: Instant, spread: TimeDelta, effects: &mut Vec<Effect>) -> Self {
        let mut state = match self.state {
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => way.before.into_state(),
            GrantState::Renewing(renewing) => GrantState::Active(renewing.active),
            state => state,
        };
        if let GrantState::Active(active) = &mut state {
            active.next_check = now + spread;
        }
        let grant = Self { state, ..self };
        if grant.remember == Remember::UntilQuit && grant.active().is_some() {
            return grant.ended_by(EndReason::NotRemembered, now, effects);
        }
        grant
    }

    fn check_soon(mut self, at: Instant) -> Self {
        if let GrantState::Active(active) = &mut self.state {
            active.next_check = at;
        }
        self
    }

    fn check_answered(
        self,
        (generation, asked): (Generation, Instant),
        verdict: Verdict,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Self {
        if generation != self.generation {
            return self;
        }
        let Self {
            remember, state, ..
        } = self;
        let state = match state {
            GrantState::Active(active) => active
                .judged(asked, verdict, generation, now, policy, effects)
                .map_or_else(GrantState::NeedsLogin, GrantState::Active),
            GrantState::Renewing(Renewing {
                attempt,
                since,
                active,
            }) => active
                .judged(asked, verdict, generation, now, policy, effects)
                .map_or_else(GrantState::NeedsLogin, |active| {
                    GrantState::Renewing(Renewing {
                        attempt,
                        since,
                        active,
                    })
                }),
            GrantState::NeedsLogin(ended) => ended.judged(asked, verdict, now, policy, effects),
            GrantState::SigningIn(way) => GrantState::SigningIn(way.judged(
                (generation, asked),
                verdict,
                now,
                policy,
                effects,
            )),
            GrantState::Exchanging(way) => GrantState::Exchanging(way.judged(
                (generation, asked),
                verdict,
                now,
                policy,
                effects,
            )),
            GrantState::SignedOut(out) => GrantState::SignedOut(out),
        };
        Self {
            generation,
            remember,
            state,
        }
    }

    fn renewal_answered(
        self,
        attempt: Attempt,
        outcome: RenewalOutcome,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let Self {
            generation,
            remember,
            state,
        } = self;
        let renewing = match state {
            GrantState::Renewing(renewing) if renewing.attempt == attempt => renewing,
            state => {
                if matches!(outcome, RenewalOutcome::Renewed { .. }) {
                    effects.push(Effect::ForgetSecret(generation.next()));
                }
                return Self {
                    generation,
                    remember,
                    state,
                };
            }
        };
        let mut active = renewing.active;
        match outcome {
            RenewalOutcome::Renewed { facts, asked } => {
                effects.push(Effect::Note(Happening::Renewed {
                    expires: facts.expiry,
                }));
                effects.push(Effect::Withdraw);
                effects.push(Effect::ForgetSecret(generation));
                let scopes = facts.scopes.clone().or(active.facts.scopes);
                let facts = Facts { scopes, ..facts };
                let mut fresh = Active::fresh(facts, asked, now, remember, policy);
                // The person signed in when they did; a renewal is no new sign-in.
                (fresh.since, fresh.forget_at) = (active.since, active.forget_at);
                fresh.check_in(policy.check_every, now);
                Self {
                    generation: generation.next(),
                    remember,
                    state: GrantState::Active(fresh),
                }
            }
            // A renewal that is refused does not end a token that still works: ask about that one.
            RenewalOutcome::Refused(reason) => {
                active.renew_after = Some(now + policy.retry_cap);
                if active.facts.expiry.is_past(now) {
                    let state = GrantState::Active(active);
                    return Self {
                        generation,
                        remember,
                        state,
                    }
                    .ended_by(reason, now, effects);
                }
                effects.push(Effect::Check);
                Self {
                    generation,
                    remember,
                    state: GrantState::Active(active),
                }
            }
            RenewalOutcome::CantTell(why) => {
                active.cannot_tell(now, why, None, now, policy, effects);
                // Whatever comes first, the renewal is tried again with the next check.
                active.renew_after = Some(active.next_check);
                Self {
                    generation,
                    remember,
                    state: GrantState::Active(active),
                }
            }
        }
    }

    fn ended_by(self, reason: EndReason, now: Instant, effects: &mut Vec<Effect>) -> Self {
        let Self {
            generation,
            remember,
            state,
        } = self;
        let end = |active: Active, effects: &mut Vec<Effect>| {
            active.end_with(reason, generation, now, effects)
        };
        let state = match state {
            GrantState::Active(active) | GrantState::Renewing(Renewing { active, .. }) => {
                GrantState::NeedsLogin(end(active, effects))
            }
            GrantState::SigningIn(way) => GrantState::SigningIn(way.ended(|a| end(a, effects))),
            GrantState::Exchanging(way) => GrantState::Exchanging(way.ended(|a| end(a, effects))),
            state @ (GrantState::SignedOut(_) | GrantState::NeedsLogin(_)) => state,
        };
        Self {
            generation,
            remember,
            state,
        }
    }

    fn signed_out(
        self,
        usable_until: Option<Expiry>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> Self {
        effects.push(Effect::ForgetSecret(self.generation));
        effects.push(Effect::Withdraw);
        effects.push(Effect::Note(Happening::SignedOut {
            revoked: usable_until.is_none(),
            usable_until: usable_until.unwrap_or_default(),
        }));
        // A later sign-in gets a new number; answers about this secret are late from now on.
        let state = GrantState::SignedOut(SignedOut {
            since: now,
            usable_until,
        });
        Self {
            generation: self.generation.next(),
            remember: self.remember,
            state,
        }
    }

    fn remember_chosen(mut self, remember: Remember, now: Instant) -> Self {
        self.remember = remember;
        let active = match &mut self.state {
            GrantState::Active(active) | GrantState::Renewing(Renewing { active, .. }) => active,
            GrantState::SigningIn(way) | GrantState::Exchanging(way) => match &mut way.before {
                Before::Active(active) => active,
                Before::SignedOut(_) | Before::NeedsLogin(_) => return self,
            },
            GrantState::SignedOut(_) | GrantState::NeedsLogin(_) => return self,
        };
        active.forget_at = forget_at(remember, active.since).map(|at| at.max(now));
        if let Some(at) = active.forget_at {
            active.next_check = active.next_check.min(at);
        }
        self
    }

    fn woke(self, now: Instant, policy: &GrantPolicy, effects: &mut Vec<Effect>) -> Self {
        let Self {
            generation,
            remember,
            state,
        } = self;
        match state {
            GrantState::SigningIn(way) | GrantState::Exchanging(way)
                if now >= way.since + policy.sign_in_patience =>
            {
                effects.push(Effect::Note(Happening::SignInFailed {
                    why: "nobody finished it in time.".into(),
                }));
                Self {
                    generation,
                    remember,
                    state: way.before.into_state(),
                }
            }
            GrantState::Renewing(renewing) if now >= renewing.since + policy.sign_in_patience => {
                let mut active = renewing.active;
                active.next_check = now;
                active.unclear += 1;
                effects.push(Effect::Check);
                Self {
                    generation,
                    remember,
                    state: GrantState::Active(active),
                }
            }
            GrantState::Active(active) => active.woke(generation, remember, now, policy, effects),
            state => Self {
                generation,
                remember,
                state,
            },
        }
    }
}

impl Active {
    fn fresh(
        facts: Facts,
        asked: Instant,
        now: Instant,
        remember: Remember,
        policy: &GrantPolicy,
    ) -> Self {
        let mut fresh = Self {
            since: now,
            facts,
            checked: Checked {
                asked,
                unclear: None,
            },
            unreachable_since: None,
            unclear: 0,
            next_check: now,
            warned: None,
            forget_at: forget_at(remember, now),
            renew_after: None,
        };
        fresh.check_in(policy.check_every, now);
        fresh
    }

    /// Asks again after `wait`, or at the announced end if that comes first: an end is a hint,
    /// and the issuer is asked whether it is true. So it is with the end that the person chose.
    fn check_in(&mut self, wait: TimeDelta, now: Instant) {
        self.next_check = [self.end(), self.forget_at]
            .into_iter()
            .flatten()
            .filter(|end| *end > now)
            .fold(now + wait, Instant::min);
    }

    /// True if the next check is so far away that a clock which was wrong has planned it.
    fn is_planned_wrongly(&self, now: Instant, policy: &GrantPolicy) -> bool {
        self.next_check > now + policy.longest_wait
    }

    fn is_to_be_forgotten(&self, now: Instant) -> bool {
        self.forget_at.is_some_and(|at| now >= at)
    }

    fn judged(
        mut self,
        asked: Instant,
        verdict: Verdict,
        generation: Generation,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Result<Self, NeedsLogin> {
        // Two answers that overtook each other: the question asked later is the newer truth. A time
        // of asking that is still to come was written by a clock that was wrong, and proves nothing.
        if asked < self.checked.asked && self.checked.asked <= now {
            if self.is_planned_wrongly(now, policy) {
                self.next_check = now;
            }
            return Ok(self);
        }
        // Not before an answer: it tells what time it is, and this computer's clock may be wrong.
        // Where none comes for long, our own clock has to do.
        let may_forget = verdict.is_answer() || self.unclear >= policy.silent_checks;
        if may_forget && self.is_to_be_forgotten(now) {
            return Err(self.end_with(EndReason::NotRemembered, generation, now, effects));
        }
        match verdict {
            // A token that is over can still be renewed: only a refused renewal is the end of it.
            Verdict::Dead(EndReason::Expired)
                if policy.renewal.is_some() && self.facts.expiry.is_past(now) =>
            {
                self.next_check = now + policy.retry_first;
                self.renew_after = self.renew_after.map(|at| at.min(self.next_check));
            }
            Verdict::Dead(reason) => return Err(self.end_with(reason, generation, now, effects)),
            Verdict::Good(facts) => self.good(facts, asked, now, policy, effects),
            Verdict::CantTell { why, retry_after } => {
                self.cannot_tell(asked, why, retry_after, now, policy, effects);
            }
        }
        Ok(self)
    }

    fn good(
        &mut self,
        facts: Facts,
        asked: Instant,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Note(Happening::Checked));
        if let Some(now_granted) = &facts.scopes
            && self.facts.scopes.is_some()
        {
            let before = self.granted();
            let lost: Vec<_> = before.difference(now_granted).cloned().collect();
            let gained: Vec<_> = now_granted.difference(&before).cloned().collect();
            if !lost.is_empty() {
                effects.push(Effect::Note(Happening::PermissionsLost {
                    scopes: lost.clone(),
                }));
                effects.push(Effect::Tell(Incident::PermissionsLost(lost)));
            }
            if !gained.is_empty() {
                effects.push(Effect::Note(Happening::PermissionsGained {
                    scopes: gained,
                }));
                effects.push(Effect::ReleasePosts);
            }
        }
        let end_before = self.end();
        self.facts = merged(std::mem::take(&mut self.facts), facts);
        if self.end() != end_before {
            // A warning speaks of one end; another end is warned of anew.
            self.warned = None;
        }
        if self.unclear > 0 {
            effects.push(Effect::ReleasePosts);
        }
        self.checked = Checked {
            asked,
            unclear: None,
        };
        self.unreachable_since = None;
        self.unclear = 0;
        self.check_in(policy.check_every, now);
        self.warn(now, policy, effects);
    }

    fn cannot_tell(
        &mut self,
        asked: Instant,
        why: CantTell,
        retry_after: Option<TimeDelta>,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) {
        // Once for each stretch of silence; a day without network is not a thousand lines.
        if self.unclear == 0 {
            effects.push(Effect::Note(Happening::CheckUnclear { why: why.clone() }));
        }
        let wait = backoff(policy.retry_first, policy.retry_cap, self.unclear)
            .max(retry_after.unwrap_or_default());
        self.unclear = self.unclear.saturating_add(1);
        self.unreachable_since.get_or_insert(asked);
        self.checked = Checked {
            asked,
            unclear: Some(why),
        };
        self.check_in(wait, now);
    }

    fn end_with(
        mut self,
        reason: EndReason,
        generation: Generation,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> NeedsLogin {
        effects.push(Effect::Note(Happening::Ended { reason }));
        effects.push(Effect::Tell(Incident::NeedsLogin(reason)));
        // After a checkpoint the very same token may work again, so that one is kept.
        let keep = reason == EndReason::Checkpoint;
        if !keep {
            effects.push(Effect::ForgetSecret(generation));
        }
        self.checked.asked = self.checked.asked.max(now);
        NeedsLogin {
            reason,
            since: now,
            was: keep.then(|| Box::new(self)),
        }
    }

    fn warn(&mut self, now: Instant, policy: &GrantPolicy, effects: &mut Vec<Effect>) {
        if self.end().is_some_and(|end| now >= end) {
            // The end is there: nothing is left to be warned of ahead.
            self.warned = Some(0);
            return;
        }
        if let (Some(lead), Some(at)) = (self.due_warning(policy, now), self.end()) {
            self.warned = Some(lead.num_seconds());
            effects.push(Effect::Note(Happening::ExpiresSoon { at }));
            effects.push(Effect::Tell(Incident::ExpiresSoon { at }));
        }
    }

    fn woke(
        mut self,
        generation: Generation,
        remember: Remember,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Grant {
        self.warn(now, policy, effects);
        let renewal = policy
            .renewal
            .as_ref()
            .and_then(|renewal| self.renew_at(renewal));
        if renewal.is_some_and(|at| now >= at) {
            let attempt = Attempt(now.timestamp_millis().unsigned_abs());
            effects.push(Effect::Renew(attempt));
            let state = GrantState::Renewing(Renewing {
                attempt,
                since: now,
                active: self,
            });
            return Grant {
                generation,
                remember,
                state,
            };
        }
        if now >= self.next_check || self.is_planned_wrongly(now, policy) {
            effects.push(Effect::Check);
            // Until the answer is here nobody has to ask again.
            self.next_check = now + policy.retry_cap;
        }
        Grant {
            generation,
            remember,
            state: GrantState::Active(self),
        }
    }
}

impl NeedsLogin {
    /// Only a question asked after the end, about a token that was kept, can bring it back.
    fn judged(
        self,
        asked: Instant,
        verdict: Verdict,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> GrantState {
        match (verdict, self.was) {
            (Verdict::Good(facts), Some(mut was)) if asked > self.since || self.since > now => {
                effects.push(Effect::Note(Happening::Recovered));
                effects.push(Effect::Withdraw);
                was.good(facts, asked, now, policy, effects);
                if was.is_to_be_forgotten(now) {
                    was.next_check = now;
                }
                effects.push(Effect::ReleasePosts);
                GrantState::Active(*was)
            }
            (_, was) => GrantState::NeedsLogin(Self { was, ..self }),
        }
    }
}

impl UnderWay {
    fn judged(
        self,
        (generation, asked): (Generation, Instant),
        verdict: Verdict,
        now: Instant,
        policy: &GrantPolicy,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let before = match self.before {
            Before::Active(active) => active
                .judged(asked, verdict, generation, now, policy, effects)
                .map_or_else(Before::NeedsLogin, |active| {
                    Before::Active(Box::new(active))
                }),
            before => before,
        };
        Self { before, ..self }
    }

    fn ended(self, end: impl FnOnce(Active) -> NeedsLogin) -> Self {
        let before = match self.before {
            Before::Active(active) => Before::NeedsLogin(end(*active)),
            before => before,
        };
        Self { before, ..self }
    }
}

impl Before {
    fn into_state(self) -> GrantState {
        match self {
            Self::SignedOut(out) => GrantState::SignedOut(out),
            Self::Active(active) => GrantState::Active(*active),
            Self::NeedsLogin(ended) => GrantState::NeedsLogin(ended),
        }
    }
}

/// What the issuer leaves out of a later answer about the same token still stands.
fn merged(known: Facts, new: Facts) -> Facts {
    let known_unless_told = |new: Expiry, known: Expiry| {
        if new == Expiry::Unknown { known } else { new }
    };
    Facts {
        expiry: known_unless_told(new.expiry, known.expiry),
        data_access_ends: known_unless_told(new.data_access_ends, known.data_access_ends),
        issued_at: new.issued_at.or(known.issued_at),
        scopes: new.scopes.or(known.scopes),
        account: new.account.or(known.account),
        owner: new.owner.or(known.owner),
    }
}

fn forget_at(remember: Remember, since: Instant) -> Option<Instant> {
    match remember {
        Remember::Days(days) => since.checked_add_signed(TimeDelta::days(days.into())),
        Remember::UntilQuit | Remember::Always => None,
    }
}
