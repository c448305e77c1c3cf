//! States as they are shown.

use std::collections::HashMap;

use evergrant_core::command::{
    AccountView, DiaryView, GuideView, LastCheckView, MediaView, PostKindView, PostView, Problem,
    ProviderView, ReasonView, TextLimitView,
};
use evergrant_core::happening::Happening;
use evergrant_core::ids::{AccountId, ChildId};
use evergrant_core::post::{Post, PostState};
use evergrant_core::provider::{ClientRules, Lifecycle, PostKind, Provider, SecretRule};
use evergrant_core::{Instant, Zone};
use url::{Host, Url};

use crate::engine::{Engine, Internal};
use crate::sign_in::{client_key, redirect_to_register};
use crate::store::{Account, DiaryFilter, account_state_name, post_state_name};

impl Engine {
    pub(crate) fn account_view(&self, account: &Account) -> Result<AccountView, Internal> {
        let client = self.client(&account.client)?;
        let name_of = |provider: &Provider| provider.name().to_owned();
        // A broken provider file is told elsewhere; the account is still shown.
        let provider = self.provider_of(&client).ok();
        let grant = &account.grant;
        let active = grant.active();
        let reason = grant.ended().map(|ended| ReasonView::from(ended.reason));
        let last_check = match (active, grant.ended()) {
            (Some(active), _) => Some(match &active.checked.unclear {
                None => LastCheckView {
                    at: active.checked.asked,
                    result: "good".into(),
                    sentence: Happening::Checked.sentence(),
                },
                Some(why) => LastCheckView {
                    at: active.checked.asked,
                    result: "cant_tell".into(),
                    sentence: Happening::CheckUnclear { why: why.clone() }.sentence(),
                },
            }),
            (None, Some(ended)) => Some(LastCheckView {
                at: ended.since,
                result: "dead".into(),
                sentence: ended.reason.sentence().into(),
            }),
            (None, None) => None,
        };
        let policy = provider
            .as_deref()
            .map(|provider| self.policy_of(provider))
            .unwrap_or_default();
        Ok(AccountView {
            id: account.id.clone(),
            provider: client.provider.clone(),
            provider_name: provider
                .as_deref()
                .map_or_else(|| client.provider.clone(), name_of),
            name: account.name.clone(),
            identity: account.identity.clone(),
            state: account_state_name(&grant.state).into(),
            reason,
            expires: active.map(|active| active.facts.expiry),
            data_access_ends: active.map(|active| active.facts.data_access_ends),
            issued_at: active.and_then(|active| active.facts.issued_at),
            signed_in_at: active.map(|active| active.since),
            last_check,
            unreachable_since: active.and_then(|active| active.unreachable_since),
            remember: grant.remember,
            forget_at: active.and_then(|active| active.forget_at),
            scopes: active
                .and_then(|active| active.facts.scopes.clone())
                .map(|scopes| scopes.into_iter().collect())
                .unwrap_or_default(),
            missing_scopes: grant.missing_scopes(&policy),
            generation: grant.generation.0,
            held_posts: self.store.held_posts(&account.id)?,
        })
    }

    pub(crate) fn account_views(&self) -> Result<Vec<AccountView>, Internal> {
        self.store
            .accounts()?
            .iter()
            .map(|account| self.account_view(account))
            .collect()
    }

    /// The names that a whole queue is shown with, read once.
    pub(crate) fn names(&self) -> Result<Names, Internal> {
        self.names_of(self.store.accounts()?)
    }

    pub(crate) fn post_view(&self, post: &Post) -> PostView {
        let account = self.store.account(&post.account).ok().flatten();
        // A post is shown also when the names cannot be had.
        self.names_of(account).unwrap_or_default().view(post)
    }

