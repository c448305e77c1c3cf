//! Notifications of the desktop, none at all, and a list of them.

use std::sync::{Mutex, PoisonError};

use super::{Notice, Notifier, Pending};

#[cfg(target_os = "linux")]
pub use desktop::Desktop;

/// Tells nobody: for programs that have the person in front of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Notifier for Silent {
    fn show(&self, _notice: Notice) -> Pending<'_, Result<(), String>> {
        // An incident that nobody heard of is told again by whoever can.
        Box::pin(std::future::ready(Err("nobody is told here".to_owned())))
    }
}

/// Keeps what it was told: for tests and the story.
#[derive(Debug, Default)]
pub struct Recorded {
    notices: Mutex<Vec<Notice>>,
}

impl Recorded {
    /// Nothing told so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything told so far, in order; replaced notices too.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Notifier for Recorded {
    fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(notice);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The desktop's notifications, which this platform has no way to yet.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Default)]
pub struct Desktop(());

#[cfg(not(target_os = "linux"))]
impl Desktop {
    /// A desktop nobody can be told on.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(not(target_os = "linux"))]
impl Notifier for Desktop {
    fn show(&self, _notice: Notice) -> Pending<'_, Result<(), String>> {
        let error = "notifications are not available on this system".to_owned();
        Box::pin(std::future::ready(Err(error)))
    }
}

#[cfg(target_os = "linux")]
mod desktop {
    use std::collections::HashMap;
    use std::time::Duration;

    use tokio::sync::Mutex;
    use zbus::zvariant::Value;
    use zbus::{Connection, connection};

    use super::super::{Notice, Notifier, Pending};

    /// How long showing one notice may take, connecting included.
    const TIME: Duration = Duration::from_secs(2);

    const SERVICE: &str = "org.freedesktop.Notifications";
    const PATH: &str = "/org/freedesktop/Notifications";

    /// The notifications of the desktop, as `org.freedesktop.Notifications` offers them
    /// (Desktop Notifications Specification 1.2). Connects when the first notice is shown, and
    /// anew after a failure.
    #[derive(Debug, Default)]
    pub struct Desktop {
        address: Option<String>,
        state: Mutex<State>,
    }

    #[derive(Debug, Default)]
    struct State {
        server: Option<Server>,
        /// The number of the last notice of each incident, to replace it.
        shown: HashMap<String, u32>,
    }

    #[derive(Clone, Debug)]
    struct Server {
        bus: Connection,
        /// The server reads a body as markup.
        markup: bool,
    }

    impl Desktop {
        /// The desktop of this session.
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

        async fn tell(&self, state: &mut State, notice: &Notice) -> Result<(), String> {
            let server = match state.server.take() {
                Some(server) => server,
                None => self.connect().await?,
            };
            let replaces = state.shown.get(&notice.incident).copied().unwrap_or(0);
            let id = server
                .notify(notice, replaces)
                .await
                .map_err(|error| plain(&error))?;
            state.shown.insert(notice.incident.clone(), id);
            state.server = Some(server);
            Ok(())
        }

        async fn connect(&self) -> Result<Server, String> {
            let builder = match &self.address {
                Some(address) => connection::Builder::address(address.as_str()),
                None => connection::Builder::session(),
            };
            let unreachable = |_| "there is no desktop session to show it in".to_owned();
            let bus = builder
                .map_err(unreachable)?
                .build()
                .await
                .map_err(unreachable)?;
            let abilities: Vec<String> = bus
                .call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &())
                .await
                .and_then(|answer| answer.body().deserialize())
                .map_err(|error| plain(&error))?;
            Ok(Server {
                bus,
                markup: abilities.iter().any(|ability| ability == "body-markup"),
            })
        }
    }

    impl Notifier for Desktop {
        fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>> {
            Box::pin(async move {
                let showing = async {
                    let mut state = self.state.lock().await;
                    self.tell(&mut state, &notice).await
                };
                tokio::time::timeout(TIME, showing)
                    .await
                    .unwrap_or_else(|_| {
                        Err("the desktop's notifications did not answer in time".to_owned())
                    })
            })
        }
    }

    impl Server {
        /// Shows `notice` in place of number `replaces` (0: as a new one); gives its number.
        async fn notify(&self, notice: &Notice, replaces: u32) -> zbus::Result<u32> {
            let body = if self.markup {
                escape(&notice.body)
            } else {
                notice.body.clone()
            };
            let actions: &[&str] = &[];
            let hints: HashMap<&str, Value<'_>> = HashMap::from([("urgency", Value::U8(1))]);
            // What needs the person stays until it is seen; news goes when the desktop thinks fit.
            let expires: i32 = if notice.action.is_some() { 0 } else { -1 };
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
            self.bus
                .call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &arguments)
                .await?
                .body()
                .deserialize()
        }
    }

    fn escape(text: &str) -> String {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    }

    /// A sentence for `doctor`.
    fn plain(error: &zbus::Error) -> String {
        match error {
            zbus::Error::MethodError(name, _, _)
                if name.as_str() == "org.freedesktop.DBus.Error.ServiceUnknown"
                    || name
                        .as_str()
                        .starts_with("org.freedesktop.DBus.Error.Spawn.") =>
            {
                "this desktop shows no notifications".to_owned()
            }
            zbus::Error::MethodError(name, _, _) => {
                format!("the desktop's notifications refused it ({name})")
            }
            _ => "the connection to the desktop's notifications failed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn recorded_notices_come_in_order() {
        let notice = |title: &str| Notice {
            incident: "example/1".to_owned(),
            title: title.to_owned(),
            body: String::new(),
            action: None,
        };
        let recorded = Recorded::new();
        recorded.show(notice("one")).await.unwrap();
        recorded.show(notice("two")).await.unwrap();
        assert!(
            Silent.show(notice("three")).await.is_err(),
            "nobody was told"
        );
        assert_eq!(recorded.notices(), [notice("one"), notice("two")]);
    }
}
