//! The post's machine, tested by jumping time.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::policy::PostPolicy;

fn at(minutes: i64) -> Instant {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn post() -> Post {
    Post {
        id: PostId(1),
        account: "a".into(),
        target: "p".into(),
        content: Content {
            text: "hello".into(),
            ..Content::default()
        },
        due: at(10),
        zone: "Europe/Berlin".into(),
        late_limit: 7200,
        attempts: 0,
        state: PostState::Queued,
    }
}

fn go(post: Post, event: Event, now: Instant) -> (Post, Vec<Effect>) {
    post.step(event, now, &PostPolicy::default())
}

fn preparing(now: Instant) -> Post {
    let (post, effects) = go(post(), Event::Woke, now);
    assert_eq!(effects, [Effect::Prepare(Attempt(1))]);
    post
}

fn committing(now: Instant) -> Post {
    let event = Event::Prepared {
        attempt: Attempt(1),
        issuer_now: now,
    };
    let (post, effects) = go(preparing(now), event, now);
    assert_eq!(effects, [Effect::Commit(Attempt(1))]);
    post
}

fn dead() -> Hold {
    Hold::SignIn {
        reason: EndReason::PasswordChanged,
    }
}

fn edited(text: &str, moved: Option<Instant>) -> Event {
    Event::Edited {
        content: Content {
            text: text.into(),
            ..Content::default()
        },
        moved: moved.map(|due| (due, "UTC".into())),
    }
}

#[test]
fn an_edit_changes_what_is_said_and_leaves_the_post_where_it_stands() {
    let (queued, effects) = go(post(), edited("better", None), at(5));
    assert_eq!(queued.content.text, "better");
    assert_eq!(
        (queued.due, queued.zone.as_str()),
        (at(10), "Europe/Berlin")
    );
    assert_eq!(effects, [Effect::Note(Happening::PostEdited)]);

    let blocked = Event::Blocked {
        attempt: Attempt(1),
        why: dead(),
        retry_after: None,
    };
    let (held, _) = go(preparing(at(10)), blocked, at(10));
    let (still_held, _) = go(held.clone(), edited("better", None), at(11));
    assert_eq!(still_held.state, held.state);
    let (sent, _) = go(still_held, Event::Released, at(12));
    assert_eq!(sent.content.text, "better");

    let (missed, _) = go(post(), Event::Woke, at(10 + 121));
    let (still_missed, effects) = go(missed, edited("better", None), at(200));
    assert!(matches!(still_missed.state, PostState::Missed { .. }));
    assert!(!effects.contains(&Effect::Prepare(Attempt(1))));
}

#[test]
fn an_edit_with_another_time_queues_the_post_again() {
    let (missed, _) = go(post(), Event::Woke, at(10 + 121));
    let (queued, effects) = go(missed, edited("hello", Some(at(300))), at(200));
    assert_eq!(queued.state, PostState::Queued);
    assert_eq!((queued.due, queued.zone.as_str()), (at(300), "UTC"));
    let note = Effect::Note(Happening::PostQueued { due: at(300) });
    assert_eq!(effects, [note], "the text is the same");
}

#[test]
fn nothing_is_edited_that_may_have_been_sent() {
    let lost = Event::AnswerLost {
        attempt: Attempt(1),
        said: "timeout".into(),
    };
    let (uncertain, _) = go(committing(at(10)), lost, at(10));
    let (cancelled, _) = go(post(), Event::Cancelled, at(5));
    for (post, why) in [
        (preparing(at(10)), Refusal::BeingSent),
        (committing(at(10)), Refusal::BeingSent),
        (uncertain, Refusal::Uncertain),
        (cancelled, Refusal::Cancelled),
    ] {
        let event = edited("better", Some(at(300)));
        assert_eq!(post.permits(&event), Err(why));
        assert_eq!(go(post.clone(), event, at(20)), (post, Vec::new()));
    }
}

#[test]
fn another_kind_of_post_is_looked_at_again_where_a_permission_was_missing() {
    let missing = Event::Blocked {
        attempt: Attempt(1),
        why: Hold::Permission { scopes: Vec::new() },
        retry_after: None,
    };
    let (mut held, _) = go(preparing(at(10)), missing, at(10));
    held.content.picture = Some(Picture {
        stored: "x.png".into(),
        name: "x.png".into(),
        mime: "image/png".into(),
        bytes: 1,
    });
    let (looked_at, _) = go(held, edited("without", None), at(20));
    assert_eq!(looked_at.wake_at(), Some(at(20)));
    let (_, effects) = go(looked_at, Event::Woke, at(20));
    assert_eq!(effects, [Effect::Prepare(Attempt(2))]);
}

#[test]
fn nothing_happens_before_its_time() {
    let (same, effects) = go(post(), Event::Woke, at(9));
    assert_eq!(same, post());
    assert!(effects.is_empty());
    assert_eq!(same.wake_at(), Some(at(10)));
}

#[test]
fn the_intent_is_in_the_state_before_the_request_is_asked_for() {
    let post = committing(at(10));
    let PostState::Sending(journal) = &post.state else {
        panic!("not sending")
    };
    assert_eq!(journal.phase, Phase::Committing);
    assert_eq!(journal.started, at(10));
}

#[test]
fn an_accepted_post_is_posted() {
    let event = Event::Accepted {
        attempt: Attempt(1),
        remote_id: "9".into(),
        url: Some("u".into()),
    };
    let (post, _) = go(committing(at(10)), event, at(11));
    assert!(matches!(post.state, PostState::Posted { .. }));
    assert_eq!(post.wake_at(), None);
}

#[test]
fn a_dead_sign_in_holds_the_post_and_a_new_one_sends_it() {
    let event = Event::Blocked {
        attempt: Attempt(1),
        why: dead(),
        retry_after: None,
    };
    let (held, _) = go(preparing(at(10)), event, at(10));
    assert_eq!(held.wake_at(), None, "only the person can help");
    let (post, effects) = go(held.clone(), Event::Released, at(100));
    assert_eq!(effects, [Effect::Prepare(Attempt(2))]);
    assert!(matches!(post.state, PostState::Sending(_)));

    let (missed, effects) = go(held, Event::Released, at(10 + 121));
    assert!(matches!(missed.state, PostState::Missed { .. }));
    assert!(effects.contains(&Effect::Ask));
}

#[test]
fn a_post_that_is_found_late_is_put_to_the_person_and_sent_if_they_say_so() {
    let (missed, _) = go(post(), Event::Woke, at(10 + 121));
    assert!(matches!(missed.state, PostState::Missed { .. }));
    let (post, effects) = go(missed, Event::SendNow, at(500));
    assert_eq!(effects, [Effect::Prepare(Attempt(1))]);
    assert_eq!(post.due, at(500));
}

#[test]
fn a_lost_answer_is_asked_about_after_it_had_time_to_settle_and_never_sent_again_on_a_guess() {
    let lost = Event::AnswerLost {
        attempt: Attempt(1),
        said: "timeout".into(),
    };
    let (post, _) = go(committing(at(10)), lost, at(10));
    assert_eq!(post.wake_at(), Some(at(12)));
    let (post, effects) = go(post, Event::Woke, at(12));
    assert_eq!(effects, [Effect::LookUp(Attempt(1))]);

    let there = Found::There {
        remote_id: "9".into(),
        url: None,
    };
    let event = Event::LookedUp {
        attempt: Attempt(1),
        found: there,
    };
    let (found, _) = go(post.clone(), event, at(12));
    assert!(matches!(found.state, PostState::Posted { .. }));

    let event = Event::LookedUp {
        attempt: Attempt(1),
        found: Found::NotThere,
    };
    let (again, _) = go(post.clone(), event, at(12));
    assert!(matches!(again.state, PostState::Retrying { .. }));

    let mut unclear = post;
    for _ in 0..8 {
        let now = unclear.wake_at().unwrap();
        let found = Found::CantTell { said: "503".into() };
        unclear = go(
            unclear,
            Event::LookedUp {
                attempt: Attempt(1),
                found,
            },
            now,
        )
        .0;
    }
    assert!(matches!(
        unclear.state,
        PostState::Uncertain {
            ask_person: true,
            ..
        }
    ));
    assert_eq!(unclear.permits(&Event::SendNow), Err(Refusal::Uncertain));
}

#[test]
fn where_nobody_can_be_asked_the_person_is() {
    let policy = PostPolicy {
        can_look_up: false,
        ..PostPolicy::default()
    };
    let lost = Event::AnswerLost {
        attempt: Attempt(1),
        said: "timeout".into(),
    };
    let (post, effects) = committing(at(10)).step(lost, at(10), &policy);
    assert!(effects.contains(&Effect::Ask));
    assert_eq!(post.wake_at(), None);
    let (yes, _) = post
        .clone()
        .step(Event::Settled { posted: true }, at(20), &policy);
    assert!(matches!(yes.state, PostState::Posted { .. }));
    let (no, effects) = post.step(Event::Settled { posted: false }, at(20), &policy);
    assert!(matches!(no.state, PostState::Sending(_)));
    assert!(effects.contains(&Effect::Prepare(Attempt(2))));
}

#[test]
fn a_crash_before_the_request_makes_it_again_and_one_after_it_asks() {
    let (post, _) = go(preparing(at(10)), Event::Restarted, at(11));
    assert!(matches!(post.state, PostState::Retrying { .. }));
    let (post, _) = go(committing(at(10)), Event::Restarted, at(11));
    assert!(matches!(post.state, PostState::Uncertain { .. }));
}

#[test]
fn failures_that_may_pass_back_off_and_end_with_the_person() {
    let mut post = post();
    let mut now = at(10);
    let mut attempts = 0;
    while !matches!(post.state, PostState::Missed { .. }) {
        let (next, effects) = go(post, Event::Woke, now);
        post = next;
        if let Some(Effect::Prepare(attempt)) = effects.first() {
            attempts += 1;
            let event = Event::FailedForNow {
                attempt: *attempt,
                said: "no".into(),
                retry_after: None,
                jitter: TimeDelta::seconds(3),
            };
            post = go(post, event, now).0;
        }
        now = post.wake_at().unwrap_or(now);
    }
    assert!((8..40).contains(&attempts), "{attempts} attempts");
    assert!(now - at(10) >= TimeDelta::hours(2));
}

#[test]
fn what_is_on_its_way_or_out_cannot_be_taken_back() {
    let sending = committing(at(10));
    assert_eq!(sending.permits(&Event::Cancelled), Err(Refusal::BeingSent));
    let (same, _) = go(sending.clone(), Event::Cancelled, at(10));
    assert_eq!(same, sending);
}

#[test]
fn answers_of_another_attempt_change_nothing() {
    let sending = committing(at(10));
    for event in [
        Event::Accepted {
            attempt: Attempt(9),
            remote_id: "x".into(),
            url: None,
        },
        Event::Refused {
            attempt: Attempt(9),
            said: "x".into(),
        },
        Event::AnswerLost {
            attempt: Attempt(9),
            said: "x".into(),
        },
        Event::LookedUp {
            attempt: Attempt(1),
            found: Found::NotThere,
        },
    ] {
        assert_eq!(go(sending.clone(), event, at(11)).0, sending);
    }
}

#[test]
fn a_service_that_swallows_every_post_is_sent_it_ever_more_rarely() {
    let mut post = committing(at(10));
    let mut waits = Vec::new();
    for attempt in 1..=6 {
        let attempt = Attempt(attempt);
        let said = String::new();
        let now = at(10);
        post = go(post, Event::AnswerLost { attempt, said }, now).0;
        let now = post.wake_at().unwrap();
        post = go(post, Event::Woke, now).0;
        let found = Found::NotThere;
        post = go(post, Event::LookedUp { attempt, found }, now).0;
        waits.push((post.wake_at().unwrap() - now).num_seconds());
        post.late_limit = i64::from(i32::MAX);
        let now = post.wake_at().unwrap();
        post = go(post, Event::Woke, now).0;
        let (attempt, issuer_now) = (Attempt(attempt.0 + 1), now);
        post = go(
            post,
            Event::Prepared {
                attempt,
                issuer_now,
            },
            now,
        )
        .0;
    }
    assert_eq!(waits, [0, 60, 120, 240, 480, 900]);
}

fn held(now: Instant) -> Post {
    let why = Hold::Unreachable {
        why: CantTell::Network {
            said: "no way".into(),
        },
    };
    let event = Event::Blocked {
        attempt: Attempt(1),
        why,
        retry_after: None,
    };
    go(preparing(now), event, now).0
}

fn uncertain(now: Instant) -> Post {
    let event = Event::AnswerLost {
        attempt: Attempt(1),
        said: "lost".into(),
    };
    go(committing(now), event, now).0
}

#[test]
fn a_clock_that_is_set_changes_no_wait_and_no_time_that_was_chosen() {
    for post in [held(at(10)), uncertain(at(10))] {
        let wait = post.wake_at().unwrap() - at(10);
        for by in [TimeDelta::days(400), TimeDelta::days(-400)] {
            let now = at(10) + by;
            let (post, effects) = go(post.clone(), Event::ClockSet { by }, now);
            assert_eq!(post.wake_at(), Some(now + wait));
            assert!(effects.is_empty());
        }
    }
    let by = TimeDelta::days(400);
    let (queued, _) = go(post(), Event::ClockSet { by }, at(0) + by);
    assert_eq!(queued, post());
}

#[test]
fn a_post_that_is_looked_at_soon_is_looked_at_no_later_than_planned() {
    let (soon, _) = go(held(at(10)), Event::LookSoon { at: at(10) }, at(10));
    assert_eq!(soon.wake_at(), Some(at(10)));
    let planned = held(at(10));
    let (same, _) = go(planned.clone(), Event::LookSoon { at: at(60) }, at(10));
    assert_eq!(same, planned);
}

#[test]
fn a_lost_answer_has_its_time_to_settle_whatever_the_hurry() {
    let lost = uncertain(at(10));
    let (same, _) = go(lost.clone(), Event::LookSoon { at: at(10) }, at(10));
    assert_eq!(same, lost);
    // The clock was a year ahead when it was written.
    let now = at(10) - TimeDelta::days(365);
    let (near, _) = go(lost, Event::LookSoon { at: now }, now);
    assert_eq!(near.wake_at(), Some(now + PostPolicy::default().settle));
}

/// A service that remembers what it was sent, and a post's machine driven at random against it.
#[derive(Default)]
struct Service {
    stands: Vec<u64>,
}

fn any_step() -> impl Strategy<Value = (u8, u8)> {
    (0_u8..12, 0_u8..4)
}

proptest! {
    #[test]
    fn whatever_happens_a_post_stands_at_most_once_and_ends_where_it_can_be_seen(
        steps in prop::collection::vec(any_step(), 1..80),
    ) {
        let policy = PostPolicy::default();
        let mut service = Service::default();
        let mut post = post();
        let mut now = at(10);
        let mut todo: Vec<Effect> = Vec::new();
        for (kind, pick) in steps {
            let event = match (kind, todo.pop()) {
                // The program ends: what was to be done is forgotten.
                (0, _) => { todo.clear(); Event::Restarted }
                (1, _) => Event::Released,
                (2, Some(Effect::Prepare(attempt))) =>
                    Event::Blocked { attempt, why: dead(), retry_after: None },
                (3, Some(Effect::Prepare(attempt))) => Event::FailedForNow {
                    attempt, said: "no".into(), retry_after: None, jitter: TimeDelta::zero(),
                },
                (_, Some(Effect::Prepare(attempt))) =>
                    Event::Prepared { attempt, issuer_now: now },
                (_, Some(Effect::Commit(attempt))) => match pick {
                    0 => { service.stands.push(attempt.0); Event::Accepted {
                        attempt, remote_id: attempt.0.to_string(), url: None } }
                    1 => { service.stands.push(attempt.0); Event::AnswerLost {
                        attempt, said: "lost".into() } }
                    2 => Event::AnswerLost { attempt, said: "lost".into() },
                    _ => { service.stands.push(attempt.0); todo.clear(); Event::Restarted }
                },
                (_, Some(Effect::LookUp(attempt))) => {
                    let found = match (service.stands.first(), pick) {
                        (_, 0) => Found::CantTell { said: "503".into() },
                        (Some(id), _) => Found::There { remote_id: id.to_string(), url: None },
                        (None, _) => Found::NotThere,
                    };
                    Event::LookedUp { attempt, found }
                }
                (4, _) => { now += TimeDelta::minutes(1); Event::Woke }
                (5, _) => { now += TimeDelta::hours(3); Event::Woke }
                _ => { now = post.wake_at().unwrap_or(now).max(now); Event::Woke }
            };
            let (next, effects) = post.step(event, now, &policy);
            post = next;
            for effect in effects {
                if matches!(effect, Effect::Prepare(_) | Effect::Commit(_) | Effect::LookUp(_))
                    && !todo.contains(&effect)
                {
                    todo.push(effect);
                }
            }
            prop_assert!(service.stands.len() <= 1, "sent twice: {:?}", service.stands);
            if matches!(post.state, PostState::Posted { .. }) {
                prop_assert_eq!(service.stands.len(), 1, "called posted but never sent");
            }
            // It wakes by itself, is under way, or is where the person sees it.
            let under_way = matches!(post.state, PostState::Sending(_));
            let visible = matches!(
                post.state,
                PostState::Posted { .. } | PostState::Missed { .. } | PostState::Held { .. }
                    | PostState::Failed { .. } | PostState::Uncertain { .. }
            );
            prop_assert!(under_way || visible || post.wake_at().is_some());
        }
    }
}
