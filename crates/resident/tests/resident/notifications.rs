//! The desktop's notifications.

use std::time::Duration;

use evergrant_engine::ports::{Notice, Notifier as _};
use evergrant_resident::{Desktop, Pressed};
use tokio::sync::mpsc::Receiver;

use crate::bus::{Bus, Nowhere, connected, settled, until};
use crate::server::{PATH, SERVICE, Server, Shown};

#[tokio::test]
async fn an_incident_is_told_once_and_then_replaced() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["body", "actions"]).await;
    let (desktop, _presses) = Desktop::at(&bus.address).with_buttons();
    for told in [
        notice("account/1", "Sign in again", true),
        notice("post/2", "A post failed", false),
        notice("account/1", "Still waiting", true),
    ] {
        desktop.show(told).await.unwrap();
    }
    let button = || ["default", "Sign in", "do", "Sign in"].map(String::from);
    // What needs the person stays (0), what does not goes by itself (-1).
    let needs_you = |replaces, title: &str| Shown {
        replaces,
        title: title.into(),
        body: "1 < 2 & so on.".into(),
        actions: button().into(),
        category: "x-evergrant.needs-you".into(),
        expires: 0,
    };
    let news = Shown {
        replaces: 0,
        title: "A post failed".into(),
        body: "1 < 2 & so on.".into(),
        actions: vec![],
        category: "x-evergrant.news".into(),
        expires: -1,
    };
    assert_eq!(
        server.shown(),
        [
            needs_you(0, "Sign in again"),
            news,
            needs_you(1, "Still waiting")
        ]
    );
    assert_eq!(server.clients().len(), 1, "one connection for all");
}

#[tokio::test]
async fn text_stays_text_where_the_desktop_reads_markup() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["body", "body-markup"]).await;
    Desktop::at(&bus.address)
        .show(notice("a", "1 < 2", false))
        .await
        .unwrap();
    assert_eq!(server.shown()[0].title, "1 < 2");
    assert_eq!(server.shown()[0].body, "1 &lt; 2 &amp; so on.");
}

#[tokio::test]
async fn where_there_are_no_buttons_the_text_names_the_command() {
    let bus = Bus::start();
    let without = Server::start(&bus, &["body"]).await;
    let (desktop, _presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("account/1", "A", true)).await.unwrap();
    let told = without.shown();
    assert_eq!(
        told[0].body,
        "1 < 2 & so on. Run `evergrant sign-in example-1`."
    );
    assert!(told[0].actions.is_empty());
    without.stop().await;

    // A program that hears no presses has none either, whatever the desktop can do.
    let with = Server::start(&bus, &["body", "actions"]).await;
    let deaf = Desktop::at(&bus.address);
    deaf.show(notice("account/1", "A", true)).await.unwrap();
    assert_eq!(with.shown()[0].body, told[0].body);
    assert!(with.shown()[0].actions.is_empty());
}

#[tokio::test]
async fn a_press_is_given_once_however_often_it_comes() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("a", "A", true)).await.unwrap();
    desktop.show(notice("b", "B", true)).await.unwrap();
    for key in ["default", "do", "default"] {
        server.press(1, key).await;
    }
    server.press(2, "do").await;
    assert_eq!(next(&mut presses).await, pressed("a"));
    assert_eq!(next(&mut presses).await, pressed("b"));
    // Shown anew, it can be pressed anew.
    desktop.show(notice("a", "A", true)).await.unwrap();
    server.press(1, "do").await;
    assert_eq!(next(&mut presses).await, pressed("a"));
}

#[tokio::test]
async fn presses_that_mean_nothing_to_us_are_ignored() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("a", "A", true)).await.unwrap();
    desktop.show(notice("news", "N", false)).await.unwrap();
    desktop.show(notice("b", "B", true)).await.unwrap();
    server.press(99, "default").await;
    server.press(1, "something-else").await;
    server.press(2, "default").await;
    server.press(3, "default").await;
    assert_eq!(next(&mut presses).await, pressed("b"));
}

#[tokio::test]
async fn only_the_notification_server_is_believed() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("a", "A", true)).await.unwrap();
    desktop.show(notice("b", "B", true)).await.unwrap();
    let impostor = bus.join().await;
    let clients = server.clients();
    for to in [None, Some(clients[0].as_str())] {
        impostor
            .emit_signal(to, PATH, SERVICE, "ActionInvoked", &(1_u32, "default"))
            .await
            .unwrap();
        impostor
            .emit_signal(to, PATH, SERVICE, "NotificationClosed", &(2_u32, 2_u32))
            .await
            .unwrap();
    }
    settled(&impostor).await;
    server.press(2, "default").await;
    assert_eq!(next(&mut presses).await, pressed("b"));
}

#[tokio::test]
async fn a_closed_notice_is_forgotten() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("a", "A", true)).await.unwrap();
    desktop.show(notice("b", "B", true)).await.unwrap();
    server.dismiss(1).await;
    server.press(1, "default").await;
    server.press(2, "default").await;
    assert_eq!(next(&mut presses).await, pressed("b"));
    desktop.show(notice("a", "A", true)).await.unwrap();
    assert_eq!(server.shown()[2].replaces, 0, "there is nothing to replace");
}

