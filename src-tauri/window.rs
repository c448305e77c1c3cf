//! The one window.

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindowBuilder};

/// Its label; capabilities name it.
const LABEL: &str = "main";

/// Brings the window to the front, or opens it.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(LABEL) {
        window.show()?;
        return window.set_focus();
    }
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("Evergrant")
        .inner_size(900.0, 600.0)
        .min_inner_size(480.0, 360.0)
        .build()?;
    Ok(())
}
