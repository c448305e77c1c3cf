//! The Evergrant window.
//!
//! It shows and decides nothing: pages in `ui/`, one Tauri command per question they may ask, and behind each
//! command one question to whoever owns the data folder (`link`). No token ever passes through here.
//!
//! Exit codes of the program:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | the window was closed |
//! | 69 | there is no display to open a window on (`EX_UNAVAILABLE` of `sysexits.h`) |
//! | 70 | the window could not be built (`EX_SOFTWARE`) |
//! | 78 | there is no folder to keep things in (`EX_CONFIG`) |

mod arguments;
mod commands;
mod desk;
mod display;
mod drafts;
mod events;
mod link;
mod login;
mod practice;
mod window;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evergrant_core::window::LinkState;
use evergrant_engine::places::Places;
use tauri::{AppHandle, Manager, RunEvent, Wry};

use crate::desk::{Desk, HereAndBeside};

/// There is no display.
const EX_UNAVAILABLE: u8 = 69;
/// The desktop's own machinery failed.
const EX_SOFTWARE: u8 = 70;
/// Nobody said where things are kept.
const EX_CONFIG: u8 = 78;

/// More than the engine itself takes for its end.
const LAST_MOMENT: Duration = Duration::from_secs(3);

/// Opens the window and stays until it is closed; the result is the program's exit code.
#[must_use]
pub fn run() -> ExitCode {
    if let Err(problem) = display::ask() {
        eprintln!("{problem}");
        return ExitCode::from(EX_UNAVAILABLE);
    }
    let places = match Places::of_environment() {
        Ok(places) => places,
        Err(problem) => {
            eprintln!("evergrant-desktop: {problem}. {}", problem.hints.join(" "));
            return ExitCode::from(EX_CONFIG);
        }
    };
    let desk = Desk::new(places.clone());
    if let Some(place) = arguments::place(std::env::args().skip(1)) {
        desk.events.go(place);
    }
    let link = Arc::clone(&desk.link);
    let app = tauri::Builder::default()
        // First of all, so that a second start begins nothing.
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .callback(|app, words, _| come_forward(app, words))
                .dbus_id(name_of(&places))
                .build(),
        )
        .manage(Arc::clone(&desk))
        .invoke_handler(handler())
        .setup(move |app| {
            window::open(app.handle())?;
            // After the window, which a person waits for.
            let keep = std::thread::spawn(move || link.keep(HereAndBeside::of(places)));
            app.manage(LinkThread(Mutex::new(Some(keep))));
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|app, event| happened(app, &event));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("evergrant-desktop: the window could not be built: {error}");
            ExitCode::from(EX_SOFTWARE)
        }
    }
}

fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool {
    tauri::generate_handler![
        commands::about,
        commands::accounts,
        commands::adopt_other,
        commands::autostart,
        commands::cancel,
        commands::cancel_sign_in,
        commands::change_settings,
        commands::check,
        commands::connect,
        commands::diary,
        commands::doctor,
        commands::drafts,
        commands::drop_draft,
        commands::edit,
        commands::forget,
        commands::guide,
        commands::keep_draft,
        commands::life,
        commands::open_post,
        commands::open_practice,
        commands::pasted,
        commands::post,
        commands::practice_start,
        commands::providers,
        commands::queue,
        commands::remember,
        commands::reschedule,
        commands::send_now,
        commands::set_autostart,
        commands::settings,
        commands::settle,
        commands::sign_in,
        commands::sign_out,
        commands::targets,
        commands::test_notice,
        commands::watch,
    ]
}

/// Somebody has started the program once more: this one comes to the front, and goes where they want.
fn come_forward(app: &AppHandle, words: Vec<String>) {
    if let Some(place) = arguments::place(words.into_iter().skip(1)) {
        app.state::<Arc<Desk>>().events.go(place);
    }
    let handle = app.clone();
    // Windows are made and moved on the main thread only; without a window there is nothing to tell.
    let _ = app.run_on_main_thread(move || {
        let _ = window::open(&handle);
    });
}

fn happened(app: &AppHandle, event: &RunEvent) {
    match event {
        RunEvent::Exit => {
            let desk = app.state::<Arc<Desk>>();
            desk.trips.cancel();
            desk.practice.stop();
            let is_owner = desk.link.view().state == LinkState::Own;
            desk.link.stop();
            if is_owner {
                await_end(app);
            }
        }
        // The keeper stays on Linux, so nothing is left to do here; elsewhere this process is the one
        // that the person's tray belongs to.
        #[cfg(not(target_os = "linux"))]
        RunEvent::ExitRequested {
            api, code: None, ..
        } => api.prevent_exit(),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => come_forward(
            app,
            std::iter::once(String::new())
                .chain(urls.iter().map(ToString::to_string))
                .collect(),
        ),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => come_forward(app, Vec::new()),
        _ => {}
    }
}

/// The thread that keeps the link, and with it the engine where this process owns it.
struct LinkThread(Mutex<Option<JoinHandle<()>>>);

/// What is just being sent has its moment, as with every keeper that ends.
fn await_end(app: &AppHandle) {
    let thread = app.state::<LinkThread>();
    let thread = thread
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let begun = Instant::now();
    while thread.as_ref().is_some_and(|it| !it.is_finished()) && begun.elapsed() < LAST_MOMENT {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Two data folders are two programs. No part of the name may begin with a digit.
fn name_of(places: &Places) -> String {
    places.service().replacen(".app.", ".app.at_", 1)
}
