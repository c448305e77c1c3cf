//! `providers`, `doctor`, `story`, `completions`, `man`, help.

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::room::Room;

#[test]
fn the_providers_are_listed_and_explained() {
    let room = Room::new();
    assert_data_eq!(
        room.show(&["providers", "list"]),
        str![[r#"
exit 0
ID  NAME  POSTS  FACTS CHECKED ON
facebook  Facebook  text, photo  2026-11-23
practice  Practice network  text, photo  2026-11-23

"#]]
    );
    assert_data_eq!(
        room.show(&["providers", "show", "practice"]),
        str![[r#"
exit 0
Practice network (checked on 2026-11-23)
You sign in with your browser, which comes back to 127.0.0.1.
It asks for pages_show_list: see which Pages you manage, so that you can choose one
It asks for pages_manage_posts: publish posts on your Pages
It asks for pages_read_engagement: read what is on your Pages, to find a post again whose answer was lost
The sign-in is exchanged for one of about 60 days; then you sign in again.
Tokens of Pages are fetched when needed and never stored.
It can post text of at most 63206 characters; if an answer is lost, the post is looked up and sent again only if it is not there.
It can post photo of at most 63206 characters; if an answer is lost, the post is looked up and sent again only if it is not there.
Signing out ends the sign-in at the service.
Read in:
  https://developers.facebook.com/documentation/facebook-login/guides/access-tokens/get-long-lived
  https://developers.facebook.com/documentation/facebook-login/guides/advanced/manual-flow
  https://developers.facebook.com/docs/graph-api/reference/debug_token
  https://developers.facebook.com/docs/graph-api/guides/error-handling
  https://developers.facebook.com/docs/graph-api/overview/rate-limiting
  https://developers.facebook.com/documentation/pages-api/posts.md

"#]]
    );
    assert_eq!(room.run(&["providers", "show", "nothing"]).code, 6);
}

#[test]
fn doctor_says_what_is_used_and_whether_it_survives() {
    let room = Room::new();
    assert_data_eq!(
        room.show(&["doctor"]),
        str![[r#"
exit 0
▲ keeper: None is at work: nothing is checked or posted while no command runs.
    Start one with `evergrant keep`, or at each login with `evergrant keep --install`.
● data folder: [ROOM]/data can be used.
● keychain: the encrypted vault [ROOM]/data/vault.age is used; what it keeps survives a restart.
● old tokens: None is left in the keychain.
● clock: No service was asked yet, so nothing is known of it.
● provider files: All can be used: facebook, practice.
● accounts: 0 accounts known; none needs you.
● posts: None waits for you.
▲ session bus: There is no session bus, so neither notifications nor an icon in the tray are possible here.
    Start Evergrant within a desktop session to have them; everything else works without.
▲ display: This session has no screen, so neither the window nor a browser can open here.
    Use the command line, or start Evergrant within a desktop session.
● settings: Your own are looked for in [ROOM]/config.

"#]]
    );
    assert_data_eq!(
        room.show(&["doctor", "--json"]),
        str![[r#"
exit 0
{
  "doctor": {
    "findings": [
      {
        "level": "note",
        "next_step": "Start one with `evergrant keep`, or at each login with `evergrant keep --install`.",
        "sentence": "None is at work: nothing is checked or posted while no command runs.",
        "topic": "keeper"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "[ROOM]/data can be used.",
        "topic": "data folder"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "the encrypted vault [ROOM]/data/vault.age is used; what it keeps survives a restart.",
        "topic": "keychain"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "None is left in the keychain.",
        "topic": "old tokens"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "No service was asked yet, so nothing is known of it.",
        "topic": "clock"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "All can be used: facebook, practice.",
        "topic": "provider files"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "0 accounts known; none needs you.",
        "topic": "accounts"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "None waits for you.",
        "topic": "posts"
      },
      {
        "level": "note",
        "next_step": "Start Evergrant within a desktop session to have them; everything else works without.",
        "sentence": "There is no session bus, so neither notifications nor an icon in the tray are possible here.",
        "topic": "session bus"
      },
      {
        "level": "note",
        "next_step": "Use the command line, or start Evergrant within a desktop session.",
        "sentence": "This session has no screen, so neither the window nor a browser can open here.",
        "topic": "display"
      },
      {
        "level": "good",
        "next_step": null,
        "sentence": "Your own are looked for in [ROOM]/config.",
        "topic": "settings"
      }
    ]
  }
}

"#]]
    );
}

#[test]
fn doctor_also_works_where_nothing_else_does() {
    let room = Room::new();
    room.connected();
    std::fs::remove_file(room.path("data/vault.age")).unwrap();
    let ran = room.run(&["doctor"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.out.contains("evergrant vault create"), "{}", ran.out);
}

#[test]
fn the_story_holds_every_claim_and_draws_a_picture() {
    let room = Room::new();
    let page = room.path("story.html").display().to_string();
    let ran = room.ok(&["story", "--json", "--html", &page]);
    let story: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(story["story"]["failed"], Value::Null);
    assert_eq!(story["story"]["lives"].as_array().unwrap().len(), 3);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script"));
    // It leaves the person's own folder alone.
    assert!(!room.path("data/evergrant.db").exists());
    let text = room.run(&["story"]).out;
    assert!(
        text.contains("All ") && text.contains("Password changed, post held"),
        "{text}"
    );
}

#[test]
fn nothing_colours_a_pipe_and_ascii_is_enough() {
    let room = Room::new();
    let mut command = room.command(&["story"]);
    command.env("LANG", "C").env("CLICOLOR_FORCE", "0");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\x1b'));
    assert!(
        text.contains("* Connected") || text.contains("x The story failed"),
        "{text}"
    );
}

#[test]
fn completions_and_man_pages_are_made() {
    let room = Room::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = room.ok(&["completions", shell]);
        assert!(ran.out.contains("sign-out"), "{shell}");
    }
    let pages = room.json(&["man", "man"]);
    let pages = pages["pages"].as_array().unwrap();
    assert!(pages.len() > 20, "{pages:?}");
    let page = std::fs::read_to_string(room.path("man/evergrant.1")).unwrap();
    assert!(
        page.contains("Exit codes") && page.contains("EVERGRANT_DATA"),
        "{page}"
    );
}

#[test]
fn the_help_fits_eighty_columns_and_tells_the_exit_codes() {
    let room = Room::new();
    let output = room
        .command(&["--help"])
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("  3  an account needs you to sign in; a post waits for that"));
    let wide: Vec<_> = help
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(wide.is_empty(), "{wide:?}");
    let wrong = room.run(&["acounts"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("accounts"), "{}", wrong.err);
}
