//! The story as one page that needs nothing else.

use std::fmt::Write as _;

use super::picture;
use super::text::{ending, whole};
use super::{Kind, Story};
use crate::look::Look;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(story: &Story) -> String {
    let plain = Look {
        colour: false,
        unicode: true,
        width: None,
    };
    let mut scenes = String::new();
    for scene in &story.scenes {
        let _ = write!(
            scenes,
            "<li class=\"{}\"><p class=\"when\">Day {} <time datetime=\"{}\">{}</time></p><h3>{}</h3>",
            class(scene.kind),
            whole(scene.day),
            scene.at.format("%Y-%m-%dT%H:%M:%SZ"),
            scene.at.format("%H:%M"),
            escape(&scene.title)
        );
        for seen in &scene.seen {
            let _ = write!(scenes, "<p>{}</p>", escape(seen));
        }
        scenes.push_str("<ul>");
        for verified in &scene.verified {
            let _ = write!(scenes, "<li>{}</li>", escape(verified));
        }
        scenes.push_str("</ul></li>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>The life of a sign-in</title><style>{STYLE}</style></head><body><main>\
         <h1>The life of a sign-in</h1>\
         <p>Played against the practice network with the real engine, real requests, and the tokens in {}. \
         Only the clock and the person's clicks were simulated.</p>\
         <figure>{}<figcaption>Pale: how long a token was announced to live. Full: how long it did. \
         Small dots: the issuer was asked and said “good”. Circle: signed in. Diamond: posted. \
         Triangle: warned. Cross: ended early or expired. Open circle: signed out.</figcaption></figure>\
         <h2>What happened</h2><ol>{scenes}</ol><p class=\"ending\">{}</p></main></body></html>\n",
        escape(&story.keychain),
        picture::svg(story),
        escape(ending(story, plain).trim())
    )
}

/// Text as text, whatever is in it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::SignIn => "sign-in",
        Kind::Check => "check",
        Kind::Post => "post",
        Kind::End => "end",
        Kind::Warning => "warning",
        Kind::SignOut => "sign-out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Life, Scene};

    fn sample() -> Story {
        let at = chrono::DateTime::from_timestamp(1_767_603_600, 0).unwrap();
        Story {
            keychain: "a <test> keychain".into(),
            scenes: vec![Scene {
                at,
                day: 0.0,
                kind: Kind::SignIn,
                title: "Connected".into(),
                seen: vec!["Ada & co signed in.".into()],
                verified: vec!["it holds".into()],
            }],
            lives: vec![Life {
                from: 0.0,
                to: 30.0,
                announced: 60.0,
            }],
            checks: vec![7.0, 14.0],
            failed: None,
            took_ms: 1_200,
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_escapes_what_it_tells() {
        let page = page(&sample());
        assert!(page.contains("a &lt;test&gt; keychain") && page.contains("Ada &amp; co"));
        for loads in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(loads), "{loads}");
        }
    }

    #[test]
    fn the_picture_has_a_bar_for_each_token_and_a_dot_for_each_check() {
        let svg = picture::svg(&sample());
        assert_eq!(svg.matches("class=\"lived\"").count(), 1);
        assert_eq!(svg.matches("class=\"check\"").count(), 2);
        assert!(svg.contains("worked until day 30"));
    }
}
