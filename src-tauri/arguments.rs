//! The words of the command: `evergrant-desktop [--page PAGE] [evergrant://…]`.

use evergrant_core::window::{Page, Place};

/// The place that the words ask for, the program's own name not among them; none if they ask for
/// none that there is. Desktops and other programs start this one, so odd words stop nothing.
pub fn place(words: impl IntoIterator<Item = String>) -> Option<Place> {
    let mut words = words.into_iter();
    let mut wanted = None;
    while let Some(word) = words.next() {
        let place = if word == "--page" {
            words
                .next()
                .and_then(|name| Page::named(&name))
                .map(Place::of)
        } else if let Some(name) = word.strip_prefix("--page=") {
            Page::named(name).map(Place::of)
        } else {
            Place::parse(&word)
        };
        wanted = place.or(wanted);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use evergrant_core::ids::PostId;

    fn asked(line: &str) -> Option<Place> {
        place(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_page_or_a_link_names_the_place_and_the_last_one_counts() {
        assert_eq!(asked(""), None);
        assert_eq!(asked("--page queue"), Some(Place::of(Page::Queue)));
        assert_eq!(asked("--page=settings"), Some(Place::of(Page::Settings)));
        assert_eq!(
            asked("--page queue evergrant://post/5"),
            Some(Place::of_post(PostId(5)))
        );
    }

    #[test]
    fn odd_words_lead_nowhere_and_stop_nothing() {
        for line in [
            "--page",
            "--page nowhere",
            "https://example.org",
            "--help -x",
        ] {
            assert_eq!(asked(line), None, "{line}");
        }
        assert_eq!(asked("--frob --page new"), Some(Place::of(Page::New)));
    }
}
