//! `settings`: what is chosen about warnings and late posts.

use chrono::TimeDelta;
use clap::Args;
use evergrant_core::command::{Code, Command, Problem, Reply, SettingsChanges, SettingsView};

use crate::session::{Answer, Session, odd};
use crate::{when, words};

/// Words of `settings`.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// How long ahead of its end to warn of a sign-in, such as 7d,1d; never for no warning
    #[arg(long, value_name = "SPANS", value_delimiter = ',')]
    pub warn_before: Option<Vec<String>>,
    /// How late a new post may still go out by itself, such as 2h
    #[arg(long, value_name = "SPAN")]
    pub late_limit: Option<String>,
}

/// Shows the settings, after changing them if asked to.
pub async fn settings(session: &Session, args: SettingsArgs) -> Result<Answer, Problem> {
    let warn_before = args.warn_before.as_deref().map(leads).transpose()?;
    let late_limit = args.late_limit.as_deref().map(seconds).transpose()?;
    let command = if warn_before.is_none() && late_limit.is_none() {
        Command::Settings
    } else {
        let changes = SettingsChanges {
            warn_before,
            late_limit,
        };
        Command::ChangeSettings { changes }
    };
    let reply = session.ask("settings", command).await?;
    let Reply::Settings { settings } = &reply else {
        return Err(odd(&reply));
    };
    Answer::new(&reply, told(settings))
}

fn leads(spans: &[String]) -> Result<Vec<i64>, Problem> {
    if spans == ["never"] {
        return Ok(Vec::new());
    }
    spans.iter().map(|span| seconds(span)).collect()
}

fn seconds(span: &str) -> Result<i64, Problem> {
    let time = when::span(span).map_err(|error| Problem::new(Code::Usage, error.to_string()))?;
    Ok(time.num_seconds())
}

fn told(settings: &SettingsView) -> String {
    let span = |seconds: &i64| words::span(TimeDelta::try_seconds(*seconds).unwrap_or_default());
    let leads: Vec<String> = settings.warn_before.iter().map(span).collect();
    let warned = if leads.is_empty() {
        "You are not warned before a sign-in ends.".to_owned()
    } else {
        format!("You are warned {} before a sign-in ends.", leads.join(", "))
    };
    format!(
        "{warned}\nA new post may go out by itself up to {} late.\nKept in {}.",
        span(&settings.late_limit),
        settings.file
    )
}