#[tokio::test]
async fn no_press_is_lost_that_comes_before_the_number_of_its_notice() {
    let bus = Bus::start();
    let _server = Server::start_hasty(&bus).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    for number in 0..50 {
        let incident = format!("account/{number}");
        desktop.show(notice(&incident, "A", true)).await.unwrap();
        assert_eq!(next(&mut presses).await, pressed(&incident));
    }
}

#[tokio::test]
async fn an_incident_that_is_over_is_taken_off_the_screen() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("a", "A", true)).await.unwrap();
    desktop.show(notice("b", "B", true)).await.unwrap();
    for incident in ["a", "a", "never shown"] {
        desktop.withdraw(incident).await;
    }
    assert_eq!(server.closed(), [1]);
    server.press(1, "default").await;
    server.press(2, "default").await;
    assert_eq!(next(&mut presses).await, pressed("b"));
}

#[tokio::test]
async fn a_server_that_restarts_is_met_anew_and_old_numbers_mean_nothing() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["actions"]).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    desktop.show(notice("old", "Old", true)).await.unwrap();
    server.stop().await;
    let server = Server::start(&bus, &["actions"]).await;
    server.press(1, "default").await;
    desktop.show(notice("new", "New", true)).await.unwrap();
    desktop.withdraw("old").await;
    assert!(
        server.closed().is_empty(),
        "number 1 is another notice today"
    );
    server.press(1, "default").await;
    assert_eq!(next(&mut presses).await, pressed("new"));
    desktop.show(notice("old", "Old", true)).await.unwrap();
    let replaced: Vec<u32> = server.shown().iter().map(|shown| shown.replaces).collect();
    assert_eq!(replaced, [0, 0]);
}

#[tokio::test]
async fn connections_that_are_not_needed_any_more_are_closed() {
    let bus = Bus::start();
    let observer = bus.join().await;
    let (desktop, _presses) = Desktop::at(&bus.address).with_buttons();
    for _ in 0..5 {
        let server = Server::start(&bus, &["actions"]).await;
        desktop.show(notice("a", "A", true)).await.unwrap();
        server.stop().await;
        desktop.show(notice("a", "A", true)).await.unwrap_err();
    }
    let _server = Server::start(&bus, &["actions"]).await;
    desktop.show(notice("a", "A", true)).await.unwrap();
    until(async || connected(&observer).await == 3).await;
    drop(desktop);
    until(async || connected(&observer).await == 2).await;
}

#[tokio::test]
async fn a_desktop_without_notifications_says_so_and_works_once_it_has_them() {
    let bus = Bus::start();
    let desktop = Desktop::at(&bus.address);
    let error = desktop.show(notice("a", "One", false)).await.unwrap_err();
    assert_eq!(error, "this desktop shows no notifications");
    let server = Server::start(&bus, &[]).await;
    desktop.show(notice("a", "Two", false)).await.unwrap();
    server.stop().await;
    let error = desktop.show(notice("a", "Three", false)).await.unwrap_err();
    assert_eq!(error, "this desktop shows no notifications");
    let server = Server::start(&bus, &[]).await;
    desktop.show(notice("b", "Four", false)).await.unwrap();
    assert_eq!(server.shown().len(), 1);
}

#[tokio::test]
async fn a_place_that_cannot_become_a_button_is_named_in_words() {
    let bus = Bus::start();
    let server = Server::start(&bus, &[]).await;
    let place = Notice {
        action: Some(("Show it".to_owned(), "evergrant://post/5".to_owned())),
        ..notice("post/5/missed", "Post 5 needs you", false)
    };
    Desktop::at(&bus.address).show(place).await.unwrap();
    let body = &server.shown()[0].body;
    assert!(
        body.ends_with("Open Evergrant, or run `evergrant queue`."),
        "{body}"
    );
    server.stop().await;
}

#[tokio::test]
async fn without_a_session_nobody_can_be_told() {
    let nowhere = Nowhere::empty();
    let error = Desktop::at(&nowhere.address)
        .show(notice("a", "One", false))
        .await
        .unwrap_err();
    assert_eq!(error, "there is no desktop session to show it in");
}

#[tokio::test(start_paused = true)]
async fn a_desktop_that_hangs_holds_nobody_up() {
    let silent = Nowhere::silent();
    let desktop = Desktop::at(&silent.address);
    let error = desktop.show(notice("a", "One", false)).await.unwrap_err();
    assert_eq!(error, "the desktop's notifications did not answer in time");
}

fn notice(incident: &str, title: &str, action: bool) -> Notice {
    Notice {
        incident: incident.to_owned(),
        title: title.to_owned(),
        body: "1 < 2 & so on.".to_owned(),
        action: action.then(|| ("Sign in".to_owned(), "example-1".to_owned())),
    }
}

fn pressed(incident: &str) -> Pressed {
    Pressed {
        incident: incident.to_owned(),
        action: "example-1".to_owned(),
    }
}

/// The next press; one that was lost is not waited for without end.
async fn next(presses: &mut Receiver<Pressed>) -> Pressed {
    tokio::time::timeout(Duration::from_secs(20), presses.recv())
        .await
        .expect("the press was lost")
        .unwrap()
}
