//! All providers that can be used: the shipped ones and the person's own files.

use std::collections::BTreeMap;

use super::fault::FileError;
use super::shipped::SHIPPED;
use super::{Provider, ProviderFile};

/// Checked providers by id.
#[derive(Clone, Debug)]
pub struct Catalogue {
    providers: BTreeMap<String, Provider>,
    faults: Vec<FileError>,
}

impl Catalogue {
    /// The shipped files, over which `own` files (name and text) are laid: one with the same id
    /// takes the shipped one's place. A broken file of the person's is told in
    /// [`Catalogue::faults`] and leaves the others usable; what it was to replace is taken out,
    /// so that a token never goes to another address than the person meant.
    ///
    /// Errors: a shipped file is broken, which tests rule out.
    pub fn from_shipped_and(own: Vec<(String, String)>) -> Result<Self, Vec<FileError>> {
        let mut faults = Vec::new();
        let mut files: BTreeMap<String, ProviderFile> = BTreeMap::new();
        for (name, text) in SHIPPED {
            match Provider::parse(name, text) {
                Ok(file) => drop(files.insert(file.id().to_owned(), file)),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        for (name, text) in own {
            match Provider::parse(&name, &text) {
                Ok(file) => drop(files.insert(file.id().to_owned(), file)),
                Err(fault) => {
                    files.remove(stem(&name));
                    faults.push(fault);
                }
            }
        }
        let mut providers: BTreeMap<String, Provider> = BTreeMap::new();
        let (same, whole): (Vec<_>, Vec<_>) = files
            .into_values()
            .partition(|file| file.same_as().is_some());
        for file in whole.into_iter().chain(same) {
            let id = file.id().to_owned();
            let base = file.same_as().and_then(|base| providers.get(base)).cloned();
            match file.resolve(base.as_ref()) {
                Ok(provider) => drop(providers.insert(id, provider)),
                Err(fault) => faults.push(fault),
            }
        }
        Ok(Self { providers, faults })
    }

    /// The provider with that id.
    pub fn get(&self, id: &str) -> Option<&Provider> {
        self.providers.get(id)
    }

    /// Every id, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(String::as_str)
    }

    /// What is wrong with the person's own files.
    pub fn faults(&self) -> &[FileError] {
        &self.faults
    }
}

/// `x` of `some/where/x.toml`.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}
