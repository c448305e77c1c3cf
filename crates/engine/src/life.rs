//! The life of a sign-in, and trying whether the person can be told.

use evergrant_core::command::{Code, LifeCheck, LifeView, Problem};
use evergrant_core::happening::Happening;
use evergrant_core::ids::AccountId;

use crate::engine::{Engine, Internal};
use crate::ports::Notice;
use crate::store::{DiaryFilter, Line};

/// Lines of the diary that are looked through for checks; more have no room in a picture.
const LINES: u32 = 10_000;

impl Engine {
    /// The dates of an account's sign-in, and its checks so far. One that has ended is shown, as far
    /// as the diary tells of it, until another begins.
    pub(crate) fn life(&self, id: &AccountId) -> Result<LifeView, Internal> {
        let account = self.account(id)?;
        let grant = &account.grant;
        let lines = self.store.diary(&DiaryFilter {
            account: Some(id.clone()),
            post: None,
            limit: LINES,
        })?;
        let life = if let Some(active) = grant.active() {
            // A broken provider file changes no date.
            let policy = self.grant_policy(&account).unwrap_or_default();
            let end = active.end();
            // The longest lead comes first, and so does the earliest warning.
            let warn_at = policy
                .warn_before
                .iter()
                .filter_map(|lead| Some(end? - *lead))
                .filter(|at| *at > active.since);
            LifeView {
                signed_in_at: Some(active.since),
                issued_at: active.facts.issued_at,
                warn_at: warn_at.collect(),
                expires: Some(active.facts.expiry),
                data_access_ends: Some(active.facts.data_access_ends),
                checks: Vec::new(),
            }
        } else if grant.ended().is_some() {
            ended(&lines)
        } else {
            return Ok(LifeView::default());
        };
        Ok(life.with_checks(checks(lines)))
    }

    /// Shows the person a notice, to try whether it is seen.
    pub(crate) async fn test_notice(&self) -> Result<(), Problem> {
        let notice = Notice {
            incident: "test".to_owned(),
            title: "Evergrant can reach you".to_owned(),
            body: "This was only a test; nothing needs you.".to_owned(),
            action: None,
        };
        self.show(notice).await.map_err(|why| {
            Problem::new(
                Code::NotNow,
                format!("no notification could be shown: {why}"),
            )
            .hint("Start your desktop's notifications, then try again.")
        })
    }
}

/// What the diary tells of a sign-in that has ended.
fn ended(lines: &[Line]) -> LifeView {
    let begun = lines.iter().find_map(|line| match &line.happening {
        Happening::SignedIn { expires } => Some((line.at, *expires)),
        _ => None,
    });
    LifeView {
        signed_in_at: begun.map(|(at, _)| at),
        expires: begun.map(|(_, expires)| expires),
        ..LifeView::default()
    }
}

/// The checks since the last sign-in, earliest first, of lines that come newest first.
fn checks(lines: Vec<Line>) -> Vec<LifeCheck> {
    let mut checks: Vec<LifeCheck> = lines
        .into_iter()
        .take_while(|line| !matches!(line.happening, Happening::SignedIn { .. }))
        .filter_map(|line| {
            let result = match line.happening {
                Happening::Checked => "good",
                Happening::CheckUnclear { .. } => "cant_tell",
                Happening::Ended { .. } => "dead",
                _ => return None,
            };
            Some(LifeCheck {
                at: line.at,
                result: result.to_owned(),
            })
        })
        .collect();
    checks.reverse();
    checks
}
