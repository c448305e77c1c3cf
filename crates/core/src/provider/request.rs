//! A request as data: method, address, and where each parameter goes.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value as Json};
use sha2::Sha256;

use super::fault::FileError;
use super::node::{Node, Value};
use super::section::{Section, either};
use super::template::{Names, Template};
use super::values::{RenderError, Values, Variable};
use crate::Secret;
use crate::http::{Body, Method, Part, PartContent, Request};

#[derive(Clone, Debug)]
pub(super) struct RequestTemplate {
    method: Method,
    url: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(String, Template)>,
    bearer: Option<Template>,
    body: BodyTemplate,
}

#[derive(Clone, Debug)]
enum BodyTemplate {
    Empty,
    Form(Vec<(String, Template)>),
    Json(JsonTemplate),
    Multipart(Vec<(String, Template)>),
}

#[derive(Clone, Debug)]
enum JsonTemplate {
    Text(Template),
    Fixed(Json),
    List(Vec<JsonTemplate>),
    Object(Vec<(String, JsonTemplate)>),
}

/// What is the same for every request of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    /// Sent with each request of ours, such as a version header.
    pub headers: Vec<(String, String)>,
    /// Whether bearer requests carry the HMAC of the token with the client secret.
    pub appsecret_proof: bool,
    /// How the app token is composed, where it is.
    pub app_token: Option<Template>,
}

const METHODS: [(&str, Method); 4] = [
    ("get", Method::Get),
    ("post", Method::Post),
    ("put", Method::Put),
    ("delete", Method::Delete),
];

impl RequestTemplate {
    pub fn read(node: &Node, names: &Names<'_>) -> Result<Self, FileError> {
        let section = Section::of(node)?;
        let mut found = METHODS
            .iter()
            .filter_map(|(key, method)| section.get(key).map(|node| (*method, node)));
        let keys = || either(&METHODS.map(|(key, _)| format!("`{key}`")));
        let (method, address) = found.next().ok_or_else(|| {
            section
                .place
                .error(format!("the request has no {}", keys()))
        })?;
        if let Some((_, second)) = found.next() {
            return Err(second
                .place
                .error("a request has one method; leave the other out"));
        }
        let url = read_address(address, names)?;
        let query = read_pairs(section.get("query"), names)?;
        let headers = read_pairs(section.get("headers"), names)?
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let bearer = section
            .get("bearer")
            .map(|it| Template::read(it, names))
            .transpose()?;
        let body = read_body(&section, names)?;
        section.close()?;
        let media_outside = query.iter().any(|(_, template)| template.is_media());
        if media_outside {
            return Err(section
                .place
                .error("{media} can only be a part of `multipart`"));
        }
        Ok(Self {
            method,
            url,
            query,
            headers,
            bearer,
            body,
        })
    }

    pub fn uses(&self, variable: &Variable) -> bool {
        let pairs = |list: &[(String, Template)]| list.iter().any(|(_, it)| it.uses(variable));
        self.url.uses(variable)
            || pairs(&self.query)
            || pairs(&self.headers)
            || self.bearer.as_ref().is_some_and(|it| it.uses(variable))
            || match &self.body {
                BodyTemplate::Form(list) | BodyTemplate::Multipart(list) => pairs(list),
                BodyTemplate::Json(json) => json.uses(variable),
                BodyTemplate::Empty => false,
            }
    }

    pub fn render(&self, values: &Values, common: &Common) -> Result<Request, RenderError> {
        let filled;
        let values = if self.uses(&Variable::AppToken) {
            filled = with_app_token(values, common)?;
            &filled
        } else {
            values
        };
        let mut url = self.url.fill_address(values)?;
        let query = fill_pairs(&self.query, values)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let mut headers: Vec<(String, Secret)> = common
            .headers
            .iter()
            .map(|(name, it)| (name.clone(), Secret::new(it)))
            .collect();
        for (name, value) in fill_pairs(&self.headers, values)? {
            headers.push((name, Secret::new(value)));
        }
        if let Some(bearer) = self
            .bearer
            .as_ref()
            .map(|it| it.fill(values))
            .transpose()?
            .flatten()
        {
            if common.appsecret_proof
                && let Some(secret) = values.secret_of_client()
            {
                url.query_pairs_mut()
                    .append_pair("appsecret_proof", &proof(&bearer, secret));
            }
            headers.push((
                "authorization".into(),
                Secret::new(format!("Bearer {bearer}")),
            ));
        }
        Ok(Request {
            method: self.method,
            url,
            headers,
            body: self.body.render(values)?,
        })
    }
}

impl BodyTemplate {
    fn render(&self, values: &Values) -> Result<Body, RenderError> {
        Ok(match self {
            Self::Empty => Body::Empty,
            Self::Form(pairs) => {
                let filled = fill_pairs(pairs, values)?;
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                Body::Form(form.extend_pairs(filled).finish().into())
            }
            Self::Json(template) => {
                let json = template.fill(values)?.unwrap_or(Json::Null);
                Body::Json(json.to_string().into())
            }
            Self::Multipart(pairs) => {
                let mut parts = Vec::new();
                for (name, template) in pairs {
                    if template.is_media() {
                        let media = values.file().cloned();
                        let media = media.ok_or_else(|| RenderError::Missing("media".into()))?;
                        parts.push(Part {
                            name: name.clone(),
                            content: PartContent::File(media),
                        });
                    } else if let Some(text) = template.fill(values)? {
                        let content = PartContent::Text(text.into());
                        parts.push(Part {
                            name: name.clone(),
                            content,
                        });
                    }
                }
                Body::Multipart(parts)
            }
        })
    }
}

