//! The grant's machine, tested by jumping time.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::*;
use crate::policy::RenewalPolicy;

fn at(days: i64) -> Instant {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(days)
}

fn facts(days: i64) -> Facts {
    Facts {
        expiry: Expiry::At(at(days)),
        scopes: Some(BTreeSet::from(["read".to_owned(), "write".to_owned()])),
        ..Facts::default()
    }
}

fn policy() -> GrantPolicy {
    GrantPolicy {
        wanted_scopes: vec!["read".into(), "write".into()],
        ..GrantPolicy::default()
    }
}

fn signed_in(remember: Remember) -> Grant {
    let grant = Grant::new(at(0), remember);
    let (grant, _) = grant.step(Event::SignInStarted(Attempt(1)), at(0), &policy());
    let (grant, _) = grant.step(Event::CodeReceived(Attempt(1)), at(0), &policy());
    let event = Event::SignedIn {
        attempt: Attempt(1),
        facts: facts(60),
        asked: at(0),
    };
    grant.step(event, at(0), &policy()).0
}

fn check(grant: Grant, asked: Instant, verdict: Verdict) -> (Grant, Vec<Effect>) {
    let generation = grant.generation;
    grant.step(
        Event::CheckAnswered {
            generation,
            asked,
            verdict,
        },
        asked,
        &policy(),
    )
}

fn unclear() -> Verdict {
    let why = CantTell::Service {
        status: 503,
        said: String::new(),
    };
    Verdict::CantTell {
        why,
        retry_after: None,
    }
}

fn told(effects: &[Effect]) -> Vec<&Incident> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(incident) => Some(incident),
            _ => None,
        })
        .collect()
}

/// Wakes the grant at its own times up to `until`, answering every check with `verdict`.
fn live(mut grant: Grant, until: Instant, verdict: &Verdict) -> (Grant, Vec<(Instant, Effect)>) {
    let mut log = Vec::new();
    while let Some(now) = grant.wake_at(&policy()).filter(|wake| *wake <= until) {
        let (next, effects) = grant.step(Event::Woke, now, &policy());
        grant = next;
        let asks = effects.contains(&Effect::Check);
        log.extend(effects.into_iter().map(|effect| (now, effect)));
        if asks {
            let (next, effects) = check(grant, now, verdict.clone());
            grant = next;
            log.extend(effects.into_iter().map(|effect| (now, effect)));
        }
    }
    (grant, log)
}

#[test]
fn signing_in_makes_it_active_under_the_next_generation_and_lets_posts_go() {
    let grant = Grant::new(at(0), Remember::Always);
    let (grant, _) = grant.step(Event::SignInStarted(Attempt(7)), at(0), &policy());
    assert!(matches!(grant.state, GrantState::SigningIn(_)));
    let (grant, _) = grant.step(Event::CodeReceived(Attempt(7)), at(0), &policy());
    assert!(matches!(grant.state, GrantState::Exchanging(_)));
    let event = Event::SignedIn {
        attempt: Attempt(7),
        facts: facts(60),
        asked: at(0),
    };
    let (grant, effects) = grant.step(event, at(0), &policy());
    assert_eq!(grant.generation, Generation(1));
    assert_eq!(grant.active().unwrap().facts.expiry, Expiry::At(at(60)));
    assert!(effects.contains(&Effect::ReleasePosts));
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::ForgetSecret(_)))
    );
}

#[test]
fn a_failed_sign_in_falls_back_to_what_was_before() {
    let before = signed_in(Remember::Always);
    let (grant, _) = before
        .clone()
        .step(Event::SignInStarted(Attempt(2)), at(1), &policy());
    assert!(
        grant.active().is_some(),
        "the old token stays usable meanwhile"
    );
    let event = Event::SignInFailed {
        attempt: Attempt(2),
        why: "cancelled".into(),
    };
    let (grant, _) = grant.step(event, at(0), &policy());
    assert_eq!(grant, before);
}

