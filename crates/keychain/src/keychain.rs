//! The asynchronous side: a thread of its own, and a time limit on every call.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evergrant_core::Secret;

use crate::chunks::Chunked;
use crate::error::{Result, refused};
use crate::store::{Description, SecretStore};
use crate::worker::Worker;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest a call may take, waiting for its turn included.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(5),
        }
    }
}

/// A keychain to be used from asynchronous code. Cheap to clone.
///
/// Calls run one after the other on a thread of their own. One that does not return within the
/// limit gives [`TimedOut`](crate::KeychainError::TimedOut): its thread is abandoned, and the next
/// call gets a new one with a new store. What was still waiting behind it runs there. The limit is
/// measured in real time even where tokio's clock is paused: the operating system's keychain does
/// not know about that clock.
///
/// The methods need a tokio runtime around them. Keys are 1 to 200 characters and contain no `#`
/// (which marks the parts of large entries) and no control characters.
#[derive(Clone)]
pub struct Keychain {
    way: Way,
    description: Arc<Description>,
}

/// How calls reach the store.
#[derive(Clone)]
enum Way {
    Worker(Arc<Worker>, Limits),
    Caller(Arc<Mutex<Chunked>>),
}

impl Keychain {
    /// A keychain over the store that `factory` connects to. The factory is called on the
    /// keychain's own thread: at the first call, after a time-out, and after a failure that may
    /// have been a lost connection.
    pub fn new<F>(description: Description, limits: Limits, factory: F) -> Self
    where
        F: Fn() -> Result<Box<dyn SecretStore>> + Send + Sync + 'static,
    {
        Self {
            way: Way::Worker(Arc::new(Worker::new(Box::new(factory))), limits),
            description: Arc::new(description),
        }
    }

    /// A keychain whose calls run where they are made, one after the other and without a limit: for
    /// simulations, which repeat a run only if no thread of their own runs beside it.
    pub fn on_caller(description: Description, store: Box<dyn SecretStore>) -> Self {
        let never = Arc::new(AtomicBool::new(false));
        Self {
            way: Way::Caller(Arc::new(Mutex::new(Chunked::new(store, never)))),
            description: Arc::new(description),
        }
    }

    /// Whether the keychain can be used now.
    pub async fn probe(&self) -> Result<()> {
        self.run(|store| store.probe()).await
    }

    /// The entry's text, or `None` if there is no such entry.
    pub async fn read(&self, key: &str) -> Result<Option<Secret>> {
        let key = checked(key)?;
        self.run(move |store| store.read(&key)).await
    }

    /// Writes or replaces the entry; it is durable when this returns `Ok`.
    ///
    /// After [`TimedOut`](crate::KeychainError::TimedOut) the entry holds the old text or the new
    /// one, and the write may still land late: read again before relying on either.
    pub async fn write(&self, key: &str, secret: &Secret) -> Result<()> {
        let (key, secret) = (checked(key)?, secret.clone());
        self.run(move |store| store.write(&key, &secret)).await
    }

    /// Removes the entry; true if something was there.
    pub async fn delete(&self, key: &str) -> Result<bool> {
        let key = checked(key)?;
        self.run(move |store| store.delete(&key)).await
    }

    /// What a person should know about this keychain.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    async fn run<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&dyn SecretStore) -> Result<T> + Send + 'static,
    {
        match &self.way {
            Way::Caller(store) => job(&*store.lock().unwrap_or_else(PoisonError::into_inner)),
            Way::Worker(worker, limits) => {
                let (worker, limit) = (Arc::clone(worker), limits.call);
                // Waiting on a blocking thread rather than on a tokio timer: see the type's comment.
                tokio::task::spawn_blocking(move || worker.call(limit, job))
                    .await
                    .unwrap_or_else(|_| Err(refused("its thread stopped unexpectedly")))
            }
        }
    }
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keychain").field(&self.description).finish()
    }
}

fn checked(key: &str) -> Result<String> {
    let short = (1..=200).contains(&key.chars().count());
    if short && !key.chars().any(|c| c == '#' || c.is_control()) {
        return Ok(key.to_owned());
    }
    Err(refused(
        "a key must have 1 to 200 characters, without \"#\" and control characters",
    ))
}
