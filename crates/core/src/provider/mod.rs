//! Provider files: what a service expects, as data.
//!
//! A file is read into a tree that knows its lines (`node`), checked into [`Provider`], and from
//! then on only builds requests and reads answers. Nothing here knows a provider by name, sends
//! anything or looks at a clock. `providers/README.md` describes the format for those who write it.

mod ask;
mod authorize;
mod catalogue;
mod check;
mod client;
mod error_rule;
mod explain;
mod fault;
mod file;
mod identity;
mod lifecycle;
mod limit;
mod load;
mod moment;
mod node;
mod pointer;
mod post;
mod recover;
mod refusal;
mod request;
mod rules;
mod section;
pub mod shipped;
mod standard;
mod success;
mod template;
mod token;
mod usage;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::Value as Json;
use url::Url;

pub use authorize::{Authorize, LoopbackHost, LoopbackPort, RedirectRule};
pub use catalogue::Catalogue;
pub use check::{CheckReading, Facts};
pub use client::{ClientRules, Registration, SecretRule};
pub use fault::FileError;
pub use file::ProviderFile;
pub use identity::{Child, ChildPage, Identity};
pub use lifecycle::{Credential, ExchangeRules, Lifecycle, RenewRules, Reuse};
pub use limit::{TextLimit, TextUnit};
pub use post::{Captures, MediaRules, PostKind, Recover, Recovered, Step};
pub use recover::Absent;
pub use refusal::{Class, Phase, Refusal, clean};
pub use shipped::SHIPPED;
pub use token::TokenAnswer;
pub use values::{RenderError, Values};

use crate::http::{Request, Response};
use crate::{Instant, Secret};
use authorize::Pkce;
use error_rule::Seen;
use load::Parts;
use values::Variable;

/// A provider as its file describes it, checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Provider(Arc<Parts>);

/// How the app's own token comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppToken {
    /// Composed from id and secret; requests that need it compose it themselves.
    Composed,
    /// Asked for with [`Provider::app_token_request`] and put into [`Values::app_token`].
    Requested,
}

impl Provider {
    /// Reads and checks a file. `file` names it in messages ("providers/x.toml").
    ///
    /// Errors: the first fault, with line, field and fix.
    pub fn parse(file: &str, text: &str) -> Result<ProviderFile, FileError> {
        ProviderFile::parse(file, text)
    }

    /// The same provider with other values in `[vars]`.
    ///
    /// Errors: a variable the file does not have, or a value that makes no safe address.
    pub fn with_vars(&self, overrides: &BTreeMap<String, String>) -> Result<Self, FileError> {
        load::load(self.0.document.clone(), overrides).map(|parts| Self(Arc::new(parts)))
    }

    /// Short name in files and commands.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// `[vars]`, resolved.
    pub fn vars(&self) -> &BTreeMap<String, String> {
        &self.0.vars
    }

    /// What the provider wants to know of the app.
    pub fn client(&self) -> &ClientRules {
        &self.0.client
    }

    /// What is asked for at sign-in.
    pub fn scopes(&self) -> &[String] {
        self.0
            .authorize
            .as_ref()
            .map(|it| it.scopes.as_slice())
            .unwrap_or_default()
    }

    /// What a scope is for, in plain words.
    pub fn scope_explanation(&self, scope: &str) -> Option<&str> {
        self.0
            .authorize
            .as_ref()?
            .explain
            .get(scope)
            .map(String::as_str)
    }

    /// How its tokens live.
    pub fn lifecycle(&self) -> &[Lifecycle] {
        &self.0.lifecycle
    }

    /// The day somebody last compared the file with the provider's documents.
    pub fn facts_checked_on(&self) -> NaiveDate {
        self.0.facts_checked_on
    }

    /// Those documents.
    pub fn sources(&self) -> &[String] {
        &self.0.sources
    }

    /// Where the browser may come back to, best first.
    pub fn redirects(&self) -> &[RedirectRule] {
        self.0
            .authorize
            .as_ref()
            .map(|it| it.redirects.as_slice())
            .unwrap_or_default()
    }

    /// The issuer that must stand in the redirect's `iss` (RFC 9207), where it is announced.
    pub fn announces_iss(&self) -> Option<&str> {
        self.0.authorize.as_ref()?.iss.as_deref()
    }

    /// True if a PKCE verifier is to be made for a sign-in.
    pub fn uses_pkce(&self) -> bool {
        self.0
            .authorize
            .as_ref()
            .is_some_and(|it| it.pkce != Pkce::None)
    }

    /// Where the browser goes.
    pub fn authorize_url(&self, ask: &Authorize<'_>) -> Result<Url, RenderError> {
        let rules = self
            .0
            .authorize
            .as_ref()
            .ok_or(RenderError::Absent("signing in"))?;
        rules.url(ask)
    }

