//! The answer as a pasted address: each mistake has its sentence, and none of them counts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_core::Secret;
use evergrant_core::provider::RedirectRule;
use evergrant_engine::ports::{
    Browser, Expected, PasteMistake, PasteSource, Pending, SystemBrowser, TripError,
};
use url::Url;

const END: &str = "https://service.example/connect/login_success.html";

#[tokio::test]
async fn a_pasted_answer_is_taken_from_query_or_fragment() {
    for text in [
        format!("{END}?code=CODE&state=STATE"),
        format!("  \"{END}?code=CODE&state=STATE#_=_\"\n"),
        format!("{END}#state=STATE&code=CODE"),
        format!("<{END}?state=STATE#code=CODE>"),
    ] {
        let person = Person::pasting([text.as_str()]);
        assert_eq!(person.sign_in().await.unwrap().reveal(), "CODE", "{text}");
        assert_eq!(person.told(), [""], "{text}");
    }
}

#[tokio::test]
async fn every_mistake_has_its_sentence_and_the_person_is_asked_again() {
    let good = format!("{END}?code=CODE&state=STATE");
    for (text, sentence) in [
        (String::new(), "Nothing was pasted."),
        ("\"\"".to_owned(), "Nothing was pasted."),
        ("CODE".to_owned(), "That is not an address."),
        ("localhost:1234".to_owned(), "That is not an address."),
        (
            format!("{END}?{}", "x".repeat(20_000)),
            "That is not an address.",
        ),
        (
            page().to_string(),
            "That is the address where the sign-in begins.",
        ),
        (
            "https://evil.example/connect/login_success.html?code=C&state=STATE".to_owned(),
            "That is the address of another page.",
        ),
        (
            "http://service.example/connect/login_success.html?code=C&state=STATE".to_owned(),
            "That is the address of another page.",
        ),
        (
            "https://service.example:444/connect/login_success.html?code=C&state=STATE".to_owned(),
            "That is the address of another page.",
        ),
        (
            "https://service.example/connect/?code=C&state=STATE".to_owned(),
            "That is the address of another page.",
        ),
        (
            format!("{END}?state=STATE"),
            "There is no code in that address.",
        ),
        (END.to_owned(), "There is no code in that address."),
        (
            format!("{END}?code=C&state=OTHER"),
            "That address belongs to another sign-in.",
        ),
        (
            format!("{END}?error=access_denied&state=OTHER"),
            "That address belongs to another sign-in.",
        ),
        (
            format!("{END}?code=C&state=STATE#code=C"),
            "That address names “code” more than once.",
        ),
    ] {
        let person = Person::pasting([text.as_str(), good.as_str()]);
        assert_eq!(person.sign_in().await.unwrap().reveal(), "CODE", "{text}");
        let told = person.told();
        assert_eq!(told.len(), 2, "{text}");
        assert!(told[1].starts_with(sentence), "{text}: {}", told[1]);
        assert!(!told[1].contains("STATE"), "{}", told[1]);
    }
}

#[tokio::test]
async fn after_five_mistakes_the_last_one_is_said() {
    let person = Person::pasting(["a", "b", "c", "d", ""]);
    let error = person.sign_in().await.unwrap_err();
    assert!(matches!(error, TripError::NotOurs(_)));
    assert!(
        error.to_string().starts_with("Nothing was pasted."),
        "{error}"
    );
    assert_eq!(person.told().len(), 5);
}

#[tokio::test]
async fn a_pasted_refusal_is_the_answer_too() {
    let denied = format!("{END}?error=access_denied&state=STATE");
    assert_eq!(
        Person::pasting([denied.as_str()]).sign_in().await,
        Err(TripError::Denied)
    );
}

#[tokio::test]
async fn whoever_pastes_nothing_more_has_given_up() {
    assert_eq!(Person::pasting([]).sign_in().await, Err(TripError::GivenUp));
}

#[tokio::test]
async fn another_issuer_is_refused() {
    let named = format!("{END}?code=C&state=STATE&iss=https://evil.example");
    let person = Person::pasting([named.as_str()]);
    let expected = Expected {
        issuer: Some("https://service.example".to_owned()),
        ..expected()
    };
    assert_eq!(
        person.sign_in_expecting(expected).await,
        Err(TripError::GivenUp)
    );
    assert!(
        person.told()[1].contains("does not come from the service"),
        "{:?}",
        person.told()
    );
}

#[tokio::test(start_paused = true)]
async fn patience_ends_for_pasting_too() {
    struct Asleep;
    impl PasteSource for Asleep {
        fn ask(&self, _: Option<PasteMistake>) -> Pending<'_, Option<Secret>> {
            Box::pin(std::future::pending())
        }
    }
    let outcome = sign_in(Arc::new(Asleep), expected()).await;
    assert_eq!(outcome, Err(TripError::TimedOut(Duration::from_secs(300))));
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_is_not_possible() {
    let browser = SystemBrowser::new().with_announce(|_| {}).without_opening();
    let Err(error) = browser.prepare(&rule(), "/callback/example").await else {
        panic!("there is nobody to ask")
    };
    assert!(matches!(error, TripError::NotPossible(_)), "{error:?}");
}

fn page() -> Url {
    "https://service.example/dialog/oauth?state=STATE"
        .parse()
        .unwrap()
}

fn rule() -> RedirectRule {
    RedirectRule::Paste {
        url: END.parse().unwrap(),
    }
}

fn expected() -> Expected {
    Expected {
        state: Secret::new("STATE"),
        issuer: None,
        patience: Duration::from_secs(300),
        provider_name: "Example".to_owned(),
    }
}

async fn sign_in(source: Arc<dyn PasteSource>, expected: Expected) -> Result<Secret, TripError> {
    let browser = SystemBrowser::new()
        .with_announce(|_| {})
        .without_opening()
        .with_paste(source);
    let trip = browser.prepare(&rule(), "/callback/example").await.unwrap();
    assert_eq!(trip.redirect_uri().as_str(), END);
    trip.go(page(), expected).await
}

/// Pastes one text after the other and keeps what was said about the one before.
struct Person {
    hand: Arc<Hand>,
}

struct Hand {
    texts: Mutex<VecDeque<String>>,
    told: Mutex<Vec<String>>,
}

impl Person {
    fn pasting<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts = Mutex::new(texts.into_iter().map(str::to_owned).collect());
        Self {
            hand: Arc::new(Hand {
                texts,
                told: Mutex::default(),
            }),
        }
    }

    async fn sign_in(&self) -> Result<Secret, TripError> {
        self.sign_in_expecting(expected()).await
    }

    async fn sign_in_expecting(&self, expected: Expected) -> Result<Secret, TripError> {
        sign_in(self.hand.clone(), expected).await
    }

    fn told(&self) -> Vec<String> {
        self.hand.told.lock().unwrap().clone()
    }
}

impl PasteSource for Hand {
    fn ask(&self, mistake: Option<PasteMistake>) -> Pending<'_, Option<Secret>> {
        let told = mistake.map_or_else(String::new, |mistake| mistake.to_string());
        self.told.lock().unwrap().push(told);
        let text = self.texts.lock().unwrap().pop_front().map(Secret::new);
        Box::pin(std::future::ready(text))
    }
}
