//! Delivering posts: prepare, write the intent, send once, and when the answer is lost, ask.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::EndReason;
use evergrant_core::command::{Code, Problem, TargetView};
use evergrant_core::grant::{self, CantTell};
use evergrant_core::ids::{AccountId, Attempt, ChildId, Generation, PostId};
use evergrant_core::policy::PostPolicy;
use evergrant_core::post::{Effect, Event, Found, Hold, Post, PostState};
use evergrant_core::provider::{
    Absent, Child, Class, Phase, PostKind, Provider, Recover, Recovered, Refusal, Values,
};

use evergrant_core::window::Place;
use evergrant_keychain::KeychainError;

use crate::check::{Outcome, cant_tell, request_problem};
use crate::engine::{AT_ONCE, Engine, Internal, lock};
use crate::ports::{self, Limits, Transport};
use crate::probe::Milestone;
use crate::queue::refused;
use crate::sign_in::unready_problem;
use crate::store::{Account, Client, Durable};

/// A picture on its way may take longer than a question.
const SENDING: Limits = Limits {
    timeout: Duration::from_secs(120),
    max_bytes: 1 << 20,
};

/// Lists of Pages longer than this are cut; nobody has so many.
const LIST_PAGES: usize = 20;

/// Everything an attempt needs, held in memory for its duration only: the Page's token is never
/// stored.
struct Prepared {
    provider: Arc<Provider>,
    client: Client,
    kind: PostKind,
    values: Values,
    generation: Generation,
}

/// Why an attempt does not go on.
struct Stop {
    why: Hold,
    retry_after: Option<TimeDelta>,
}

impl From<Hold> for Stop {
    fn from(why: Hold) -> Self {
        Self {
            why,
            retry_after: None,
        }
    }
}

