//! What the service itself knows, and whether the engine says anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use evergrant_core::command::{AccountView, PostView};
use evergrant_core::ids::PostId;
use evergrant_core::{Instant, Secret};
use serde_json::Value;

use crate::shared::Shared;

/// After so much calm nothing may be left undone.
pub const CALM: Duration = Duration::from_secs(3 * 86_400);

/// What has to be true of the engine's accounts and posts.
#[derive(Default)]
pub struct Truth {
    accounts: BTreeMap<String, Standing>,
    posts: BTreeMap<PostId, (String, String)>,
    by_text: BTreeMap<String, BTreeSet<PostId>>,
    /// Posts that nobody answered for yet: they may be in the queue or not.
    unanswered: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// When a post last waited for the person.
    waited: BTreeMap<PostId, Duration>,
    copies: BTreeMap<String, usize>,
    seen: usize,
}

/// What is known of one account.
#[allow(clippy::struct_excessive_bools, reason = "they are independent facts")]
#[derive(Default)]
struct Standing {
    generation: u64,
    /// Since when the issuer does not honour its token.
    dead_since: Option<Duration>,
    /// Notices of its end that were shown before it was called ended.
    shown_before: u64,
    is_dead: bool,
    /// What the engine said last.
    has_ended: bool,
    /// True if it was dead at some moment since the issuer was last heard to say "good".
    is_excused: bool,
    /// When that was asked.
    good_at: Option<Instant>,
    /// True from the person's signing out to their next sign-in.
    is_left: bool,
    /// When it was last not usable.
    was_down: Duration,
}

impl Truth {
    /// A post was asked for.
    pub fn asked(&mut self, text: &str) {
        self.unanswered.insert(text.to_owned());
    }

    /// The keeper has taken it.
    pub fn took(&mut self, post: &PostView) {
        self.unanswered.remove(&post.text);
        self.put(post);
    }

    /// The keeper has refused it.
    pub fn refused(&mut self, text: &str) {
        self.unanswered.remove(text);
        self.refused.insert(text.to_owned());
    }

    /// True if the service does not honour the account's token.
    pub fn is_dead(&self, account: &str) -> bool {
        self.accounts
            .get(account)
            .is_some_and(|known| known.is_dead)
    }

    /// True if the token has been dead for less than a day.
    pub fn is_freshly_dead(&self, shared: &Shared, account: &str) -> bool {
        let since = self
            .accounts
            .get(account)
            .and_then(|known| known.dead_since);
        let day = Duration::from_secs(86_400);
        since.is_some_and(|since| shared.passed().saturating_sub(since) < day)
    }

    /// How often a text stands at the service.
    pub fn copies(&self, text: &str) -> usize {
        self.copies.get(text).copied().unwrap_or_default()
    }

    /// Posts whose state may still change, with their texts.
    fn open(&self) -> impl Iterator<Item = (PostId, &String)> {
        let ends = ["posted", "cancelled"];
        self.posts
            .iter()
            .filter(move |(_, (_, state))| !ends.contains(&state.as_str()))
            .map(|(id, (text, _))| (*id, text))
    }

    /// Looks at the service: whose tokens stand, and what is on the Pages.
    pub fn look(&mut self, shared: &Shared, accounts: &[AccountView]) {
        let passed = shared.passed();
        for account in accounts {
            let id = account.id.0.clone();
            let token = token_of(shared, &id, account.generation);
            let stands = token.is_some_and(|token| shared.network.stands(&token));
            let shown = shown(shared, &id);
            let known = self.accounts.entry(id).or_default();
            if known.generation != account.generation {
                *known = Standing {
                    generation: account.generation,
                    ..Standing::default()
                };
            }
            known.is_dead = !stands;
            let good = account
                .last_check
                .as_ref()
                .filter(|check| check.result == "good");
            let good_at = good.map(|check| check.at);
            if good_at.is_some() && known.good_at != good_at {
                known.good_at = good_at;
                known.is_excused = false;
            }
            known.is_excused |= !stands;
            match account.state.as_str() {
                "signed_out" => known.is_left = true,
                "active" => known.is_left = false,
                _ => {}
            }
            if !stands || account.state != "active" {
                known.was_down = passed;
            }
            if stands {
                known.dead_since = None;
            } else if known.dead_since.is_none() {
                known.dead_since = Some(passed);
            }
            if account.reason.is_none() {
                known.shown_before = shown;
            }
        }
        for post in shared.network.posts_from(self.seen) {
            self.seen += 1;
            *self
                .copies
                .entry(post.message.unwrap_or_default())
                .or_default() += 1;
        }
    }

    /// Compares with what the engine says; `open` are the posts that are not over. False if only the
    /// whole queue can tell.
    pub fn compare(
        &mut self,
        shared: &Shared,
        accounts: &[AccountView],
        open: &[PostView],
    ) -> Result<bool, String> {
        self.look(shared, accounts);
        self.compare_accounts(shared, accounts)?;
        let mut texts = BTreeSet::new();
        for post in open {
            self.put(post);
            texts.insert(post.text.clone());
            if post.needs_person {
                self.waited.insert(post.id, shared.passed());
            }
            self.is_on_its_way(shared, post)?;
        }
        let ids: BTreeSet<_> = open.iter().map(|post| post.id).collect();
        let went = self.open().any(|(id, _)| !ids.contains(&id));
        let right = texts.iter().all(|text| self.adds_up(text)) && self.none_is_unknown();
        Ok(right && !went)
    }

