//! From a tree of values to a checked provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::ask::{Ask, Fallback};
use super::authorize::AuthorizeRules;
use super::check::CheckLayout;
use super::client::{ClientAuth, ClientRules};
use super::error_rule::Rules;
use super::fault::{FileError, nearest};
use super::identity::{ChildLayout, IdentityLayout};
use super::lifecycle::{ExchangeRules, Lifecycle, RenewRules};
use super::node::{Node, Value};
use super::post::PostKind;
use super::request::{Common, read_pairs};
use super::rules::Shared;
use super::section::{Section, expected, list, text, word};
use super::standard::Standard;
use super::success::Success;
use super::template::{Names, Template, resolve};
use super::token::TokenLayout;
use super::usage::UsageRule;
use super::values::{Values, Variable};

/// The newest `schema` understood.
pub(super) const SCHEMA: u64 = 1;

/// Everything a provider file says, checked.
#[derive(Debug)]
pub(super) struct Parts {
    pub document: Node,
    pub id: String,
    pub name: String,
    pub lifecycle: Vec<Lifecycle>,
    pub facts_checked_on: NaiveDate,
    pub sources: Vec<String>,
    pub vars: BTreeMap<String, String>,
    pub client: ClientRules,
    pub authorize: Option<AuthorizeRules>,
    pub token: (Ask, TokenLayout),
    pub exchange: Option<(Ask, TokenLayout, ExchangeRules)>,
    pub renew: Option<(Ask, TokenLayout, RenewRules)>,
    pub check: Option<(Ask, CheckLayout)>,
    pub identity: (Ask, IdentityLayout),
    pub children: Option<(Ask, ChildLayout)>,
    pub revoke: Option<(Ask, Success)>,
    pub app_token: Option<(Ask, TokenLayout)>,
    pub posts: Vec<PostKind>,
    pub usage: Vec<UsageRule>,
    pub shared: Arc<Shared>,
}

const OF_CLIENT: [Variable; 2] = [Variable::ClientId, Variable::ClientSecret];
const OF_CODE: [Variable; 5] = [
    Variable::ClientId,
    Variable::ClientSecret,
    Variable::Code,
    Variable::Verifier,
    Variable::RedirectUri,
];
const OF_TOKEN: [Variable; 6] = [
    Variable::ClientId,
    Variable::ClientSecret,
    Variable::Access,
    Variable::Refresh,
    Variable::AppToken,
    Variable::AccountId,
];

