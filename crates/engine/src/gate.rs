//! How many requests are under way at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::{AT_ONCE, lock};

/// Of all requests at once, those of one client: a service that hangs does not take every place.
pub(crate) const PER_CLIENT: usize = 6;

/// The places for requests.
pub(crate) struct Gate {
    all: Arc<Semaphore>,
    clients: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place; given back when dropped.
pub(crate) struct Place {
    _of_client: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            clients: Mutex::default(),
        }
    }

    /// Waits for a place. The client's own comes first, so that nobody waits with one of all.
    pub(crate) async fn enter(&self, client: &str) -> Place {
        let of_client = Arc::clone(
            lock(&self.clients)
                .entry(client.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(PER_CLIENT))),
        );
        // Neither is ever closed.
        Place {
            _of_client: of_client.acquire_owned().await.ok(),
            _of_all: Arc::clone(&self.all).acquire_owned().await.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_client_does_not_take_all_places_and_all_clients_take_no_more_than_there_are() {
        let gate = Gate::new();
        let enter = |client: &str| gate.enter(client).now_or_never();
        let mut first: Vec<_> = (0..PER_CLIENT).map(|_| enter("one").unwrap()).collect();
        assert!(enter("one").is_none());
        let _second: Vec<_> = (0..PER_CLIENT).map(|_| enter("two").unwrap()).collect();
        let left = AT_ONCE - 2 * PER_CLIENT;
        let _third: Vec<_> = (0..left).map(|_| enter("three").unwrap()).collect();
        assert!(enter("three").is_none());
        first.pop();
        assert!(enter("three").is_some());
    }
}