    /// What an error in the redirect's parameters means. `params` are the redirect's own.
    pub fn refused_at_authorize(&self, params: &BTreeMap<String, String>) -> Refusal {
        let json = params
            .iter()
            .map(|(key, it)| (key.clone(), Json::from(it.clone())))
            .collect();
        let response = Response {
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
        };
        let seen = Seen {
            phase: Phase::Authorize,
            response: &response,
            json: Some(&Json::Object(json)),
        };
        self.0.shared.rules.classify(&seen)
    }

    /// Code for token.
    pub fn token_request(&self, values: &Values) -> Result<Request, RenderError> {
        self.0.token.0.render(values, &self.0.shared.common)
    }

    /// Reads the answer to [`Self::token_request`], [`Self::exchange_request`] or
    /// [`Self::renew_request`], as `phase` says.
    ///
    /// Errors: a refusal; an answer without a usable token is one of [`Class::Unknown`].
    pub fn read_token(
        &self,
        phase: Phase,
        response: &Response,
        now: Instant,
    ) -> Result<TokenAnswer, Refusal> {
        let layout = match phase {
            Phase::Exchange => self.0.exchange.as_ref().map(|it| &it.1),
            Phase::Renew => self.0.renew.as_ref().map(|it| &it.1),
            Phase::AppToken => self.0.app_token.as_ref().map(|it| &it.1),
            _ => None,
        };
        let layout = layout.unwrap_or(&self.0.token.1);
        self.read(phase, response, |_| layout.take(response, now))
    }

    /// Whether a short-lived token is to be exchanged for a long-lived one.
    pub fn exchange(&self) -> Option<&ExchangeRules> {
        self.0.exchange.as_ref().map(|it| &it.2)
    }

    /// Short-lived for long-lived token.
    pub fn exchange_request(&self, values: &Values) -> Result<Request, RenderError> {
        let (ask, ..) = self
            .0
            .exchange
            .as_ref()
            .ok_or(RenderError::Absent("an exchange"))?;
        ask.render(values, &self.0.shared.common)
    }

    /// Whether and how a token is renewed without the person.
    pub fn renew(&self) -> Option<&RenewRules> {
        self.0.renew.as_ref().map(|it| &it.2)
    }

    /// A new token without the person.
    pub fn renew_request(&self, values: &Values) -> Result<Request, RenderError> {
        let (ask, ..) = self
            .0
            .renew
            .as_ref()
            .ok_or(RenderError::Absent("a renewal"))?;
        ask.render(values, &self.0.shared.common)
    }

    /// Asks whether a token is good. Without a `[check]` in the file, who-am-I is the check.
    pub fn check_request(&self, values: &Values) -> Result<Request, RenderError> {
        match &self.0.check {
            Some((ask, _)) => ask.render(values, &self.0.shared.common),
            None => self.identity_request(values),
        }
    }

    /// Reads the answer to [`Self::check_request`]. `client_id` is the one the check was asked
    /// with: an answer about another app's token says nothing about ours.
    pub fn read_check(&self, response: &Response, client_id: &str, now: Instant) -> CheckReading {
        if !response.is_success() {
            let refusal = self.classify(Phase::Check, response);
            return match (refusal.class, refusal.reason) {
                (Class::Dead, Some(reason)) => CheckReading::Dead {
                    reason,
                    said: refusal.said,
                },
                _ => CheckReading::CantTell(refusal),
            };
        }
        let Some((_, layout)) = &self.0.check else {
            return match self.read_identity(response) {
                Ok(who) => CheckReading::Good(Facts {
                    account: Some(who.id),
                    ..Facts::default()
                }),
                Err(Refusal {
                    class: Class::Dead,
                    reason: Some(reason),
                    said,
                    ..
                }) => CheckReading::Dead { reason, said },
                Err(refusal) => CheckReading::CantTell(refusal),
            };
        };
        layout.judge(response, client_id, now, &self.0.shared.rules)
    }

    /// Asks whose token it is.
    pub fn identity_request(&self, values: &Values) -> Result<Request, RenderError> {
        self.0.identity.0.render(values, &self.0.shared.common)
    }

    /// Whose token it is. Errors: a refusal.
    pub fn read_identity(&self, response: &Response) -> Result<Identity, Refusal> {
        self.read(Phase::Identity, response, |_| {
            self.0
                .identity
                .1
                .take(response)
                .ok_or("The service's answer names nobody.")
        })
    }

    /// True if accounts have Pages, organisations, blogs or channels.
    pub fn has_children(&self) -> bool {
        self.0.children.is_some()
    }

