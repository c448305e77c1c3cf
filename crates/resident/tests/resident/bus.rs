//! A message bus of our own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use zbus::Connection;
use zbus::connection::Builder;

/// A message bus with nothing on it; ends with the test.
pub struct Bus {
    pub address: String,
    daemon: Child,
    _home: tempfile::TempDir,
}

impl Bus {
    pub fn start() -> Self {
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

    /// Somebody on this bus.
    pub async fn join(&self) -> Connection {
        self.builder().build().await.unwrap()
    }

    pub fn builder(&self) -> Builder<'_> {
        Builder::address(self.address.as_str()).unwrap()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Waits until the bus has passed on everything that `bus` sent so far.
pub async fn settled(bus: &Connection) {
    zbus::fdo::DBusProxy::new(bus)
        .await
        .unwrap()
        .get_id()
        .await
        .unwrap();
}
