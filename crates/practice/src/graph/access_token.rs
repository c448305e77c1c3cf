//! `/oauth/access_token`: code exchange, long-lived exchange, app token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Call, GraphError};
use crate::seed::{APP_ID, APP_SECRET};
use crate::trouble::OddExpiry;
use crate::world::{Kind, World};

pub(super) fn answer(world: &mut World, call: &Call, now: i64) -> Answer {
    let client = call
        .params
        .text("client_id")
        .ok_or_else(|| GraphError::oauth(101, "Missing client_id parameter."))?;
    if client != APP_ID {
        return Err(GraphError::oauth(
            101,
            "Error validating application. Cannot get application info due to a system error.",
        ));
    }
    let secret = call
        .params
        .text("client_secret")
        .ok_or_else(|| GraphError::oauth(1, "Missing client_secret parameter."))?;
    if secret != APP_SECRET {
        return Err(GraphError::oauth(1, "Error validating client secret."));
    }
    match call.params.text("grant_type").as_deref() {
        Some("client_credentials") => {
            Ok(json!({ "access_token": world.app_token(), "token_type": "bearer" }))
        }
        Some("fb_exchange_token") => exchange(world, call, now),
        None | Some("authorization_code") => redeem(world, call, now),
        Some(other) => Err(GraphError::parameter(format!(
            "Unsupported grant_type: {other}"
        ))),
    }
}

fn redeem(world: &mut World, call: &Call, now: i64) -> Answer {
    let verification = "Error validating verification code.";
    let given = call
        .params
        .text("code")
        .ok_or_else(|| GraphError::oauth(100, "Missing authorization code"))?;
    let redirect = call
        .params
        .text("redirect_uri")
        .ok_or_else(|| GraphError::oauth(191, "Missing redirect_uri parameter."))?;
    let code = world
        .codes
        .get(&given)
        .ok_or_else(|| GraphError::oauth(100, "Invalid verification code format.").sub(36009))?;
    if code.used {
        return Err(GraphError::oauth(100, "This authorization code has been used.").sub(36009));
    }
    if code.expires_at <= now {
        return Err(GraphError::oauth(100, "This authorization code has expired.").sub(36007));
    }
    if code.redirect != redirect {
        return Err(GraphError::oauth(
            100,
            format!(
                "{verification} Please make sure your redirect_uri is identical to the one you used in the OAuth \
                 dialog request"
            ),
        )
        .sub(36008));
    }
    if let Some(challenge) = &code.challenge {
        let verifier = call.params.text("code_verifier").unwrap_or_default();
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) != *challenge {
            return Err(GraphError::oauth(
                100,
                format!("{verification} Invalid code_verifier parameter."),
            ));
        }
    }
    let person = code.person.clone();
    if let Some(code) = world.codes.get_mut(&given) {
        code.used = true;
    }
    let (token, life) = world.issue_short(&person, now);
    Ok(token_answer(world, &token, life, now))
}

fn exchange(world: &mut World, call: &Call, now: i64) -> Answer {
    let given = call
        .params
        .text("fb_exchange_token")
        .ok_or_else(|| GraphError::oauth(1, "fb_exchange_token parameter not specified"))?;
    let token = match world.known(&given).map_err(|flaw| flaw.error(now))? {
        Some(token) if token.kind != Kind::Page => token.clone(),
        _ => {
            return Err(GraphError::parameter(
                "Only a user access token can be exchanged",
            ));
        }
    };
    // An expired token cannot be exchanged, nor can one that died otherwise.
    if let Some(flaw) = world.flaw(&token, now) {
        return Err(flaw.error(now));
    }
    if let Some(code) = world.exchange_fails(now) {
        return Err(GraphError::oauth(code, "An unknown error has occurred."));
    }
    if world.exchange_returns_short(now) {
        let left = token.expires_at - now;
        return Ok(token_answer(world, &given, left, now));
    }
    // Asked with a long-lived token, or a second time: the same token again, with what is left of its life.
    let (long, life) = world.issue_long(&token, now);
    Ok(token_answer(world, &long, life, now))
}

fn token_answer(world: &mut World, token: &str, life: i64, now: i64) -> Value {
    let mut answer = json!({ "access_token": token, "token_type": "bearer" });
    match world.odd_expiry(now) {
        None => answer["expires_in"] = life.into(),
        Some(OddExpiry::Missing) => {}
        Some(OddExpiry::Empty) => answer["expires_in"] = "".into(),
        Some(OddExpiry::Zero) => answer["expires_in"] = 0.into(),
        Some(OddExpiry::Renamed) => answer["expires"] = life.into(),
    }
    answer
}
