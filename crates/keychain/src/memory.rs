//! The keychain in memory: shipped, so that everything above can be tried against every trouble a
//! real one makes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use evergrant_core::Secret;

use crate::error::{KeychainError, Result, absent, refused};
use crate::keychain::{Keychain, Limits};
use crate::store::{Description, SecretStore, StoreKind};

/// A keychain in memory, and the handle that makes it misbehave.
pub fn memory() -> (Keychain, MemoryControl) {
    let control = MemoryControl::default();
    (control.keychain(), control)
}

/// Makes the memory keychain fail on request and looks inside it.
///
/// Cheap to clone; all clones and all keychains made from them share one content.
#[derive(Clone, Default)]
pub struct MemoryControl {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    entries: BTreeMap<String, Secret>,
    entry_limit: Option<usize>,
    locked: bool,
    absent: bool,
    coming: VecDeque<Trouble>,
    writes_left: Option<usize>,
    hanging: usize,
    releases: u64,
    calls: u64,
}

#[derive(Clone, Copy)]
enum Trouble {
    Refuse,
    Hang,
}

impl MemoryControl {
    /// Another keychain over the same content, as a restarted process would open it.
    pub fn keychain(&self) -> Keychain {
        self.keychain_with(Limits::default())
    }

    /// The same with limits of its own, for tests of time-outs.
    pub fn keychain_with(&self, limits: Limits) -> Keychain {
        let shared = Arc::clone(&self.shared);
        let description = Description {
            kind: StoreKind::Memory,
            name: "this process's memory".to_owned(),
            survives_restart: false,
            encrypted: false,
        };
        Keychain::new(description, limits, move || {
            Ok(Box::new(Memory {
                shared: Arc::clone(&shared),
            }))
        })
    }

    /// The raw store, without the layer that splits large entries.
    pub fn store(&self) -> Box<dyn SecretStore> {
        Box::new(Memory {
            shared: Arc::clone(&self.shared),
        })
    }

    /// Locks it: every call fails with [`KeychainError::Locked`] until [`unlock`](Self::unlock).
    pub fn lock(&self) {
        self.content().locked = true;
    }

    /// Unlocks it again.
    pub fn unlock(&self) {
        self.content().locked = false;
    }

    /// Takes it away: every call fails with [`KeychainError::Absent`] until
    /// [`present`](Self::present).
    pub fn absent(&self) {
        self.content().absent = true;
    }

    /// Brings it back.
    pub fn present(&self) {
        self.content().absent = false;
    }

    /// The next `n` calls fail with [`KeychainError::Refused`].
    pub fn refuse_next(&self, n: usize) {
        self.content()
            .coming
            .extend(std::iter::repeat_n(Trouble::Refuse, n));
    }

    /// The next `n` calls do not return until [`release`](Self::release).
    pub fn hang_next(&self, n: usize) {
        self.content()
            .coming
            .extend(std::iter::repeat_n(Trouble::Hang, n));
    }

    /// Lets the calls that hang now go on.
    pub fn release(&self) {
        self.content().releases += 1;
        self.shared.changed.notify_all();
    }

    /// How many calls hang at this moment.
    pub fn hanging(&self) -> usize {
        self.content().hanging
    }

    /// After `n` more writes and deletes, every call fails, as if the process had been killed
    /// there; [`restart`](Self::restart) ends it.
    pub fn crash_after_writes(&self, n: usize) {
        self.content().writes_left = Some(n);
    }

    /// True if a crash was asked for and has not been reached.
    pub fn crash_is_pending(&self) -> bool {
        self.content().writes_left.is_some_and(|left| left > 0)
    }

    /// Ends the crash.
    pub fn restart(&self) {
        self.content().writes_left = None;
    }

    /// The bytes an entry can hold from now on, as on Windows (2,560).
    pub fn set_entry_limit(&self, limit: Option<usize>) {
        self.content().entry_limit = limit;
    }

    /// The keys of everything stored, parts of large entries included.
    pub fn keys(&self) -> Vec<String> {
        self.content().entries.keys().cloned().collect()
    }

    /// How many entries are stored, parts of large entries included.
    pub fn entries(&self) -> usize {
        self.content().entries.len()
    }

    /// How many calls have reached the store.
    pub fn calls(&self) -> u64 {
        self.content().calls
    }

    /// The raw text stored under a key, past every trouble.
    pub fn peek(&self, key: &str) -> Option<Secret> {
        self.content().entries.get(key).cloned()
    }

    /// Puts a raw text under a key, past every trouble: for damaging what is stored.
    pub fn put(&self, key: &str, text: Secret) {
        self.content().entries.insert(key.to_owned(), text);
    }

    /// Removes a raw entry, past every trouble.
    pub fn remove(&self, key: &str) {
        self.content().entries.remove(key);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.shared.content()
    }
}

struct Memory {
    shared: Arc<Shared>,
}

impl SecretStore for Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn probe(&self) -> Result<()> {
        self.shared.enter().map(|_| ())
    }

    fn read(&self, key: &str) -> Result<Option<Secret>> {
        Ok(self.shared.enter()?.entries.get(key).cloned())
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<()> {
        let mut content = self.shared.enter()?;
        if let Some(limit) = content.entry_limit
            && secret.reveal().len() > limit
        {
            return Err(refused(format!("an entry can hold {limit} bytes at most")));
        }
        content.count_write()?;
        content.entries.insert(key.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool> {
        let mut content = self.shared.enter()?;
        content.count_write()?;
        Ok(content.entries.remove(key).is_some())
    }

    fn entry_limit(&self) -> Option<usize> {
        self.shared.content().entry_limit
    }
}

impl Shared {
    fn content(&self) -> MutexGuard<'_, Content> {
        // A test that panicked with the lock held has left nothing half done in here.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes through the troubles that are due, or says which one ends the call.
    fn enter(&self) -> Result<MutexGuard<'_, Content>> {
        let mut content = self.content();
        content.calls += 1;
        match content.coming.pop_front() {
            Some(Trouble::Refuse) => return Err(refused("it was told to")),
            Some(Trouble::Hang) => {
                content.hanging += 1;
                let until = content.releases + 1;
                content = self
                    .changed
                    .wait_while(content, |content| content.releases < until)
                    .unwrap_or_else(PoisonError::into_inner);
                content.hanging -= 1;
            }
            None => {}
        }
        if content.absent {
            return Err(absent("it was taken away"));
        }
        if content.locked {
            return Err(KeychainError::Locked);
        }
        if content.writes_left == Some(0) {
            return Err(refused("it has crashed"));
        }
        Ok(content)
    }
}

impl Content {
    fn count_write(&mut self) -> Result<()> {
        match &mut self.writes_left {
            Some(0) => Err(refused("it has crashed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
