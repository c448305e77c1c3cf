//! A sealed room: a home folder of its own, an empty environment, a practice network.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use evergrant_core::Secret;
use evergrant_practice::{Network, Options, Practice, Trouble};
use regex::Regex;
use serde_json::Value;

use crate::browser::{Answer, answer};

/// The passphrase of every room's vault.
const PASSPHRASE: &str = "correct horse battery";

/// Nothing here takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Room {
    folder: tempfile::TempDir,
    practice: Practice,
    runtime: tokio::runtime::Runtime,
    /// Everything any process of this room has said.
    pub said: Arc<Mutex<String>>,
}

/// What one run of the program brought.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Room {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "bin", "data", "config"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("passphrase"), format!("{PASSPHRASE}\n")).unwrap();
        std::fs::write(folder.path().join("data/vault.age"), empty_vault()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options {
            state_file: Some(folder.path().join("practice.json")),
            ..Options::default()
        };
        let practice = runtime.block_on(Practice::start(options)).unwrap();
        Self {
            folder,
            practice,
            runtime,
            said: Arc::default(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn network(&self) -> &Network {
        self.practice.network()
    }

    pub fn origin(&self) -> String {
        self.practice.origin()
    }

    pub fn trouble(&self, trouble: Trouble) {
        self.network().apply(trouble).unwrap();
    }

    /// Both clocks jump.
    pub fn jump(&self, to_seconds: u64) {
        let before: u64 = std::fs::read_to_string(self.path("clock"))
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        self.write("clock", &to_seconds.to_string());
        self.network()
            .jump(Duration::from_secs(to_seconds - before))
            .unwrap();
    }

    /// How many posts of this text the network has, by its own count.
    pub fn copies(&self, text: &str) -> usize {
        let posts = self.network().posts();
        posts
            .iter()
            .filter(|post| post.message.as_deref() == Some(text))
            .count()
    }

    /// The program with an empty environment but for what the room gives it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evergrant"));
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", self.path("bin"))
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("EVERGRANT_DATA", self.path("data"))
            .env("EVERGRANT_CONFIG", self.path("config"))
            .env("EVERGRANT_PASSPHRASE_FILE", self.path("passphrase"))
            .env("EVERGRANT_CLOCK", self.path("clock"))
            .current_dir(self.folder.path())
            .args(["--keychain", "vault"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.finish(self.command(args).spawn().unwrap())
    }

    /// Runs with something on standard input.
    pub fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        use std::io::Write as _;
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        self.finish(child)
    }

    /// Runs and insists on success.
    pub fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// The JSON of a run, whatever its end.
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{args:?}: {ran:?}"))
    }

    fn finish(&self, child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        self.said
            .lock()
            .unwrap()
            .push_str(&format!("{}{}", ran.out, ran.err));
        ran
    }

    /// Starts a sign-in and lets `who` answer in the browser.
    pub fn sign_in(&self, args: &[&str], who: &Answer) -> Ran {
        let mut child = self
            .command(&[args, &["--no-browser"]].concat())
            .spawn()
            .unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        loop {
            let mut line = String::new();
            if err.read_line(&mut line).unwrap() == 0 {
                break;
            }
            told.push_str(&line);
            if let Some(address) = line.strip_prefix("  http://") {
                answer(&format!("http://{}", address.trim()), who);
            }
        }
        let ran = self.finish(child);
        self.said.lock().unwrap().push_str(&told);
        Ran { err: told, ..ran }
    }

    /// Connects Ada and gives the account's name here.
    pub fn connected(&self) -> String {
        let var = format!("origin={}", self.origin());
        let args = ["connect", "practice", "--var", &var, "--json"];
        let ran = self.sign_in(&args, &Answer::Yes("ada"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let reply: Value = serde_json::from_str(&ran.out).unwrap();
        reply["connected"]["id"].as_str().unwrap().to_owned()
    }

    /// Starts the program, and waits until it has said `sign` on standard error.
    pub fn started(&self, mut command: Command, sign: &str) -> Running {
        let mut child = command.spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(sign) {
            line.clear();
            if err.read_line(&mut line).unwrap() == 0 {
                let mut out = String::new();
                child
                    .stdout
                    .take()
                    .unwrap()
                    .read_to_string(&mut out)
                    .unwrap();
                panic!(
                    "it ended before it said \"{sign}\": {:?} {out}",
                    child.wait()
                );
            }
            self.said.lock().unwrap().push_str(&line);
        }
        let said = Arc::clone(&self.said);
        std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = err.read_to_string(&mut rest);
            said.lock().unwrap().push_str(&rest);
        });
        Running {
            child,
            said: Arc::clone(&self.said),
        }
    }

    /// A keeper at work, which may not answer yet.
    pub fn keeper(&self) -> Running {
        self.started(self.command(&["keep", "--headless"]), "Looking after")
    }

    /// What was said, without what differs from run to run.
    pub fn plain(&self, text: &str) -> String {
        let room = self.folder.path().display().to_string();
        let mut text = text
            .replace(&room, "[ROOM]")
            .replace(&self.origin(), "[ORIGIN]");
        for (pattern, name) in [
            (r"http://127\.0\.0\.1:\d+/callback", "[LISTENER]"),
            (r"\[ORIGIN\]/v\S+/dialog/oauth\?\S+", "[DIALOG]"),
            (r"practice\.[0-9a-f]{6}", "practice.[KEY]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d", "[DATE]"),
            (r"process \d+", "process [PID]"),
            (r"just now|in \d+ seconds?", "[MOMENT]"),
            (r"evergrant\.db\.[^ ,\n]*", "evergrant.db.[ASIDE]"),
        ] {
            text = Regex::new(pattern)
                .unwrap()
                .replace_all(&text, name)
                .into_owned();
        }
        // What was replaced has another width than what stands for it.
        Regex::new(r"(\S) {2,}(\S)")
            .unwrap()
            .replace_all(&text, "$1  $2")
            .into_owned()
    }

    /// Both outputs and the exit code, for a snapshot.
    pub fn shown(&self, ran: &Ran) -> String {
        let mut text = format!("exit {}\n", ran.code);
        text.push_str(&self.plain(&ran.out));
        if !ran.err.is_empty() {
            text.push_str("-- stderr --\n");
            text.push_str(&self.plain(&ran.err));
        }
        text
    }

    pub fn show(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        self.shown(&ran)
    }

    /// Closes the practice network.
    pub fn close_network(self) -> (tempfile::TempDir, tokio::runtime::Runtime) {
        self.runtime.block_on(self.practice.stop());
        (self.folder, self.runtime)
    }
}

/// A process of this room that goes on.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and gives its exit code.
    pub fn end(mut self) -> i32 {
        let id = self.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        let mut out = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.said.lock().unwrap().push_str(&out);
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `holds`; a condition of another process, so there is no clock to move.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::yield_now();
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An empty vault whose passphrase is quick to try: hundreds of processes open it.
fn empty_vault() -> &'static [u8] {
    static VAULT: OnceLock<Vec<u8>> = OnceLock::new();
    VAULT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.age");
        evergrant_keychain::vault::create_with_work(&path, Secret::new(PASSPHRASE), 4).unwrap();
        std::fs::read(path).unwrap()
    })
}

/// Every file below `folder`.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
