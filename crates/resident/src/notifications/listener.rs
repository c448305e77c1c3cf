//! Hears what becomes of the notices.
//!
//! One stream carries everything, in the order in which it was sent: with a stream for each signal,
//! "closed" could overtake the press before it.

use std::sync::Weak;

use futures_util::StreamExt as _;
use tokio::sync::Mutex;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::{Message, MessageStream};

use super::desktop::{SERVICE, State};

/// What the bus is asked to send.
pub(super) const RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.Notifications',\
     interface='org.freedesktop.Notifications'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
];

/// What a message means for us.
enum Heard {
    Pressed(u32, String),
    Closed(u32),
    Gone,
}

/// Listens to one server.
pub(super) struct Listener {
    owner: OwnedUniqueName,
    /// Weak: the desktop ends the listener, not the other way round.
    state: Weak<Mutex<State>>,
}

impl Listener {
    pub(super) fn new(owner: OwnedUniqueName, state: Weak<Mutex<State>>) -> Self {
        Self { owner, state }
    }

    /// Listens until the server or the connection is gone.
    pub(super) async fn listen(self, mut messages: MessageStream) {
        loop {
            let heard = match messages.next().await {
                Some(Ok(message)) => self.meaning(&message),
                _ => Some(Heard::Gone),
            };
            let Some(heard) = heard else {
                continue;
            };
            let Some(state) = self.state.upgrade() else {
                return;
            };
            let mut state = state.lock().await;
            match heard {
                Heard::Pressed(id, key) => state.pressed(id, &key),
                Heard::Closed(id) => state.closed(id),
                Heard::Gone => return state.gone(),
            }
        }
    }

    /// None for what is not ours to hear. Anybody can send us a signal of any name: only the
    /// server's own and the bus's count.
    fn meaning(&self, message: &Message) -> Option<Heard> {
        let header = message.header();
        if header.message_type() != Type::Signal {
            return None;
        }
        let (sender, member) = (header.sender()?, header.member()?);
        let interface = header.interface()?;
        if sender.as_str() == "org.freedesktop.DBus" && member.as_str() == "NameOwnerChanged" {
            let (name, _, new): (String, String, String) = message.body().deserialize().ok()?;
            let is_gone = name == SERVICE && new != self.owner.as_str();
            return is_gone.then_some(Heard::Gone);
        }
        if *sender != *self.owner || interface.as_str() != SERVICE {
            return None;
        }
        match member.as_str() {
            "ActionInvoked" => {
                let (id, key) = message.body().deserialize().ok()?;
                Some(Heard::Pressed(id, key))
            }
            "NotificationClosed" => {
                let (id, _reason): (u32, u32) = message.body().deserialize().ok()?;
                Some(Heard::Closed(id))
            }
            _ => None,
        }
    }
}
