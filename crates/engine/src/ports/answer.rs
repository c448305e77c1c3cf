//! Telling the one real answer of an authorization server from everything else.

use std::borrow::Cow;

use evergrant_core::Secret;

use super::{Expected, TripError};

/// What the real answer says: the code, or why there is none.
pub type Outcome = Result<Secret, TripError>;

/// Why something that arrived is not the answer that is waited for. None of these ends the trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// A parameter came more than once (RFC 6749 section 3.1).
    #[error("This answer names “{0}” more than once, so it can't be trusted.")]
    Twice(&'static str),
    /// There is no `state`.
    #[error("This answer does not belong to the sign-in that is waiting.")]
    NoState,
    /// The `state` is not the one that was sent (RFC 6749 section 10.12).
    #[error("This answer does not belong to the sign-in that is waiting.")]
    OtherState,
    /// The issuer is not the expected one, or not named although it has to be (RFC 9207).
    #[error("This answer does not come from the service that was asked.")]
    OtherIssuer,
    /// There is neither a code nor an error.
    #[error("This answer holds no code.")]
    NoCode,
}

/// Looks whether `pairs`, the parameters of a redirect, are the answer that is waited for.
///
/// The `state` comes first: without it nothing else is believed, neither a code nor an error.
pub fn judge<'a>(
    pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    expected: &Expected,
) -> Result<Outcome, Foreign> {
    let answer = Answer::collect(pairs)?;
    let state = answer.state.ok_or(Foreign::NoState)?;
    if state != expected.state || state.is_empty() {
        return Err(Foreign::OtherState);
    }
    if expected.issuer.is_some() && answer.issuer != expected.issuer {
        return Err(Foreign::OtherIssuer);
    }
    if let Some(error) = answer.error {
        return Ok(Err(refusal(&error, answer.description.as_deref())));
    }
    match answer.code {
        Some(code) if !code.is_empty() => Ok(Ok(code)),
        _ => Err(Foreign::NoCode),
    }
}

/// The parameters of an authorization response (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Default)]
struct Answer {
    code: Option<Secret>,
    state: Option<Secret>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Answer {
    fn collect<'a>(
        pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    ) -> Result<Self, Foreign> {
        let mut answer = Self::default();
        for (name, value) in pairs {
            let repeated = match name.as_ref() {
                "code" => answer.code.replace(Secret::new(value)).map(|_| "code"),
                "state" => answer.state.replace(Secret::new(value)).map(|_| "state"),
                "iss" => answer.issuer.replace(value.into_owned()).map(|_| "iss"),
                "error" => answer.error.replace(value.into_owned()).map(|_| "error"),
                "error_description" => answer
                    .description
                    .replace(value.into_owned())
                    .map(|_| "error_description"),
                _ => None,
            };
            if let Some(name) = repeated {
                return Err(Foreign::Twice(name));
            }
        }
        Ok(answer)
    }
}

fn refusal(error: &str, description: Option<&str>) -> TripError {
    if error == "access_denied" {
        return TripError::Denied;
    }
    let code = one_line(error, 60);
    let said = match description.map(|text| one_line(text, 300)) {
        Some(text) if !text.is_empty() => format!("{text} ({code})"),
        _ => code.clone(),
    };
    TripError::Refused { code, said }
}

/// `text` without line ends and other control characters, at most `most` characters long.
fn one_line(text: &str, most: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let short: String = line.chars().take(most - 1).collect();
    format!("{short}…")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn expected(issuer: Option<&str>) -> Expected {
        Expected {
            state: Secret::new("right"),
            issuer: issuer.map(str::to_owned),
            patience: Duration::from_secs(300),
            provider_name: "Example".to_owned(),
        }
    }

    fn judged(query: &str, issuer: Option<&str>) -> Result<Outcome, Foreign> {
        judge(
            url::form_urlencoded::parse(query.as_bytes()),
            &expected(issuer),
        )
    }

    #[test]
    fn a_code_with_the_right_state_is_the_answer() {
        let code = judged("code=a%2Fb&state=right&scope=x", None)
            .unwrap()
            .unwrap();
        assert_eq!(code.reveal(), "a/b");
    }

    #[test]
    fn without_the_right_state_nothing_is_believed() {
        for query in ["code=a", "error=access_denied", ""] {
            assert_eq!(judged(query, None), Err(Foreign::NoState), "{query}");
        }
        for query in [
            "code=a&state=wrong",
            "error=access_denied&state=",
            "code=a&state=Right",
        ] {
            assert_eq!(judged(query, None), Err(Foreign::OtherState), "{query}");
        }
    }

    #[test]
    fn an_empty_state_is_never_right() {
        let mut expected = expected(None);
        expected.state = Secret::new("");
        let pairs = url::form_urlencoded::parse(b"code=a&state=");
        assert_eq!(judge(pairs, &expected), Err(Foreign::OtherState));
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        for (query, name) in [
            ("code=a&code=a&state=right", "code"),
            ("code=a&state=right&state=right", "state"),
            ("code=a&state=right&iss=x&iss=x", "iss"),
            ("error=a&error=b&state=right", "error"),
        ] {
            assert_eq!(judged(query, None), Err(Foreign::Twice(name)), "{query}");
        }
    }

    #[test]
    fn an_announced_issuer_must_be_named_exactly_even_with_an_error() {
        let issuer = Some("https://as.example");
        assert!(
            judged("code=a&state=right&iss=https%3A%2F%2Fas.example", issuer)
                .unwrap()
                .is_ok()
        );
        for query in [
            "code=a&state=right",
            "code=a&state=right&iss=https%3A%2F%2Fas.example%2F",
            "error=access_denied&state=right",
        ] {
            assert_eq!(judged(query, issuer), Err(Foreign::OtherIssuer), "{query}");
        }
    }

    #[test]
    fn cancelling_is_told_from_other_errors() {
        let denied = judged("error=access_denied&state=right", None).unwrap();
        assert_eq!(denied, Err(TripError::Denied));
        let query = "error=invalid_scope&error_description=No%0A%1b[31m+such%09scope&state=right";
        let refused = judged(query, None).unwrap().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "The service refused the sign-in: No [31m such scope (invalid_scope)"
        );
    }

    #[test]
    fn what_the_service_says_is_cut_short() {
        let query = format!("error=x&error_description={}&state=right", "é".repeat(1000));
        let Err(TripError::Refused { said, .. }) = judged(&query, None).unwrap() else {
            panic!()
        };
        assert_eq!(said.chars().count(), 300 + " (x)".len());
    }

    #[test]
    fn an_answer_without_code_is_none() {
        assert_eq!(judged("state=right", None), Err(Foreign::NoCode));
        assert_eq!(judged("state=right&code=", None), Err(Foreign::NoCode));
    }
}