pub(super) fn load(
    document: Node,
    overrides: &BTreeMap<String, String>,
) -> Result<Parts, FileError> {
    let top = Section::of(&document)?;
    top.get("schema");
    let id = read_id(&top)?;
    let name = top.require_text("name")?.to_owned();
    let lifecycle = read_lifecycle(&top)?;
    let facts_checked_on = read_date(top.require("facts_checked_on")?)?;
    let sources = top.texts("sources")?;
    let vars = read_vars(&top, overrides)?;
    let names = |allowed: &[Variable]| Names {
        vars: &vars,
        allowed: allowed.to_vec(),
        captured: Vec::new(),
    };
    let client = ClientRules::read(&Section::of(top.require("client")?)?, &names(&[]))?;
    let authorize = top
        .section("authorize")?
        .map(|section| AuthorizeRules::read(&section, &names(&[])))
        .transpose()?;
    let standard = |kind, url| Fallback {
        kind,
        auth: client.auth,
        url,
    };

    let section = Section::of(top.require("token")?)?;
    let token = (
        Ask::read(
            &section,
            &names(&OF_CODE),
            Some(&standard(Standard::Code, None)),
        )?,
        TokenLayout::read(&section)?,
    );
    section.close()?;
    let token_url = token.0.url().cloned();
    let token_url = token_url.as_ref();

    let exchange = match top.section("exchange")? {
        None => None,
        Some(section) => {
            let read = (
                Ask::read(&section, &names(&OF_TOKEN), None)?,
                TokenLayout::read(&section)?,
                ExchangeRules {
                    about: section.duration("about")?,
                },
            );
            section.close()?;
            Some(read)
        }
    };
    let renew = match top.section("renew")? {
        None => None,
        Some(section) => {
            let fallback = standard(Standard::Refresh, token_url);
            let read = (
                Ask::read(&section, &names(&OF_TOKEN), Some(&fallback))?,
                TokenLayout::read(&section)?,
                RenewRules::read(&section)?,
            );
            section.close()?;
            Some(read)
        }
    };
    let (composed, app_token) = read_app_token(&top, &names(&OF_CLIENT), token_url, client.auth)?;
    let check = match top.section("check")? {
        None => None,
        Some(section) => {
            let fallback = standard(Standard::Introspect, None);
            let ask = Ask::read(&section, &names(&OF_TOKEN), Some(&fallback))?;
            if ask.uses(&Variable::AppToken) && composed.is_none() && app_token.is_none() {
                return Err(section.place.error(
                    "the check uses {app_token}; add [app_token] with `value` or `request`",
                ));
            }
            let read = (ask, CheckLayout::read(&section)?);
            section.close()?;
            Some(read)
        }
    };
    let layouts = [
        ("token", Some(&token.1)),
        ("exchange", exchange.as_ref().map(|it| &it.1)),
        ("renew", renew.as_ref().map(|it| &it.1)),
    ];
    let asking = layouts
        .into_iter()
        .find(|(_, it)| it.is_some_and(TokenLayout::asks));
    if let (Some((key, _)), None) = (asking, &check) {
        return Err(top
            .require(key)?
            .place
            .error("a missing end is to be asked for (\"ask\"), but there is no [check] to ask"));
    }
    let section = Section::of(top.require("identity")?)?;
    let identity = (
        Ask::read(&section, &names(&OF_TOKEN), None)?,
        IdentityLayout::read(&section)?,
    );
    section.close()?;
    let children = match top.section("children")? {
        None => None,
        Some(section) => {
            let read = (
                Ask::read(&section, &names(&OF_TOKEN), None)?,
                ChildLayout::read(&section)?,
            );
            section.close()?;
            Some(read)
        }
    };
    let revoke = match top.section("revoke")? {
        None => None,
        Some(section) => {
            let fallback = standard(Standard::Revoke, None);
            let read = (
                Ask::read(&section, &names(&OF_TOKEN), Some(&fallback))?,
                Success::read(section.get("success"))?,
            );
            section.close()?;
            Some(read)
        }
    };
    let common = Common {
        headers: read_pairs(top.get("headers"), &names(&[]))?
            .into_iter()
            .map(|(name, value)| {
                let value = value
                    .fill(&Values::new())
                    .ok()
                    .flatten()
                    .unwrap_or_default();
                (name.to_ascii_lowercase(), value)
            })
            .collect(),
        appsecret_proof: read_hooks(&top)?,
        app_token: composed,
    };
    let refusal = top.section("refusal")?;
    let rules = Rules::read(refusal.as_ref(), &top.sections("error")?)?;
    let shared = Arc::new(Shared { common, rules });
    let scopes = authorize
        .as_ref()
        .map(|it| it.scopes.as_slice())
        .unwrap_or_default();
    let posts = read_posts(&top, &vars, &shared, scopes, children.is_some())?;
    let usage = top
        .sections("usage")?
        .iter()
        .map(UsageRule::read)
        .collect::<Result<_, _>>()?;
    top.close()?;
    for shape in &lifecycle {
        if let Some(section) = shape.needs()
            && !top.has(section)
        {
            return Err(top.require("lifecycle")?.place.error(format!(
                "\"{}\" needs the section [{section}], which is missing",
                shape.code()
            )));
        }
    }
    Ok(Parts {
        document,
        id,
        name,
        lifecycle,
        facts_checked_on,
        sources,
        vars,
        client,
        authorize,
        token,
        exchange,
        renew,
        check,
        identity,
        children,
        revoke,
        app_token,
        posts,
        usage,
        shared,
    })
}

/// Errors: not lower-case letters, digits, `_` and `-`.
pub(super) fn read_id(top: &Section<'_>) -> Result<String, FileError> {
    let node = top.require("id")?;
    let id = text(node)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if id.is_empty() || !id.chars().all(fits) {
        return Err(node.place.error(format!(
            "\"{id}\" can't be an id; write lower-case letters, digits, \"_\" and \"-\""
        )));
    }
    Ok(id.to_owned())
}

