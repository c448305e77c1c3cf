//! What fills a request: the closed list of variables, and the values of one use.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::http::Media;
use crate::time::Instant;
use crate::{EndReason, Secret};

/// A name that may stand in braces in a provider file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    ClientId,
    ClientSecret,
    Code,
    Verifier,
    RedirectUri,
    Access,
    Refresh,
    AppToken,
    AccountId,
    ChildId,
    ChildToken,
    PostText,
    PostLink,
    Media,
    Key,
    AttemptStarted,
    Captured(String),
}

/// Every fixed name.
pub(super) const NAMES: &[(&str, Variable)] = &[
    ("client.id", Variable::ClientId),
    ("client.secret", Variable::ClientSecret),
    ("code", Variable::Code),
    ("verifier", Variable::Verifier),
    ("redirect_uri", Variable::RedirectUri),
    ("token.access", Variable::Access),
    ("token.refresh", Variable::Refresh),
    ("app_token", Variable::AppToken),
    ("account.id", Variable::AccountId),
    ("child.id", Variable::ChildId),
    ("child.token", Variable::ChildToken),
    ("post.text", Variable::PostText),
    ("post.link", Variable::PostLink),
    ("media", Variable::Media),
    ("key", Variable::Key),
    ("attempt.started", Variable::AttemptStarted),
];

impl Variable {
    pub fn name(&self) -> &str {
        match self {
            Self::Captured(name) => name,
            fixed => NAMES
                .iter()
                .find(|(_, it)| it == fixed)
                .map_or("", |(name, _)| name),
        }
    }
}

/// The values of one use of a provider. Built step by step; what a request needs and does not
/// find is [`RenderError::Missing`].
#[derive(Clone, Debug, Default)]
pub struct Values {
    client_id: Option<String>,
    client_secret: Option<Secret>,
    code: Option<Secret>,
    verifier: Option<Secret>,
    redirect_uri: Option<String>,
    access: Option<Secret>,
    refresh: Option<Secret>,
    app_token: Option<Secret>,
    account_id: Option<String>,
    child_id: Option<String>,
    child_token: Option<Secret>,
    post_text: Option<String>,
    post_link: Option<String>,
    media: Option<Media>,
    key: Option<String>,
    attempt_started: Option<Instant>,
    captured: BTreeMap<String, String>,
}

impl Values {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `{client.id}`: the app registration's public name.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// `{client.secret}`.
    #[must_use]
    pub fn client_secret(mut self, secret: &Secret) -> Self {
        self.client_secret = Some(secret.clone());
        self
    }

    /// `{code}`: the authorization code of the redirect.
    #[must_use]
    pub fn code(mut self, code: &Secret) -> Self {
        self.code = Some(code.clone());
        self
    }

    /// `{verifier}`: the PKCE code verifier (RFC 7636), 43 to 128 characters.
    #[must_use]
    pub fn verifier(mut self, verifier: &Secret) -> Self {
        self.verifier = Some(verifier.clone());
        self
    }

    /// `{redirect_uri}`: exactly as it stood in the authorization request.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// `{token.access}`: the account's own access token.
    #[must_use]
    pub fn access(mut self, token: &Secret) -> Self {
        self.access = Some(token.clone());
        self
    }

    /// `{token.refresh}`.
    #[must_use]
    pub fn refresh(mut self, token: &Secret) -> Self {
        self.refresh = Some(token.clone());
        self
    }

    /// `{app_token}`. Not needed where the file says how it is composed.
    #[must_use]
    pub fn app_token(mut self, token: &Secret) -> Self {
        self.app_token = Some(token.clone());
        self
    }

    /// `{account.id}`: the identity's id at the provider.
    #[must_use]
    pub fn account_id(mut self, id: impl Into<String>) -> Self {
        self.account_id = Some(id.into());
        self
    }

    /// `{child.id}`: the Page, organisation or blog.
    #[must_use]
    pub fn child_id(mut self, id: impl Into<String>) -> Self {
        self.child_id = Some(id.into());
        self
    }

    /// `{child.token}`: the derived token of that child.
    #[must_use]
    pub fn child_token(mut self, token: &Secret) -> Self {
        self.child_token = Some(token.clone());
        self
    }

