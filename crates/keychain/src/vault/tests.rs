use std::fs;

use super::*;

/// Little work, so that the tests are quick; opening takes whatever the file asks for.
const EASY: u8 = 4;

fn right() -> Secret {
    Secret::new("correct horse")
}

struct Room {
    folder: tempfile::TempDir,
    path: PathBuf,
}

fn room() -> Room {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.age");
    Room { folder, path }
}

fn new_vault(room: &Room) -> Keychain {
    create_with(room.path.clone(), &right(), EASY).expect("created")
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_it_again() {
    let room = room();
    let vault = new_vault(&room);
    vault
        .write("a", &Secret::new("one"))
        .await
        .expect("written");
    vault
        .write("b", &Secret::new("two"))
        .await
        .expect("written");
    assert_eq!(vault.delete("a").await, Ok(true));
    drop(vault);
    let vault = open(&room.path, right()).expect("opened");
    assert_eq!(vault.read("a").await, Ok(None));
    assert_eq!(vault.read("b").await, Ok(Some(Secret::new("two"))));
}

#[test]
fn a_vault_with_the_real_work_factor_opens() {
    let room = room();
    create(&room.path, right()).expect("created");
    open(&room.path, right()).expect("opened");
    let head = fs::read(&room.path).expect("readable");
    assert!(String::from_utf8_lossy(&head).contains(&format!(" {WORK_FACTOR}\n")));
}

#[test]
fn a_wrong_passphrase_is_told_and_the_file_is_left_alone() {
    let room = room();
    new_vault(&room);
    let before = fs::read(&room.path).expect("readable");
    let error = open(&room.path, Secret::new("incorrect")).expect_err("wrong");
    assert_eq!(error, KeychainError::WrongPassphrase);
    assert_eq!(fs::read(&room.path).expect("readable"), before);
}

#[test]
fn no_file_an_existing_file_and_an_empty_passphrase_are_told() {
    let room = room();
    assert!(!exists(&room.path));
    let error = open(&room.path, right()).expect_err("absent");
    assert_eq!(error.code(), "keychain_absent");
    let error = create(&room.path, Secret::new("")).expect_err("empty");
    assert_eq!(error.code(), "keychain_refused");
    assert!(!exists(&room.path));
    new_vault(&room);
    assert!(exists(&room.path));
    let before = fs::read(&room.path).expect("readable");
    let error = create_with(room.path.clone(), &right(), EASY).expect_err("exists");
    assert_eq!(error.code(), "keychain_refused");
    assert_eq!(fs::read(&room.path).expect("readable"), before);
}

/// A byte changed or the end cut off, at every third place: never a panic, never a wrong passphrase, never a
/// changed file.
#[tokio::test]
async fn a_damaged_file_is_told_and_left_alone() {
    let room = room();
    let vault = new_vault(&room);
    vault.write("k", &Secret::new("v")).await.expect("written");
    let whole = fs::read(&room.path).expect("readable");
    let changed = (0..whole.len()).step_by(3).map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    });
    let cut = (0..whole.len())
        .step_by(3)
        .map(|length| whole[..length].to_vec());
    for bytes in changed.chain(cut) {
        fs::write(&room.path, &bytes).expect("writable");
        let error = open(&room.path, right()).expect_err("damaged");
        assert_eq!(error.code(), "keychain_damaged", "{error}");
        assert_eq!(fs::read(&room.path).expect("readable"), bytes);
    }
    // The same while it is open: nothing is written over what can't be read.
    fs::write(&room.path, &whole[..whole.len() - 1]).expect("writable");
    let error = vault
        .write("k", &Secret::new("w"))
        .await
        .expect_err("damaged");
    assert_eq!(error.code(), "keychain_damaged");
    assert_eq!(
        fs::read(&room.path).expect("readable"),
        &whole[..whole.len() - 1]
    );
    fs::write(&room.path, &whole).expect("writable");
    assert_eq!(vault.read("k").await, Ok(Some(Secret::new("v"))));
}

