//! The exit codes. They are part of what scripts rely on, so a number never changes its meaning.

use std::process::ExitCode;

use evergrant_core::command::{CheckView, Code, PostView};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// Something unexpected.
    Unexpected = 1,
    /// The words of the command, or a file it names, are wrong.
    Usage = 2,
    /// An account needs the person to sign in; a post waits for that.
    NeedsSignIn = 3,
    /// The service cannot be reached or makes no sense now; a post is tried again later.
    Unreachable = 4,
    /// The keychain is locked, absent, or refuses.
    Keychain = 5,
    /// There is no such account, post, provider or Page.
    NotFound = 6,
    /// Another process owns the data folder.
    Busy = 7,
    /// Refused: by the service, by the person in the browser, or because it cannot be.
    Refused = 8,
    /// The database, the disk or a file.
    Storage = 9,
    /// No keeper is at work, or it ended before it answered.
    NoKeeper = 10,
}

/// The table in `--help` and in the man page.
pub const HELP: &str = "\
Exit codes:
  0  all is well
  1  something unexpected
  2  the words of the command, or a file it names, are wrong
  3  an account needs you to sign in; a post waits for that
  4  the service can't be reached or can't tell; a post is tried again later
  5  the keychain is locked, absent or refuses
  6  there is no such account, post, provider or Page
  7  another process owns the data folder
  8  refused: by the service, by you in the browser, or because it can't be
  9  the database, the disk or a file
  10 no keeper is at work, or it ended before it answered";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Code> for Exit {
    fn from(code: Code) -> Self {
        match code {
            Code::Usage | Code::BadProviderFile | Code::ClientNeeded => Self::Usage,
            Code::NeedsLogin => Self::NeedsSignIn,
            Code::Unreachable => Self::Unreachable,
            Code::KeychainLocked
            | Code::KeychainAbsent
            | Code::KeychainRefused
            | Code::KeychainTimedOut
            | Code::KeychainDamaged => Self::Keychain,
            Code::NoSuchAccount | Code::NoSuchPost | Code::NoSuchTarget | Code::NoSuchProvider => {
                Self::NotFound
            }
            Code::Busy => Self::Busy,
            Code::NoKeeper => Self::NoKeeper,
            Code::ClientRejected
            | Code::SignInCancelled
            | Code::SignInFailed
            | Code::WrongIdentity
            | Code::BadPost
            | Code::NotNow => Self::Refused,
            Code::Database | Code::DatabaseNewer | Code::DiskFull | Code::File => Self::Storage,
        }
    }
}

/// The worst of the checks: an account that needs the person, then one nobody can tell of.
pub fn of_checks(checks: &[CheckView]) -> Exit {
    let any = |results: &[&str]| {
        checks
            .iter()
            .any(|it| results.contains(&it.result.as_str()))
    };
    if any(&["dead", "not_signed_in"]) {
        Exit::NeedsSignIn
    } else if checks.iter().any(|it| it.keychain.is_some()) {
        Exit::Keychain
    } else if any(&["cant_tell"]) {
        Exit::Unreachable
    } else {
        Exit::Ok
    }
}

/// What became of a post.
pub fn of_post(post: &PostView) -> Exit {
    match post.state.as_str() {
        "held" if post.needs_person => Exit::NeedsSignIn,
        "held" | "retrying" | "uncertain" | "sending" => Exit::Unreachable,
        "failed" | "missed" => Exit::Refused,
        _ => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code_once() {
        let numbers: Vec<_> = HELP
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok())
            .collect();
        assert_eq!(numbers, (0..=10).collect::<Vec<u8>>());
        assert_eq!(Exit::NoKeeper as u8, 10);
    }

    #[test]
    fn trouble_with_a_keychain_is_told_from_trouble_with_the_disk() {
        assert_eq!(Exit::from(Code::KeychainLocked), Exit::Keychain);
        assert_eq!(Exit::from(Code::DiskFull), Exit::Storage);
        assert_eq!(Exit::from(Code::NeedsLogin), Exit::NeedsSignIn);
    }
}