#[test]
fn the_answer_of_a_sign_in_that_was_given_up_changes_nothing_and_its_secret_is_deleted() {
    let (grant, _) = Grant::new(at(0), Remember::Always).step(
        Event::SignInStarted(Attempt(2)),
        at(0),
        &policy(),
    );
    let late = Event::SignedIn {
        attempt: Attempt(1),
        facts: facts(60),
        asked: at(0),
    };
    let (after, effects) = grant.clone().step(late, at(0), &policy());
    assert_eq!(after, grant);
    assert_eq!(effects, [Effect::ForgetSecret(Generation(1))]);
}

#[test]
fn an_unfinished_sign_in_ends_by_itself() {
    let (grant, _) = Grant::new(at(0), Remember::Always).step(
        Event::SignInStarted(Attempt(2)),
        at(0),
        &policy(),
    );
    let wake = grant.wake_at(&policy()).unwrap();
    let (grant, _) = grant.step(Event::Woke, wake, &policy());
    assert!(matches!(grant.state, GrantState::SignedOut(_)));
}

#[test]
fn only_a_classified_death_ends_a_sign_in() {
    let (grant, effects) = check(signed_in(Remember::Always), at(1), unclear());
    assert!(grant.active().is_some());
    assert_eq!(grant.active().unwrap().unreachable_since, Some(at(1)));
    assert!(told(&effects).is_empty());

    let (grant, effects) = check(grant, at(2), Verdict::Dead(EndReason::PasswordChanged));
    assert_eq!(grant.ended().unwrap().reason, EndReason::PasswordChanged);
    assert_eq!(
        told(&effects),
        [&Incident::NeedsLogin(EndReason::PasswordChanged)]
    );
    assert!(effects.contains(&Effect::ForgetSecret(Generation(1))));
}

#[test]
fn a_month_without_the_issuer_is_one_line_in_the_diary_and_no_end() {
    let (grant, log) = live(signed_in(Remember::Always), at(30), &unclear());
    assert!(grant.active().is_some());
    let notes = log
        .iter()
        .filter(|(_, effect)| matches!(effect, Effect::Note(_)))
        .count();
    assert_eq!(notes, 1);
    let checks = log
        .iter()
        .filter(|(_, effect)| *effect == Effect::Check)
        .count();
    assert!(
        checks < 30 * 48 + 8,
        "{checks} checks: the backoff has no cap"
    );
}

#[test]
fn the_person_is_warned_a_week_and_a_day_ahead_once_each() {
    let (_, log) = live(
        signed_in(Remember::Always),
        at(59),
        &Verdict::Good(facts(60)),
    );
    let warnings: Vec<_> = log
        .iter()
        .filter(|(_, effect)| matches!(effect, Effect::Tell(Incident::ExpiresSoon { .. })))
        .map(|(when, _)| *when)
        .collect();
    assert_eq!(warnings, [at(53), at(59)]);
}

#[test]
fn an_end_of_data_access_that_comes_first_is_the_one_warned_of() {
    let mut grant = signed_in(Remember::Always);
    let GrantState::Active(active) = &mut grant.state else {
        panic!("not active")
    };
    active.facts.data_access_ends = Expiry::At(at(20));
    let (_, effects) = grant.step(Event::Woke, at(13), &policy());
    assert_eq!(told(&effects), [&Incident::ExpiresSoon { at: at(20) }]);
}

#[test]
fn at_the_announced_end_the_issuer_is_asked_and_its_word_counts() {
    let (grant, log) = live(
        signed_in(Remember::Always),
        at(60),
        &Verdict::Good(facts(60)),
    );
    assert!(grant.active().is_some());
    assert!(
        log.contains(&(at(60), Effect::Check)),
        "nobody asked on the last day"
    );
    let (grant, _) = check(grant, at(60), Verdict::Dead(EndReason::Expired));
    assert_eq!(grant.ended().unwrap().reason, EndReason::Expired);
}

#[test]
fn an_answer_about_an_older_secret_changes_nothing() {
    let grant = signed_in(Remember::Always);
    let event = Event::CheckAnswered {
        generation: Generation(0),
        asked: at(5),
        verdict: Verdict::Dead(EndReason::Revoked),
    };
    let (after, effects) = grant.clone().step(event, at(5), &policy());
    assert_eq!(after, grant);
    assert!(effects.is_empty());
}

