//! Signing in: what can go wrong, and that nothing is changed by it.

use evergrant_core::EndReason;
use evergrant_core::command::{Code, Command, Reply};
use evergrant_core::grant::Remember;
use evergrant_practice::{APP_ID, APP_SECRET, Choice, Endpoint, Trouble, Where};

use crate::lab::{Lab, code, days};

#[tokio::test]
async fn a_cancelled_consent_changes_nothing() {
    let lab = Lab::new().await;
    lab.person.acts.lock().unwrap().1 = Choice::Cancel;
    let problem = lab.connect().await.unwrap_err();
    assert_eq!(problem.code, Code::SignInCancelled);
    assert!(lab.accounts().await.is_empty());
    assert!(lab.keychain.keys().is_empty());
}

#[tokio::test]
async fn a_cancelled_new_sign_in_leaves_the_old_one_working() {
    let lab = Lab::connected().await;
    lab.person.acts.lock().unwrap().1 = Choice::Cancel;
    assert_eq!(
        code(lab.sign_in().await.unwrap_err()),
        Code::SignInCancelled
    );
    assert_eq!(lab.account().await.state, "active");
    assert_eq!(lab.check().await.0, "good");
}

#[tokio::test]
async fn a_wrong_app_secret_is_told_as_such_and_leaves_the_right_one_in_its_place() {
    let lab = Lab::with_own_app().await;
    let wrong = lab.connect_other(APP_ID, "wrong");
    let problem = lab.ask(Command::Connect(wrong.clone())).await.unwrap_err();
    assert_eq!(problem.code, Code::ClientRejected, "{problem:?}");
    assert!(lab.accounts().await.is_empty());
    assert!(lab.keychain.keys().is_empty(), "{:?}", lab.keychain.keys());

    let right = lab.connect_other(&format!(" {APP_ID} "), APP_SECRET);
    lab.ask(Command::Connect(right)).await.unwrap();
    assert_eq!(lab.check().await.0, "good");
    let problem = lab.ask(Command::Connect(wrong)).await.unwrap_err();
    assert_eq!(problem.code, Code::ClientRejected);
    assert_eq!(
        lab.check().await.0,
        "good",
        "the account goes on with the right secret"
    );
}

