//! Stepping grants: read, step, write, then carry out.

use std::sync::Arc;

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::{Code, Problem};
use evergrant_core::grant::{Effect, Event, Grant, GrantState, Incident};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_core::policy::{GrantPolicy, RenewalPolicy};
use evergrant_core::provider::Provider;

use crate::engine::{Engine, Internal, lock};
use crate::ports::{self, Pending};
use crate::safe::token_key;
use crate::store::{Account, Change};

impl Engine {
    /// The account, or a problem that names the ones there are.
    pub(crate) fn account(&self, id: &AccountId) -> Result<Account, Internal> {
        if let Some(found) = self.store.account(id)? {
            return Ok(found);
        }
        let known: Vec<_> = self
            .store
            .accounts()?
            .into_iter()
            .map(|account| account.id.0)
            .collect();
        let problem = Problem::new(Code::NoSuchAccount, format!("there is no account \"{id}\""));
        Err(Internal(match &known[..] {
            [] => problem.hint("Connect one with `evergrant connect`."),
            _ => problem.hint(format!("There are: {}.", known.join(", "))),
        }))
    }

    /// Steps the account's grant and makes the new state durable. Returns what is to be done.
    pub(crate) fn step_grant(
        &self,
        id: &AccountId,
        event: Event,
    ) -> Result<(Account, Vec<Effect>), Internal> {
        let _turn = self.turn();
        let account = self.account(id)?;
        self.step_account(account, event)
    }

