//! One owner for a data folder: whoever holds the lock renews, posts and writes secrets.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant as Moment};

use evergrant_core::command::{Code, Problem};
use serde::{Deserialize, Serialize};

/// How often a waiting process looks whether its turn has come.
const LOOK: Duration = Duration::from_millis(20);

/// Held as long as the process owns the folder; the system takes it back if the process dies.
#[derive(Debug)]
pub struct Ownership {
    file: File,
}

/// What an owner writes beside its lock, for those who wait.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    program: String,
    process: u32,
}

impl Ownership {
    /// Takes the folder, waiting up to `patience` for another owner to finish. `program` is what
    /// those who wait are told, such as `evergrant run`.
    pub async fn take(folder: &Path, program: &str, patience: Duration) -> Result<Self, Problem> {
        let path = folder.join("owner.lock");
        let open = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let file = open().map_err(|error| {
            Problem::new(
                Code::File,
                format!("{} cannot be opened: {error}", path.display()),
            )
            .hint("Check that the data folder is yours and can be written.")
        })?;
        let begun = Moment::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }.signed(program)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(TryLockError::WouldBlock) => return Err(busy(folder, file)),
                Err(TryLockError::Error(error)) => {
                    return Err(Problem::new(
                        Code::File,
                        format!("{} cannot be locked: {error}", path.display()),
                    )
                    .hint("Use a data folder on a local disk."));
                }
            }
        }
    }

    fn signed(mut self, program: &str) -> Self {
        let owner = Owner {
            program: program.to_owned(),
            process: std::process::id(),
        };
        // Only a courtesy to those who wait: the lock counts, not the text.
        let _ = self.file.set_len(0);
        let _ = self.file.seek(SeekFrom::Start(0));
        if let Ok(text) = serde_json::to_string(&owner) {
            let _ = self.file.write_all(text.as_bytes());
        }
        self
    }
}

fn busy(folder: &Path, mut file: File) -> Problem {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    let who = serde_json::from_str::<Owner>(&text).map_or_else(
        |_| "another Evergrant".to_owned(),
        |owner| format!("`{}` (process {})", owner.program, owner.process),
    );
    Problem::new(
        Code::Busy,
        format!("the data folder {} is in use by {who}", folder.display()),
    )
    .hint("Wait until it has finished, or end it, and try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_owner_is_told_who_holds_the_folder_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let first = Ownership::take(folder.path(), "evergrant run", Duration::ZERO)
            .await
            .unwrap();
        let problem = Ownership::take(folder.path(), "evergrant post", Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(problem.code, Code::Busy);
        assert!(
            problem.message.contains("`evergrant run`"),
            "{}",
            problem.message
        );
        assert!(problem.message.contains(&std::process::id().to_string()));
        drop(first);
        Ownership::take(folder.path(), "evergrant post", Duration::ZERO)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_waiting_owner_gets_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let first = Ownership::take(folder.path(), "a", Duration::ZERO)
            .await
            .unwrap();
        let path = folder.path().to_owned();
        let second =
            tokio::spawn(async move { Ownership::take(&path, "b", Duration::from_secs(20)).await });
        tokio::task::yield_now().await;
        drop(first);
        second.await.unwrap().unwrap();
    }
}