#[test]
fn an_answer_overtaken_by_a_later_question_changes_nothing() {
    let (grant, _) = check(signed_in(Remember::Always), at(5), Verdict::Good(facts(60)));
    let event = Event::CheckAnswered {
        generation: grant.generation,
        asked: at(4),
        verdict: Verdict::Dead(EndReason::Revoked),
    };
    let (after, _) = grant.clone().step(event, at(5), &policy());
    assert_eq!(after, grant);
}

#[test]
fn a_late_good_answer_does_not_bring_back_a_dead_grant() {
    let (dead, _) = check(
        signed_in(Remember::Always),
        at(5),
        Verdict::Dead(EndReason::PasswordChanged),
    );
    for asked in [at(4), at(5), at(6)] {
        let (after, effects) = check(dead.clone(), asked, Verdict::Good(facts(60)));
        assert_eq!(after, dead);
        assert!(effects.is_empty());
    }
}

#[test]
fn after_a_checkpoint_the_same_token_may_work_again_but_only_by_a_later_question() {
    let (held, effects) = check(
        signed_in(Remember::Always),
        at(5),
        Verdict::Dead(EndReason::Checkpoint),
    );
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::ForgetSecret(_)))
    );
    let (still, _) = check(held.clone(), at(5), Verdict::Good(facts(60)));
    assert_eq!(still, held);
    let (back, effects) = check(held, at(6), Verdict::Good(facts(60)));
    assert!(back.active().is_some());
    assert!(effects.contains(&Effect::ReleasePosts));
}

#[test]
fn lost_permissions_are_told_and_do_not_end_the_sign_in() {
    let less = Facts {
        scopes: Some(BTreeSet::from(["read".to_owned()])),
        ..facts(60)
    };
    let (grant, effects) = check(signed_in(Remember::Always), at(1), Verdict::Good(less));
    assert!(grant.active().is_some());
    assert_eq!(grant.missing_scopes(&policy()), ["write"]);
    assert_eq!(
        told(&effects),
        [&Incident::PermissionsLost(vec!["write".into()])]
    );
    let (_, effects) = check(grant, at(2), Verdict::Good(facts(60)));
    assert!(effects.contains(&Effect::ReleasePosts));
}

#[test]
fn remember_me_ends_when_the_person_said_so() {
    let grant = signed_in(Remember::Days(30));
    let (grant, log) = live(grant, at(31), &Verdict::Good(facts(60)));
    assert_eq!(grant.ended().unwrap().reason, EndReason::NotRemembered);
    assert!(log.contains(&(at(30), Effect::ForgetSecret(Generation(1)))));

    let restart = Event::Restarted {
        spread: TimeDelta::zero(),
    };
    let (grant, _) = signed_in(Remember::UntilQuit).step(restart, at(1), &policy());
    assert_eq!(grant.ended().unwrap().reason, EndReason::NotRemembered);
}

fn offline() -> Verdict {
    Verdict::CantTell {
        why: CantTell::Network {
            said: "no way".into(),
        },
        retry_after: None,
    }
}

#[test]
fn a_clock_that_nobody_has_confirmed_forgets_no_sign_in() {
    let (grant, effects) = signed_in(Remember::Days(30)).step(Event::Woke, at(400), &policy());
    assert!(grant.active().is_some(), "this clock may be a year ahead");
    assert!(effects.contains(&Effect::Check), "the issuer is asked");
    let (grant, _) = check(grant, at(400), offline());
    assert!(grant.active().is_some(), "no answer confirms nothing");

    // The answer came with the issuer's time, by which it is day 5.
    let event = Event::CheckAnswered {
        generation: grant.generation,
        asked: at(5),
        verdict: Verdict::Good(facts(60)),
    };
    let (grant, _) = grant.step(event, at(5), &policy());
    assert!(grant.active().is_some());
    let (grant, _) = live(grant, at(31), &Verdict::Good(facts(60)));
    assert_eq!(grant.ended().unwrap().reason, EndReason::NotRemembered);
}

