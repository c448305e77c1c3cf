//! Working off what is due: many things at once, and none so many that the rest waits.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::{Code, Problem, RanView};
use evergrant_core::grant::Event as GrantEvent;
use evergrant_core::ids::{AccountId, PostId};
use evergrant_core::post::{Event as PostEvent, PostState};
use tokio::task::{JoinError, JoinSet};

use crate::engine::{Engine, Internal, lock};

/// Checks under way at once, of all accounts and of one client's. Fewer than there are places for
/// requests: a post that is due never waits behind a crowd of checks.
const CHECKS: Lane = Lane {
    most: 10,
    of_one_client: 4,
};

/// Deliveries under way at once. A service that hangs holds its own posts up and no other's.
const DELIVERIES: Lane = Lane {
    most: 64,
    of_one_client: 16,
};

/// How often one thing is taken up in one run: a stuck one must not keep the rest waiting.
const AT_MOST: u32 = 20;

impl Engine {
    /// Does everything that is due now, and what becomes due by doing it. What fails with one
    /// account or post stops no other; the first such problem is told at the end.
    pub(crate) async fn run_due(self: &Arc<Self>) -> Result<RanView, Internal> {
        let mut run = Run::default();
        loop {
            self.take_up_left_over(&mut run)?;
            self.take_up(&mut run, self.now())?;
            if !run.goes_on().await? {
                break;
            }
            while {
                self.take_up(&mut run, self.now())?;
                run.goes_on().await?
            } {}
        }
        run.ran.needs_person = self.posts_that_need_the_person()?;
        run.ran.next = self.store.next_wake(self.now())?;
        self.put_trouble(run.ran.problem.as_ref());
        Ok(run.ran)
    }

    /// Attempts that nobody works on any more, because the database failed in the middle, and posts
    /// that nobody released, because the process that was to has ended.
    pub(crate) fn take_up_left_over(self: &Arc<Self>, run: &mut Run) -> Result<(), Internal> {
        for id in self.store.posts_under_way()? {
            if !lock(&self.delivering).contains(&id) {
                self.step_post(id, PostEvent::Restarted)?;
            }
        }
        for id in self.store.forgotten_posts()? {
            if run.deliveries.has_room(&id, "") && run.takes(Thing::Post(id)) {
                run.deliver(self, id, String::new(), PostEvent::Released);
            }
        }
        Ok(())
    }

    /// Begins what is due at `now`, as far as there is room.
    pub(crate) fn take_up(self: &Arc<Self>, run: &mut Run, now: Instant) -> Result<(), Internal> {
        loop {
            let (busy, limit) = run.deliveries.ask_for(run.resting.len());
            let due = self.store.posts_due(now, &busy, limit)?;
            let mut begun = false;
            for (id, client) in due {
                let free = !lock(&self.delivering).contains(&id);
                if free && run.deliveries.has_room(&id, &client) && run.takes(Thing::Post(id)) {
                    run.deliver(self, id, client, PostEvent::Woke);
                    begun = true;
                }
            }
            let (busy, limit) = run.checks.ask_for(run.resting.len());
            for (id, client) in self.store.accounts_due(now, &busy, limit)? {
                if run.checks.has_room(&id, &client) && run.takes(Thing::Account(id.clone())) {
                    run.check(self, id, client);
                    begun = true;
                }
            }
            // Once a client is busy, others may come to light behind it.
            if !begun {
                return Ok(());
            }
        }
    }

    pub(crate) fn put_trouble(&self, problem: Option<&Problem>) {
        *lock(&self.trouble) = problem.map(|problem| problem.message.clone());
    }

    /// An account that cannot be stepped (a broken provider file) would be due for ever.
    fn look_later(&self, id: &AccountId) {
        let later = self.now() + TimeDelta::minutes(30);
        // If the database fails, the run ends for other reasons.
        let _ = self.store.put_account_wake(id, Some(later));
    }
}

/// What is under way, and what was done so far. Dropping it drops what is under way.
pub(crate) struct Run {
    ran: RanView,
    /// True until somebody was told of the problem.
    is_untold: bool,
    tasks: JoinSet<Done>,
    checks: UnderWay<AccountId>,
    deliveries: UnderWay<PostId>,
    /// How often each thing was taken up.
    taken: HashMap<Thing, u32>,
    /// What is due still, and will not be done by doing it again.
    resting: HashSet<Thing>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Thing {
    Account(AccountId),
    Post(PostId),
}

enum Done {
    Check(AccountId, Result<(), Internal>),
    Delivery(PostId, Result<Box<PostState>, Internal>),
}

impl Default for Run {
    fn default() -> Self {
        Self {
            ran: RanView::default(),
            is_untold: false,
            tasks: JoinSet::new(),
            checks: UnderWay::on(CHECKS),
            deliveries: UnderWay::on(DELIVERIES),
            taken: HashMap::new(),
            resting: HashSet::new(),
        }
    }
}

impl Run {
    /// Waits until something that is under way is done; false if nothing is under way.
    pub(crate) async fn goes_on(&mut self) -> Result<bool, Internal> {
        let Some(done) = self.tasks.join_next().await else {
            return Ok(false);
        };
        self.note(done)?;
        while let Some(done) = self.tasks.try_join_next() {
            self.note(done)?;
        }
        Ok(true)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// The first problem.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.ran.problem.as_ref()
    }

