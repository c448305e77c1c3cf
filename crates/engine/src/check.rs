//! Check before use: the issuer is asked, one request when several uses coincide.

use std::sync::Arc;

use evergrant_core::Secret;
use evergrant_core::command::{Code, Problem};
use evergrant_core::grant::{CantTell, Event, Verdict};
use evergrant_core::ids::AccountId;
use evergrant_core::provider::{AppToken, CheckReading, Class, Phase, Provider, Refusal, Values};
use evergrant_keychain::KeychainError;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::engine::{Engine, Internal, lock};
use crate::ports::{Limits, Transport};
use crate::safe::TokenSet;
use crate::store::{Account, Client};

/// A check under way, which everybody who needs it can wait for.
pub(crate) type SharedCheck = Shared<BoxFuture<'static, Result<Outcome, Problem>>>;

/// What a check brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The issuer says the token is good.
    Good,
    /// The sign-in has ended.
    Dead(evergrant_core::EndReason),
    /// Nobody knows now; the sign-in stays as it was.
    CantTell(CantTell),
    /// There is no sign-in to ask about.
    NotSignedIn,
}

impl Engine {
    /// Asks the issuer about the account's token, or joins a question that is under way.
    pub(crate) async fn check(self: &Arc<Self>, id: &AccountId) -> Result<Outcome, Internal> {
        let shared = {
            let mut under_way = lock(&self.checks);
            if let Some(shared) = under_way.get(id) {
                shared.clone()
            } else {
                let (engine, account) = (Arc::clone(self), id.clone());
                // A task of its own: a caller who gives up does not take the answer from others.
                let asking = tokio::spawn(async move {
                    let check = engine.check_now(&account);
                    engine.ending.unless_over(check).await
                });
                // The engine holds this: the other way round would keep both for ever.
                let (engine, account) = (Arc::downgrade(self), id.clone());
                let shared: SharedCheck = async move {
                    let failed = match asking.await {
                        Ok(Some(Ok(outcome))) => return Ok(outcome),
                        Ok(Some(Err(internal))) => Problem::from(internal),
                        Ok(None) | Err(_) => Problem::new(Code::NotNow, "the check was given up"),
                    };
                    // Only an answer takes the question off the list by itself.
                    if let Some(engine) = engine.upgrade() {
                        lock(&engine.checks).remove(&account);
                    }
                    Err(failed)
                }
                .boxed()
                .shared();
                under_way.insert(id.clone(), shared.clone());
                shared
            }
        };
        Ok(shared.await?)
    }

    async fn check_now(self: &Arc<Self>, id: &AccountId) -> Result<Outcome, Internal> {
        let account = self.account(id)?;
        let kept_by_checkpoint = account
            .grant
            .ended()
            .is_some_and(|ended| ended.was.is_some());
        if account.grant.active().is_none() && !kept_by_checkpoint {
            lock(&self.checks).remove(id);
            return Ok(match account.grant.ended() {
                Some(ended) => Outcome::Dead(ended.reason),
                None => Outcome::NotSignedIn,
            });
        }
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        let generation = account.grant.generation;
        let began = self.now();
        let verdict = match self.safe.tokens(id, generation).await {
            Ok(Some(tokens)) => self.ask(&provider, &client, &account, &tokens).await?,
            Ok(None) => {
                self.answered(id, Event::SecretMissing(generation)).await?;
                return self.outcome(id, None);
            }
            Err(error) => keychain_unclear(&error),
        };
        // The answer may have told how far the issuer's clock is from ours.
        let asked = began + self.skew(&client.key);
        let unclear = match &verdict {
            Verdict::CantTell { why, .. } => Some(why.clone()),
            Verdict::Good(_) | Verdict::Dead(_) => None,
        };
        self.answered(
            id,
            Event::CheckAnswered {
                generation,
                asked,
                verdict,
            },
        )
        .await?;
        self.outcome(id, unclear)
    }

    /// The question is over once its answer is durable: what follows may ask anew.
    async fn answered(self: &Arc<Self>, id: &AccountId, event: Event) -> Result<(), Internal> {
        let (account, effects) = self.step_grant(id, event)?;
        lock(&self.checks).remove(id);
        self.carry_out(&account, effects).await
    }

    /// Asks the issuer about these tokens. Changes nothing.
    pub(crate) async fn ask(
        &self,
        provider: &Provider,
        client: &Client,
        account: &Account,
        tokens: &TokenSet,
    ) -> Result<Verdict, Internal> {
        let values = match self.values(provider, client).await {
            Ok(values) => values.access(&tokens.access).account_id(&account.identity),
            Err(Unready::Keychain(error)) => return Ok(keychain_unclear(&error)),
            Err(Unready::Verdict(verdict)) => return Ok(verdict),
            Err(Unready::Problem(problem)) => return Err(Internal(problem)),
        };
        // A secret that is missing says nothing about the token.
        let request = match provider.check_request(&values) {
            Ok(request) => request,
            Err(error) => {
                let why = CantTell::Client {
                    said: error.to_string(),
                };
                return Ok(Verdict::CantTell {
                    why,
                    retry_after: None,
                });
            }
        };
        let answer = match self.send(&client.key, request, Limits::default()).await {
            Ok(answer) => answer,
            Err(error) => return Ok(network(&error)),
        };
        Ok(
            match provider.read_check(&answer, &client.client_id, self.issuer_now(&client.key)) {
                CheckReading::Good(facts) => Verdict::Good(facts),
                CheckReading::Dead { reason, .. } => Verdict::Dead(reason),
                CheckReading::CantTell(refusal) => unclear(&refusal),
            },
        )
    }

