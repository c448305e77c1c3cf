//! The sign-in under way: one at a time, and it can be given up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use evergrant_core::Secret;
use evergrant_core::command::{Code, Command, Problem, Reply};
use evergrant_core::ids::AccountId;
use evergrant_engine::socket::HangUp;

use super::person::AtWindow;
use super::{Link, Tell, blocking};

/// The sign-ins of this window.
#[derive(Default)]
pub struct Trips {
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    /// Counts sign-ins, so that one that ends does not take the next one's place.
    number: u64,
    trip: Option<Trip>,
}

struct Trip {
    hang_up: HangUp,
    pasted: mpsc::Sender<Option<Secret>>,
}

impl Trips {
    /// Has the owner carry out a command that needs the person's browser. One that was under way is
    /// given up: its page may be closed or forgotten.
    pub async fn go(
        self: &Arc<Self>,
        link: &Link,
        tell: Tell,
        account: Option<AccountId>,
        command: Command,
    ) -> Result<Reply, Problem> {
        let mut client = link.for_trip().await?;
        let (pasted, from_page) = mpsc::channel();
        let mut person = AtWindow {
            account,
            tell,
            pasted: from_page,
            hang_up: client.hang_up()?,
            page: None,
            failed: None,
        };
        let trip = Trip {
            hang_up: client.hang_up()?,
            pasted,
        };
        let number = self.begin(trip);
        let (answer, failed) = blocking(move || {
            let answer = client.ask(command, &mut person);
            Ok((answer, person.failed))
        })
        .await?;
        let was_given_up = !self.end(number);
        match (answer, failed) {
            (Ok(reply), _) => Ok(reply),
            (Err(_), Some(failed)) => Err(failed),
            (Err(_), None) if was_given_up => Err(given_up()),
            (Err(problem), None) => Err(problem),
        }
    }

    /// Gives up the sign-in under way, if there is one.
    pub fn cancel(&self) {
        if let Some(trip) = self.lock().trip.take() {
            trip.give_up();
        }
    }

    /// What the person has pasted.
    pub fn pasted(&self, text: Secret) -> Result<(), Problem> {
        let under_way = self.lock();
        let sent = under_way
            .trip
            .as_ref()
            .is_some_and(|trip| trip.pasted.send(Some(text)).is_ok());
        if sent {
            return Ok(());
        }
        Err(Problem::new(
            Code::NotNow,
            "no sign-in waits for an address to be pasted",
        ))
    }

    fn begin(&self, trip: Trip) -> u64 {
        let mut under_way = self.lock();
        under_way.number += 1;
        if let Some(old) = under_way.trip.replace(trip) {
            old.give_up();
        }
        under_way.number
    }

    /// True if this one was still under way.
    fn end(&self, number: u64) -> bool {
        let mut under_way = self.lock();
        under_way.number == number && under_way.trip.take().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trip {
    fn give_up(self) {
        self.hang_up.now();
        // Whoever waits for a pasted text waits no longer; the trip may be elsewhere.
        let _ = self.pasted.send(None);
    }
}

fn given_up() -> Problem {
    Problem::new(Code::SignInCancelled, "The sign-in was given up.")
}
