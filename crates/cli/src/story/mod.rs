//! The story of a sign-in: connected, exchanged, checked, used, lost, brought back, ended.
//!
//! The engine, the HTTP requests, the practice network and the keychain entry are real; only the
//! clock and the person's clicks are simulated. Every scene verifies what it claims, by the
//! network's own count where it can; a claim that does not hold ends the story as failed.

mod clicks;
pub mod page;
mod picture;
mod play;
mod stage;
pub mod text;

use std::time::Instant as Moment;

use evergrant_core::Instant;
use serde::Serialize;

use crate::args::KeychainKind;
use stage::Stage;

/// The story as it went.
#[derive(Debug, Default, Serialize)]
pub struct Story {
    /// Where the tokens were kept.
    pub keychain: String,
    /// The scenes, in order.
    pub scenes: Vec<Scene>,
    /// The tokens' lives.
    pub lives: Vec<Life>,
    /// Days, counted from the first, on which the issuer was asked and said "good".
    pub checks: Vec<f64>,
    /// The claim that did not hold, if one did not.
    pub failed: Option<String>,
    /// How long it took, in milliseconds of real time.
    pub took_ms: u128,
}

/// One scene.
#[derive(Debug, Serialize)]
pub struct Scene {
    /// When, by the story's clock.
    pub at: Instant,
    /// Days since the story began.
    pub day: f64,
    /// What kind of thing happened.
    pub kind: Kind,
    /// What happened, in a few words.
    pub title: String,
    /// What was seen, sentence by sentence.
    pub seen: Vec<String>,
    /// What was verified.
    pub verified: Vec<String>,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The person signed in.
    SignIn,
    /// The issuer was asked.
    Check,
    /// A post went out.
    Post,
    /// The sign-in ended.
    End,
    /// The person was warned.
    Warning,
    /// The person signed out.
    SignOut,
}

/// The life of one long-lived token, in days since the story began.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Life {
    /// When it was issued.
    pub from: f64,
    /// When it stopped working; the end of the story for one that still did.
    pub to: f64,
    /// When it was announced to end.
    pub announced: f64,
}

/// Plays it. Failing is part of what it can tell, so there is no other error.
pub async fn play(keychain: Option<KeychainKind>) -> Story {
    let begun = Moment::now();
    let mut story = Story::default();
    match Stage::set(keychain).await {
        Ok(mut stage) => {
            let played = play::all(&mut stage).await;
            let cleaned = stage.clear().await;
            story = stage.story();
            story.failed = played.and(cleaned).err();
        }
        Err(why) => story.failed = Some(why),
    }
    story.took_ms = begun.elapsed().as_millis();
    story
}
