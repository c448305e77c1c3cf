#![allow(
    clippy::unused_async,
    reason = "as where there is something to wait for"
)]

use evergrant_core::command::{Finding, Level};

/// Says that there is neither tray nor notifications yet.
pub async fn survey() -> Vec<Finding> {
    vec![Finding {
        topic: "desktop".to_owned(),
        level: Level::Note,
        sentence: "On this system Evergrant shows neither notifications nor an icon in the tray."
            .to_owned(),
        next_step: Some("Look at `evergrant accounts` now and then.".to_owned()),
    }]
}
