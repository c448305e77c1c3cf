//! The engine's ways to the world, each of which fails where the weather says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request as HttpRequest, header};
use evergrant_core::Secret;
use evergrant_core::grant::{Event, Grant};
use evergrant_core::http::{self, Part, PartContent, Request, Response};
use evergrant_core::ids::PostId;
use evergrant_engine::ports::{Http, Limits, Notice, Notifier, Pending, Transport};
use evergrant_engine::{Milestone, Probe};
use evergrant_keychain::{Description, Keychain, KeychainError, SecretStore, StoreKind};
use evergrant_practice::HungUp;
use tower::ServiceExt as _;

use crate::broken::Broken;
use crate::life::Life;
use crate::shared::Shared;
use crate::weather::{Fate, fate, one_in};

/// What stands between the parts of a multipart body here.
const BOUNDARY: &str = "a-part-of-a-simulated-request";

/// The network.
pub struct Line {
    pub shared: Arc<Shared>,
    pub life: Arc<Life>,
}

impl Http for Line {
    fn send(&self, request: Request, limits: Limits) -> Pending<'_, Result<Response, Transport>> {
        Box::pin(async move {
            self.life.goes_on().await;
            let what = format!("{request:?}");
            let fate = {
                let state = self.shared.state();
                fate(&self.shared.dice, &state.weather)
            };
            self.shared.note(&format!("{what}: {fate:?}"));
            let answer = self.carry(request, fate, limits.timeout).await;
            self.life.goes_on().await;
            let said = match &answer {
                Ok(answer) => answer.status.to_string(),
                Err(error) => error.to_string(),
            };
            self.shared.note(&format!("{what} -> {said}"));
            answer
        })
    }
}

impl Line {
    async fn carry(
        &self,
        request: Request,
        fate: Fate,
        patience: Duration,
    ) -> Result<Response, Transport> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let lost = |why: &str| {
            Err(Transport::NoAnswer {
                host: host.clone(),
                why: why.to_owned(),
            })
        };
        match fate {
            Fate::NotSent => Err(Transport::NotSent {
                host,
                why: "the network is down".to_owned(),
            }),
            Fate::Hangs => {
                self.shared.pass(patience).await;
                lost("it took too long")
            }
            Fate::DiesBefore => {
                self.die("before a request arrives").await;
                lost("the process is dead")
            }
            Fate::AnswerLost(there) => {
                self.shared.pass(there.min(patience)).await;
                self.effect(request).await.ok();
                lost("the connection broke")
            }
            Fate::DiesAfter(there) => {
                self.shared.pass(there.min(patience)).await;
                self.effect(request).await.ok();
                self.die("after a request was carried out").await;
                lost("the process is dead")
            }
            Fate::Answered(there, back) => {
                self.shared.pass(there.min(patience)).await;
                if there >= patience {
                    // The client has given up, and what is on its way arrives all the same.
                    self.effect(request).await.ok();
                    return lost("it took too long");
                }
                let answer = self.effect(request).await;
                self.shared
                    .pass(back.min(patience.saturating_sub(there)))
                    .await;
                if there + back >= patience {
                    return lost("it took too long");
                }
                answer.or_else(|HungUp| lost("the connection was closed"))
            }
        }
    }

    async fn die(&self, when: &str) {
        self.shared.note(&format!("the process dies {when}"));
        self.life.end();
        self.life.goes_on().await;
    }

    /// The service does what it is asked. A process that is dead asks nothing.
    async fn effect(&self, request: Request) -> Result<Response, HungUp> {
        self.life.goes_on().await;
        let Ok(answer) = self.shared.router.clone().oneshot(wire(request)).await;
        if answer.extensions().get::<HungUp>().is_some() {
            return Err(HungUp);
        }
        let (head, body) = answer.into_parts();
        let headers = head.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        Ok(Response {
            status: head.status.as_u16(),
            headers: headers.collect(),
            // A body in memory is always whole.
            body: to_bytes(body, usize::MAX)
                .await
                .map_err(|_| HungUp)?
                .to_vec(),
        })
    }
}