    fn names_of(&self, accounts: impl IntoIterator<Item = Account>) -> Result<Names, Internal> {
        let mut names = Names::default();
        for account in accounts {
            for child in self.store.children(&account.id)? {
                names
                    .targets
                    .insert((account.id.clone(), child.id), child.name);
            }
            names.accounts.insert(account.id, account.name);
        }
        Ok(names)
    }

    pub(crate) fn diary(&self, filter: &DiaryFilter) -> Result<Vec<DiaryView>, Internal> {
        let lines = self.store.diary(filter)?;
        Ok(lines
            .into_iter()
            .map(|line| DiaryView {
                at: line.at,
                account: line.account,
                post: line.post,
                sentence: line.happening.sentence(),
                happening: line.happening,
            })
            .collect())
    }

    /// What a provider wants before an account can be connected.
    pub(crate) fn guide(&self, id: &str) -> Result<GuideView, Problem> {
        let provider = self.provider(id)?;
        let client = provider.client();
        let redirects: Vec<_> = provider
            .redirects()
            .iter()
            .map(|rule| redirect_to_register(rule, id))
            .collect();
        let scopes = provider.scopes().iter().map(|scope| {
            (
                scope.clone(),
                provider
                    .scope_explanation(scope)
                    .unwrap_or_default()
                    .to_owned(),
            )
        });
        Ok(GuideView {
            provider: id.to_owned(),
            name: provider.name().to_owned(),
            needs_client: client.built_in.is_none(),
            has_client: self.has_client(provider)?,
            needs_secret: needs_secret(client),
            steps: client.steps(
                redirects.first().map_or("", String::as_str),
                provider.scopes(),
            ),
            redirects,
            scopes: scopes.collect(),
            lifetime: lifetime(provider),
        })
    }
}

impl Engine {
    /// All providers, with what can be posted there.
    pub(crate) fn provider_views(&self) -> Result<Vec<ProviderView>, Problem> {
        let ids: Vec<&str> = self.catalogue.ids().collect();
        ids.into_iter()
            .map(|id| {
                let provider = self.provider(id)?;
                let client = provider.client();
                Ok(ProviderView {
                    id: id.to_owned(),
                    name: provider.name().to_owned(),
                    is_practice: is_here(provider),
                    needs_client: client.built_in.is_none(),
                    has_client: self.has_client(provider)?,
                    needs_secret: needs_secret(client),
                    lifetime: lifetime(provider),
                    kinds: provider.post_kinds().iter().map(kind_view).collect(),
                })
            })
            .collect()
    }

    fn has_client(&self, provider: &Provider) -> Result<bool, Problem> {
        let key = client_key(provider.id(), &std::collections::BTreeMap::new());
        let known = self.store.client(&key).map_err(Internal::from)?;
        Ok(provider.client().built_in.is_some() || known.is_some())
    }
}

fn needs_secret(client: &ClientRules) -> bool {
    client.secret == SecretRule::Required && client.built_in.is_none()
}

/// True if all its addresses are on this computer.
fn is_here(provider: &Provider) -> bool {
    let mut addresses = provider
        .vars()
        .values()
        .filter_map(|text| Url::parse(text).ok())
        .peekable();
    addresses.peek().is_some()
        && addresses.all(|address| match address.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        })
}

fn kind_view(kind: &PostKind) -> PostKindView {
    PostKindView {
        name: kind.name.clone(),
        text_limit: TextLimitView {
            count: kind.limit.count,
            unit: kind.limit.unit,
        },
        takes_link: kind.takes_link,
        media: kind.media.as_ref().map(|media| MediaView {
            types: media.types.clone(),
            max_bytes: media.max_bytes,
        }),
    }
}

/// Names of accounts and of their children.
#[derive(Default)]
pub(crate) struct Names {
    accounts: HashMap<AccountId, String>,
    targets: HashMap<(AccountId, ChildId), String>,
}

