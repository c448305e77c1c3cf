use proptest::prelude::*;

use super::*;
use crate::memory::MemoryControl;

const KEY: &str = "account/1";
const WINDOWS: usize = 2560;

fn limited(limit: usize) -> (Chunked, MemoryControl) {
    let control = MemoryControl::default();
    control.set_entry_limit(Some(limit));
    (over(&control), control)
}

fn over(control: &MemoryControl) -> Chunked {
    Chunked::new(control.store(), Arc::default())
}

fn text(length: usize, seed: u32) -> Secret {
    // Characters of 1, 2, 3 and 4 bytes, so that pieces must not end inside one.
    let letters = ['a', 'ß', '€', '🔑', 'z'];
    let mut text = String::new();
    let mut state = seed;
    while text.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(letters[(state >> 16) as usize % letters.len()]);
    }
    Secret::new(text)
}

#[test]
fn a_short_value_is_one_entry_and_a_long_one_comes_back_whole() {
    let (store, control) = limited(WINDOWS);
    store.write(KEY, &Secret::new("short")).expect("written");
    assert_eq!(control.keys(), [KEY]);
    for length in [WINDOWS, WINDOWS + 1, 3 * WINDOWS, 20_000] {
        let long = text(length, 7);
        store.write(KEY, &long).expect("written");
        assert_eq!(store.read(KEY), Ok(Some(long)), "{length}");
    }
    assert!(control.entries() > 8);
    store.write(KEY, &Secret::new("short")).expect("written");
    assert_eq!(control.keys(), [KEY], "the parts are gone");
    assert_eq!(store.delete(KEY), Ok(true));
    assert_eq!(control.entries(), 0);
}

#[test]
fn a_value_that_looks_like_a_list_of_parts_is_not_taken_for_one() {
    let (store, _) = limited(WINDOWS);
    for text in ["evergrant-parts:going", "evergrant-parts:1:a:1:1:00", MARK] {
        let secret = Secret::new(text);
        store.write(KEY, &secret).expect("written");
        assert_eq!(store.read(KEY), Ok(Some(secret)));
    }
}

#[test]
fn a_store_without_a_limit_keeps_every_value_as_it_is() {
    let control = MemoryControl::default();
    let store = over(&control);
    for secret in [text(100_000, 1), Secret::new("evergrant-parts:going")] {
        store.write(KEY, &secret).expect("written");
        assert_eq!(control.peek(KEY), Some(secret));
        assert_eq!(control.entries(), 1);
    }
}

/// Every change between values of every size, crashed before each of its steps: afterwards the
/// old value or the new one is read, and the next write and delete leave nothing over.
#[test]
fn a_crash_at_any_step_leaves_the_old_value_or_the_new_one() {
    let sizes = [None, Some(10), Some(3000), Some(6000), Some(15_000)];
    let mut crashes = 0;
    for before in sizes {
        for after in sizes {
            crashes += crash_everywhere(before, after);
        }
    }
    assert!(crashes > 100, "only {crashes} crashes were tried");
}

fn crash_everywhere(before: Option<usize>, after: Option<usize>) -> usize {
    let value = |size: Option<usize>, seed| size.map(|size| text(size, seed));
    let (old, new) = (value(before, 1), value(after, 2));
    for step in 0.. {
        let (store, control) = limited(WINDOWS);
        set(&store, old.as_ref()).expect("the old value");
        control.crash_after_writes(step);
        let result = set(&store, new.as_ref());
        let crashed = result.is_err();
        control.restart();

        let store = over(&control);
        let found = store.read(KEY).expect("readable after a crash");
        let case = format!("{before:?} to {after:?}, crash after {step} writes");
        if crashed {
            assert!(found == old || found == new, "{case}");
        } else {
            assert!(found == new, "{case}");
        }

        // A second crash at the same place of the repair must not lose the value either.
        control.crash_after_writes(step);
        let _ = set(&store, new.as_ref());
        control.restart();
        let again = store.read(KEY).expect("readable after two crashes");
        assert!(again == found || again == new, "{case}, twice");

        set(&store, Some(&text(5000, 3))).expect("the next write");
        assert_eq!(store.read(KEY), Ok(Some(text(5000, 3))), "{case}");
        assert_eq!(control.entries(), 3, "{case}: {:?}", control.keys());
        store.delete(KEY).expect("the next delete");
        assert_eq!(control.keys(), Vec::<String>::new(), "{case}");
        if !crashed {
            return step;
        }
    }
    unreachable!("some step is the last one")
}

