//! `/debug_token`: what the issuer itself says about a token.

use serde_json::{Map, Value, json};

use super::{Answer, Call, GraphError, bearer, fields};
use crate::seed::{APP_ID, APP_NAME};
use crate::world::{Flaw, Kind, Token, World};

pub(super) fn answer(world: &mut World, call: &Call, now: i64) -> Answer {
    if call.token.is_none() {
        return Err(GraphError::parameter(
            "You must provide an app access token, or a user access token that is an owner or developer of the app",
        ));
    }
    // There is one app here, so every good token belongs to it.
    bearer(world, call, now)?;
    let input = call.params.required("input_token")?;
    let mut data = match world.known(&input) {
        Err(flaw) => unreadable(flaw, now),
        Ok(None) => app(),
        Ok(Some(token)) => describe(world, token, now),
    };
    if data.contains_key("expires_at") && world.zero_expires_at(now) {
        data.insert("expires_at".into(), 0.into());
    }
    let asked = fields::asked(call, &[]);
    if !asked.is_empty() {
        data.retain(|name, _| asked.contains(name));
    }
    Ok(json!({ "data": data }))
}

fn describe(world: &World, token: &Token, now: i64) -> Map<String, Value> {
    let flaw = world.flaw(token, now);
    let person = world.persons.get(&token.person);
    let mut data = app();
    data.insert(
        "type".into(),
        if token.kind == Kind::Page {
            "PAGE"
        } else {
            "USER"
        }
        .into(),
    );
    data.insert("is_valid".into(), flaw.is_none().into());
    data.insert("expires_at".into(), token.expires_at.into());
    data.insert("user_id".into(), token.person.clone().into());
    data.insert(
        "data_access_expires_at".into(),
        person.map_or(0, |person| person.data_access_until).into(),
    );
    if let Some(page) = &token.page {
        data.insert("profile_id".into(), page.clone().into());
    }
    // Only long-lived tokens, and what is derived from them, say when they were issued.
    if token.kind == Kind::Long || (token.kind == Kind::Page && token.expires_at == 0) {
        data.insert("issued_at".into(), token.issued_at.into());
    }
    if let Some(flaw) = flaw {
        data.insert("error".into(), error(flaw, now));
        data.insert("scopes".into(), json!([]));
        return data;
    }
    let scopes = person
        .map(crate::world::Person::granted)
        .unwrap_or_default();
    let pages: Vec<&str> = person
        .map(|person| person.roles.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let granular: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            if scope.starts_with("pages_") {
                json!({ "scope": scope, "target_ids": pages })
            } else {
                json!({ "scope": scope })
            }
        })
        .collect();
    data.insert("scopes".into(), scopes.into());
    data.insert("granular_scopes".into(), granular.into());
    data
}

fn app() -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("app_id".into(), APP_ID.into());
    data.insert("application".into(), APP_NAME.into());
    data.insert("type".into(), "APP".into());
    data.insert("is_valid".into(), true.into());
    data
}

fn unreadable(flaw: Flaw, now: i64) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("is_valid".into(), false.into());
    data.insert("error".into(), error(flaw, now));
    data.insert("scopes".into(), json!([]));
    data
}

fn error(flaw: Flaw, now: i64) -> Value {
    let error = flaw.error(now);
    let mut value = json!({ "code": error.code, "message": error.message });
    if let Some(subcode) = error.subcode {
        value["subcode"] = subcode.into();
    }
    value
}
