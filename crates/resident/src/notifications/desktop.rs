use std::collections::HashMap;
use std::sync::Arc;

use evergrant_core::window::Place;
use evergrant_engine::ports::{Notice, Notifier, Pending};
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::Value;
use zbus::{Connection, MessageStream};

use super::listener::{self, Listener};
use super::{Pressed, WAITING};
use crate::bus::{self, TIME};
use crate::markup::escaped;

/// The service's name, and its interface's.
pub(crate) const SERVICE: &str = "org.freedesktop.Notifications";
/// Its one object.
pub(crate) const PATH: &str = "/org/freedesktop/Notifications";

/// A click on the notice itself, as the specification names it.
const CLICK: &str = "default";
/// Our one button.
const BUTTON: &str = "do";

/// Messages that may wait to be read. Reading stops while a notice is being shown, and the answer to
/// that must get past them.
const QUEUE: usize = 1024;

/// The notifications of the desktop, as `org.freedesktop.Notifications` offers them (Desktop
/// Notifications Specification 1.2). Connects when the first notice is shown, and anew after a
/// failure.
///
/// Where a notice's action cannot become a button, its text names the command to run instead.
#[derive(Debug, Default)]
pub struct Desktop {
    address: Option<String>,
    state: Arc<Mutex<State>>,
}

/// Held locked while a notice is being shown: what is heard of it meanwhile is judged only when its
/// number is known, so that an answer quicker than the server's own reply is not lost.
#[derive(Debug, Default)]
pub(super) struct State {
    server: Option<Server>,
    /// Who gave the numbers below.
    owner: Option<OwnedUniqueName>,
    /// The notice of each incident that is on the screen, as far as we know.
    shown: HashMap<String, Shown>,
    presses: Option<mpsc::Sender<Pressed>>,
}

#[derive(Debug)]
struct Shown {
    id: u32,
    /// What to do when it is pressed; nothing once it was.
    action: Option<String>,
}

#[derive(Debug)]
struct Server {
    bus: Connection,
    /// The connection behind the service's name. It is spoken to by that, so that a number of a
    /// server that is gone never reaches its successor.
    owner: OwnedUniqueName,
    /// The server reads a body as markup.
    markup: bool,
    /// The server has buttons, and somebody here wants to hear of them.
    buttons: bool,
    listener: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds the connection open.
        self.listener.abort();
    }
}

impl Desktop {
    /// The desktop of this session. Its notices have no buttons.
    pub fn new() -> Self {
        Self::default()
    }

    /// The desktop behind another bus than the session's, such as `unix:path=…`.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: Some(address.into()),
            ..Self::default()
        }
    }

    /// The same with buttons, and where they are heard. Who does not read there must not call this:
    /// a button that does nothing is worse than none.
    pub fn with_buttons(self) -> (Self, mpsc::Receiver<Pressed>) {
        let (tell, presses) = mpsc::channel(WAITING);
        let state = State {
            presses: Some(tell),
            ..State::default()
        };
        let desktop = Self {
            state: Arc::new(Mutex::new(state)),
            ..self
        };
        (desktop, presses)
    }

    async fn tell(&self, notice: &Notice) -> Result<(), String> {
        let mut state = self.state.lock().await;
        if let Some(server) = state.server.take()
            // A server that we knew may be gone; its successor is asked before anybody is told so.
            && let Ok(id) = server.notify(notice, state.number_of(notice)).await
        {
            state.keep(server, notice, id);
            return Ok(());
        }
        let server = self.connect(&mut state).await?;
        let id = server
            .notify(notice, state.number_of(notice))
            .await
            .map_err(|error| plain(&error))?;
        state.keep(server, notice, id);
        Ok(())
    }

    async fn connect(&self, state: &mut State) -> Result<Server, String> {
        let bus = bus::connect(self.address.as_deref())
            .await
            .map_err(|_| "there is no desktop session to show it in".to_owned())?;
        // Subscribed before anything is shown: a quick answer comes before the number of its notice.
        let mut messages = MessageStream::from(&bus);
        messages.set_max_queued(QUEUE);
        let server = self
            .meet(bus, messages, state.presses.is_some())
            .await
            .map_err(|error| plain(&error))?;
        // Numbers of another server mean nothing to this one.
        if state.owner.as_ref() != Some(&server.owner) {
            state.shown.clear();
            state.owner = Some(server.owner.clone());
        }
        Ok(server)
    }

    async fn meet(
        &self,
        bus: Connection,
        messages: MessageStream,
        wants_buttons: bool,
    ) -> zbus::Result<Server> {
        for rule in listener::RULES {
            bus::listen(&bus, rule).await?;
        }
        let answer = bus
            .call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &())
            .await?;
        let abilities: Vec<String> = answer.body().deserialize()?;
        let can = |wanted: &str| abilities.iter().any(|ability| ability == wanted);
        let header = answer.header();
        let owner = header.sender().ok_or(zbus::Error::MissingField)?;
        let owner = OwnedUniqueName::from(owner.to_owned());
        let listener = Listener::new(owner.clone(), Arc::downgrade(&self.state));
        Ok(Server {
            markup: can("body-markup"),
            buttons: wants_buttons && can("actions"),
            listener: tokio::spawn(listener.listen(messages)).abort_handle(),
            bus,
            owner,
        })
    }

    async fn take_back(&self, incident: &str) {
        let mut state = self.state.lock().await;
        if !state.shown.contains_key(incident) {
            return;
        }
        if state.server.is_none() {
            state.server = self.connect(&mut state).await.ok();
        }
        // A successor of the server that showed it knows nothing of it: then it is not listed any more.
        if let Some(shown) = state.shown.remove(incident)
            && let Some(server) = &state.server
            && let Err(error) = server.close(shown.id).await
        {
            // The server may have put it away by itself.
            tracing::debug!("a notice could not be withdrawn: {error}");
        }
    }
}

