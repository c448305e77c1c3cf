//! Pages of a list: `limit`, cursors, `next`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, Call, GraphError};

const DEFAULT: i64 = 25;
const MOST: i64 = 100;

/// The part of `items` (each with an `id`) that the call asks for, in the Graph's envelope.
pub(crate) fn page(call: &Call, items: Vec<Value>) -> Answer {
    let limit = call.params.integer("limit")?.unwrap_or(DEFAULT);
    if limit < 0 {
        return Err(GraphError::parameter(
            "Param limit must be a positive integer",
        ));
    }
    let limit = usize::try_from(limit.min(MOST)).unwrap_or(0);
    let total = items.len();
    let (start, end) = match (call.params.text("after"), call.params.text("before")) {
        (Some(after), _) => {
            let start = position(&items, &after)? + 1;
            (start, total.min(start + limit))
        }
        (None, Some(before)) => {
            let end = position(&items, &before)?;
            (end.saturating_sub(limit), end)
        }
        (None, None) => (0, total.min(limit)),
    };
    let shown: Vec<Value> = items.into_iter().skip(start).take(end - start).collect();
    let mut paging = json!({});
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        let (before, after) = (cursor(first), cursor(last));
        paging["cursors"] = json!({ "before": before, "after": after });
        if end < total {
            paging["next"] = address(call, "after", &after).into();
        }
        if start > 0 {
            paging["previous"] = address(call, "before", &before).into();
        }
    }
    let mut answer = json!({ "data": shown });
    if paging.as_object().is_some_and(|paging| !paging.is_empty()) {
        answer["paging"] = paging;
    }
    if matches!(
        call.params.text("summary").as_deref(),
        Some("true" | "1" | "True" | "total_count")
    ) {
        answer["summary"] = json!({ "total_count": total });
    }
    Ok(answer)
}

fn id(item: &Value) -> &str {
    item["id"].as_str().unwrap_or_default()
}

fn cursor(item: &Value) -> String {
    URL_SAFE_NO_PAD.encode(id(item))
}

fn position(items: &[Value], cursor: &str) -> Result<usize, GraphError> {
    let invalid = || GraphError::parameter("Invalid cursors values");
    let wanted = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
    items
        .iter()
        .position(|item| id(item).as_bytes() == wanted)
        .ok_or_else(invalid)
}

/// The same call, further on. Like the real one it carries the token, so it is no address to log.
fn address(call: &Call, direction: &str, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(token) = &call.token {
        query.append_pair("access_token", token);
    }
    for name in call.params.values.keys() {
        if matches!(
            name.as_str(),
            "access_token" | "after" | "before" | "method"
        ) {
            continue;
        }
        let texts = call.params.list_text(name);
        if !texts.is_empty() {
            query.append_pair(name, &texts.join(","));
        }
    }
    query.append_pair(direction, cursor);
    format!(
        "{}/{}/{}?{}",
        call.base,
        call.version,
        call.path.join("/"),
        query.finish()
    )
}
