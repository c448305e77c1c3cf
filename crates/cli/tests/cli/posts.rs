//! `post`, `queue` and `run`: on time, late, held, taken back.

use evergrant_practice::{Endpoint, Trouble, Where};
use snapbox::{assert_data_eq, str};

use crate::room::Room;

const HOUR: u64 = 3_600;

#[test]
fn a_post_goes_out_now() {
    let room = Room::new();
    let account = room.connected();
    assert_data_eq!(
        room.show(&["post", &account, "Hello", "--to", "Harbour Bakery"]),
        str![[r#"
exit 0
● Post 1 to Harbour Bakery: Posted: [ORIGIN]/pages/500100#500100_122000007

"#]]
    );
    assert_eq!(room.copies("Hello"), 1);
    let second = room.run_with_input(
        &["post", &account, "-", "--to", "500200", "--json"],
        "From a pipe\n",
    );
    assert_data_eq!(
        room.shown(&second),
        str![[r#"
exit 0
{
  "post": {
    "account": "practice.[KEY]-10001",
    "account_name": "Ada Practice",
    "attempts": 1,
    "due": "[TIME]",
    "due_local": "[DATE]",
    "id": 2,
    "late_limit": 7200,
    "link": null,
    "needs_person": false,
    "next_look": null,
    "picture": null,
    "remote_id": "500200_122000008",
    "sentence": "Posted: [ORIGIN]/pages/500200#500200_122000008",
    "state": "posted",
    "target": "500200",
    "target_name": "Night Trains",
    "text": "From a pipe",
    "url": "[ORIGIN]/pages/500200#500200_122000008",
    "zone": "UTC"
  }
}

"#]]
    );
    assert_eq!(room.copies("From a pipe"), 1);
}

#[test]
fn a_post_with_a_picture_and_one_with_a_link_go_out() {
    let room = Room::new();
    let account = room.connected();
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[0; 64]].concat();
    std::fs::write(room.path("bread.png"), png).unwrap();
    room.ok(&[
        "post",
        &account,
        "Look",
        "--to",
        "500100",
        "--picture",
        "bread.png",
    ]);
    let link = "https://example.org/bread";
    room.ok(&["post", &account, "Read", "--to", "500100", "--link", link]);
    let posts = room.network().posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(posts[0].photos.len(), 1);
    assert_eq!(posts[1].link.as_deref(), Some(link));
}

#[test]
fn a_post_waits_for_its_time_and_run_sends_it() {
    let room = Room::new();
    let account = room.connected();
    let post = room.run(&[
        "post",
        &account,
        "Later",
        "--to",
        "500100",
        "--at",
        "in 3h",
        "--zone",
        "Europe/Berlin",
    ]);
    assert_data_eq!(
        room.shown(&post),
        str![[r#"
exit 0
○ Post 1 to Harbour Bakery: queued. Goes out on [DATE] (Europe/Berlin).
  Evergrant looks at it in 3 hours, if `evergrant keep` is at work.

"#]]
    );
    assert_data_eq!(
        room.show(&["queue"]),
        str![[r#"
exit 0
   POST  DUE  ZONE  TO  STATE  TEXT
○  1     [DATE]  Europe/Berlin  Harbour Bakery  queued  Later

"#]]
    );
    room.ok(&["run", "--until-idle"]);
    assert_eq!(room.copies("Later"), 0);
    room.jump(3 * HOUR + 60);
    assert_data_eq!(
        room.show(&["run", "--until-idle"]),
        str![[r#"
exit 0
0 accounts checked, 1 post sent, 0 held, 0 uncertain.
Next: in 6 hours.

"#]]
    );
    assert_eq!(room.copies("Later"), 1);
    assert_data_eq!(
        room.show(&["queue"]),
        str![[r#"
exit 0
Nothing is waiting to go out.

"#]]
    );
    assert_data_eq!(
        room.show(&["queue", "--all", "--json"]),
        str![[r#"
exit 0
{
  "posts": [
    {
      "account": "practice.[KEY]-10001",
      "account_name": "Ada Practice",
      "attempts": 1,
      "due": "[TIME]",
      "due_local": "[DATE]",
      "id": 1,
      "late_limit": 7200,
      "link": null,
      "needs_person": false,
      "next_look": null,
      "picture": null,
      "remote_id": "500100_122000007",
      "sentence": "Posted: [ORIGIN]/pages/500100#500100_122000007",
      "state": "posted",
      "target": "500100",
      "target_name": "Harbour Bakery",
      "text": "Later",
      "url": "[ORIGIN]/pages/500100#500100_122000007",
      "zone": "Europe/Berlin"
    }
  ]
}

"#]]
    );
}

#[test]
fn a_traveller_whose_zone_changes_moves_no_post_that_is_queued() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&["post", &account, "Away", "--to", "500100", "--at", "in 1h"]);
    let run_in = |zone: &str| {
        let mut run = room.command(&["run", "--until-idle"]);
        assert!(run.env("TZ", zone).output().unwrap().status.success());
    };
    // A day ahead of and nearly a day behind where it was queued.
    for (passed, copies) in [(HOUR - 60, 0), (HOUR + 60, 1)] {
        room.jump(passed);
        run_in("Pacific/Kiritimati");
        run_in("Pacific/Pago_Pago");
        assert_eq!(room.copies("Away"), copies);
    }
}

#[test]
fn a_post_that_is_too_late_is_put_to_the_person() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&[
        "post", &account, "Stale", "--to", "500100", "--at", "in 1h", "--late", "30m",
    ]);
    room.jump(3 * HOUR);
    room.ok(&["run", "--until-idle"]);
    assert_data_eq!(
        room.show(&["queue"]),
        str![[r#"
exit 0
   POST  DUE  ZONE  TO  STATE  TEXT
✕  1     [DATE]  UTC  Harbour Bakery  too late  Stale
Post 1: Too late to go out by itself. Send it with `evergrant queue send 1`, or give it another time with `evergrant queue move 1`.

"#]]
    );
    assert_eq!(room.copies("Stale"), 0);
    room.ok(&["queue", "send", "1"]);
    assert_eq!(room.copies("Stale"), 1);
}

#[test]
fn a_queued_post_is_moved_and_taken_back() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&["post", &account, "Maybe", "--to", "500100", "--at", "in 1h"]);
    assert_data_eq!(
        room.show(&[
            "queue",
            "move",
            "1",
            "--at",
            "in 5h",
            "--zone",
            "Asia/Tokyo"
        ]),
        str![[r#"
exit 0
○ Post 1 to Harbour Bakery: queued. Goes out on [DATE] (Asia/Tokyo).
  Evergrant looks at it in 5 hours, if `evergrant keep` is at work.

"#]]
    );
    assert_data_eq!(
        room.show(&["queue", "cancel", "1"]),
        str![[r#"
exit 0
○ Post 1 to Harbour Bakery: Cancelled.

"#]]
    );
    let again = room.run(&["queue", "send", "1"]);
    assert_data_eq!(
        room.shown(&again),
        str![[r#"
exit 8
-- stderr --
error: post 1: it was cancelled

"#]]
    );
    assert_eq!(room.run(&["queue", "send", "7"]).code, 6);
    room.jump(6 * HOUR);
    room.ok(&["run", "--until-idle"]);
    assert_eq!(room.copies("Maybe"), 0);
}

#[test]
fn a_time_that_cannot_be_is_refused_before_anything_is_queued() {
    let room = Room::new();
    let account = room.connected();
    for (at, zone) in [
        ("2027-03-28 02:30", "Europe/Berlin"),
        ("2027-10-31 02:30", "Europe/Berlin"),
        ("2020-01-01 10:00", "UTC"),
        ("soon", "UTC"),
        ("in 1h", "Mars/Base"),
    ] {
        let ran = room.run(&[
            "post", &account, "x", "--to", "500100", "--at", at, "--zone", zone,
        ]);
        assert_eq!(ran.code, 2, "{at} {zone}: {ran:?}");
        assert_eq!(
            ran.err
                .lines()
                .filter(|line| line.starts_with("error: "))
                .count(),
            1
        );
    }
    assert_eq!(
        room.json(&["queue", "--all"])["posts"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_post_that_cannot_be_is_refused() {
    let room = Room::new();
    let account = room.connected();
    assert_data_eq!(
        room.show(&["post", &account, "", "--to", "500100"]),
        str![[r#"
exit 8
-- stderr --
error: there is nothing to post: give a text, a link or a picture

"#]]
    );
    assert_data_eq!(
        room.show(&["post", &account, "Hello"]),
        str![[r#"
exit 6
-- stderr --
error: practice.[KEY]-10001 has several Pages; say which one with --to
hint: There are: Harbour Bakery (500100), Night Trains (500200).

"#]]
    );
    assert_eq!(
        room.run(&["post", &account, "Hello", "--to", "nowhere"])
            .code,
        6
    );
    assert_eq!(
        room.run(&["post", &account, "Hello", "--picture", "none.png"])
            .code,
        9
    );
}

#[test]
fn an_outage_is_waited_out() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::Outage {
        status: 503,
        on: Where::default(),
    });
    let ran = room.run(&["post", &account, "Patience", "--to", "500100"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    room.trouble(Trouble::Clear);
    room.jump(HOUR);
    room.ok(&["run", "--until-idle"]);
    assert_eq!(room.copies("Patience"), 1);
}

#[test]
fn a_lost_answer_is_looked_up_and_never_sent_twice() {
    let room = Room::new();
    let account = room.connected();
    room.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    let ran = room.run(&["post", &account, "Once only", "--to", "500100"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(room.copies("Once only"), 1);
    room.jump(180);
    room.ok(&["run", "--until-idle"]);
    assert_eq!(room.copies("Once only"), 1);
    assert_eq!(
        room.json(&["queue", "--all"])["posts"][0]["state"],
        "posted"
    );
}

#[test]
fn run_goes_on_until_it_is_told_to_stop_and_others_are_told_who_is_at_work() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&[
        "post",
        &account,
        "While running",
        "--to",
        "500100",
        "--at",
        "in 1h",
    ]);
    let running = room.started(room.command(&["run"]), "Looking after");
    let busy = room.run(&["accounts", "--wait", "0"]);
    assert_data_eq!(
        room.shown(&busy),
        str![[r#"
exit 0
   ACCOUNT  NAME  STATE  ENDS  CHECKED  HELD
●  practice.[KEY]-10001  Ada Practice  connected  in 60 days  [MOMENT]

"#]]
    );
    room.jump(HOUR + 60);
    crate::room::eventually("it goes out", || room.copies("While running") == 1);
    assert_eq!(running.end(), 0);
    room.ok(&["accounts", "--wait", "0"]);
}

#[test]
fn a_post_is_edited_and_the_settings_say_how_late_it_may_be() {
    let room = Room::new();
    let account = room.connected();
    room.ok(&["settings", "--late-limit", "30m", "--warn-before", "1d,14d"]);
    assert_data_eq!(
        room.show(&["settings"]),
        str![[r#"
exit 0
You are warned 14 days, 24 hours before a sign-in ends.
A new post may go out by itself up to 30 minutes late.
Kept in [ROOM]/config/config.toml.

"#]]
    );
    let at = ["--at", "2099-01-01 10:00", "--zone", "UTC"];
    room.ok(&[
        &[
            "post",
            &account,
            "Frist",
            "--to",
            "500100",
            "--link",
            "https://example.org/",
        ],
        &at[..],
    ]
    .concat());
    let edited = room.json(&["queue", "edit", "1", "First", "--no-link"]);
    let post = &edited["post"];
    assert_eq!(post["text"], "First");
    assert_eq!(post["late_limit"], 1800);
    assert!(post["link"].is_null(), "{post}");
    assert_eq!(post["due_local"], "2099-01-01 10:00");
    room.ok(&["queue", "send", "1"]);
    assert_eq!((room.copies("First"), room.copies("Frist")), (1, 0));
    assert_eq!(room.run(&["queue", "edit", "1", "Too late"]).code, 8);
}
