//! The scenes.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use evergrant_core::command::{
    AccountView, Command, Connect, Connected, NewPost, PostView, RanView, Reply,
};
use evergrant_core::grant::Remember;
use evergrant_core::ids::AccountId;
use evergrant_core::{EndReason, Instant};
use evergrant_practice::Trouble;

use super::Kind;
use super::stage::{Failure, Stage, instant};
use crate::words::{relative, span};

/// The Page the story posts to.
const PAGE: &str = "500100";
const FIRST: &str = "Fresh bread from seven o'clock.";
const LATER: &str = "The oven is back. See you at ten!";
const ZONE: &str = "Europe/Berlin";

/// Plays every scene.
pub async fn all(stage: &mut Stage) -> Result<(), Failure> {
    let account = connect(stage).await?;
    use_it(stage, &account).await?;
    weeks(stage, &account, &[7, 14, 21, 28]).await?;
    password_changed(stage, &account).await?;
    signed_in_again(stage, &account).await?;
    weeks(stage, &account, &[37, 44, 51, 58, 65, 72, 79]).await?;
    warned(stage, &account).await?;
    expired(stage, &account).await?;
    signed_out(stage, &account).await
}

async fn connect(stage: &mut Stage) -> Result<AccountId, Failure> {
    stage.scene(Kind::SignIn, "Connected");
    let connect = Connect {
        provider: "practice".into(),
        vars: BTreeMap::from([("origin".to_owned(), stage.origin())]),
        client: None,
        remember: Remember::Always,
        paste: false,
    };
    let connected = connected(stage.ask(Command::Connect(connect)).await?)?;
    let (now, account) = (stage.now(), &connected.connected);
    stage.about(&account.id);
    let short = connected.short_expires.and_then(evergrant_core::Expiry::at);
    let short = short.ok_or("the short-lived token has no announced end")?;
    let end = end(account)?;
    stage.born(end);
    stage.see(format!("{} signed in with the browser.", account.name));
    stage.see(format!(
        "The first token lives {}; it was exchanged for one that lives {}.",
        span(short - now),
        span(end - now)
    ));
    stage.claim(
        "the first token was a short-lived one",
        short - now <= TimeDelta::hours(3),
    )?;
    stage.claim(
        "the exchange brought about 60 days",
        (59..=60).contains(&(end - now).num_days()),
    )?;
    stage.claim(
        "the issuer was asked before the account was called connected",
        stage.asked() >= 1,
    )?;
    let kept = in_keychain(stage, &account.id, account.generation).await?;
    stage.claim("the token is in the keychain", kept)?;
    stage.claim(
        "the browser was opened once, by the person",
        stage.opened() == 1,
    )?;
    Ok(account.id.clone())
}

async fn use_it(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    stage.jump(0, 1);
    stage.scene(Kind::Check, "Checked");
    let before = stage.asked();
    let result = check(stage, account).await?;
    stage.see("The issuer was asked and says that the token is good.");
    stage.claim("the check cost one request", stage.asked() == before + 1)?;
    stage.claim("the answer is \"good\"", result == "good")?;
    stage.mark_check();

    stage.jump(0, 2);
    stage.scene(Kind::Post, "Posted");
    let before = stage.asked();
    let post = post(stage, account, FIRST, None).await?;
    stage.see(format!("“{FIRST}” went out to {}.", post.target_name));
    stage.claim("it was checked before use", stage.asked() == before + 1)?;
    stage.claim(
        "the network has it once",
        copies(stage, FIRST) == 1 && post.state == "posted",
    )?;
    let due = instant(30, 1);
    let later = self::post(stage, account, LATER, Some(due)).await?;
    stage.see(format!(
        "“{LATER}” is queued for {} ({ZONE}), day 30.",
        later.due_local
    ));
    stage.claim(
        "nothing of it is out yet",
        copies(stage, LATER) == 0 && later.state == "queued",
    )
}

