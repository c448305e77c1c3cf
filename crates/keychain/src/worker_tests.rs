//! Real time passes here, in hundredths of a second: the limit is the operating system's.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use evergrant_core::Secret;

use super::*;
use crate::memory::MemoryControl;
use crate::{Description, Keychain, Limits, StoreKind};

const LIMIT: Duration = Duration::from_millis(60);
/// Generous, for a busy machine; far below for ever.
const SOON: Duration = Duration::from_secs(20);

fn hanging() -> (Keychain, MemoryControl) {
    let control = MemoryControl::default();
    (control.keychain_with(Limits { call: LIMIT }), control)
}

fn worker() -> (Worker, MemoryControl) {
    let control = MemoryControl::default();
    let made = control.clone();
    (Worker::new(Box::new(move || Ok(made.store()))), control)
}

fn patient(factory: impl Fn() -> Result<Box<dyn SecretStore>> + Send + Sync + 'static) -> Keychain {
    let description = Description {
        kind: StoreKind::Memory,
        name: "for a test".to_owned(),
        survives_restart: false,
        encrypted: false,
    };
    Keychain::new(description, Limits::default(), factory)
}

#[tokio::test]
async fn a_call_that_hangs_ends_at_the_limit_and_the_next_one_works() {
    let (keychain, control) = hanging();
    keychain
        .write("k", &Secret::new("v"))
        .await
        .expect("written");
    control.hang_next(1);
    let start = Instant::now();
    assert_eq!(keychain.read("k").await, Err(KeychainError::TimedOut));
    assert!(start.elapsed() >= LIMIT && start.elapsed() < SOON);
    assert_eq!(keychain.read("k").await, Ok(Some(Secret::new("v"))));
    assert_eq!(control.hanging(), 1, "the first call still hangs");
    control.release();
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_changes_nothing() {
    let control = MemoryControl::default();
    let keychain = control.keychain();
    let before = tokio::time::Instant::now();
    let read = tokio::time::timeout(Duration::from_secs(3600), keychain.read("k")).await;
    assert_eq!(read, Ok(Ok(None)));
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[test]
fn what_waits_behind_a_hanging_call_runs_on_the_next_thread() {
    let (worker, control) = worker();
    control.hang_next(1);
    thread::scope(|scope| {
        let first = scope.spawn(|| worker.call(LIMIT, |store| store.probe()));
        wait_for(|| control.hanging() == 1);
        let second = worker.call(SOON, |store| store.write("k", &Secret::new("v")));
        assert_eq!(second, Ok(()));
        assert_eq!(control.hanging(), 1, "the first call still hangs");
        assert_eq!(
            first.join().expect("no panic"),
            Err(KeychainError::TimedOut)
        );
    });
    control.release();
}

#[test]
fn a_write_that_was_given_up_before_its_turn_never_lands() {
    let (worker, control) = worker();
    control.hang_next(1);
    thread::scope(|scope| {
        let first = scope.spawn(|| worker.call(SOON, |store| store.probe()));
        wait_for(|| control.hanging() == 1);
        let second = worker.call(LIMIT, |store| store.write("k", &Secret::new("v")));
        assert_eq!(second, Err(KeychainError::TimedOut));
        control.release();
        assert_eq!(first.join().expect("no panic"), Ok(()));
    });
    let read = worker.call(SOON, |store| store.read("k"));
    assert_eq!(read, Ok(None));
}

#[tokio::test]
async fn a_keychain_that_always_hangs_gets_only_a_few_threads() {
    let (keychain, control) = hanging();
    control.hang_next(MOST_HANGING);
    for _ in 0..MOST_HANGING + 2 {
        assert_eq!(keychain.probe().await, Err(KeychainError::TimedOut));
    }
    assert_eq!(control.hanging(), MOST_HANGING);
    assert_eq!(
        control.calls(),
        MOST_HANGING as u64,
        "the rest was not tried"
    );
    control.release();
    let start = Instant::now();
    while keychain.probe().await.is_err() {
        assert!(start.elapsed() < SOON, "it never came back");
    }
}

#[tokio::test]
async fn a_panic_in_a_store_is_an_error_and_the_store_is_made_anew() {
    struct Panics;
    impl SecretStore for Panics {
        fn kind(&self) -> StoreKind {
            StoreKind::Memory
        }
        fn probe(&self) -> Result<()> {
            panic!("a bug in a library")
        }
        fn read(&self, _: &str) -> Result<Option<Secret>> {
            Ok(None)
        }
        fn write(&self, _: &str, _: &Secret) -> Result<()> {
            Ok(())
        }
        fn delete(&self, _: &str) -> Result<bool> {
            Ok(false)
        }
        fn entry_limit(&self) -> Option<usize> {
            None
        }
    }
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let keychain = patient(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Panics))
    });
    let error = keychain.probe().await.expect_err("panics");
    assert_eq!(error.code(), "keychain_refused");
    assert_eq!(keychain.read("k").await, Ok(None));
    assert_eq!(keychain.read("k").await, Ok(None));
    assert_eq!(made.load(Ordering::SeqCst), 2, "once more after the panic");
}

#[tokio::test]
async fn a_store_that_can_not_be_reached_is_tried_again_at_the_next_call() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let control = MemoryControl::default();
    let keychain = patient(move || {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(crate::error::absent("not yet"));
        }
        Ok(control.store())
    });
    let error = keychain.probe().await.expect_err("absent");
    assert_eq!(error.code(), "keychain_absent");
    assert_eq!(keychain.probe().await, Ok(()));
}

#[tokio::test]
async fn keys_that_could_be_taken_for_parts_are_refused() {
    let control = MemoryControl::default();
    let keychain = control.keychain();
    for key in ["", "a#b1", "line\nbreak", &"x".repeat(201)] {
        let error = keychain.read(key).await.expect_err(key);
        assert_eq!(error.code(), "keychain_refused");
    }
    assert_eq!(control.calls(), 0);
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < SOON, "it never happened");
        thread::yield_now();
    }
}
