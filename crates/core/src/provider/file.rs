//! A provider file as it was read: whole, or saying only how it differs from another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Provider;
use super::catalogue::stem;
use super::fault::{FileError, Place};
use super::load::{check_schema, load, read_id};
use super::node::{Node, Value, lay_over, read};
use super::section::{Section, text};

/// A provider file after reading.
#[derive(Clone, Debug)]
pub struct ProviderFile {
    id: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Whole(Provider),
    SameAs {
        base: String,
        place: Place,
        document: Node,
    },
}

impl ProviderFile {
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let document = read(file, text)?;
        let top = Section::of(&document)?;
        check_schema(&top)?;
        let id = read_id(&top)?;
        if id != stem(file) {
            return Err(top.require("id")?.place.error(format!(
                "\"{id}\" is not the file's name; name the file \"{id}.toml\" or change the id"
            )));
        }
        let content = match top.get("same_as") {
            Some(node) => Content::SameAs {
                base: self::text(node)?.to_owned(),
                place: node.place.clone(),
                document,
            },
            None => Content::Whole(Provider(Arc::new(load(document, &BTreeMap::new())?))),
        };
        Ok(Self { id, content })
    }

    /// The provider's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the provider this one is the same as, but for what the file says.
    pub fn same_as(&self) -> Option<&str> {
        match &self.content {
            Content::Whole(_) => None,
            Content::SameAs { base, .. } => Some(base),
        }
    }

    /// The provider. Sections of a `same_as` file are laid over the base's, key by key.
    ///
    /// Errors: the base is missing, or what results is not a valid provider.
    pub fn resolve(self, base: Option<&Provider>) -> Result<Provider, FileError> {
        match self.content {
            Content::Whole(provider) => Ok(provider),
            Content::SameAs {
                base: name,
                place,
                document,
            } => {
                let base = base.filter(|base| base.id() == name).ok_or_else(|| {
                    place.error(format!(
                        "there is no provider \"{name}\" with a whole file of its own"
                    ))
                })?;
                let mut joined = lay_over(&base.0.document, &document, 2);
                if let Value::Table(entries) = &mut joined.value {
                    entries.retain(|(key, _)| key != "same_as");
                }
                Ok(Provider(Arc::new(load(joined, &BTreeMap::new())?)))
            }
        }
    }
}
