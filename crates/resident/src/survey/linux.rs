use std::ffi::OsString;

use evergrant_core::command::Finding;
use tokio::time::timeout;
use zbus::Connection;

use crate::bus::{self, TIME};
use crate::notifications::{PATH as NOTICES_PATH, SERVICE as NOTICES};
use crate::tray::WATCHER;

/// A name that a program gives itself is shown up to this length, in characters.
const LONGEST: usize = 40;

/// Looks at this session's message bus, notifications, tray and screen. Takes a few seconds at most.
pub async fn survey() -> Vec<Finding> {
    look(None).await
}

/// The same on another message bus, such as `unix:path=…`.
pub async fn survey_at(address: &str) -> Vec<Finding> {
    look(Some(address)).await
}

async fn look(address: Option<&str>) -> Vec<Finding> {
    let mut findings = match timeout(TIME, bus::connect(address)).await {
        Ok(Ok(bus)) => {
            let (notifications, tray) = tokio::join!(notifications(&bus), tray(&bus));
            let sentence = "The session's message bus answers.";
            vec![Finding::good("session bus", sentence), notifications, tray]
        }
        _ => vec![Finding::note(
            "session bus",
            "There is no session bus, so neither notifications nor an icon in the tray are possible here.",
            "Start Evergrant within a desktop session to have them; everything else works without.",
        )],
    };
    findings.push(display(
        ["WAYLAND_DISPLAY", "DISPLAY"].map(std::env::var_os),
    ));
    findings
}

async fn notifications(bus: &Connection) -> Finding {
    let topic = "notifications";
    match timeout(TIME, ask_notifications(bus)).await {
        Ok(Ok((name, true))) => {
            Finding::good(topic, format!("{name} shows notifications, with buttons."))
        }
        Ok(Ok((name, false))) => Finding::note(
            topic,
            format!("{name} shows notifications, but has no buttons."),
            "Nothing is to be done: notifications name the command to run instead.",
        ),
        Ok(Err(error)) if bus::is_absent(&error) => Finding::note(
            topic,
            "Nothing on this desktop shows notifications.",
            "Install a notification service (such as dunst), or look at `evergrant accounts` now and then.",
        ),
        Ok(Err(_)) => Finding::note(
            topic,
            "The desktop's notification service answers nonsense.",
            "Restart it, or use another one.",
        ),
        Err(_) => slow(topic, "The desktop's notification service"),
    }
}

/// The service's name, and whether it has buttons.
async fn ask_notifications(bus: &Connection) -> zbus::Result<(String, bool)> {
    let call = |method| bus.call_method(Some(NOTICES), NOTICES_PATH, Some(NOTICES), method, &());
    let abilities: Vec<String> = call("GetCapabilities").await?.body().deserialize()?;
    let about: (String, String, String, String) =
        call("GetServerInformation").await?.body().deserialize()?;
    let has_buttons = abilities.iter().any(|ability| ability == "actions");
    Ok((own_name(&about.0), has_buttons))
}

async fn tray(bus: &Connection) -> Finding {
    let topic = "tray";
    match timeout(TIME, ask_tray(bus)).await {
        Ok(Ok(true)) => Finding::good(topic, "The desktop has a tray for Evergrant's icon."),
        Ok(Ok(false)) => Finding::note(
            topic,
            "The desktop takes icons for a tray, but no tray shows them.",
            "Add the tray to your panel; Evergrant's icon appears by itself then.",
        ),
        Ok(Err(error)) if bus::is_absent(&error) => Finding::note(
            topic,
            "This desktop has no tray, so Evergrant's icon is not shown.",
            "Add one (on GNOME, the AppIndicator extension); the icon appears by itself then.",
        ),
        Ok(Err(_)) => Finding::note(
            topic,
            "The desktop's tray answers nonsense.",
            "Restart the panel, or use another one.",
        ),
        Err(_) => slow(topic, "The desktop's tray"),
    }
}

async fn ask_tray(bus: &Connection) -> zbus::Result<bool> {
    let answer = bus
        .call_method(
            Some(WATCHER),
            "/StatusNotifierWatcher",
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &(WATCHER, "IsStatusNotifierHostRegistered"),
        )
        .await?;
    let value: zbus::zvariant::OwnedValue = answer.body().deserialize()?;
    Ok(bool::try_from(value)?)
}

/// The first name that says where a window would appear.
fn display(named: [Option<OsString>; 2]) -> Finding {
    let topic = "display";
    match named.into_iter().flatten().find(|name| !name.is_empty()) {
        Some(name) => Finding::good(
            topic,
            format!("This session has a screen ({}).", name.to_string_lossy()),
        ),
        None => Finding::note(
            topic,
            "This session has no screen, so neither the window nor a browser can open here.",
            "Use the command line, or start Evergrant within a desktop session.",
        ),
    }
}

/// A program's own name, on one line and not too long.
fn own_name(name: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    if name.trim().is_empty() {
        "A service without a name".to_owned()
    } else {
        name.trim().to_owned()
    }
}

fn slow(topic: &str, who: &str) -> Finding {
    Finding::note(
        topic,
        format!("{who} did not answer within {} seconds.", TIME.as_secs()),
        "Restart it; Evergrant goes on without it meanwhile.",
    )
}

#[cfg(test)]
mod tests {
    use evergrant_core::command::Level;

    use super::*;

    #[test]
    fn a_screen_is_found_by_either_name() {
        let named = |wayland: &str, x: &str| display([wayland, x].map(|it| Some(it.into())));
        assert_eq!(
            named("wayland-0", ":0").sentence,
            "This session has a screen (wayland-0)."
        );
        assert_eq!(named("", ":1").sentence, "This session has a screen (:1).");
        assert_eq!(named("", "").level, Level::Note);
        assert_eq!(display([None, None]).level, Level::Note);
    }

    #[test]
    fn a_service_may_call_itself_anything() {
        assert_eq!(own_name("dunst\n\u{1b}[31m"), "dunst[31m");
        assert_eq!(own_name(&"x".repeat(500)), "x".repeat(LONGEST));
        assert_eq!(own_name(" \n"), "A service without a name");
    }
}
