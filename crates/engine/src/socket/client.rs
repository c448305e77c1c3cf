//! Everybody else's end of the socket. It blocks: a client does nothing but wait for its answer,
//! and starts quickest without a runtime.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::command::{Code, Command, Notice, Problem, Reply, SecretInput};

use super::frame::{FrameError, MAX_FROM_CLIENT, MAX_FROM_OWNER, read_blocking, write_blocking};
use super::{Ask, Hello, PROTOCOL, Place, Say, Welcome};

/// A keeper that is there is given so much time, however little patience there is: the computer may
/// be busy.
const AT_LEAST: Duration = Duration::from_secs(2);

/// A connection to the owner of a data folder.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    welcome: Welcome,
}

/// Ends a connection from another thread: whoever waits for its answer is told that nobody answers
/// any more, and a sign-in that was under way is given up by the owner.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Ends it.
    pub fn now(&self) {
        // A connection that is gone needs no ending.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

/// The person at this end, whom a sign-in needs.
pub trait Person {
    /// Brings the page of the sign-in before the person.
    fn page(&mut self, address: &str);

    /// Asks for the address of the last page, and says first what was wrong with the last text.
    /// `None`: the person gives up.
    fn pasted(&mut self, mistake: Option<&str>) -> Option<Secret>;
}

impl Client {
    /// Connects to the owner of the data folder, if there is one that answers clients. One that
    /// does not answer within `patience` is a problem.
    pub fn connect(data: &Path, patience: Duration) -> Result<Option<Self>, Problem> {
        // Nobody, one that was killed and left its socket, or a folder in which nothing can be:
        // whoever opens the folder next finds out and says what is wrong.
        let stream = Place::of(data).and_then(|place| UnixStream::connect(place.address()));
        let Ok(mut stream) = stream else {
            return Ok(None);
        };
        if !is_ours(&stream) {
            return Err(Problem::new(
                Code::Busy,
                "the process that answers for the data folder belongs to another user",
            )
            .hint("Choose a data folder that only you can enter."));
        }
        let patience = patience.max(AT_LEAST);
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let greeted = stream
            .set_read_timeout(Some(patience))
            .map_err(FrameError::Broken)
            .and_then(|()| write_blocking(&mut stream, &hello, MAX_FROM_CLIENT))
            .and_then(|()| read_blocking(&mut stream, MAX_FROM_OWNER));
        match greeted {
            Ok(Say::Welcome(welcome)) => {
                let _ = stream.set_read_timeout(None);
                Ok(Some(Self { stream, welcome }))
            }
            Ok(Say::Problem { problem }) => Err(problem),
            Err(FrameError::Broken(error)) if is_slow(&error) => Err(Problem::new(
                Code::Busy,
                format!(
                    "the keeper of the data folder {} does not answer",
                    data.display()
                ),
            )
            .hint("End it (`evergrant keep` or `evergrant run`) and start it again.")),
            // It was just ending.
            Err(FrameError::Closed | FrameError::Broken(_)) => Ok(None),
            Ok(_) | Err(_) => Err(Problem::new(
                Code::Busy,
                "the process that answers for the data folder is no keeper",
            )),
        }
    }

    /// Who answers.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The way to end this connection while it is waited for.
    pub fn hang_up(&self) -> Result<HangUp, Problem> {
        self.stream.try_clone().map(HangUp).map_err(|error| {
            Problem::new(
                Code::File,
                format!("the system does not let this program work: {error}"),
            )
        })
    }

    /// From now on an answer has to come within this time, which is more than nothing.
    pub fn within(&self, limit: Duration) -> Result<(), Problem> {
        self.stream
            .set_read_timeout(Some(limit))
            .map_err(|_| gone())
    }

    /// Lets the owner carry out a command, which may need the person.
    pub fn ask(&mut self, command: Command, person: &mut dyn Person) -> Result<Reply, Problem> {
        self.say(&Ask::Do { command })?;
        loop {
            match self.hear()? {
                Say::Reply { reply } => return Ok(*reply),
                Say::Problem { problem } => return Err(problem),
                Say::Page { address } => person.page(&address),
                Say::PasteWanted { mistake } => {
                    let address = person.pasted(mistake.as_deref()).map(SecretInput);
                    self.say(&Ask::Pasted { address })?;
                }
                Say::Welcome(_) | Say::Watching | Say::Notice { .. } | Say::Missed { .. } => {}
            }
        }
    }

    /// Asks to be told what happens from now on.
    pub fn watch(&mut self) -> Result<(), Problem> {
        self.say(&Ask::Watch)?;
        match self.hear()? {
            Say::Problem { problem } => Err(problem),
            _ => Ok(()),
        }
    }

    /// The next thing that happened, or how many were missed in between.
    pub fn next_notice(&mut self) -> Result<Result<Notice, u64>, Problem> {
        loop {
            match self.hear()? {
                Say::Notice { notice } => return Ok(Ok(notice)),
                Say::Missed { count } => return Ok(Err(count)),
                Say::Problem { problem } => return Err(problem),
                _ => {}
            }
        }
    }

    fn say(&mut self, ask: &Ask) -> Result<(), Problem> {
        write_blocking(&mut self.stream, ask, MAX_FROM_CLIENT).map_err(|error| match error {
            FrameError::TooLong(_) => Problem::new(
                Code::BadPost,
                format!("{error}; the keeper takes {} MiB", MAX_FROM_CLIENT >> 20),
            ),
            _ => gone(),
        })
    }

    fn hear(&mut self) -> Result<Say, Problem> {
        read_blocking(&mut self.stream, MAX_FROM_OWNER).map_err(|error| match error {
            FrameError::Broken(error) if is_slow(&error) => Problem::new(
                Code::Busy,
                format!("`{}` does not answer", self.welcome.program),
            )
            .hint("If that goes on, end it and start it again; nothing is lost then."),
            _ => gone(),
        })
    }
}

fn gone() -> Problem {
    Problem::new(Code::NoKeeper, "the keeper ended before it answered").hint(
        "What was begun is not lost: look with `evergrant accounts` and `evergrant queue` before \
         you try again.",
    )
}

fn is_slow(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Whoever answers runs as the same user.
#[cfg(target_os = "linux")]
fn is_ours(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// Elsewhere the folder, which only its owner may enter, has to say it.
#[cfg(not(target_os = "linux"))]
fn is_ours(_: &UnixStream) -> bool {
    true
}