/// The request as it would stand on the wire.
fn wire(request: Request) -> HttpRequest<Body> {
    let mut ready = HttpRequest::builder()
        .method(request.method.name())
        .uri(&request.url[url::Position::BeforePath..])
        .header(header::HOST, request.url.authority());
    for (name, value) in &request.headers {
        ready = ready.header(name, value.reveal());
    }
    let (kind, bytes) = match request.body {
        http::Body::Empty => (None, Vec::new()),
        http::Body::Form(text) => (
            Some("application/x-www-form-urlencoded".to_owned()),
            text.reveal().as_bytes().to_vec(),
        ),
        http::Body::Json(text) => (
            Some("application/json".to_owned()),
            text.reveal().as_bytes().to_vec(),
        ),
        http::Body::Multipart(parts) => (
            Some(format!("multipart/form-data; boundary={BOUNDARY}")),
            multipart(&parts),
        ),
    };
    if let Some(kind) = kind {
        ready = ready.header(header::CONTENT_TYPE, kind);
    }
    ready
        .body(Body::from(bytes))
        .expect("core makes requests that can be sent")
}

fn multipart(parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let name = &part.name;
        let (of_file, content) = match &part.content {
            PartContent::Text(text) => (String::new(), text.reveal().as_bytes()),
            PartContent::File(media) => {
                let (name, kind) = (&media.file_name, &media.mime);
                let of_file = format!("; filename=\"{name}\"\r\nContent-Type: {kind}");
                (of_file, &*media.bytes)
            }
        };
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{of_file}\r\n\r\n"
        );
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(content);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    bytes
}

/// The keychain.
struct Chest {
    shared: Arc<Shared>,
    life: Arc<Life>,
}

/// The keychain of one life of the process.
pub fn keychain(shared: &Arc<Shared>, life: &Arc<Life>) -> Keychain {
    let description = Description {
        kind: StoreKind::Memory,
        name: "a simulated keychain".to_owned(),
        survives_restart: true,
        encrypted: true,
    };
    let chest = Chest {
        shared: Arc::clone(shared),
        life: Arc::clone(life),
    };
    Keychain::on_caller(description, Box::new(chest))
}

impl Chest {
    /// What becomes of a call; `Ok(true)` if its effect comes and its answer does not.
    fn enter(&self, what: &str) -> Result<bool, KeychainError> {
        let dead = || KeychainError::Refused {
            why: "the process is dead".to_owned(),
        };
        if self.life.is_over() {
            return Err(dead());
        }
        let (trouble, is_stormy) = {
            let state = self.shared.state();
            (state.weather.keychain.clone(), state.weather.is_stormy)
        };
        let dice = &self.shared.dice;
        if let Some(trouble) = trouble {
            self.shared.note(&format!("keychain, {what}: {trouble}"));
            return Err(trouble);
        }
        if !is_stormy {
            return Ok(false);
        }
        if one_in(dice, 60) {
            self.shared
                .note(&format!("the process dies before the keychain, {what}"));
            self.life.end();
            return Err(dead());
        }
        if one_in(dice, 12) {
            let trouble = match evergrant_engine::ports::Random::below(dice, 3) {
                0 => KeychainError::Locked,
                1 => KeychainError::TimedOut,
                _ => KeychainError::Refused {
                    why: "it is out of sorts".to_owned(),
                },
            };
            self.shared.note(&format!("keychain, {what}: {trouble}"));
            return Err(trouble);
        }
        Ok(one_in(dice, 30))
    }

    fn leave(&self, what: &str, answer_is_lost: bool) -> Result<(), KeychainError> {
        if !answer_is_lost {
            return Ok(());
        }
        if one_in(&self.shared.dice, 2) {
            self.shared
                .note(&format!("the process dies after the keychain, {what}"));
            self.life.end();
        }
        self.shared
            .note(&format!("keychain, {what}: done, and the answer is lost"));
        Err(KeychainError::TimedOut)
    }
}

impl SecretStore for Chest {
    fn kind(&self) -> StoreKind {
        StoreKind::Memory
    }

    fn probe(&self) -> Result<(), KeychainError> {
        self.enter("probe").map(drop)
    }

