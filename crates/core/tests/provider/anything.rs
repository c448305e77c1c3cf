//! Whatever arrives, nothing panics, and nothing but a rule ends a sign-in.

use std::collections::BTreeSet;

use evergrant_core::http::Response;
use evergrant_core::provider::{CheckReading, Class, Phase, Provider, SHIPPED, clean};
use proptest::prelude::*;

use crate::support::{APP, facebook, now, values};

fn any_answer() -> impl Strategy<Value = Response> {
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        any_json().prop_map(String::into_bytes),
    ];
    (100_u16..600, body).prop_map(|(status, body)| Response {
        status,
        headers: Vec::new(),
        body,
    })
}

/// JSON with the members that readers look for, holding anything.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        "\"[a-zA-Z0-9 .:{}/-]{0,12}\"",
    ];
    let key = prop::sample::select(vec![
        "data",
        "error",
        "access_token",
        "expires_in",
        "is_valid",
        "id",
        "app_id",
        "scopes",
        "paging",
        "next",
        "user_id",
        "message",
        "created_time",
        "expires_at",
    ]);
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_makes_a_reader_panic_or_ends_a_sign_in_without_a_code(response in any_answer()) {
        let facebook = facebook();
        for phase in [Phase::Token, Phase::Exchange] {
            if let Err(refusal) = facebook.read_token(phase, &response, now()) {
                prop_assert_ne!(refusal.class, Class::Dead);
            }
        }
        let checked = facebook.read_check(&response, APP, now());
        // The generator knows no error codes, so a "dead" can only be a plain no about our token.
        if let CheckReading::Dead { .. } = checked {
            let json = response.json().unwrap();
            prop_assert!(json.pointer("/data/is_valid").is_some_and(serde_json::Value::is_boolean));
        }
        let _ = facebook.read_identity(&response);
        let _ = facebook.read_children(&response);
        let _ = facebook.read_revoke(&response);
        let text = facebook.post_kind("text").unwrap();
        let _ = text.read_step(0, &response);
        let sent = values().post_text("x").attempt_started(now());
        let _ = text.find_in_recovery(&response, &sent, &BTreeSet::new());
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_with_a_line_of_its_own(
        which in 0..SHIPPED.len(), at in any::<prop::sample::Index>(), length in 0..40_usize,
        instead in "[a-z\\[\\]{}\"=., \n]{0,6}",
    ) {
        let (name, text) = SHIPPED[which];
        let mut chars: Vec<char> = text.chars().collect();
        let start = at.index(chars.len());
        let end = (start + length).min(chars.len());
        chars.splice(start..end, instead.chars());
        let damaged: String = chars.into_iter().collect();
        if let Err(fault) = Provider::parse(name, &damaged) {
            prop_assert!(fault.line >= 1 && fault.line <= damaged.lines().count() + 1);
            prop_assert!(!fault.message.contains('\n'));
        }
    }

    #[test]
    fn what_a_service_said_is_always_one_short_line(said in any::<String>()) {
        let line = clean(&said);
        prop_assert!(line.chars().count() <= 200);
        prop_assert!(!line.chars().any(char::is_control));
    }
}