    /// The first problem, once.
    pub(crate) fn untold_problem(&mut self) -> Option<&Problem> {
        let is_untold = std::mem::take(&mut self.is_untold);
        self.problem().filter(|_| is_untold)
    }

    /// True if something is due that rests, or something has failed.
    pub(crate) fn is_unwell(&self) -> bool {
        !self.resting.is_empty() || self.ran.problem.is_some()
    }

    /// What rests is tried again from now on.
    pub(crate) fn begin_anew(&mut self) {
        self.taken.clear();
        self.resting.clear();
        self.ran = RanView::default();
    }

    /// Stops what is under way.
    pub(crate) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    fn check(&mut self, engine: &Arc<Engine>, id: AccountId, client: String) {
        self.ran.checked += 1;
        self.checks.begin(id.clone(), client);
        let engine = Arc::clone(engine);
        self.tasks.spawn(async move {
            let done = engine.happen(&id, GrantEvent::Woke).await;
            if done.is_err() {
                engine.look_later(&id);
            }
            Done::Check(id, done.map(drop))
        });
    }

    fn deliver(&mut self, engine: &Arc<Engine>, id: PostId, client: String, event: PostEvent) {
        self.deliveries.begin(id, client);
        let engine = Arc::clone(engine);
        self.tasks.spawn(async move {
            let done = engine.deliver(id, event).await;
            Done::Delivery(id, done.map(|post| Box::new(post.state)))
        });
    }

    /// False once something was taken up so often that it will not be done by doing it again.
    fn takes(&mut self, thing: Thing) -> bool {
        let times = self.taken.entry(thing.clone()).or_default();
        *times += 1;
        if *times <= AT_MOST {
            return true;
        }
        self.resting.insert(thing);
        false
    }

    fn note(&mut self, done: Result<Done, JoinError>) -> Result<(), Internal> {
        match joined(done)? {
            Done::Check(id, done) => {
                self.checks.end(&id);
                if let Err(failed) = done {
                    // What could not be written is due still: a moment later is soon enough.
                    self.taken.insert(Thing::Account(id), AT_MOST);
                    self.note_problem(failed);
                }
            }
            Done::Delivery(id, done) => {
                self.deliveries.end(&id);
                match done.map(|state| *state) {
                    Ok(PostState::Posted { .. }) => self.ran.posted += 1,
                    Ok(PostState::Held { .. }) => self.ran.held += 1,
                    Ok(PostState::Uncertain { .. }) => self.ran.uncertain += 1,
                    Ok(_) => {}
                    Err(failed) => {
                        // Its state could not be written: a moment later is soon enough.
                        self.taken.insert(Thing::Post(id), AT_MOST);
                        self.note_problem(failed);
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn note_problem(&mut self, Internal(problem): Internal) {
        if self.ran.problem.is_none() {
            self.ran.problem = Some(problem);
            self.is_untold = true;
        }
    }
}

/// How much of one kind is under way at once.
#[derive(Clone, Copy)]
struct Lane {
    most: usize,
    of_one_client: usize,
}

/// What of one kind is under way, with the clients it is for.
struct UnderWay<K> {
    lane: Lane,
    things: HashMap<K, String>,
    clients: HashMap<String, usize>,
}

impl<K: Eq + Hash> UnderWay<K> {
    fn on(lane: Lane) -> Self {
        Self {
            lane,
            things: HashMap::new(),
            clients: HashMap::new(),
        }
    }

    /// Clients with nothing left to take up, and how many things to ask for so that all room can be
    /// filled although `resting` of them may rest.
    fn ask_for(&self, resting: usize) -> (Vec<String>, usize) {
        let busy = self
            .clients
            .iter()
            .filter(|(_, count)| **count >= self.lane.of_one_client)
            .map(|(client, _)| client.clone())
            .collect();
        let limit = if self.things.len() < self.lane.most {
            self.lane.most + resting
        } else {
            0
        };
        (busy, limit)
    }

    fn has_room(&self, thing: &K, client: &str) -> bool {
        let of_client = self.clients.get(client).copied().unwrap_or_default();
        self.things.len() < self.lane.most
            && of_client < self.lane.of_one_client
            && !self.things.contains_key(thing)
    }

    fn begin(&mut self, thing: K, client: String) {
        *self.clients.entry(client.clone()).or_default() += 1;
        self.things.insert(thing, client);
    }

    fn end(&mut self, thing: &K) {
        let Some(client) = self.things.remove(thing) else {
            return;
        };
        if let Some(count) = self.clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&client);
            }
        }
    }
}

/// A panic of a task is this task's panic; a task that was given up is a program that ends.
fn joined<T>(done: Result<T, JoinError>) -> Result<T, Internal> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Internal(Problem::new(Code::NotNow, "the program is ending")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_and_for_so_many_of_one_client() {
        let mut way = UnderWay::on(Lane {
            most: 3,
            of_one_client: 2,
        });
        way.begin(1, "one".into());
        assert!(!way.has_room(&1, "one"), "it is under way");
        way.begin(2, "one".into());
        assert!(!way.has_room(&3, "one"));
        assert_eq!(way.ask_for(0), (vec!["one".into()], 3));
        assert!(way.has_room(&3, "two"));
        way.begin(3, "two".into());
        assert!(!way.has_room(&4, "three"));
        assert_eq!(way.ask_for(0).1, 0, "nothing is asked for in vain");
        way.end(&1);
        assert!(way.has_room(&4, "one"));
        assert_eq!(way.ask_for(5), (vec![], 8));
    }
}