    fn read(&self, key: &str) -> Result<Option<Secret>, KeychainError> {
        self.enter("read")?;
        Ok(self.shared.state().chest.get(key).cloned())
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<(), KeychainError> {
        let answer_is_lost = self.enter("write")?;
        {
            let mut state = self.shared.state();
            state.chest.insert(key.to_owned(), secret.clone());
            state.ever.push(secret.clone());
        }
        self.leave("write", answer_is_lost)
    }

    fn delete(&self, key: &str) -> Result<bool, KeychainError> {
        let answer_is_lost = self.enter("delete")?;
        let was_there = self.shared.state().chest.remove(key).is_some();
        self.leave("delete", answer_is_lost)?;
        Ok(was_there)
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }
}

/// The screen.
pub struct Screen {
    pub shared: Arc<Shared>,
    pub life: Arc<Life>,
}

impl Notifier for Screen {
    fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>> {
        Box::pin(async move {
            self.life.goes_on().await;
            let (is_stormy, is_gone) = {
                let state = self.shared.state();
                (state.weather.is_stormy, state.weather.has_no_screen)
            };
            if is_gone || (is_stormy && one_in(&self.shared.dice, 10)) {
                self.shared
                    .note(&format!("nobody can be told of {}", notice.incident));
                return Err("there is no screen".to_owned());
            }
            self.shared
                .note(&format!("shown: {} ({})", notice.incident, notice.title));
            let mut state = self.shared.state();
            *state.shown.entry(notice.incident).or_default() += 1;
            if let Some((_, account)) = notice.action {
                state.asked_for.push(account);
            }
            Ok(())
        })
    }
}

/// Sees the engine from inside: kills it between two steps, fills its disk, and breaks it where a
/// broken one is wanted.
pub struct Watcher {
    pub shared: Arc<Shared>,
    pub life: Arc<Life>,
    /// Posts between their intent and its answer, for an engine without a journal.
    pub unjournaled: Mutex<BTreeSet<PostId>>,
}

impl Watcher {
    /// The database of a dead process as if it had sent before its intent was written.
    pub fn lose_intents(&self) -> rusqlite::Result<()> {
        let posts = std::mem::take(&mut *self.unjournaled());
        if posts.is_empty() {
            return Ok(());
        }
        let database = rusqlite::Connection::open(self.shared.data.join("evergrant.db"))?;
        for post in posts {
            database.execute(
                "UPDATE post SET body = replace(body, '\"committing\"', '\"preparing\"')
                 WHERE id = ?1 AND state = 'sending'",
                [post.0],
            )?;
        }
        Ok(())
    }

    fn unjournaled(&self) -> MutexGuard<'_, BTreeSet<PostId>> {
        self.unjournaled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Probe for Watcher {
    fn passes(&self, step: Milestone, post: PostId) {
        if self.life.is_over() {
            return;
        }
        let late_journal = self.shared.broken == Some(Broken::SendsBeforeJournal);
        match step {
            Milestone::BeforeIntent if late_journal => drop(self.unjournaled().insert(post)),
            Milestone::Recorded => drop(self.unjournaled().remove(&post)),
            _ => {}
        }
        let is_stormy = self.shared.state().weather.is_stormy;
        if is_stormy && one_in(&self.shared.dice, 15) {
            self.shared
                .note(&format!("the process dies at {step:?} of post {post}"));
            self.life.end();
        }
    }

    fn watches_commits(&self) -> bool {
        true
    }

    fn commits(&self) -> bool {
        if self.life.is_over() {
            return false;
        }
        let (is_full, is_stormy) = {
            let state = self.shared.state();
            (state.weather.is_disk_full, state.weather.is_stormy)
        };
        if is_full {
            self.shared.note("the disk is full");
            return false;
        }
        if is_stormy && one_in(&self.shared.dice, 60) {
            if one_in(&self.shared.dice, 2) {
                self.shared
                    .note("the process dies before a transaction is written");
                self.life.end();
            } else {
                self.shared.note("the disk is full for a moment");
            }
            return false;
        }
        self.shared.state().commits += 1;
        true
    }

    fn grant_event(&self, grant: &Grant, event: Event) -> Event {
        match self.shared.broken {
            Some(broken) => broken.take(grant, event),
            None => event,
        }
    }
}