impl Engine {
    /// Steps the post and makes the new state durable. Returns what is to be done.
    pub(crate) fn step_post(
        &self,
        id: PostId,
        event: Event,
    ) -> Result<(Post, Vec<Effect>), Internal> {
        let _turn = self.turn();
        let post = self.post(id)?;
        post.permits(&event).map_err(|why| refused(id, why))?;
        let policy = self.post_policy(&post);
        let now = self.now();
        let before = post.clone();
        let event = self.unless_claimed(&post, event)?;
        let accepted = matches!(event, Event::Accepted { .. });
        let (post, effects) = post.step(event, now, &policy);
        if post == before && effects.is_empty() {
            return Ok((post, effects));
        }
        let notes: Vec<_> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Note(happening) => Some(happening.clone()),
                _ => None,
            })
            .collect();
        // `deliver` waits for the disk before anything relies on these, once for many posts.
        let passing = accepted || matches!(post.state, PostState::Sending(_));
        self.store.put_post(&post, now, &notes, passing)?;
        for note in notes {
            self.publish(Some(&post.account), Some(id), note);
        }
        Ok((post, effects))
    }

    /// Of two equal posts that are looked up in the same moment only one can be the one that was
    /// found. Called under the turn.
    fn unless_claimed(&self, post: &Post, event: Event) -> Result<Event, Internal> {
        let Event::LookedUp {
            attempt,
            found: Found::There { remote_id, .. },
        } = &event
        else {
            return Ok(event);
        };
        if !self
            .store
            .known_remote_ids(&post.target)?
            .contains(remote_id)
        {
            return Ok(event);
        }
        Ok(Event::LookedUp {
            attempt: *attempt,
            found: Found::CantTell {
                said: "what was found is another post of this queue".into(),
            },
        })
    }

    /// Lets `event` happen to the post and does what follows, until it rests. A post that another
    /// task is working on is left to that task.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        id: PostId,
        event: Event,
    ) -> Result<Post, Internal> {
        if !lock(&self.delivering).insert(id) {
            return self.post(id);
        }
        let _mark = Delivering { engine: self, id };
        let mut next = Some(event);
        let mut prepared = None;
        let mut unfinished = None;
        loop {
            let Some(event) = next.take() else {
                return self.post(id);
            };
            let (post, effects) = self.step_post(id, event)?;
            if !matches!(post.state, PostState::Sending(_)) {
                drop(unfinished.take());
            }
            for effect in effects {
                match effect {
                    Effect::Prepare(attempt) => {
                        next = Some(match self.prepare(&post, attempt).await {
                            Ok((event, values)) => {
                                prepared = values;
                                event
                            }
                            Err(internal) => fault(attempt, internal)?,
                        });
                        // What is only prepared is begun again by the next owner.
                        let Some(mark) = self.ending.begin() else {
                            return self.post(id);
                        };
                        unfinished = Some(mark);
                        self.ports.probe.passes(Milestone::BeforeIntent, id);
                    }
                    Effect::Commit(attempt) => {
                        let intent = self.store.durable().await?;
                        next = Some(match &prepared {
                            Some(prepared) => {
                                match self.commit(&post, attempt, prepared, intent).await {
                                    Ok(event) => event,
                                    Err(internal) => fault_at_commit(attempt, internal)?,
                                }
                            }
                            // Only `Prepared` leads here, and it comes with its values.
                            None => Event::Restarted,
                        });
                    }
                    Effect::LookUp(attempt) => {
                        let found = match self.look_up(&post).await {
                            Ok(found) => found,
                            Err(Internal(problem)) => Found::CantTell {
                                said: problem.message,
                            },
                        };
                        next = Some(Event::LookedUp { attempt, found });
                    }
                    Effect::Ask => self.ask_about(&post).await?,
                    Effect::Note(_) => {}
                }
            }
            if post.is_final() {
                self.store.durable().await?;
                self.store.told_no_more(&role_incident(id))?;
                self.drop_picture(&post)?;
                self.ports.probe.passes(Milestone::Recorded, id);
            }
        }
    }

    /// Held posts of the account go on.
    pub(crate) async fn release_posts(
        self: &Arc<Self>,
        account: &AccountId,
    ) -> Result<(), Internal> {
        for ids in self.store.posts_waiting(account)?.chunks(AT_ONCE) {
            let mut under_way = tokio::task::JoinSet::new();
            for &id in ids {
                let engine = Arc::clone(self);
                under_way.spawn(async move { engine.deliver(id, Event::Released).await.map(drop) });
            }
            while let Some(done) = under_way.join_next().await {
                match done {
                    Ok(outcome) => outcome?,
                    Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    pub(crate) fn post(&self, id: PostId) -> Result<Post, Internal> {
        self.store.post(id)?.ok_or_else(|| {
            Internal(
                Problem::new(Code::NoSuchPost, format!("there is no post {id}"))
                    .hint("See `evergrant queue --all` for the numbers."),
            )
        })
    }

    /// The Pages an account can post to, as the service lists them now.
    pub(crate) async fn targets(
        self: &Arc<Self>,
        id: &AccountId,
    ) -> Result<Vec<TargetView>, Internal> {
        let account = self.account(id)?;
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        let children = match self.children(&account, &client, &provider).await? {
            Ok(children) => children,
            Err(stop) => {
                return Err(Internal(Problem::new(
                    Code::Unreachable,
                    format!(
                        "the Pages of {} cannot be listed now. {}",
                        account.name,
                        stop.why.sentence()
                    ),
                )));
            }
        };
        let targets: Vec<_> = children
            .iter()
            .map(|child| TargetView {
                id: ChildId(child.id.clone()),
                name: child.name.clone(),
                kind: child.kind.clone(),
                can_post: provider
                    .post_kinds()
                    .iter()
                    .any(|kind| may_post(kind, child)),
            })
            .collect();
        self.store.put_children(id, &targets)?;
        Ok(targets)
    }

    /// Check, Page token, preparatory steps; ends with the event that follows.
    async fn prepare(
        self: &Arc<Self>,
        post: &Post,
        attempt: Attempt,
    ) -> Result<(Event, Option<Prepared>), Internal> {
        match self.try_prepare(post).await? {
            Ok(prepared) => {
                let issuer_now = self.issuer_now(&prepared.client.key);
                Ok((
                    Event::Prepared {
                        attempt,
                        issuer_now,
                    },
                    Some(prepared),
                ))
            }
            Err(Stop { why, retry_after }) => Ok((
                Event::Blocked {
                    attempt,
                    why,
                    retry_after,
                },
                None,
            )),
        }
    }

    async fn try_prepare(
        self: &Arc<Self>,
        post: &Post,
    ) -> Result<Result<Prepared, Stop>, Internal> {
        match self.check(&post.account).await? {
            Outcome::Good => {}
            Outcome::Dead(reason) => return Ok(Err(Hold::SignIn { reason }.into())),
            Outcome::NotSignedIn => return Ok(Err(Hold::SignedOut.into())),
            Outcome::CantTell(why) => return Ok(Err(hold_unclear(why).into())),
        }
        let account = self.account(&post.account)?;
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        let kind = kind_of(&provider, post.content.kind())?.clone();
        if let Some(missing) = missing_scopes(&account, &kind) {
            return Ok(Err(Hold::Permission { scopes: missing }.into()));
        }
        let child = match self
            .child(&account, &client, &provider, &kind, &post.target)
            .await?
        {
            Ok(child) => child,
            Err(stop) => return Ok(Err(stop)),
        };
        let mut values = match self.values(&provider, &client).await {
            Ok(values) => values,
            Err(crate::check::Unready::Keychain(error)) => {
                return Ok(Err(keychain_hold(&error).into()));
            }
            Err(other) => return Err(unready_problem(other)),
        };
        values = with_content(values, post, &child);
        if let Some(picture) = &post.content.picture {
            values = values.media(self.pictures.read(picture)?);
        }
        let generation = account.grant.generation;
        let mut prepared = Prepared {
            provider,
            client,
            kind,
            values,
            generation,
        };
        // Everything ahead of the step that commits can be made again.
        for step in 0..commit_step(&prepared.kind) {
            let request = prepared
                .kind
                .render_step(step, &prepared.values)
                .map_err(|e| request_problem(&e))?;
            let answer = match self.send(&prepared.client.key, request, SENDING).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(network_hold(&error).into())),
            };
            match prepared.kind.read_step(step, &answer) {
                Ok(captures) => {
                    for (name, value) in captures {
                        prepared.values = prepared.values.captured(name, value);
                    }
                }
                Err(refusal) => return Ok(Err(self.stop_of(post, &prepared, &refusal).await?)),
            }
        }
        Ok(Ok(prepared))
    }

    /// The one request that cannot be taken back. The intent is durable.
    async fn commit(
        self: &Arc<Self>,
        post: &Post,
        attempt: Attempt,
        prepared: &Prepared,
        _intent: Durable,
    ) -> Result<Event, Internal> {
        self.ports.probe.passes(Milestone::AfterIntent, post.id);
        let step = commit_step(&prepared.kind);
        let request = prepared
            .kind
            .render_step(step, &prepared.values)
            .map_err(|e| request_problem(&e))?;
        let answer = match self.send(&prepared.client.key, request, SENDING).await {
            Ok(answer) => answer,
            Err(error) if error.may_have_arrived() => {
                return Ok(Event::AnswerLost {
                    attempt,
                    said: error.to_string(),
                });
            }
            Err(error) => return Ok(self.failed_for_now(attempt, error.to_string(), None)),
        };
        self.ports.probe.passes(Milestone::AfterResponse, post.id);
        let refusal = match prepared.kind.read_step(step, &answer) {
            Ok(captures) => {
                let mut values = prepared.values.clone();
                for (name, value) in &captures {
                    values = values.captured(name, value);
                }
                let remote_id = PostKind::id_of(&captures).unwrap_or_default().to_owned();
                let url = prepared.kind.url(&values).map(String::from);
                return Ok(Event::Accepted {
                    attempt,
                    remote_id,
                    url,
                });
            }
            Err(refusal) => refusal,
        };
        let said = said_by(&prepared.provider, &refusal);
        Ok(match refusal.class {
            Class::Dead | Class::ScopeMissing | Class::RateLimited | Class::PolicyBlock => {
                let Stop { why, retry_after } = self.stop_of(post, prepared, &refusal).await?;
                Event::Blocked {
                    attempt,
                    why,
                    retry_after,
                }
            }
            // An outage may strike after the post was taken; so may an answer that makes no sense.
            Class::Transient => Event::AnswerLost { attempt, said },
            Class::Unknown if !(400..500).contains(&refusal.status) => {
                Event::AnswerLost { attempt, said }
            }
            // "You posted that already" after an attempt whose answer was lost is good news.
            Class::Duplicate if attempt.0 > 1 => Event::AnswerLost { attempt, said },
            Class::ClientRejected => {
                let why = Hold::Unreachable {
                    why: cant_tell(&refusal),
                };
                Event::Blocked {
                    attempt,
                    why,
                    retry_after: None,
                }
            }
            Class::Duplicate
            | Class::BadRequest
            | Class::Media
            | Class::Denied
            | Class::Unknown => Event::Refused { attempt, said },
        })
    }

    async fn look_up(self: &Arc<Self>, post: &Post) -> Result<Found, Internal> {
        let PostState::Uncertain { journal, .. } = &post.state else {
            return Ok(Found::CantTell {
                said: "there is nothing to look up".into(),
            });
        };
        let started = journal.started;
        match self.check(&post.account).await? {
            Outcome::Good => {}
            Outcome::Dead(_) | Outcome::NotSignedIn => return Ok(Found::Blocked),
            Outcome::CantTell(why) => {
                return Ok(Found::CantTell {
                    said: why.sentence(),
                });
            }
        }
        let account = self.account(&post.account)?;
        let client = self.client(&account.client)?;
        let provider = self.provider_of(&client)?;
        let kind = kind_of(&provider, post.content.kind())?.clone();
        let child = match self
            .child(&account, &client, &provider, &kind, &post.target)
            .await?
        {
            Ok(child) => child,
            // Only a sign-in is waited for; everything else is asked about again, and then put to
            // the person.
            Err(Stop {
                why: Hold::SignIn { .. } | Hold::SignedOut,
                ..
            }) => return Ok(Found::Blocked),
            Err(stop) => {
                return Ok(Found::CantTell {
                    said: stop.why.sentence(),
                });
            }
        };
        let values = self
            .values(&provider, &client)
            .await
            .map_err(unready_problem)?;
        let values = with_content(values, post, &child).attempt_started(started);
        let Some(request) = kind.recover_request(&values) else {
            return Ok(Found::CantTell {
                said: "the service cannot be asked".into(),
            });
        };
        let request = request.map_err(|e| request_problem(&e))?;
        let answer = match self.send(&client.key, request, Limits::default()).await {
            Ok(answer) => answer,
            Err(error) => {
                return Ok(Found::CantTell {
                    said: error.to_string(),
                });
            }
        };
        // Posts that are known stand for themselves: an equal text among them is another post.
        let known: BTreeSet<_> = self
            .store
            .known_remote_ids(&post.target)?
            .into_iter()
            .collect();
        Ok(match kind.find_in_recovery(&answer, &values, &known) {
            Recovered::Found { id } => {
                let url = kind.url(&values.captured("id", &id)).map(String::from);
                Found::There { remote_id: id, url }
            }
            Recovered::NotThere => Found::NotThere,
            Recovered::CantTell => {
                let refusal = provider.classify(Phase::Recover, &answer);
                Found::CantTell {
                    said: said_by(&provider, &refusal),
                }
            }
        })
    }

    /// What a refusal that is no end of the post means: for the post, and for the grant.
    async fn stop_of(
        self: &Arc<Self>,
        post: &Post,
        prepared: &Prepared,
        refusal: &Refusal,
    ) -> Result<Stop, Internal> {
        let said = said_by(&prepared.provider, refusal);
        let retry_after = refusal.retry_after;
        let why = match (refusal.class, refusal.reason) {
            (Class::Dead, Some(EndReason::RoleLost)) => Hold::Role,
            (Class::Dead, reason) => {
                let reason = reason.unwrap_or(EndReason::Revoked);
                self.held_by(&post.account, prepared.generation, reason, refusal)
                    .await?
            }
            (Class::ScopeMissing, _) => Hold::Permission {
                scopes: prepared.kind.needs.clone(),
            },
            (Class::RateLimited, _) => Hold::Quota { said },
            (Class::PolicyBlock, _) => Hold::Blocked { said },
            _ => Hold::Unreachable {
                why: cant_tell(refusal),
            },
        };
        Ok(Stop { why, retry_after })
    }

    /// A refused use ends the grant, unless the person has signed in anew meanwhile: then it speaks
    /// of an older token, and the post is simply tried again.
    async fn held_by(
        self: &Arc<Self>,
        account: &AccountId,
        generation: Generation,
        reason: EndReason,
        refusal: &Refusal,
    ) -> Result<Hold, Internal> {
        let asked = self.issuer_now(&self.account(account)?.client);
        let event = grant::Event::UseRefused {
            generation,
            asked,
            reason,
        };
        let account = self.happen(account, event).await?;
        Ok(if account.grant.active().is_some() {
            Hold::Unreachable {
                why: cant_tell(refusal),
            }
        } else {
            Hold::SignIn { reason }
        })
    }

    async fn child(
        self: &Arc<Self>,
        account: &Account,
        client: &Client,
        provider: &Provider,
        kind: &PostKind,
        target: &ChildId,
    ) -> Result<Result<Child, Stop>, Internal> {
        let children = match self.children(account, client, provider).await? {
            Ok(children) => children,
            Err(stop) => return Ok(Err(stop)),
        };
        let found = children.into_iter().find(|child| child.id == target.0);
        Ok(match found {
            Some(child) if may_post(kind, &child) => Ok(child),
            Some(_) | None => Err(Hold::Role.into()),
        })
    }

    /// All children with their tokens, fetched now. The account itself where a provider has none.
    async fn children(
        self: &Arc<Self>,
        account: &Account,
        client: &Client,
        provider: &Provider,
    ) -> Result<Result<Vec<Child>, Stop>, Internal> {
        let generation = account.grant.generation;
        let tokens = match self.safe.tokens(&account.id, generation).await {
            Ok(Some(tokens)) => tokens,
            Ok(None) => {
                let hold = account
                    .grant
                    .ended()
                    .map_or(Hold::SignedOut, |ended| Hold::SignIn {
                        reason: ended.reason,
                    });
                return Ok(Err(hold.into()));
            }
            Err(error) => {
                return Ok(Err(keychain_hold(&error).into()));
            }
        };
        if !provider.has_children() {
            return Ok(Ok(vec![Child {
                id: account.identity.clone(),
                name: account.name.clone(),
                kind: "account".into(),
                token: Some(tokens.access),
                tasks: Vec::new(),
            }]));
        }
        let values = self
            .values(provider, client)
            .await
            .map_err(unready_problem)?;
        let values = values.access(&tokens.access).account_id(&account.identity);
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..LIST_PAGES {
            let request = provider
                .children_request(&values, after.as_deref())
                .map_err(|e| request_problem(&e))?;
            let answer = match self.send(&client.key, request, Limits::default()).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Err(network_hold(&error).into())),
            };
            match provider.read_children(&answer) {
                Ok(page) => {
                    all.extend(page.children);
                    after = page.next.map(String::from);
                }
                Err(refusal) => {
                    return Ok(Err(self.children_refused(account, &refusal).await?));
                }
            }
            if after.is_none() {
                break;
            }
        }
        Ok(Ok(all))
    }

    async fn children_refused(
        self: &Arc<Self>,
        account: &Account,
        refusal: &Refusal,
    ) -> Result<Stop, Internal> {
        let retry_after = refusal.retry_after;
        let why = match (refusal.class, refusal.reason) {
            (Class::Dead, Some(reason)) if reason != EndReason::RoleLost => {
                self.held_by(&account.id, account.grant.generation, reason, refusal)
                    .await?
            }
            (Class::Dead, _) => Hold::Role,
            (Class::ScopeMissing, _) => Hold::Permission { scopes: Vec::new() },
            (Class::RateLimited, _) => Hold::Quota {
                said: refusal.said.clone(),
            },
            _ => Hold::Unreachable {
                why: cant_tell(refusal),
            },
        };
        Ok(Stop { why, retry_after })
    }

    fn failed_for_now(
        &self,
        attempt: Attempt,
        said: String,
        retry_after: Option<TimeDelta>,
    ) -> Event {
        let jitter = TimeDelta::milliseconds(
            i64::try_from(self.ports.random.below(5_000)).unwrap_or_default(),
        );
        Event::FailedForNow {
            attempt,
            said,
            retry_after,
            jitter,
        }
    }

    async fn ask_about(&self, post: &Post) -> Result<(), Internal> {
        let held = matches!(post.state, PostState::Held { .. });
        // A held post is looked at again and again; the person hears of it once.
        if held && !self.store.tell_once(&role_incident(post.id), self.now())? {
            return Ok(());
        }
        let view = self.post_view(post);
        let about = if post.content.text.is_empty() {
            "a picture"
        } else {
            post.content.text.as_str()
        };
        let short: String = about.chars().take(60).collect();
        let notice = ports::Notice {
            incident: format!("post/{}/{}", post.id, view.state),
            title: format!("Post {} needs you", post.id),
            body: format!("“{short}”: {}", view.sentence),
            action: Some(("Show it".into(), Place::of_post(post.id).link())),
        };
        // The queue shows it as well, and `doctor` tells why it was not seen.
        let _ = self.show(notice).await;
        Ok(())
    }

    pub(crate) fn drop_picture(&self, post: &Post) -> Result<(), Internal> {
        if let Some(picture) = &post.content.picture
            && !self.store.picture_in_use(&picture.stored)?
        {
            self.pictures.drop_copy(&picture.stored);
        }
        Ok(())
    }

    pub(crate) fn post_policy(&self, post: &Post) -> PostPolicy {
        let found = self.account(&post.account).ok().and_then(|account| {
            let client = self.client(&account.client).ok()?;
            let provider = self.provider_of(&client).ok()?;
            provider
                .post_kind(post.content.kind())
                .map(|kind| kind.recover.clone())
        });
        match found {
            Some(Recover::Lookup { settle, absent, .. }) => PostPolicy {
                settle,
                resend_when_absent: absent == Absent::Resend,
                ..PostPolicy::default()
            },
            Some(Recover::AskPerson) => PostPolicy {
                can_look_up: false,
                ..PostPolicy::default()
            },
            None => PostPolicy::default(),
        }
    }
}

