//! An engine that stays, as a task beside the test, and a network that is watched and can hang.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use evergrant_core::command::Problem;
use evergrant_core::http::{Request, Response};
use evergrant_engine::ports::{
    FailingHttp, HandNetwork, Http, Limits, Pending, ReqwestHttp, Transport,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::lab::Lab;

/// The engine of a lab while it stays.
pub struct Keeper {
    pub network: Arc<HandNetwork>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Problem>>,
}

impl Keeper {
    pub fn of(lab: &Lab) -> Self {
        let network = Arc::new(HandNetwork::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let (engine, watched) = (Arc::clone(lab.engine()), Arc::clone(&network));
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            engine.keep_running_on(&*watched, stopped).await
        });
        Self {
            network,
            stop: Some(stop),
            task,
        }
    }

    /// Waits for the check that comes at the start.
    pub async fn has_checked(&self, lab: &Lab) {
        let calls = lab.http.calls();
        until("the first check", async || {
            lab.advance(TimeDelta::milliseconds(100));
            lab.http.calls() > calls
        })
        .await;
        let_it_run().await;
    }

    /// Asks it to end, without waiting for it.
    pub fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
        }
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) {
        self.ask_to_stop();
        self.task.await.unwrap().unwrap();
    }
}

/// Lets everything run until `is_so`; on a network of this computer that takes no time to speak of.
pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let come = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(60);
    assert!(
        tokio::time::timeout(patience, come).await.is_ok(),
        "never: {what}"
    );
}

/// Lets everything that can run do so for a while.
pub async fn let_it_run() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

/// Carries requests, counts them, and holds up those it is told to.
pub struct Wire {
    inner: ReqwestHttp,
    under_way: AtomicUsize,
    most: AtomicUsize,
    /// Requests so far: paths.
    asked: Mutex<Vec<String>>,
    held_up: AtomicUsize,
    holds: watch::Sender<Option<Hold>>,
}

/// Which requests are held up, and when.
#[derive(Clone)]
pub struct Hold {
    pub which: Arc<dyn Fn(&Request) -> bool + Send + Sync>,
    /// True if the service is told, and only its answer is held up.
    pub answer_only: bool,
}

impl Wire {
    /// Puts it between the lab's engine and the network, and opens the engine anew.
    pub async fn under(lab: &mut Lab) -> Arc<Self> {
        let wire = Arc::new(Self {
            inner: ReqwestHttp::new(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            asked: Mutex::default(),
            held_up: AtomicUsize::new(0),
            holds: watch::Sender::new(None),
        });
        lab.http = Arc::new(FailingHttp::new(Arc::clone(&wire) as _));
        lab.restart().await.unwrap();
        wire
    }

    /// From now on these requests are held up, and no others.
    pub fn hold(&self, which: impl Fn(&Request) -> bool + Send + Sync + 'static) {
        self.holds.send_replace(Some(Hold {
            which: Arc::new(which),
            answer_only: false,
        }));
    }

    /// From now on the answers to these are held up, and no others.
    pub fn hold_answers(&self, which: impl Fn(&Request) -> bool + Send + Sync + 'static) {
        self.holds.send_replace(Some(Hold {
            which: Arc::new(which),
            answer_only: true,
        }));
    }

    /// Lets go everything that is held up.
    pub fn let_go(&self) {
        self.holds.send_replace(None);
    }

    /// How many are held up.
    pub fn held_up(&self) -> usize {
        self.held_up.load(Ordering::SeqCst)
    }

    /// The most requests that were under way at once.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until nothing holds `request` up any more.
    async fn wait(&self, request: &Request) {
        self.held_up.fetch_add(1, Ordering::SeqCst);
        let mut holds = self.holds.subscribe();
        let free = |hold: &Option<Hold>| hold.as_ref().is_none_or(|hold| !(hold.which)(request));
        holds.wait_for(free).await.unwrap();
        self.held_up.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Http for Wire {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        Box::pin(async move {
            let _count = Count::one_more(&self.under_way, &self.most);
            self.asked.lock().unwrap().push(request.url.path().into());
            let hold = self.holds.borrow().clone();
            let hold = hold.filter(|hold| (hold.which)(&request));
            if hold.as_ref().is_some_and(|hold| !hold.answer_only) {
                self.wait(&request).await;
            }
            let answer = self.inner.send(request.clone(), limits).await;
            if hold.is_some_and(|hold| hold.answer_only) {
                self.wait(&request).await;
            }
            answer
        })
    }
}

struct Count<'a>(&'a AtomicUsize);

impl<'a> Count<'a> {
    fn one_more(count: &'a AtomicUsize, most: &AtomicUsize) -> Self {
        let now = count.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// True for the request that makes a post.
pub fn is_post(request: &Request) -> bool {
    request.url.path().ends_with("/feed") && request.method == evergrant_core::http::Method::Post
}

/// True for a check.
pub fn is_check(request: &Request) -> bool {
    request.url.path().ends_with("/debug_token")
}
