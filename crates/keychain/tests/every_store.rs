//! The shared list against what needs nothing around it: memory and the vault. The script
//! `tests/desktop/keychain.sh` runs it against a real keyring.

mod shared;

use evergrant_core::Secret;
use evergrant_keychain::{MemoryControl, StoreKind, memory, system, vault};

#[tokio::test]
async fn memory_does_what_every_keychain_must() {
    let (_, control) = memory();
    shared::run(&|| control.keychain()).await;
    assert_eq!(control.entries(), 0, "nothing is left behind");
}

#[tokio::test]
async fn memory_with_the_limit_of_windows_does_what_every_keychain_must() {
    let (_, control) = memory();
    control.set_entry_limit(Some(2560));
    shared::run(&|| control.keychain()).await;
    assert_eq!(
        control.keys(),
        Vec::<String>::new(),
        "nothing is left behind"
    );
}

#[tokio::test]
async fn the_vault_does_what_every_keychain_must() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.age");
    let made = vault::create(&path, Secret::new("correct horse")).expect("created");
    let opened = vault(&path, Secret::new("correct horse")).expect("opened");
    // Two independent keychains in turn, as two processes would use the file.
    let turn = std::cell::Cell::new(false);
    shared::run(&|| {
        turn.set(!turn.get());
        if turn.get() {
            made.clone()
        } else {
            opened.clone()
        }
    })
    .await;
}

type Trouble = fn(&MemoryControl);

#[tokio::test]
async fn a_locked_absent_or_refusing_keychain_loses_nothing() {
    let (keychain, control) = memory();
    let secret = Secret::new("EAAB");
    assert_eq!(keychain.write("k", &secret).await, Ok(()));
    let troubles: [(&str, Trouble); 3] = [
        ("keychain_locked", MemoryControl::lock),
        ("keychain_absent", MemoryControl::absent),
        ("keychain_refused", |control| control.refuse_next(4)),
    ];
    for (code, trouble) in troubles {
        trouble(&control);
        let found = [
            keychain.probe().await.expect_err("fails").code(),
            keychain.read("k").await.expect_err("fails").code(),
            keychain
                .write("k", &Secret::new("new"))
                .await
                .expect_err("fails")
                .code(),
            keychain.delete("k").await.expect_err("fails").code(),
        ];
        assert_eq!(found, [code; 4]);
        control.unlock();
        control.present();
        assert_eq!(keychain.read("k").await, Ok(Some(secret.clone())), "{code}");
    }
}

#[test]
fn the_system_keychain_says_what_it_is_without_being_contacted() {
    let keychain = system("dev.evergrant.test");
    let description = keychain.describe();
    assert!(description.survives_restart && description.encrypted);
    assert_ne!(description.kind, StoreKind::Memory);
    assert!(!description.name.is_empty());
}
