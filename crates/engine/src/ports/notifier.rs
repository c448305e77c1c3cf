//! Telling nobody, and a list of what was told. The desktop's own notifications are in `crates/resident`.

use std::sync::{Mutex, PoisonError};

use super::{Notice, Notifier, Pending};

/// Tells nobody: for programs that have the person in front of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Notifier for Silent {
    fn show(&self, _notice: Notice) -> Pending<'_, Result<(), String>> {
        // An incident that nobody heard of is told again by whoever can.
        Box::pin(std::future::ready(Err("nobody is told here".to_owned())))
    }
}

/// Keeps what it was told: for tests and the story.
#[derive(Debug, Default)]
pub struct Recorded {
    notices: Mutex<Vec<Notice>>,
}

impl Recorded {
    /// Nothing told so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything told so far, in order; replaced notices too.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Notifier for Recorded {
    fn show(&self, notice: Notice) -> Pending<'_, Result<(), String>> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(notice);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn recorded_notices_come_in_order() {
        let notice = |title: &str| Notice {
            incident: "example/1".to_owned(),
            title: title.to_owned(),
            body: String::new(),
            action: None,
        };
        let recorded = Recorded::new();
        recorded.show(notice("one")).await.unwrap();
        recorded.show(notice("two")).await.unwrap();
        assert!(
            Silent.show(notice("three")).await.is_err(),
            "nobody was told"
        );
        assert_eq!(recorded.notices(), [notice("one"), notice("two")]);
    }
}
