//! The helpers that whole-program tests use (`tests/desktop`), played against the real thing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use evergrant_engine::ports::{Notice, Notifier as _};
use evergrant_resident::{Desktop, Need, Summary, Tray, Wish};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::bus::Bus;

#[tokio::test]
async fn the_notification_server_shows_presses_and_withdraws() {
    let bus = Bus::start();
    let mut server = Helper::start("notification_server.py", &bus).await;
    let (desktop, mut presses) = Desktop::at(&bus.address).with_buttons();
    let notice = |incident: &str| Notice {
        incident: incident.to_owned(),
        title: "Ada needs you".to_owned(),
        body: "The password was changed.".to_owned(),
        action: Some(("Sign in again".to_owned(), "example-1".to_owned())),
    };
    desktop.show(notice("a")).await.unwrap();
    assert_eq!(
        server.hear().await,
        r#"{"shown": 1, "replaces": 0, "title": "Ada needs you", "body": "The password was changed.", "buttons": {"default": "Sign in again", "do": "Sign in again"}, "urgency": 1, "category": "x-evergrant.needs-you", "expires": 0}"#
    );
    server.say("press 1 do").await;
    assert_eq!(presses.recv().await.unwrap().action, "example-1");
    desktop.show(notice("b")).await.unwrap();
    server.hear().await;
    desktop.withdraw("b").await;
    assert_eq!(server.hear().await, r#"{"withdrawn": 2}"#);
}

#[tokio::test]
async fn the_tray_host_reads_and_clicks() {
    let Some(bus) = Bus::of_session("helpers::the_tray_host_reads_and_clicks") else {
        return;
    };
    let mut host = Helper::start("tray_host.py", &bus).await;
    let need = Need {
        account: "example-1".into(),
        words: "ada_l (Example)".into(),
    };
    let summary = Summary {
        needs: vec![need],
        ..Summary::default()
    };
    let (_tray, mut wishes) = Tray::start(summary).await.unwrap();
    assert_eq!(host.ask("wait").await, r#""here""#);
    assert_eq!(
        host.ask("menu").await,
        r#"[{"label": "Sign in again: ada_l (Example)\u2026", "enabled": true}, {"rule": true}, {"label": "Open Evergrant", "enabled": true}, {"label": "Quit", "enabled": true}]"#
    );
    let icon = host.ask("icon").await;
    let start = r#"{"title": "Evergrant: 1 account needs you", "status": "NeedsAttention", "tooltip": ["Evergrant: 1 account needs you", ""], "pixmaps": [[22, 22, ""#;
    assert!(icon.starts_with(start), "{icon}");
    for (order, wish) in [
        (
            "choose Sign in again: ada_l (Example)…",
            Wish::SignIn("example-1".into()),
        ),
        ("open", Wish::Open),
    ] {
        assert_eq!(host.ask(order).await, r#""done""#);
        assert_eq!(wishes.recv().await.unwrap(), wish);
    }
    assert_eq!(
        host.ask("choose Nothing").await,
        r#""nothing is called so""#
    );
}

/// A script that is driven line by line; ends with the test.
struct Helper {
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Helper {
    async fn start(script: &str, bus: &Bus) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/desktop");
        let mut process = Command::new(folder.join(script))
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut helper = Self {
            orders: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()).lines(),
            _process: process,
        };
        assert_eq!(helper.hear().await, r#""ready""#, "python3-gi is installed");
        helper
    }

    async fn say(&mut self, order: &str) {
        let order = format!("{order}\n");
        self.orders.write_all(order.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(30), self.answers.next_line());
        line.await
            .expect("the helper says nothing")
            .unwrap()
            .expect("the helper ended")
    }

    async fn ask(&mut self, order: &str) -> String {
        self.say(order).await;
        self.hear().await
    }
}