impl JsonTemplate {
    fn read(node: &Node, names: &Names<'_>) -> Result<Self, FileError> {
        Ok(match &node.value {
            Value::Text(_) => {
                let template = Template::read(node, names)?;
                if template.is_media() {
                    return Err(node
                        .place
                        .error("{media} can only be a part of `multipart`"));
                }
                Self::Text(template)
            }
            Value::Whole(number) => Self::Fixed(Json::from(*number)),
            Value::Fraction(number) => Self::Fixed(Json::from(*number)),
            Value::Flag(flag) => Self::Fixed(Json::from(*flag)),
            Value::Date(date) => Self::Fixed(Json::from(date.clone())),
            Value::List(items) => Self::List(
                items
                    .iter()
                    .map(|item| Self::read(item, names))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Table(entries) => Self::Object(
                entries
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), Self::read(node, names)?)))
                    .collect::<Result<_, FileError>>()?,
            ),
        })
    }

    fn fill(&self, values: &Values) -> Result<Option<Json>, RenderError> {
        Ok(match self {
            Self::Text(template) => template.fill(values)?.map(Json::from),
            Self::Fixed(json) => Some(json.clone()),
            Self::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(item.fill(values)?);
                }
                Some(Json::Array(list))
            }
            Self::Object(entries) => {
                let mut members = Map::new();
                for (key, entry) in entries {
                    if let Some(value) = entry.fill(values)? {
                        members.insert(key.clone(), value);
                    }
                }
                Some(Json::Object(members))
            }
        })
    }

    fn uses(&self, variable: &Variable) -> bool {
        match self {
            Self::Text(template) => template.uses(variable),
            Self::Fixed(_) => false,
            Self::List(items) => items.iter().any(|item| item.uses(variable)),
            Self::Object(entries) => entries.iter().any(|(_, entry)| entry.uses(variable)),
        }
    }
}

/// An address: https, or http on this computer only, without a query of its own.
pub(super) fn read_address(node: &Node, names: &Names<'_>) -> Result<Template, FileError> {
    let template = Template::read(node, names)?;
    let mut trial = Values::for_trial();
    for name in &names.captured {
        trial = trial.captured(name, "x");
    }
    let url = template.fill_address(&trial).map_err(|_| {
        node.place
            .error("this is not a whole address; write one like \"https://host/path\"")
    })?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(node
            .place
            .error("an address holds no \"?\" or \"#\"; use `query`"));
    }
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !safe {
        return Err(node.place.error(format!(
            "{}://{} would send tokens in the open; write an https address",
            url.scheme(),
            url.host_str().unwrap_or_default()
        )));
    }
    Ok(template)
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A table of names and texts.
pub(super) fn read_pairs(
    node: Option<&Node>,
    names: &Names<'_>,
) -> Result<Vec<(String, Template)>, FileError> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    let each = |(key, node): &(String, Node)| Ok((key.clone(), Template::read(node, names)?));
    Section::of(node)?.free().iter().map(each).collect()
}

fn read_body(section: &Section<'_>, names: &Names<'_>) -> Result<BodyTemplate, FileError> {
    let kinds = [
        section.get("form"),
        section.get("json"),
        section.get("multipart"),
    ];
    if kinds.iter().flatten().count() > 1 {
        return Err(section
            .place
            .error("a request has one of `form`, `json` and `multipart`"));
    }
    Ok(match kinds {
        [Some(form), _, _] => {
            let pairs = read_pairs(Some(form), names)?;
            if pairs.iter().any(|(_, template)| template.is_media()) {
                return Err(form
                    .place
                    .error("{media} can only be a part of `multipart`"));
            }
            BodyTemplate::Form(pairs)
        }
        [_, Some(json), _] => BodyTemplate::Json(JsonTemplate::read(json, names)?),
        [_, _, Some(parts)] => BodyTemplate::Multipart(read_pairs(Some(parts), names)?),
        _ => BodyTemplate::Empty,
    })
}

pub(super) fn fill_pairs(
    pairs: &[(String, Template)],
    values: &Values,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut out = Vec::with_capacity(pairs.len());
    for (name, template) in pairs {
        if let Some(value) = template.fill(values)? {
            out.push((name.clone(), value));
        }
    }
    Ok(out)
}

/// A composed app token needs no request of its own, so it is put in here.
fn with_app_token(values: &Values, common: &Common) -> Result<Values, RenderError> {
    let template = common.app_token.as_ref();
    let composed = match template {
        Some(template) if !values.has_app_token() => template.fill(values)?,
        _ => None,
    };
    Ok(match composed {
        Some(token) => values.clone().app_token(&Secret::new(token)),
        None => values.clone(),
    })
}

/// Hex of HMAC-SHA256 of the token with the client secret as key.
fn proof(token: &str, secret: &Secret) -> String {
    use std::fmt::Write;
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(token.as_bytes());
    mac.finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_hex_hmac_of_rfc_4231_case_2() {
        assert_eq!(
            proof("what do ya want for nothing?", &Secret::new("Jefe")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
