//! Signing in: the person's browser, the code, the exchange, the check, the keychain (in that
//! order), and only then is the account called connected.

use std::sync::Arc;

use evergrant_core::command::{AccountView, Code, Connect, Connected, Problem};
use evergrant_core::grant::{Event, Grant, Remember, Verdict};
use evergrant_core::happening::Happening;
use evergrant_core::ids::{AccountId, Attempt, Generation};
use evergrant_core::provider::{
    Authorize, Facts, Identity, LoopbackHost, LoopbackPort, Phase, Provider, RedirectRule, Refusal,
    SecretRule, TokenAnswer, Values,
};
use evergrant_core::{Expiry, Instant, Secret};

use crate::check::{Unready, request_problem, unclear};
use crate::engine::{Engine, Internal, lock};
use crate::grants::CARD;
use crate::ports::{Browser, Expected, Limits, TripError};
use crate::safe::{Card, TokenSet, keychain_problem};
use crate::store::{Account, Client};

/// How long the person has in the browser.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5 * 60);

/// A long-lived token that lives less than this is none.
const LONG: chrono::TimeDelta = chrono::TimeDelta::days(2);

/// A sign-in that brought somebody else than expected, kept until the person has decided.
pub(crate) struct Pending {
    client: Client,
    fresh: Fresh,
    remember: Remember,
}

/// What a finished trip brought: checked, not kept yet.
struct Fresh {
    tokens: TokenSet,
    facts: Facts,
    asked: Instant,
    identity: Identity,
    short_expires: Option<Expiry>,
}

impl Engine {
    /// Connects an account that may be new.
    pub(crate) async fn connect(
        self: &Arc<Self>,
        ask: Connect,
        browser: &dyn Browser,
    ) -> Result<Connected, Internal> {
        let (client, before) = self.client_for(&ask).await?;
        let attempt = self.attempt();
        let given = ask.client.and_then(|client| client.secret);
        let was_given = given.is_some();
        let done = async {
            let fresh = self.trip(&client, ask.paste, browser, |_| Ok(())).await?;
            // Only an app that works takes the place of the one that was known.
            if let Some(secret) = given {
                self.safe.keep_client_secret(&client.key, &secret.0).await?;
            }
            self.store.put_client(&client)?;
            self.keep(&client, fresh, attempt, ask.remember).await
        };
        let done = done.await;
        if done.is_err() && was_given {
            self.safe.unstage(&client.key, before);
        }
        done
    }

