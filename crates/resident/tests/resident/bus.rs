//! A message bus of our own.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use zbus::Connection;
use zbus::connection::Builder;

/// Where programs look for the session's bus.
const SESSION: &str = "DBUS_SESSION_BUS_ADDRESS";
/// Set in a process that [`run_in_session`] started.
const IN_SESSION: &str = "EVERGRANT_TEST_IN_SESSION";

/// A message bus with nothing on it; ends with the test.
pub struct Bus {
    pub address: String,
    _daemon: Option<Daemon>,
}

struct Daemon {
    process: Child,
    _home: TempDir,
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
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed (package dbus)");
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            address: address.trim().to_owned(),
            _daemon: Some(Daemon {
                process,
                _home: home,
            }),
        }
    }

    /// The session's own bus, for a test that asks the session for it. None in the process that only
    /// starts the one in which the test goes on.
    pub fn of_session(test: &str) -> Option<Self> {
        if !is_in_session() {
            run_in_session(&Self::start().address, test);
            return None;
        }
        Some(Self {
            address: std::env::var(SESSION).unwrap(),
            _daemon: None,
        })
    }

    /// Somebody on this bus.
    pub async fn join(&self) -> Connection {
        self.builder().build().await.unwrap()
    }

    pub fn builder(&self) -> Builder<'_> {
        Builder::address(self.address.as_str()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A place where a bus could be, with a path that fits into a socket's name.
pub struct Nowhere {
    pub address: String,
    home: TempDir,
    _silent: Option<UnixListener>,
}

impl Nowhere {
    /// Nothing is there.
    pub fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        let address = format!("unix:path={}", home.path().join("bus").display());
        Self {
            address,
            home,
            _silent: None,
        }
    }

    /// Something takes every connection and never says a word.
    pub fn silent() -> Self {
        let empty = Self::empty();
        let listener = UnixListener::bind(empty.home.path().join("bus")).unwrap();
        Self {
            _silent: Some(listener),
            ..empty
        }
    }
}

/// True in a process that [`run_in_session`] started.
pub fn is_in_session() -> bool {
    std::env::var_os(IN_SESSION).is_some()
}

/// Runs `test` once more, in a process of its own in whose session the bus is at `address`: what
/// asks the session for its bus can be told of another in no other way.
pub fn run_in_session(address: &str, test: &str) {
    let run = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(SESSION, address)
        .env(IN_SESSION, "yes")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{complained}");
    assert!(
        said.contains("1 passed"),
        "no test is called {test}: {said}"
    );
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

/// Waits for what others do.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it did not come to that");
}

/// How many are connected to the bus that `bus` is on, `bus` included.
pub async fn connected(bus: &Connection) -> usize {
    let daemon = zbus::fdo::DBusProxy::new(bus).await.unwrap();
    let names = daemon.list_names().await.unwrap();
    names.iter().filter(|name| name.starts_with(':')).count()
}
