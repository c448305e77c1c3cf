//! The browser trip: where it starts and where it may come back to.

use std::collections::BTreeMap;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use url::Url;

use super::fault::{FileError, nearest};
use super::node::Node;
use super::request::{fill_pairs, read_address, read_pairs};
use super::section::{Section, list, text};
use super::template::{Names, Template};
use super::values::{RenderError, Values};
use crate::Secret;

/// What one authorization request is made of.
#[derive(Clone, Debug)]
pub struct Authorize<'a> {
    /// The app registration's public name.
    pub client_id: &'a str,
    /// Where the answer is to arrive.
    pub redirect_uri: &'a str,
    /// Unguessable, for this sign-in only.
    pub state: &'a Secret,
    /// PKCE verifier of this sign-in; ignored where the provider knows no PKCE.
    pub verifier: Option<&'a Secret>,
    /// What to ask for.
    pub scopes: &'a [String],
    /// True to have the consent page ask again for what was declined before.
    pub rerequest: bool,
}

/// A way the answer may come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectRule {
    /// To a listener on this computer (RFC 8252 section 7.3).
    Loopback {
        /// How the address must be spelled.
        host: LoopbackHost,
        /// Which port.
        port: LoopbackPort,
    },
    /// To a page of the provider whose address the person pastes.
    Paste {
        /// That page.
        url: Url,
    },
}

/// Spelling of the loopback host in a redirect address. The listener itself is always bound to
/// an IP literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackHost {
    /// `127.0.0.1`
    Ip4,
    /// `[::1]`
    Ip6,
    /// `localhost`
    Localhost,
}

impl LoopbackHost {
    /// As it stands in an address.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ip4 => "127.0.0.1",
            Self::Ip6 => "[::1]",
            Self::Localhost => "localhost",
        }
    }
}

/// The port of a loopback redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackPort {
    /// Whichever is free.
    Any,
    /// The registered one.
    Fixed(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pkce {
    Required,
    Supported,
    None,
}

/// `[authorize]`.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRules {
    url: Template,
    pub scopes: Vec<String>,
    pub explain: BTreeMap<String, String>,
    separator: String,
    pub pkce: Pkce,
    pub redirects: Vec<RedirectRule>,
    extra: Vec<(String, Template)>,
    rerequest: Vec<(String, Template)>,
    pub iss: Option<String>,
}

impl AuthorizeRules {
    pub fn read(section: &Section<'_>, names: &Names<'_>) -> Result<Self, FileError> {
        let pkce = [
            ("required", Pkce::Required),
            ("supported", Pkce::Supported),
            ("none", Pkce::None),
        ];
        let rules = Self {
            url: read_address(section.require("url")?, names)?,
            scopes: section.texts("scopes")?,
            explain: BTreeMap::new(),
            separator: section.text("scope_separator")?.unwrap_or(" ").to_owned(),
            pkce: section.word("pkce", &pkce)?.unwrap_or(Pkce::Required),
            redirects: list(section.require("redirect")?)?
                .iter()
                .map(|node| read_redirect(node, names))
                .collect::<Result<_, _>>()?,
            extra: read_pairs(section.get("extra"), names)?,
            rerequest: read_pairs(section.get("rerequest"), names)?,
            iss: section
                .get("iss")
                .map(|node| {
                    Template::read(node, names)?
                        .fill(&Values::new())
                        .map_err(|error| node.place.error(error.to_string()))
                })
                .transpose()?
                .flatten(),
        };
        let explain = section
            .get("explain")
            .map(|node| rules.read_explain(node))
            .transpose()?;
        section.close()?;
        if rules.redirects.is_empty() {
            return Err(section.place.error(
                "`redirect` is empty; write [\"loopback:127.0.0.1\"] or [\"paste:https://…\"]",
            ));
        }
        Ok(Self {
            explain: explain.unwrap_or_default(),
            ..rules
        })
    }