fn set(store: &Chunked, value: Option<&Secret>) -> Result<()> {
    match value {
        Some(value) => store.write(KEY, value),
        None => store.delete(KEY).map(|_| ()),
    }
}

#[test]
fn a_missing_changed_swapped_or_foreign_part_is_damage_and_a_new_write_repairs_it() {
    type Damage = fn(&MemoryControl);
    let damages: [(&str, Damage); 6] = [
        ("missing", |control| control.remove("account/1#a2")),
        ("changed", |control| {
            control.put("account/1#a2", Secret::new("x".repeat(WINDOWS)));
        }),
        ("longer", |control| {
            control.put("account/1#a2", text(9000, 4));
        }),
        ("swapped", |control| {
            let (one, two) = (control.peek("account/1#a1"), control.peek("account/1#a2"));
            control.put("account/1#a1", two.expect("part 2"));
            control.put("account/1#a2", one.expect("part 1"));
        }),
        ("a head of enormous size", |control| {
            let head = format!("evergrant-parts:1:a:3:{}:00", u64::MAX);
            control.put(KEY, Secret::new(head));
        }),
        ("unreadable head", |control| {
            control.put(KEY, Secret::new("evergrant-parts:1:a:many:6000:00"));
        }),
    ];
    for (name, damage) in damages {
        let (store, control) = limited(WINDOWS);
        store.write(KEY, &text(6000, 1)).expect("written");
        damage(&control);
        let kept = control.keys();
        let error = store.read(KEY).expect_err(name);
        assert_eq!(error.code(), "keychain_damaged", "{name}");
        assert_eq!(control.keys(), kept, "{name}: reading changes nothing");
        store.write(KEY, &text(6000, 2)).expect(name);
        assert_eq!(store.read(KEY), Ok(Some(text(6000, 2))), "{name}");
        assert_eq!(store.delete(KEY), Ok(true), "{name}");
        assert_eq!(control.entries(), 0, "{name}");
    }
}

#[test]
fn nothing_more_is_written_once_the_call_was_given_up() {
    let control = MemoryControl::default();
    control.set_entry_limit(Some(WINDOWS));
    let abandoned = Arc::new(AtomicBool::new(false));
    let store = Chunked::new(control.store(), Arc::clone(&abandoned));
    store.write(KEY, &Secret::new("old")).expect("written");
    abandoned.store(true, Ordering::SeqCst);
    assert_eq!(
        store.write(KEY, &text(6000, 1)),
        Err(KeychainError::TimedOut)
    );
    assert_eq!(control.keys(), [KEY]);
}

#[test]
fn a_limit_too_small_for_a_list_of_parts_is_told() {
    let (store, control) = limited(20);
    let error = store.write(KEY, &text(100, 1)).expect_err("too small");
    assert_eq!(error.code(), "keychain_refused");
    assert_eq!(control.entries(), 0);
}

proptest! {
    #[test]
    fn any_text_comes_back_through_any_limit(text in "\\PC{0,400}", limit in 110_usize..200) {
        let (store, _) = limited(limit);
        let secret = Secret::new(text);
        store.write(KEY, &secret).expect("written");
        prop_assert_eq!(store.read(KEY), Ok(Some(secret)));
    }

    #[test]
    fn any_head_is_read_or_called_damaged(head in "(1|2)?:?[ab]?:?[0-9]{0,30}:?[0-9]{0,30}:?\\PC{0,20}") {
        let (store, control) = limited(WINDOWS);
        control.put(KEY, Secret::new(format!("{MARK}{head}")));
        let error = store.read(KEY).expect_err("no parts there");
        prop_assert_eq!(error.code(), "keychain_damaged");
    }
}
