//! Requests, compared whole.

use evergrant_core::Secret;
use evergrant_core::http::{Body, Media, Method, PartContent, Request};
use evergrant_core::provider::{Authorize, RenderError, Values};

use crate::support::{at, facebook, fixture, values};

/// Method, address, headers and form on lines of their own.
fn shown(request: &Request) -> String {
    let mut lines = vec![format!("{} {}", request.method.name(), request.url)];
    for (name, value) in &request.headers {
        lines.push(format!("{name}: {}", value.reveal()));
    }
    match &request.body {
        Body::Empty => {}
        Body::Form(text) => lines.push(format!("form {}", text.reveal())),
        Body::Json(text) => lines.push(format!("json {}", text.reveal())),
        Body::Multipart(parts) => lines.extend(parts.iter().map(|part| match &part.content {
            PartContent::Text(text) => format!("part {}={}", part.name, text.reveal()),
            PartContent::File(media) => format!("part {}={media:?}", part.name),
        })),
    }
    lines.join("\n")
}

/// HMAC-SHA256 of "EAAuser" with "app-secret", from `openssl dgst`.
const PROOF_USER: &str = "5d3a7d743864d338d8243ed85ffb8faae9b236484948791066c9c21bc70c867b";
/// HMAC-SHA256 of "EAApage" with "app-secret".
const PROOF_PAGE: &str = "a4e790a4f33cc8f26016f1e617391e91ce692425d30fa8a9c99b5f528ee804d5";

#[test]
fn the_browser_is_sent_with_state_challenge_and_commas() {
    let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let facebook = facebook();
    let mut ask = Authorize {
        client_id: "4711",
        redirect_uri: "http://localhost:5000/callback/facebook",
        state: &Secret::new("st&ate"),
        verifier: Some(&verifier),
        scopes: facebook.scopes(),
        rerequest: false,
    };
    // The challenge is the one of RFC 7636 appendix B.
    let first = "https://www.facebook.com/v25.0/dialog/oauth?response_type=code&client_id=4711\
                 &state=st%26ate&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                 &code_challenge_method=S256\
                 &redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Fcallback%2Ffacebook\
                 &scope=pages_show_list%2Cpages_manage_posts%2Cpages_read_engagement";
    assert_eq!(facebook.authorize_url(&ask).unwrap().as_str(), first);
    ask.rerequest = true;
    let again = format!("{first}&auth_type=rerequest");
    assert_eq!(facebook.authorize_url(&ask).unwrap().as_str(), again);
}

#[test]
fn a_verifier_of_the_wrong_length_is_refused_and_not_a_panic() {
    let facebook = facebook();
    for text in ["short".to_owned(), "x".repeat(129), " ".repeat(43)] {
        let ask = Authorize {
            client_id: "4711",
            redirect_uri: "http://localhost:5000/",
            state: &Secret::new("state"),
            verifier: Some(&Secret::new(text)),
            scopes: &[],
            rerequest: false,
        };
        assert_eq!(
            facebook.authorize_url(&ask).unwrap_err(),
            RenderError::Verifier
        );
    }
}

#[test]
fn where_pkce_is_required_a_sign_in_without_verifier_does_not_start() {
    let standard = fixture("standard");
    let ask = Authorize {
        client_id: "me",
        redirect_uri: "http://127.0.0.1:5000/",
        state: &Secret::new("state"),
        verifier: None,
        scopes: standard.scopes(),
        rerequest: false,
    };
    let error = standard.authorize_url(&ask).unwrap_err();
    assert_eq!(error, RenderError::Missing("verifier".into()));
    assert_eq!(standard.announces_iss(), Some("https://id.test"));
}

#[test]
fn the_code_goes_to_the_token_endpoint_as_documented() {
    let values = values()
        .code(&Secret::new("AQB+/code"))
        .verifier(&Secret::new("the-verifier"))
        .redirect_uri("http://localhost:5000/cb");
    assert_eq!(
        shown(&facebook().token_request(&values).unwrap()),
        "GET https://graph.facebook.com/v25.0/oauth/access_token?client_id=4711\
         &client_secret=app-secret&redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Fcb\
         &code=AQB%2B%2Fcode&code_verifier=the-verifier"
    );
}

