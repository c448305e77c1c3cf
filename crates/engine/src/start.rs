//! What an owner finds when it opens the folder: traces of processes that ended, or no database
//! where the keychain still knows accounts.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use evergrant_core::command::Problem;
use evergrant_core::grant::{Active, CantTell, Checked, Event, Grant, GrantState};
use evergrant_core::post;
use evergrant_core::provider::Facts;

use crate::engine::{Engine, Internal};
use crate::safe::Card;
use crate::store::{Account, Client};

impl Engine {
    /// Puts what was under way when the last owner ended into a state from which it goes on.
    pub(crate) async fn restarted(self: &Arc<Self>) -> Result<(), Problem> {
        for id in self.store.accounts_under_way().map_err(Internal::from)? {
            let account = self.account(&id)?;
            // Not every check at once: where nothing was under way its own time stands.
            let spread = account.grant.active().map_or(TimeDelta::zero(), |active| {
                (active.next_check - self.issuer_now(&account.client)).max(TimeDelta::zero())
            });
            self.happen(&id, Event::Restarted { spread }).await?;
        }
        for id in self.store.posts_under_way().map_err(Internal::from)? {
            self.step_post(id, post::Event::Restarted)?;
        }
        self.delete_leftovers().await?;
        Ok(())
    }

    /// Fills a new database from what the keychain knows.
    pub(crate) async fn begin_anew(
        mut self: Arc<Self>,
        aside: &Path,
        salvaged_posts: usize,
    ) -> Result<Arc<Self>, Problem> {
        let mut found = vec![format!(
            "The database was damaged. It is kept as {}, and a new one was begun.",
            aside.display()
        )];
        let cards = match self.safe.cards().await {
            Ok(cards) => cards,
            Err(error) => {
                found.push(format!(
                    "The accounts could not be taken over from the keychain: {error}. {}",
                    error.next_step()
                ));
                Vec::new()
            }
        };
        for card in &cards {
            self.take_over(card)?;
        }
        found.push(format!(
            "{} and {} were taken over.",
            count(cards.len(), "account"),
            count(salvaged_posts, "post")
        ));
        if let Some(engine) = Arc::get_mut(&mut self) {
            engine.found_at_start = found;
        }
        Ok(self)
    }

    fn take_over(&self, card: &Card) -> Result<(), Internal> {
        self.store.put_client(&Client {
            key: card.client.clone(),
            provider: card.provider.clone(),
            vars: card.vars.clone(),
            client_id: card.client_id.clone(),
            skew: TimeDelta::zero(),
        })?;
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
                    .put_account(&account, Some(now), now, &[], &[])
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
