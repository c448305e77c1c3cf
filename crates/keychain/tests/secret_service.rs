//! Scenarios against a real Secret Service.
//!
//! Each needs a session in a certain state, which the script `tests/desktop/keychain.sh` makes; it
//! names the scenario in `EVERGRANT_TEST_SECRET_SERVICE` and the folder of its helpers in
//! `EVERGRANT_TEST_SCRIPTS`. A scenario fails when the session is not as it needs it. Without the
//! variable nothing is run and nothing counts as passed.

#[cfg(target_os = "linux")]
mod shared;

#[cfg(target_os = "linux")]
#[path = "secret_service/scenarios.rs"]
mod scenarios;

fn main() -> std::process::ExitCode {
    let Ok(scenario) = std::env::var("EVERGRANT_TEST_SECRET_SERVICE") else {
        println!("0 passed, 0 failed: tests/desktop/keychain.sh runs the scenarios of this file");
        return std::process::ExitCode::SUCCESS;
    };
    #[cfg(target_os = "linux")]
    return scenarios::run(&scenario);
    #[cfg(not(target_os = "linux"))]
    {
        println!("the Secret Service is for Linux; {scenario} can't run here");
        std::process::ExitCode::FAILURE
    }
}
