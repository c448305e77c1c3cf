//! Everything the window's commands work with.

use std::sync::Arc;

use evergrant_core::command::{Command, Problem, Reply};
use evergrant_core::ids::AccountId;
use evergrant_engine::places::Places;

use crate::drafts::Drafts;
use crate::events::Events;
use crate::link::{Keeper, Link, Own, Owners, Starting, Tell, Trips};
use crate::practice::PracticeNetwork;

/// One for the life of the program.
pub struct Desk {
    /// The folders.
    pub places: Places,
    /// The way to the page.
    pub events: Arc<Events>,
    /// The way to the keeper.
    pub link: Arc<Link>,
    /// Sign-ins under way.
    pub trips: Arc<Trips>,
    /// Posts that are being written.
    pub drafts: Drafts,
    /// The practice network, if it was started here.
    pub practice: PracticeNetwork,
}

impl Desk {
    /// Nothing is started or looked for yet.
    pub fn new(places: Places) -> Arc<Self> {
        let events = Arc::new(Events::default());
        let link = Link::new(places.data.clone(), tell(&events));
        Arc::new(Self {
            drafts: Drafts::under(&places.data),
            practice: PracticeNetwork::under(&places.data),
            trips: Arc::default(),
            events,
            link,
            places,
        })
    }

    /// A command that needs the person's browser.
    pub async fn trip(
        &self,
        account: Option<AccountId>,
        command: Command,
    ) -> Result<Reply, Problem> {
        let tell = tell(&self.events);
        self.trips.go(&self.link, tell, account, command).await
    }
}

fn tell(events: &Arc<Events>) -> Tell {
    let events = Arc::clone(events);
    Arc::new(move |event| events.tell(event))
}

/// The keeper's program, and this process where there is none.
pub struct HereAndBeside {
    places: Places,
    own: Option<Own>,
}

impl HereAndBeside {
    /// For these folders.
    pub fn of(places: Places) -> Self {
        Self { places, own: None }
    }
}

impl Owners for HereAndBeside {
    fn start_keeper(&mut self) -> Option<Box<dyn Starting>> {
        Keeper::start().map(|keeper| Box::new(keeper) as _)
    }

    fn own(&mut self) -> Result<(), Problem> {
        // One that has ended is let go first.
        self.own = None;
        self.own = Some(Own::begin(self.places.clone())?);
        Ok(())
    }
}
