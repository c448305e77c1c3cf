//! The local socket: the owner of a data folder answers every other process of the same person.
//!
//! Each message is a length of four bytes (big-endian) and so many bytes of JSON. A client says who
//! it is ([`Hello`]), is answered who owns the folder ([`Welcome`]), and from then on asks and is
//! answered, one thing at a time. The socket stands in the data folder, which only its owner may
//! enter, and both sides look who is at the other end. Nothing that is said to a client holds a
//! token; a client says secrets only in [`SecretInput`].

mod client;
mod frame;
mod person;
mod server;

use std::path::{Path, PathBuf};

use evergrant_core::command::{Code, Command, Notice, Problem, Reply, SecretInput};
use serde::{Deserialize, Serialize};

pub use client::{Client, HangUp, Person};
pub use server::Server;

/// The number of this protocol. Both sides have to speak the same one: it rises with every change
/// of what is sent.
pub const PROTOCOL: u32 = 2;

/// The socket's name in the data folder.
const NAME: &str = "keeper.sock";

/// A longer address does not fit into the system's own (108 bytes on Linux, 104 elsewhere).
const LONGEST: usize = 100;

/// The first thing a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the client.
    pub protocol: u32,
    /// Its version, for messages.
    pub version: String,
}

/// The first answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the owner.
    pub version: String,
    /// What the owner is, such as `evergrant keep`.
    pub program: String,
    /// Its process.
    pub process: u32,
    /// Where it keeps secrets: `system` or `vault`.
    pub keychain: String,
    /// What the person should know before anything else, in sentences: provider files that cannot
    /// be used.
    pub notes: Vec<String>,
}

/// What a client says after its [`Hello`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Carry this out.
    Do {
        /// What.
        command: Command,
    },
    /// Tell what happens from now on, for as long as the connection stands.
    Watch,
    /// The address the person has pasted, after [`Say::PasteWanted`].
    Pasted {
        /// The address, which holds a code; left out if the person gives up.
        address: Option<SecretInput>,
    },
}

/// What the owner says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Say {
    /// To a [`Hello`].
    Welcome(Welcome),
    /// A command is carried out.
    Reply {
        /// What came of it.
        reply: Box<Reply>,
    },
    /// A command was not carried out, or the client is not welcome.
    Problem {
        /// Why.
        problem: Problem,
    },
    /// The person is to open this page; the command goes on when they have been there.
    Page {
        /// The address: `state` and the challenge, never a token.
        address: String,
    },
    /// The person is to paste the address of the last page.
    PasteWanted {
        /// What was wrong with the last one.
        mistake: Option<String>,
    },
    /// To an [`Ask::Watch`]: from now on.
    Watching,
    /// Something happened.
    Notice {
        /// What.
        notice: Notice,
    },
    /// So much happened that the client missed some of it; the diary has it.
    Missed {
        /// How many notices.
        count: u64,
    },
}

/// Where the socket of a data folder is, as an address that is short enough for the system. The
/// folder stays open as long as the address is used.
pub(crate) struct Place {
    address: PathBuf,
    _folder: Option<std::fs::File>,
}

impl Place {
    pub(crate) fn of(data: &Path) -> std::io::Result<Self> {
        let address = data.join(NAME);
        if address.as_os_str().len() < LONGEST || !cfg!(target_os = "linux") {
            return Ok(Self {
                address,
                _folder: None,
            });
        }
        // The system follows this short name to the folder, however long its own is.
        let folder = std::fs::File::open(data)?;
        let number = std::os::fd::AsRawFd::as_raw_fd(&folder);
        Ok(Self {
            address: format!("/proc/self/fd/{number}/{NAME}").into(),
            _folder: Some(folder),
        })
    }

    pub(crate) fn address(&self) -> &Path {
        &self.address
    }
}

/// The owner is of another version than the client.
pub(crate) fn other_version(owner: &str, client: &str) -> Problem {
    Problem::new(
        Code::Busy,
        format!("the keeper that owns the data folder is Evergrant {owner}, this is {client}"),
    )
    .hint("End the keeper and start it again, so that both are of one version.")
}
