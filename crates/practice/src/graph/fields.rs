//! The `fields` parameter.

use serde_json::{Map, Value};

use super::{Call, GraphError};

/// The fields asked for, or `default` ones; what is in braces or after a dot is left aside.
pub(crate) fn asked(call: &Call, default: &[&str]) -> Vec<String> {
    let mut fields = Vec::new();
    for value in call.params.list_text("fields") {
        let mut depth = 0_u32;
        let mut name = String::new();
        for letter in value.chars() {
            match letter {
                '{' | '(' => depth += 1,
                '}' | ')' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => fields.push(std::mem::take(&mut name)),
                _ if depth == 0 => name.push(letter),
                _ => {}
            }
        }
        fields.push(name);
    }
    let mut fields: Vec<String> = fields
        .iter()
        .map(|field| {
            field
                .split('.')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .filter(|field| !field.is_empty())
        .collect();
    if fields.is_empty() {
        fields = default.iter().map(|field| (*field).to_owned()).collect();
    }
    fields
}

/// Keeps the fields asked for, and `id` always. A `null` member is a field that exists but is empty here.
pub(crate) fn keep(
    object: &Map<String, Value>,
    fields: &[String],
    node: &str,
) -> Result<Value, GraphError> {
    let mut kept = Map::new();
    for field in fields {
        match object.get(field) {
            Some(Value::Null) => {}
            Some(value) => {
                kept.insert(field.clone(), value.clone());
            }
            None => {
                return Err(GraphError::parameter(format!(
                    "Tried accessing nonexisting field ({field}) on node type ({node})"
                )));
            }
        }
    }
    if let Some(id) = object.get("id") {
        kept.insert("id".into(), id.clone());
    }
    Ok(Value::Object(kept))
}
