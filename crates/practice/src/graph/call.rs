//! A call as it was sent: form, multipart or JSON; token in header, query or body.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{Method, header};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::GraphError;
use crate::seed::APP_SECRET;
use crate::world::hex;

/// Room for a 4 MB photo and then some: a photo that is too big gets its own error, not a cut connection.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;

/// One call to the Graph.
pub(crate) struct Call {
    pub method: Method,
    pub version: String,
    /// Without version and closing slash.
    pub path: Vec<String>,
    /// `http://host:port`, as the caller wrote it.
    pub base: String,
    pub token: Option<String>,
    pub params: Params,
}

/// The parameters, wherever they were.
#[derive(Default)]
pub(crate) struct Params {
    pub values: BTreeMap<String, Value>,
    pub uploads: Vec<Upload>,
}

/// A file in a multipart body.
pub(crate) struct Upload {
    pub field: String,
    pub bytes: Vec<u8>,
}

impl Params {
    /// The parameter as text; an empty one counts as absent, as the Graph has it.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = match self.values.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<String, GraphError> {
        self.text(name)
            .ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required")))
    }

    /// Python's `False`, JavaScript's `false` and C's `0` are all the same to the Graph.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, GraphError> {
        match self
            .text(name)
            .map(|text| text.to_ascii_lowercase())
            .as_deref()
        {
            None => Ok(default),
            Some("true" | "1" | "yes" | "on") => Ok(true),
            Some("false" | "0" | "no" | "off") => Ok(false),
            Some(_) => Err(GraphError::parameter(format!(
                "Param {name} must be a boolean"
            ))),
        }
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>, GraphError> {
        self.text(name)
            .map(|text| {
                text.trim()
                    .parse()
                    .map_err(|_| GraphError::parameter(format!("Param {name} must be an integer")))
            })
            .transpose()
    }

    /// A list: a JSON array, JSON text, `name[0]`-style fields, or text with commas.
    pub fn list(&self, name: &str) -> Vec<Value> {
        match self.values.get(name) {
            Some(Value::Array(items)) => return items.clone(),
            Some(Value::String(text)) if !text.is_empty() => {
                return match serde_json::from_str::<Value>(text) {
                    Ok(Value::Array(items)) => items,
                    _ => text
                        .split(',')
                        .map(|item| Value::from(item.trim()))
                        .collect(),
                };
            }
            Some(Value::Null | Value::String(_)) | None => {}
            Some(other) => return vec![other.clone()],
        }
        let opening = format!("{name}[");
        let mut numbered: Vec<(usize, &Value)> = self
            .values
            .iter()
            .filter_map(|(key, value)| {
                let index = key.strip_prefix(&opening)?.strip_suffix(']')?;
                Some((index.parse().unwrap_or(usize::MAX), value))
            })
            .collect();
        numbered.sort_by_key(|(index, _)| *index);
        numbered
            .into_iter()
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// A parameter that may come as one text or as an array of texts.
    pub fn list_text(&self, name: &str) -> Vec<String> {
        match self.values.get(name) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            _ => self.text(name).into_iter().collect(),
        }
    }

    fn take_pairs(&mut self, text: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(text) {
            self.values
                .insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }
}

impl Call {
    /// Reads a request. `version` and `path` come from the address, `base` from the `Host` header.
    pub async fn read(
        request: Request,
        version: String,
        path: Vec<String>,
        base: String,
    ) -> Result<Self, GraphError> {
        let mut params = Params::default();
        let mut method = request.method().clone();
        params.take_pairs(request.uri().query().unwrap_or_default().as_bytes());
        let media_type = header_text(&request, &header::CONTENT_TYPE).to_ascii_lowercase();
        let authorization = header_text(&request, &header::AUTHORIZATION);
        read_body(request, &media_type, &mut params).await?;

        // Clients that can't send DELETE say so in a parameter.
        if let Some(other) = params
            .text("method")
            .and_then(|name| name.to_ascii_uppercase().parse().ok())
        {
            method = other;
        }
        let in_header = authorization
            .split_once(' ')
            .filter(|(scheme, _)| {
                scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth")
            })
            .map(|(_, token)| token.trim().to_owned());
        let token = params.text("access_token").or(in_header);
        Ok(Self {
            method,
            version,
            path,
            base,
            token,
            params,
        })
    }

    /// Checks `appsecret_proof` when it was sent: HMAC-SHA256 of the token, keyed by the app secret, in hex.
    pub fn check_proof(&self, token: &str) -> Result<(), GraphError> {
        let Some(sent) = self.params.text("appsecret_proof") else {
            return Ok(());
        };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(token.as_bytes());
        if sent.eq_ignore_ascii_case(&hex(&mac.finalize().into_bytes())) {
            Ok(())
        } else {
            Err(GraphError {
                kind: "GraphMethodException",
                ..GraphError::oauth(100, "Invalid appsecret_proof provided in the API argument")
            })
        }
    }
}

fn header_text(request: &Request, name: &header::HeaderName) -> String {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

async fn read_body(
    request: Request,
    media_type: &str,
    params: &mut Params,
) -> Result<(), GraphError> {
    if media_type.starts_with("multipart/form-data") {
        return read_multipart(request, params).await;
    }
    let body = to_bytes(request.into_body(), MAX_BODY)
        .await
        .map_err(|error| too_big(&error))?;
    if body.is_empty() {
        return Ok(());
    }
    if media_type.contains("json") {
        let value: Value = serde_json::from_slice(&body).map_err(|error| {
            GraphError::parameter(format!("The body is not valid JSON: {error}"))
        })?;
        let Value::Object(members) = value else {
            return Err(GraphError::parameter("The body must be a JSON object"));
        };
        params
            .values
            .extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    } else {
        params.take_pairs(&body);
    }
    Ok(())
}

async fn read_multipart(request: Request<Body>, params: &mut Params) -> Result<(), GraphError> {
    let broken = |error: &dyn std::fmt::Display| {
        GraphError::parameter(format!("The multipart body is broken: {error}"))
    };
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|error| broken(&error))?;
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| broken(&error))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.map_err(|error| broken(&error))?;
        if is_file {
            params.uploads.push(Upload {
                field: name,
                bytes: bytes.to_vec(),
            });
        } else {
            params.values.insert(
                name,
                Value::String(String::from_utf8_lossy(&bytes).into_owned()),
            );
        }
    }
    Ok(())
}

fn too_big(error: &axum::Error) -> GraphError {
    GraphError::parameter(format!(
        "The body could not be read, or is larger than {MAX_BODY} bytes: {error}"
    ))
}
