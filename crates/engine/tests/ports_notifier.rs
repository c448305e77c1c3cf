//! The desktop's notifications, over a real message bus of our own.
#![cfg(target_os = "linux")]
#![allow(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the interface is so"
)]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use evergrant_engine::ports::{Desktop, Notice, Notifier};
use zbus::zvariant::OwnedValue;

#[tokio::test]
async fn an_incident_is_told_once_and_then_replaced() {
    let bus = Bus::start();
    let server = Server::start(&bus, &["body"]).await;
    let desktop = Desktop::at(&bus.address);
    desktop
        .show(notice("facebook/1", "Sign in again", true))
        .await
        .unwrap();
    desktop
        .show(notice("facebook/2", "Another account", false))
        .await
        .unwrap();
    desktop
        .show(notice("facebook/1", "Still waiting", true))
        .await
        .unwrap();
    assert_eq!(
        server.shown(),
        [
            // What needs the person stays (0), what does not goes by itself (-1).
            Shown {
                replaces: 0,
                title: "Sign in again".into(),
                body: "1 < 2 & so on".into(),
                expires: 0
            },
            Shown {
                replaces: 0,
                title: "Another account".into(),
                body: "1 < 2 & so on".into(),
                expires: -1
            },
            Shown {
                replaces: 1,
                title: "Still waiting".into(),
                body: "1 < 2 & so on".into(),
                expires: 0
            },
        ]
    );
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
    assert_eq!(server.shown()[0].body, "1 &lt; 2 &amp; so on");
}

#[tokio::test]
async fn a_desktop_without_notifications_says_so_and_works_once_it_has_them() {
    let bus = Bus::start();
    let desktop = Desktop::at(&bus.address);
    let error = desktop.show(notice("a", "One", false)).await.unwrap_err();
    assert_eq!(error, "this desktop shows no notifications");
    let server = Server::start(&bus, &[]).await;
    desktop.show(notice("a", "Two", false)).await.unwrap();
    drop(server);
    let server = Server::start(&bus, &[]).await;
    desktop.show(notice("b", "Three", false)).await.unwrap();
    assert_eq!(server.shown().len(), 1);
}

#[tokio::test]
async fn without_a_session_nobody_can_be_told() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = format!("unix:path={}", home.path().join("bus").display());
    let error = Desktop::at(nowhere)
        .show(notice("a", "One", false))
        .await
        .unwrap_err();
    assert_eq!(error, "there is no desktop session to show it in");
}

#[tokio::test(start_paused = true)]
async fn a_desktop_that_hangs_holds_nobody_up() {
    // A bus that takes the connection and never says a word.
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bus");
    let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let desktop = Desktop::at(format!("unix:path={}", path.display()));
    let error = desktop.show(notice("a", "One", false)).await.unwrap_err();
    assert_eq!(error, "the desktop's notifications did not answer in time");
}

fn notice(incident: &str, title: &str, action: bool) -> Notice {
    Notice {
        incident: incident.to_owned(),
        title: title.to_owned(),
        body: "1 < 2 & so on".to_owned(),
        action: action.then(|| ("Sign in".to_owned(), "facebook/1".to_owned())),
    }
}

/// A message bus with nothing on it; ends with the test.
struct Bus {
    address: String,
    daemon: Child,
    _home: tempfile::TempDir,
}

impl Bus {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("bus.conf");
        std::fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>unix:dir={}</listen>\
                 <policy context=\"default\">\
                 <allow send_destination=\"*\" eavesdrop=\"true\"/>\
                 <allow eavesdrop=\"true\"/><allow own=\"*\"/>\
                 </policy></busconfig>",
                home.path().display()
            ),
        )
        .unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed (package dbus)");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            address: address.trim().to_owned(),
            daemon,
            _home: home,
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    replaces: u32,
    title: String,
    body: String,
    expires: i32,
}

/// A desktop's notification server that keeps what it is asked to show.
struct Server {
    shown: Arc<Mutex<Vec<Shown>>>,
    _bus: zbus::Connection,
}

impl Server {
    async fn start(bus: &Bus, abilities: &'static [&'static str]) -> Self {
        let shown = Arc::new(Mutex::new(vec![]));
        let interface = Interface {
            shown: Arc::clone(&shown),
            abilities,
        };
        let bus = zbus::connection::Builder::address(bus.address.as_str())
            .unwrap()
            .serve_at("/org/freedesktop/Notifications", interface)
            .unwrap()
            .name("org.freedesktop.Notifications")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { shown, _bus: bus }
    }

    fn shown(&self) -> Vec<Shown> {
        self.shown.lock().unwrap().clone()
    }
}

struct Interface {
    shown: Arc<Mutex<Vec<Shown>>>,
    abilities: &'static [&'static str],
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Interface {
    fn get_capabilities(&self) -> Vec<String> {
        self.abilities
            .iter()
            .map(|&ability| ability.to_owned())
            .collect()
    }

    fn notify(
        &self,
        app: &str,
        replaces: u32,
        icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        assert_eq!(
            (app, icon, actions.len()),
            ("Evergrant", "dialog-password", 0)
        );
        assert_eq!(hints["urgency"].downcast_ref::<u8>().unwrap(), 1);
        let mut shown = self.shown.lock().unwrap();
        shown.push(Shown {
            replaces,
            title,
            body,
            expires,
        });
        if replaces == 0 {
            u32::try_from(shown.len()).unwrap()
        } else {
            replaces
        }
    }
}
