//! The story as a timeline in the terminal.

use super::{Kind, Story};
use crate::look::{Look, Tone};

/// The timeline.
pub fn timeline(story: &Story, look: Look) -> String {
    let mut text = format!(
        "{}\nReal engine, real requests, tokens in {}; only the clock and the clicks are played.\n\n",
        look.paint(
            Tone::Strong,
            "The life of a sign-in, on the practice network"
        ),
        story.keychain
    );
    for scene in &story.scenes {
        let (mark, tone) = mark(scene.kind);
        let when = format!("Day {:>2}  {}", whole(scene.day), scene.at.format("%H:%M"));
        text.push_str(&format!(
            "{when}  {} {}\n",
            look.paint(tone, look.mark(mark)),
            look.paint(Tone::Strong, &scene.title)
        ));
        for seen in &scene.seen {
            text.push_str(&indented(seen));
        }
        for verified in &scene.verified {
            let tick = if look.unicode { "✓" } else { "ok:" };
            text.push_str(&indented(&format!(
                "{} {verified}",
                look.paint(Tone::Good, tick)
            )));
        }
    }
    text.push('\n');
    text.push_str(&ending(story, look));
    text
}

/// How the story went, in a sentence.
pub fn ending(story: &Story, look: Look) -> String {
    let claims: usize = story.scenes.iter().map(|scene| scene.verified.len()).sum();
    match &story.failed {
        None => format!(
            "{} All {claims} claims held. {} days in {:.1} seconds; nothing of it is left in the keychain.\n",
            look.paint(Tone::Good, look.mark("good")),
            story.scenes.last().map_or(0, |scene| whole(scene.day)),
            seconds(story)
        ),
        Some(why) => format!(
            "{} The story failed after {claims} claims: {why}.\n",
            look.paint(Tone::Bad, look.mark("bad"))
        ),
    }
}

/// Which shape stands for a kind of scene.
fn mark(kind: Kind) -> (&'static str, Tone) {
    match kind {
        Kind::SignIn | Kind::Post | Kind::Check => ("good", Tone::Good),
        Kind::End => ("bad", Tone::Bad),
        Kind::Warning => ("note", Tone::Warn),
        Kind::SignOut => ("signed_out", Tone::Soft),
    }
}

pub(super) fn whole(day: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a story has few days")]
    let whole = day.floor() as i64;
    whole
}

pub(super) fn seconds(story: &Story) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a story takes few milliseconds")]
    let seconds = story.took_ms as f64 / 1000.0;
    seconds
}

/// A sentence under its scene.
fn indented(sentence: &str) -> String {
    format!("                 {sentence}\n")
}
