//! What every keychain must do: one list, run against each of them.

use evergrant_core::Secret;
use evergrant_keychain::Keychain;

/// Opens the keychain under test anew, as a restarted process would.
pub type Open<'a> = &'a dyn Fn() -> Keychain;

/// Runs the whole list on a keychain that can be used now. Leaves nothing behind.
///
/// # Panics
///
/// At the first thing that is not as it must be.
pub async fn run(open: Open<'_>) {
    an_absent_entry_is_none(open).await;
    a_written_entry_is_read_by_another_client(open).await;
    a_second_write_replaces_the_first(open).await;
    entries_do_not_touch_each_other(open).await;
    deleting_says_whether_something_was_there(open).await;
    any_text_is_kept_as_it_is(open).await;
    large_entries_are_kept_whole(open).await;
    calls_at_the_same_time_all_arrive(open).await;
    a_large_entry_can_become_small_and_go(open).await;
}

async fn an_absent_entry_is_none(open: Open<'_>) {
    let keychain = open();
    assert_eq!(keychain.probe().await, Ok(()));
    assert_eq!(keychain.read("list/absent").await, Ok(None));
}

async fn a_written_entry_is_read_by_another_client(open: Open<'_>) {
    let secret = Secret::new("EAAB-first");
    assert_eq!(open().write("list/a", &secret).await, Ok(()));
    assert_eq!(open().read("list/a").await, Ok(Some(secret)));
}

async fn a_second_write_replaces_the_first(open: Open<'_>) {
    let (one, two) = (open(), open());
    let secret = Secret::new("EAAB-second");
    assert_eq!(one.write("list/a", &secret).await, Ok(()));
    assert_eq!(two.read("list/a").await, Ok(Some(secret)));
}

async fn entries_do_not_touch_each_other(open: Open<'_>) {
    let keychain = open();
    // Names that are prefixes of each other, and one with spaces and letters beyond ASCII.
    let keys = ["list/a", "list/a/1", "list/a/10", "list/Zoë Ünal @ example"];
    for key in keys {
        assert_eq!(keychain.write(key, &Secret::new(key)).await, Ok(()));
    }
    assert_eq!(keychain.delete("list/a/1").await, Ok(true));
    for key in keys {
        let expected = (key != "list/a/1").then(|| Secret::new(key));
        assert_eq!(keychain.read(key).await, Ok(expected), "{key}");
        keychain.delete(key).await.expect("cleared");
    }
}

async fn deleting_says_whether_something_was_there(open: Open<'_>) {
    let keychain = open();
    let secret = Secret::new("EAAB");
    assert_eq!(keychain.write("list/gone", &secret).await, Ok(()));
    assert_eq!(keychain.delete("list/gone").await, Ok(true));
    assert_eq!(keychain.delete("list/gone").await, Ok(false));
    assert_eq!(open().read("list/gone").await, Ok(None));
}

async fn any_text_is_kept_as_it_is(open: Open<'_>) {
    let keychain = open();
    for text in [" ", "\n", "{\"a\":\"ü€🔑\"}", "\u{0}nul", "a\r\nb\tc", "="] {
        let secret = Secret::new(text);
        assert_eq!(keychain.write("list/text", &secret).await, Ok(()));
        assert_eq!(open().read("list/text").await, Ok(Some(secret)), "{text:?}");
    }
    assert_eq!(keychain.delete("list/text").await, Ok(true));
}

async fn large_entries_are_kept_whole(open: Open<'_>) {
    for length in [2560, 2561, 20_000] {
        let secret = Secret::new("€".repeat(length / 3 + 1));
        assert_eq!(open().write("list/large", &secret).await, Ok(()));
        assert_eq!(open().read("list/large").await, Ok(Some(secret)));
    }
}

async fn a_large_entry_can_become_small_and_go(open: Open<'_>) {
    let keychain = open();
    let small = Secret::new("small");
    assert_eq!(keychain.write("list/large", &small).await, Ok(()));
    assert_eq!(open().read("list/large").await, Ok(Some(small)));
    assert_eq!(keychain.delete("list/large").await, Ok(true));
    assert_eq!(open().read("list/large").await, Ok(None));
}

async fn calls_at_the_same_time_all_arrive(open: Open<'_>) {
    let keychain = open();
    let calls: Vec<_> = (0..8)
        .map(|number| {
            let keychain = keychain.clone();
            tokio::spawn(async move {
                let (key, secret) = (format!("list/{number}"), Secret::new(number.to_string()));
                assert_eq!(keychain.write(&key, &secret).await, Ok(()));
                assert_eq!(keychain.read(&key).await, Ok(Some(secret)));
                assert_eq!(keychain.delete(&key).await, Ok(true));
            })
        })
        .collect();
    for call in calls {
        call.await.expect("arrived");
    }
}
