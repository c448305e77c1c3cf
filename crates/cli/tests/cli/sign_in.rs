//! `connect`, `sign-in`, `sign-out`, `forget`: the person's trip and its ends.

use evergrant_practice::Trouble;
use snapbox::{assert_data_eq, str};

use crate::browser::{Answer, walk};
use crate::room::Room;

fn connect(room: &Room, extra: &[&str], who: &Answer) -> crate::room::Ran {
    let var = format!("origin={}", room.origin());
    room.sign_in(
        &[&["connect", "practice", "--var", &var], extra].concat(),
        who,
    )
}

#[test]
fn connecting_tells_what_was_exchanged_and_that_it_was_checked() {
    let room = Room::new();
    let ran = connect(&room, &[], &Answer::Yes("ada"));
    assert_data_eq!(
        room.shown(&ran),
        str![[r#"
exit 0
● Connected: Ada Practice (Practice network), here called practice.[KEY]-10001.
  The first token (ends in 90 minutes) was exchanged for one that ends in 60 days.
  The service was asked and says that it is good.
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...

"#]]
    );
}

#[test]
fn connecting_in_json_gives_the_account_and_nothing_else_on_standard_output() {
    let room = Room::new();
    let ran = connect(
        &room,
        &["--json", "--remember", "30", "-q"],
        &Answer::Yes("ada"),
    );
    assert_data_eq!(
        room.shown(&ran),
        str![[r#"
exit 0
{
  "connected": {
    "data_access_ends": {
      "at": "[TIME]"
    },
    "expires": {
      "at": "[TIME]"
    },
    "forget_at": "[TIME]",
    "generation": 1,
    "held_posts": 0,
    "id": "practice.[KEY]-10001",
    "identity": "10001",
    "issued_at": "[TIME]",
    "last_check": {
      "at": "[TIME]",
      "result": "good",
      "sentence": "The issuer says the token is good."
    },
    "missing_scopes": [],
    "name": "Ada Practice",
    "provider": "practice",
    "provider_name": "Practice network",
    "reason": null,
    "remember": {
      "days": 30
    },
    "scopes": [
      "pages_manage_posts",
      "pages_read_engagement",
      "pages_show_list",
      "public_profile"
    ],
    "signed_in_at": "[TIME]",
    "state": "active",
    "unreachable_since": null
  },
  "is_new": true,
  "released": 0,
  "short_expires": {
    "at": "[TIME]"
  }
}
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...

"#]]
    );
}

#[test]
fn a_denied_consent_is_told_and_changes_nothing() {
    let room = Room::new();
    let ran = connect(&room, &[], &Answer::Cancel);
    assert_data_eq!(
        room.shown(&ran),
        str![[r#"
exit 8
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...
error: The sign-in was cancelled on the service's page.
hint: Nothing was changed; start the sign-in again when you like.

"#]]
    );
    assert_eq!(
        room.json(&["accounts"])["accounts"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_permission_that_was_not_ticked_is_named() {
    let room = Room::new();
    let ran = connect(
        &room,
        &["-q"],
        &Answer::Without("ada", "pages_manage_posts"),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("Not allowed: pages_manage_posts."),
        "{}",
        ran.out
    );
    let account = room.json(&["accounts"])["accounts"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let post = room.run(&["post", &account, "Hello", "--to", "500100"]);
    assert_eq!(post.code, 3, "{post:?}");
}

#[test]
fn the_address_of_the_last_page_can_be_pasted() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let room = Room::new();
    let var = format!("origin={}", room.origin());
    let mut command = room.command(&[
        "connect",
        "practice",
        "--var",
        &var,
        "--paste",
        "--no-browser",
    ]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map(Result::unwrap)
        .find_map(|line| {
            line.strip_prefix("  http://")
                .map(|rest| format!("http://{rest}"))
        })
        .unwrap();
    let last = walk(&address, &Answer::Yes("ada"));
    assert!(last.contains("/connect/login_success.html?"), "{last}");
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "https://example.org/elsewhere").unwrap();
    writeln!(input, "{last}").unwrap();
    let told: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{told:?}");
    assert!(
        told.iter()
            .any(|line| line.contains("the address of another page")),
        "{told:?}"
    );
}

#[test]
fn giving_up_ends_the_sign_in_and_changes_nothing() {
    let room = Room::new();
    let var = format!("origin={}", room.origin());
    let args = [
        "connect",
        "practice",
        "--var",
        &var,
        "--paste",
        "--no-browser",
        "-q",
    ];
    let ran = room.run_with_input(&args, "\n");
    assert_data_eq!(
        room.shown(&ran),
        str![[r#"
exit 8
-- stderr --
Open this address in your browser:
  [DIALOG]
Paste the address of the last page here (an empty line gives up):
error: The sign-in was given up.
hint: Nothing was changed; start the sign-in again when you like.

"#]]
    );
}

#[test]
fn a_sign_in_whose_process_is_killed_leaves_the_account_as_it_was() {
    let room = Room::new();
    let account = room.connected();
    let command = room.command(&["sign-in", &account, "--no-browser"]);
    room.started(command, "Waiting for you there").kill();
    room.ok(&["check", &account]);
    assert_eq!(room.json(&["accounts"])["accounts"][0]["state"], "active");
}

#[test]
fn another_person_is_not_written_over_the_account() {
    let room = Room::new();
    let account = room.connected();
    let ran = room.sign_in(&["sign-in", &account, "-q"], &Answer::Yes("ben"));
    assert_data_eq!(
        room.shown(&ran),
        str![[r#"
exit 8
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...
error: Ben Practice signed in, but this account belongs to Ada Practice; nothing was changed
hint: Sign in as Ada Practice, or connect Ben Practice as an account of their own.

"#]]
    );
    let accounts = room.json(&["accounts"]);
    assert_eq!(accounts["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(accounts["accounts"][0]["name"], "Ada Practice");
    assert_eq!(accounts["accounts"][0]["state"], "active");
}

#[test]
fn signing_in_again_sends_the_held_post_once() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    let held = room.run(&["post", &account, "Held for a while", "--to", "500100"]);
    assert_data_eq!(
        room.shown(&held),
        str![[r#"
exit 3
▲ Post 1 to Harbour Bakery: held. The password was changed, which ends earlier sign-ins. Sign in again.

"#]]
    );
    assert_eq!(room.copies("Held for a while"), 0);
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
   ACCOUNT  NAME  STATE  ENDS  CHECKED  HELD
✕  practice.[KEY]-10001  Ada Practice  sign in again  [MOMENT]  1
practice.[KEY]-10001: The password was changed, which ends earlier sign-ins. Sign in again.

"#]]
    );
    let again = room.sign_in(&["sign-in", &account, "-q"], &Answer::Yes("ada"));
    assert_data_eq!(
        room.shown(&again),
        str![[r#"
exit 0
● Signed in again: Ada Practice (Practice network), here called practice.[KEY]-10001.
  The first token (ends in 90 minutes) was exchanged for one that ends in 60 days.
  The service was asked and says that it is good.
  1 held post went out.
-- stderr --
Open this address in your browser:
  [DIALOG]
Waiting for you there, five minutes at most (Ctrl-C gives up) ...

"#]]
    );
    assert_eq!(room.copies("Held for a while"), 1);
}

#[test]
fn signing_out_revokes_and_forgetting_leaves_nothing() {
    let room = Room::new();
    let account = room.connected();
    assert_data_eq!(
        room.show(&["sign-out", &account]),
        str![[r#"
exit 0
● practice.[KEY]-10001: Signed out; the issuer confirms that the token no longer works.

"#]]
    );
    let after = room.run(&["check", &account]);
    assert_eq!(after.code, 3, "{after:?}");
    assert_data_eq!(
        room.show(&["forget", &account]),
        str![[r#"
exit 0
practice.[KEY]-10001 is forgotten here. At the service the sign-in is as it was; `sign-out` would have ended it.

"#]]
    );
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
No account is connected yet. Try `evergrant connect practice`, or see `evergrant providers list`.

"#]]
    );
}

#[test]
fn signing_out_without_the_service_keeps_the_sign_in_unless_told_otherwise() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::Outage {
        status: 503,
        on: evergrant_practice::Where::default(),
    });
    let ran = room.run(&["sign-out", &account]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("--anyway"), "{}", ran.err);
    assert_eq!(room.json(&["accounts"])["accounts"][0]["state"], "active");
    room.ok(&["sign-out", &account, "--anyway"]);
    assert_eq!(
        room.json(&["accounts"])["accounts"][0]["state"],
        "signed_out"
    );
}
