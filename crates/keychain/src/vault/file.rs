//! The vault's file: read whole, replaced whole, one writer at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::checksum::checksum;
use crate::error::{KeychainError, Result, absent, damaged, refused};

const MARK: &str = "evergrant-vault";
const VERSION: &str = "1";

/// How long a writer waits for another process. Shorter than a call's limit, so that a write that
/// could not begin says so and never lands late.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// The two encrypted parts of the file.
pub(super) struct Sealed {
    /// The private key, encrypted with the passphrase.
    pub(super) key: Vec<u8>,
    /// The entries, encrypted to that key.
    pub(super) entries: Vec<u8>,
}

/// The file's name for messages.
pub(super) fn name(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn read(path: &Path) -> Result<Sealed> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => absent(format!("there is no vault at {}", path.display())),
        _ => refused(format!("{} can't be read ({error})", path.display())),
    })?;
    Sealed::parse(&bytes).map_err(|why| damaged(&name(path), why))
}

/// Replaces the file in one step, durably: after a crash it is the old one or the new one.
pub(super) fn replace(path: &Path, sealed: &Sealed) -> Result<()> {
    let new = beside(path, ".new");
    write_new(&new, &sealed.to_bytes())
        .and_then(|()| fs::rename(&new, path))
        .and_then(|()| sync_folder(path))
        .map_err(|error| {
            // A full disk must not stay full because of us. Gone already after a rename.
            let _ = fs::remove_file(&new);
            refused(format!("{} can't be written ({error})", path.display()))
        })
}

/// Keeps other writers out until dropped, in this process and in others.
pub(super) fn lock(path: &Path) -> Result<File> {
    let lock = beside(path, ".lock");
    let cannot =
        |error: io::Error| refused(format!("{} can't be locked ({error})", path.display()));
    let file = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(&lock)
        .map_err(cannot)?;
    let give_up = Instant::now() + LONGEST_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
            Err(TryLockError::WouldBlock) if Instant::now() >= give_up => {
                return Err(KeychainError::TimedOut);
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

impl Sealed {
    fn to_bytes(&self) -> Vec<u8> {
        let head = format!(
            "{MARK} {VERSION} {} {}\n",
            self.key.len(),
            checksum(&self.key)
        );
        [head.as_bytes(), &self.key, &self.entries].concat()
    }

    /// The checksum tells a damaged key from a wrong passphrase. The entries need none: age
    /// authenticates them.
    fn parse(bytes: &[u8]) -> std::result::Result<Self, &'static str> {
        let end = bytes
            .iter()
            .take(200)
            .position(|byte| *byte == b'\n')
            .ok_or("it is no vault file")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "it is no vault file")?;
        let mut words = head.split(' ');
        if words.next() != Some(MARK) {
            return Err("it is no vault file");
        }
        if words.next() != Some(VERSION) {
            return Err("it was written by another version of Evergrant");
        }
        let length: usize = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or("its first line can't be read")?;
        let (key, entries) = bytes[end + 1..]
            .split_at_checked(length)
            .ok_or("it is cut off")?;
        if words.next() != Some(checksum(key).as_str()) {
            return Err("the checksum of its key does not match");
        }
        if entries.is_empty() {
            return Err("it is cut off");
        }
        Ok(Self {
            key: key.to_vec(),
            entries: entries.to_vec(),
        })
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a crash left here goes first: writing into it would keep its permissions.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a new file readable by its owner alone. Windows inherits the folder's access list.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the rename itself durable. Windows has no such call and needs none.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
