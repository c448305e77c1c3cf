//! `providers`: what Evergrant knows of services, and whether one's own file is right.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evergrant_core::command::{Code, Problem};
use evergrant_core::provider::{Catalogue, FileError, Provider};
use serde_json::json;

use crate::session::{Answer, Session};
use crate::table::Table;
use evergrant_engine::places::unreadable;

/// Words of `providers`.
#[derive(Debug, Args)]
pub struct ProvidersArgs {
    /// What to do.
    #[command(subcommand)]
    pub task: ProvidersTask,
}

/// What to do with provider files.
#[derive(Debug, Subcommand)]
pub enum ProvidersTask {
    /// List the providers
    List,
    /// Say what happens with a provider, in plain words
    Show {
        /// Its id
        id: String,
    },
    /// Check a provider file; says file, line, field and what to write instead
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Looks at provider files; no account and no data folder is needed.
pub fn providers(session: &Session, args: &ProvidersArgs) -> Result<Answer, Problem> {
    match &args.task {
        ProvidersTask::List => list(session),
        ProvidersTask::Show { id } => show(session, id),
        ProvidersTask::Check { file } => check(session, file),
    }
}

fn list(session: &Session) -> Result<Answer, Problem> {
    let catalogue = catalogue(session.places.own_providers()?)?;
    for fault in catalogue.faults() {
        session.note(&format!("note: {fault}"));
    }
    let known: Vec<_> = catalogue.ids().filter_map(|id| catalogue.get(id)).collect();
    let mut table = Table::new(&["ID", "NAME", "POSTS", "FACTS CHECKED ON"], &[1, 2]);
    for provider in &known {
        table.row([
            provider.id().into(),
            provider.name().into(),
            kinds(provider).join(", ").into(),
            provider.facts_checked_on().to_string().into(),
        ]);
    }
    let json: Vec<_> = known.iter().map(|provider| facts(provider)).collect();
    Answer::new(&json!({ "providers": json }), table.show(session.look))
}

fn show(session: &Session, id: &str) -> Result<Answer, Problem> {
    let catalogue = catalogue(session.places.own_providers()?)?;
    let Some(provider) = catalogue.get(id) else {
        let of_that_name = |fault: &&FileError| fault.file.ends_with(&format!("{id}.toml"));
        if let Some(fault) = catalogue.faults().iter().find(of_that_name) {
            return Err(broken(fault));
        }
        let known: Vec<_> = catalogue.ids().collect();
        let why = format!("there is no provider called \"{id}\"");
        return Err(Problem::new(Code::NoSuchProvider, why)
            .hint(format!("Known are: {}.", known.join(", "))));
    };
    let explained = provider.explain();
    let mut json = facts(provider);
    json["explained"] = json!(explained.lines().collect::<Vec<_>>());
    let sources: String = provider
        .sources()
        .iter()
        .map(|source| format!("\n  {source}"))
        .collect();
    Answer::new(
        &json!({ "provider": json }),
        format!("{explained}\nRead in:{sources}"),
    )
}

fn check(session: &Session, file: &Path) -> Result<Answer, Problem> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let name = file.display().to_string();
    let parsed = Provider::parse(&name, &text).map_err(|fault| broken(&fault))?;
    // Among its neighbours: it may build on another file.
    let mut files = session.places.own_providers()?;
    files.retain(|(other, _)| !same_file(Path::new(other), file));
    files.push((name.clone(), text));
    let catalogue = catalogue(files)?;
    if let Some(fault) = catalogue.faults().iter().find(|fault| fault.file == name) {
        return Err(broken(fault));
    }
    let text = format!("{name} is right: it describes {}.", parsed.id());
    Answer::new(
        &json!({ "checked": { "file": name, "provider": parsed.id() } }),
        text,
    )
}

fn catalogue(own: Vec<(String, String)>) -> Result<Catalogue, Problem> {
    Catalogue::from_shipped_and(own).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        Problem::new(Code::BadProviderFile, first)
    })
}

fn broken(fault: &FileError) -> Problem {
    Problem::new(Code::BadProviderFile, fault.to_string())
}

fn same_file(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    }
}

fn kinds(provider: &Provider) -> Vec<&str> {
    provider
        .post_kinds()
        .iter()
        .map(|kind| kind.name.as_str())
        .collect()
}

fn facts(provider: &Provider) -> serde_json::Value {
    json!({
        "id": provider.id(),
        "name": provider.name(),
        "posts": kinds(provider),
        "scopes": provider.scopes(),
        "facts_checked_on": provider.facts_checked_on().to_string(),
        "sources": provider.sources(),
    })
}
