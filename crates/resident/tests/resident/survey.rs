//! What `doctor` is told of the desktop.

use evergrant_core::command::{Finding, Level};
use evergrant_resident::survey_at;

use crate::bus::{Bus, Nowhere};
use crate::host::Host;
use crate::server::Server;

#[tokio::test]
async fn a_whole_desktop_is_good() {
    let bus = Bus::start();
    let _host = Host::start(&bus).await;
    let _server = Server::start(&bus, &["body", "actions"]).await;
    assert_eq!(
        told(&survey_at(&bus.address).await),
        [
            ("session bus", "The session's message bus answers."),
            (
                "notifications",
                "Test Desktop shows notifications, with buttons."
            ),
            ("tray", "The desktop has a tray for Evergrant's icon."),
        ]
    );
    let findings = survey_at(&bus.address).await;
    assert!(
        findings
            .iter()
            .filter(|finding| finding.topic != "display")
            .all(|finding| finding.level == Level::Good && finding.next_step.is_none())
    );
}

#[tokio::test]
async fn half_a_desktop_is_noted() {
    let bus = Bus::start();
    let _host = Host::start_with(&bus, false).await;
    let _server = Server::start(&bus, &["body"]).await;
    let findings = survey_at(&bus.address).await;
    assert_eq!(
        told(&findings)[1..],
        [
            (
                "notifications",
                "Test Desktop shows notifications, but has no buttons."
            ),
            (
                "tray",
                "The desktop takes icons for a tray, but no tray shows them."
            ),
        ]
    );
    assert_notes(&findings[1..3]);
}

#[tokio::test]
async fn a_bare_bus_is_noted() {
    let bus = Bus::start();
    let findings = survey_at(&bus.address).await;
    assert_eq!(
        told(&findings)[1..],
        [
            (
                "notifications",
                "Nothing on this desktop shows notifications."
            ),
            (
                "tray",
                "This desktop has no tray, so Evergrant's icon is not shown."
            ),
        ]
    );
    assert_notes(&findings[1..3]);
}

#[tokio::test]
async fn without_a_bus_it_is_said_once() {
    let findings = survey_at(&Nowhere::empty().address).await;
    let sentence = "There is no session bus, so neither notifications nor an icon in the tray are possible here.";
    assert_eq!(told(&findings), [("session bus", sentence)]);
    assert_notes(&findings[..1]);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_hangs_is_not_waited_for() {
    let silent = Nowhere::silent();
    assert_eq!(told(&survey_at(&silent.address).await)[0].0, "session bus");
}

/// Topics and sentences; the display is this machine's own matter.
fn told(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings
        .iter()
        .filter(|finding| finding.topic != "display")
        .map(|finding| (finding.topic.as_str(), finding.sentence.as_str()))
        .collect()
}

fn assert_notes(findings: &[Finding]) {
    for finding in findings {
        assert_eq!(finding.level, Level::Note, "{finding:?}");
        assert!(finding.next_step.is_some(), "{finding:?}");
    }
}
