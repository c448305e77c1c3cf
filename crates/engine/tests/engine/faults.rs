//! Keychains, databases and networks that fail: told clearly, and nothing is lost.

use chrono::TimeDelta;
use evergrant_core::EndReason;
use evergrant_core::command::{Code, Command};

use crate::lab::{Lab, code, days};

#[tokio::test]
async fn a_locked_keychain_ends_nothing_and_everything_goes_on_when_it_is_unlocked() {
    let mut lab = Lab::connected().await;
    lab.keychain.lock();
    lab.restart().await.unwrap();
    let (result, sentence) = lab.check().await;
    assert_eq!(result, "cant_tell");
    assert!(sentence.contains("keychain is locked"), "{sentence}");
    assert_eq!(lab.account().await.state, "active");
    let held = lab.post_now("waits").await;
    assert_eq!(held.state, "held");
    assert!(
        held.sentence.contains("keychain is locked"),
        "{}",
        held.sentence
    );
    lab.keychain.unlock();
    let soon = lab.now() + TimeDelta::minutes(10);
    lab.run_until(soon).await;
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_keychain_that_locks_later_stops_nothing() {
    let lab = Lab::connected().await;
    lab.keychain.lock();
    assert_eq!(lab.check().await.0, "good");
}

#[tokio::test]
async fn an_absent_keychain_is_another_state_than_a_locked_one() {
    let mut lab = Lab::connected().await;
    lab.keychain.absent();
    lab.restart().await.unwrap();
    let (_, sentence) = lab.check().await;
    assert!(sentence.contains("no keychain"), "{sentence}");
    assert_eq!(lab.account().await.state, "active");
    assert_eq!(code(lab.connect().await.unwrap_err()), Code::KeychainAbsent);
    assert_eq!(
        *lab.person.opened.lock().unwrap(),
        1,
        "told before the person was sent away"
    );
}

#[tokio::test]
async fn a_keychain_that_refuses_the_new_token_leaves_the_old_sign_in_as_it_was() {
    let lab = Lab::connected().await;
    lab.keychain.refuse_next(5);
    let problem = lab.sign_in().await.unwrap_err();
    assert_eq!(problem.code, Code::KeychainRefused, "{problem:?}");
    lab.keychain.restart();
    assert_eq!(lab.account().await.generation, 1);
    assert_eq!(lab.account().await.state, "active");
    assert_eq!(lab.check().await.0, "good");
}

#[tokio::test]
async fn a_token_that_is_gone_from_the_keychain_is_told_as_such() {
    let mut lab = Lab::connected().await;
    for key in lab.keychain.keys() {
        if key.starts_with("token/") {
            lab.keychain.remove(&key);
        }
    }
    lab.restart().await.unwrap();
    assert_eq!(lab.check().await.0, "dead");
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::SecretLost
    );
    lab.sign_in().await.unwrap();
    assert_eq!(lab.check().await.0, "good");
}

#[tokio::test]
async fn a_damaged_database_is_kept_aside_and_begun_anew_from_the_keychain() {
    let mut lab = Lab::connected().await;
    lab.post("later", Some(lab.now() + days(1))).await.unwrap();
    lab.close();
    let path = lab.data().join("evergrant.db");
    std::fs::write(&path, b"this is not a database, whatever it was before").unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(lab.data().join(format!("evergrant.db{ending}")));
    }
    lab.open().await.unwrap();
    let told = lab.engine().found_at_start().join(" ");
    assert!(told.contains("damaged"), "{told}");
    assert!(told.contains("1 account"), "{told}");
    let aside = std::fs::read_dir(lab.data())
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .contains(".damaged-")
        })
        .count();
    assert!(aside >= 1, "the damaged file is gone");
    let account = lab.account().await;
    assert_eq!(account.name, "Ada Practice");
    assert_eq!(lab.check().await.0, "good");
    assert_eq!(lab.post_now("on").await.state, "posted");
}

#[tokio::test]
async fn posts_that_can_be_read_from_a_damaged_database_are_taken_over() {
    let mut lab = Lab::connected().await;
    let now = lab.now();
    lab.post("tomorrow", Some(now + days(1))).await.unwrap();
    lab.close();
    // Damage in the account's page only: a b-tree page's type byte that means nothing.
    let path = lab.data().join("evergrant.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let page: i64 = connection
        .query_row(
            "SELECT rootpage FROM sqlite_master WHERE name = 'account'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let size: i64 = connection
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = usize::try_from((page - 1) * size).unwrap();
    bytes[at..at + 64].fill(0x77);
    std::fs::write(&path, bytes).unwrap();
    lab.open().await.unwrap();
    let told = lab.engine().found_at_start().join(" ");
    assert!(
        told.contains("1 account and 1 post were taken over"),
        "{told}"
    );
    lab.run_until(now + days(1)).await;
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_left_alone() {
    let mut lab = Lab::connected().await;
    lab.close();
    let path = lab.data().join("evergrant.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let problem = lab.open().await.unwrap_err();
    assert_eq!(problem.code, Code::DatabaseNewer);
    assert!(problem.message.contains("format 99"), "{problem}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_second_owner_is_told_who_holds_the_folder() {
    let mut other = Lab::connected().await;
    let first = other.engine().clone();
    let problem = other.open().await.unwrap_err();
    assert_eq!(problem.code, Code::Busy);
    assert!(problem.message.contains("`a test`"), "{problem}");
    drop(first);
}

#[tokio::test]
async fn without_a_network_posts_wait_and_the_accounts_stay() {
    let lab = Lab::connected().await;
    lab.http.set_offline(true);
    let held = lab.post_now("offline").await;
    assert_eq!(held.state, "held");
    let soon = lab.now() + TimeDelta::minutes(45);
    lab.run_until(soon).await;
    assert_eq!(lab.account().await.state, "active");
    lab.http.set_offline(false);
    lab.run_until(soon + TimeDelta::minutes(30)).await;
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn no_token_is_in_the_database_or_in_what_is_told() {
    let lab = Lab::connected().await;
    lab.post_now("one").await;
    lab.trouble(evergrant_practice::Trouble::ExpireNow {
        person: "ada".into(),
    });
    lab.post_now("two").await;
    lab.sign_in().await.unwrap();
    let mut secrets: Vec<String> = Vec::new();
    for key in lab.keychain.keys() {
        let text = lab.keychain.peek(&key).unwrap();
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(text.reveal())
            && let Some(access) = json.get("access").and_then(|access| access.as_str())
        {
            secrets.push(access.to_owned());
        }
    }
    assert!(!secrets.is_empty(), "nothing to search for");
    let mut haystack = Vec::new();
    for entry in std::fs::read_dir(lab.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            haystack.extend(std::fs::read(path).unwrap());
        }
    }
    for command in [
        Command::Accounts,
        Command::Queue { all: true },
        Command::Diary {
            account: None,
            post: None,
            limit: 1000,
        },
        Command::Doctor,
    ] {
        let reply = lab.ask(command).await.unwrap();
        haystack.extend(serde_json::to_vec(&reply).unwrap());
        haystack.extend(format!("{reply:?}").into_bytes());
    }
    for secret in secrets {
        let found = haystack
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "a token was found");
    }
}