/// Errors: newer than this program.
pub(super) fn check_schema(top: &Section<'_>) -> Result<(), FileError> {
    let node = top.require("schema")?;
    match super::section::whole(node)? {
        0 => Err(node.place.error("schemas start at 1; write `schema = 1`")),
        SCHEMA => Ok(()),
        newer => Err(node.place.error(format!(
            "schema {newer} is newer than this program understands ({SCHEMA}); get a newer Evergrant"
        ))),
    }
}

fn read_lifecycle(top: &Section<'_>) -> Result<Vec<Lifecycle>, FileError> {
    let node = top.require("lifecycle")?;
    let shapes: Vec<_> = list(node)?
        .iter()
        .map(|item| word(item, &Lifecycle::NAMES))
        .collect::<Result<_, _>>()?;
    if shapes.is_empty() {
        return Err(node
            .place
            .error("`lifecycle` is empty; write [\"refresh\"] or another shape"));
    }
    Ok(shapes)
}

fn read_date(node: &Node) -> Result<NaiveDate, FileError> {
    match &node.value {
        Value::Date(written) => written.parse().map_err(|_| {
            node.place
                .error(format!("{written} is not a day; write 2026-11-25"))
        }),
        other => Err(expected(
            node,
            "a day such as 2026-11-25 without quotes",
            other,
        )),
    }
}

fn read_vars(
    top: &Section<'_>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, FileError> {
    let section = top.section("vars")?;
    let place = section
        .as_ref()
        .map_or(top.place, |section| section.place)
        .clone();
    let written = section.map_or(&[][..], Section::free);
    let known = || written.iter().map(|(name, _)| name.as_str());
    if let Some(name) = overrides.keys().find(|name| !known().any(|it| it == *name)) {
        return Err(place.error(match nearest(name, known()) {
            Some(meant) => format!("there is no variable `{name}`; did you mean `{meant}`?"),
            None => format!("there is no variable `{name}`"),
        }));
    }
    resolve(written, overrides)
}

/// How the app token is composed, or else asked for.
type AppTokenSource = (Option<Template>, Option<(Ask, TokenLayout)>);

fn read_app_token(
    top: &Section<'_>,
    names: &Names<'_>,
    token_url: Option<&Template>,
    auth: ClientAuth,
) -> Result<AppTokenSource, FileError> {
    let Some(section) = top.section("app_token")? else {
        return Ok((None, None));
    };
    let value = section
        .get("value")
        .map(|node| Template::read(node, names))
        .transpose()?;
    if value.is_some() {
        section.close()?;
        return Ok((value, None));
    }
    let fallback = Fallback {
        kind: Standard::ClientCredentials,
        auth,
        url: token_url,
    };
    let asked = (
        Ask::read(&section, names, Some(&fallback))?,
        TokenLayout::read(&section)?,
    );
    section.close()?;
    Ok((None, Some(asked)))
}

/// Mechanisms that are code. Errors: a name this program does not have.
fn read_hooks(top: &Section<'_>) -> Result<bool, FileError> {
    let Some(node) = top.get("hooks") else {
        return Ok(false);
    };
    for item in list(node)? {
        word(item, &[("appsecret_proof", ())])?;
    }
    Ok(!list(node)?.is_empty())
}

fn read_posts(
    top: &Section<'_>,
    vars: &BTreeMap<String, String>,
    shared: &Arc<Shared>,
    scopes: &[String],
    has_children: bool,
) -> Result<Vec<PostKind>, FileError> {
    let post_url = top.get("post_url");
    let mut posts: Vec<PostKind> = Vec::new();
    for section in top.sections("post")? {
        let kind = PostKind::read(&section, vars, shared, post_url)?;
        if posts.iter().any(|other| other.name == kind.name) {
            return Err(section
                .place
                .error(format!("kind \"{}\" is there twice", kind.name)));
        }
        if let Some(scope) = kind.needed_scopes().find(|scope| !scopes.contains(scope)) {
            let meant = nearest(scope, scopes.iter().map(String::as_str));
            return Err(section.require("needs")?.place.error(match meant {
                Some(meant) => format!(
                    "\"{scope}\" is not in the scopes of [authorize]; did you mean \"{meant}\"?"
                ),
                None => format!("\"{scope}\" is not in the scopes of [authorize]; add it there"),
            }));
        }
        if kind.uses_children() && !has_children {
            return Err(section
                .place
                .error("the steps use {child.…}, but there is no [children]"));
        }
        posts.push(kind);
    }
    Ok(posts)
}
