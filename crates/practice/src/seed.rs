//! The world a fresh practice network starts with.

use std::collections::BTreeMap;

use crate::world::{Page, Person};

/// The id of the one app that is registered here.
pub const APP_ID: &str = "100200300400500";
/// The app's secret; public, because it protects nothing but practice.
pub const APP_SECRET: &str = "practice-app-secret";
/// The app's name, as the consent page shows it.
pub const APP_NAME: &str = "Evergrant practice";
/// The password of both persons.
pub const PASSWORD: &str = "practice";

/// The permissions an app may ask for, with what they allow in plain words.
pub const SCOPES: [(&str, &str); 13] = [
    ("public_profile", "see your name"),
    ("email", "see your email address"),
    ("pages_show_list", "see the list of your Pages"),
    ("pages_manage_posts", "publish posts to your Pages"),
    (
        "pages_read_engagement",
        "read what your Pages have published",
    ),
    ("pages_manage_engagement", "write comments as your Pages"),
    (
        "pages_read_user_content",
        "read what others wrote on your Pages",
    ),
    (
        "pages_read_user_engagement",
        "read how people react on your Pages",
    ),
    ("pages_manage_metadata", "change the settings of your Pages"),
    ("business_management", "manage your business"),
    ("publish_video", "publish videos"),
    ("instagram_basic", "see your Instagram account"),
    (
        "instagram_content_publish",
        "publish to your Instagram account",
    ),
];

const EVERY_TASK: [&str; 6] = [
    "ADVERTISE",
    "ANALYZE",
    "CREATE_CONTENT",
    "MESSAGING",
    "MODERATE",
    "MANAGE",
];
const FEW_TASKS: [&str; 2] = ["ANALYZE", "MODERATE"];

pub(crate) fn every_task() -> Vec<String> {
    EVERY_TASK.map(str::to_owned).to_vec()
}

pub(crate) fn persons() -> BTreeMap<String, Person> {
    let few = FEW_TASKS.map(str::to_owned).to_vec();
    [
        person(
            "10001",
            "ada",
            "Ada Practice",
            [("500100", every_task()), ("500200", every_task())],
        ),
        // Ben shares one Page without the right to publish there, and has one of his own.
        person(
            "10002",
            "ben",
            "Ben Practice",
            [("500100", few), ("500300", every_task())],
        ),
    ]
    .into_iter()
    .map(|person| (person.id.clone(), person))
    .collect()
}

pub(crate) fn pages() -> BTreeMap<String, Page> {
    [
        ("500100", "Harbour Bakery", "Bakery"),
        ("500200", "Night Trains", "Travel"),
        ("500300", "Quiet Garden", "Garden"),
    ]
    .into_iter()
    .map(|(id, name, category)| {
        let page = Page {
            id: id.into(),
            name: name.into(),
            category: category.into(),
        };
        (page.id.clone(), page)
    })
    .collect()
}

fn person<const N: usize>(
    id: &str,
    user: &str,
    name: &str,
    roles: [(&str, Vec<String>); N],
) -> Person {
    Person {
        id: id.into(),
        user: user.into(),
        name: name.into(),
        password: PASSWORD.into(),
        roles: roles
            .into_iter()
            .map(|(page, tasks)| (page.to_owned(), tasks))
            .collect(),
        ..Person::default()
    }
}
