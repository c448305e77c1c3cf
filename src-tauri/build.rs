//! Reads `tauri.conf.json` beside the root manifest and gives every command a permission of its own.

use std::{fs, path::Path};

/// Commands the window may call; each needs `allow-…` in a capability.
const COMMANDS: &[&str] = &[
    "about",
    "accounts",
    "adopt_other",
    "autostart",
    "cancel",
    "cancel_sign_in",
    "change_settings",
    "check",
    "connect",
    "diary",
    "doctor",
    "drafts",
    "drop_draft",
    "edit",
    "forget",
    "guide",
    "keep_draft",
    "life",
    "open_post",
    "open_practice",
    "pasted",
    "post",
    "practice_start",
    "providers",
    "queue",
    "remember",
    "reschedule",
    "send_now",
    "set_autostart",
    "settings",
    "settle",
    "sign_in",
    "sign_out",
    "targets",
    "test_notice",
    "watch",
];

/// Shown by a program that was built before its pages were: it says how to get them.
const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Evergrant</title>\
<p>The window's pages have not been built. Run <code>cargo xtask run</code>.</p>\n";

fn main() {
    let pages = Path::new("ui/dist");
    // A bare checkout must compile: without this folder Tauri stops the build.
    if !pages.join("index.html").exists() {
        fs::create_dir_all(pages).expect("could not create ui/dist for the window's pages");
        fs::write(pages.join("index.html"), NOT_BUILT)
            .expect("could not write ui/dist/index.html for the window's pages");
    }
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .capabilities_path_pattern("./src-tauri/capabilities/**/*.json")
            .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS))
            .windows_attributes(
                tauri_build::WindowsAttributes::new().window_icon_path("src-tauri/icons/icon.ico"),
            ),
    )
    .expect("tauri-build could not prepare the window");
}