    /// Signs in again to a known account.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        id: &AccountId,
        remember: Option<Remember>,
        paste: bool,
        browser: &dyn Browser,
    ) -> Result<Connected, Internal> {
        let account = self.account(id)?;
        let client = self.client(&account.client)?;
        let remember = remember.unwrap_or(account.grant.remember);
        let attempt = self.attempt();
        self.happen(id, Event::SignInStarted(attempt)).await?;
        let came_back = |engine: &Arc<Self>| {
            engine
                .step_grant(id, Event::CodeReceived(attempt))
                .map(drop)
        };
        let fresh = match self.trip(&client, paste, browser, came_back).await {
            Ok(fresh) if fresh.identity.id == account.identity => fresh,
            Ok(other) => {
                let problem = somebody_else(&account, &other.identity);
                *lock(&self.pending) = Some(Pending {
                    client,
                    fresh: other,
                    remember,
                });
                self.sign_in_failed(id, attempt, &problem).await?;
                return Err(Internal(problem));
            }
            Err(Internal(problem)) => {
                self.sign_in_failed(id, attempt, &problem).await?;
                return Err(Internal(problem));
            }
        };
        match self.keep(&client, fresh, attempt, remember).await {
            Ok(connected) => Ok(connected),
            Err(Internal(problem)) => {
                self.sign_in_failed(id, attempt, &problem).await?;
                Err(Internal(problem))
            }
        }
    }

    /// Connects whoever had signed in instead of the one expected.
    pub(crate) async fn adopt_other(self: &Arc<Self>) -> Result<Connected, Internal> {
        let Some(pending) = lock(&self.pending).take() else {
            return Err(Internal(Problem::new(
                Code::NotNow,
                "nobody else has signed in that could be connected",
            )));
        };
        let Pending {
            client,
            fresh,
            remember,
        } = pending;
        self.keep(&client, fresh, self.attempt(), remember).await
    }

    async fn sign_in_failed(
        self: &Arc<Self>,
        id: &AccountId,
        attempt: Attempt,
        problem: &Problem,
    ) -> Result<(), Internal> {
        let why = problem.message.clone();
        self.happen(id, Event::SignInFailed { attempt, why })
            .await
            .map(drop)
    }

    /// The person chooses anew how long to be remembered; the keychain follows.
    pub(crate) async fn remember(
        self: &Arc<Self>,
        id: &AccountId,
        remember: Remember,
    ) -> Result<AccountView, Internal> {
        let account = self.account(id)?;
        let generation = account.grant.generation;
        if account.grant.active().is_none() {
            let account = self.happen(id, Event::RememberChosen(remember)).await?;
            return self.account_view(&account);
        }
        // Into memory first, so that it goes on working whatever becomes of the entry.
        let tokens = self.safe.tokens(id, generation).await?;
        if remember == Remember::UntilQuit {
            self.store.add_leftover(&format!("{CARD}{id}"))?;
            let account = self.happen(id, Event::RememberChosen(remember)).await?;
            self.safe.take_out(id, generation).await?;
            self.delete_leftovers().await?;
            return self.account_view(&account);
        }
        if let Some(tokens) = tokens {
            self.safe
                .keep_tokens(id, generation, &tokens, remember)
                .await?;
            let client = self.client(&account.client)?;
            let mut card = self.card(&account, &client, generation);
            card.remember = remember;
            self.store.drop_leftover(&format!("{CARD}{id}"))?;
            self.safe.put_card(card).await?;
        }
        let account = self.happen(id, Event::RememberChosen(remember)).await?;
        self.account_view(&account)
    }

    fn attempt(&self) -> Attempt {
        Attempt(self.ports.random.below(u64::from(u32::MAX)) + 1)
    }

    /// The app registration to sign in with: given now, known, or built in.
    async fn client_for(&self, ask: &Connect) -> Result<(Client, Option<Secret>), Internal> {
        let provider = self.provider(&ask.provider)?;
        let key = client_key(&ask.provider, &ask.vars);
        let known = self.store.client(&key)?;
        let given = ask.client.as_ref();
        let built_in = provider.client().built_in.as_ref();
        let client_id = given
            .map(|client| client.id.clone())
            .or_else(|| known.as_ref().map(|client| client.client_id.clone()))
            .or_else(|| built_in.map(|(id, _)| id.clone()))
            .ok_or_else(|| {
                Problem::new(
                    Code::ClientNeeded,
                    format!(
                        "{} needs the id of an app that you have registered there",
                        provider.name()
                    ),
                )
                .hint(format!(
                    "Run `evergrant connect {}` in a terminal for the steps.",
                    provider.id()
                ))
            })?;
        let client_id = client_id.trim().to_owned();
        // Accounts that were connected with another app go on using that one.
        let another_app = known
            .as_ref()
            .is_some_and(|known| known.client_id != client_id)
            && self
                .store
                .accounts()?
                .iter()
                .any(|account| account.client == key);
        let (key, known) = if another_app {
            let mut marks = ask.vars.clone();
            marks.insert("client.id".into(), client_id.clone());
            let key = client_key(&ask.provider, &marks);
            let known = self.store.client(&key)?;
            (key, known)
        } else {
            (key, known)
        };
        let client = Client {
            key: key.clone(),
            provider: ask.provider.clone(),
            vars: ask.vars.clone(),
            client_id: client_id.clone(),
            skew: known.as_ref().map(|client| client.skew).unwrap_or_default(),
        };
        // Checked before anything is written: addresses that make no sense are told at once.
        let provider = self.provider_of(&client)?;
        let mut before = None;
        if let Some(secret) = given.and_then(|client| client.secret.as_ref()) {
            before = self.safe.stage_client_secret(&key, &secret.0);
        }
        let needs_secret = provider.client().secret == SecretRule::Required
            && built_in.is_none_or(|(id, _)| *id != client.client_id);
        // The secret that is known belongs to the app that is known.
        let of_another = known
            .as_ref()
            .is_some_and(|known| known.client_id != client.client_id)
            && given.is_none_or(|client| client.secret.is_none());
        if needs_secret && (of_another || self.safe.client_secret(&key).await?.is_none()) {
            return Err(Internal(
                Problem::new(
                    Code::ClientNeeded,
                    format!(
                        "{} needs the secret of the app {}",
                        provider.name(),
                        client.client_id
                    ),
                )
                .hint(format!(
                    "Run `evergrant connect {}` in a terminal, or give the secret in a file.",
                    provider.id()
                )),
            ));
        }
        Ok((client, before))
    }

    /// From the browser to a checked token.
    async fn trip(
        self: &Arc<Self>,
        client: &Client,
        paste: bool,
        browser: &dyn Browser,
        came_back: impl FnOnce(&Arc<Self>) -> Result<(), Internal>,
    ) -> Result<Fresh, Internal> {
        let provider = self.provider_of(client)?;
        // A locked keychain is told now, not after the person has been through the browser.
        self.safe.keychain().probe().await?;
        let rule = choose(&provider, paste)?;
        let path = format!("/callback/{}", provider.id());
        let trip = browser
            .prepare(rule, &path)
            .await
            .map_err(|e| trip_problem(&e))?;
        let redirect_uri = trip.redirect_uri().to_string();
        let state = self.ports.random.text(32);
        let verifier = provider.uses_pkce().then(|| self.ports.random.text(48));
        let page = provider
            .authorize_url(&Authorize {
                client_id: &client.client_id,
                redirect_uri: &redirect_uri,
                state: &state,
                verifier: verifier.as_ref(),
                scopes: provider.scopes(),
                rerequest: true,
            })
            .map_err(|e| request_problem(&e))?;
        let expected = Expected {
            state,
            issuer: provider.announces_iss().map(str::to_owned),
            patience: PATIENCE,
            provider_name: provider.name().to_owned(),
        };
        let code = trip
            .go(page, expected)
            .await
            .map_err(|e| trip_problem(&e))?;
        came_back(self)?;
        self.redeem(&provider, client, &code, verifier.as_ref(), &redirect_uri)
            .await
    }

    async fn redeem(
        &self,
        provider: &Provider,
        client: &Client,
        code: &Secret,
        verifier: Option<&Secret>,
        redirect_uri: &str,
    ) -> Result<Fresh, Internal> {
        let common = self
            .values(provider, client)
            .await
            .map_err(unready_problem)?;
        let mut values = common.clone().code(code).redirect_uri(redirect_uri);
        if let Some(verifier) = verifier {
            values = values.verifier(verifier);
        }
        let first = self.fetch(provider, client, Phase::Token, &values).await?;
        let (tokens, announced, short_expires) = if provider.exchange().is_some() {
            let values = common.clone().access(&first.access);
            let long = self
                .fetch(provider, client, Phase::Exchange, &values)
                .await?;
            let refresh = long.refresh.or(first.refresh);
            (
                TokenSet {
                    access: long.access,
                    refresh,
                },
                long.expiry,
                Some(first.expiry),
            )
        } else {
            (
                TokenSet {
                    access: first.access,
                    refresh: first.refresh,
                },
                first.expiry,
                None,
            )
        };
        let asked = self.issuer_now(&client.key);
        let stranger = Account {
            id: AccountId::of(&client.key, "new"),
            client: client.key.clone(),
            identity: String::new(),
            name: String::new(),
            grant: Grant::new(asked, Remember::Always),
        };
        let mut facts = match self.ask(provider, client, &stranger, &tokens).await? {
            Verdict::Good(facts) => facts,
            Verdict::Dead(reason) => {
                return Err(Internal(sign_in_problem(
                    provider,
                    &format!("the new token is not good: {}", reason.sentence()),
                )));
            }
            Verdict::CantTell { why, .. } => {
                return Err(Internal(sign_in_problem(
                    provider,
                    &format!("the new token could not be checked: {}", why.sentence()),
                )));
            }
        };
        if facts.expiry == Expiry::Unknown {
            facts.expiry = announced;
        }
        long_enough(provider, &facts, short_expires.is_some(), asked)?;
        let identity = self
            .who(provider, client, &common.access(&tokens.access), &facts)
            .await?;
        Ok(Fresh {
            tokens,
            facts,
            asked,
            identity,
            short_expires,
        })
    }

    async fn fetch(
        &self,
        provider: &Provider,
        client: &Client,
        phase: Phase,
        values: &Values,
    ) -> Result<TokenAnswer, Internal> {
        let request = match phase {
            Phase::Exchange => provider.exchange_request(values),
            _ => provider.token_request(values),
        };
        let request = request.map_err(|e| request_problem(&e))?;
        let step = match phase {
            Phase::Exchange => "the exchange for a long-lived token failed",
            _ => "the code could not be exchanged for a token",
        };
        let answer = self
            .send(&client.key, request, Limits::default())
            .await
            .map_err(|e| Internal(sign_in_problem(provider, &format!("{step}: {e}"))))?;
        let now = self.issuer_now(&client.key);
        provider
            .read_token(phase, &answer, now)
            .map_err(|refusal| Internal(refused(provider, step, &refusal)))
    }

    async fn who(
        &self,
        provider: &Provider,
        client: &Client,
        values: &Values,
        facts: &Facts,
    ) -> Result<Identity, Internal> {
        let request = provider
            .identity_request(values)
            .map_err(|e| request_problem(&e))?;
        let step = "the service did not say who signed in";
        let answer = self
            .send(&client.key, request, Limits::default())
            .await
            .map_err(|e| Internal(sign_in_problem(provider, &format!("{step}: {e}"))))?;
        let identity = provider
            .read_identity(&answer)
            .map_err(|refusal| Internal(refused(provider, step, &refusal)))?;
        // Two places name the person; if they differ, neither can be believed.
        if facts
            .account
            .as_ref()
            .is_some_and(|account| *account != identity.id)
        {
            return Err(Internal(sign_in_problem(
                provider,
                "the check and the profile name different people",
            )));
        }
        Ok(identity)
    }

    /// Secret first, durable; then the state that relies on it.
    async fn keep(
        self: &Arc<Self>,
        client: &Client,
        fresh: Fresh,
        attempt: Attempt,
        remember: Remember,
    ) -> Result<Connected, Internal> {
        let id = AccountId::of(&client.key, &fresh.identity.id);
        let keychain_turn = self.keychain_turn.lock().await;
        let known = self.store.account(&id)?;
        let is_new = known.is_none();
        let mut account = known.unwrap_or_else(|| Account {
            id: id.clone(),
            client: client.key.clone(),
            identity: fresh.identity.id.clone(),
            name: fresh.identity.name.clone(),
            grant: Grant::new(self.now(), remember),
        });
        if account.identity != fresh.identity.id {
            return Err(Internal(Problem::new(
                Code::WrongIdentity,
                format!(
                    "{} and {} would get the same name here; only one of them can be connected",
                    account.identity, fresh.identity.id
                ),
            )));
        }
        account.name.clone_from(&fresh.identity.name);
        account.grant.remember = remember;
        let next = account.grant.generation.next();
        let key = crate::safe::token_key(&id, next);
        // An entry of that name may wait for its deletion since an earlier life of the account.
        self.store.drop_leftover(&key)?;
        self.safe
            .keep_tokens(&id, next, &fresh.tokens, remember)
            .await
            .map_err(|error| not_kept(&error))?;
        let mut card = self.card(&account, client, next);
        card.since = self.now();
        card.expires = fresh.facts.expiry;
        let card_key = format!("{CARD}{id}");
        if remember == Remember::UntilQuit {
            self.store.add_leftover(&card_key)?;
        } else {
            self.store.drop_leftover(&card_key)?;
            self.safe
                .put_card(card)
                .await
                .map_err(|error| not_kept(&error))?;
        }
        let exchanged = fresh.short_expires.map(|from| Happening::Exchanged {
            from,
            to: fresh.facts.expiry,
        });
        let effects = {
            let _turn = self.turn();
            if let Some(now_known) = self.store.account(&id)? {
                if now_known.grant.generation.next() != next {
                    self.store.add_leftover(&key)?;
                    return Err(Internal(Problem::new(
                        Code::NotNow,
                        "the account changed while you were signing in; sign in again",
                    )));
                }
                account.grant = Grant {
                    remember,
                    ..now_known.grant
                };
            }
            let mut grant = account.grant.clone();
            for event in [Event::SignInStarted(attempt), Event::CodeReceived(attempt)] {
                grant = grant
                    .step(
                        event,
                        self.issuer_now(&client.key),
                        &self.grant_policy(&account)?,
                    )
                    .0;
            }
            account.grant = grant;
            let event = Event::SignedIn {
                attempt,
                facts: fresh.facts,
                asked: fresh.asked,
            };
            let (stepped, effects) = self.step_account(account, event)?;
            account = stepped;
            effects
        };
        // One that was added while the new secret was written means an older one of that name.
        self.store.drop_leftover(&key)?;
        drop(keychain_turn);
        self.delete_leftovers().await?;
        if let Some(happening) = exchanged {
            self.store.note(self.now(), Some(&id), &happening)?;
            self.publish(Some(&id), None, happening);
        }
        let held = self.store.held_posts(&id)?;
        self.carry_out(&account, effects).await?;
        // The Pages' names are for the eye; that they cannot be had now is no failed sign-in.
        let _ = self.targets(&id).await;
        let released = held.saturating_sub(self.store.held_posts(&id)?);
        let connected = self.account_view(&self.account(&id)?)?;
        Ok(Connected {
            connected,
            is_new,
            short_expires: fresh.short_expires,
            released,
        })
    }

    pub(crate) fn card(&self, account: &Account, client: &Client, generation: Generation) -> Card {
        let active = account.grant.active();
        Card {
            account: account.id.clone(),
            client: client.key.clone(),
            provider: client.provider.clone(),
            vars: client.vars.clone(),
            client_id: client.client_id.clone(),
            identity: account.identity.clone(),
            name: account.name.clone(),
            generation,
            remember: account.grant.remember,
            since: active.map_or_else(|| self.now(), |active| active.since),
            expires: active.map(|active| active.facts.expiry).unwrap_or_default(),
        }
    }
}