#[test]
fn an_issuer_that_is_silent_for_long_does_not_keep_a_sign_in_from_being_forgotten() {
    let (grant, log) = live(signed_in(Remember::Days(30)), at(35), &offline());
    assert_eq!(grant.ended().unwrap().reason, EndReason::NotRemembered);
    let asked = log
        .iter()
        .filter(|(when, effect)| *effect == Effect::Check && *when <= at(30))
        .count();
    assert!(asked > 48, "asked {asked} times in vain before");
}

#[test]
fn a_secret_that_is_gone_from_the_keychain_is_its_own_reason() {
    let grant = signed_in(Remember::Always);
    let (same, _) = grant
        .clone()
        .step(Event::SecretMissing(Generation(0)), at(1), &policy());
    assert_eq!(same, grant);
    let (ended, _) = grant.step(Event::SecretMissing(Generation(1)), at(1), &policy());
    assert_eq!(ended.ended().unwrap().reason, EndReason::SecretLost);
}

#[test]
fn signing_out_makes_every_answer_under_way_a_late_one() {
    let grant = signed_in(Remember::Always);
    let old = grant.generation;
    let (out, effects) = grant.step(Event::SignedOut { usable_until: None }, at(1), &policy());
    assert!(effects.contains(&Effect::ForgetSecret(old)));
    let late = Event::CheckAnswered {
        generation: old,
        asked: at(2),
        verdict: Verdict::Good(facts(60)),
    };
    assert_eq!(out.clone().step(late, at(2), &policy()).0, out);
}

#[test]
fn a_renewal_goes_out_ahead_of_the_end_and_not_before_its_minimum_age() {
    let policy = GrantPolicy {
        renewal: Some(RenewalPolicy {
            lead: TimeDelta::days(10),
            min_age: TimeDelta::days(1),
        }),
        ..policy()
    };
    let grant = signed_in(Remember::Always);
    let (grant, effects) = grant.step(Event::Woke, at(50), &policy);
    let attempt = match &effects[..] {
        [Effect::Renew(attempt)] => *attempt,
        other => panic!("no renewal but {other:?}"),
    };
    let outcome = RenewalOutcome::Renewed {
        facts: facts(110),
        asked: at(50),
    };
    let late = Event::RenewalAnswered {
        attempt: Attempt(1),
        outcome: outcome.clone(),
    };
    let (grant, effects) = grant.step(late, at(50), &policy);
    assert_eq!(
        effects,
        [Effect::ForgetSecret(Generation(2))],
        "a stray answer leaves no secret"
    );
    let event = Event::RenewalAnswered { attempt, outcome };
    let (grant, _) = grant.step(event, at(50), &policy);
    assert_eq!(grant.generation, Generation(2));
    assert_eq!(grant.active().unwrap().facts.expiry, Expiry::At(at(110)));
}

#[test]
fn a_refused_renewal_does_not_end_a_token_that_still_works() {
    let policy = GrantPolicy {
        renewal: Some(RenewalPolicy {
            lead: TimeDelta::days(10),
            min_age: TimeDelta::days(1),
        }),
        ..policy()
    };
    let (grant, effects) = signed_in(Remember::Always).step(Event::Woke, at(50), &policy);
    let [Effect::Renew(attempt)] = effects[..] else {
        panic!("no renewal")
    };
    let outcome = RenewalOutcome::Refused(EndReason::RefreshRefused);
    let (grant, effects) = grant.step(Event::RenewalAnswered { attempt, outcome }, at(50), &policy);
    assert!(grant.active().is_some());
    assert_eq!(effects, [Effect::Check]);
    let generation = grant.generation;
    let verdict = Verdict::Good(facts(60));
    let event = Event::CheckAnswered {
        generation,
        asked: at(50),
        verdict,
    };
    let (grant, _) = grant.step(event, at(50), &policy);
    assert!(
        grant.wake_at(&policy).unwrap() > at(50),
        "it would renew for ever"
    );
}

