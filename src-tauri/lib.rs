//! The Evergrant window.
//!
//! It shows and decides nothing: pages in `ui/`, one Tauri command per question they may ask, and behind each
//! command one call into the engine (`backend`). No token ever passes through here.
//!
//! Exit codes of the program:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | the window was closed |
//! | 69 | there is no display to open a window on (`EX_UNAVAILABLE` of `sysexits.h`) |
//! | 70 | the window could not be built (`EX_SOFTWARE`) |

mod backend;
mod commands;
mod display;
mod window;

use std::process::ExitCode;

/// There is no display.
const EX_UNAVAILABLE: u8 = 69;
/// The desktop's own machinery failed.
const EX_SOFTWARE: u8 = 70;

/// Opens the window and stays until it is closed; the result is the program's exit code.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(problem) = display::ask() {
        eprintln!("{problem}");
        return ExitCode::from(EX_UNAVAILABLE);
    }
    let app = tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![commands::accounts])
        .setup(|app| Ok(window::open(app.handle())?))
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("evergrant-desktop: the window could not be built: {error}");
            ExitCode::from(EX_SOFTWARE)
        }
    }
}
