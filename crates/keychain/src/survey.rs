//! What there is on this machine: for `evergrant doctor`.

use std::sync::mpsc::sync_channel;
use std::thread;

use serde::Serialize;

use crate::error::{KeychainError, Result, refused};
use crate::keychain::Limits;
use crate::store::StoreKind;

/// What was found about this operating system's keychain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Survey {
    /// Which kind of store this operating system has.
    pub kind: StoreKind,
    /// Its name for a person.
    pub name: String,
    /// Whether secrets can be stored in it now.
    pub usable: bool,
    /// Whether what is stored is still there after a restart of the machine; `None` if that can't
    /// be told yet.
    pub survives_restart: Option<bool>,
    /// What was looked at, in order, up to the first thing that is missing.
    pub findings: Vec<Finding>,
    /// The error's code when it is not usable ([`KeychainError::code`]).
    pub code: Option<&'static str>,
    /// What to do when it is not usable, as a sentence or two.
    pub advice: Option<String>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked for.
    pub what: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

/// Looks around without prompting and without changing anything. Blocks for five seconds at most;
/// may be called from asynchronous code, though it then holds up its thread.
pub fn survey() -> Survey {
    let (answer, answered) = sync_channel(1);
    // On a thread of its own: the bus library may not be used inside an asynchronous runtime, and
    // a keyring that hangs must not take the caller with it.
    let started = thread::Builder::new()
        .name("keychain survey".to_owned())
        .spawn(move || {
            let _ = answer.send(here::survey());
        });
    let failure = match started.map(|_| answered.recv_timeout(Limits::default().call)) {
        Ok(Ok(survey)) => return survey,
        Ok(Err(_)) => KeychainError::TimedOut,
        Err(error) => refused(format!("no thread could be started for it ({error})")),
    };
    Look::new().end(Err(failure))
}

/// A survey in the making.
struct Look(Survey);

impl Look {
    fn new() -> Self {
        let description = here::description();
        Self(Survey {
            kind: description.kind,
            name: description.name,
            usable: false,
            survives_restart: None,
            findings: Vec::new(),
            code: None,
            advice: None,
        })
    }

    fn find(&mut self, what: &'static str, ok: bool, detail: impl Into<String>) {
        self.0.findings.push(Finding {
            what,
            ok,
            detail: detail.into(),
        });
    }

    /// Keeps advice that is better than the error's own.
    #[cfg(target_os = "linux")]
    fn advise(&mut self, advice: &str) {
        self.0.advice = Some(advice.to_owned());
    }

    fn end(mut self, result: Result<()>) -> Survey {
        match result {
            Ok(()) => self.0.usable = true,
            Err(error) => {
                if self.0.findings.last().is_none_or(|last| last.ok) {
                    self.find("an answer", false, error.to_string());
                }
                self.0.code = Some(error.code());
                self.0
                    .advice
                    .get_or_insert_with(|| error.next_step().to_owned());
            }
        }
        self.0
    }
}

#[cfg(target_os = "linux")]
mod here {
    use super::{Look, Survey};
    use crate::error::{KeychainError, Result, absent};
    pub(super) use crate::secret_service::description;
    use crate::secret_service::{Bus, Collection};

    const VAULT: &str = "On a server, use an encrypted vault file with a passphrase instead.";

    pub(super) fn survey() -> Survey {
        let mut look = Look::new();
        let result = go(&mut look);
        look.end(result)
    }

    fn go(look: &mut Look) -> Result<()> {
        let bus = Bus::connect().inspect_err(|error| {
            look.find("a session bus", false, error.to_string());
            look.advise(&format!(
                "Run Evergrant from a desktop session, which has a session bus. {VAULT}"
            ));
        })?;
        look.find("a session bus", true, "connected");
        service(look, &bus)?;
        keyring(look, &bus)
    }

    fn service(look: &mut Look, bus: &Bus) -> Result<()> {
        const WHAT: &str = "a keyring service";
        if bus.owner()?.is_some() {
            let provider = bus.provider().unwrap_or_else(|| "another process".into());
            look.find(WHAT, true, format!("provided by {provider}"));
            return Ok(());
        }
        if bus.can_start()? {
            look.find(WHAT, true, "installed; started when needed");
            return Ok(());
        }
        look.find(WHAT, false, "nothing on this session bus provides one");
        look.advise(&format!(
            "Install gnome-keyring (Debian, Ubuntu: sudo apt install gnome-keyring) or KWallet, \
             then log in to the desktop again. {VAULT}"
        ));
        Err(absent("nothing on this session bus provides a keyring"))
    }

    fn keyring(look: &mut Look, bus: &Bus) -> Result<()> {
        const WHAT: &str = "a default keyring";
        let collection = bus.collection().inspect_err(|error| {
            look.find(WHAT, false, error.to_string());
        })?;
        match collection {
            Collection::None => {
                look.find(WHAT, false, "the service runs and has none yet");
                look.advise(&format!(
                    "Make one: log in to the desktop with your password, or open \"Passwords and \
                     Keys\" (seahorse), add a keyring and set it as the default. {VAULT}"
                ));
                Err(absent("the desktop's keyring has no default keyring yet"))
            }
            Collection::Locked { path } => {
                look.find(WHAT, true, keyring_name(&path));
                look.0.survives_restart = Some(survives_restart(&path));
                look.find("unlocked", false, "it is locked");
                Err(KeychainError::Locked)
            }
            Collection::Unlocked { path } => {
                look.find(WHAT, true, keyring_name(&path));
                look.0.survives_restart = Some(survives_restart(&path));
                look.find("unlocked", true, "it is unlocked");
                Ok(())
            }
        }
    }

    fn keyring_name(path: &str) -> String {
        let name = path.rsplit('/').next().unwrap_or(path);
        format!("named \"{name}\"")
    }

    /// The collection named "session" lives in memory (Secret Service API 0.2, 3.5).
    fn survives_restart(path: &str) -> bool {
        !path.ends_with("/session")
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use super::{Look, Survey};
    pub(super) use crate::native::description;

    pub(super) fn survey() -> Survey {
        let mut look = Look::new();
        look.0.survives_restart = Some(description().survives_restart);
        let result = crate::native::probe();
        look.find(
            "an answer",
            result.is_ok(),
            result
                .as_ref()
                .map_or_else(ToString::to_string, |()| "it can be used".to_owned()),
        );
        look.end(result)
    }
}