/// The client's name here: two instances of one provider are two clients.
pub(crate) fn client_key(
    provider: &str,
    vars: &std::collections::BTreeMap<String, String>,
) -> String {
    use sha2::{Digest, Sha256};
    if vars.is_empty() {
        return provider.to_owned();
    }
    let mut digest = Sha256::new();
    for (name, value) in vars {
        digest.update(format!("{name}={value}\n"));
    }
    format!(
        "{provider}.{}",
        &crate::pictures::hex(&digest.finalize())[..6]
    )
}

fn choose(provider: &Provider, paste: bool) -> Result<&RedirectRule, Internal> {
    let wanted = provider
        .redirects()
        .iter()
        .find(|rule| matches!(rule, RedirectRule::Paste { .. }) == paste);
    wanted
        .or_else(|| provider.redirects().first().filter(|_| !paste))
        .ok_or_else(|| {
            Internal(Problem::new(
                Code::Usage,
                format!(
                    "{} has no page whose address could be pasted",
                    provider.name()
                ),
            ))
        })
}

/// The redirect address to register, as a person types it.
pub(crate) fn redirect_to_register(rule: &RedirectRule, provider: &str) -> String {
    match rule {
        RedirectRule::Loopback { host, port } => {
            let host = match host {
                LoopbackHost::Ip4 => "127.0.0.1",
                LoopbackHost::Ip6 => "[::1]",
                LoopbackHost::Localhost => "localhost",
            };
            match port {
                LoopbackPort::Fixed(port) => format!("http://{host}:{port}/callback/{provider}"),
                LoopbackPort::Any => format!("http://{host}/callback/{provider}"),
            }
        }
        RedirectRule::Paste { url } => url.to_string(),
    }
}

