//! What an owner finds when it opens the folder: traces of processes that ended, or no database
//! where the keychain still knows accounts.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use evergrant_core::command::{Code, Problem};
use evergrant_core::grant::{Active, CantTell, Checked, Event, Grant, GrantState};
use evergrant_core::post;
use evergrant_core::provider::Facts;

use crate::engine::{Engine, Internal};
use crate::grants::CARD;
use crate::safe::Card;
use crate::store::{Account, Change, Client};

impl Engine {
    /// Puts what was under way when the last owner ended into a state from which it goes on.
    pub(crate) async fn restarted(self: &Arc<Self>) -> Result<(), Problem> {
        for id in self.store.accounts_under_way().map_err(Internal::from)? {
            let account = self.account(&id)?;
            // Not every check at once: where nothing was under way its own time stands.
            let spread = account.grant.active().map_or(TimeDelta::zero(), |active| {
                (active.next_check - self.issuer_now(&account.client)).max(TimeDelta::zero())
            });
            match self.happen(&id, Event::Restarted { spread }).await {
                // `doctor` tells of the file, and has to be able to run.
                Err(Internal(problem))
                    if matches!(problem.code, Code::BadProviderFile | Code::NoSuchProvider) => {}
                done => drop(done?),
            }
        }
        for id in self.store.posts_under_way().map_err(Internal::from)? {
            self.step_post(id, post::Event::Restarted)?;
        }
        self.delete_leftovers().await?;
        Ok(())
    }

    /// Fills a new database from what the keychain knows; tried again at each start until the
    /// keychain has answered. `aside` is where a damaged database was put.
    pub(crate) async fn begin_anew(
        mut self: Arc<Self>,
        aside: Option<&Path>,
        salvaged_posts: usize,
    ) -> Result<Arc<Self>, Problem> {
        let mut found = Vec::new();
        if let Some(aside) = aside {
            found.push(format!(
                "The database was damaged. It is kept as {}, and a new one was begun.",
                aside.display()
            ));
        }
        match self.safe.cards().await {
            Ok(cards) => {
                let taken = self.take_over_all(&cards, &mut found)?;
                if taken > 0 || aside.is_some() {
                    found.push(format!(
                        "{} and {} were taken over.",
                        count(taken, "account"),
                        count(salvaged_posts, "post")
                    ));
                }
            }
            // A first start on a computer without a keychain is no news.
            Err(_) if aside.is_none() => {}
            Err(error) => found.push(format!(
                "The accounts could not be taken over from the keychain yet: {error}. {}",
                error.next_step()
            )),
        }
        if let Some(engine) = Arc::get_mut(&mut self) {
            engine.found_at_start = found;
        }
        Ok(self)
    }

    fn take_over_all(&self, cards: &[Card], found: &mut Vec<String>) -> Result<usize, Internal> {
        let (mut taken, mut failed) = (0, 0);
        let gone = self.store.leftovers()?;
        for card in cards {
            let forgotten = gone.contains(&format!("{CARD}{}", card.account));
            if forgotten || self.store.account(&card.account)?.is_some() {
                continue;
            }
            match self.take_over(card) {
                Ok(()) => taken += 1,
                Err(Internal(problem)) => {
                    failed += 1;
                    found.push(format!(
                        "{} was not taken over yet: {problem}.",
                        card.account
                    ));
                }
            }
        }
        if failed == 0 {
            self.store.is_complete()?;
        }
        Ok(taken)
    }

    fn take_over(&self, card: &Card) -> Result<(), Internal> {
        // An app that was registered since then is the one to go on with.
        if self.store.client(&card.client)?.is_none() {
            self.store.put_client(&Client {
                key: card.client.clone(),
                provider: card.provider.clone(),
                vars: card.vars.clone(),
                client_id: card.client_id.clone(),
                skew: TimeDelta::zero(),
            })?;
        }
        let now = self.now();
        // A saved token proves nothing: whether it is good is for the first check to say.
        let active = Active {
            since: card.since,
            facts: Facts {
                expiry: card.expires,
                ..Facts::default()
            },
            checked: Checked {
                asked: card.since,
                unclear: Some(CantTell::Nonsense {
                    status: 0,
                    said: "not asked since the database was begun anew".into(),
                }),
            },
            unreachable_since: None,
            unclear: 0,
            next_check: now,
            warned: None,
            forget_at: None,
            renew_after: None,
        };
        let grant = Grant {
            generation: card.generation,
            remember: card.remember,
            state: GrantState::Active(active),
        };
        let account = Account {
            id: card.account.clone(),
            client: card.client.clone(),
            identity: card.identity.clone(),
            name: card.name.clone(),
            grant,
        };
        self.step_account(account, Event::RememberChosen(card.remember))
            .and_then(|(account, _)| {
                self.store
                    .put_account(&account, Some(now), now, &Change::default())
                    .map_err(Internal::from)
            })
    }
}

/// "1 post", "2 posts".
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