/// A fault of our own ahead of the request: one that may pass is tried again, one that will not (a
/// picture that is gone, a broken provider file) ends the attempt where the person sees it, and a
/// database that fails is told to the caller instead.
fn fault(attempt: Attempt, Internal(problem): Internal) -> Result<Event, Internal> {
    let said = problem.message.clone();
    match problem.code {
        Code::Database | Code::DatabaseNewer | Code::DiskFull => Err(Internal(problem)),
        // A new database may not have its accounts from the keychain yet.
        Code::NoSuchAccount => Ok(Event::Blocked {
            attempt,
            why: Hold::SignedOut,
            retry_after: None,
        }),
        Code::Unreachable | Code::NotNow => Ok(Event::FailedForNow {
            attempt,
            said,
            retry_after: None,
            jitter: TimeDelta::zero(),
        }),
        Code::KeychainLocked
        | Code::KeychainAbsent
        | Code::KeychainRefused
        | Code::KeychainTimedOut
        | Code::KeychainDamaged => Ok(Event::Blocked {
            attempt,
            why: Hold::Keychain {
                code: "keychain".into(),
                said,
            },
            retry_after: None,
        }),
        _ => Ok(Event::Refused { attempt, said }),
    }
}

/// The same once the request may be out: only a fault that surely came before it is one of these.
fn fault_at_commit(attempt: Attempt, internal: Internal) -> Result<Event, Internal> {
    match internal.0.code {
        Code::BadProviderFile | Code::File => fault(attempt, internal),
        Code::Database | Code::DatabaseNewer | Code::DiskFull => Err(internal),
        _ => Ok(Event::AnswerLost {
            attempt,
            said: internal.0.message,
        }),
    }
}

