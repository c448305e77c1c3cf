//! The owner's end of the socket.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evergrant_core::command::{Code, Command, Problem};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::frame::{self, FrameError, MAX_FROM_CLIENT, MAX_FROM_OWNER};
use super::person::at_client;
use super::{Ask, Hello, PROTOCOL, Place, Say, Welcome, other_version};
use crate::engine::Engine;

/// Connections at once. One more takes the place of the one that has been idle longest.
const MOST_CLIENTS: usize = 64;

/// Time for a [`Hello`], and for the rest of a message after its first byte.
const PROMPT: Duration = Duration::from_secs(10);

/// A client that takes nothing for so long is left.
const STALLED: Duration = Duration::from_secs(30);

/// A client that asks nothing for so long is left.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// Mebibytes that long messages may take together, over all clients.
const LONG_TOGETHER: usize = 64;

/// Messages on their way to one client.
const AHEAD: usize = 64;

/// The socket of a data folder. Dropping it takes the socket away.
pub struct Server {
    listener: UnixListener,
    place: Place,
    shared: Arc<Shared>,
}

struct Shared {
    engine: Arc<Engine>,
    welcome: Welcome,
    seats: Mutex<HashMap<u64, Seat>>,
    room: Arc<Semaphore>,
}

/// One connection, as the others see it.
struct Seat {
    idle_since: Option<Instant>,
    end: AbortHandle,
}

impl Server {
    /// Opens the socket in the data folder of `engine`. One that a process has left there is
    /// replaced: whoever owns the engine owns the folder. `program` and `keychain` (`system` or
    /// `vault`) are what clients are told.
    pub fn open(engine: Arc<Engine>, program: &str, keychain: &str) -> Result<Self, Problem> {
        let data = engine.data.clone();
        let failed = |error: io::Error| {
            Problem::new(
                Code::File,
                format!(
                    "no socket can be opened in the data folder {}: {error}",
                    data.display()
                ),
            )
            .hint("Use a data folder on a local disk, with a shorter name.")
        };
        let place = Place::of(&data).map_err(failed)?;
        let listener = listen(place.address()).map_err(failed)?;
        let welcome = Welcome {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: program.to_owned(),
            process: std::process::id(),
            keychain: keychain.to_owned(),
            notes: engine
                .file_errors()
                .iter()
                .map(ToString::to_string)
                .collect(),
        };
        let shared = Shared {
            engine,
            welcome,
            seats: Mutex::default(),
            room: Arc::new(Semaphore::new(LONG_TOGETHER)),
        };
        Ok(Self {
            listener,
            place,
            shared: Arc::new(shared),
        })
    }

    /// Answers clients until it is dropped.
    pub async fn serve(&self) {
        let mut clients = JoinSet::new();
        let mut number = 0_u64;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        number += 1;
                        self.shared.seat(&mut clients, number, stream);
                    }
                    // Out of descriptors: the clients that are there will end.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(_) = clients.join_next() => {}
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that cannot be removed is replaced by the next owner.
        let _ = std::fs::remove_file(self.place.address());
    }
}

fn listen(address: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(address) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(address)?;
    // The folder is closed to others already.
    std::fs::set_permissions(address, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Shared {
    fn seat(self: &Arc<Self>, clients: &mut JoinSet<()>, number: u64, stream: UnixStream) {
        let ours = rustix::process::geteuid().as_raw();
        if stream.peer_cred().map(|peer| peer.uid()).ok() != Some(ours) {
            return;
        }
        let mut seats = self.seats();
        if seats.len() >= MOST_CLIENTS {
            let longest = seats
                .iter()
                .filter_map(|(number, seat)| Some((seat.idle_since?, *number)))
                .min();
            match longest.and_then(|(_, number)| seats.remove(&number)) {
                Some(seat) => seat.end.abort(),
                // Everybody works: the newest has to come again.
                None => return,
            }
        }
        let shared = Arc::clone(self);
        let end = clients.spawn(async move {
            let _seat = Seated {
                shared: &shared,
                number,
            };
            // Why a connection ended concerns its client alone.
            let _ = Connection::serve(&shared, number, stream).await;
        });
        seats.insert(
            number,
            Seat {
                idle_since: Some(Instant::now()),
                end,
            },
        );
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self, number: u64, idle: bool) {
        if let Some(seat) = self.seats().get_mut(&number) {
            seat.idle_since = idle.then(Instant::now);
        }
    }
}

/// Leaves the seat, however the connection ends.
struct Seated<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        self.shared.seats().remove(&self.number);
    }
}

/// A task that ends with whoever began it.
struct Helper(tokio::task::JoinHandle<()>);

impl Drop for Helper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Heard = frame::Placed<Ask>;

struct Connection<'a> {
    shared: &'a Shared,
    number: u64,
    asks: mpsc::Receiver<Heard>,
    say: mpsc::Sender<Say>,
}

/// The client has gone or is not listened to any longer.
struct Over;