    /// `{post.text}`.
    #[must_use]
    pub fn post_text(mut self, text: impl Into<String>) -> Self {
        self.post_text = Some(text.into());
        self
    }

    /// `{post.link}`; `None` leaves `{post.link?}` parameters out.
    #[must_use]
    pub fn post_link(mut self, link: Option<String>) -> Self {
        self.post_link = link;
        self
    }

    /// `{media}`: the file a multipart part carries.
    #[must_use]
    pub fn media(mut self, media: Media) -> Self {
        self.media = Some(media);
        self
    }

    /// `{key}`: a key of our own choice that names this delivery at the provider.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// `{attempt.started}`, rendered as Unix seconds.
    #[must_use]
    pub fn attempt_started(mut self, at: Instant) -> Self {
        self.attempt_started = Some(at);
        self
    }

    /// A value an earlier step captured, as `{name}`.
    #[must_use]
    pub fn captured(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.captured.insert(name.into(), value.into());
        self
    }

    pub(super) fn text(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        let text = match variable {
            Variable::ClientId => self.client_id.as_deref(),
            Variable::ClientSecret => reveal(self.client_secret.as_ref()),
            Variable::Code => reveal(self.code.as_ref()),
            Variable::Verifier => reveal(self.verifier.as_ref()),
            Variable::RedirectUri => self.redirect_uri.as_deref(),
            Variable::Access => reveal(self.access.as_ref()),
            Variable::Refresh => reveal(self.refresh.as_ref()),
            Variable::AppToken => reveal(self.app_token.as_ref()),
            Variable::AccountId => self.account_id.as_deref(),
            Variable::ChildId => self.child_id.as_deref(),
            Variable::ChildToken => reveal(self.child_token.as_ref()),
            Variable::PostText => self.post_text.as_deref(),
            Variable::PostLink => self.post_link.as_deref(),
            Variable::Key => self.key.as_deref(),
            Variable::Captured(name) => self.captured.get(name).map(String::as_str),
            Variable::AttemptStarted => {
                return self
                    .attempt_started
                    .map(|at| Cow::Owned(at.timestamp().to_string()));
            }
            Variable::Media => None,
        };
        text.filter(|text| !text.is_empty()).map(Cow::Borrowed)
    }

    pub(super) fn file(&self) -> Option<&Media> {
        self.media.as_ref()
    }

    pub(super) fn secret_of_client(&self) -> Option<&Secret> {
        self.client_secret.as_ref()
    }

    pub(super) fn started(&self) -> Option<Instant> {
        self.attempt_started
    }

    pub(super) fn has_app_token(&self) -> bool {
        self.app_token.is_some()
    }

    /// Every variable filled with a harmless text, to try a file's addresses at load time.
    pub(super) fn for_trial() -> Self {
        let x = Secret::new("x");
        Self::new()
            .client_id("x")
            .client_secret(&x)
            .code(&x)
            .verifier(&x)
            .redirect_uri("x")
            .access(&x)
            .refresh(&x)
            .app_token(&x)
            .account_id("x")
            .child_id("x")
            .child_token(&x)
            .post_text("x")
            .post_link(Some("x".into()))
            .key("x")
            .attempt_started(Instant::default())
    }
}

fn reveal(secret: Option<&Secret>) -> Option<&str> {
    secret.map(Secret::reveal)
}

/// Why a request could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The caller did not supply a value the file asks for.
    #[error("the request needs `{0}`, which is not known here")]
    Missing(String),
    /// A value that would change the address's path, such as `..`.
    #[error("the value of `{0}` can't stand in an address")]
    NotInAddress(String),
    /// What came out is no address.
    #[error("the address the provider file gives is not valid")]
    Address,
    /// The next page of a list stands at another server; a token must not go there.
    #[error("the next page of the list is at another address than the list itself")]
    ForeignPage,
    /// The provider file has no such request.
    #[error("this provider has no request for {0}")]
    Absent(&'static str),
    /// PKCE verifiers have 43 to 128 unreserved characters (RFC 7636 section 4.1).
    #[error("a PKCE verifier must have 43 to 128 unreserved characters")]
    Verifier,
}

/// The reason behind a word in a file.
pub(super) fn reasons() -> Vec<(&'static str, EndReason)> {
    EndReason::ALL
        .iter()
        .map(|reason| (reason.code(), *reason))
        .collect()
}
