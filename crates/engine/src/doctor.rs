//! What works here and what is missing.

use chrono::TimeDelta;
use evergrant_core::command::{DoctorView, Finding, Level};

use crate::engine::{Engine, Internal, lock};
use crate::start::count;

/// From here on a wrong clock makes posts go out at the wrong time.
const SKEW_BAD: TimeDelta = TimeDelta::minutes(2);

impl Engine {
    pub(crate) async fn examine(&self) -> Result<DoctorView, Internal> {
        let mut findings = vec![self.data_folder(), self.keychain().await];
        findings.extend(self.found_at_start.iter().map(|sentence| Finding {
            topic: "database".into(),
            level: Level::Bad,
            sentence: sentence.clone(),
            next_step: None,
        }));
        findings.push(self.leftover_entries()?);
        findings.push(self.clock()?);
        findings.extend(self.provider_files());
        findings.push(self.accounts_in_need()?);
        findings.push(self.posts_in_need()?);
        findings.extend(self.last_run());
        findings.extend(self.notifications());
        Ok(DoctorView { findings })
    }

    fn data_folder(&self) -> Finding {
        Finding::good(
            "data folder",
            format!("{} can be used.", self.data.display()),
        )
    }

    async fn keychain(&self) -> Finding {
        let keychain = self.safe.keychain();
        let store = keychain.describe();
        let survives = if store.survives_restart {
            "what it keeps survives a restart"
        } else {
            "what it keeps is gone after a restart"
        };
        match keychain.probe().await {
            Ok(()) if store.survives_restart => {
                Finding::good("keychain", format!("{} is used; {survives}.", store.name))
            }
            Ok(()) => Finding::note(
                "keychain",
                format!("{} is used; {survives}.", store.name),
                "Use the desktop's keyring, or a vault with `evergrant vault create`.",
            ),
            Err(error) => Finding::bad(
                "keychain",
                format!("{} cannot be used now: {error}.", store.name),
                error.next_step(),
            ),
        }
    }

    fn leftover_entries(&self) -> Result<Finding, Internal> {
        let left = self.store.leftovers()?.len();
        Ok(if left == 0 {
            Finding::good("old tokens", "None is left in the keychain.")
        } else {
            Finding::note(
                "old tokens",
                format!(
                    "{} could not be deleted from the keychain yet.",
                    count(left, "old token")
                ),
                "It is tried again at each start.",
            )
        })
    }

    fn clock(&self) -> Result<Finding, Internal> {
        let Some((provider, skew)) = self.store.worst_skew()? else {
            return Ok(Finding::good(
                "clock",
                "No service was asked yet, so nothing is known of it.",
            ));
        };
        if skew.abs() < SKEW_BAD {
            return Ok(Finding::good(
                "clock",
                "It agrees with the services' clocks.",
            ));
        }
        let way = if skew > TimeDelta::zero() {
            "behind"
        } else {
            "ahead of"
        };
        Ok(Finding::bad(
            "clock",
            format!(
                "This computer's clock is {} {way} that of {provider}.",
                span(skew.abs())
            ),
            "Set it right: posts go out by this clock. Sign-ins are judged by the service's.",
        ))
    }

    fn provider_files(&self) -> Vec<Finding> {
        let errors = self.file_errors();
        if errors.is_empty() {
            let ids: Vec<_> = self.catalogue.ids().collect();
            return vec![Finding::good(
                "provider files",
                format!("All can be used: {}.", ids.join(", ")),
            )];
        }
        errors
            .iter()
            .map(|error| {
                Finding::bad(
                    "provider files",
                    error.to_string(),
                    "Mend the file, or remove it to use the one that comes with Evergrant.",
                )
            })
            .collect()
    }

    fn accounts_in_need(&self) -> Result<Finding, Internal> {
        let accounts = self.store.accounts()?;
        let ended: Vec<_> = accounts
            .iter()
            .filter(|account| account.grant.ended().is_some())
            .map(|account| account.id.0.clone())
            .collect();
        Ok(if ended.is_empty() {
            Finding::good(
                "accounts",
                format!(
                    "{} known; none needs you.",
                    count(accounts.len(), "account")
                ),
            )
        } else {
            Finding::note(
                "accounts",
                format!("These need a new sign-in: {}.", ended.join(", ")),
                "Run `evergrant sign-in` for each.",
            )
        })
    }

    fn posts_in_need(&self) -> Result<Finding, Internal> {
        let waiting = self.posts_that_need_the_person()?;
        Ok(if waiting == 0 {
            Finding::good("posts", "None waits for you.")
        } else {
            let verb = if waiting == 1 { "waits" } else { "wait" };
            Finding::note(
                "posts",
                format!("{} {verb} for you.", count(waiting, "post")),
                "See `evergrant queue`.",
            )
        })
    }

    fn last_run(&self) -> Option<Finding> {
        let why = lock(&self.trouble).clone()?;
        Some(Finding::bad(
            "last run",
            format!("Something could not be done: {why}."),
            "The rest went on; it is tried again.",
        ))
    }

    fn notifications(&self) -> Option<Finding> {
        let why = lock(&self.not_told).clone()?;
        Some(Finding::bad(
            "notifications",
            format!("The last one could not be shown: {why}."),
            "Start a notification service, or look at `evergrant accounts` now and then.",
        ))
    }
}

fn span(time: TimeDelta) -> String {
    match (time.num_days(), time.num_hours(), time.num_minutes()) {
        (0, 0, minutes) => count(usize::try_from(minutes).unwrap_or_default(), "minute"),
        (0, hours, _) => count(usize::try_from(hours).unwrap_or_default(), "hour"),
        (days, ..) => count(usize::try_from(days).unwrap_or_default(), "day"),
    }
}