pub(crate) fn unready_problem(unready: Unready) -> Internal {
    match unready {
        Unready::Keychain(error) => Internal(keychain_problem(&error)),
        Unready::Problem(problem) => Internal(problem),
        Unready::Verdict(verdict) => Internal(Problem::new(
            Code::Unreachable,
            match verdict {
                Verdict::CantTell { why, .. } => why.sentence(),
                Verdict::Good(_) | Verdict::Dead(_) => "the app's own token was refused".into(),
            },
        )),
    }
}

fn sign_in_problem(provider: &Provider, message: &str) -> Problem {
    Problem::new(
        Code::SignInFailed,
        format!("signing in to {} failed: {message}", provider.name()),
    )
    .hint("Nothing was changed; try again in a while.")
}

fn refused(provider: &Provider, step: &str, refusal: &Refusal) -> Problem {
    use evergrant_core::provider::Class;
    let Verdict::CantTell { why, .. } = unclear(refusal) else {
        return sign_in_problem(provider, step);
    };
    match refusal.class {
        Class::ClientRejected => Problem::new(
            Code::ClientRejected,
            format!(
                "{} refused the app's id or secret: {}",
                provider.name(),
                refusal.said
            ),
        )
        .hint("Copy both once more from the app's page; nothing was changed."),
        Class::Dead => sign_in_problem(provider, &format!("{step}: {}", refusal.said)),
        _ => sign_in_problem(provider, &format!("{step}: {}", why.sentence())),
    }
}