async fn weeks(stage: &mut Stage, account: &AccountId, days: &[i64]) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Ok(());
    };
    let (before, opened) = (stage.asked(), stage.opened());
    for day in days {
        stage.jump(*day, 0);
        run(stage).await?;
        let view = view(stage, account).await?;
        if view.state != "active" {
            return Err(format!("on day {day} the account is {}", view.state));
        }
        stage.mark_check();
    }
    stage.scene(Kind::Check, "Kept");
    stage.see(format!(
        "From day {first} to day {last} the issuer was asked by itself, and said “good”."
    ));
    let times = u64::try_from(days.len()).unwrap_or_default();
    stage.claim(
        "each look asked the issuer",
        stage.asked() >= before + times,
    )?;
    stage.claim("no browser was opened by it", stage.opened() == opened)
}

async fn password_changed(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    stage.jump(30, 0);
    let trouble = Trouble::ChangePassword {
        person: "ada".into(),
        to: None,
    };
    stage
        .network()
        .apply(trouble)
        .map_err(|error| error.to_string())?;
    stage.died();
    stage.jump(30, 1);
    let told = stage.notices.notices().len();
    let ran = run(stage).await?;
    let view = view(stage, account).await?;
    stage.scene(Kind::End, "Password changed, post held");
    stage.see("An hour ago the password was changed at the service; the token died 30 days early.");
    if let Some(reason) = &view.reason {
        stage.see(format!(
            "The check before use found it: {}",
            reason.sentence
        ));
    }
    stage.see("The post that was due now is held, and a notification asks to sign in again.");
    let reason = view.reason.as_ref().map(|reason| reason.code);
    stage.claim(
        "the reason is told",
        reason == Some(EndReason::PasswordChanged),
    )?;
    stage.claim("the post is held", ran.held == 1 && view.held_posts == 1)?;
    stage.claim("the network has nothing of it", copies(stage, LATER) == 0)?;
    let notices = stage.notices.notices();
    let asks = notices
        .iter()
        .skip(told)
        .filter(|notice| notice.action.is_some())
        .count();
    stage.claim("the person was told once", asks == 1)?;
    stage.claim("no browser was opened by it", stage.opened() == 1)
}

async fn signed_in_again(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    let old = view(stage, account).await?.generation;
    stage.jump(30, 2);
    stage.scene(Kind::SignIn, "Signed in again");
    let again = sign_in(stage, account).await?;
    let now = stage.now();
    let end = end(&again.connected)?;
    stage.born(end);
    stage.see(format!(
        "The same person signed in; the new token ends {}.",
        relative(end, now)
    ));
    stage.claim(
        "it is the same account",
        again.connected.id == *account && !again.is_new,
    )?;
    let gone = !in_keychain(stage, account, old).await?;
    stage.claim("the old token is gone from the keychain", gone)?;
    stage.scene(Kind::Post, "Held post delivered");
    stage.see("The held post went out by itself.");
    stage.claim("it was released by the sign-in", again.released == 1)?;
    run(stage).await?;
    stage.claim("the network has it exactly once", copies(stage, LATER) == 1)
}

async fn warned(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    stage.jump(83, 3);
    let told = stage.notices.notices().len();
    run(stage).await?;
    let view = view(stage, account).await?;
    stage.scene(Kind::Warning, "Warned");
    stage.mark_check();
    stage.see(format!(
        "Day 53 of this token: it ends {}, and a notification says so.",
        relative(end(&view)?, stage.now())
    ));
    let warnings = stage.notices.notices().len() - told;
    stage.claim("the person was told once", warnings == 1)?;
    stage.claim("the account still works", view.state == "active")
}

async fn expired(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    stage.jump(90, 3);
    run(stage).await?;
    let ended = view(stage, account).await?;
    stage.died();
    stage.scene(Kind::End, "Expired");
    stage.see("Day 60 of this token: the issuer says that its time is over.");
    let reason = ended.reason.as_ref().map(|reason| reason.code);
    stage.claim(
        "the issuer said so, not the calendar",
        reason == Some(EndReason::Expired),
    )?;
    stage.claim("no browser was opened by it", stage.opened() == 2)?;

    stage.jump(90, 4);
    stage.scene(Kind::SignIn, "Signed in once more");
    let again = sign_in(stage, account).await?;
    let end = end(&again.connected)?;
    stage.born(end);
    stage.see(format!(
        "One click, and the account lives on; it ends {}.",
        relative(end, stage.now())
    ));
    stage.claim("it is the same account", again.connected.id == *account)?;
    stage.claim("the account works", check(stage, account).await? == "good")
}

