#![allow(
    clippy::unused_async,
    reason = "as where there is something to wait for"
)]

use evergrant_core::command::Finding;

/// Says that there is neither tray nor notifications yet.
pub async fn survey() -> Vec<Finding> {
    vec![Finding::note(
        "desktop",
        "On this system Evergrant shows neither notifications nor an icon in the tray.",
        "Look at `evergrant accounts` now and then.",
    )]
}