fn trip_problem(error: &TripError) -> Problem {
    let message = error.to_string();
    match error {
        TripError::Denied | TripError::GivenUp | TripError::TimedOut(_) => {
            Problem::new(Code::SignInCancelled, message)
                .hint("Nothing was changed; start the sign-in again when you like.")
        }
        TripError::Refused { .. } | TripError::NotOurs(_) => {
            Problem::new(Code::SignInFailed, message).hint("Nothing was changed; try again.")
        }
        TripError::NoListener(_) | TripError::NoBrowser(_) | TripError::NotPossible(_) => {
            Problem::new(Code::SignInFailed, message)
                .hint("Open the address that is shown by hand, or use --paste where the service allows it.")
        }
    }
}

fn somebody_else(account: &Account, other: &Identity) -> Problem {
    Problem::new(
        Code::WrongIdentity,
        format!(
            "{} signed in, but this account belongs to {}; nothing was changed",
            other.name, account.name
        ),
    )
    .hint(format!(
        "Sign in as {}, or connect {} as an account of their own.",
        account.name, other.name
    ))
}

/// A failed exchange is a failure, also when it is called a success.
fn long_enough(
    provider: &Provider,
    facts: &Facts,
    exchanged: bool,
    now: Instant,
) -> Result<(), Internal> {
    match facts.expiry {
        Expiry::At(end) if exchanged && end - now < LONG => Err(Internal(sign_in_problem(
            provider,
            &format!(
                "the exchange for a long-lived token brought one that ends already on {}",
                end.format("%Y-%m-%d %H:%M UTC")
            ),
        ))),
        _ => Ok(()),
    }
}

fn not_kept(error: &evergrant_keychain::KeychainError) -> Internal {
    let problem = keychain_problem(error);
    Internal(Problem {
        message: format!(
            "the sign-in worked, but could not be kept: {}",
            problem.message
        ),
        ..problem
    })
}