    fn read_explain(&self, node: &Node) -> Result<BTreeMap<String, String>, FileError> {
        let each = |(scope, node): &(String, Node)| {
            if self.scopes.contains(scope) {
                return Ok((scope.clone(), text(node)?.to_owned()));
            }
            Err(node.place.error(
                match nearest(scope, self.scopes.iter().map(String::as_str)) {
                    Some(meant) => format!("`{scope}` is not in `scopes`; did you mean `{meant}`?"),
                    None => format!("`{scope}` is not in `scopes`; add it there or leave it out"),
                },
            ))
        };
        Section::of(node)?.free().iter().map(each).collect()
    }

    pub fn url(&self, ask: &Authorize<'_>) -> Result<Url, RenderError> {
        let values = Values::new()
            .client_id(ask.client_id)
            .redirect_uri(ask.redirect_uri);
        let url = self.url.fill_address(&values)?;
        let redirect =
            RedirectUrl::new(ask.redirect_uri.to_owned()).map_err(|_| RenderError::Address)?;
        let client = BasicClient::new(ClientId::new(ask.client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(url))
            .set_redirect_uri(redirect);
        let state = CsrfToken::new(ask.state.reveal().to_owned());
        let mut request = client.authorize_url(move || state);
        if self.separator == " " {
            request = request.add_scopes(ask.scopes.iter().cloned().map(Scope::new));
        } else if !ask.scopes.is_empty() {
            request = request.add_extra_param("scope", ask.scopes.join(&self.separator));
        }
        if self.pkce != Pkce::None {
            match ask.verifier {
                Some(verifier) => request = request.set_pkce_challenge(challenge(verifier)?),
                None if self.pkce == Pkce::Required => {
                    return Err(RenderError::Missing("verifier".into()));
                }
                None => {}
            }
        }
        let mut extra = fill_pairs(&self.extra, &values)?;
        if ask.rerequest {
            extra.extend(fill_pairs(&self.rerequest, &values)?);
        }
        for (name, value) in extra {
            request = request.add_extra_param(name, value);
        }
        Ok(request.url().0)
    }
}

/// S256 (RFC 7636 section 4.2).
fn challenge(verifier: &Secret) -> Result<PkceCodeChallenge, RenderError> {
    let text = verifier.reveal();
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    // The crate panics on other lengths.
    if !plain || !(43..=128).contains(&text.len()) {
        return Err(RenderError::Verifier);
    }
    let verifier = PkceCodeVerifier::new(text.to_owned());
    Ok(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
}

/// `loopback:127.0.0.1`, `loopback:[::1]:8080`, `loopback:localhost` or `paste:https://…`.
fn read_redirect(node: &Node, names: &Names<'_>) -> Result<RedirectRule, FileError> {
    let filled = Template::read(node, names)?.fill(&Values::new());
    let filled = filled
        .map_err(|error| node.place.error(error.to_string()))?
        .unwrap_or_default();
    let wrong = || {
        node.place.error(format!(
            "\"{filled}\" is not a redirect; write \"loopback:127.0.0.1\", \"loopback:[::1]\", \
             \"loopback:localhost\" (each with or without \":PORT\") or \"paste:https://…\""
        ))
    };
    if let Some(address) = filled.strip_prefix("paste:") {
        return Url::parse(address)
            .map(|url| RedirectRule::Paste { url })
            .map_err(|_| wrong());
    }
    let rest = filled.strip_prefix("loopback:").ok_or_else(wrong)?;
    let hosts = [
        LoopbackHost::Ip4,
        LoopbackHost::Ip6,
        LoopbackHost::Localhost,
    ];
    let (host, port) = hosts
        .into_iter()
        .find_map(|host| rest.strip_prefix(host.text()).map(|port| (host, port)))
        .ok_or_else(wrong)?;
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => LoopbackPort::Any,
        Some(number) => LoopbackPort::Fixed(number.parse().map_err(|_| wrong())?),
        None => return Err(wrong()),
    };
    Ok(RedirectRule::Loopback { host, port })
}
