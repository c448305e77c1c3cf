//! Files as fixtures: adding a case is adding a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use evergrant_core::provider::{Catalogue, FileError, Provider, SHIPPED, Values};

use crate::support::facebook;

fn fixtures(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/provider")
        .join(folder);
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

fn whole(file: &str, text: &str) -> Result<Provider, FileError> {
    Provider::parse(file, text)?.resolve(None)
}

#[test]
fn each_invalid_file_is_refused_with_the_sentence_in_its_first_line() {
    let mut wrong = Vec::new();
    let files = fixtures("invalid");
    assert!(files.len() >= 50, "the fixtures were not found");
    for (path, text) in files {
        let expected = text.lines().next().unwrap().trim_start_matches("# ");
        let got = match whole("providers/x.toml", &text) {
            Ok(_) => "the file was accepted".into(),
            Err(error) => error.to_string(),
        };
        if got != expected {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}\n  expected: {expected}\n  got:      {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_valid_file_is_accepted() {
    let files = fixtures("valid");
    assert!(files.len() >= 5, "the fixtures were not found");
    for (path, text) in files {
        let name = format!("providers/{}", path.file_name().unwrap().to_string_lossy());
        let provider = whole(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        assert!(provider.explain().lines().count() > 2);
    }
}

#[test]
fn the_shipped_files_are_whole_and_named_by_their_ids() {
    let catalogue = Catalogue::from_shipped_and(Vec::new()).unwrap();
    assert_eq!(catalogue.faults(), []);
    assert_eq!(catalogue.ids().count(), SHIPPED.len());
    for id in catalogue.ids() {
        let provider = catalogue.get(id).unwrap();
        assert_eq!(provider.id(), id);
        for scope in provider.scopes() {
            assert!(
                provider.scope_explanation(scope).is_some(),
                "{id}: {scope} is not explained"
            );
        }
    }
}

#[test]
fn the_practice_network_is_the_same_file_with_other_addresses() {
    let catalogue = Catalogue::from_shipped_and(Vec::new()).unwrap();
    let practice = catalogue.get("practice").unwrap();
    let real = catalogue.get("facebook").unwrap();
    assert_eq!(practice.vars()["graph"], "http://127.0.0.1:8459/v25.0");
    assert_eq!(practice.scopes(), real.scopes());
    assert_eq!(practice.post_kinds().len(), real.post_kinds().len());
    assert_eq!(practice.name(), "Practice network");
    let (id, secret) = practice.client().built_in.as_ref().unwrap();
    assert_eq!(
        (id.as_str(), secret.reveal()),
        ("100200300400500", "practice-app-secret")
    );
    assert_eq!(
        practice.client().console_url.as_deref(),
        Some("http://127.0.0.1:8459/")
    );
    assert!(real.client().built_in.is_none());

    let sent = Values::new().child_id("100").captured("id", "100_200");
    let seen_at = |it: &Provider| {
        it.post_kind("photo")
            .unwrap()
            .url(&sent)
            .unwrap()
            .to_string()
    };
    assert_eq!(seen_at(practice), "http://127.0.0.1:8459/pages/100#100_200");
    assert_eq!(seen_at(real), "https://www.facebook.com/100_200");

    let other = BTreeMap::from([("origin".to_owned(), "http://127.0.0.1:4711".to_owned())]);
    let moved = practice.with_vars(&other).unwrap();
    assert_eq!(moved.vars()["graph"], "http://127.0.0.1:4711/v25.0");
}

#[test]
fn another_address_must_be_safe_and_its_variable_known() {
    let with = |name: &str, value: &str| {
        let vars = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        facebook().with_vars(&vars).unwrap_err().to_string()
    };
    assert!(with("graph", "http://evil.test/v25.0").contains("would send tokens in the open"));
    assert!(
        with("grahp", "https://x.test")
            .ends_with("[vars]: there is no variable `grahp`; did you mean `graph`?")
    );
}

#[test]
fn an_own_file_takes_the_place_of_a_shipped_one_and_a_broken_one_takes_it_away() {
    let own = |text: &str| vec![("own/practice.toml".to_owned(), text.to_owned())];
    let good = "schema = 1\nid = \"practice\"\nname = \"Mine\"\nsame_as = \"facebook\"\n\
                [client]\nbuilt_in = { id = \"7\" }\n";
    let catalogue = Catalogue::from_shipped_and(own(good)).unwrap();
    assert_eq!(catalogue.get("practice").unwrap().name(), "Mine");

    let catalogue = Catalogue::from_shipped_and(own("schema = 1\nid = practice\n")).unwrap();
    assert!(catalogue.get("practice").is_none());
    assert!(catalogue.get("facebook").is_some());
    assert_eq!(catalogue.faults().len(), 1);
    assert_eq!(catalogue.faults()[0].line, 2);
}

#[test]
fn the_guide_tells_the_redirect_address_and_the_permissions() {
    let facebook = facebook();
    let steps = facebook
        .client()
        .steps("http://localhost:5000/cb", facebook.scopes())
        .join("\n");
    assert!(steps.contains("enter http://localhost:5000/cb and save"));
    assert!(steps.contains("pages_show_list, pages_manage_posts, pages_read_engagement"));
    assert!(!steps.contains('{'));
}
