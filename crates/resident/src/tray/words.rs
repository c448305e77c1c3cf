//! The tray in words: title, tooltip and menu.

use super::{Summary, Wish};
use crate::markup::escaped;

/// So many accounts have a line of their own; a menu that is longer than the screen helps nobody.
const LINES: usize = 8;

/// A label longer than this is shortened, in characters.
const LONGEST: usize = 60;

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line that can be chosen.
    Choice(String, Wish),
    /// A line that only tells something.
    Note(String),
    /// A rule between two groups.
    Rule,
}

/// True if the person is needed.
pub fn is_calling(summary: &Summary) -> bool {
    !summary.needs.is_empty() || summary.posts_waiting > 0
}

/// What the icon says, in one line.
pub fn title(summary: &Summary) -> String {
    let accounts = match summary.needs.len() {
        0 => None,
        1 => Some("1 account needs you".to_owned()),
        many => Some(format!("{many} accounts need you")),
    };
    let told: Vec<String> = accounts.into_iter().chain(posts(summary)).collect();
    if told.is_empty() {
        return "Evergrant: all is well".to_owned();
    }
    format!("Evergrant: {}", told.join(", "))
}

/// The second line of the tooltip, which desktops read as markup.
pub fn detail(summary: &Summary) -> String {
    escaped(&next(summary).unwrap_or_default())
}

/// The menu, from top to bottom.
pub fn menu(summary: &Summary) -> Vec<Line> {
    let mut lines: Vec<Line> = summary
        .needs
        .iter()
        .take(LINES)
        .map(|need| {
            let label = format!(
                "Sign in again: {}…",
                short(&need.words).trim_end_matches('…')
            );
            choice(&label, Wish::SignIn(need.account.clone()))
        })
        .collect();
    if let Some(more) = summary.needs.len().checked_sub(LINES + 1) {
        lines.push(choice(&format!("and {} more…", more + 1), Wish::Open));
    }
    if let Some(posts) = posts(summary) {
        lines.push(choice(&posts, Wish::ShowQueue));
    }
    if let Some(next) = next(summary) {
        lines.push(Line::Note(plain(&next)));
    }
    if !lines.is_empty() {
        lines.push(Line::Rule);
    }
    lines.push(choice("Open Evergrant", Wish::Open));
    lines.push(choice("Quit", Wish::Quit));
    lines
}

fn posts(summary: &Summary) -> Option<String> {
    match summary.posts_waiting {
        0 => None,
        1 => Some("1 post waits for you".to_owned()),
        many => Some(format!("{many} posts wait for you")),
    }
}

fn next(summary: &Summary) -> Option<String> {
    let next = summary.next_post.as_deref()?;
    Some(format!("Next post: {}", short(next)))
}

fn choice(label: &str, wish: Wish) -> Line {
    Line::Choice(plain(label), wish)
}

/// A label in which an underscore is an underscore: alone it would mark the next letter as a key.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

/// One line of bearable length.
fn short(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST - 1).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::Need;
    use super::*;

    fn summary(accounts: usize, posts_waiting: usize, next: Option<&str>) -> Summary {
        Summary {
            needs: (1..=accounts)
                .map(|number| Need {
                    account: format!("example-{number}").as_str().into(),
                    words: format!("Person {number} (Example)"),
                })
                .collect(),
            posts_waiting,
            next_post: next.map(str::to_owned),
        }
    }

    #[test]
    fn the_title_says_who_needs_the_person() {
        let titles = [(0, 0), (1, 0), (2, 0), (0, 1), (2, 3)]
            .map(|(accounts, posts)| title(&summary(accounts, posts, None)));
        assert_eq!(
            titles,
            [
                "Evergrant: all is well",
                "Evergrant: 1 account needs you",
                "Evergrant: 2 accounts need you",
                "Evergrant: 1 post waits for you",
                "Evergrant: 2 accounts need you, 3 posts wait for you",
            ]
        );
    }

    #[test]
    fn only_the_person_calls_for_attention() {
        assert!(!is_calling(&summary(0, 0, Some("Tue"))));
        assert!(is_calling(&summary(1, 0, None)));
        assert!(is_calling(&summary(0, 1, None)));
    }

    #[test]
    fn the_menu_lists_accounts_posts_and_what_comes_next() {
        assert_eq!(
            menu(&summary(1, 2, Some("Tue 24 Dec 18:00, Garden Page"))),
            [
                Line::Choice(
                    "Sign in again: Person 1 (Example)…".into(),
                    Wish::SignIn("example-1".into())
                ),
                Line::Choice("2 posts wait for you".into(), Wish::ShowQueue),
                Line::Note("Next post: Tue 24 Dec 18:00, Garden Page".into()),
                Line::Rule,
                Line::Choice("Open Evergrant".into(), Wish::Open),
                Line::Choice("Quit".into(), Wish::Quit),
            ]
        );
        assert_eq!(menu(&Summary::default()).len(), 2, "no rule above nothing");
    }

    #[test]
    fn the_menu_stays_short() {
        assert!(!menu(&summary(8, 0, None)).contains(&more(0)));
        assert_eq!(menu(&summary(9, 0, None))[8], more(1));
        let lines = menu(&summary(20, 0, None));
        assert_eq!((lines.len(), &lines[8]), (12, &more(12)));
    }

    fn more(number: usize) -> Line {
        Line::Choice(format!("and {number} more…"), Wish::Open)
    }

    #[test]
    fn names_are_shown_as_they_are_and_on_one_line() {
        let mut odd = summary(2, 0, Some("Tue, a_b & <c>"));
        odd.needs[0].words = "ada_l\n(Example)".into();
        odd.needs[1].words = "ä".repeat(200);
        let labels: Vec<String> = menu(&odd)
            .into_iter()
            .filter_map(|line| match line {
                Line::Choice(label, _) | Line::Note(label) => Some(label),
                Line::Rule => None,
            })
            .collect();
        assert_eq!(labels[0], "Sign in again: ada__l (Example)…");
        assert_eq!(labels[1], format!("Sign in again: {}…", "ä".repeat(59)));
        assert_eq!(labels[2], "Next post: Tue, a__b & <c>");
        assert_eq!(detail(&odd), "Next post: Tue, a_b &amp; &lt;c&gt;");
    }
}