#[test]
fn a_token_that_is_over_waits_for_its_renewal_and_only_a_refused_one_ends_it() {
    let policy = GrantPolicy {
        renewal: Some(RenewalPolicy {
            lead: TimeDelta::minutes(10),
            min_age: TimeDelta::days(1),
        }),
        ..policy()
    };
    let due = at(60) - TimeDelta::minutes(10);
    let (grant, effects) = signed_in(Remember::Always).step(Event::Woke, due, &policy);
    let Some(Effect::Renew(attempt)) = effects.last() else {
        panic!("no renewal in {effects:?}")
    };
    let outcome = RenewalOutcome::CantTell(CantTell::Network {
        said: "no network".into(),
    });
    let event = Event::RenewalAnswered {
        attempt: *attempt,
        outcome,
    };
    let (grant, _) = grant.step(event, due, &policy);
    let over = Event::CheckAnswered {
        generation: grant.generation,
        asked: at(60),
        verdict: Verdict::Dead(EndReason::Expired),
    };
    let (grant, effects) = grant.step(over, at(60), &policy);
    assert!(grant.active().is_some());
    assert!(!effects.contains(&Effect::ForgetSecret(grant.generation)));
    let again = grant.wake_at(&policy).unwrap().max(at(60));
    let (grant, effects) = grant.step(Event::Woke, again, &policy);
    let Some(Effect::Renew(attempt)) = effects.last() else {
        panic!("no second renewal in {effects:?}")
    };
    let event = Event::RenewalAnswered {
        attempt: *attempt,
        outcome: RenewalOutcome::Refused(EndReason::RefreshRefused),
    };
    let (grant, _) = grant.step(event, again, &policy);
    assert_eq!(grant.ended().unwrap().reason, EndReason::RefreshRefused);
}

#[test]
fn a_renewal_does_not_prolong_what_the_person_chose() {
    let policy = GrantPolicy {
        renewal: Some(RenewalPolicy {
            lead: TimeDelta::days(10),
            min_age: TimeDelta::days(1),
        }),
        ..policy()
    };
    let (grant, effects) = signed_in(Remember::Days(55)).step(Event::Woke, at(50), &policy);
    let [Effect::Renew(attempt)] = effects[..] else {
        panic!("no renewal")
    };
    let outcome = RenewalOutcome::Renewed {
        facts: facts(110),
        asked: at(50),
    };
    let event = Event::RenewalAnswered { attempt, outcome };
    let (grant, _) = grant.step(event, at(50), &policy);
    assert_eq!(grant.active().unwrap().forget_at, Some(at(55)));
}

#[test]
fn a_warning_that_was_never_given_does_not_keep_the_grant_awake_after_the_end() {
    let grant = signed_in(Remember::Always);
    let (grant, _) = grant.step(Event::Woke, at(70), &policy());
    let (grant, effects) = check(grant, at(70), unclear());
    assert!(told(&effects).is_empty(), "what is over is not warned of");
    assert!(grant.wake_at(&policy()).unwrap() > at(70));
}

#[test]
fn a_time_of_asking_from_a_clock_that_was_ahead_does_not_make_the_grant_deaf() {
    let (grant, _) = check(
        signed_in(Remember::Always),
        at(400),
        Verdict::Good(facts(460)),
    );
    let event = Event::CheckAnswered {
        generation: grant.generation,
        asked: at(5),
        verdict: Verdict::Dead(EndReason::Revoked),
    };
    let (ended, _) = grant.step(event, at(5), &policy());
    assert_eq!(ended.ended().unwrap().reason, EndReason::Revoked);
}

#[test]
fn a_check_planned_by_a_clock_that_was_ahead_is_made_now() {
    let (grant, _) = signed_in(Remember::Always).step(
        Event::CheckSoon {
            spread: TimeDelta::zero(),
        },
        at(400),
        &policy(),
    );
    let (_, effects) = grant.clone().step(Event::Woke, at(1), &policy());
    assert_eq!(effects, [Effect::Check]);

    // An answer that counts for nothing, because a later question was answered, has told the time.
    let (grant, _) = check(grant, at(0) - TimeDelta::seconds(1), unclear());
    assert!(grant.wake_at(&policy()).unwrap() < at(1));
}

#[test]
fn what_a_later_answer_leaves_out_still_stands() {
    let bare = Facts::default();
    let (grant, _) = check(signed_in(Remember::Always), at(1), Verdict::Good(bare));
    let active = grant.active().unwrap();
    assert_eq!(active.facts.expiry, Expiry::At(at(60)));
    assert!(active.facts.scopes.is_some());
}

