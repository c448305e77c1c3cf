//! Running other programs, their lines passed on as they come.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::platform;

/// No test program or script of ours takes this long; one that does hangs.
pub const LIMIT: Duration = Duration::from_secs(25 * 60);

/// Compiling everything anew takes long on a small or busy machine.
pub const BUILD_LIMIT: Duration = Duration::from_secs(90 * 60);

/// A command in the checkout's folder, without what cargo told *this* program about itself: build scripts that look at
/// those variables would run again whenever cargo is called with and without xtask by turns.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(platform::root());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_")
            || [
                "CARGO_MANIFEST_DIR",
                "CARGO_MANIFEST_PATH",
                "CARGO_BIN_NAME",
                "CARGO_CRATE_NAME",
                "CARGO_PRIMARY_PACKAGE",
                "OUT_DIR",
            ]
            .contains(&text.as_ref())
        {
            command.env_remove(&name);
        }
    }
    command
}

/// The same cargo that started this program.
pub fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command, giving each line of its standard output to `on_line`; its standard error goes to the terminal.
/// The result says whether it succeeded.
///
/// # Errors
/// A sentence, when it can't be started or is stopped after `limit`.
pub fn watch(
    command: &mut Command,
    limit: Duration,
    mut on_line: impl FnMut(&str),
) -> Result<bool, String> {
    let name = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("could not start `{name}`: {error}"))?;
    let (line, lines) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        // A thread of its own, so that a silent program can still be stopped.
        thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut bytes = Vec::new();
            while out.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                if line.send(text).is_err() {
                    return;
                }
            }
        });
    }
    let end = Instant::now() + limit;
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(text) => on_line(&text),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!(
                    "`{name}` did not end within {} s and was stopped",
                    limit.as_secs()
                ));
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("could not wait for `{name}`: {error}"))?;
    Ok(status.success())
}

/// Runs a command with this terminal as its own and gives its exit code (-1 when a signal ended it).
///
/// # Errors
/// A sentence, when it can't be started.
pub fn hand_over(command: &mut Command) -> Result<i32, String> {
    let status = command
        .status()
        .map_err(|error| format!("could not start `{}`: {error}", shown(command)))?;
    Ok(status.code().unwrap_or(-1))
}

/// A program that runs beside us until this is dropped.
#[derive(Debug)]
pub struct Beside {
    child: Child,
    /// The first line it printed.
    pub said: String,
}

impl Beside {
    /// Starts it and waits for its first line.
    ///
    /// # Errors
    /// A sentence, when it can't be started or ends without a word.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let name = shown(command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("could not start `{name}`: {error}"))?;
        let out = child.stdout.take();
        let mut beside = Self {
            child,
            said: String::new(),
        };
        if let Some(out) = out {
            BufReader::new(out).read_line(&mut beside.said).ok();
        }
        beside.said.truncate(beside.said.trim_end().len());
        if beside.said.is_empty() {
            return Err(format!("`{name}` ended at once, see its output above"));
        }
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a command prints; `None` when it can't be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = command("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn lines_arrive_in_order_and_the_exit_is_told() {
        let mut seen = Vec::new();
        let ok = watch(&mut shell("echo one; echo two; exit 3"), LIMIT, |line| {
            seen.push(line.to_owned());
        });
        assert_eq!((ok, seen.join(",")), (Ok(false), "one,two".into()));
    }

    #[test]
    fn a_program_that_hangs_is_stopped_and_named() {
        let problem = watch(&mut shell("exec sleep 60"), Duration::ZERO, |_| {}).unwrap_err();
        assert!(problem.contains("sh -c exec sleep 60"), "{problem}");
    }

    #[test]
    fn a_program_beside_us_is_heard_and_ends_with_us() {
        let beside = Beside::start(&mut shell("echo $$; exec sleep 60")).unwrap();
        let alive = format!("kill -0 {}", beside.said);
        assert!(output(&mut shell(&alive)).is_some());
        drop(beside);
        assert!(output(&mut shell(&alive)).is_none());
        assert!(
            Beside::start(&mut shell("exit 0"))
                .unwrap_err()
                .contains("ended at once")
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_one_sentence() {
        let problem = watch(&mut command("evergrant-no-such-program"), LIMIT, |_| {}).unwrap_err();
        assert!(
            problem.starts_with("could not start `evergrant-no-such-program`"),
            "{problem}"
        );
    }
}
