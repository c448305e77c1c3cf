//! The icon in the tray, as a panel sees it.

use std::time::Duration;

use evergrant_resident::{Need, Summary, Tray, Wish};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::Receiver;
use zbus::MessageStream;

use crate::bus::{self, Bus, Nowhere, until};
use crate::host::Host;

#[tokio::test]
async fn a_panel_reads_what_the_summary_says() {
    let Some(bus) = Bus::of_session("tray::a_panel_reads_what_the_summary_says") else {
        return;
    };
    let host = Host::start(&bus).await;
    let (tray, _wishes) = Tray::start(Summary::default()).await.unwrap();
    let item = host.item().await;
    assert!(tray.is_shown());
    assert_eq!(item.text("Title").await, "Evergrant: all is well");
    assert_eq!(item.text("Status").await, "Active");
    let calm = item.pixmaps("IconPixmap").await;
    let sizes: Vec<i32> = calm.iter().map(|(width, ..)| *width).collect();
    assert_eq!(sizes, [22, 32, 48]);

    tray.update(summary()).await;
    let title = "Evergrant: 1 account needs you, 2 posts wait for you";
    assert_eq!(item.text("Title").await, title);
    assert_eq!(item.text("Status").await, "NeedsAttention");
    assert_eq!(
        item.tooltip().await,
        (
            title.to_owned(),
            "Next post: Tue 24 Dec 18:00, A &amp; B".to_owned()
        )
    );
    let calling = item.pixmaps("IconPixmap").await;
    assert_ne!(calling, calm);
    assert_eq!(item.pixmaps("AttentionIconPixmap").await, calling);
    let menu: Vec<(String, bool, bool)> = item
        .menu()
        .await
        .into_iter()
        .map(|line| (line.label, line.enabled, line.is_rule))
        .collect();
    let choice = |label: &str| (label.to_owned(), true, false);
    assert_eq!(
        menu,
        [
            choice("Sign in again: Ada__L (Example)…"),
            choice("2 posts wait for you"),
            (
                "Next post: Tue 24 Dec 18:00, A & B".to_owned(),
                false,
                false
            ),
            (String::new(), true, true),
            choice("Open Evergrant"),
            choice("Quit"),
        ]
    );

    tray.update(Summary::default()).await;
    assert_eq!(item.text("Status").await, "Active");
    assert_eq!(item.pixmaps("IconPixmap").await, calm);
    assert_eq!(item.menu().await.len(), 2);
}

#[tokio::test]
async fn what_is_chosen_is_wished() {
    let Some(bus) = Bus::of_session("tray::what_is_chosen_is_wished") else {
        return;
    };
    let host = Host::start(&bus).await;
    let (_tray, mut wishes) = Tray::start(summary()).await.unwrap();
    let item = host.item().await;
    for (label, wish) in [
        (
            "Sign in again: Ada__L (Example)…",
            Wish::SignIn("example-1".into()),
        ),
        ("2 posts wait for you", Wish::ShowQueue),
        ("Open Evergrant", Wish::Open),
        ("Quit", Wish::Quit),
    ] {
        item.choose(label).await;
        assert_eq!(next(&mut wishes).await, wish);
    }
    item.choose("Next post: Tue 24 Dec 18:00, A & B").await;
    item.activate().await;
    assert_eq!(next(&mut wishes).await, Wish::Open, "a note is no wish");
}

#[tokio::test]
async fn a_summary_that_changes_nothing_sends_nothing() {
    let Some(bus) = Bus::of_session("tray::a_summary_that_changes_nothing_sends_nothing") else {
        return;
    };
    let host = Host::start(&bus).await;
    let (tray, _wishes) = Tray::start(Summary::default()).await.unwrap();
    host.item().await;
    let listener = bus.join().await;
    let rule = zbus::MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .path_namespace("/")
        .unwrap()
        .build();
    let signals = MessageStream::for_match_rule(rule, &listener, None)
        .await
        .unwrap();
    for _ in 0..3 {
        tray.update(Summary::default()).await;
    }
    tray.update(summary()).await;
    // The bus's own word, after everything the tray sent, ends the list.
    let end = bus.join().await;
    end.request_name("dev.evergrant.test.End").await.unwrap();
    bus::settled(&end).await;
    let sent = signals
        .map(|signal| signal.unwrap())
        .take_while(|signal| {
            let name = signal.body().deserialize::<(String, String, String)>();
            let is_end = name.is_ok_and(|(name, ..)| name == "dev.evergrant.test.End");
            std::future::ready(!is_end)
        })
        .filter_map(|signal| {
            let header = signal.header();
            let is_bus = header.sender().unwrap().as_str() == "org.freedesktop.DBus";
            let member = header.member().unwrap().to_string();
            std::future::ready((!is_bus).then_some(member))
        });
    let mut sent: Vec<String> = sent.collect().await;
    sent.sort();
    assert_eq!(
        sent,
        [
            "LayoutUpdated",
            "NewIcon",
            "NewStatus",
            "NewTitle",
            "NewToolTip",
            "PropertiesChanged"
        ]
    );
}

#[tokio::test]
async fn without_a_tray_it_goes_on_and_appears_whenever_one_starts() {
    let Some(bus) =
        Bus::of_session("tray::without_a_tray_it_goes_on_and_appears_whenever_one_starts")
    else {
        return;
    };
    let (tray, mut wishes) = Tray::start(Summary::default()).await.unwrap();
    assert!(!tray.is_shown());
    tray.update(summary()).await;
    for _ in 0..3 {
        let host = Host::start(&bus).await;
        let item = host.item().await;
        assert!(tray.is_shown());
        assert_eq!(item.text("Status").await, "NeedsAttention");
        item.choose("Quit").await;
        assert_eq!(next(&mut wishes).await, Wish::Quit);
        host.stop().await;
        until(async || !tray.is_shown()).await;
    }
    tray.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_starts_at_the_same_moment_is_not_missed() {
    let Some(bus) = Bus::of_session("tray::a_tray_that_starts_at_the_same_moment_is_not_missed")
    else {
        return;
    };
    for _ in 0..20 {
        let host = Host::start_late(&bus).await;
        let (tray, _wishes) = Tray::start(summary()).await.unwrap();
        host.item().await;
        tray.stop().await;
        host.stop().await;
    }
}

#[tokio::test]
async fn without_a_bus_there_is_no_icon() {
    if !bus::is_in_session() {
        let nowhere = Nowhere::empty();
        return bus::run_in_session(&nowhere.address, "tray::without_a_bus_there_is_no_icon");
    }
    let error = Tray::start(Summary::default()).await.unwrap_err();
    assert_eq!(error, "there is no desktop session for an icon in the tray");
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_hangs_holds_nobody_up() {
    if !bus::is_in_session() {
        let silent = Nowhere::silent();
        return bus::run_in_session(&silent.address, "tray::a_bus_that_hangs_holds_nobody_up");
    }
    let error = Tray::start(Summary::default()).await.unwrap_err();
    assert_eq!(error, "the desktop's tray did not answer in time");
}

fn summary() -> Summary {
    Summary {
        needs: vec![Need {
            account: "example-1".into(),
            words: "Ada_L (Example)".into(),
        }],
        posts_waiting: 2,
        next_post: Some("Tue 24 Dec 18:00, A & B".into()),
    }
}

/// The next wish; one that was lost is not waited for without end.
async fn next(wishes: &mut Receiver<Wish>) -> Wish {
    tokio::time::timeout(Duration::from_secs(20), wishes.recv())
        .await
        .expect("the wish was lost")
        .unwrap()
}
