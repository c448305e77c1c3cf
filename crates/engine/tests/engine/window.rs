//! What the window asks for beside the command line: providers, edits, lives, settings, a test notice.

use evergrant_core::command::{
    Code, Command, Edit, LifeView, PictureEdit, PictureInput, PostView, Problem, ProviderView,
    Reply, SettingsChanges, SettingsView,
};
use evergrant_core::ids::PostId;
use evergrant_core::provider::TextUnit;
use evergrant_practice::{Endpoint, Trouble, Where};

use crate::lab::{Lab, code, days};

fn edit(post: PostId, text: &str, picture: PictureEdit) -> Edit {
    Edit {
        post,
        text: text.into(),
        link: None,
        picture,
        due: None,
        zone: None,
    }
}

async fn edited(lab: &Lab, edit: Edit) -> Result<PostView, Problem> {
    match lab.ask(Command::Edit(edit)).await? {
        Reply::Post { post } => Ok(post),
        other => panic!("unexpected {other:?}"),
    }
}

fn png(name: &str) -> PictureInput {
    PictureInput {
        name: name.into(),
        bytes: [b"\x89PNG\r\n\x1a\n", name.as_bytes()].concat(),
    }
}

fn kept_pictures(lab: &Lab) -> usize {
    std::fs::read_dir(lab.data().join("pictures")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn what_was_edited_last_is_what_goes_out() {
    let lab = Lab::connected().await;
    let due = lab.now() + days(1);
    let post = lab.post("first", Some(due)).await.unwrap();
    let changed = edited(&lab, edit(post.id, "second", PictureEdit::Keep)).await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.text.as_str(), changed.state.as_str()),
        ("second", "queued")
    );
    assert_eq!((changed.due, &changed.zone), (post.due, &post.zone));
    lab.run_until(due + days(1)).await;
    assert_eq!(lab.said(), ["second"]);
    let Reply::Diary { diary } = lab
        .ask(Command::Diary {
            account: None,
            post: Some(post.id),
            limit: 10,
        })
        .await
        .unwrap()
    else {
        panic!("another reply");
    };
    assert!(
        diary.iter().any(|line| line.sentence == "Changed."),
        "{diary:?}"
    );
}

#[tokio::test]
async fn a_held_post_that_is_edited_stays_held_and_goes_out_changed_after_the_sign_in() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    let held = lab.post_now("before").await;
    assert_eq!(held.state, "held");
    // The page sends the time along although nobody changed it.
    let same_time = Edit {
        due: Some(held.due),
        zone: Some(held.zone.clone()),
        ..edit(held.id, "after", PictureEdit::Keep)
    };
    assert_eq!(edited(&lab, same_time).await.unwrap().state, "held");
    lab.sign_in().await.unwrap();
    assert_eq!(lab.said(), ["after"]);
}

#[tokio::test]
async fn a_picture_is_replaced_taken_away_and_never_left_behind() {
    let lab = Lab::connected().await;
    let mut new = lab.new_post("cake", Some(lab.now() + days(1))).await;
    new.picture = Some(png("one.png"));
    let Reply::Post { post } = lab.ask(Command::Post(new)).await.unwrap() else {
        panic!("another reply");
    };
    let replace = edit(post.id, "cake", PictureEdit::Replace(png("two.png")));
    let changed = edited(&lab, replace).await.unwrap();
    assert_eq!(changed.picture.as_deref(), Some("two.png"));
    assert_eq!(kept_pictures(&lab), 1);

    let no_picture = PictureInput {
        name: "three.png".into(),
        bytes: b"<html>".to_vec(),
    };
    let nonsense = edit(post.id, "cake", PictureEdit::Replace(no_picture));
    assert_eq!(
        code(edited(&lab, nonsense).await.unwrap_err()),
        Code::BadPost
    );
    assert_eq!(lab.queue().await[0].picture.as_deref(), Some("two.png"));

    let remove = edit(post.id, "cake", PictureEdit::Remove);
    assert_eq!(edited(&lab, remove).await.unwrap().picture, None);
    assert_eq!(kept_pictures(&lab), 0);

    let nothing = edit(post.id, "  ", PictureEdit::Keep);
    assert_eq!(
        code(edited(&lab, nothing).await.unwrap_err()),
        Code::BadPost
    );
    assert_eq!(lab.queue().await[0].text, "cake");
}

#[tokio::test]
async fn a_post_that_may_stand_at_the_service_is_not_edited() {
    let lab = Lab::connected().await;
    let posted = lab.post_now("out").await;
    lab.trouble(Trouble::LoseResponse {
        on: Where::once(Endpoint::Feed),
    });
    let uncertain = lab.post_now("lost").await;
    assert_eq!(uncertain.state, "uncertain");
    for post in [posted, uncertain] {
        let refused = edited(
            &lab,
            edit(post.id, "other", PictureEdit::Replace(png("x.png"))),
        )
        .await;
        let problem = refused.unwrap_err();
        assert_eq!(problem.code, Code::NotNow, "{problem}");
    }
    assert_eq!(kept_pictures(&lab), 0);
}

