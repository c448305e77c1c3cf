//! The practice network beside the window: a process of its own that ends with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergrant_core::command::{Code, Problem};
use evergrant_core::window::{PracticePage, PracticeView};
use evergrant_resident::beside_or_in_path;
use serde::Deserialize;

use crate::link::PROGRAM;

/// The port that the provider file of the practice network names.
const PORT: u16 = 8459;

/// What each of its pages says.
const MARK: &str = "Practice network";

/// Loopback answers at once.
const LOOK: Duration = Duration::from_secs(2);

/// The network of this window.
pub struct PracticeNetwork {
    state: PathBuf,
    running: Mutex<Option<Running>>,
}

struct Running {
    child: Child,
    origin: String,
}

/// The first line of `evergrant practice --json`.
#[derive(Deserialize)]
struct Said {
    practice: Origin,
}

#[derive(Deserialize)]
struct Origin {
    origin: String,
}

impl PracticeNetwork {
    /// What it keeps lies in the data folder.
    pub fn under(data: &Path) -> Self {
        Self {
            state: data.join("practice.json"),
            running: Mutex::default(),
        }
    }

    /// Starts it, or finds the one that runs. Blocks until it answers.
    pub fn start(&self) -> Result<PracticeView, Problem> {
        let mut running = self.lock();
        if let Some(origin) = here(&mut running) {
            return Ok(PracticeView { origin });
        }
        let usual = usual_origin();
        if is_practice(PORT) {
            return Ok(PracticeView { origin: usual });
        }
        // Whatever else listens on the usual port: another one serves as well.
        let started = self.run(PORT).or_else(|_| self.run(0))?;
        let origin = started.origin.clone();
        *running = Some(started);
        Ok(PracticeView { origin })
    }

    /// The address of one of its pages.
    pub fn address(&self, page: PracticePage) -> String {
        let origin = here(&mut self.lock()).unwrap_or_else(usual_origin);
        match page {
            PracticePage::Public => format!("{origin}/"),
            PracticePage::Control => format!("{origin}/control"),
        }
    }

    /// Ends it, if it is ours.
    pub fn stop(&self) {
        drop(self.lock().take());
    }

    fn run(&self, port: u16) -> Result<Running, Problem> {
        let failed = |why: String| {
            Problem::new(
                Code::File,
                format!("the practice network could not be started: {why}"),
            )
            .hint("Run `evergrant practice` in a terminal to see why.")
        };
        if let Some(folder) = self.state.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        }
        let mut child = Command::new(beside_or_in_path(PROGRAM))
            .args(["practice", "--until-input-ends", "--json"])
            .args(["--port", &port.to_string(), "--state"])
            .arg(&self.state)
            // Never written to: it ends with this process, also when that is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            // A child that ends without a word leaves the line empty.
            let _ = BufReader::new(out).read_line(&mut line);
        }
        if let Ok(said) = serde_json::from_str::<Said>(&line) {
            let origin = said.practice.origin;
            return Ok(Running { child, origin });
        }
        end(&mut child);
        Err(failed("it ended at once".into()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It writes its file at each change, so nothing is lost.
    drop(child.stdin.take());
    let _ = child.kill();
    let _ = child.wait();
}

/// The origin of the one that runs here.
fn here(running: &mut Option<Running>) -> Option<String> {
    let is_there = running
        .as_mut()
        .is_some_and(|it| matches!(it.child.try_wait(), Ok(None)));
    if !is_there {
        *running = None;
    }
    running.as_ref().map(|it| it.origin.clone())
}

fn usual_origin() -> String {
    format!("http://{}:{PORT}", Ipv4Addr::LOCALHOST)
}

/// Whether a practice network listens on this port.
fn is_practice(port: u16) -> bool {
    let look = || -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, LOOK)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        let mut page = String::new();
        stream.take(64 << 10).read_to_string(&mut page)?;
        Ok(page)
    };
    look().is_ok_and(|page| page.contains(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn something_else_on_a_port_is_no_practice_network() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let other = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        });
        assert!(!is_practice(port));
        other.join().unwrap();
        assert!(!is_practice(port), "nobody listens there now");
    }
}
