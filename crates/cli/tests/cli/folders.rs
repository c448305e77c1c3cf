//! Two processes, folders that cannot be used, vaults.

use snapbox::{assert_data_eq, str};

use crate::room::Room;

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let room = Room::new();
    room.write("file", "not a folder");
    let data = room.path("file").join("data").display().to_string();
    let ran = room.run(&["accounts", "--data", &data]);
    assert_eq!(ran.code, 9, "{ran:?}");
    assert!(ran.err.contains("the data folder"), "{}", ran.err);
}

#[test]
fn two_commands_at_once_take_turns() {
    let room = Room::new();
    let account = room.connected();
    let posts: Vec<_> = (0..4)
        .map(|number| {
            let text = format!("Number {number}");
            room.command(&["post", &account, &text, "--to", "500100", "--wait", "60"])
                .spawn()
                .unwrap()
        })
        .collect();
    for post in posts {
        let output = post.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(room.network().posts().len(), 4);
}

#[test]
fn a_vault_is_made_once_and_its_passphrase_changed() {
    let room = Room::new();
    assert_data_eq!(
        room.show(&["vault", "create"]),
        str![[r#"
exit 5
-- stderr --
error: there is already a vault at [ROOM]/data/vault.age
hint: It was not touched; change its passphrase, or move it away first.

"#]]
    );
    std::fs::remove_file(room.path("data/vault.age")).unwrap();
    assert_data_eq!(
        room.show(&["vault", "create"]),
        str![[r#"
exit 0
Made the vault [ROOM]/data/vault.age.
It is used from now on: [ROOM]/config/config.toml says so.

"#]]
    );
    room.connected();
    room.write("new", "a better one\n");
    room.ok(&["vault", "change-passphrase", "--new-passphrase-file", "new"]);
    let old = room.run(&["check"]);
    assert_eq!(old.code, 5, "{old:?}");
    room.ok(&["check", "--passphrase-file", "new"]);
}

#[test]
fn a_practice_network_on_a_taken_port_says_so() {
    let room = Room::new();
    let port = room.origin().rsplit(':').next().unwrap().to_owned();
    let ran = room.run(&["practice", "--port", &port]);
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(
        ran.err.contains("something already listens on"),
        "{}",
        ran.err
    );
}

#[test]
fn a_practice_network_says_where_it_is_and_ends_cleanly() {
    use std::io::{BufRead as _, BufReader};
    let room = Room::new();
    let state = room.path("state.json").display().to_string();
    let mut child = room
        .command(&["practice", "--port", "0", "--state", &state])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(
        first.starts_with("The practice network listens on http://127.0.0.1:"),
        "{first}"
    );
    let ended = std::process::Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status();
    assert!(ended.unwrap().success());
    assert!(child.wait().unwrap().success());
    assert!(room.path("state.json").exists());
}

#[test]
fn a_network_that_is_gone_is_unreachable_and_no_end() {
    let room = Room::new();
    let account = room.connected();
    let (data, passphrase) = (room.path("data"), room.path("passphrase"));
    let (_folder, _runtime) = room.close_network();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_evergrant"))
        .env_clear()
        .args(["check", &account, "--keychain", "vault", "--data"])
        .arg(data)
        .arg("--passphrase-file")
        .arg(passphrase)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
}