    /// The same with the whole queue, where the open part left a question.
    pub fn compare_whole(&mut self, queue: &[PostView]) -> Result<(), String> {
        for post in queue {
            if self.refused.contains(&post.text) && !self.by_text.contains_key(&post.text) {
                return Err(format!(
                    "refused, and in the queue all the same: {}",
                    post.text
                ));
            }
            let is_known = self.posts.contains_key(&post.id);
            if !is_known && !self.unanswered.contains(&post.text) {
                return Err(format!("nobody asked for post {}: {}", post.id, post.text));
            }
            self.put(post);
        }
        let ids: BTreeSet<_> = queue.iter().map(|post| post.id).collect();
        if let Some((id, (text, state))) = self.posts.iter().find(|(id, _)| !ids.contains(*id)) {
            return Err(format!("post {id} ({text}), which was {state}, is lost"));
        }
        for (text, ids) in &self.by_text {
            if !self.adds_up(text) {
                let states: Vec<_> = ids.iter().map(|id| self.posts[id].1.as_str()).collect();
                let copies = self.copies(text);
                return Err(format!(
                    "\"{text}\" stands {copies} times, and its posts are {}",
                    states.join(", ")
                ));
            }
        }
        match self
            .copies
            .keys()
            .find(|text| !self.by_text.contains_key(*text))
        {
            Some(text) => Err(format!("\"{text}\" stands there, and no post says so")),
            None => Ok(()),
        }
    }

    fn put(&mut self, post: &PostView) {
        self.by_text
            .entry(post.text.clone())
            .or_default()
            .insert(post.id);
        let state = post.state.clone();
        self.posts.insert(post.id, (post.text.clone(), state));
    }

    /// As many as are posted stand there, or as many more as nobody knows of.
    fn adds_up(&self, text: &str) -> bool {
        let Some(ids) = self.by_text.get(text) else {
            return false;
        };
        let count = |states: &[&str]| {
            let states = |id: &&PostId| states.contains(&self.posts[*id].1.as_str());
            ids.iter().filter(states).count()
        };
        let posted = count(&["posted"]);
        let most = posted + count(&["uncertain", "sending"]);
        (posted..=most).contains(&self.copies(text))
    }

    fn none_is_unknown(&self) -> bool {
        self.copies
            .keys()
            .all(|text| self.by_text.contains_key(text))
    }

    fn compare_accounts(
        &mut self,
        shared: &Shared,
        accounts: &[AccountView],
    ) -> Result<(), String> {
        let passed = shared.passed();
        let troubled = shared.state().troubled;
        for account in accounts {
            let Some(known) = self.accounts.get_mut(&account.id.0) else {
                continue;
            };
            // Also while a new sign-in is under way.
            let has_ended = account.reason.is_some();
            let before = std::mem::replace(&mut known.has_ended, has_ended);
            if has_ended && !before && !known.is_excused {
                return Err(format!(
                    "{} is called ended ({}), and the issuer honours its token",
                    account.id,
                    account
                        .reason
                        .as_ref()
                        .map_or("", |reason| reason.sentence.as_str())
                ));
            }
            let Some(dead_since) = known.dead_since.filter(|_| known.is_dead) else {
                continue;
            };
            let quiet = passed.saturating_sub(troubled.max(dead_since));
            if quiet < CALM || known.is_left {
                continue;
            }
            if !has_ended {
                return Err(format!(
                    "{} has been dead for {} days of calm, and is called {}",
                    account.id,
                    quiet.as_secs() / 86_400,
                    account.state
                ));
            }
            if shown(shared, &account.id.0) == known.shown_before {
                return Err(format!("{} has ended, and nobody was told", account.id));
            }
        }
        Ok(())
    }

    /// In calm weather a due post goes on by itself, or says what it needs.
    fn is_on_its_way(&self, shared: &Shared, post: &PostView) -> Result<(), String> {
        let passed = shared.passed();
        let was_down = self
            .accounts
            .get(&post.account.0)
            .map(|known| known.was_down);
        let waited = self.waited.get(&post.id).copied().unwrap_or_default();
        let troubled = shared
            .state()
            .troubled
            .max(was_down.unwrap_or(passed))
            .max(waited);
        let quiet = passed.saturating_sub(troubled);
        let overdue = shared.clock.true_now() - post.due;
        let overdue = overdue.to_std().unwrap_or_default();
        if quiet < CALM || overdue < CALM || post.needs_person {
            return Ok(());
        }
        Err(format!(
            "post {} has been due for {} days, {} of them calm, and is {}: {}",
            post.id,
            overdue.as_secs() / 86_400,
            quiet.as_secs() / 86_400,
            post.state,
            post.sentence
        ))
    }
}

/// How often the end of this account was shown.
pub fn shown(shared: &Shared, account: &str) -> u64 {
    let incident = format!("account/{account}");
    shared
        .state()
        .shown
        .get(&incident)
        .copied()
        .unwrap_or_default()
}

/// The account's access token, as the keychain holds it.
fn token_of(shared: &Shared, account: &str, generation: u64) -> Option<String> {
    let key = format!("token/{account}/{generation}");
    access_token(shared.state().chest.get(&key)?)
}

/// The access token in an entry of the keychain, if it is one of tokens.
pub fn access_token(entry: &Secret) -> Option<String> {
    let tokens: Value = serde_json::from_str(entry.reveal()).ok()?;
    Some(tokens.get("access")?.as_str()?.to_owned())
}
