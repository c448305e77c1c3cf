//! A desktop's tray: the list of icons, and what a panel asks of one.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::watch;
use zbus::message::Type;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MessageStream, Proxy};

use crate::bus::Bus;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";

/// A tray with a panel that shows it.
pub struct Host {
    items: watch::Receiver<Vec<String>>,
    bus: Connection,
}

/// One line of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: i32,
    pub label: String,
    pub enabled: bool,
    pub is_rule: bool,
}

/// `(width, height, ARGB32)`, as the item offers them.
pub type Pixmaps = Vec<(i32, i32, Vec<u8>)>;

impl Host {
    pub async fn start(bus: &Bus) -> Self {
        Self::start_with(bus, true).await
    }

    /// Without a panel, the list is there and nobody looks at it.
    pub async fn start_with(bus: &Bus, has_panel: bool) -> Self {
        let (told, items) = watch::channel(vec![]);
        let bus = bus
            .builder()
            .serve_at("/StatusNotifierWatcher", Watcher { told, has_panel })
            .unwrap()
            .name(WATCHER)
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { items, bus }
    }

    /// Starts in the very moment in which somebody hears that there is no tray.
    pub async fn start_late(bus: &Bus) -> Self {
        let (told, items) = watch::channel(vec![]);
        let watcher = Watcher {
            told,
            has_panel: true,
        };
        let monitor = bus.join().await;
        let builder = bus.builder().serve_at("/StatusNotifierWatcher", watcher);
        let bus = builder.unwrap().build().await.unwrap();
        let mut heard = MessageStream::from(&monitor);
        let (to, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
        let errors = (vec!["type='error'"], 0_u32);
        let monitoring = Some("org.freedesktop.DBus.Monitoring");
        monitor
            .call_method(Some(to), path, monitoring, "BecomeMonitor", &errors)
            .await
            .unwrap();
        let own = bus.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = heard.next().await {
                if message.message_type() == Type::Error {
                    let name = (WATCHER, 0_u32);
                    own.call_method(Some(to), path, Some(to), "RequestName", &name)
                        .await
                        .unwrap();
                    return;
                }
            }
        });
        Self { items, bus }
    }

    /// Waits for the first icon.
    pub async fn item(&self) -> Item {
        let mut items = self.items.clone();
        let items = tokio::time::timeout(
            Duration::from_secs(20),
            items.wait_for(|items| !items.is_empty()),
        );
        let name = items.await.expect("no icon came").unwrap()[0].clone();
        Item {
            name,
            bus: self.bus.clone(),
        }
    }

    /// Ends; its name is free then.
    pub async fn stop(self) {
        self.bus.close().await.unwrap();
    }
}

struct Watcher {
    told: watch::Sender<Vec<String>>,
    has_panel: bool,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.told.send_modify(|items| items.push(service));
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.has_panel
    }
}

/// An icon as a panel sees it.
pub struct Item {
    name: String,
    bus: Connection,
}

impl Item {
    pub async fn text(&self, property: &str) -> String {
        self.property(property).await
    }

    pub async fn pixmaps(&self, property: &str) -> Pixmaps {
        self.property(property).await
    }

    /// Title and description.
    pub async fn tooltip(&self) -> (String, String) {
        let (_, _, title, description): (String, Pixmaps, String, String) =
            self.property("ToolTip").await;
        (title, description)
    }

    async fn property<T>(&self, name: &str) -> T
    where
        T: TryFrom<OwnedValue>,
        T::Error: Into<zbus::Error>,
    {
        let item = self.proxy("/StatusNotifierItem", ITEM).await;
        item.get_property(name).await.unwrap()
    }

    /// A click on the icon itself.
    pub async fn activate(&self) {
        let item = self.proxy("/StatusNotifierItem", ITEM).await;
        item.call::<_, _, ()>("Activate", &(0, 0)).await.unwrap();
    }

    pub async fn menu(&self) -> Vec<Line> {
        type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let menu = self.proxy("/MenuBar", "com.canonical.dbusmenu").await;
        let (_, root): (u32, Node) = menu
            .call("GetLayout", &(0, -1, Vec::<String>::new()))
            .await
            .unwrap();
        let line = |node: OwnedValue| {
            let (id, properties, _) = Node::try_from(node).unwrap();
            let text = |name: &str| {
                let value = properties.get(name)?;
                value.downcast_ref::<String>().ok()
            };
            Line {
                id,
                label: text("label").unwrap_or_default(),
                enabled: properties
                    .get("enabled")
                    .is_none_or(|value| value.downcast_ref::<bool>().unwrap()),
                is_rule: text("type").as_deref() == Some("separator"),
            }
        };
        root.2.into_iter().map(line).collect()
    }

    /// Chooses the line with this label.
    pub async fn choose(&self, label: &str) {
        let lines = self.menu().await;
        let line = lines.iter().find(|line| line.label == label);
        let line = line.unwrap_or_else(|| panic!("no {label} in {lines:?}"));
        let menu = self.proxy("/MenuBar", "com.canonical.dbusmenu").await;
        let click = (line.id, "clicked", Value::I32(0), 0_u32);
        menu.call::<_, _, ()>("Event", &click).await.unwrap();
    }

    async fn proxy(&self, path: &'static str, interface: &'static str) -> Proxy<'_> {
        zbus::proxy::Builder::new(&self.bus)
            .destination(self.name.as_str())
            .unwrap()
            .path(path)
            .unwrap()
            .interface(interface)
            .unwrap()
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap()
    }
}