#[tokio::test]
async fn an_app_without_its_secret_is_asked_for_it_before_the_browser_opens() {
    let lab = Lab::with_own_app().await;
    let mut ask = lab.connect_other(APP_ID, "");
    ask.client.as_mut().unwrap().secret = None;
    let problem = lab.ask(Command::Connect(ask.clone())).await.unwrap_err();
    assert_eq!(problem.code, Code::ClientNeeded);
    ask.client = None;
    let problem = lab.ask(Command::Connect(ask)).await.unwrap_err();
    assert_eq!(problem.code, Code::ClientNeeded);
    assert_eq!(*lab.person.opened.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_new_choice_of_remembering_is_kept_in_the_keychain_too() {
    let mut lab = Lab::connected().await;
    let account = lab.account_id().await;
    let tokens = |lab: &Lab| {
        lab.keychain
            .keys()
            .iter()
            .filter(|key| key.starts_with("token/"))
            .count()
    };
    let choose = |remember| Command::Remember {
        account: account.clone(),
        remember,
    };
    lab.ask(choose(Remember::UntilQuit)).await.unwrap();
    assert_eq!(tokens(&lab), 0);
    assert_eq!(
        lab.check().await.0,
        "good",
        "it works until the program ends"
    );
    lab.ask(choose(Remember::Always)).await.unwrap();
    assert_eq!(tokens(&lab), 1);
    lab.restart().await.unwrap();
    assert_eq!(lab.check().await.0, "good");
}

#[tokio::test]
async fn a_failed_exchange_is_a_failure_and_not_a_silent_fall_back() {
    let lab = Lab::new().await;
    lab.trouble(Trouble::ExchangeFails {
        code: 1,
        on: Where::once(Endpoint::AccessToken),
    });
    let problem = lab.connect().await.unwrap_err();
    assert_eq!(problem.code, Code::SignInFailed, "{problem:?}");
    assert!(problem.message.contains("exchange"), "{problem}");
    assert!(lab.accounts().await.is_empty());
    lab.trouble(Trouble::Clear);
    lab.trouble(Trouble::ExchangeReturnsShort {
        on: Where::default(),
    });
    let problem = lab.connect().await.unwrap_err();
    assert_eq!(problem.code, Code::SignInFailed);
    assert!(problem.message.contains("ends already on"), "{problem}");
    assert!(
        lab.keychain
            .keys()
            .iter()
            .all(|key| !key.starts_with("token/"))
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_not_called_connected() {
    let lab = Lab::new().await;
    lab.trouble(Trouble::Outage {
        status: 503,
        on: Where::once(Endpoint::DebugToken),
    });
    let problem = lab.connect().await.unwrap_err();
    assert!(
        problem.message.contains("could not be checked"),
        "{problem}"
    );
    assert!(lab.accounts().await.is_empty());
    lab.connect().await.unwrap();
}

#[tokio::test]
async fn somebody_else_is_offered_as_a_new_account_and_never_written_over_the_old() {
    let lab = Lab::connected().await;
    lab.trouble(Trouble::RemoveApp {
        person: "ada".into(),
    });
    lab.check().await;
    lab.person.acts.lock().unwrap().0 = "ben".into();
    let problem = lab.sign_in().await.unwrap_err();
    assert_eq!(problem.code, Code::WrongIdentity);
    assert!(
        problem
            .message
            .starts_with("Ben Practice signed in, but this account belongs to Ada")
    );
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::AppRemoved
    );

    let Reply::Connected(other) = lab.ask(Command::AdoptOther).await.unwrap() else {
        panic!("nobody was adopted")
    };
    assert!(other.is_new);
    assert_eq!(other.connected.identity, "10002");
    assert_eq!(lab.accounts().await.len(), 2);
    assert_eq!(
        code(lab.ask(Command::AdoptOther).await.unwrap_err()),
        Code::NotNow
    );
}

#[tokio::test]
async fn connecting_a_known_account_again_is_a_new_sign_in_of_it() {
    let lab = Lab::connected().await;
    lab.advance(days(10));
    let again = lab.connect().await.unwrap();
    assert!(!again.is_new);
    assert_eq!(again.connected.generation, 2);
    let tokens = lab
        .keychain
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("token/"))
        .count();
    assert_eq!(tokens, 1, "the old token is deleted");
}

#[tokio::test]
async fn an_unticked_permission_is_told() {
    let lab = Lab::new().await;
    lab.person.acts.lock().unwrap().1 = Choice::Only(vec![
        "pages_show_list".into(),
        "pages_read_engagement".into(),
    ]);
    let connected = lab.connect().await.unwrap();
    assert_eq!(connected.connected.missing_scopes, ["pages_manage_posts"]);
    let held = lab.post_now("not allowed").await;
    assert_eq!(held.state, "held");
    lab.person.acts.lock().unwrap().1 = Choice::Everything;
    lab.sign_in().await.unwrap();
    assert_eq!(lab.published().len(), 1);
}

#[tokio::test]
async fn remember_me_until_quit_never_reaches_the_keychain() {
    let mut lab = Lab::new().await;
    let mut ask = lab.connect_command();
    ask.remember = Remember::UntilQuit;
    lab.ask(Command::Connect(ask)).await.unwrap();
    assert_eq!(lab.check().await.0, "good");
    assert!(lab.keychain.keys().is_empty(), "{:?}", lab.keychain.keys());
    lab.restart().await.unwrap();
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::NotRemembered
    );
}

#[tokio::test]
async fn remember_me_for_days_ends_then() {
    let lab = Lab::connected().await;
    lab.remember(Remember::Days(10)).await;
    let start = lab.now();
    lab.run_until(start + days(9)).await;
    assert_eq!(lab.account().await.state, "active");
    lab.run_until(start + days(10)).await;
    assert_eq!(
        lab.account().await.reason.unwrap().code,
        EndReason::NotRemembered
    );
}

#[tokio::test]
async fn the_pasted_address_of_the_success_page_is_a_way_too() {
    let lab = Lab::new().await;
    let mut ask = lab.connect_command();
    ask.paste = true;
    let Reply::Connected(connected) = lab.ask(Command::Connect(ask)).await.unwrap() else {
        panic!("not connected")
    };
    assert_eq!(connected.connected.state, "active");
}
