//! The scenarios, and the session they need.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use evergrant_core::Secret;
use evergrant_keychain::{
    Description, Keychain, KeychainError, Limits, SecretStore, StoreKind, Survey, survey, system,
};
use keyring_core::{CredentialStore, Entry};

use crate::shared;

const SERVICE: &str = "dev.evergrant.test";

/// A call ends after 5 s at the latest; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(7);

type Test = (&'static str, fn());

pub fn run(scenario: &str) -> ExitCode {
    let tests: &[Test] = match scenario {
        "unlocked" => &[
            ("the shared list", the_shared_list),
            ("the survey finds it usable", the_survey_finds_it_usable),
            ("an entry has a label for a person", an_entry_has_a_label),
            (
                "an entry that is there twice is damaged and left alone",
                an_entry_that_is_there_twice,
            ),
            (
                "what was written survives a killed keyring",
                what_was_written_survives_a_killed_keyring,
            ),
        ],
        "locked" => &[
            ("locked is told at once and loses nothing", locked_is_told),
            ("locked and unlocked while in use", locked_while_in_use),
        ],
        "locked-display" => &[
            ("locked is told at once and loses nothing", locked_is_told),
            ("no dialog was opened", no_dialog_is_open),
            ("locked and unlocked while in use", locked_while_in_use),
            (
                "an entry in another, locked keyring is locked",
                an_entry_in_another_locked_keyring,
            ),
            ("no dialog was opened then", no_dialog_is_open),
            (
                "a call that hangs in a dialog ends at its limit, and the next one works",
                a_call_that_hangs_in_a_dialog,
            ),
        ],
        "no-collection" => &[("no default keyring is absent", no_default_keyring)],
        "no-service" => &[("no service is absent", no_service)],
        "no-bus" => &[("no bus is absent", no_bus)],
        "dead-bus" => &[("a bus that is gone is absent", dead_bus)],
        _ => {
            println!("there is no scenario \"{scenario}\"");
            return ExitCode::FAILURE;
        }
    };
    let failed = tests
        .iter()
        .filter(|(name, test)| {
            let start = Instant::now();
            let failed = catch_unwind(AssertUnwindSafe(test)).is_err();
            let word = if failed { "FAILED" } else { "ok" };
            println!("{scenario}: {name} ... {word} ({:.1?})", start.elapsed());
            failed
        })
        .count();
    println!("{} passed, {failed} failed", tests.len() - failed);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn the_shared_list() {
    assert!(!keyring_is_locked(), "this scenario needs an open keyring");
    block_on(shared::run(&|| system(SERVICE)));
}

fn the_survey_finds_it_usable() {
    let survey = quick(survey);
    assert!(survey.usable, "{survey:?}");
    assert_eq!(survey.survives_restart, Some(true));
    assert_eq!((survey.code, &survey.advice), (None, &None));
    assert_eq!(survey.findings.len(), 4, "{survey:?}");
    assert!(survey.findings.iter().all(|finding| finding.ok));
    let service = &survey.findings[1].detail;
    assert!(service.contains("gnome-keyring"), "{service}");
}

fn an_entry_has_a_label() {
    let keychain = system(SERVICE);
    block_on(async {
        assert_eq!(
            keychain.write("facebook/1", &Secret::new("x")).await,
            Ok(())
        );
        let seen = helper("entry_labels");
        assert_eq!(keychain.delete("facebook/1").await, Ok(true));
        assert!(seen.contains("Evergrant: facebook/1"), "{seen}");
    });
}

fn what_was_written_survives_a_killed_keyring() {
    let keychain = system(SERVICE);
    let secret = Secret::new("EAAB-durable");
    block_on(async {
        assert_eq!(keychain.write("durable", &secret).await, Ok(()));
        helper("restart_keyring");
        assert!(!keyring_is_locked());
        // The same client, whose session the new daemon does not know.
        assert_eq!(keychain.read("durable").await, Ok(Some(secret.clone())));
        assert_eq!(system(SERVICE).read("durable").await, Ok(Some(secret)));
        assert_eq!(keychain.delete("durable").await, Ok(true));
    });
}

fn locked_is_told() {
    let secret = Secret::new("EAAB-before");
    assert!(
        !keyring_is_locked(),
        "this scenario begins with an open keyring"
    );
    block_on(async {
        let keychain = system(SERVICE);
        assert_eq!(keychain.write("kept", &secret).await, Ok(()));
        helper("lock_keyring");
        assert!(keyring_is_locked());
        for keychain in [keychain, system(SERVICE)] {
            each_call_is(&keychain, &KeychainError::Locked).await;
        }
        let survey = quick(survey);
        assert_eq!(survey.code, Some("keychain_locked"), "{survey:?}");
        assert_eq!(survey.survives_restart, Some(true));
        assert_advice(&survey, "Unlock");
        assert!(keyring_is_locked(), "nothing of this has unlocked it");
        helper("unlock_keyring");
        let keychain = system(SERVICE);
        assert_eq!(keychain.read("kept").await, Ok(Some(secret)));
        assert_eq!(keychain.read("new").await, Ok(None));
        assert_eq!(keychain.delete("kept").await, Ok(true));
    });
}

fn locked_while_in_use() {
    let keychain = system(SERVICE);
    block_on(async {
        for round in 0..3 {
            let secret = Secret::new(format!("EAAB-{round}"));
            assert_eq!(keychain.write("in use", &secret).await, Ok(()));
            helper("lock_keyring");
            each_call_is(&keychain, &KeychainError::Locked).await;
            helper("unlock_keyring");
            assert_eq!(keychain.read("in use").await, Ok(Some(secret)));
        }
        assert_eq!(keychain.delete("in use").await, Ok(true));
    });
}

fn an_entry_in_another_locked_keyring() {
    let keychain = system(SERVICE);
    let path = helper(&format!("second_keyring {SERVICE} moved locked"));
    block_on(async {
        assert!(!keyring_is_locked(), "the default keyring stays open");
        let locked = Err(KeychainError::Locked);
        assert_eq!(keychain.read("moved").await, locked.clone());
        let secret = Secret::new("EAAB-new");
        assert_eq!(
            keychain.write("moved", &secret).await,
            Err(KeychainError::Locked)
        );
        assert_eq!(keychain.delete("moved").await, Err(KeychainError::Locked));
        assert_eq!(keychain.read("other").await, Ok(None));
    });
    helper(&format!("remove_keyring {}", path.trim()));
}

fn an_entry_that_is_there_twice() {
    let keychain = system(SERVICE);
    let secret = Secret::new("EAAB-here");
    block_on(async {
        assert_eq!(keychain.write("twice", &secret).await, Ok(()));
        let path = helper(&format!("second_keyring {SERVICE} twice open"));
        for result in [
            keychain.read("twice").await.map(|_| ()),
            keychain.write("twice", &Secret::new("new")).await,
            keychain.delete("twice").await.map(|_| ()),
        ] {
            let error = result.expect_err("ambiguous");
            assert_eq!(error.code(), "keychain_damaged", "{error}");
            assert!(error.to_string().contains("2 times"), "{error}");
        }
        helper(&format!("remove_keyring {}", path.trim()));
        assert_eq!(keychain.read("twice").await, Ok(Some(secret)));
        assert_eq!(keychain.delete("twice").await, Ok(true));
    });
}

/// The case behind the rule: the library itself waits for the person. It can still happen, when
/// the keyring is locked between the question and the call.
fn a_call_that_hangs_in_a_dialog() {
    let limits = Limits {
        call: Duration::from_secs(2),
    };
    let careless = Keychain::new(description(), limits, || Ok(Box::new(Careless::connect())));
    let secret = Secret::new("EAAB-behind");
    block_on(async {
        assert_eq!(careless.write("behind", &secret).await, Ok(()));
        helper("lock_keyring");
        let start = Instant::now();
        assert_eq!(careless.read("behind").await, Err(KeychainError::TimedOut));
        assert!(start.elapsed() < LONGEST);
        assert!(
            dialog_opens_within(5),
            "the library was expected to open one"
        );
        // Unlocked by other means while the dialog is still open: a new client gets through.
        helper("unlock_keyring");
        assert_eq!(careless.read("behind").await, Ok(Some(secret)));
        assert_eq!(careless.delete("behind").await, Ok(true));
    });
}

fn no_dialog_is_open() {
    assert!(
        std::env::var_os("DISPLAY").is_some(),
        "this scenario needs a display"
    );
    assert!(!dialog_opens_within(1));
}

fn no_default_keyring() {
    let why = "the desktop's keyring has no default keyring yet";
    absent_is_told(why, "Make one", 3);
}

fn no_service() {
    let why = "nothing on this session bus provides a keyring";
    absent_is_told(why, "Install gnome-keyring", 2);
}

fn no_bus() {
    assert!(std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none());
    absent_is_told("there is no session bus", "Run Evergrant from a desktop", 1);
}

fn dead_bus() {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("an address");
    assert!(address.contains("nobody"), "{address}");
    absent_is_told("there is no session bus", "Run Evergrant from a desktop", 1);
}

fn absent_is_told(sentence: &str, advice: &str, findings: usize) {
    block_on(async {
        let keychain = system(SERVICE);
        for round in 0..2 {
            let error = keychain.probe().await.expect_err("absent");
            assert_eq!(error.code(), "keychain_absent", "{error}");
            assert!(error.to_string().contains(sentence), "{round}: {error}");
            each_call_is(&keychain, &error).await;
        }
        let survey = quick(survey);
        assert_eq!(survey.code, Some("keychain_absent"), "{survey:?}");
        assert_eq!(survey.survives_restart, None);
        assert_eq!(survey.findings.len(), findings, "{survey:?}");
        assert!(!survey.findings[findings - 1].ok);
        assert_advice(&survey, advice);
        assert_advice(&survey, "vault");
    });
}

fn assert_advice(survey: &Survey, part: &str) {
    let advice = survey.advice.as_deref().unwrap_or_default();
    assert!(advice.contains(part), "{advice}");
    assert!(!survey.usable);
}

/// All four calls give the error, each within the limit.
async fn each_call_is(keychain: &Keychain, error: &KeychainError) {
    let start = Instant::now();
    assert_eq!(keychain.probe().await.as_ref(), Err(error));
    assert_eq!(keychain.read("kept").await.as_ref(), Err(error));
    assert_eq!(keychain.read("new").await.as_ref(), Err(error));
    let secret = Secret::new("EAAB-new");
    assert_eq!(keychain.write("kept", &secret).await.as_ref(), Err(error));
    assert_eq!(keychain.write("new", &secret).await.as_ref(), Err(error));
    assert_eq!(keychain.delete("kept").await.as_ref(), Err(error));
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
}

fn quick<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    result
}

/// The library's store as it is, without asking first.
struct Careless(Arc<CredentialStore>);

impl Careless {
    fn connect() -> Self {
        Self(zbus_secret_service_keyring_store::Store::new().expect("a keyring"))
    }

    fn entry(&self, key: &str) -> Entry {
        Entry::new_in_store(&self.0, SERVICE, key).expect("an entry")
    }
}

impl SecretStore for Careless {
    fn kind(&self) -> StoreKind {
        StoreKind::SecretService
    }

    fn probe(&self) -> Result<(), KeychainError> {
        Ok(())
    }

    fn read(&self, key: &str) -> Result<Option<Secret>, KeychainError> {
        match self.entry(key).get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => panic!("{error}"),
        }
    }

    fn write(&self, key: &str, secret: &Secret) -> Result<(), KeychainError> {
        self.entry(key)
            .set_password(secret.reveal())
            .unwrap_or_else(|error| panic!("{error}"));
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool, KeychainError> {
        Ok(self.entry(key).delete_credential().is_ok())
    }

    fn entry_limit(&self) -> Option<usize> {
        None
    }
}

fn description() -> Description {
    system(SERVICE).describe().clone()
}

fn keyring_is_locked() -> bool {
    helper("keyring_locked && echo yes || echo no").trim() == "yes"
}

fn dialog_opens_within(seconds: u32) -> bool {
    let answer = helper(&format!("dialog_opens {seconds} && echo yes || echo no"));
    answer.trim() == "yes"
}

/// Runs one of the script's helpers and gives what it printed.
fn helper(command: &str) -> String {
    let scripts = std::env::var("EVERGRANT_TEST_SCRIPTS").expect("run by keychain.sh");
    let output = Command::new("bash")
        .args([
            "-euc",
            &format!(". \"$0/keyring_helpers.sh\"; {command}"),
            &scripts,
        ])
        .output()
        .expect("bash");
    assert!(
        output.status.success(),
        "{command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime")
        .block_on(work);
}