async fn signed_out(stage: &mut Stage, account: &AccountId) -> Result<(), Failure> {
    stage.jump(97, 0);
    run(stage).await?;
    stage.mark_check();
    let generation = view(stage, account).await?.generation;
    stage.scene(Kind::SignOut, "Signed out");
    let command = Command::SignOut {
        account: account.clone(),
        anyway: false,
    };
    let Reply::SignedOut { signed_out } = stage.ask(command).await? else {
        return Err(odd());
    };
    stage.died();
    stage.see(signed_out.sentence.clone());
    stage.claim(
        "the issuer confirms that the token is dead",
        signed_out.revoked,
    )?;
    let gone = !in_keychain(stage, account, generation).await?;
    stage.claim("the token is gone from the keychain", gone)?;
    let copies = (copies(stage, FIRST), copies(stage, LATER));
    let all = stage.network().posts().len();
    stage.claim(
        "in the end the network has each post once, and no other",
        (copies, all) == ((1, 1), 2),
    )
}

async fn sign_in(stage: &Stage, account: &AccountId) -> Result<Connected, Failure> {
    let account = account.clone();
    connected(
        stage
            .ask(Command::SignIn {
                account,
                remember: None,
                paste: false,
            })
            .await?,
    )
}

async fn check(stage: &Stage, account: &AccountId) -> Result<String, Failure> {
    let account = Some(account.clone());
    match stage.ask(Command::Check { account }).await? {
        Reply::Checks { mut checks } => checks.pop().map(|check| check.result).ok_or_else(odd),
        _ => Err(odd()),
    }
}

async fn post(
    stage: &Stage,
    account: &AccountId,
    text: &str,
    due: Option<Instant>,
) -> Result<PostView, Failure> {
    let new = NewPost {
        account: account.clone(),
        target: Some(PAGE.into()),
        text: text.to_owned(),
        link: None,
        picture: None,
        due,
        zone: ZONE.to_owned(),
        late_limit: None,
    };
    match stage.ask(Command::Post(new)).await? {
        Reply::Post { post } => Ok(post),
        _ => Err(odd()),
    }
}

async fn run(stage: &Stage) -> Result<RanView, Failure> {
    match stage.ask(Command::RunDue).await? {
        Reply::Ran { ran } => Ok(ran),
        _ => Err(odd()),
    }
}

async fn view(stage: &Stage, account: &AccountId) -> Result<AccountView, Failure> {
    match stage.ask(Command::Accounts).await? {
        Reply::Accounts { accounts } => accounts
            .into_iter()
            .find(|view| view.id == *account)
            .ok_or_else(|| "the account is not listed".to_owned()),
        _ => Err(odd()),
    }
}

/// How many posts of this text the network has, by its own count.
fn copies(stage: &Stage, text: &str) -> usize {
    let posts = stage.network().posts();
    posts
        .iter()
        .filter(|post| post.message.as_deref() == Some(text))
        .count()
}

async fn in_keychain(stage: &Stage, account: &AccountId, generation: u64) -> Result<bool, Failure> {
    let key = format!("token/{account}/{generation}");
    let found = stage.keychain.read(&key).await;
    found
        .map(|secret| secret.is_some())
        .map_err(|error| error.to_string())
}

fn connected(reply: Reply) -> Result<Connected, Failure> {
    match reply {
        Reply::Connected(connected) => Ok(connected),
        _ => Err(odd()),
    }
}

fn end(account: &AccountView) -> Result<Instant, Failure> {
    let end = account.expires.and_then(evergrant_core::Expiry::at);
    end.ok_or_else(|| "the token has no announced end".to_owned())
}

fn odd() -> Failure {
    "the engine gave another kind of answer".to_owned()
}