#[test]
fn the_exchange_the_check_and_the_revocation_are_as_documented() {
    let facebook = facebook();
    assert_eq!(
        shown(&facebook.exchange_request(&values()).unwrap()),
        "GET https://graph.facebook.com/v25.0/oauth/access_token?grant_type=fb_exchange_token\
         &client_id=4711&client_secret=app-secret&fb_exchange_token=EAAuser"
    );
    assert_eq!(
        shown(&facebook.check_request(&values()).unwrap()),
        "GET https://graph.facebook.com/v25.0/debug_token?input_token=EAAuser\
         &access_token=4711%7Capp-secret"
    );
    assert_eq!(
        shown(&facebook.revoke_request(&values()).unwrap().unwrap()),
        format!(
            "DELETE https://graph.facebook.com/v25.0/10/permissions?appsecret_proof={PROOF_USER}\n\
             authorization: Bearer EAAuser"
        )
    );
}

#[test]
fn the_proof_goes_along_only_where_the_secret_is_known() {
    let facebook = facebook();
    assert_eq!(
        shown(&facebook.identity_request(&values()).unwrap()),
        format!(
            "GET https://graph.facebook.com/v25.0/me?fields=id%2Cname\
             &appsecret_proof={PROOF_USER}\nauthorization: Bearer EAAuser"
        )
    );
    let without = Values::new().access(&Secret::new("EAAuser"));
    assert_eq!(
        shown(&facebook.identity_request(&without).unwrap()),
        "GET https://graph.facebook.com/v25.0/me?fields=id%2Cname\nauthorization: Bearer EAAuser"
    );
}

#[test]
fn the_next_page_keeps_our_proof_and_never_leaves_the_server() {
    let facebook = facebook();
    let after = "https://graph.facebook.com/v25.0/10/accounts?fields=id&after=MTAx";
    assert_eq!(
        shown(&facebook.children_request(&values(), Some(after)).unwrap()),
        format!(
            "GET https://graph.facebook.com/v25.0/10/accounts?fields=id&after=MTAx\
             &appsecret_proof={PROOF_USER}\nauthorization: Bearer EAAuser"
        )
    );
    for foreign in [
        "https://evil.test/next",
        "http://graph.facebook.com/v25.0/me/accounts",
    ] {
        let error = facebook
            .children_request(&values(), Some(foreign))
            .unwrap_err();
        assert_eq!(error, RenderError::ForeignPage);
    }
}

#[test]
fn a_post_leaves_out_the_link_it_does_not_have() {
    let facebook = facebook();
    let text = facebook.post_kind("text").unwrap();
    let values = values()
        .child_id("100")
        .child_token(&Secret::new("EAApage"))
        .post_text("Hällo & co");
    let head = format!(
        "POST https://graph.facebook.com/v25.0/100/feed?appsecret_proof={PROOF_PAGE}\n\
         authorization: Bearer EAApage\nform "
    );
    assert_eq!(
        shown(&text.render_step(0, &values).unwrap()),
        format!("{head}message=H%C3%A4llo+%26+co")
    );
    let with_link = values.post_link(Some("https://example.org/?a=b".into()));
    assert_eq!(
        shown(&text.render_step(0, &with_link).unwrap()),
        format!("{head}message=H%C3%A4llo+%26+co&link=https%3A%2F%2Fexample.org%2F%3Fa%3Db")
    );
    assert!(text.takes_link);
}

#[test]
fn a_photo_goes_as_parts() {
    let facebook = facebook();
    let photo = facebook.post_kind("photo").unwrap();
    let media = Media {
        file_name: "cat.png".into(),
        mime: "image/png".into(),
        bytes: (*b"\x89PNG").into(),
    };
    let values = values()
        .child_id("100")
        .child_token(&Secret::new("EAApage"))
        .post_text("Cat")
        .media(media);
    assert_eq!(
        shown(&photo.render_step(0, &values).unwrap()),
        format!(
            "POST https://graph.facebook.com/v25.0/100/photos?appsecret_proof={PROOF_PAGE}\n\
             authorization: Bearer EAApage\npart caption=Cat\npart published=true\n\
             part source=Media(cat.png, image/png, 4 bytes)"
        )
    );
}

