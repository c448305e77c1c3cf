//! What people get wrong, and what breaks: one clear sentence each, and nothing is lost.

use evergrant_practice::APP_ID;
use snapbox::{assert_data_eq, str};

use crate::browser::Answer;
use crate::room::Room;

/// A provider of the person's own: the practice network with an app to bring along.
fn own_provider(room: &Room) {
    let text = format!(
        "schema = 1\nid = \"mine\"\nname = \"My network\"\nsame_as = \"facebook\"\n\n\
         [vars]\nwww = \"{0}\"\ngraph = \"{0}/{{version}}\"\n\n\
         [authorize]\nredirect = [\"loopback:127.0.0.1\"]\n",
        room.origin()
    );
    room.write("config/providers/mine.toml", &text);
}

#[test]
fn a_broken_provider_file_is_told_with_line_field_and_fix() {
    let room = Room::new();
    own_provider(&room);
    assert_data_eq!(
        room.show(&["providers", "check", "config/providers/mine.toml"]),
        str![[r#"
exit 0
config/providers/mine.toml is right: it describes mine.

"#]]
    );
    let path = room.path("config/providers/mine.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("redirect", "redirekt")).unwrap();
    assert_data_eq!(
        room.show(&["providers", "check", "config/providers/mine.toml"]),
        str![[r#"
exit 2
-- stderr --
error: config/providers/mine.toml:11: [authorize] redirekt: there is no key `redirekt`; did you mean `redirect`?

"#]]
    );
    assert_data_eq!(
        room.show(&["connect", "mine", "--client-id", "1"]),
        str![[r#"
exit 2
-- stderr --
note: [ROOM]/config/providers/mine.toml:11: [authorize] redirekt: there is no key `redirekt`; did you mean `redirect`?
error: [ROOM]/config/providers/mine.toml:11: [authorize] redirekt: there is no key `redirekt`; did you mean `redirect`?
hint: Mend the file, or remove it to use the one that comes with Evergrant.

"#]]
    );
    // The others go on.
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
No account is connected yet. Try `evergrant connect practice`, or see `evergrant providers list`.
-- stderr --
note: [ROOM]/config/providers/mine.toml:11: [authorize] redirekt: there is no key `redirekt`; did you mean `redirect`?

"#]]
    );
}

#[test]
fn an_app_of_ones_own_is_asked_for_and_its_secret_checked() {
    let room = Room::new();
    own_provider(&room);
    assert_data_eq!(
        room.show(&["connect", "mine"]),
        str![[r#"
exit 2
-- stderr --
error: My network needs the id of an app that you have registered there
hint: Run `evergrant connect mine` in a terminal for the steps.

"#]]
    );
    assert_data_eq!(
        room.show(&["connect", "mine", "--client-id", APP_ID]),
        str![[r#"
exit 2
-- stderr --
error: My network needs the secret of the app 100200300400500
hint: Run `evergrant connect mine` in a terminal, or give the secret in a file.

"#]]
    );

    room.write("secret", "not-the-secret\n");
    let args = [
        "connect",
        "mine",
        "--client-id",
        APP_ID,
        "--client-secret-file",
        "secret",
        "-q",
    ];
    let wrong = room.sign_in(&args, &Answer::Yes("ada"));
    assert_data_eq!(
        room.shown(&wrong),
        str![[r#"
exit 8
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...
error: My network refused the app's id or secret: Error validating client secret.
hint: Copy both once more from the app's page; nothing was changed.

"#]]
    );
    assert!(!room.said.lock().unwrap().contains("not-the-secret"));

    room.write("secret", "practice-app-secret\n");
    let right = room.sign_in(&args, &Answer::Yes("ada"));
    assert_data_eq!(
        room.shown(&right),
        str![[r#"
exit 0
● Connected: Ada Practice (My network), here called mine-10001.
  The first token (ends in 90 minutes) was exchanged for one that ends in 60 days.
  The service was asked and says that it is good.
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...

"#]]
    );
    room.ok(&["check", "mine-10001"]);
}

#[test]
fn an_unknown_provider_names_the_known_ones() {
    let room = Room::new();
    assert_data_eq!(
        room.show(&["connect", "fazebook"]),
        str![[r#"
exit 6
-- stderr --
error: there is no provider called "fazebook"
hint: Known are: facebook, practice.

"#]]
    );
}

#[test]
fn a_wrong_passphrase_and_a_missing_vault_are_told_apart() {
    let room = Room::new();
    let var = format!("origin={}", room.origin());
    let connect = ["connect", "practice", "--var", &var, "-q"];
    room.write("passphrase", "something else\n");
    assert_data_eq!(
        room.show(&connect),
        str![[r#"
exit 5
-- stderr --
error: the passphrase does not open the vault
hint: Enter the passphrase the vault was created with; the vault was not changed.

"#]]
    );
    std::fs::remove_file(room.path("data/vault.age")).unwrap();
    assert_data_eq!(
        room.show(&connect),
        str![[r#"
exit 5
-- stderr --
error: there is no keychain to use: there is no vault at [ROOM]/data/vault.age; make one with `evergrant vault create`
hint: Run `evergrant doctor` to see what is missing, or use an encrypted vault file with a passphrase.

"#]]
    );
}

#[test]
fn a_database_from_a_newer_version_is_not_touched() {
    let room = Room::new();
    room.connected();
    let path = room.path("data/evergrant.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // The format's number stands at offset 60 (SQLite file format, section 1.3).
    bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 9
-- stderr --
error: the database is from a newer version of Evergrant (format 9999; this one knows up to 1)
hint: Use the newer version, or another data folder; the file was not touched.

"#]]
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(room.run(&["doctor"]).code, 9);
}

#[test]
fn a_damaged_database_is_kept_aside_and_the_accounts_come_from_the_keychain() {
    let room = Room::new();
    let account = room.connected();
    let path = room.path("data/evergrant.db");
    let length = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    std::fs::write(&path, vec![0x5a; length]).unwrap();
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
   ACCOUNT  NAME  STATE  ENDS  CHECKED  HELD
●  practice.[KEY]-10001  Ada Practice  connected  in 60 days  [MOMENT]
-- stderr --
note: The database was damaged. It is kept as [ROOM]/data/evergrant.db.[ASIDE], and a new one was begun.
note: 1 account and 0 posts were taken over.

"#]]
    );
    let aside = std::fs::read_dir(room.path("data"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .any(|name| name.starts_with("evergrant.db.") || name.contains("damaged"));
    assert!(aside, "it was not kept");
    room.ok(&["check", &account]);
    room.ok(&["post", &account, "Still here", "--to", "500100"]);
    assert_eq!(room.copies("Still here"), 1);
}

#[test]
fn a_clock_two_days_off_is_told_and_ends_no_sign_in() {
    let room = Room::new();
    let account = room.connected();
    room.write("clock", "+2d");
    room.ok(&["check", &account]);
    let doctor = room.run(&["doctor"]);
    assert!(
        doctor.out.contains("clock is 2 days ahead"),
        "{}",
        doctor.out
    );
    room.write("clock", "-2d");
    room.ok(&["check", &account]);
    room.ok(&["post", &account, "In spite of it", "--to", "500100"]);
    assert_eq!(room.copies("In spite of it"), 1);
}

#[test]
fn a_clock_file_with_nonsense_is_told() {
    let room = Room::new();
    room.write("clock", "tomorrow");
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 2
-- stderr --
error: EVERGRANT_CLOCK: The clock file [ROOM]/clock holds “tomorrow”; write an offset such as +61d, -2h or 90 (seconds).

"#]]
    );
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let room = Room::new();
    room.write("config/config.toml", "keychain = \"plain\"\n");
    let mut command = room.command(&[]);
    command = {
        let mut plain = std::process::Command::new(command.get_program());
        plain.env_clear().env("HOME", room.path("home"));
        plain
            .env("EVERGRANT_DATA", room.path("data"))
            .env("EVERGRANT_CONFIG", room.path("config"));
        plain
    };
    let output = command.args(["accounts"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("write \"system\" or \"vault\""), "{err}");
}
