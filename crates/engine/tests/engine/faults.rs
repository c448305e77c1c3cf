//! Keychains, databases and networks that fail: told clearly, and nothing is lost.

use chrono::TimeDelta;
use evergrant_core::EndReason;
use evergrant_core::command::{Code, Command, Reply};

use crate::lab::{Lab, code, days};

#[tokio::test]
async fn a_locked_keychain_ends_nothing_and_everything_goes_on_when_it_is_unlocked() {
    let mut lab = Lab::connected().await;
    lab.keychain.lock();
    lab.restart().await.unwrap();
    let (result, sentence) = lab.check().await;
    assert_eq!(result, "cant_tell");
    assert!(sentence.contains("keychain is locked"), "{sentence}");
    let Reply::Checks { checks } = lab.ask(Command::Check { account: None }).await.unwrap() else {
        panic!("no checks")
    };
    assert_eq!(checks[0].keychain.as_deref(), Some("keychain_locked"));
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

#[tokio::test]
async fn a_database_that_is_gone_is_begun_anew_as_soon_as_the_keychain_answers() {
    let mut lab = Lab::connected().await;
    lab.close();
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(lab.data().join(format!("evergrant.db{ending}")));
    }
    lab.keychain.lock();
    lab.open().await.unwrap();
    assert!(lab.accounts().await.is_empty());
    lab.keychain.unlock();
    lab.restart().await.unwrap();
    let told = lab.engine().found_at_start().join(" ");
    assert!(told.contains("1 account"), "{told}");
    assert_eq!(lab.check().await.0, "good");
    lab.restart().await.unwrap();
    assert!(lab.engine().found_at_start().is_empty(), "told once");
}

#[tokio::test]
async fn a_broken_provider_file_stops_its_own_accounts_and_no_other() {
    let mut lab = Lab::with_own_app().await;
    let other = lab.connect_other(evergrant_practice::APP_ID, evergrant_practice::APP_SECRET);
    lab.ask(Command::Connect(other)).await.unwrap();
    let due = lab.now() + days(1);
    lab.post("by the other", Some(due)).await.unwrap();
    let connected = lab.connect().await.unwrap();
    let mut new = Lab::post_of("".into(), "by practice", Some(due));
    new.account = connected.connected.id;
    lab.ask(Command::Post(new)).await.unwrap();

    lab.own_providers = vec![(
        "other.toml".into(),
        "schema = 1\nid = \"other\"\nnmae = 1\n".into(),
    )];
    lab.restart().await.unwrap();
    lab.clock.set(due);
    let problem = lab.run().await.problem.unwrap();
    assert_eq!(problem.code, Code::BadProviderFile, "{problem:?}");
    assert!(problem.message.contains("other.toml:"), "{problem}");
    assert_eq!(lab.said(), ["by practice"]);
    assert!(lab.ask(Command::Doctor).await.is_ok());

    lab.own_providers = vec![("other.toml".into(), Lab::other_provider())];
    lab.restart().await.unwrap();
    let failed = lab
        .queue()
        .await
        .into_iter()
        .find(|post| post.text == "by the other")
        .unwrap();
    if failed.state == "failed" {
        lab.ask(Command::SendNow { post: failed.id }).await.unwrap();
    } else {
        lab.run().await;
    }
    assert_eq!(lab.said(), ["by practice", "by the other"]);
}

#[tokio::test]
async fn a_post_that_was_to_be_released_by_a_process_that_ended_goes_on_at_the_next_run() {
    let mut lab = Lab::connected().await;
    lab.trouble(evergrant_practice::Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    let held = lab.post_now("held").await;
    lab.close();
    // What the database holds if the process ends between the new sign-in and the release.
    let path = lab.data().join("evergrant.db");
    let body: String = {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .query_row("SELECT body FROM post WHERE id = ?1", [held.id.0], |row| {
                row.get(0)
            })
            .unwrap()
    };
    lab.open().await.unwrap();
    lab.sign_in().await.unwrap();
    assert_eq!(lab.said(), ["held"]);
    let second = lab.post("second", Some(lab.now() + days(9))).await.unwrap();
    lab.close();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute(
            "UPDATE post SET state = 'held', wake_at = NULL, body = ?1 WHERE id = ?2",
            rusqlite::params![
                body.replace("\"held\"}", "\"second\"}")
                    .replace("\"text\":\"held\"", "\"text\":\"second\""),
                second.id.0
            ],
        )
        .unwrap();
    drop(connection);
    lab.open().await.unwrap();
    lab.run().await;
    assert_eq!(lab.said(), ["held", "second"]);
}