impl Connection<'_> {
    async fn serve(shared: &Shared, number: u64, stream: UnixStream) -> Result<(), Over> {
        let (mut from, to) = stream.into_split();
        let (say, to_say) = mpsc::channel(AHEAD);
        let mut writer = Helper(tokio::spawn(write_all(to, to_say)));
        let hello = frame::read(&mut from, 4 << 10, Some(PROMPT), PROMPT, &shared.room).await;
        let greeting = greet(hello.map(|(hello, _)| hello), &shared.welcome);
        let welcome = matches!(greeting, Say::Welcome(_));
        say.send(greeting).await.map_err(|_| Over)?;
        if welcome {
            let (heard, asks) = mpsc::channel(1);
            let room = Arc::clone(&shared.room);
            let reader = Helper(tokio::spawn(read_all(from, heard, room, say.clone())));
            let connection = Connection {
                shared,
                number,
                asks,
                say,
            };
            let _ = connection.answer_all().await;
            drop(reader);
        } else {
            drop(say);
        }
        // What was said is still brought over.
        let _ = (&mut writer.0).await;
        Ok(())
    }

    async fn answer_all(mut self) -> Result<(), Over> {
        loop {
            self.shared.idle(self.number, true);
            let heard = tokio::time::timeout(IDLE, self.asks.recv()).await;
            let (ask, _room) = heard.map_err(|_| Over)?.ok_or(Over)?;
            self.shared.idle(self.number, false);
            match ask {
                Ask::Do { command } => self.carry_out(command).await?,
                Ask::Watch => self.watch().await?,
                Ask::Pasted { .. } => return self.refuse("nothing was to be pasted").await,
            }
        }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), Over> {
        let (pasted, from_person) = mpsc::channel(1);
        let (_gone, is_gone) = watch::channel(false);
        let person = at_client(self.say.clone(), from_person, is_gone);
        let engine = Arc::clone(&self.shared.engine);
        // A task of its own: what was begun is brought to its end although the client has gone.
        let mut work = tokio::spawn(async move { engine.handle_for(command, &person).await });
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    let done = done.unwrap_or_else(|_| {
                        Err(Problem::new(Code::NotNow, "the command was given up"))
                    });
                    let say = match done {
                        Ok(reply) => Say::Reply { reply: Box::new(reply) },
                        Err(problem) => Say::Problem { problem },
                    };
                    return self.say.send(say).await.map_err(|_| Over);
                }
                heard = self.asks.recv() => match heard {
                    Some((Ask::Pasted { address }, _)) => {
                        let address = address.map(|address| address.0);
                        pasted.send(address).await.map_err(|_| Over)?;
                    }
                    Some(_) => return self.refuse("one thing at a time").await,
                    // `_gone` is dropped with this, and a sign-in given up.
                    None => return Err(Over),
                },
            }
        }
    }

    async fn watch(&mut self) -> Result<(), Over> {
        let mut notices = self.shared.engine.subscribe();
        self.say.send(Say::Watching).await.map_err(|_| Over)?;
        loop {
            let say = tokio::select! {
                biased;
                heard = self.asks.recv() => match heard {
                    Some(_) => return self.refuse("one thing at a time").await,
                    None => return Err(Over),
                },
                notice = notices.recv() => match notice {
                    Ok(notice) => Say::Notice { notice },
                    Err(RecvError::Lagged(count)) => Say::Missed { count },
                    Err(RecvError::Closed) => return Err(Over),
                },
            };
            self.say.send(say).await.map_err(|_| Over)?;
        }
    }

    async fn refuse(&self, why: &str) -> Result<(), Over> {
        let problem = Problem::new(Code::Usage, format!("the keeper was asked wrongly: {why}"));
        let _ = self.say.send(Say::Problem { problem }).await;
        Err(Over)
    }
}

fn greet(hello: Result<Hello, FrameError>, welcome: &Welcome) -> Say {
    match hello {
        Ok(hello) if hello.protocol == PROTOCOL => Say::Welcome(welcome.clone()),
        Ok(hello) => Say::Problem {
            problem: other_version(&welcome.version, &hello.version),
        },
        Err(error) => Say::Problem {
            problem: Problem::new(
                Code::Usage,
                format!("the keeper was greeted wrongly: {error}"),
            ),
        },
    }
}

async fn read_all(
    mut from: OwnedReadHalf,
    heard: mpsc::Sender<Heard>,
    room: Arc<Semaphore>,
    say: mpsc::Sender<Say>,
) {
    loop {
        let ask = frame::read(&mut from, MAX_FROM_CLIENT, None, PROMPT, &room).await;
        let ask = match ask {
            Ok(ask) => ask,
            Err(FrameError::Closed | FrameError::Broken(_)) => return,
            Err(error) => {
                let problem = Problem::new(
                    Code::Usage,
                    format!("the keeper was asked wrongly: {error}"),
                );
                let _ = say.send(Say::Problem { problem }).await;
                return;
            }
        };
        if heard.send(ask).await.is_err() {
            return;
        }
    }
}

async fn write_all(mut to: OwnedWriteHalf, mut to_say: mpsc::Receiver<Say>) {
    while let Some(say) = to_say.recv().await {
        let written = match frame::write(&mut to, &say, MAX_FROM_OWNER, STALLED).await {
            Err(FrameError::TooLong(_)) => {
                let problem = Problem::new(Code::NotNow, "the answer is too long to be sent");
                frame::write(&mut to, &Say::Problem { problem }, MAX_FROM_OWNER, STALLED).await
            }
            written => written,
        };
        if written.is_err() {
            return;
        }
    }
}
