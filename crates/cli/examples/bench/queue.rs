//! The next due post, among few and among many.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use chrono::TimeDelta;
use evergrant_core::Instant;
use evergrant_core::command::{Command, Reply};
use evergrant_core::ids::{AccountId, ChildId, PostId};
use evergrant_core::post::{Content, Post, PostState};
use evergrant_engine::ports::ReqwestHttp;
use evergrant_engine::store::{Store, post_state_name};
use rusqlite::{Connection, params};
use tokio::runtime::Runtime;

use crate::issuer::Issuer;
use crate::page::{Line, Page, Table};
use crate::series::{Series, ratio, shown, times};
use crate::{in_memory, progress, said};

/// How many posts are queued.
const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// How often the next is looked for.
const ROUNDS: usize = 1_000;
/// How many due posts the engine takes up at once.
const BATCH: usize = 64;
/// The many may take this much longer than the few.
const AIM: f64 = 2.0;
/// How long looks of the whole engine are repeated, and how often at most and at least.
const LOOKING: Duration = Duration::from_secs(3);
const LOOKS: std::ops::RangeInclusive<usize> = 3..=50;
/// A prime that divides no size, to queue posts in another order than that of their times.
const STRIDE: u32 = 611_953;

/// One size's times.
struct Queue {
    size: u32,
    next: Series,
    looked: Series,
    listed: Series,
    opened: Series,
}

/// All sizes' times.
pub struct Queues(Vec<Queue>);

/// A queue on the disk.
struct Filled {
    folder: tempfile::TempDir,
    store: Store,
    first_due: Instant,
}

/// Fills queues, looks for the next post in each by turns, then lets an engine look.
pub fn measure(runtime: &Runtime, issuer: &Issuer) -> Result<Queues, String> {
    let mut filled = Vec::new();
    for size in SIZES {
        progress(&format!("  queueing {}", thousands(size.into())));
        filled.push(fill(runtime, issuer, size)?);
    }
    let mut next: [Series; SIZES.len()] = Default::default();
    for _ in 0..ROUNDS {
        for (queue, series) in filled.iter().zip(&mut next) {
            let found = series.time(|| {
                let due = queue.store.posts_due(queue.first_due, &[], BATCH)?;
                Ok::<_, evergrant_engine::store::StoreError>((
                    due,
                    queue
                        .store
                        .next_wake(queue.first_due - TimeDelta::milliseconds(1))?,
                ))
            });
            let (due, wake) = found.map_err(said)?;
            if due.len() != 1 || wake != Some(queue.first_due) {
                return Err(format!("{} posts are due, the next at {wake:?}", due.len()));
            }
        }
    }
    let mut queues = Vec::new();
    for ((size, next), queue) in SIZES.into_iter().zip(next).zip(filled) {
        let Filled { folder, store, .. } = queue;
        drop(store);
        progress(&format!("  the engine among {}", thousands(size.into())));
        let mut queue = Queue {
            size,
            next,
            looked: Series::default(),
            listed: Series::default(),
            opened: Series::default(),
        };
        runtime.block_on(queue.look(issuer, folder.path()))?;
        queues.push(queue);
    }
    Ok(Queues(queues))
}

/// A data folder with a connected account and `size` posts of it, one a minute from tomorrow on.
fn fill(runtime: &Runtime, issuer: &Issuer, size: u32) -> Result<Filled, String> {
    let folder = tempfile::tempdir().map_err(said)?;
    let account = runtime.block_on(async {
        let http = Arc::new(ReqwestHttp::new());
        let engine = issuer.engine(folder.path(), http, in_memory()).await?;
        issuer.connect(&engine).await
    })?;
    let file = folder.path().join("evergrant.db");
    let now = chrono::Utc::now();
    let first_due = evergrant_core::Instant::from_timestamp_millis(
        (now + TimeDelta::days(1)).timestamp_millis(),
    )
    .ok_or("tomorrow is out of range")?;
    insert(&file, &account, size, |number| {
        let minutes = u64::from(number) * u64::from(STRIDE) % u64::from(size);
        first_due + TimeDelta::minutes(i64::try_from(minutes).unwrap_or_default())
    })
    .map_err(said)?;
    let store = Store::open(&file, now).map_err(said)?.store;
    Ok(Filled {
        folder,
        store,
        first_due,
    })
}

