//! What the page is told, and what waits for it while it is not there yet.

use std::sync::{Mutex, MutexGuard, PoisonError};

use evergrant_core::window::{Place, WindowEvent};
use tauri::ipc::Channel;

/// More than this is kept for no page: it reads everything when it comes.
const MOST_WAITING: usize = 8;

/// The way to the page, as long as one listens.
#[derive(Default)]
pub struct Events {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    page: Option<Channel<WindowEvent>>,
    /// What a page that is only just loading still has to hear.
    waiting: Vec<WindowEvent>,
}

impl Events {
    /// The page listens from now on; `first` is told before anything else.
    pub fn watch(&self, page: Channel<WindowEvent>, first: WindowEvent) {
        let mut state = self.lock();
        let waiting = std::mem::take(&mut state.waiting);
        for event in std::iter::once(first).chain(waiting) {
            // A page that is gone again comes anew.
            let _ = page.send(event);
        }
        state.page = Some(page);
    }

    /// The page is another one, or gone.
    pub fn forget_page(&self) {
        self.lock().page = None;
    }

    /// Tells the page.
    pub fn tell(&self, event: WindowEvent) {
        let mut state = self.lock();
        if let Some(page) = &state.page
            && page.send(event.clone()).is_ok()
        {
            return;
        }
        state.page = None;
        // Only these are told once; everything else is read by a page that comes.
        if matches!(event, WindowEvent::Go { .. } | WindowEvent::Note { .. })
            && state.waiting.len() < MOST_WAITING
            && !state.waiting.contains(&event)
        {
            state.waiting.push(event);
        }
    }

    /// Leads the page to a place, now or when it is there.
    pub fn go(&self, place: Place) {
        self.tell(WindowEvent::Go { place });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evergrant_core::window::Page;
    use std::sync::Arc;
    use tauri::ipc::InvokeResponseBody;

    fn page() -> (Channel<WindowEvent>, Arc<Mutex<Vec<WindowEvent>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let channel = Channel::new(move |body| {
            let InvokeResponseBody::Json(text) = body else {
                panic!("another body");
            };
            ear.lock()
                .unwrap()
                .push(serde_json::from_str(&text).unwrap());
            Ok(())
        });
        (channel, heard)
    }

    #[test]
    fn a_place_that_is_asked_for_before_the_page_is_there_is_gone_to_once() {
        let events = Events::default();
        let go = WindowEvent::Go {
            place: Place::of(Page::Queue),
        };
        events.go(Place::of(Page::Queue));
        events.go(Place::of(Page::Queue));
        events.tell(WindowEvent::Missed);
        let (channel, heard) = page();
        events.watch(channel, WindowEvent::Missed);
        assert_eq!(*heard.lock().unwrap(), [WindowEvent::Missed, go.clone()]);
        events.go(Place::of(Page::Queue));
        assert_eq!(heard.lock().unwrap().len(), 3);

        events.forget_page();
        let (channel, heard) = page();
        events.watch(channel, WindowEvent::Missed);
        assert_eq!(*heard.lock().unwrap(), [WindowEvent::Missed]);
    }
}