    /// The same for an account that may not be stored yet. The caller holds the turn.
    pub(crate) fn step_account(
        &self,
        mut account: Account,
        event: Event,
    ) -> Result<(Account, Vec<Effect>), Internal> {
        let policy = self.grant_policy(&account)?;
        let skew = self.skew(&account.client);
        let before = account.grant.clone();
        let now = self.now();
        let event = self.ports.probe.grant_event(&account.grant, event);
        let (grant, effects) = account.grant.step(event, now + skew, &policy);
        account.grant = grant;
        let wake_at = self.wake_of(&account, &policy);
        if account.grant == before && effects.is_empty() {
            // What is known of the issuer's clock may have changed, and the time to wake with it.
            self.store.put_account_wake(&account.id, wake_at)?;
            return Ok((account, effects));
        }
        let mut notes = Vec::new();
        let mut leftovers = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Note(happening) => notes.push(happening.clone()),
                Effect::ForgetSecret(generation) => {
                    leftovers.push(token_key(&account.id, *generation));
                }
                _ => {}
            }
        }
        let over = effects
            .contains(&Effect::Withdraw)
            .then(|| incident_of(&account.id));
        self.store.put_account(
            &account,
            wake_at,
            self.now(),
            &Change {
                notes: &notes,
                leftovers: &leftovers,
                over: over.as_deref(),
                passing: is_passing(&before, &account.grant, &notes),
            },
        )?;
        for note in notes {
            self.publish(Some(&account.id), None, note);
        }
        Ok((account, effects))
    }

    /// When the account wants to be woken, by this computer's clock.
    pub(crate) fn wake_of(&self, account: &Account, policy: &GrantPolicy) -> Option<Instant> {
        let at = account.grant.wake_at(policy)? - self.skew(&account.client);
        Some(at.min(self.now() + policy.longest_wait))
    }

    pub(crate) fn grant_policy(&self, account: &Account) -> Result<GrantPolicy, Internal> {
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        Ok(self.policy_of(&provider))
    }

    /// The policy that a provider's file and the person ask for.
    pub(crate) fn policy_of(&self, provider: &Provider) -> GrantPolicy {
        let usual = GrantPolicy::default();
        GrantPolicy {
            warn_before: self.warn_before().unwrap_or(usual.warn_before),
            wanted_scopes: provider.scopes().to_vec(),
            renewal: provider.renew().map(|rules| RenewalPolicy {
                lead: rules.lead.unwrap_or(TimeDelta::minutes(10)),
                min_age: rules.min_age.unwrap_or_default(),
            }),
            check_every: self.pace.check_every,
            ..usual
        }
    }

    /// Carries out what a step asked for. The state behind it is durable already.
    ///
    /// Boxed by type: a check may release posts, and a post begins with a check.
    pub(crate) fn carry_out<'a>(
        self: &'a Arc<Self>,
        account: &'a Account,
        effects: Vec<Effect>,
    ) -> Pending<'a, Result<(), Internal>> {
        Box::pin(async move {
            for effect in effects {
                match effect {
                    // Its own event carries the answer; what it brings is not this caller's.
                    Effect::Check => drop(self.check(&account.id).await?),
                    Effect::Renew(attempt) => self.renew(account, attempt).await?,
                    Effect::ForgetSecret(_) => self.delete_leftovers().await?,
                    Effect::Tell(incident) => self.tell(account, &incident).await?,
                    Effect::ReleasePosts => self.release_posts(&account.id).await?,
                    Effect::Withdraw => {
                        self.ports
                            .notifier
                            .withdraw(&incident_of(&account.id))
                            .await;
                    }
                    // Written with the state already.
                    Effect::Note(_) => {}
                }
            }
            Ok(())
        })
    }

    /// Steps and carries out in one go.
    pub(crate) async fn happen(
        self: &Arc<Self>,
        id: &AccountId,
        event: Event,
    ) -> Result<Account, Internal> {
        let (account, effects) = self.step_grant(id, event)?;
        self.carry_out(&account, effects).await?;
        Ok(account)
    }

    /// Deletes keychain entries that are to be deleted. One that cannot be now stays on the list.
    pub(crate) async fn delete_leftovers(&self) -> Result<(), Internal> {
        let _turn = self.keychain_turn.lock().await;
        for key in self.store.leftovers()? {
            let done = match key.strip_prefix(CARD) {
                Some(account) => self.safe.drop_card(&AccountId::from(account)).await,
                None => self.safe.delete(&key).await,
            };
            match done {
                Ok(()) => self.store.drop_leftover(&key)?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    async fn tell(&self, account: &Account, incident: &Incident) -> Result<(), Internal> {
        let provider = self.provider_of(&self.client(&account.client)?)?;
        let who = format!("{} ({})", account.name, provider.name());
        let sign_in = Some(("Sign in again".to_owned(), account.id.0.clone()));
        let (key, title, body, action) = match incident {
            Incident::NeedsLogin(reason) => (
                incident_of(&account.id),
                format!("{who} needs you"),
                format!("{} {}", reason.sentence(), reason.next_step()),
                sign_in,
            ),
            Incident::ExpiresSoon { at } => (
                format!("expires/{}/{}", account.id, at.timestamp()),
                format!("{who}: the sign-in ends soon"),
                format!(
                    "{} Signing in again now renews it.",
                    Happening::ExpiresSoon { at: *at }.sentence()
                ),
                sign_in,
            ),
            Incident::PermissionsLost(scopes) => (
                format!("scopes/{}/{}", account.id, scopes.join(",")),
                format!("{who}: permissions were taken away"),
                Happening::PermissionsLost {
                    scopes: scopes.clone(),
                }
                .sentence(),
                sign_in,
            ),
        };
        // The machine tells of each end once; a process killed in between must not tell it twice.
        let is_end = matches!(incident, Incident::NeedsLogin(_));
        if is_end {
            let is_first = self.store.tell_once(&key, self.now());
            lock(&self.untold).is_any |= is_first.is_err();
            if !is_first? {
                return Ok(());
            }
        }
        let told = self
            .show(ports::Notice {
                incident: key.clone(),
                title,
                body,
                action,
            })
            .await;
        if is_end && told.is_err() {
            // Whoever can tell the person, later, still has to.
            {
                let mut untold = lock(&self.untold);
                untold.is_any = true;
                untold.wrongly_told.insert(key);
            }
            self.take_back_told()?;
        }
        Ok(())
    }

    /// What is down as told, and was not, is told by whoever can. What cannot be written stays in mind.
    pub(crate) fn take_back_told(&self) -> Result<(), Internal> {
        let wrongly: Vec<_> = lock(&self.untold).wrongly_told.iter().cloned().collect();
        for incident in wrongly {
            self.store.told_no_more(&incident)?;
            lock(&self.untold).wrongly_told.remove(&incident);
        }
        Ok(())
    }

    /// Shows a notice; that nobody could be told is kept for `doctor` and stops nothing.
    pub(crate) async fn show(&self, notice: ports::Notice) -> Result<(), String> {
        let shown = self.ports.notifier.show(notice).await;
        *lock(&self.not_told) = shown.clone().err();
        shown
    }
}

/// A check that says "good" once more is asked again anyway: it need not wait for the disk, which is
/// most of what a check would cost.
fn is_passing(before: &Grant, after: &Grant, notes: &[Happening]) -> bool {
    matches!(
        (&before.state, &after.state),
        (GrantState::Active(_), GrantState::Active(_))
    ) && before.generation == after.generation
        && before.remember == after.remember
        && notes.iter().all(|note| matches!(note, Happening::Checked))
}

/// What stands before the id of an account whose card is to be taken out of the keychain.
pub(crate) const CARD: &str = "card/";

fn incident_of(account: &AccountId) -> String {
    format!("account/{account}")
}