async fn life(lab: &Lab) -> LifeView {
    let account = lab.account_id().await;
    match lab.ask(Command::Life { account }).await.unwrap() {
        Reply::Life { life } => life,
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn the_life_of_a_sign_in_has_its_dates_and_its_checks() {
    let lab = Lab::connected().await;
    lab.check().await;
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where::once(Endpoint::DebugToken),
    });
    lab.advance(days(1));
    lab.check().await;
    let good = life(&lab).await;
    let end = [good.expires, good.data_access_ends]
        .into_iter()
        .filter_map(|end| end?.at())
        .min()
        .unwrap();
    assert_eq!(good.warn_at, [end - days(7), end - days(1)]);
    assert!(good.issued_at.is_some() && good.signed_in_at < Some(end));
    assert_eq!(results(&good), ["good", "cant_tell"]);

    lab.trouble(Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    });
    lab.advance(days(1));
    lab.check().await;
    let ended = life(&lab).await;
    assert_eq!(results(&ended), ["good", "cant_tell", "dead"]);
    assert_eq!(ended.expires, good.expires);

    lab.sign_in().await.unwrap();
    let new = life(&lab).await;
    assert!(new.signed_in_at > ended.signed_in_at);
    assert!(new.checks.len() <= 1, "those of another life: {new:?}");
}

fn results(life: &LifeView) -> Vec<&str> {
    let results = life.checks.iter().map(|check| check.result.as_str());
    results.collect()
}

async fn change(lab: &Lab, changes: SettingsChanges) -> Result<SettingsView, Problem> {
    match lab.ask(Command::ChangeSettings { changes }).await? {
        Reply::Settings { settings } => Ok(settings),
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn settings_go_from_the_moment_they_are_changed() {
    let lab = Lab::connected().await;
    let Reply::Settings { settings } = lab.ask(Command::Settings).await.unwrap() else {
        panic!("another reply");
    };
    assert_eq!(settings.warn_before, [7 * 86_400, 86_400]);
    assert_eq!(lab.post_now("usual").await.late_limit, settings.late_limit);
    lab.advance(days(40));
    lab.run().await;
    assert_eq!(lab.notices(), []);

    let changes = SettingsChanges {
        warn_before: Some(vec![86_400, 30 * 86_400, 86_400]),
        late_limit: Some(600),
    };
    let settings = change(&lab, changes).await.unwrap();
    assert_eq!(
        (&settings.warn_before[..], settings.late_limit),
        (&[30 * 86_400, 86_400][..], 600)
    );
    assert_eq!(lab.post_now("new").await.late_limit, 600);
    // The wake itself is nearer now, so no check has to come by first.
    lab.run().await;
    assert_eq!(lab.notices().len(), 1, "{:?}", lab.notices());

    for changes in [
        SettingsChanges {
            warn_before: Some(vec![-5]),
            late_limit: None,
        },
        SettingsChanges {
            warn_before: Some(vec![i64::MAX]),
            late_limit: None,
        },
        SettingsChanges {
            warn_before: Some(vec![60; 11]),
            late_limit: None,
        },
        SettingsChanges {
            warn_before: None,
            late_limit: Some(0),
        },
        SettingsChanges {
            warn_before: Some(Vec::new()),
            late_limit: Some(i64::MAX),
        },
    ] {
        assert_eq!(code(change(&lab, changes).await.unwrap_err()), Code::Usage);
    }
    let same = change(&lab, SettingsChanges::default()).await.unwrap();
    assert_eq!(same, settings, "what is refused changes nothing");
}

#[tokio::test]
async fn providers_say_what_can_be_posted_and_which_is_for_practice() {
    let lab = Lab::with_own_app().await;
    let Reply::Providers { providers } = lab.ask(Command::Providers).await.unwrap() else {
        panic!("another reply");
    };
    let find = |id: &str| -> &ProviderView {
        providers.iter().find(|provider| provider.id == id).unwrap()
    };
    let (real, practice) = (find("facebook"), find("practice"));
    assert!(practice.is_practice && practice.has_client && !practice.needs_client);
    assert!(!real.is_practice && real.needs_client && !real.has_client);
    let photo = real.kinds.iter().find(|kind| kind.name == "photo").unwrap();
    assert!(
        photo
            .media
            .as_ref()
            .unwrap()
            .types
            .contains(&"image/png".to_owned())
    );
    assert!(real.kinds.iter().all(|kind| kind.text_limit.count > 0));
    let units = [
        TextUnit::Utf16,
        TextUnit::Codepoint,
        TextUnit::Grapheme,
        TextUnit::Utf8Byte,
    ]
    .map(|unit| serde_json::to_value(unit).unwrap());
    assert_eq!(units, ["utf16", "codepoint", "grapheme", "utf8_byte"]);
}

#[tokio::test]
async fn a_test_notice_is_shown() {
    let lab = Lab::new().await;
    let reply = lab.ask(Command::TestNotice).await.unwrap();
    assert_eq!(reply, Reply::Shown { shown: true });
    assert_eq!(lab.notices().len(), 1);
}
