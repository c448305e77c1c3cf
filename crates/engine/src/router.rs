//! One router for every door: the command line, the window and the local socket.

use std::sync::Arc;

use evergrant_core::command::{CheckView, Command, Problem, Reply};
use evergrant_core::grant::CantTell;
use evergrant_core::ids::AccountId;
use evergrant_core::post::Event as PostEvent;

use crate::check::Outcome;
use crate::engine::{Engine, Internal};
use crate::ports::Browser;
use crate::store::DiaryFilter;

/// A diary page longer than this is cut.
const DIARY_LIMIT: u32 = 10_000;

impl Engine {
    /// Carries out a command; a sign-in goes through the browser of [`Ports`](crate::Ports).
    pub async fn handle(self: &Arc<Self>, command: Command) -> Result<Reply, Problem> {
        self.handle_for(command, self.ports.browser.as_ref()).await
    }

    /// Carries out a command of somebody whom a sign-in reaches through `browser`.
    pub async fn handle_for(
        self: &Arc<Self>,
        command: Command,
        browser: &dyn Browser,
    ) -> Result<Reply, Problem> {
        Ok(self.route(command, browser).await?)
    }

    async fn route(
        self: &Arc<Self>,
        command: Command,
        browser: &dyn Browser,
    ) -> Result<Reply, Internal> {
        Ok(match command {
            Command::Accounts => Reply::Accounts {
                accounts: self.account_views()?,
            },
            Command::Providers => Reply::Providers {
                providers: self.provider_views()?,
            },
            Command::Guide { provider } => Reply::Guide {
                guide: self.guide(&provider)?,
            },
            Command::Connect(ask) => Reply::Connected(self.connect(ask, browser).await?),
            Command::SignIn {
                account,
                remember,
                paste,
            } => Reply::Connected(self.sign_in(&account, remember, paste, browser).await?),
            Command::AdoptOther => Reply::Connected(self.adopt_other().await?),
            Command::Check { account } => Reply::Checks {
                checks: self.checks(account).await?,
            },
            Command::Targets { account } => Reply::Targets {
                targets: self.targets(&account).await?,
            },
            Command::SignOut { account, anyway } => Reply::SignedOut {
                signed_out: self.sign_out(&account, anyway).await?,
            },
            Command::Forget {
                account,
                drop_posts,
            } => {
                self.forget(&account, drop_posts).await?;
                Reply::Forgotten { forgotten: account }
            }
            Command::Remember { account, remember } => Reply::Account {
                account: self.remember(&account, remember).await?,
            },
            Command::Post(new) => Reply::Post {
                post: self.enqueue(new).await?,
            },
            Command::Queue { all } => Reply::Queue {
                posts: self.queue(all)?,
            },
            Command::SendNow { post } => Reply::Post {
                post: self.wish(post, PostEvent::SendNow).await?,
            },
            Command::Cancel { post } => Reply::Post {
                post: self.wish(post, PostEvent::Cancelled).await?,
            },
            Command::Reschedule { post, due, zone } => Reply::Post {
                post: self
                    .wish(post, PostEvent::Rescheduled { due, zone })
                    .await?,
            },
            Command::Settle { post, posted } => Reply::Post {
                post: self.wish(post, PostEvent::Settled { posted }).await?,
            },
            Command::Edit(edit) => Reply::Post {
                post: self.edit(edit).await?,
            },
            Command::RunDue => Reply::Ran {
                ran: self.run_due().await?,
            },
            Command::Diary {
                account,
                post,
                limit,
            } => {
                let filter = DiaryFilter {
                    account,
                    post,
                    limit: limit.min(DIARY_LIMIT),
                };
                Reply::Diary {
                    diary: self.diary(&filter)?,
                }
            }
            Command::Life { account } => Reply::Life {
                life: self.life(&account)?,
            },
            Command::Settings => Reply::Settings {
                settings: self.settings_view(),
            },
            Command::ChangeSettings { changes } => Reply::Settings {
                settings: self.change_settings(changes)?,
            },
            Command::TestNotice => {
                self.test_notice().await?;
                Reply::Shown { shown: true }
            }
            Command::Doctor => Reply::Doctor {
                doctor: self.examine().await?,
            },
        })
    }

    async fn checks(
        self: &Arc<Self>,
        account: Option<AccountId>,
    ) -> Result<Vec<CheckView>, Internal> {
        let ids = match account {
            Some(id) => vec![id],
            None => self
                .store
                .accounts()?
                .into_iter()
                .map(|account| account.id)
                .collect(),
        };
        let mut views = Vec::new();
        for id in ids {
            let outcome = self.check(&id).await?;
            if outcome == Outcome::Good {
                // What was held for a role or a permission may be possible now.
                self.release_posts(&id).await?;
            }
            let account = self.account_view(&self.account(&id)?)?;
            let keychain = match &outcome {
                Outcome::CantTell(CantTell::Keychain { code, .. }) => Some(code.clone()),
                _ => None,
            };
            let (result, sentence) = match outcome {
                Outcome::Good => (
                    "good",
                    evergrant_core::happening::Happening::Checked.sentence(),
                ),
                Outcome::Dead(reason) => (
                    "dead",
                    format!("{} {}", reason.sentence(), reason.next_step()),
                ),
                Outcome::CantTell(why) => (
                    "cant_tell",
                    format!("Nobody can tell now: {}", why.sentence()),
                ),
                Outcome::NotSignedIn => ("not_signed_in", "Nobody is signed in.".into()),
            };
            views.push(CheckView {
                account,
                result: result.into(),
                sentence,
                keychain,
            });
        }
        Ok(views)
    }
}
