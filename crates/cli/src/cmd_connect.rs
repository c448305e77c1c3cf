//! `connect`: a new account, with the steps to an app of one's own where a provider wants one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use evergrant_core::command::{
    ClientInput, Command, Connect, Connected, GuideView, Problem, Reply, SecretInput,
};
use evergrant_core::grant::Remember;

use crate::look::{Look, Tone, remark};
use crate::person::{self, Way};
use crate::session::{Answer, Door, Session, odd};
use crate::{ask, secrets, words};

/// Words of `connect`.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The provider; see `evergrant providers list`
    pub provider: String,
    /// Id of the app you have registered there
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// File with the app's secret; - reads standard input
    ///
    /// On a terminal it is asked for. It goes to the keychain; there is no way to give it as a
    /// word of the command or in the environment, where other programs could read it.
    #[arg(long, value_name = "FILE|-")]
    pub client_secret_file: Option<PathBuf>,
    /// Another address of the provider, for one you run yourself
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,
    /// How long to remember the sign-in: always, quit, or a number of days
    #[arg(long, value_name = "always|quit|DAYS", default_value = "always", value_parser = person::remember)]
    pub remember: Remember,
    /// How the sign-in reaches you.
    #[command(flatten)]
    pub way: Way,
}

/// Connects an account.
pub async fn connect(session: &Session, args: ConnectArgs) -> Result<Answer, Problem> {
    let secret = args
        .client_secret_file
        .as_deref()
        .map(secrets::first_line)
        .transpose()?;
    let mut door = session.door("connect", Some(args.way)).await?;
    let mut client = args
        .client_id
        .clone()
        .map(|id| ClientInput { id, secret: None });
    if ask::somebody_there() {
        client = guided(
            session.look,
            &mut door,
            &args.provider,
            client,
            secret.is_some(),
        )
        .await?;
    }
    if let (Some(client), Some(secret)) = (&mut client, secret) {
        client.secret = Some(SecretInput(secret));
    }
    if args.remember == Remember::UntilQuit {
        session.note(if door.is_keeper() {
            "note: this sign-in is kept only until the keeper ends."
        } else {
            "note: this sign-in is kept only until this command ends."
        });
    }
    let command = Command::Connect(Connect {
        provider: args.provider,
        vars: args.vars.into_iter().collect::<BTreeMap<_, _>>(),
        client,
        remember: args.remember,
        paste: args.way.paste,
    });
    let reply = door.handle(command).await?;
    let Reply::Connected(connected) = &reply else {
        return Err(odd(&reply));
    };
    Answer::new(&reply, told(session, connected))
}

/// What a finished sign-in brought.
pub fn told(session: &Session, connected: &Connected) -> String {
    let (now, account) = (session.now(), &connected.connected);
    let look = session.look;
    let mark = look.paint(Tone::Good, look.mark("good"));
    let what = if connected.is_new {
        "Connected"
    } else {
        "Signed in again"
    };
    let mut text = format!(
        "{mark} {what}: {} ({}), here called {}.\n",
        account.name, account.provider_name, account.id
    );
    let ends = words::expiry(account.expires, now);
    let ends = match ends.as_str() {
        "never" => "that has no announced end".to_owned(),
        "unknown" | "" => "whose end is not announced".to_owned(),
        ends => format!("that ends {ends}"),
    };
    text.push_str(&match connected.short_expires {
        Some(short) => match short.at() {
            Some(at) => format!(
                "  The first token (ends {}) was exchanged for one {ends}.\n",
                words::relative(at, now)
            ),
            None => format!("  The first token was exchanged for one {ends}.\n"),
        },
        None => format!("  The service gave a token {ends}.\n"),
    });
    text.push_str("  The service was asked and says that it is good.\n");
    if !account.missing_scopes.is_empty() {
        text.push_str(&format!(
            "  Not allowed: {}.\n",
            account.missing_scopes.join(", ")
        ));
    }
    if connected.released > 0 {
        let released = i64::try_from(connected.released).unwrap_or(i64::MAX);
        text.push_str(&format!(
            "  {} went out.\n",
            words::count(released, "held post")
        ));
    }
    text
}

/// Leads through the registration of an app, where one is needed and not known.
async fn guided(
    look: Look,
    door: &mut Door,
    provider: &str,
    client: Option<ClientInput>,
    secret_given: bool,
) -> Result<Option<ClientInput>, Problem> {
    let reply = door
        .handle(Command::Guide {
            provider: provider.to_owned(),
        })
        .await?;
    let Reply::Guide { guide } = &reply else {
        return Err(odd(&reply));
    };
    if !guide.needs_client || (guide.has_client && client.is_none()) {
        return Ok(client);
    }
    let mut client = if let Some(client) = client {
        client
    } else {
        remark(crate::look::wrapped(&steps(guide, look), look.width.unwrap_or(80)).trim_end());
        match ask::line("App id (an empty line gives up): ") {
            Some(id) => ClientInput { id, secret: None },
            None => return Ok(None),
        }
    };
    if guide.needs_secret && !secret_given {
        let secret = ask::hidden("App secret (not shown; an empty line uses the known one): ");
        client.secret = secret.map(SecretInput);
    }
    Ok(Some(client))
}

fn steps(guide: &GuideView, look: Look) -> String {
    let heading = |text: &str| look.paint(Tone::Strong, text);
    let mut text = format!(
        "{}\n{}\n",
        heading(&format!("{} needs an app of your own.", guide.name)),
        guide.lifetime
    );
    for (number, step) in guide.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    text.push_str(&heading("Redirect addresses to register:"));
    for redirect in &guide.redirects {
        text.push_str(&format!("\n  {redirect}"));
    }
    text.push('\n');
    text.push_str(&heading("Permissions it asks for:"));
    for (scope, why) in &guide.scopes {
        text.push_str(&format!("\n  {scope}: {why}"));
    }
    text + "\n"
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write NAME=VALUE, such as origin=http://127.0.0.1:8459".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_say_what_to_register_where_and_why() {
        let guide = GuideView {
            provider: "x".into(),
            name: "Example".into(),
            needs_client: true,
            has_client: false,
            needs_secret: true,
            steps: vec!["Open the console.".into(), "Make an app.".into()],
            redirects: vec!["http://127.0.0.1/callback/x".into()],
            scopes: vec![("write".into(), "publish posts".into())],
            lifetime: "A sign-in lives about 60 days; then it takes one click.".into(),
        };
        let look = Look {
            colour: false,
            unicode: true,
            width: None,
        };
        assert_eq!(
            steps(&guide, look),
            "Example needs an app of your own.\n\
             A sign-in lives about 60 days; then it takes one click.\n  \
             1. Open the console.\n  \
             2. Make an app.\n\
             Redirect addresses to register:\n  \
             http://127.0.0.1/callback/x\n\
             Permissions it asks for:\n  \
             write: publish posts\n"
        );
    }

    #[test]
    fn a_variable_is_a_pair() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }
}