#[test]
fn the_standards_requests_are_those_of_the_rfcs() {
    let standard = fixture("standard");
    let values = Values::new()
        .client_id("me")
        .client_secret(&Secret::new("s3cret"))
        .code(&Secret::new("c0de"))
        .verifier(&Secret::new("v".repeat(43)))
        .redirect_uri("http://127.0.0.1:5000/cb")
        .access(&Secret::new("acc"))
        .refresh(&Secret::new("ref"));
    let basic = "accept: application/json\nauthorization: Basic bWU6czNjcmV0\nform ";
    assert_eq!(
        shown(&standard.token_request(&values).unwrap()),
        format!(
            "POST https://id.test/token\n{basic}grant_type=authorization_code&code=c0de\
             &code_verifier={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fcb",
            "v".repeat(43)
        )
    );
    assert_eq!(
        shown(&standard.renew_request(&values).unwrap()),
        format!("POST https://id.test/token\n{basic}grant_type=refresh_token&refresh_token=ref")
    );
    assert_eq!(
        shown(&standard.check_request(&values).unwrap()),
        format!("POST https://id.test/introspect\n{basic}token=acc")
    );
    assert_eq!(
        shown(&standard.revoke_request(&values).unwrap().unwrap()),
        format!("POST https://id.test/revoke\n{basic}token=ref&token_type_hint=refresh_token")
    );
}

#[test]
fn json_bodies_keep_types_and_leave_out_what_is_absent() {
    let chat = fixture("failure_inside_success");
    let kind = chat.post_kind("text").unwrap();
    let request = kind
        .render_step(0, &values().post_text("He said \"hi\""))
        .unwrap();
    assert_eq!(request.method, Method::Post);
    let Body::Json(text) = &request.body else {
        panic!("no JSON")
    };
    assert_eq!(
        text.reveal(),
        r#"{"channel":"10","text":"He said \"hi\"","unfurl_links":false}"#
    );
}

#[test]
fn headers_of_the_file_and_of_the_request_go_along() {
    let net = fixture("id_in_a_header");
    let request = net.identity_request(&values()).unwrap();
    assert_eq!(
        shown(&request),
        "GET https://api.net.test/v2/userinfo\nversion-month: 202611\nauthorization: Bearer EAAuser"
    );
    let own = fixture("instance");
    let values = values().post_text("x").key("key-1").attempt_started(at(5));
    let request = own
        .post_kind("text")
        .unwrap()
        .render_step(0, &values)
        .unwrap();
    assert!(shown(&request).contains("\nidempotency-key: key-1\n"));
}

#[test]
fn what_is_missing_is_named() {
    let app = Values::new().client_id("4711");
    let missing = |values: &Values| facebook().check_request(values).unwrap_err().to_string();
    assert_eq!(
        missing(&app),
        "the request needs `client.secret`, which is not known here"
    );
    let app = app.client_secret(&Secret::new("app-secret"));
    assert_eq!(
        missing(&app),
        "the request needs `token.access`, which is not known here"
    );
}

#[test]
fn debug_shows_no_secret() {
    let facebook = facebook();
    let values = values()
        .child_token(&Secret::new("EAApage"))
        .code(&Secret::new("AQBcode"));
    let request = facebook.check_request(&values).unwrap();
    let shown = format!("{values:?} {request:?} {facebook:?}");
    for secret in ["EAAuser", "EAApage", "AQBcode", "app-secret"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    let practice = evergrant_core::provider::Catalogue::from_shipped_and(Vec::new()).unwrap();
    let practice = practice.get("practice").unwrap();
    let practice = format!("{practice:?} {:?}", practice.client());
    assert!(!practice.contains("practice-app-secret"));
}
