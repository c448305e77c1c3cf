//! `practice`: the practice network, in the foreground.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use evergrant_core::command::{Code, Problem};
use evergrant_practice::{Clock, Options, PASSWORD, Practice, StartError};

use crate::cmd_keep::stop_asked;
use crate::exit::Exit;
use crate::look::say;
use crate::session::{Answer, Session};

/// The port that the provider file of the practice network names.
const PORT: u16 = 8459;

/// Words of `practice`.
#[derive(Debug, Args)]
pub struct PracticeArgs {
    /// The port on this computer; 0 takes a free one
    #[arg(long, default_value_t = PORT)]
    pub port: u16,
    /// File that keeps its people, posts and sign-ins over a restart
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// End with standard input: whoever started this one has gone, however it went
    #[arg(long, hide = true)]
    pub until_input_ends: bool,
}

/// Serves until told to stop.
pub async fn practice(session: &Session, args: PracticeArgs) -> Result<Answer, Problem> {
    let clock = Arc::clone(&session.clock);
    let options = Options {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        state_file: args.state,
        clock: Clock::given(Arc::new(move || clock.now().timestamp())),
        ..Options::default()
    };
    let stop = stop_asked()?;
    let practice = Practice::start(options)
        .await
        .map_err(|error| problem(&error))?;
    announce(session, &practice.origin());
    if args.until_input_ends {
        tokio::select! {
            () = stop => {}
            () = input_ends() => {}
        }
    } else {
        stop.await;
    }
    practice.stop().await;
    session.note("Ended.");
    Ok(Answer {
        json: serde_json::Value::Null,
        text: String::new(),
        exit: Exit::Ok,
    })
}

/// Waits on a thread of its own, which the end of the program does not wait for.
async fn input_ends() {
    let (tell, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // What comes in does not matter, and a failure is an end as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = tell.send(());
    });
    let _ = ended.await;
}

fn announce(session: &Session, origin: &str) {
    if session.global.json {
        let places = serde_json::json!({
            "practice": { "origin": origin, "public": format!("{origin}/"),
                          "control": format!("{origin}/control") }
        });
        say(&places.to_string());
        return;
    }
    let elsewhere = if origin.ends_with(&format!(":{PORT}")) {
        String::new()
    } else {
        format!(" --var origin={origin}")
    };
    say(&format!(
        "The practice network listens on {origin}\n\
         \x20 Public page:   {origin}/\n\
         \x20 Control page:  {origin}/control\n\
         Connect:         evergrant connect practice{elsewhere}\n\
         Sign in as ada or ben, password {PASSWORD}. Ctrl-C ends it."
    ));
}

fn problem(error: &StartError) -> Problem {
    match error {
        StartError::InUse(address) => Problem::new(
            Code::Busy,
            format!("something already listens on {address}"),
        )
        .hint("Stop it, or choose another port with --port; 0 takes a free one."),
        StartError::NotLoopback(_) => Problem::new(Code::Usage, error.to_string()),
        _ => Problem::new(Code::File, error.to_string()),
    }
}