impl Notifier for Desktop {
    fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>> {
        Box::pin(async move {
            timeout(TIME, self.tell(&notice)).await.unwrap_or_else(|_| {
                Err("the desktop's notifications did not answer in time".to_owned())
            })
        })
    }

    fn withdraw<'a>(&'a self, incident: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            // A desktop that does not answer keeps its notice: there is nobody to tell.
            let _ = timeout(TIME, self.take_back(incident)).await;
        })
    }
}

impl State {
    /// The number of the notice that this one replaces; 0 if it is the incident's first.
    fn number_of(&self, notice: &Notice) -> u32 {
        self.shown.get(&notice.incident).map_or(0, |shown| shown.id)
    }

    fn keep(&mut self, server: Server, notice: &Notice, id: u32) {
        let action = notice.action.as_ref().map(|(_, what)| what.clone());
        let shown = Shown { id, action };
        self.shown.insert(notice.incident.clone(), shown);
        self.server = Some(server);
    }

    /// A button of notice number `id` was pressed.
    pub(super) fn pressed(&mut self, id: u32, key: &str) {
        if key != CLICK && key != BUTTON {
            return;
        }
        let Some((incident, shown)) = self.shown.iter_mut().find(|(_, shown)| shown.id == id)
        else {
            return;
        };
        let (Some(action), Some(presses)) = (shown.action.take(), &self.presses) else {
            return;
        };
        let incident = incident.clone();
        if presses.try_send(Pressed { incident, action }).is_err() {
            tracing::debug!("a press came while nobody read them");
        }
    }

    /// Notice number `id` is not on the screen any more.
    pub(super) fn closed(&mut self, id: u32) {
        self.shown.retain(|_, shown| shown.id != id);
    }

    /// The server or the connection to it is gone. What its numbers mean is judged when the next is
    /// met: only the connection may have failed.
    pub(super) fn gone(&mut self) {
        self.server = None;
    }
}

impl Server {
    /// Shows `notice` in place of number `replaces` (0: as a new one); gives its number.
    async fn notify(&self, notice: &Notice, replaces: u32) -> zbus::Result<u32> {
        let body = self.body(notice);
        let mut actions = Vec::new();
        let mut category = "x-evergrant.news";
        // News goes when the desktop thinks fit.
        let mut expires: i32 = -1;
        if let Some((words, _)) = &notice.action {
            // What needs the person stays until it is seen.
            (category, expires) = ("x-evergrant.needs-you", 0);
            if self.buttons {
                actions = vec![CLICK, words, BUTTON, words];
            }
        }
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::U8(1)),
            ("category", Value::from(category)),
            ("desktop-entry", Value::from("dev.evergrant.keeper")),
        ]);
        let arguments = (
            "Evergrant",
            replaces,
            "dialog-password",
            notice.title.as_str(),
            body.as_str(),
            actions,
            hints,
            expires,
        );
        self.call("Notify", &arguments).await?.body().deserialize()
    }

    async fn close(&self, id: u32) -> zbus::Result<()> {
        self.call("CloseNotification", &id).await.map(drop)
    }

    async fn call<B>(&self, method: &str, arguments: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let owner = Some(&self.owner);
        self.bus
            .call_method(owner, PATH, Some(SERVICE), method, arguments)
            .await
    }

    fn body(&self, notice: &Notice) -> String {
        let body = match &notice.action {
            Some((_, link)) if !self.buttons && Place::parse(link).is_some() => {
                format!("{} Open Evergrant, or run `evergrant queue`.", notice.body)
            }
            Some((_, account)) if !self.buttons => {
                format!("{} Run `evergrant sign-in {account}`.", notice.body)
            }
            _ => notice.body.clone(),
        };
        if self.markup { escaped(&body) } else { body }
    }
}

/// A sentence for `doctor`.
fn plain(error: &zbus::Error) -> String {
    if bus::is_absent(error) {
        return "this desktop shows no notifications".to_owned();
    }
    match error {
        zbus::Error::MethodError(name, _, _) => {
            format!("the desktop's notifications refused it ({name})")
        }
        _ => "the connection to the desktop's notifications failed".to_owned(),
    }
}
