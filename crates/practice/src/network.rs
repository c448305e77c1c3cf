//! The handle on a practice network: the same operations as the control API, in-process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::server::StartError;
use crate::store::Store;
use crate::world::World;
use crate::{Clock, Endpoint, Options, Post, Trouble, TroubleError};

/// A practice network, whether or not it listens anywhere.
pub struct Network {
    clock: Clock,
    inner: Mutex<Inner>,
    origin: OnceLock<String>,
}

struct Inner {
    world: World,
    store: Option<Store>,
}

// The world holds tokens: they must not be printed.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("clock", &self.clock)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Network {
    /// Opens a network without listening: with the state in `options.state_file` if there is one.
    pub fn open(options: &Options) -> Result<Self, StartError> {
        let state = |reason: String| StartError::State {
            path: options.state_file.clone().unwrap_or_default(),
            reason,
        };
        let mut store = options.state_file.as_deref().map(Store::new);
        let kept = match &mut store {
            Some(store) => store.load().map_err(|error| state(error.to_string()))?,
            None => None,
        };
        let world = match kept {
            Some(world) => world,
            None => World::new(&key(options.seed)?, options.refuse_duplicates),
        };
        if let Some(store) = &mut store {
            store
                .save(&world)
                .map_err(|error| state(error.to_string()))?;
        }
        let inner = Mutex::new(Inner { world, store });
        Ok(Self {
            clock: options.clock.clone(),
            inner,
            origin: OnceLock::new(),
        })
    }

    /// Makes trouble.
    pub fn apply(&self, trouble: Trouble) -> Result<(), TroubleError> {
        self.change(|world, now| world.strike(trouble, now))?
    }

    /// Moves the issuer's clock forward.
    pub fn jump(&self, by: Duration) -> Result<(), TroubleError> {
        self.apply(Trouble::Jump {
            seconds: i64::try_from(by.as_secs()).unwrap_or(i64::MAX),
        })
    }

    /// The issuer's time, Unix seconds.
    pub fn now(&self) -> i64 {
        let offset = self.lock().world.offset;
        self.clock.seconds().saturating_add(offset)
    }

    /// Every post that exists, visible or not, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.lock().world.posts.clone()
    }

    /// The same without the first `known`: for whoever looks often.
    pub fn posts_from(&self, known: usize) -> Vec<Post> {
        self.lock()
            .world
            .posts
            .iter()
            .skip(known)
            .cloned()
            .collect()
    }

    /// Whether a token works at this moment: the truth behind every answer about it.
    pub fn stands(&self, token: &str) -> bool {
        self.look(|world, now| world.bearer(token, now).is_ok())
    }

    /// How many calls came to an endpoint, also those that were refused or dropped.
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.lock()
            .world
            .counts
            .get(&endpoint)
            .copied()
            .unwrap_or(0)
    }

    /// How many calls came to each endpoint.
    pub fn counts(&self) -> BTreeMap<Endpoint, u64> {
        self.lock().world.counts.clone()
    }

    /// The Pages, id and name.
    pub fn pages(&self) -> Vec<(String, String)> {
        self.lock()
            .world
            .pages
            .values()
            .map(|page| (page.id.clone(), page.name.clone()))
            .collect()
    }

    /// Where it listens, `http://127.0.0.1:PORT`; `None` when it does not.
    pub fn origin(&self) -> Option<&str> {
        self.origin.get().map(String::as_str)
    }

    pub(crate) fn listens_at(&self, origin: String) {
        // A second listener on the same network keeps the first address in its links.
        let _ = self.origin.set(origin);
    }

    /// Looks at the world.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World, i64) -> T) -> T {
        let inner = self.lock();
        let now = self.clock.seconds().saturating_add(inner.world.offset);
        look(&inner.world, now)
    }

    /// Changes the world, and saves it before anybody hears of the change.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut World, i64) -> T,
    ) -> std::io::Result<T> {
        let mut inner = self.lock();
        let now = self.clock.seconds().saturating_add(inner.world.offset);
        let answer = change(&mut inner.world, now);
        let Inner { world, store } = &mut *inner;
        if world.dirty {
            if let Some(store) = store {
                store.save(world)?;
            }
            world.dirty = false;
        }
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in one request must not take the network down with it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(seed: Option<u64>) -> Result<[u8; 32], StartError> {
    let mut key = [0; 32];
    match seed {
        Some(seed) => key[..8].copy_from_slice(&seed.to_le_bytes()),
        None => getrandom::fill(&mut key).map_err(|error| StartError::Random(error.to_string()))?,
    }
    Ok(key)
}
