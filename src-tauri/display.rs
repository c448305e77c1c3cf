//! Is there a display? Asked first, because Tauri takes one for granted and panics without.

use thiserror::Error;

/// No window can be opened here.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "evergrant-desktop: {why}, so no window can be opened; use the `evergrant` command instead, or start this program on a desktop."
)]
pub struct NoDisplay {
    why: &'static str,
}

/// Says whether a window can be opened.
#[cfg(target_os = "linux")]
pub fn ask() -> Result<(), NoDisplay> {
    named(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    // The name alone proves nothing: the display may be gone, or refuse us.
    gtk::init().map_err(|_| NoDisplay {
        why: "the display named by DISPLAY or WAYLAND_DISPLAY does not answer",
    })
}

/// macOS and Windows always have one for a program that a person starts.
#[cfg(not(target_os = "linux"))]
pub fn ask() -> Result<(), NoDisplay> {
    Ok(())
}

/// Whether the environment names a display at all.
#[cfg(target_os = "linux")]
fn named(is_set: impl Fn(&str) -> bool) -> Result<(), NoDisplay> {
    if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    Err(NoDisplay {
        why: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_display_is_enough() {
        assert_eq!(named(|name| name == "DISPLAY"), Ok(()));
        assert_eq!(named(|name| name == "WAYLAND_DISPLAY"), Ok(()));
    }

    #[test]
    fn without_a_display_one_sentence_names_the_way_out() {
        let problem = named(|_| false).unwrap_err().to_string();
        assert!(
            problem.contains("DISPLAY") && problem.contains("`evergrant`"),
            "{problem}"
        );
        assert_eq!(problem.lines().count(), 1);
    }
}