/// One durable transaction for each post is right for a person and would take hours here.
pub fn insert(
    file: &Path,
    account: &AccountId,
    size: u32,
    due: impl Fn(u32) -> Instant,
) -> rusqlite::Result<()> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;")?;
    let begun = connection.transaction()?;
    {
        let mut insert = begun.prepare(
            "INSERT INTO post (id, account, target, state, due, wake_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for number in 0..size {
            let due = due(number);
            let post = Post {
                id: PostId(i64::from(number) + 1),
                account: account.clone(),
                target: ChildId("500100".into()),
                content: Content {
                    text: format!("Post {number}: a line or two, as people write them."),
                    ..Content::default()
                },
                due,
                zone: "Europe/Berlin".into(),
                late_limit: 7_200,
                attempts: 0,
                state: PostState::Queued,
            };
            let body = serde_json::to_string(&post)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            insert.execute(params![
                post.id.0,
                post.account.as_str(),
                post.target.as_str(),
                post_state_name(&post.state),
                due.timestamp_millis(),
                post.wake_at().map(|at| at.timestamp_millis()),
                body
            ])?;
        }
    }
    begun.commit()
}

impl Queue {
    /// What the whole engine takes to open the folder, to find that nothing is due yet, as it does
    /// at each wake, and to list the accounts.
    async fn look(&mut self, issuer: &Issuer, data: &Path) -> Result<(), String> {
        for _ in 0..*LOOKS.start() {
            let begun = Moment::now();
            let engine = issuer
                .engine(data, Arc::new(ReqwestHttp::new()), in_memory())
                .await?;
            self.opened.push(begun.elapsed());
            drop(engine);
        }
        let engine = issuer
            .engine(data, Arc::new(ReqwestHttp::new()), in_memory())
            .await?;
        while wants_more(&self.looked) {
            let begun = Moment::now();
            let reply = engine.handle(Command::RunDue).await.map_err(said)?;
            self.looked.push(begun.elapsed());
            match reply {
                Reply::Ran { ran } if ran.checked == 0 && ran.posted == 0 && ran.next.is_some() => {
                }
                other => return Err(format!("something was due: {other:?}")),
            }
        }
        while wants_more(&self.listed) {
            let begun = Moment::now();
            let reply = engine.handle(Command::Accounts).await.map_err(said)?;
            self.listed.push(begun.elapsed());
            match reply {
                Reply::Accounts { accounts } if accounts.len() == 1 => {}
                other => return Err(format!("another account was listed: {other:?}")),
            }
        }
        Ok(())
    }
}

fn wants_more(series: &Series) -> bool {
    let enough = series.len() >= *LOOKS.start() && series.total() >= LOOKING;
    !enough && series.len() < *LOOKS.end()
}

impl Queues {
    /// Puts it on the page.
    pub fn tell(&self, page: &mut Page) {
        let (Some(few), Some(many)) = (self.0.first(), self.0.last()) else {
            return;
        };
        let line = |what, few: &Series, many: &Series| {
            let longer = ratio(many.median(), few.median());
            Line {
                what,
                here: shown(many.median()),
                beside: format!(
                    "among 1 000: {}; {} times as long",
                    shown(few.median()),
                    times(longer)
                ),
                aim: Some(("flat within 2 times", longer <= AIM)),
            }
        };
        page.result(line(
            "next due post among 1 000 000 queued",
            &few.next,
            &many.next,
        ));
        page.result(line(
            "the engine's whole look at 1 000 000 queued, nothing due",
            &few.looked,
            &many.looked,
        ));
        let rows = self.0.iter().map(|queue| {
            let beside =
                |series: &Series, few: &Series| times(ratio(series.median(), few.median()));
            vec![
                thousands(queue.size.into()),
                shown(queue.next.median()),
                shown(queue.next.ninth_decile()),
                beside(&queue.next, &few.next),
                shown(queue.looked.median()),
                beside(&queue.looked, &few.looked),
                shown(queue.listed.median()),
                shown(queue.opened.median()),
            ]
        });
        let table = Table {
            head: vec![
                "Queued",
                "Next due",
                "90 % under",
                "1 000 = 1",
                "Whole look",
                "1 000 = 1",
                "Listing accounts",
                "Opening",
            ],
            rows: rows.collect(),
        };
        let text = format!(
            "In databases on the disk, {} times each by turns: which posts are due when one is, and when the next\nwill be (`posts_due` and `next_wake`). The whole look is `RunDue` with nothing due, as the program\ndoes it at each wake; listing the accounts (`Accounts`) and opening the engine are there for comparison.",
            thousands(ROUNDS as u64)
        );
        page.section("The next due post", text, table);
    }
}

/// 1000000 as 1 000 000.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
