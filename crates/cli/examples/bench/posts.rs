//! Many posts that are due in the same moment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use evergrant_core::command::{Command, Reply};
use evergrant_core::happening::Happening;
use evergrant_core::http::{Method, Request, Response};
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
/// The engine may add so much to each.
const AIM: Duration = Duration::from_millis(100);
/// They are due so long after they were written.
const AHEAD: TimeDelta = TimeDelta::seconds(2);
/// All are out by then, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// How late they were.
pub struct Posts {
    late: Series,
    by_hand: Series,
    requests: usize,
}

/// Lets an engine send them, then sends the same requests by hand.
pub fn measure(runtime: &Runtime, issuer: &Issuer) -> Result<Posts, String> {
    let folder = tempfile::tempdir().map_err(said)?;
    let tap = Arc::new(Tap::default());
    runtime.block_on(async {
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
        let due = chrono::Utc::now() + AHEAD;
        insert(&folder.path().join("evergrant.db"), &account, POSTS, |_| {
            due
        })
        .map_err(said)?;
        let engine = issuer
            .engine(folder.path(), Arc::clone(&tap) as _, keychain)
            .await?;
        let mut notices = engine.subscribe();
        let mut late = Series::default();
        let stop = async {
            while late.len() < POSTS as usize {
                match notices.recv().await {
                    Ok(notice) if matches!(notice.happening, Happening::Posted { .. }) => {
                        late.push((notice.at - due).to_std().unwrap_or_default());
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                }
            }
        };
        let kept = tokio::time::timeout(PATIENCE, engine.keep_running(stop));
        kept.await.map_err(said)?.map_err(said)?;
        let left = engine.handle(Command::Queue { all: false }).await;
        match left.map_err(said)? {
            Reply::Queue { posts } if posts.is_empty() && late.len() == POSTS as usize => {}
            other => return Err(format!("not every post went out: {other:?}")),
        }
        let requests = tap.requests();
        Ok(Posts {
            late,
            requests: requests.len(),
            by_hand: by_hand(&tap, requests).await?,
        })
    })
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
    fn added(&self, part: f64) -> Duration {
        self.late.at(part).saturating_sub(self.by_hand.at(part))
    }

    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        for (what, part) in [
            (
                "1 000 posts due in the same moment: half were late by less than",
                0.5,
            ),
            ("the same, 99 of 100", 0.99),
        ] {
            let added = self.added(part);
            page.result(Line {
                what,
                here: shown(self.late.at(part)),
                beside: format!(
                    "their requests by hand: {}; {} of it are ours",
                    shown(self.by_hand.at(part)),
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
                row("after they were due", &self.late),
                row("their requests by hand", &self.by_hand),
            ],
        };
        let text = format!(
            "{} posts of one account, due in the same millisecond, from then until each is known to stand at the practice\nnetwork. By hand: the same {} requests in the same order by the same port, {AT_ONCE} at once, as the engine asks of\none service, and nothing is checked, chosen or written in between.",
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
