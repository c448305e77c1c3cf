//! The picture of the tokens' lives: one bar for each token, marks for what happened.

use std::fmt::Write as _;

use super::text::whole;
use super::{Kind, Scene, Story};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 66.0;
const ROW: f64 = 58.0;
const BAR: f64 = 20.0;

/// The picture as inline SVG; its colours come from the page.
pub fn svg(story: &Story) -> String {
    let last = story
        .lives
        .iter()
        .map(|life| life.announced.min(life.to.max(life.from + 60.0)));
    let days = last
        .fold(60.0_f64, f64::max)
        .max(story.scenes.last().map_or(0.0, |s| s.day))
        + 2.0;
    let scale = Scale { days };
    #[expect(clippy::cast_precision_loss, reason = "a story has few tokens")]
    let height = TOP + ROW * story.lives.len() as f64 + 44.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"life-title life-text\">\
         <title id=\"life-title\">The lives of the tokens</title>\
         <desc id=\"life-text\">{}</desc>",
        description(story)
    );
    axis(&mut svg, &scale, height);
    for (row, life) in story.lives.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a story has few tokens")]
        let y = TOP + ROW * row as f64;
        let (from, to, announced) = (
            scale.x(life.from),
            scale.x(life.to),
            scale.x(life.announced.min(scale.days)),
        );
        let _ = write!(
            svg,
            "<rect class=\"planned\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"6\"/>\
             <rect class=\"lived\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"6\"/>\
             <text class=\"label\" x=\"{from:.1}\" y=\"{:.1}\">token {}: worked until day {}, announced until day {}</text>",
            announced - from,
            (to - from).max(3.0),
            y - 7.0,
            row + 1,
            nearest(life.to),
            nearest(life.announced),
        );
        for check in story
            .checks
            .iter()
            .filter(|day| **day >= life.from && **day <= life.to)
        {
            let _ = write!(
                svg,
                "<circle class=\"check\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"><title>day {}: the issuer says “good”</title></circle>",
                scale.x(*check),
                y + BAR / 2.0,
                whole(*check)
            );
        }
        for scene in of_life(story, row) {
            mark(&mut svg, scene, scale.x(scene.day), y + BAR / 2.0);
        }
    }
    svg + "</svg>"
}

struct Scale {
    days: f64,
}

impl Scale {
    fn x(&self, day: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * day / self.days
    }
}

/// The scenes of the token in that row: from its birth to the next one's.
fn of_life(story: &Story, row: usize) -> impl Iterator<Item = &Scene> {
    let from = story.lives.get(row).map_or(0.0, |life| life.from);
    let until = story
        .lives
        .get(row + 1)
        .map_or(f64::INFINITY, |life| life.from);
    story
        .scenes
        .iter()
        .filter(move |scene| scene.day >= from && scene.day < until)
}

fn axis(svg: &mut String, scale: &Scale, height: f64) {
    let mut day = 0.0;
    while day <= scale.days {
        let x = scale.x(day);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"34\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"24\">{}</text>",
            height - 26.0,
            whole(day)
        );
        day += 10.0;
    }
    let _ = write!(
        svg,
        "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">days since the first sign-in</text>",
        WIDTH / 2.0,
        height - 6.0
    );
}

/// Each kind has a shape of its own, so that colour is never the only sign.
fn mark(svg: &mut String, scene: &Scene, x: f64, y: f64) {
    let title = format!(
        "<title>day {}: {}</title>",
        whole(scene.day),
        super::page::escape(&scene.title)
    );
    let _ = match scene.kind {
        Kind::Check => Ok(()),
        Kind::SignIn => write!(
            svg,
            "<circle class=\"sign-in\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\">{title}</circle>"
        ),
        Kind::Post => write!(
            svg,
            "<rect class=\"post\" x=\"{:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" transform=\"rotate(45 {:.1} {y:.1})\">{title}</rect>",
            x + 4.0,
            y - 6.0,
            x + 10.0
        ),
        Kind::End => write!(
            svg,
            "<path class=\"end\" d=\"M{:.1} {:.1}l16 16m0 -16l-16 16\">{title}</path>",
            x - 8.0,
            y - 8.0
        ),
        Kind::Warning => write!(
            svg,
            "<path class=\"warning\" d=\"M{x:.1} {:.1}l9 16h-18z\">{title}</path>",
            y - 9.0
        ),
        Kind::SignOut => write!(
            svg,
            "<circle class=\"sign-out\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\">{title}</circle>"
        ),
    };
}

/// The day an announced end is called by: it is never exactly a whole number of days.
fn nearest(day: f64) -> i64 {
    whole(day + 0.5)
}

fn description(story: &Story) -> String {
    let lives: Vec<_> = story
        .lives
        .iter()
        .enumerate()
        .map(|(row, life)| {
            format!(
                "Token {} was issued on day {}, announced until day {}, and worked until day {}.",
                row + 1,
                whole(life.from),
                nearest(life.announced),
                nearest(life.to)
            )
        })
        .collect();
    lives.join(" ")
}
