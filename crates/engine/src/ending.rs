//! Ending in the middle of everything: nothing new is begun, and what must not be cut off gets a
//! moment.

use std::time::Duration;

use tokio::sync::watch;

/// How long answers are waited for that are not written yet. A session's end leaves two seconds.
const GRACE: Duration = Duration::from_millis(1_500);

/// The end, what it waits for, and what it stops.
pub(crate) struct Ending {
    stage: watch::Sender<Stage>,
    unfinished: Count,
    stopped: Count,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    NotYet,
    /// Nothing is begun that must not be cut off.
    Begun,
    /// What still runs is stopped.
    Over,
}

struct Count(watch::Sender<usize>);

/// Something that must not be cut off. Over when dropped.
pub(crate) struct Counted<'a>(&'a Count);

impl Ending {
    pub(crate) fn new() -> Self {
        Self {
            stage: watch::Sender::new(Stage::NotYet),
            unfinished: Count(watch::Sender::new(0)),
            stopped: Count(watch::Sender::new(0)),
        }
    }

    /// Marks something that must not be cut off; `None` if it must not be begun any more.
    pub(crate) fn begin(&self) -> Option<Counted<'_>> {
        // Counted first: whoever ends sees either this one or that it was not begun.
        let mark = self.unfinished.one_more();
        (*self.stage.borrow() == Stage::NotYet).then_some(mark)
    }

    /// Carries `work` on until it is done or all is over, for tasks that nobody else stops.
    pub(crate) async fn unless_over<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let _mark = self.stopped.one_more();
        let mut stage = self.stage.subscribe();
        tokio::select! {
            biased;
            _ = stage.wait_for(|stage| *stage == Stage::Over) => None,
            done = work => Some(done),
        }
    }

    /// Lets nothing begin any more, and waits for what must not be cut off; not for long.
    pub(crate) async fn come(&self) {
        self.stage.send_replace(Stage::Begun);
        // Whatever is cut off after that has its journal.
        let _ = tokio::time::timeout(GRACE, self.unfinished.none()).await;
    }

    /// Stops what still runs.
    pub(crate) async fn be_over(&self) {
        self.stage.send_replace(Stage::Over);
        self.stopped.none().await;
    }
}

impl Count {
    fn one_more(&self) -> Counted<'_> {
        self.0.send_modify(|count| *count += 1);
        Counted(self)
    }

    async fn none(&self) {
        let mut count = self.0.subscribe();
        // Its sender is here.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_waits_for_what_was_begun_and_lets_nothing_begin() {
        let ending = Ending::new();
        let begun = ending.begin().unwrap();
        let mut end = Box::pin(ending.come());
        assert!((&mut end).now_or_never().is_none());
        assert!(ending.begin().is_none());
        drop(begun);
        assert!(end.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_does_not_wait_for_ever() {
        let ending = Ending::new();
        let _begun = ending.begin();
        let before = tokio::time::Instant::now();
        ending.come().await;
        assert_eq!(before.elapsed(), GRACE);
    }

    #[tokio::test]
    async fn what_nobody_else_stops_is_stopped_when_all_is_over() {
        let ending = Ending::new();
        let stopped = ending.unless_over(std::future::pending::<()>());
        let (end, stopped) = tokio::join!(ending.be_over(), stopped);
        assert_eq!((end, stopped), ((), None));
    }
}
