//! `doctor`: what works here and what is missing.

use evergrant_core::command::{Command, DoctorView, Finding, Level, Problem, Reply};
use evergrant_engine::places::KeychainChoice;
use evergrant_keychain::{StoreKind, survey};

use crate::exit::Exit;
use crate::look::{Look, Tone};
use crate::session::{Answer, Door, Session, odd};

/// Looks around. It also works where the engine cannot be opened, and then says why.
pub async fn doctor(session: &Session) -> Result<Answer, Problem> {
    let (mut findings, exit) = match session.door("doctor", None).await {
        Ok(mut door) => {
            let keeper = keeper(&door);
            let reply = door.handle(Command::Doctor).await?;
            let Reply::Doctor { doctor } = reply else {
                return Err(odd(&reply));
            };
            let exit = worst(&doctor.findings);
            let mut findings = vec![keeper];
            findings.extend(doctor.findings);
            (findings, exit)
        }
        Err(problem) => (vec![unopened(&problem)], problem.code.into()),
    };
    findings.extend(evergrant_resident::survey().await);
    findings.push(settings(session));
    if uses_system(session) {
        // What was looked at on the way to it says better what to do.
        for finding in findings
            .iter_mut()
            .filter(|finding| finding.topic == "keychain")
        {
            finding.next_step = None;
        }
        findings.extend(surveyed());
    }
    let view = DoctorView { findings };
    let text: String = view
        .findings
        .iter()
        .map(|finding| told(session.look, finding))
        .collect();
    Ok(Answer::new(&Reply::Doctor { doctor: view }, text)?.ending(exit))
}

/// Who looks after accounts and posts while nobody asks.
fn keeper(door: &Door) -> Finding {
    match door {
        Door::Keeper(keeper, _) => {
            let owner = keeper.welcome();
            Finding::good(
                "keeper",
                format!(
                    "`{}` (process {}) looks after everything.",
                    owner.program, owner.process
                ),
            )
        }
        Door::Own(_) => Finding::note(
            "keeper",
            "None is at work: nothing is checked or posted while no command runs.",
            "Start one with `evergrant keep`, or at each login with `evergrant keep --install`.",
        ),
    }
}

/// The exit code of what does not work.
fn worst(findings: &[Finding]) -> Exit {
    let bad = findings.iter().find(|finding| finding.level == Level::Bad);
    match bad.map(|finding| finding.topic.as_str()) {
        None => Exit::Ok,
        Some("keychain") => Exit::Keychain,
        Some("database" | "data folder") => Exit::Storage,
        Some("provider files") => Exit::Usage,
        Some(_) => Exit::Unexpected,
    }
}

fn unopened(problem: &Problem) -> Finding {
    Finding {
        topic: "data folder".into(),
        level: Level::Bad,
        sentence: format!("{}.", problem.message),
        next_step: problem.hints.first().cloned(),
    }
}

fn settings(session: &Session) -> Finding {
    Finding::good(
        "settings",
        format!(
            "Your own are looked for in {}.",
            session.places.config.display()
        ),
    )
}

fn uses_system(session: &Session) -> bool {
    crate::secrets::choice(&session.global, &session.places)
        .is_ok_and(|choice| choice == KeychainChoice::System)
}

/// What was looked at on the way to this system's keychain.
fn surveyed() -> Vec<Finding> {
    let found = survey();
    let mut findings: Vec<_> = found
        .findings
        .iter()
        .map(|step| Finding {
            topic: "keychain".into(),
            level: if step.ok { Level::Good } else { Level::Bad },
            sentence: format!("{}: {}.", capital(step.what), step.detail),
            next_step: None,
        })
        .collect();
    if let (Some(last), Some(advice)) = (findings.last_mut(), found.advice) {
        last.next_step = Some(advice);
    }
    if found.usable && found.survives_restart.is_none() && found.kind != StoreKind::Vault {
        findings.push(Finding {
            topic: "keychain".into(),
            level: Level::Note,
            sentence: "Whether it survives a restart can't be told.".into(),
            next_step: None,
        });
    }
    findings
}

/// The same with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn told(look: Look, finding: &Finding) -> String {
    let (mark, tone) = match finding.level {
        Level::Good => ("good", Tone::Good),
        Level::Note => ("note", Tone::Warn),
        Level::Bad => ("bad", Tone::Bad),
    };
    let mark = look.paint(tone, look.mark(mark));
    let mut text = format!("{mark} {}: {}\n", finding.topic, finding.sentence);
    if let Some(step) = &finding.next_step {
        text.push_str(&format!("    {step}\n"));
    }
    text
}
