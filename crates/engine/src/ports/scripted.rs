//! A network that says what it was told to say.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use evergrant_core::http::{Request, Response};

use super::{Http, Limits, Pending, Transport};

/// Answers requests from a queue and keeps what was asked, without queries and bodies.
#[derive(Debug, Default)]
pub struct ScriptedHttp {
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    outcomes: VecDeque<Result<Response, Transport>>,
    asked: Vec<String>,
}

impl ScriptedHttp {
    /// A network with nothing to say yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next request without an outcome gets this answer, `body` being JSON.
    pub fn answer(&self, status: u16, body: &str) {
        self.outcome(Ok(Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.as_bytes().to_vec(),
        }));
    }

    /// The next request without an outcome gets this one.
    pub fn outcome(&self, outcome: Result<Response, Transport>) {
        self.lock().outcomes.push_back(outcome);
    }

    /// What was asked so far: lines such as `POST https://api.example/v1/posts`.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// How many outcomes nobody has asked for yet.
    pub fn left(&self) -> usize {
        self.lock().outcomes.len()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http for ScriptedHttp {
    /// A request beyond the script counts as not sent.
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut script = self.lock();
        script.asked.push(format!("{request:?}"));
        let outcome = match script.outcomes.pop_front() {
            Some(Ok(answer)) if answer.body.len() > limits.max_bytes => Err(Transport::TooLarge {
                host,
                limit: limits.max_bytes,
            }),
            Some(outcome) => outcome,
            None => Err(Transport::NotSent {
                host,
                why: "the script is at its end".to_owned(),
            }),
        };
        drop(script);
        Box::pin(std::future::ready(outcome))
    }
}

#[cfg(test)]
mod tests {
    use evergrant_core::Secret;
    use evergrant_core::http::{Body, Method};
    use url::Url;

    use super::*;

    fn request() -> Request {
        Request {
            method: Method::Post,
            url: Url::parse("https://api.example/me?access_token=SECRET").unwrap(),
            headers: vec![],
            body: Body::Form(Secret::new("SECRET")),
        }
    }

    #[tokio::test]
    async fn outcomes_come_in_order_and_what_was_asked_is_kept_without_secrets() {
        let http = ScriptedHttp::new();
        http.answer(200, r#"{"id":"1"}"#);
        let lost = Transport::NoAnswer {
            host: "api.example".to_owned(),
            why: "lost".to_owned(),
        };
        http.outcome(Err(lost.clone()));
        let answer = http.send(request(), Limits::default()).await.unwrap();
        assert_eq!(answer.json().unwrap()["id"], "1");
        assert_eq!(http.send(request(), Limits::default()).await, Err(lost));
        let beyond = http.send(request(), Limits::default()).await.unwrap_err();
        assert!(!beyond.may_have_arrived());
        assert_eq!(http.asked(), ["POST https://api.example/me"; 3]);
        assert_eq!(http.left(), 0);
    }

    #[tokio::test]
    async fn an_answer_over_the_limit_is_too_large_here_too() {
        let http = ScriptedHttp::new();
        http.answer(200, "0123456789");
        let limits = Limits {
            max_bytes: 9,
            ..Limits::default()
        };
        let error = http.send(request(), limits).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "api.example sent an answer of more than 9 bytes"
        );
    }
}