#[tokio::test]
async fn another_vault_in_its_place_is_not_written_over() {
    let (one, two) = (room(), room());
    let vault = new_vault(&one);
    new_vault(&two);
    fs::copy(&two.path, &one.path).expect("replaced");
    let error = vault
        .write("k", &Secret::new("v"))
        .await
        .expect_err("other");
    assert_eq!(error.code(), "keychain_damaged");
    assert!(error.to_string().contains("another vault"), "{error}");
}

#[tokio::test]
async fn nothing_of_an_entry_can_be_read_in_the_folder() {
    let room = room();
    let vault = new_vault(&room);
    let secret = Secret::new("EAAB-token-material");
    vault.write("account/1", &secret).await.expect("written");
    let mut files = 0;
    for file in fs::read_dir(room.folder.path()).expect("a folder") {
        let file = file.expect("a file");
        let bytes = fs::read(file.path()).expect("readable");
        for hidden in [
            "EAAB-token-material",
            "account/1",
            "correct horse",
            "AGE-SECRET-KEY",
        ] {
            let found = bytes
                .windows(hidden.len())
                .any(|at| at == hidden.as_bytes());
            assert!(!found, "{hidden} in {}", file.path().display());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().expect("known").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
        }
        files += 1;
    }
    assert_eq!(files, 2, "the vault and its lock");
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let room = room();
    new_vault(&room);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let vault = open(&room.path, right()).expect("opened");
            tokio::spawn(async move {
                for entry in 0..5 {
                    let key = format!("{writer}/{entry}");
                    vault
                        .write(&key, &Secret::new(&*key))
                        .await
                        .expect("written");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let vault = open(&room.path, right()).expect("opened");
    for key in (0..4).flat_map(|writer| (0..5).map(move |entry| format!("{writer}/{entry}"))) {
        assert_eq!(vault.read(&key).await, Ok(Some(Secret::new(&*key))));
    }
}

#[tokio::test]
async fn a_write_waits_for_another_process_only_so_long_and_then_changes_nothing() {
    let room = room();
    let vault = new_vault(&room);
    vault
        .write("k", &Secret::new("old"))
        .await
        .expect("written");
    let lock = file::lock(&room.path).expect("free");
    let error = vault.write("k", &Secret::new("new")).await;
    assert_eq!(error, Err(KeychainError::TimedOut));
    assert_eq!(vault.read("k").await, Ok(Some(Secret::new("old"))));
    drop(lock);
    vault
        .write("k", &Secret::new("new"))
        .await
        .expect("written");
}

#[tokio::test]
async fn what_a_crash_left_beside_the_file_is_no_obstacle() {
    let room = room();
    let vault = new_vault(&room);
    fs::write(room.folder.path().join("vault.age.new"), "half").expect("writable");
    vault.write("k", &Secret::new("v")).await.expect("written");
    assert_eq!(vault.read("k").await, Ok(Some(Secret::new("v"))));
    assert!(!room.folder.path().join("vault.age.new").exists());
}

#[tokio::test]
async fn a_file_that_can_not_be_replaced_keeps_its_content_and_says_why() {
    let room = room();
    let vault = new_vault(&room);
    vault.write("k", &Secret::new("v")).await.expect("written");
    // A folder where the new file would go; works for root too, whom permissions don't stop.
    fs::create_dir(room.folder.path().join("vault.age.new")).expect("made");
    let error = vault
        .write("k", &Secret::new("w"))
        .await
        .expect_err("stuck");
    assert_eq!(error.code(), "keychain_refused");
    assert!(error.to_string().contains("vault.age"), "{error}");
    assert_eq!(vault.read("k").await, Ok(Some(Secret::new("v"))));
}

#[tokio::test]
async fn the_passphrase_can_be_changed_and_the_entries_stay() {
    let room = room();
    let vault = new_vault(&room);
    vault.write("k", &Secret::new("v")).await.expect("written");
    let new = Secret::new("battery staple");
    change_passphrase(&room.path, &right(), &new).expect("changed");
    let error = open(&room.path, right()).expect_err("the old one");
    assert_eq!(error, KeychainError::WrongPassphrase);
    let again = open(&room.path, new).expect("the new one");
    assert_eq!(again.read("k").await, Ok(Some(Secret::new("v"))));
    assert_eq!(
        vault.read("k").await,
        Ok(Some(Secret::new("v"))),
        "an open vault stays open"
    );
}