#[test]
fn an_end_of_data_access_that_slides_behind_the_tokens_end_is_no_new_warning() {
    let slides = |days| {
        Verdict::Good(Facts {
            data_access_ends: Expiry::At(at(days)),
            ..facts(60)
        })
    };
    let (grant, first) = check(signed_in(Remember::Always), at(54), slides(100));
    assert_eq!(told(&first).len(), 1);
    let (_, second) = check(grant, at(55), slides(101));
    assert!(told(&second).is_empty());
}

fn any_event() -> impl Strategy<Value = (u8, u64, i64)> {
    (0_u8..14, 0_u64..4, 0_i64..90)
}

fn event((kind, number, day): (u8, u64, i64), grant: &Grant) -> Event {
    // Half of the answers are about the current secret, the others come late.
    let generation = Generation(grant.generation.0.saturating_sub(number / 2));
    let attempt = Attempt(number);
    match kind {
        0 => Event::SignInStarted(attempt),
        1 => Event::CodeReceived(attempt),
        2 => Event::SignInFailed {
            attempt,
            why: "no".into(),
        },
        3 => Event::SignedIn {
            attempt,
            facts: facts(day + 60),
            asked: at(day),
        },
        4 => Event::Restarted {
            spread: TimeDelta::minutes(1),
        },
        5 => Event::CheckAnswered {
            generation,
            asked: at(day),
            verdict: Verdict::Good(facts(60)),
        },
        6 => Event::CheckAnswered {
            generation,
            asked: at(day),
            verdict: Verdict::Dead(EndReason::Revoked),
        },
        7 => Event::CheckAnswered {
            generation,
            asked: at(day),
            verdict: unclear(),
        },
        8 => Event::UseRefused {
            generation,
            asked: at(day),
            reason: EndReason::Checkpoint,
        },
        9 => Event::SecretMissing(generation),
        10 => Event::SignedOut { usable_until: None },
        11 => Event::CheckSoon {
            spread: TimeDelta::minutes(1),
        },
        12 => Event::RememberChosen(Remember::Days(u32::try_from(day).unwrap_or(1))),
        _ => Event::Woke,
    }
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_what_a_grant_promises(
        steps in prop::collection::vec(any_event(), 1..60),
    ) {
        let mut grant = Grant::new(at(0), Remember::Always);
        let mut now = at(0);
        for step in steps {
            now = now.max(at(step.2));
            let event = event(step, &grant);
            let before = grant.clone();
            let (next, effects) = grant.step(event.clone(), now, &policy());
            grant = next;

            // Only a sign-in that was asked for makes an ended grant active, or a later
            // question about a token that was kept for it.
            if before.active().is_none() && grant.active().is_some() {
                let signed_in = matches!(event, Event::SignedIn { .. });
                let kept = before.ended().is_some_and(|ended| ended.was.is_some());
                prop_assert!(signed_in || kept, "{event:?} brought back {before:?}");
            }
            // Generations never go back, and a new one comes only with a new secret or a sign-out.
            prop_assert!(grant.generation >= before.generation);
            if grant.generation > before.generation {
                let expected = matches!(event, Event::SignedIn { .. } | Event::SignedOut { .. });
                prop_assert!(expected);
            }
            // Every end is told, at once and once.
            let tells = effects
                .iter()
                .filter(|effect| matches!(effect, Effect::Tell(Incident::NeedsLogin(_))))
                .count();
            let newly_ended = before.ended().is_none() && grant.ended().is_some();
            prop_assert_eq!(tells, usize::from(newly_ended));
            // A secret that is in use is never deleted.
            if grant.active().is_some() {
                let deleted = effects.contains(&Effect::ForgetSecret(grant.generation));
                prop_assert!(!deleted, "{event:?} deleted the secret in use");
            }
            // No state without a way out: it wakes by itself, or waits for the person.
            let waits_for_person =
                matches!(grant.state, GrantState::SignedOut(_) | GrantState::NeedsLogin(_));
            prop_assert!(waits_for_person || grant.wake_at(&policy()).is_some());
        }
    }
}
