//! A network that fails where it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evergrant_core::http::{Request, Response};

use super::{Http, Limits, Pending, Transport};

/// Passes requests on to another network, except where trouble was ordered.
///
/// Calls are numbered from 0, so that a simulation can repeat a run and let every single one fail
/// in turn.
pub struct FailingHttp {
    inner: Arc<dyn Http>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    calls: usize,
    offline: bool,
    troubles: BTreeMap<usize, Trouble>,
}

#[derive(Clone, Copy)]
enum Trouble {
    /// The request does not reach the service.
    NotSent,
    /// The request arrives, the answer does not.
    AnswerLost,
}

impl FailingHttp {
    /// No trouble so far.
    pub fn new(inner: Arc<dyn Http>) -> Self {
        Self {
            inner,
            plan: Mutex::default(),
        }
    }

    /// The next call that has no trouble yet does not reach the service.
    pub fn fail_next(&self) {
        self.lock().order_next(Trouble::NotSent);
    }

    /// The next call that has no trouble yet arrives, but its answer is lost.
    pub fn lose_answer_next(&self) {
        self.lock().order_next(Trouble::AnswerLost);
    }

    /// Call number `call` does not reach the service.
    pub fn fail_call(&self, call: usize) {
        self.lock().troubles.insert(call, Trouble::NotSent);
    }

    /// Call number `call` arrives, but its answer is lost.
    pub fn lose_answer_of(&self, call: usize) {
        self.lock().troubles.insert(call, Trouble::AnswerLost);
    }

    /// While offline, no call reaches the service.
    pub fn set_offline(&self, offline: bool) {
        self.lock().offline = offline;
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn order_next(&mut self, trouble: Trouble) {
        let mut call = self.calls;
        while self.troubles.contains_key(&call) {
            call += 1;
        }
        self.troubles.insert(call, trouble);
    }

    fn next_call(&mut self) -> Option<Trouble> {
        let trouble = self.troubles.remove(&self.calls);
        self.calls += 1;
        if self.offline {
            Some(Trouble::NotSent)
        } else {
            trouble
        }
    }
}

impl Http for FailingHttp {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        let trouble = self.lock().next_call();
        Box::pin(async move {
            let host = request.url.host_str().unwrap_or_default().to_owned();
            match trouble {
                None => self.inner.send(request, limits).await,
                Some(Trouble::NotSent) => Err(Transport::NotSent {
                    host,
                    why: "the network was told to fail".to_owned(),
                }),
                Some(Trouble::AnswerLost) => {
                    self.inner.send(request, limits).await?;
                    Err(Transport::NoAnswer {
                        host,
                        why: "the network was told to lose the answer".to_owned(),
                    })
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use evergrant_core::http::{Body, Method};
    use url::Url;

    use super::super::ScriptedHttp;
    use super::*;

    async fn send(http: &FailingHttp) -> Result<Response, Transport> {
        let url = Url::parse("https://api.example/posts").unwrap();
        let request = Request {
            method: Method::Post,
            url,
            headers: vec![],
            body: Body::Empty,
        };
        http.send(request, Limits::default()).await
    }

    #[tokio::test]
    async fn a_failed_call_never_arrives_and_a_lost_answer_does() {
        let service = Arc::new(ScriptedHttp::new());
        for _ in 0..3 {
            service.answer(200, "{}");
        }
        let http = FailingHttp::new(service.clone());
        http.fail_next();
        http.lose_answer_next();
        assert!(!send(&http).await.unwrap_err().may_have_arrived());
        assert_eq!(service.asked().len(), 0);
        assert!(send(&http).await.unwrap_err().may_have_arrived());
        assert_eq!(service.asked().len(), 1);
        assert!(send(&http).await.is_ok());
    }

    #[tokio::test]
    async fn trouble_can_be_ordered_by_number_and_for_a_while() {
        let service = Arc::new(ScriptedHttp::new());
        service.answer(200, "{}");
        service.answer(200, "{}");
        let http = FailingHttp::new(service.clone());
        http.lose_answer_of(1);
        assert!(send(&http).await.is_ok());
        assert!(send(&http).await.unwrap_err().may_have_arrived());
        http.set_offline(true);
        assert!(!send(&http).await.unwrap_err().may_have_arrived());
        assert_eq!((http.calls(), service.asked().len()), (3, 2));
    }
}
