//! Many posts that are due in the same moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use evergrant_core::command::{Command, Reply};
use evergrant_core::happening::Happening;
use evergrant_core::http::{Method, Request, Response};
use evergrant_core::ids::PostId;
use evergrant_engine::ports::{Http, Limits, Pending, ReqwestHttp, Transport};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::issuer::Issuer;
use crate::page::{Line, Page, Table};
use crate::queue::{insert, thousands};
use crate::series::{Series, shown};
use crate::{in_memory, said};

/// How many posts.
const POSTS: u32 = 1_000;
/// How many requests are under way at once to one service, as in the engine.
const AT_ONCE: usize = 6;
/// So late each may be by the engine's doing.
const AIM: Duration = Duration::from_millis(100);
/// They are due so long after they were written.
const AHEAD: TimeDelta = TimeDelta::seconds(2);
/// All are out by then, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// How late they were.
pub struct Posts {
    /// Due one after the other, evenly over one second.
    in_a_second: Series,
    /// Due in the same millisecond.
    at_once: Series,
    /// The requests of those.
    by_hand: Series,
    requests: usize,
}

/// Lets engines send them, then sends the requests of the last by hand.
pub fn measure(runtime: &Runtime, issuer: &Issuer) -> Result<Posts, String> {
    runtime.block_on(async {
        let (in_a_second, _) = send(issuer, |number| {
            TimeDelta::milliseconds(i64::from(number) * 1_000 / i64::from(POSTS))
        })
        .await?;
        let (at_once, tap) = send(issuer, |_| TimeDelta::zero()).await?;
        let requests = tap.requests();
        Ok(Posts {
            in_a_second,
            at_once,
            requests: requests.len(),
            by_hand: by_hand(&tap, requests).await?,
        })
    })
}

/// How late each was, from when it was due until it was known to stand at the service.
async fn send(
    issuer: &Issuer,
    after: impl Fn(u32) -> TimeDelta,
) -> Result<(Series, Arc<Tap>), String> {
    let folder = tempfile::tempdir().map_err(said)?;
    let keychain = in_memory();
    let engine = issuer
        .engine(
            folder.path(),
            Arc::new(ReqwestHttp::new()),
            keychain.clone(),
        )
        .await?;
    let account = issuer.connect(&engine).await?;
    drop(engine);
    let first = chrono::Utc::now() + AHEAD;
    // Numbers begin with one.
    let due = |post: PostId| first + after(u32::try_from(post.0 - 1).unwrap_or_default());
    insert(
        &folder.path().join("evergrant.db"),
        &account,
        POSTS,
        |number| due(PostId(i64::from(number) + 1)),
    )
    .map_err(said)?;
    let tap = Arc::new(Tap::default());
    let engine = issuer
        .engine(folder.path(), Arc::clone(&tap) as _, keychain)
        .await?;
    let mut notices = engine.subscribe();
    let mut late = Series::default();
    let stop = async {
        while late.len() < POSTS as usize {
            match notices.recv().await {
                Ok(notice) => {
                    if let (Happening::Posted { .. }, Some(post)) = (notice.happening, notice.post)
                    {
                        late.push((notice.at - due(post)).to_std().unwrap_or_default());
                    }
                }
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            }
        }
    };
    let kept = tokio::time::timeout(PATIENCE, engine.keep_running(stop));
    kept.await.map_err(said)?.map_err(said)?;
    let left = engine.handle(Command::Queue { all: false }).await;
    match left.map_err(said)? {
        Reply::Queue { posts } if posts.is_empty() && late.len() == POSTS as usize => {
            Ok((late, tap))
        }
        other => Err(format!("not every post went out: {other:?}")),
    }
}

/// The same requests in the same order, as many at once; how long after the first each post was out.
async fn by_hand(tap: &Arc<Tap>, requests: Vec<Request>) -> Result<Series, String> {
    let begun = Instant::now();
    let mut series = Series::default();
    let mut under_way = JoinSet::new();
    let mut requests = requests.into_iter();
    loop {
        while under_way.len() < AT_ONCE {
            let Some(request) = requests.next() else {
                break;
            };
            let tap = Arc::clone(tap);
            under_way.spawn(async move {
                let publishes = request.method == Method::Post;
                let answer = tap.port.send(request, Limits::default()).await;
                (publishes, answer.is_ok_and(|answer| answer.is_success()))
            });
        }
        match under_way.join_next().await {
            None => return Ok(series),
            Some(Ok((publishes, true))) => {
                if publishes {
                    series.push(begun.elapsed());
                }
            }
            Some(_) => return Err("the service did not answer a request by hand".into()),
        }
    }
}

impl Posts {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        for (what, part) in [
            (
                "1 000 posts due over one second: half were late by less than",
                0.5,
            ),
            ("the same, 99 of 100", 0.99),
        ] {
            let late = self.in_a_second.at(part);
            page.result(Line {
                what,
                here: shown(late),
                beside: "the service's time is in it".into(),
                aim: Some(("under 100 ms", late < AIM)),
            });
        }
        for (what, part) in [
            (
                "1 000 posts due in the same millisecond: half were late by less than",
                0.5,
            ),
            ("the same, 99 of 100", 0.99),
        ] {
            let (late, by_hand) = (self.at_once.at(part), self.by_hand.at(part));
            let added = late.saturating_sub(by_hand);
            page.result(Line {
                what,
                here: shown(late),
                beside: format!(
                    "their requests by hand: {}; {} of it are ours",
                    shown(by_hand),
                    shown(added)
                ),
                aim: Some(("under 100 ms of our own", added < AIM)),
            });
        }
        let row = |what: &str, series: &Series| {
            vec![
                what.to_owned(),
                shown(series.at(0.5)),
                shown(series.at(0.99)),
                thousands(series.len() as u64),
            ]
        };
        let table = Table {
            head: vec!["", "Half under", "99 % under", "Posted"],
            rows: vec![
                row("due over one second", &self.in_a_second),
                row("due in the same millisecond", &self.at_once),
                row("the requests of those by hand", &self.by_hand),
            ],
        };
        let text = format!(
            "{} posts of one account, from when each was due until it was known to stand at the practice network. By hand:\nthe same {} requests in the same order by the same port, {AT_ONCE} at once, as the engine asks of one service, and\nnothing is checked, chosen or written in between. Each post waits for the disk twice, before its request and\nafter its answer, together with those that are as far.",
            thousands(POSTS.into()),
            thousands(self.requests as u64)
        );
        page.section("Posts that are due together", text, table);
    }
}

/// The real network, which remembers what was asked.
#[derive(Default)]
struct Tap {
    port: ReqwestHttp,
    requests: Mutex<Vec<Request>>,
}

impl Tap {
    fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Http for Tap {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        self.port.send(request, limits)
    }
}