    /// What every request of a client may need: its id, its secret, the app token.
    pub(crate) async fn values(
        &self,
        provider: &Provider,
        client: &Client,
    ) -> Result<Values, Unready> {
        let mut values = Values::new().client_id(&client.client_id);
        if let Some(secret) = self.client_secret(provider, client).await? {
            values = values.client_secret(&secret);
        }
        if let Some(token) = self.app_token(provider, client, &values).await? {
            values = values.app_token(&token);
        }
        Ok(values)
    }

    async fn client_secret(
        &self,
        provider: &Provider,
        client: &Client,
    ) -> Result<Option<Secret>, KeychainError> {
        if let Some((id, secret)) = &provider.client().built_in
            && *id == client.client_id
        {
            return Ok(Some(secret.clone()));
        }
        self.safe.client_secret(&client.key).await
    }

    /// The app's own token, where one has to be asked for; kept for this process.
    async fn app_token(
        &self,
        provider: &Provider,
        client: &Client,
        values: &Values,
    ) -> Result<Option<Secret>, Unready> {
        if provider.app_token() != Some(AppToken::Requested) {
            return Ok(None);
        }
        if let Some(known) = lock(&self.app_tokens).get(&client.key) {
            return Ok(Some(known.clone()));
        }
        let Some(request) = provider.app_token_request(values) else {
            return Ok(None);
        };
        let request = request.map_err(|error| Unready::Problem(request_problem(&error)))?;
        let answer = self
            .send(&client.key, request, Limits::default())
            .await
            .map_err(|error| Unready::Verdict(network(&error)))?;
        let now = self.issuer_now(&client.key);
        let token = provider
            .read_token(Phase::AppToken, &answer, now)
            .map_err(|refusal| Unready::Verdict(unclear(&refusal)))?
            .access;
        lock(&self.app_tokens).insert(client.key.clone(), token.clone());
        Ok(Some(token))
    }

    fn outcome(&self, id: &AccountId, unclear: Option<CantTell>) -> Result<Outcome, Internal> {
        let account = self.account(id)?;
        Ok(
            match (account.grant.active(), account.grant.ended(), unclear) {
                (Some(_), _, Some(why)) => Outcome::CantTell(why),
                (Some(_), _, None) => Outcome::Good,
                (None, Some(ended), _) => Outcome::Dead(ended.reason),
                (None, None, _) => Outcome::NotSignedIn,
            },
        )
    }
}

/// Why a request could not be put together.
pub(crate) enum Unready {
    /// The keychain does not give the app secret.
    Keychain(KeychainError),
    /// The app token could not be had.
    Verdict(Verdict),
    /// Something that a person has to mend.
    Problem(Problem),
}

impl From<KeychainError> for Unready {
    fn from(error: KeychainError) -> Self {
        Self::Keychain(error)
    }
}

/// A transport fault says nothing about the token.
pub(crate) fn network(error: &Transport) -> Verdict {
    Verdict::CantTell {
        why: CantTell::Network {
            said: error.to_string(),
        },
        retry_after: None,
    }
}

/// Nor does a keychain that does not answer.
pub(crate) fn keychain_unclear(error: &KeychainError) -> Verdict {
    let why = CantTell::Keychain {
        code: error.code().to_owned(),
        said: error.to_string(),
    };
    Verdict::CantTell {
        why,
        retry_after: None,
    }
}

/// Nor does an answer that no rule calls dead.
pub(crate) fn unclear(refusal: &Refusal) -> Verdict {
    Verdict::CantTell {
        why: cant_tell(refusal),
        retry_after: refusal.retry_after,
    }
}

pub(crate) fn cant_tell(refusal: &Refusal) -> CantTell {
    let (status, said) = (refusal.status, refusal.said.clone());
    match refusal.class {
        Class::RateLimited => CantTell::RateLimited { said },
        Class::ClientRejected => CantTell::Client { said },
        Class::Transient => CantTell::Service { status, said },
        _ if status >= 500 => CantTell::Service { status, said },
        _ => CantTell::Nonsense { status, said },
    }
}

pub(crate) fn request_problem(error: &evergrant_core::provider::RenderError) -> Problem {
    Problem::new(
        evergrant_core::command::Code::BadProviderFile,
        format!("a request of the provider file could not be filled: {error}"),
    )
}