impl Names {
    pub(crate) fn view(&self, post: &Post) -> PostView {
        let account_name = self.accounts.get(&post.account).unwrap_or(&post.account.0);
        let target = (post.account.clone(), post.target.clone());
        let target_name = self.targets.get(&target).unwrap_or(&post.target.0);
        let (remote_id, url) = match &post.state {
            PostState::Posted { remote_id, url, .. } => (
                Some(remote_id.clone()).filter(|id| !id.is_empty()),
                url.clone(),
            ),
            _ => (None, None),
        };
        PostView {
            id: post.id,
            account: post.account.clone(),
            account_name: account_name.clone(),
            target: post.target.clone(),
            target_name: target_name.clone(),
            text: post.content.text.clone(),
            link: post.content.link.clone(),
            picture: post
                .content
                .picture
                .as_ref()
                .map(|picture| picture.name.clone()),
            due: post.due,
            zone: post.zone.clone(),
            due_local: local(post.due, &post.zone),
            late_limit: post.late_limit,
            state: post_state_name(&post.state).into(),
            sentence: sentence(post),
            needs_person: needs_person(&post.state),
            next_look: post.wake_at(),
            attempts: post.attempts,
            remote_id,
            url,
        }
    }
}

/// A time in a zone, as a person writes it.
fn local(at: Instant, zone: &str) -> String {
    let zone: Zone = zone.parse().unwrap_or(Zone::UTC);
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

fn lifetime(provider: &Provider) -> String {
    let exchanged = provider.lifecycle().contains(&Lifecycle::Exchange);
    match provider.exchange().and_then(|rules| rules.about) {
        Some(about) if exchanged => {
            format!(
                "A sign-in lives about {} days; then it takes one click.",
                about.num_days()
            )
        }
        _ if provider.renew().is_some() => "A sign-in is renewed by itself.".into(),
        _ => "A sign-in lives until the service ends it.".into(),
    }
}

pub(crate) fn needs_person(state: &PostState) -> bool {
    match state {
        PostState::Held { why, .. } => why.needs_person(),
        PostState::Uncertain {
            ask_person,
            look_at,
            ..
        } => *ask_person || look_at.is_none(),
        PostState::Missed { .. } | PostState::Failed { .. } => true,
        PostState::Queued
        | PostState::Sending(_)
        | PostState::Posted { .. }
        | PostState::Retrying { .. }
        | PostState::Cancelled { .. } => false,
    }
}

fn sentence(post: &Post) -> String {
    let id = post.id;
    match &post.state {
        PostState::Queued => format!(
            "Goes out on {} ({}).",
            local(post.due, &post.zone),
            post.zone
        ),
        PostState::Held { why, .. } => why.sentence(),
        PostState::Sending(_) => "Is being sent.".into(),
        PostState::Posted { remote_id, url, .. } => Happening::Posted {
            remote_id: remote_id.clone(),
            url: url.clone(),
        }
        .sentence(),
        PostState::Retrying { at, said, .. } => {
            format!(
                "Tried again on {} ({}): {said}.",
                local(*at, &post.zone),
                post.zone
            )
        }
        PostState::Failed { said, .. } => format!(
            "Refused: {}. Change it, or try again with `evergrant queue send {id}`.",
            said.trim_end_matches('.')
        ),
        PostState::Uncertain {
            ask_person: true, ..
        } => format!(
            "Nobody can tell whether it went out. Look at the Page, then say \
             `evergrant queue settle {id} --posted` or `--not-posted`."
        ),
        PostState::Uncertain {
            look_at: Some(at), ..
        } => format!(
            "The answer was lost; the service is asked on {} ({}).",
            local(*at, &post.zone),
            post.zone
        ),
        PostState::Uncertain { .. } => {
            "The answer was lost; the service is asked as soon as you are signed in again.".into()
        }
        PostState::Missed { .. } => format!(
            "Too late to go out by itself. Send it with `evergrant queue send {id}`, or give it \
             another time with `evergrant queue move {id}`."
        ),
        PostState::Cancelled { .. } => Happening::PostCancelled.sentence(),
    }
}
