//! The session's message bus (D-Bus).

use std::time::Duration;

use zbus::connection::Builder;
use zbus::{Connection, Message};

/// How long one conversation with the desktop may take, connecting included.
pub const TIME: Duration = Duration::from_secs(2);

const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// Connects to the bus at `address`, such as `unix:path=…`, or to the session's own.
pub async fn connect(address: Option<&str>) -> zbus::Result<Connection> {
    match address {
        Some(address) => Builder::address(address)?,
        None => Builder::session()?,
    }
    .build()
    .await
}

/// Asks the bus to send us the signals that `rule` describes.
pub async fn listen(bus: &Connection, rule: &str) -> zbus::Result<()> {
    ask(bus, "AddMatch", rule).await.map(drop)
}

/// Whether somebody owns this name now.
pub async fn is_owned(bus: &Connection, name: &str) -> zbus::Result<bool> {
    ask(bus, "NameHasOwner", name).await?.body().deserialize()
}

async fn ask(bus: &Connection, method: &str, word: &str) -> zbus::Result<Message> {
    bus.call_method(Some(BUS), BUS_PATH, Some(BUS), method, &word)
        .await
}

/// True if the error says that nobody offers the service: it is not there, or cannot be started.
pub fn is_absent(error: &zbus::Error) -> bool {
    let zbus::Error::MethodError(name, ..) = error else {
        return false;
    };
    let name = name.as_str();
    name == "org.freedesktop.DBus.Error.ServiceUnknown"
        || name == "org.freedesktop.DBus.Error.NameHasNoOwner"
        || name.starts_with("org.freedesktop.DBus.Error.Spawn.")
}