/// Takes the mark of a delivery back, however it ends.
struct Delivering<'a> {
    engine: &'a Engine,
    id: PostId,
}

impl Drop for Delivering<'_> {
    fn drop(&mut self) {
        lock(&self.engine.delivering).remove(&self.id);
    }
}

pub(crate) fn kind_of<'a>(provider: &'a Provider, name: &str) -> Result<&'a PostKind, Internal> {
    provider.post_kind(name).ok_or_else(|| {
        Internal(Problem::new(
            Code::BadPost,
            format!("{} cannot post a {name} from here", provider.name()),
        ))
    })
}

fn with_content(values: Values, post: &Post, child: &Child) -> Values {
    let values = values
        .child_id(&child.id)
        .post_text(&post.content.text)
        .post_link(post.content.link.clone())
        .key(format!("{}-{}", post.account, post.id));
    match &child.token {
        Some(token) => values.child_token(token),
        None => values,
    }
}

fn may_post(kind: &PostKind, child: &Child) -> bool {
    kind.child_tasks
        .iter()
        .all(|task| child.tasks.contains(task))
}

fn missing_scopes(account: &Account, kind: &PostKind) -> Option<Vec<String>> {
    let granted = account.grant.active()?.facts.scopes.as_ref()?;
    let missing: Vec<_> = kind
        .needs
        .iter()
        .filter(|scope| !granted.contains(*scope))
        .cloned()
        .collect();
    (!missing.is_empty()).then_some(missing)
}

fn commit_step(kind: &PostKind) -> usize {
    kind.steps
        .iter()
        .position(|step| step.commit)
        .unwrap_or_default()
}

fn role_incident(post: PostId) -> String {
    format!("post/{post}/held")
}

fn keychain_hold(error: &KeychainError) -> Hold {
    Hold::Keychain {
        code: error.code().into(),
        said: error.to_string(),
    }
}

fn network_hold(error: &Transport) -> Hold {
    Hold::Unreachable {
        why: CantTell::Network {
            said: error.to_string(),
        },
    }
}

fn hold_unclear(why: CantTell) -> Hold {
    match why {
        CantTell::Keychain { code, said } => Hold::Keychain { code, said },
        CantTell::RateLimited { said } => Hold::Quota { said },
        why => Hold::Unreachable { why },
    }
}

fn said_by(provider: &Provider, refusal: &Refusal) -> String {
    let code = refusal
        .code
        .as_ref()
        .map(|code| format!(" (code {code})"))
        .unwrap_or_default();
    if refusal.said.is_empty() {
        format!("{} answered HTTP {}{code}", provider.name(), refusal.status)
    } else {
        format!("{} says{code}: {}", provider.name(), refusal.said)
    }
}
