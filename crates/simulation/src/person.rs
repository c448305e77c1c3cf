//! The person at the browser: quick, slow, absent, of another mind, or somebody else.

use std::sync::Arc;
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::provider::RedirectRule;
use evergrant_engine::ports::{Browser, Expected, Pending, Random as _, Trip, TripError};
use evergrant_practice::Choice;
use url::Url;

use crate::life::Life;
use crate::shared::Shared;
use crate::weather::{one_in, up_to};

/// What a person leaves ticked who does not like to tick.
const FEW: [&str; 2] = ["pages_show_list", "public_profile"];

/// A browser in which `user` answers.
pub struct Tab {
    pub shared: Arc<Shared>,
    pub life: Arc<Life>,
    pub user: &'static str,
    /// The person does what the page asks, at once.
    pub is_willing: bool,
}

struct OpenTab {
    shared: Arc<Shared>,
    life: Arc<Life>,
    user: &'static str,
    is_willing: bool,
    redirect: Url,
}

impl Browser for Tab {
    fn prepare(
        &self,
        rule: &RedirectRule,
        path: &str,
    ) -> Pending<'_, Result<Box<dyn Trip>, TripError>> {
        let redirect = match rule {
            RedirectRule::Loopback { .. } => format!("http://127.0.0.1:49999{path}"),
            RedirectRule::Paste { url } => url.to_string(),
        };
        Box::pin(async move {
            self.life.goes_on().await;
            let redirect = redirect
                .parse()
                .map_err(|_| TripError::NotPossible("no such address".into()))?;
            let trip: Box<dyn Trip> = Box::new(OpenTab {
                shared: Arc::clone(&self.shared),
                life: Arc::clone(&self.life),
                user: self.user,
                is_willing: self.is_willing,
                redirect,
            });
            Ok(trip)
        })
    }
}

impl Trip for OpenTab {
    fn redirect_uri(&self) -> &Url {
        &self.redirect
    }

    fn go(
        self: Box<Self>,
        page: Url,
        expected: Expected,
    ) -> Pending<'static, Result<Secret, TripError>> {
        Box::pin(async move {
            self.life.goes_on().await;
            let dice = &self.shared.dice;
            let mut choice = Choice::Everything;
            let mut user = self.user;
            let mut delay = Duration::from_secs(2) + up_to(dice, Duration::from_secs(20));
            if !self.is_willing {
                match dice.below(20) {
                    0 => choice = Choice::Cancel,
                    1 => choice = Choice::Only(FEW.map(str::to_owned).to_vec()),
                    2 if user == "ada" => user = "ben",
                    3 => delay = expected.patience + Duration::from_secs(60),
                    4..8 => delay = up_to(dice, expected.patience),
                    _ => {}
                }
            }
            if delay >= expected.patience {
                self.shared.note(&format!("{user} does not answer"));
                self.shared.pass(expected.patience).await;
                return Err(TripError::TimedOut(expected.patience));
            }
            self.shared.pass(delay).await;
            self.life.goes_on().await;
            let is_away = self.shared.state().weather.is_offline;
            self.shared.note(&format!("{user} answers: {choice:?}"));
            if is_away || (!self.is_willing && one_in(dice, 40)) {
                return Err(TripError::NotPossible("the page did not load".into()));
            }
            let answer = self
                .shared
                .network
                .answer_dialog(page.as_str(), user, &choice)
                .map_err(|error| TripError::NotPossible(error.to_string()))?;
            let answer: Url = answer
                .parse()
                .map_err(|_| TripError::NotPossible("the page led nowhere".into()))?;
            let get = |name: &str| {
                let mut pairs = answer.query_pairs();
                pairs
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.to_string())
            };
            if get("state").as_deref() != Some(expected.state.reveal()) {
                return Err(TripError::NotOurs("another sign-in answered".into()));
            }
            get("code").map(Secret::new).ok_or(TripError::Denied)
        })
    }
}
