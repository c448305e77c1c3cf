//! Signing out and forgetting.

use std::sync::Arc;

use evergrant_core::Expiry;
use evergrant_core::command::{Code, Problem, SignedOutView};
use evergrant_core::grant::{Event, Verdict};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_core::provider::Class;

use crate::check::{cant_tell, request_problem};
use crate::engine::{Engine, Internal};
use crate::ports::Limits;
use crate::safe::{TokenSet, token_key};
use crate::sign_in::unready_problem;
use crate::start::count;
use crate::store::{Account, Client};

impl Engine {
    /// Revokes at the issuer, asks whether the token is dead, and deletes it here.
    pub(crate) async fn sign_out(
        self: &Arc<Self>,
        id: &AccountId,
        anyway: bool,
    ) -> Result<SignedOutView, Internal> {
        let account = self.account(id)?;
        let usable_until = if account.grant.active().is_some() {
            match self.end_at_issuer(&account).await {
                Ok(usable_until) => usable_until,
                Err(_) if anyway => Some(
                    account
                        .grant
                        .active()
                        .map(|active| active.facts.expiry)
                        .unwrap_or_default(),
                ),
                Err(Internal(problem)) => {
                    return Err(Internal(problem.hint(
                        "You are still signed in. Try again later, or use --anyway to delete the token here only.",
                    )));
                }
            }
        } else {
            None
        };
        self.safe.drop_card(id).await?;
        let account = self.happen(id, Event::SignedOut { usable_until }).await?;
        let revoked = usable_until.is_none();
        let sentence = Happening::SignedOut {
            revoked,
            usable_until: usable_until.unwrap_or_default(),
        }
        .sentence();
        Ok(SignedOutView {
            account: self.account_view(&account)?,
            revoked,
            sentence,
        })
    }

    /// Removes every trace here. The sign-in itself is not ended by it.
    pub(crate) async fn forget(
        self: &Arc<Self>,
        id: &AccountId,
        drop_posts: bool,
    ) -> Result<(), Internal> {
        let account = self.account(id)?;
        let open = self.store.open_posts(id)?;
        if open > 0 && !drop_posts {
            return Err(Internal(
                Problem::new(
                    Code::NotNow,
                    format!(
                        "{} has {} that would be lost",
                        account.name,
                        count(open, "post")
                    ),
                )
                .hint("Cancel or send them first, or use --drop-posts."),
            ));
        }
        self.safe.drop_card(id).await?;
        let key = token_key(id, account.grant.generation);
        self.store.delete_account(id, &[key])?;
        self.delete_leftovers().await
    }

    /// `None` if the issuer confirms that the token is dead.
    async fn end_at_issuer(&self, account: &Account) -> Result<Option<Expiry>, Internal> {
        let client = self.client(&account.client)?;
        let Some(tokens) = self
            .safe
            .tokens(&account.id, account.grant.generation)
            .await?
        else {
            return Ok(None);
        };
        let announced = account
            .grant
            .active()
            .map(|active| active.facts.expiry)
            .unwrap_or_default();
        if !self.revoke(account, &client, &tokens).await? {
            return Ok(Some(announced));
        }
        // A 200 from revocation is not a dead token: ask.
        let provider = self.provider_of(&client)?;
        Ok(
            match self.ask(&provider, &client, account, &tokens).await? {
                Verdict::Dead(_) => None,
                Verdict::Good(facts) => Some(facts.expiry),
                Verdict::CantTell { .. } => Some(announced),
            },
        )
    }

    /// False if the provider has no way to revoke.
    async fn revoke(
        &self,
        account: &Account,
        client: &Client,
        tokens: &TokenSet,
    ) -> Result<bool, Internal> {
        let provider = self.provider_of(client)?;
        let values = self
            .values(&provider, client)
            .await
            .map_err(unready_problem)?;
        let mut values = values.access(&tokens.access).account_id(&account.identity);
        if let Some(refresh) = &tokens.refresh {
            values = values.refresh(refresh);
        }
        let Some(request) = provider.revoke_request(&values) else {
            return Ok(false);
        };
        let request = request.map_err(|e| request_problem(&e))?;
        let answer = self
            .send(&client.key, request, Limits::default())
            .await
            .map_err(|error| {
                Problem::new(
                    Code::Unreachable,
                    format!("the sign-in could not be ended at the service: {error}"),
                )
            })?;
        match provider.read_revoke(&answer) {
            Ok(()) => Ok(true),
            // Dead already: nothing is left to revoke, and the question after this confirms it.
            Err(refusal) if refusal.class == Class::Dead => Ok(true),
            Err(refusal) => Err(Internal(Problem::new(
                Code::Unreachable,
                format!(
                    "the sign-in could not be ended at the service: {}",
                    cant_tell(&refusal).sentence()
                ),
            ))),
        }
    }
}
