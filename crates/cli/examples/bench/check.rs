//! What a check before use adds to the issuer's own answer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evergrant_core::command::{Command, Reply};
use evergrant_core::happening::Happening;
use evergrant_core::http::{Request, Response};
use evergrant_engine::ports::{Http, Limits, Pending, ReqwestHttp, Transport};
use evergrant_engine::store::Store;

use crate::issuer::Issuer;
use crate::page::{Line, Page, Table};
use crate::series::{Series, ratio, shown, times};
use crate::{in_memory, said};

/// How often each is done.
const ROUNDS: usize = 500;
/// Done before, so that connections stand and files are in memory.
const WARM_UP: usize = 20;
/// A check may add less than this.
const AIM: Duration = Duration::from_millis(1);

/// The times.
pub struct Check {
    /// The command, to its answer.
    whole: Series,
    /// The same request by hand.
    by_hand: Series,
    /// Of each check, all but its request.
    around: Series,
    /// One durable write, alone.
    written: Series,
}

/// Leaves a data folder with one connected account.
pub async fn measure(issuer: &Issuer, folder: &Path) -> Result<Check, String> {
    let mut check = Check {
        whole: Series::default(),
        by_hand: Series::default(),
        around: Series::default(),
        written: Series::default(),
    };
    let tap = Arc::new(Tap::default());
    let data = folder.join("data");
    let engine = issuer
        .engine(&data, Arc::clone(&tap) as _, in_memory())
        .await?;
    let account = issuer.connect(&engine).await?;
    for round in 0..WARM_UP + ROUNDS {
        let command = Command::Check {
            account: Some(account.clone()),
        };
        let begun = Instant::now();
        let reply = engine.handle(command).await.map_err(said)?;
        let whole = begun.elapsed();
        match reply {
            Reply::Checks { checks } if checks.len() == 1 && checks[0].result == "good" => {}
            other => return Err(format!("a check brought {other:?}")),
        }
        let (request, asking) = tap.last()?;

        let begun = Instant::now();
        let answer = tap.port.send(request, Limits::default()).await;
        let by_hand = begun.elapsed();
        if !answer.map_err(said)?.is_success() {
            return Err("the issuer did not answer the request by hand".into());
        }
        if round >= WARM_UP {
            check.whole.push(whole);
            check.by_hand.push(by_hand);
            check.around.push(whole.saturating_sub(asking));
        }
    }
    drop(engine);
    check.written = writing(folder)?;
    Ok(check)
}

/// Writes a line as durably as the engine writes what a check found.
fn writing(folder: &Path) -> Result<Series, String> {
    let now = chrono::Utc::now();
    let store = Store::open(&folder.join("alone.db"), now)
        .map_err(said)?
        .store;
    let mut written = Series::default();
    for _ in 0..ROUNDS {
        written
            .time(|| store.note(now, None, &Happening::Checked))
            .map_err(said)?;
    }
    Ok(written)
}

impl Check {
    fn added(&self) -> Duration {
        let (whole, by_hand) = (self.whole.median(), self.by_hand.median());
        whole.saturating_sub(by_hand)
    }

    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        let added = self.added();
        page.result(Line {
            what: "check before use: time added to the issuer's answer",
            here: shown(added),
            beside: format!(
                "the issuer's answer itself: {}",
                shown(self.by_hand.median())
            ),
            aim: Some(("under 1 ms", added < AIM)),
        });
        let row = |what: &str, series: &Series| {
            vec![
                what.to_owned(),
                shown(series.median()),
                shown(series.ninth_decile()),
                times(ratio(series.median(), self.by_hand.median())),
            ]
        };
        let text = format!(
            "{} checks of a connected account, by turns with the same request sent by hand over the same\nkept-alive connection to the practice network on loopback. A check that says “good”\nonce more is written without waiting for the disk; every other change waits (`synchronous = FULL`).\nThe last line is one write that waits, on the same disk.",
            self.whole.len()
        );
        let table = Table {
            head: vec!["", "Median", "90 % under", "By hand = 1"],
            rows: vec![
                row("the request by hand", &self.by_hand),
                row("the check, whole", &self.whole),
                row("of each check, all but its request", &self.around),
                row("one durable line in a database, alone", &self.written),
            ],
        };
        page.section("Check before use", text, table);
    }
}

/// The real network, which remembers the last request and how long its answer took.
#[derive(Default)]
struct Tap {
    port: ReqwestHttp,
    last: Mutex<Option<(Request, Duration)>>,
}

impl Tap {
    fn last(&self) -> Result<(Request, Duration), String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.take().ok_or_else(|| "a check asked nobody".to_owned())
    }
}

impl Http for Tap {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        Box::pin(async move {
            let copy = request.clone();
            let begun = Instant::now();
            let answer = self.port.send(request, limits).await;
            let took = begun.elapsed();
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((copy, took));
            answer
        })
    }
}
