//! `accounts`, `check`, `targets` and `remember`: how accounts stand.

use clap::Args;
use evergrant_core::command::{AccountView, CheckView, Command, Problem, Reply, TargetView};
use evergrant_core::grant::Remember;

use crate::exit;
use crate::look::{Look, Tone};
use crate::person;
use crate::session::{Answer, Session, odd};
use crate::table::{Cell, Table};
use crate::words;

/// Words of `accounts`.
#[derive(Debug, Args)]
pub struct AccountsArgs {}

/// Words of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which; all if left out
    pub account: Option<String>,
}

/// Words of `targets`.
#[derive(Debug, Args)]
pub struct TargetsArgs {
    /// Which account
    pub account: String,
}

/// Words of `remember`.
#[derive(Debug, Args)]
pub struct RememberArgs {
    /// Which account
    pub account: String,
    /// always, quit (until this program ends), or a number of days from the sign-in
    #[arg(value_parser = person::remember, value_name = "always|quit|DAYS")]
    pub remember: Remember,
}

/// Lists the accounts.
pub async fn accounts(session: &Session, _: &AccountsArgs) -> Result<Answer, Problem> {
    let reply = session.ask("accounts", Command::Accounts).await?;
    let Reply::Accounts { accounts } = &reply else {
        return Err(odd(&reply));
    };
    if accounts.is_empty() {
        let text = "No account is connected yet. Try `evergrant connect practice`, or see \
                    `evergrant providers list`.";
        return Answer::new(&reply, text);
    }
    let mut table = Table::new(
        &["", "ACCOUNT", "NAME", "STATE", "ENDS", "CHECKED", "HELD"],
        &[2, 1],
    );
    for account in accounts {
        table.row(row(session, account));
    }
    let mut text = table.show(session.look);
    for account in accounts {
        text.push_str(&remarks(account));
    }
    Answer::new(&reply, text)
}

/// Asks the issuer.
pub async fn check(session: &Session, args: CheckArgs) -> Result<Answer, Problem> {
    let account = args.account.as_deref().map(Into::into);
    let reply = session.ask("check", Command::Check { account }).await?;
    let Reply::Checks { checks } = &reply else {
        return Err(odd(&reply));
    };
    let text = if checks.is_empty() {
        "No account is connected yet.".to_owned()
    } else {
        checks.iter().map(|check| told(session, check)).collect()
    };
    let exit = exit::of_checks(checks);
    Ok(Answer::new(&reply, text)?.ending(exit))
}

/// Lists the Pages.
pub async fn targets(session: &Session, args: TargetsArgs) -> Result<Answer, Problem> {
    let account = args.account.as_str().into();
    let reply = session.ask("targets", Command::Targets { account }).await?;
    let Reply::Targets { targets } = &reply else {
        return Err(odd(&reply));
    };
    let text = if targets.is_empty() {
        format!("{} has no Page.", args.account)
    } else {
        target_table(targets, session.look)
    };
    Answer::new(&reply, text)
}

/// Changes how long a sign-in is remembered.
pub async fn remember(session: &Session, args: RememberArgs) -> Result<Answer, Problem> {
    let RememberArgs { account, remember } = args;
    let command = Command::Remember {
        account: account.as_str().into(),
        remember,
    };
    let reply = session.ask("remember", command).await?;
    let Reply::Account { account } = &reply else {
        return Err(odd(&reply));
    };
    let mut text = format!(
        "{} is remembered {}",
        account.id,
        words::remember(account.remember)
    );
    if let Some(at) = account.forget_at {
        text = format!("{text}, which ends {}", words::relative(at, session.now()));
    }
    Answer::new(&reply, text + ".")
}

fn row(session: &Session, account: &AccountView) -> Vec<Cell> {
    let (look, now) = (session.look, session.now());
    let (state, tone) = words::account_state(&account.state);
    let checked = account.last_check.as_ref().map_or_else(
        || "never".to_owned(),
        |check| words::relative(check.at, now),
    );
    let held = match account.held_posts {
        0 => String::new(),
        held => held.to_string(),
    };
    vec![
        Cell::toned(tone, look.mark(&account.state)),
        account.id.as_str().into(),
        account.name.as_str().into(),
        Cell::toned(tone, state),
        words::expiry(account.expires, now).into(),
        checked.into(),
        held.into(),
    ]
}

/// What a table has no room for.
fn remarks(account: &AccountView) -> String {
    let mut text = String::new();
    if let Some(reason) = &account.reason {
        text.push_str(&format!(
            "{}: {} {}\n",
            account.id, reason.sentence, reason.next_step
        ));
    }
    if let (Some(_), Some(check)) = (account.unreachable_since, &account.last_check) {
        text.push_str(&format!("{}: {}\n", account.id, check.sentence));
    }
    if !account.missing_scopes.is_empty() {
        let missing = account.missing_scopes.join(", ");
        text.push_str(&format!(
            "{}: not allowed: {missing}. Sign in again and leave it ticked to allow it.\n",
            account.id
        ));
    }
    text
}

fn told(session: &Session, check: &CheckView) -> String {
    let (state, tone) = words::check_result(&check.result);
    let mut text = format!(
        "{} {}: {}. {}",
        session.look.paint(tone, session.look.mark(&check.result)),
        check.account.id,
        session.look.paint(tone, state),
        check.sentence
    );
    if check.result == "good" {
        let ends = words::expiry(check.account.expires, session.now());
        text = match ends.as_str() {
            "never" | "unknown" => format!("{text} Its end is {ends}."),
            _ => format!("{text} It ends {ends}."),
        };
    }
    text + "\n"
        + &remarks(&AccountView {
            reason: None,
            unreachable_since: None,
            ..check.account.clone()
        })
}

fn target_table(targets: &[TargetView], look: Look) -> String {
    let mut table = Table::new(&["ID", "NAME", "KIND", "POSTING"], &[1]);
    for target in targets {
        let posting = if target.can_post {
            Cell::toned(Tone::Good, "allowed")
        } else {
            Cell::toned(Tone::Warn, "not allowed")
        };
        table.row([
            target.id.as_str().into(),
            target.name.as_str().into(),
            target.kind.as_str().into(),
            posting,
        ]);
    }
    table.show(look)
}
