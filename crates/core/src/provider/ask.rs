//! One request of a section: written out, or in the standard's own form.

use super::client::ClientAuth;
use super::fault::FileError;
use super::request::{Common, RequestTemplate, read_address};
use super::section::Section;
use super::standard::Standard;
use super::template::{Names, Template};
use super::values::{RenderError, Values, Variable};
use crate::http::Request;

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Written(RequestTemplate),
    Standard {
        kind: Standard,
        url: Template,
        auth: ClientAuth,
    },
}

/// The standard form a section may fall back to.
pub(super) struct Fallback<'a> {
    pub kind: Standard,
    pub auth: ClientAuth,
    /// The address to use if the section names none of its own.
    pub url: Option<&'a Template>,
}

impl Ask {
    /// Reads `request`, or else `url` for the standard's request.
    pub fn read(
        section: &Section<'_>,
        names: &Names<'_>,
        fallback: Option<&Fallback<'_>>,
    ) -> Result<Self, FileError> {
        let Some(fallback) = fallback else {
            return RequestTemplate::read(section.require("request")?, names).map(Self::Written);
        };
        let url = section
            .get("url")
            .map(|node| read_address(node, names))
            .transpose()?;
        if let Some(node) = section.get("request") {
            if url.is_some() {
                return Err(node
                    .place
                    .error("`request` says the address; leave `url` out"));
            }
            return RequestTemplate::read(node, names).map(Self::Written);
        }
        match url.or_else(|| fallback.url.cloned()) {
            Some(url) => Ok(Self::Standard {
                kind: fallback.kind,
                url,
                auth: fallback.auth,
            }),
            None => Err(section.place.error(
                "the address is missing; write `url` for the standard's request, or `request`",
            )),
        }
    }

    pub fn render(&self, values: &Values, common: &Common) -> Result<Request, RenderError> {
        match self {
            Self::Written(template) => template.render(values, common),
            Self::Standard { kind, url, auth } => {
                kind.build(&url.fill_address(values)?, values, *auth)
            }
        }
    }

    pub fn uses(&self, variable: &Variable) -> bool {
        match self {
            Self::Written(template) => template.uses(variable),
            Self::Standard { .. } => false,
        }
    }

    pub fn url(&self) -> Option<&Template> {
        match self {
            Self::Written(_) => None,
            Self::Standard { url, .. } => Some(url),
        }
    }
}
