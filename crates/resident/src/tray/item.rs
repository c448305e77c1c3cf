use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ksni::menu::StandardItem;
use ksni::{Category, Handle, Icon, MenuItem, OfflineReason, Status, ToolTip, TrayMethods as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::words::{self, Line};
use super::{Summary, WAITING, Wish, icon};
use crate::bus::{self, TIME};

/// The desktop's list of icons, which panels read.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// How often an icon that missed the tray's start is put up anew.
const TRIES: usize = 3;

/// The icon in the tray (a StatusNotifierItem). On a desktop without a tray it waits for one.
pub struct Tray {
    handle: Handle<Item>,
    shown: Arc<AtomicBool>,
    last: Mutex<Summary>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl Tray {
    /// Puts the icon up, and gives where the person's wishes are heard. That there is no tray is no
    /// error; that there is no message bus, or one that does not answer, is.
    pub async fn start(first: Summary) -> Result<(Self, mpsc::Receiver<Wish>), String> {
        timeout(TIME, Self::start_in_time(first))
            .await
            .unwrap_or_else(|_| Err("the desktop's tray did not answer in time".to_owned()))
    }

    async fn start_in_time(first: Summary) -> Result<(Self, mpsc::Receiver<Wish>), String> {
        let (wishes, heard) = mpsc::channel(WAITING);
        let mut tries = 1;
        loop {
            let shown = Arc::new(AtomicBool::new(true));
            let item = Item {
                summary: first.clone(),
                wishes: wishes.clone(),
                shown: Arc::clone(&shown),
            };
            let handle = match item.assume_sni_available(true).spawn().await {
                Ok(handle) => handle,
                // It ended while it was asked.
                Err(ksni::Error::Watcher(_)) if tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Err(error) => return Err(plain(&error)),
            };
            // A tray that started between the question for it and the subscription to its coming
            // was missed by both.
            if tries < TRIES && !shown.load(Ordering::Relaxed) && tray_is_there().await {
                tries += 1;
                handle.shutdown().await;
                continue;
            }
            let last = Mutex::new(first);
            return Ok((
                Self {
                    handle,
                    shown,
                    last,
                },
                heard,
            ));
        }
    }

    /// Shows `summary`. One that changes nothing sends nothing.
    pub async fn update(&self, summary: Summary) {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if *last == summary {
                return;
            }
            last.clone_from(&summary);
        }
        let change = self.handle.update(|item| item.summary = summary);
        if timeout(TIME, change).await.is_err() {
            tracing::debug!("the desktop did not take the tray's change in time");
        }
    }

    /// Whether a tray has taken the icon.
    pub fn is_shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed) && !self.handle.is_closed()
    }

    /// Takes the icon away.
    pub async fn stop(self) {
        // The end of the process takes it away at the latest.
        let _ = timeout(TIME, self.handle.shutdown()).await;
    }
}

async fn tray_is_there() -> bool {
    let Ok(bus) = bus::connect(None).await else {
        return false;
    };
    bus::is_owned(&bus, WATCHER).await.unwrap_or(false)
}

fn plain(error: &ksni::Error) -> String {
    match error {
        ksni::Error::Dbus(_) => "there is no desktop session for an icon in the tray".to_owned(),
        _ => "the desktop's tray refused the icon".to_owned(),
    }
}

/// What the desktop is told.
struct Item {
    summary: Summary,
    wishes: mpsc::Sender<Wish>,
    shown: Arc<AtomicBool>,
}

impl Item {
    fn wish(&self, wish: Wish) {
        if self.wishes.try_send(wish).is_err() {
            tracing::debug!("a wish came while nobody read them");
        }
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "dev.evergrant.keeper".to_owned()
    }

    fn category(&self) -> Category {
        Category::ApplicationStatus
    }

    fn title(&self) -> String {
        words::title(&self.summary)
    }

    fn status(&self) -> Status {
        if words::is_calling(&self.summary) {
            Status::NeedsAttention
        } else {
            Status::Active
        }
    }

    // Some desktops never look at the attention icon: the ordinary one changes with it.
    fn icon_pixmap(&self) -> Vec<Icon> {
        icon::pixmaps(words::is_calling(&self.summary))
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        icon::pixmaps(true)
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: words::title(&self.summary),
            description: words::detail(&self.summary),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.wish(Wish::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        words::menu(&self.summary).into_iter().map(line).collect()
    }

    fn watcher_online(&self) {
        self.shown.store(true, Ordering::Relaxed);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.shown.store(false, Ordering::Relaxed);
        // Goes on: a tray may come, or come back.
        true
    }
}

fn line(line: Line) -> MenuItem<Item> {
    match line {
        Line::Choice(label, wish) => StandardItem {
            label,
            activate: Box::new(move |item: &mut Item| item.wish(wish.clone())),
            ..StandardItem::default()
        }
        .into(),
        Line::Note(label) => StandardItem {
            label,
            enabled: false,
            ..StandardItem::default()
        }
        .into(),
        Line::Rule => MenuItem::Separator,
    }
}
