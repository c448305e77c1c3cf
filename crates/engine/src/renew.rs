//! Renewal without the person, where the provider's file has a way.
//!
//! Single-flight by construction: the grant is in the state `Renewing` before the request goes
//! out, and only the owner of the data folder steps grants.

use std::sync::Arc;

use evergrant_core::grant::{CantTell, Event, GrantState, Remember, RenewalOutcome, Verdict};
use evergrant_core::ids::{Attempt, Generation};
use evergrant_core::provider::{Class, Phase};
use evergrant_core::{EndReason, Expiry};

use crate::check::{Unready, cant_tell, keychain_unclear, network, request_problem};
use crate::engine::{Engine, Internal};
use crate::ports::Limits;
use crate::safe::{Card, TokenSet, token_key};
use crate::store::{Account, Client};

impl Engine {
    pub(crate) async fn renew(
        self: &Arc<Self>,
        account: &Account,
        attempt: Attempt,
    ) -> Result<(), Internal> {
        // A refresh token may be good for one use: what it brought must be kept.
        let Some(_unfinished) = self.ending.begin() else {
            return Ok(());
        };
        let outcome = self.renewed(account, attempt).await?;
        self.happen(&account.id, Event::RenewalAnswered { attempt, outcome })
            .await?;
        Ok(())
    }

    async fn renewed(
        &self,
        account: &Account,
        attempt: Attempt,
    ) -> Result<RenewalOutcome, Internal> {
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        let generation = account.grant.generation;
        // Re-read: what is spent here must be what the keychain holds now.
        let old = match self.safe.tokens(&account.id, generation).await {
            Ok(Some(tokens)) => tokens,
            Ok(None) => return Ok(RenewalOutcome::Refused(EndReason::SecretLost)),
            Err(error) => return Ok(unclear(keychain_unclear(&error))),
        };
        let values = match self.values(&provider, &client).await {
            Ok(values) => values.access(&old.access).account_id(&account.identity),
            Err(Unready::Keychain(error)) => return Ok(unclear(keychain_unclear(&error))),
            Err(Unready::Verdict(verdict)) => return Ok(unclear(verdict)),
            Err(Unready::Problem(problem)) => return Err(Internal(problem)),
        };
        let values = match &old.refresh {
            Some(refresh) => values.refresh(refresh),
            None => values,
        };
        let request = provider
            .renew_request(&values)
            .map_err(|e| request_problem(&e))?;
        let answer = match self.send(&client.key, request, Limits::default()).await {
            Ok(answer) => answer,
            Err(error) => return Ok(unclear(network(&error))),
        };
        let asked = self.issuer_now(&client.key);
        let new = match provider.read_token(Phase::Renew, &answer, asked) {
            Ok(new) => new,
            Err(refusal) if refusal.class == Class::Dead => {
                let reason = refusal.reason.unwrap_or(EndReason::RefreshRefused);
                return Ok(RenewalOutcome::Refused(reason));
            }
            Err(refusal) => return Ok(RenewalOutcome::CantTell(cant_tell(&refusal))),
        };
        // No refresh token in the answer means: keep the old one (RFC 6749 section 6).
        let tokens = TokenSet {
            access: new.access,
            refresh: new.refresh.or(old.refresh),
        };
        let next = generation.next();
        let turn = self.keychain_turn.lock().await;
        let current = self.account(&account.id)?;
        if !matches!(&current.grant.state, GrantState::Renewing(now) if now.attempt == attempt) {
            // Somebody signed in or out meanwhile: the new token has no place.
            return Ok(RenewalOutcome::CantTell(CantTell::Network {
                said: "the renewal was overtaken".into(),
            }));
        }
        // An entry of that name may wait for its deletion since an earlier life of the account.
        self.store.drop_leftover(&token_key(&account.id, next))?;
        let kept = self
            .safe
            .keep_tokens(&account.id, next, &tokens, account.grant.remember)
            .await;
        drop(turn);
        if let Err(error) = kept {
            return Ok(unclear(keychain_unclear(&error)));
        }
        match self.ask(&provider, &client, account, &tokens).await? {
            Verdict::Good(mut facts) => {
                if facts.expiry == Expiry::Unknown {
                    facts.expiry = new.expiry;
                }
                self.renew_card(account, &client, next, facts.expiry).await;
                Ok(RenewalOutcome::Renewed { facts, asked })
            }
            // A 200 from renewal is not a working token: the issuer's word about it counts.
            Verdict::Dead(reason) => Ok(RenewalOutcome::Refused(reason)),
            // The old token may be spent: the new one is what there is, and the next check judges it.
            Verdict::CantTell { .. } => {
                let mut facts = account
                    .grant
                    .active()
                    .map(|active| active.facts.clone())
                    .unwrap_or_default();
                facts.expiry = new.expiry;
                facts.issued_at = Some(asked);
                self.renew_card(account, &client, next, facts.expiry).await;
                Ok(RenewalOutcome::Renewed { facts, asked })
            }
        }
    }

    /// The card serves only a lost database; that it cannot be written fails no renewal.
    async fn renew_card(
        &self,
        account: &Account,
        client: &Client,
        generation: Generation,
        expires: Expiry,
    ) {
        if account.grant.remember != Remember::UntilQuit {
            let card = self.card(account, client, generation);
            let _ = self.safe.put_card(Card { expires, ..card }).await;
        }
    }
}

fn unclear(verdict: Verdict) -> RenewalOutcome {
    match verdict {
        Verdict::CantTell { why, .. } => RenewalOutcome::CantTell(why),
        Verdict::Dead(reason) => RenewalOutcome::Refused(reason),
        Verdict::Good(_) => RenewalOutcome::CantTell(CantTell::Nonsense {
            status: 0,
            said: "a fault was reported as good".into(),
        }),
    }
}
