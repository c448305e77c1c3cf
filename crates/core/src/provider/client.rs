//! What a provider wants to know of the app that asks, and how a person registers one.

use super::fault::FileError;
use super::node::Node;
use super::section::Section;
use super::template::{Names, Template};
use super::values::Values;
use crate::Secret;

/// How an app becomes known to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The person registers an app on the provider's site.
    Manual,
    /// The provider knows our app without registration.
    BuiltIn,
}

/// Whether token requests carry a client secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretRule {
    /// Always.
    Required,
    /// If the app has one.
    Optional,
    /// Never: a public client.
    None,
}

/// How the client shows who it is in requests of the standard's own form (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAuth {
    Form,
    Basic,
}

/// `[client]`.
#[derive(Clone, Debug)]
pub struct ClientRules {
    /// How the app is registered.
    pub registration: Registration,
    /// Whether it has a secret.
    pub secret: SecretRule,
    /// Id and secret that need no registration.
    pub built_in: Option<(String, Secret)>,
    /// What the person does to register, step by step, with `{redirect}` and `{scopes}` where
    /// [`ClientRules::steps`] puts them.
    pub guide: Vec<String>,
    /// Where that is done.
    pub console_url: Option<String>,
    pub(super) auth: ClientAuth,
}

impl ClientRules {
    pub(super) fn read(section: &Section<'_>, names: &Names<'_>) -> Result<Self, FileError> {
        let registrations = [
            ("manual", Registration::Manual),
            ("built_in", Registration::BuiltIn),
        ];
        let secrets = [
            ("required", SecretRule::Required),
            ("optional", SecretRule::Optional),
            ("none", SecretRule::None),
        ];
        let auths = [("form", ClientAuth::Form), ("basic", ClientAuth::Basic)];
        let registration = section
            .word("registration", &registrations)?
            .unwrap_or(Registration::Manual);
        let secret = section
            .word("secret", &secrets)?
            .unwrap_or(SecretRule::Optional);
        let auth = section.word("auth", &auths)?.unwrap_or(ClientAuth::Form);
        let built_in = section
            .section("built_in")?
            .as_ref()
            .map(read_built_in)
            .transpose()?;
        let guide = section
            .get("guide")
            .map_or_else(|| Ok(Vec::new()), read_guide)?;
        let console_url = match section.get("console_url") {
            None => None,
            Some(node) => Template::read(node, names)?
                .fill(&Values::new())
                .ok()
                .flatten(),
        };
        section.close()?;
        if registration == Registration::BuiltIn && built_in.is_none() {
            return Err(section
                .place
                .error("registration \"built_in\" needs `built_in = { id = …, secret = … }`"));
        }
        if registration == Registration::Manual && built_in.is_none() && guide.is_empty() {
            return Err(section.place.error(
                "a person who registers an app needs `guide`, a list of steps in plain words",
            ));
        }
        Ok(Self {
            registration,
            secret,
            built_in,
            guide,
            console_url,
            auth,
        })
    }

    /// The guide with the redirect address and the permissions filled in.
    pub fn steps(&self, redirect: &str, scopes: &[String]) -> Vec<String> {
        let scopes = scopes.join(", ");
        let fill = |step: &String| {
            step.replace("{redirect}", redirect)
                .replace("{scopes}", &scopes)
        };
        self.guide.iter().map(fill).collect()
    }
}

fn read_built_in(section: &Section<'_>) -> Result<(String, Secret), FileError> {
    let id = section.require_text("id")?.to_owned();
    let secret = Secret::new(section.text("secret")?.unwrap_or_default());
    section.close()?;
    Ok((id, secret))
}

fn read_guide(node: &Node) -> Result<Vec<String>, FileError> {
    let steps = super::section::texts(node)?;
    for step in &steps {
        let rest = step.replace("{redirect}", "").replace("{scopes}", "");
        if rest.contains(['{', '}']) {
            return Err(node.place.error(format!(
                "the step \"{step}\" has other braces than {{redirect}} and {{scopes}}"
            )));
        }
    }
    Ok(steps)
}
