//! Reading who signed in, and the Pages, organisations or blogs below them.

use serde_json::Value as Json;
use url::Url;

use super::fault::FileError;
use super::pointer::{Pointers, as_words};
use super::section::Section;
use crate::Secret;
use crate::http::Response;

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Stable id at the provider.
    pub id: String,
    /// Name for people; the id where the provider gives none.
    pub name: String,
}

/// A Page, organisation, blog or channel below an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// Stable id at the provider.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is, in the provider file's word, such as `page`.
    pub kind: String,
    /// Its own token, where the provider gives one. Never to be stored.
    pub token: Option<Secret>,
    /// What the person may do there.
    pub tasks: Vec<String>,
}

/// One page of a list of children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildPage {
    /// The children on this page.
    pub children: Vec<Child>,
    /// Where the list goes on, without any token.
    pub next: Option<Url>,
}

#[derive(Clone, Debug)]
pub(super) struct IdentityLayout {
    id: Pointers,
    name: Pointers,
}

impl IdentityLayout {
    pub fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let node = section.require("answer")?;
        let answer = Section::of(node)?;
        let id = Pointers::read(answer.require("id")?)?;
        let name = answer
            .get("name")
            .map(Pointers::read)
            .transpose()?
            .unwrap_or_default();
        answer.close()?;
        Ok(Self { id, name })
    }

    pub fn take(&self, response: &Response) -> Option<Identity> {
        let json = response.json()?;
        let id = self.id.text(&json)?;
        let name = self.name.text(&json).unwrap_or_else(|| id.clone());
        Some(Identity { id, name })
    }
}

#[derive(Clone, Debug)]
pub(super) struct ChildLayout {
    pub kind: String,
    list: Pointers,
    id: Pointers,
    name: Pointers,
    token: Pointers,
    tasks: Pointers,
    next: Pointers,
}

impl ChildLayout {
    pub fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let kind = section.require_text("kind")?.to_owned();
        let answer = Section::of(section.require("answer")?)?;
        let need = |key| Pointers::read(answer.require(key)?);
        let may = |key| answer.get(key).map(Pointers::read).transpose();
        let layout = Self {
            kind,
            list: need("list")?,
            id: need("id")?,
            name: may("name")?.unwrap_or_default(),
            token: may("token")?.unwrap_or_default(),
            tasks: may("tasks")?.unwrap_or_default(),
            next: may("next")?.unwrap_or_default(),
        };
        answer.close()?;
        Ok(layout)
    }

    /// `None` if the answer is not such a list.
    pub fn take(&self, response: &Response) -> Option<ChildPage> {
        let json = response.json()?;
        let items = self.list.find(&json)?.as_array()?;
        let children = items
            .iter()
            .map(|item| self.child(item))
            .collect::<Option<_>>()?;
        let next = self
            .next
            .text(&json)
            .and_then(|text| Url::parse(&text).ok());
        Some(ChildPage {
            children,
            next: next.map(|url| without_credentials(&url)),
        })
    }

    fn child(&self, item: &Json) -> Option<Child> {
        let id = self.id.text(item)?;
        let token = self
            .token
            .find(item)
            .and_then(Json::as_str)
            .filter(|text| !text.is_empty());
        Some(Child {
            name: self.name.text(item).unwrap_or_else(|| id.clone()),
            kind: self.kind.clone(),
            token: token.map(Secret::new),
            tasks: self.tasks.find(item).and_then(as_words).unwrap_or_default(),
            id,
        })
    }
}

/// Services put the token into the address of the next page; ours goes where the file says.
fn without_credentials(url: &Url) -> Url {
    const SECRET: [&str; 2] = ["access_token", "appsecret_proof"];
    let mut clean = url.clone();
    let pairs: Vec<_> = url
        .query_pairs()
        .filter(|(name, _)| !SECRET.contains(&&**name))
        .collect();
    clean.set_query(None);
    if !pairs.is_empty() {
        clean.query_pairs_mut().extend_pairs(pairs);
    }
    clean.set_fragment(None);
    clean
}