    /// Lists them; `after` is [`ChildPage::next`] of the page before.
    ///
    /// Errors: also a next page at another server, where the token must not go.
    pub fn children_request(
        &self,
        values: &Values,
        after: Option<&str>,
    ) -> Result<Request, RenderError> {
        let (ask, _) = self
            .0
            .children
            .as_ref()
            .ok_or(RenderError::Absent("a list of children"))?;
        let mut request = ask.render(values, &self.0.shared.common)?;
        if let Some(after) = after {
            let next = Url::parse(after).map_err(|_| RenderError::Address)?;
            if next.origin() != request.url.origin() {
                return Err(RenderError::ForeignPage);
            }
            let ours: Vec<_> = request
                .url
                .query_pairs()
                .filter(|(name, _)| name == "appsecret_proof" || name == "access_token")
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            request.url = next;
            if !ours.is_empty() {
                request.url.query_pairs_mut().extend_pairs(ours);
            }
        }
        Ok(request)
    }

    /// One page of the list. Errors: a refusal.
    pub fn read_children(&self, response: &Response) -> Result<ChildPage, Refusal> {
        self.read(Phase::Children, response, |_| {
            let layout = self.0.children.as_ref().map(|it| &it.1);
            layout
                .and_then(|it| it.take(response))
                .ok_or("The service's answer is not a list.")
        })
    }

    /// Ends the sign-in at the provider; `None` if it offers no way.
    pub fn revoke_request(&self, values: &Values) -> Option<Result<Request, RenderError>> {
        let (ask, _) = self.0.revoke.as_ref()?;
        Some(ask.render(values, &self.0.shared.common))
    }

    /// Whether the provider took the revocation. Only a check tells that it works.
    pub fn read_revoke(&self, response: &Response) -> Result<(), Refusal> {
        self.read(Phase::Revoke, response, |json| {
            let success = self.0.revoke.as_ref().map(|it| &it.1);
            success
                .is_none_or(|it| it.holds(json))
                .then_some(())
                .ok_or("The service did not confirm that the sign-in was ended.")
        })
    }

    /// How the app's own token comes about, where one is needed.
    pub fn app_token(&self) -> Option<AppToken> {
        if self.0.shared.common.app_token.is_some() {
            Some(AppToken::Composed)
        } else {
            self.0.app_token.as_ref().map(|_| AppToken::Requested)
        }
    }

    /// The composed app token.
    pub fn app_token_value(&self, values: &Values) -> Option<Result<Secret, RenderError>> {
        let filled = self.0.shared.common.app_token.as_ref()?.fill(values);
        Some(filled.map(|text| Secret::new(text.unwrap_or_default())))
    }

    /// Asks for the app token; its answer is read by [`Self::read_token`].
    pub fn app_token_request(&self, values: &Values) -> Option<Result<Request, RenderError>> {
        let (ask, _) = self.0.app_token.as_ref()?;
        Some(ask.render(values, &self.0.shared.common))
    }

    /// What can be posted.
    pub fn post_kinds(&self) -> &[PostKind] {
        &self.0.posts
    }

    /// The kind of that name.
    pub fn post_kind(&self, name: &str) -> Option<&PostKind> {
        self.0.posts.iter().find(|kind| kind.name == name)
    }

    /// What an answer that is no success means: the file's rules in order, then the standards'.
    pub fn classify(&self, phase: Phase, response: &Response) -> Refusal {
        let json = response.json();
        let seen = Seen {
            phase,
            response,
            json: json.as_ref(),
        };
        self.by_asker(phase, self.0.shared.rules.classify(&seen))
    }

    /// How much of its quota the app has used, in percent, where the answer says it.
    pub fn usage(&self, response: &Response) -> Option<u32> {
        self.0
            .usage
            .iter()
            .filter_map(|rule| rule.highest(response))
            .max()
    }

    /// A check asked with the app's own token that is refused as a whole speaks of that token,
    /// not of the one asked about.
    fn by_asker(&self, phase: Phase, refusal: Refusal) -> Refusal {
        let asks_as_app = self
            .0
            .check
            .as_ref()
            .is_some_and(|(ask, _)| ask.uses(&Variable::AppToken));
        let of_app = (phase == Phase::Check && asks_as_app) || phase == Phase::AppToken;
        if of_app && refusal.class == Class::Dead {
            Refusal {
                class: Class::ClientRejected,
                reason: None,
                ..refusal
            }
        } else {
            refusal
        }
    }

    fn read<T>(
        &self,
        phase: Phase,
        response: &Response,
        take: impl FnOnce(Option<&Json>) -> Result<T, &'static str>,
    ) -> Result<T, Refusal> {
        let json = response.json();
        let seen = Seen {
            phase,
            response,
            json: json.as_ref(),
        };
        self.0
            .shared
            .refuse(&seen)
            .map_err(|refusal| self.by_asker(phase, refusal))?;
        take(json.as_ref()).map_err(|why| self.0.shared.rules.nonsense(&seen, why))
    }
}
