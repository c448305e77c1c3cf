//! A desktop's notification server that keeps what it is asked to show.
#![allow(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "the interface is so"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::bus::{self, Bus};

pub const SERVICE: &str = "org.freedesktop.Notifications";
pub const PATH: &str = "/org/freedesktop/Notifications";

/// A notice as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub replaces: u32,
    pub title: String,
    pub body: String,
    pub actions: Vec<String>,
    pub category: String,
    pub expires: i32,
}

/// What the server was asked so far.
#[derive(Debug, Default)]
struct Heard {
    shown: Vec<Shown>,
    closed: Vec<u32>,
    /// Who asked, in order, without repetitions.
    clients: Vec<String>,
    last: u32,
}

pub struct Server {
    heard: Arc<Mutex<Heard>>,
    bus: zbus::Connection,
}

impl Server {
    /// Starts one that has these abilities.
    pub async fn start(bus: &Bus, abilities: &'static [&'static str]) -> Self {
        Self::start_with(bus, abilities, false).await
    }

    /// Starts one whose person presses each notice before its number is told.
    pub async fn start_hasty(bus: &Bus) -> Self {
        Self::start_with(bus, &["actions"], true).await
    }

    async fn start_with(bus: &Bus, abilities: &'static [&'static str], hasty: bool) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let interface = Interface {
            heard: Arc::clone(&heard),
            abilities,
            hasty,
        };
        let bus = bus
            .builder()
            .serve_at(PATH, interface)
            .unwrap()
            .name(SERVICE)
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { heard, bus }
    }

    pub fn shown(&self) -> Vec<Shown> {
        self.heard.lock().unwrap().shown.clone()
    }

    pub fn closed(&self) -> Vec<u32> {
        self.heard.lock().unwrap().closed.clone()
    }

    /// The bus names of who asked.
    pub fn clients(&self) -> Vec<String> {
        self.heard.lock().unwrap().clients.clone()
    }

    /// The person presses a button.
    pub async fn press(&self, id: u32, key: &str) {
        Interface::action_invoked(&self.emitter(), id, key)
            .await
            .unwrap();
        bus::settled(&self.bus).await;
    }

    /// The person closes the notice.
    pub async fn dismiss(&self, id: u32) {
        Interface::notification_closed(&self.emitter(), id, 2)
            .await
            .unwrap();
        bus::settled(&self.bus).await;
    }

    /// Ends; its name is free then.
    pub async fn stop(self) {
        self.bus.close().await.unwrap();
    }

    fn emitter(&self) -> SignalEmitter<'_> {
        SignalEmitter::new(&self.bus, PATH).unwrap()
    }
}

struct Interface {
    heard: Arc<Mutex<Heard>>,
    abilities: &'static [&'static str],
    hasty: bool,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Interface {
    fn get_capabilities(&self) -> Vec<String> {
        self.abilities
            .iter()
            .map(|&ability| ability.to_owned())
            .collect()
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("Test Desktop", "evergrant", "1", "1.2")
    }

    async fn notify(
        &self,
        #[zbus(header)] header: zbus::message::Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        app: &str,
        replaces: u32,
        icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        assert_eq!((app, icon), ("Evergrant", "dialog-password"));
        assert_eq!(hints["urgency"].downcast_ref::<u8>().unwrap(), 1);
        let text = |name: &str| hints[name].downcast_ref::<String>().unwrap();
        assert_eq!(text("desktop-entry"), "dev.evergrant.keeper");
        let id = {
            let mut heard = self.heard.lock().unwrap();
            heard
                .clients
                .extend(header.sender().map(ToString::to_string));
            heard.clients.dedup();
            heard.shown.push(Shown {
                replaces,
                title,
                body,
                actions,
                category: text("category"),
                expires,
            });
            if replaces == 0 {
                heard.last += 1;
                heard.last
            } else {
                replaces
            }
        };
        if self.hasty {
            Self::action_invoked(&emitter, id, "default").await.unwrap();
            Self::notification_closed(&emitter, id, 2).await.unwrap();
        }
        id
    }

    async fn close_notification(
        &self,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        id: u32,
    ) {
        self.heard.lock().unwrap().closed.push(id);
        Self::notification_closed(&emitter, id, 3).await.unwrap();
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}
