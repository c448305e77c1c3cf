//! Signing out and forgetting.

use std::sync::Arc;

use evergrant_core::command::{Code, Problem, SignedOutView};
use evergrant_core::grant::{Event, GrantState, Verdict};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;
use evergrant_core::provider::Class;
use evergrant_core::{EndReason, Expiry};

use crate::check::{cant_tell, request_problem};
use crate::engine::{Engine, Internal};
use crate::grants::CARD;
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
        let announced = || match account.grant.active() {
            Some(active) => active.facts.expiry,
            None => Expiry::Unknown,
        };
        let kept = account
            .grant
            .ended()
            .is_some_and(|ended| ended.was.is_some());
        let usable_until = match (&account.grant.state, account.grant.ended()) {
            (GrantState::SignedOut(out), _) => out.usable_until,
            (_, Some(ended)) if !kept => match ended.reason {
                EndReason::Expired
                | EndReason::Revoked
                | EndReason::PasswordChanged
                | EndReason::AppRemoved => None,
                // The token is not here any more, but nobody has ended it there.
                _ => Some(Expiry::Unknown),
            },
            _ => match self.end_at_issuer(&account).await {
                Ok(usable_until) => usable_until,
                Err(_) if anyway => Some(announced()),
                Err(Internal(problem)) => {
                    return Err(Internal(problem.hint(
                        "You are still signed in. Try again later, or use --anyway to delete the token here only.",
                    )));
                }
            },
        };
        // Noted ahead of the state: whatever fails from here on, the card goes in the end.
        self.store.add_leftover(&format!("{CARD}{id}"))?;
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
        let pictures = self.store.pictures_of(id)?;
        let generation = account.grant.generation;
        // The next one may be there, left by a sign-in that was not finished.
        let leftovers = [
            format!("{CARD}{id}"),
            token_key(id, generation),
            token_key(id, generation.next()),
        ];
        self.store.delete_account(id, &leftovers)?;
        for stored in pictures {
            if !self.store.picture_in_use(&stored)? {
                self.pictures.drop_copy(&stored);
            }
        }
        self.delete_leftovers().await
    }

    /// `None` if the issuer confirms that the token is dead.
    async fn end_at_issuer(&self, account: &Account) -> Result<Option<Expiry>, Internal> {
        let client = self.client(&account.client)?;
        let announced = account
            .grant
            .active()
            .map(|active| active.facts.expiry)
            .unwrap_or_default();
        let generation = account.grant.generation;
        let Some(tokens) = self.safe.tokens(&account.id, generation).await? else {
            return Ok(Some(announced));
        };
        if !self.revoke(account, &client, &tokens).await? {
            return Ok(Some(announced));
        }
        // A 200 from revocation is not a dead token: ask.
        let provider = self.provider_of(&client)?;
        Ok(
            match self.ask(&provider, &client, account, &tokens).await? {
                Verdict::Good(facts) => Some(facts.expiry),
                // A token that a checkpoint stops may work again after it.
                Verdict::Dead(EndReason::Checkpoint) | Verdict::CantTell { .. } => Some(announced),
                Verdict::Dead(_) => None,
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
