//! What the output may look like here: a terminal, a pipe, colours, shapes, width.

use std::io::{self, IsTerminal, Write};

use evergrant_core::command::Problem;
use unicode_width::UnicodeWidthChar;

/// How answers are shown.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Colours are wanted and can be shown.
    pub colour: bool,
    /// Letters beyond ASCII can be shown.
    pub unicode: bool,
    /// Columns; `None` in a pipe, where nothing is cut.
    pub width: Option<usize>,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// On its way.
    Soft,
    /// Worth a look.
    Warn,
    /// Needs the person.
    Bad,
    /// A heading.
    Strong,
}

impl Look {
    /// What standard output allows.
    pub fn here() -> Self {
        let terminal = io::stdout().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = terminal
            .then(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)));
        Self {
            colour: terminal && !dumb && !refused,
            unicode: speaks_utf8(),
            width,
        }
    }

    /// `text` in a colour, where there are colours.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Soft => "36",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The mark of a state: a shape, so that colour is never the only sign.
    pub fn mark(self, state: &str) -> &'static str {
        let (shape, plain) = match state {
            "active" | "posted" | "good" => ("●", "*"),
            "renewing" | "sending" | "retrying" | "signing_in" | "exchanging" => ("◐", "~"),
            "queued" | "signed_out" | "cancelled" | "not_signed_in" => ("○", "o"),
            "held" | "uncertain" | "cant_tell" | "note" => ("▲", "!"),
            _ => ("✕", "x"),
        };
        if self.unicode { shape } else { plain }
    }

    /// `text` in at most `width` columns, with a mark where something is left out.
    pub fn cut(self, text: &str, width: usize) -> String {
        let line = one_line(text);
        if columns(&line) <= width {
            return line;
        }
        let sign = if self.unicode { "…" } else { "..." };
        let room = width.saturating_sub(columns(sign));
        let mut used = 0;
        let mut kept: String = line
            .chars()
            .take_while(|c| {
                used += c.width().unwrap_or(0);
                used <= room
            })
            .collect();
        kept.truncate(kept.trim_end().len());
        kept + sign
    }
}

/// Breaks lines that are wider than `width` between words, and indents what follows a little more.
/// Lines that fit, such as those of tables, stay as they are.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if visible(line) <= width {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let mut room = " ".repeat(indent);
        let mut empty = true;
        for word in line.split_whitespace() {
            if !empty && visible(&room) + 1 + visible(word) > width {
                out.push_str(&room);
                out.push('\n');
                room = " ".repeat(indent + 2);
                empty = true;
            }
            if !empty {
                room.push(' ');
            }
            room.push_str(word);
            empty = false;
        }
        out.push_str(&room);
        out.push('\n');
    }
    out
}

/// How wide `text` is without its colours.
fn visible(text: &str) -> usize {
    let mut hidden = false;
    let shown: String = text
        .chars()
        .filter(|c| {
            let was = hidden;
            hidden = *c == '\x1b' || (hidden && *c != 'm');
            !was && *c != '\x1b'
        })
        .collect();
    columns(&shown)
}

/// How wide `text` is.
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// `text` without line ends and other control characters, which could move the cursor.
pub fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes an answer. A reader that has had enough, such as `head`, is no fault.
pub fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| {
        if text.ends_with('\n') {
            Ok(())
        } else {
            out.write_all(b"\n")
        }
    });
    let _ = out.flush();
}

/// Writes a remark beside the answer.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What went wrong and what to do, beside the answer.
pub fn remark_problem(problem: &Problem) {
    remark(&format!("error: {problem}"));
    for hint in &problem.hints {
        remark(&format!("hint: {hint}"));
    }
}

/// The locale's character set, from the first variable that is set (POSIX, "Locale").
fn speaks_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    set.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(unicode: bool) -> Look {
        Look {
            colour: false,
            unicode,
            width: Some(80),
        }
    }

    #[test]
    fn a_cut_text_is_never_wider_than_asked_and_says_that_it_is_cut() {
        assert_eq!(look(true).cut("Harbour Bakery", 9), "Harbour…");
        assert_eq!(look(false).cut("Harbour Bakery", 9), "Harbou...");
        assert_eq!(look(true).cut("東京の夜", 5), "東京…");
        assert_eq!(look(true).cut("short", 5), "short");
    }

    #[test]
    fn a_long_sentence_is_broken_between_words_and_colours_take_no_room() {
        let text = format!(
            "  \x1b[32m*\x1b[0m {}\nshort\n",
            "word ".repeat(10).trim_end()
        );
        let broken = wrapped(&text, 24);
        assert!(broken.lines().all(|line| visible(line) <= 24), "{broken}");
        assert_eq!(broken.lines().nth(1), Some("    word word word word"));
        assert!(broken.ends_with("\nshort\n"));
    }

    #[test]
    fn a_text_from_a_service_cannot_move_the_cursor() {
        assert_eq!(one_line("a\x1b[2Jb\r\nc\td"), "a [2Jb c d");
    }
}
