//! `accounts`, `check`, `targets`, `remember`, `diary`: how things stand.

use evergrant_practice::{Endpoint, Trouble, Where};
use snapbox::{assert_data_eq, str};

use crate::room::Room;

const DAY: u64 = 86_400;

#[test]
fn an_empty_list_says_how_to_begin() {
    let room = Room::new();
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
No account is connected yet. Try `evergrant connect practice`, or see `evergrant providers list`.

"#]]
    );
    assert_data_eq!(
        room.show(&["accounts", "--json"]),
        str![[r#"
exit 0
{
  "accounts": []
}

"#]]
    );
}

#[test]
fn accounts_are_listed_without_asking_anybody() {
    let room = Room::new();
    room.connected();
    let before = room.network().counts();
    assert_data_eq!(
        room.show(&["accounts"]),
        str![[r#"
exit 0
   ACCOUNT  NAME  STATE  ENDS  CHECKED  HELD
●  practice.[KEY]-10001  Ada Practice  connected  in 60 days  [MOMENT]

"#]]
    );
    assert_data_eq!(
        room.show(&["accounts", "--json"]),
        str![[r#"
exit 0
{
  "accounts": [
    {
      "data_access_ends": {
        "at": "[TIME]"
      },
      "expires": {
        "at": "[TIME]"
      },
      "forget_at": null,
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
      "remember": "always",
      "scopes": [
        "pages_manage_posts",
        "pages_read_engagement",
        "pages_show_list",
        "public_profile"
      ],
      "signed_in_at": "[TIME]",
      "state": "active",
      "unreachable_since": null
    }
  ]
}

"#]]
    );
    assert_eq!(room.network().counts(), before);
}

#[test]
fn listing_needs_no_passphrase() {
    let room = Room::new();
    room.connected();
    std::fs::remove_file(room.path("passphrase")).unwrap();
    room.ok(&["accounts"]);
    let check = room.run(&["check"]);
    assert_eq!(check.code, 5, "{check:?}");
    assert!(check.out.contains("cannot be read"), "{check:?}");
}

#[test]
fn a_check_asks_the_issuer_once() {
    let room = Room::new();
    let account = room.connected();
    let before = room.network().count(Endpoint::DebugToken);
    assert_data_eq!(
        room.show(&["check", &account]),
        str![[r#"
exit 0
● practice.[KEY]-10001: good. The issuer says the token is good. It ends in 60 days.

"#]]
    );
    assert_eq!(room.network().count(Endpoint::DebugToken), before + 1);
}

#[test]
fn a_dead_sign_in_is_told_with_its_reason() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::RemoveApp {
        person: "ada".into(),
    });
    assert_data_eq!(
        room.show(&["check", &account]),
        str![[r#"
exit 3
✕ practice.[KEY]-10001: sign in again. The app was removed from the account on the service's site. Sign in again.

"#]]
    );
    assert_data_eq!(
        room.show(&["check", &account, "--json"]),
        str![[r#"
exit 3
{
  "checks": [
    {
      "account": {
        "data_access_ends": null,
        "expires": null,
        "forget_at": null,
        "generation": 1,
        "held_posts": 0,
        "id": "practice.[KEY]-10001",
        "identity": "10001",
        "issued_at": null,
        "last_check": {
          "at": "[TIME]",
          "result": "dead",
          "sentence": "The app was removed from the account on the service's site."
        },
        "missing_scopes": [],
        "name": "Ada Practice",
        "provider": "practice",
        "provider_name": "Practice network",
        "reason": {
          "code": "app_removed",
          "next_step": "Sign in again.",
          "sentence": "The app was removed from the account on the service's site."
        },
        "remember": "always",
        "scopes": [],
        "signed_in_at": null,
        "state": "needs_login",
        "unreachable_since": null
      },
      "result": "dead",
      "sentence": "The app was removed from the account on the service's site. Sign in again."
    }
  ]
}

"#]]
    );
}

#[test]
fn a_service_in_trouble_ends_no_sign_in() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::Outage {
        status: 503,
        on: Where::default(),
    });
    assert_data_eq!(
        room.show(&["check", &account]),
        str![[r#"
exit 4
▲ practice.[KEY]-10001: can't tell now. Nobody can tell now: the service is in trouble (HTTP 503: Service temporarily unavailable).

"#]]
    );
    assert_eq!(room.json(&["accounts"])["accounts"][0]["state"], "active");
}

#[test]
fn an_unknown_account_is_not_found_and_the_known_ones_are_named() {
    let room = Room::new();
    room.connected();
    assert_data_eq!(
        room.show(&["check", "nobody"]),
        str![[r#"
exit 6
-- stderr --
error: there is no account "nobody"
hint: There are: practice.[KEY]-10001.

"#]]
    );
    assert_data_eq!(
        room.show(&["check", "nobody", "--json"]),
        str![[r#"
exit 6
{
  "error": {
    "code": "no_such_account",
    "hints": [
      "There are: practice.[KEY]-10001."
    ],
    "message": "there is no account /"nobody/""
  }
}
-- stderr --
error: there is no account "nobody"
hint: There are: practice.[KEY]-10001.

"#]]
    );
}

#[test]
fn targets_lists_the_pages_and_whether_one_may_post() {
    let room = Room::new();
    let account = room.connected();
    assert_data_eq!(
        room.show(&["targets", &account]),
        str![[r#"
exit 0
ID  NAME  KIND  POSTING
500100  Harbour Bakery  page  allowed
500200  Night Trains  page  allowed

"#]]
    );
    assert_data_eq!(
        room.show(&["targets", &account, "--json"]),
        str![[r#"
exit 0
{
  "targets": [
    {
      "can_post": true,
      "id": "500100",
      "kind": "page",
      "name": "Harbour Bakery"
    },
    {
      "can_post": true,
      "id": "500200",
      "kind": "page",
      "name": "Night Trains"
    }
  ]
}

"#]]
    );
}

#[test]
fn a_sign_in_is_remembered_as_long_as_the_person_wants() {
    let room = Room::new();
    let account = room.connected();
    assert_data_eq!(
        room.show(&["remember", &account, "10"]),
        str![[r#"
exit 0
practice.[KEY]-10001 is remembered 10 days from the sign-in, which ends in 10 days.

"#]]
    );
    room.jump(11 * DAY);
    room.ok(&["run", "--until-idle"]);
    let after = room.json(&["accounts"]);
    assert_eq!(after["accounts"][0]["state"], "needs_login");
    assert_eq!(after["accounts"][0]["reason"]["code"], "not_remembered");
    let nonsense = room.run(&["remember", &account, "forever"]);
    assert_eq!(nonsense.code, 2, "{nonsense:?}");
}

#[test]
fn the_diary_tells_it_newest_first() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&["post", &account, "Hello", "--to", "500100"]);
    assert_data_eq!(
        room.show(&["diary"]),
        str![[r#"
exit 0
[DATE]  practice.[KEY]-10001 post 1  Posted: [ORIGIN]/pages/500100#500100_122000007
[DATE]  practice.[KEY]-10001  The issuer says the token is good.
[DATE]  practice.[KEY]-10001 post 1  Queued for [DATE] UTC.
[DATE]  practice.[KEY]-10001  The short-lived token was swapped for a long-lived one; good until [DATE] UTC.
[DATE]  practice.[KEY]-10001  Signed in; good until [DATE] UTC.

"#]]
    );
    assert_data_eq!(
        room.show(&["diary", "--post", "1", "--limit", "1", "--json"]),
        str![[r#"
exit 0
{
  "diary": [
    {
      "account": "practice.[KEY]-10001",
      "at": "[TIME]",
      "happening": {
        "kind": "posted",
        "remote_id": "500100_122000007",
        "url": "[ORIGIN]/pages/500100#500100_122000007"
      },
      "post": 1,
      "sentence": "Posted: [ORIGIN]/pages/500100#500100_122000007"
    }
  ]
}

"#]]
    );
}

#[test]
fn sixty_days_later_the_issuer_says_that_it_is_over() {
    let room = Room::new();
    let account = room.connected();
    room.jump(61 * DAY);
    let ran = room.run(&["check", &account]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.out
            .contains("The sign-in has reached the end of its life."),
        "{}",
        ran.out
    );
}
