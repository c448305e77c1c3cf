//! Tables of text: aligned columns, cut to the terminal's width, plain in a pipe.

use crate::look::{Look, Tone, columns, one_line};

/// A table in the making.
#[derive(Debug)]
pub struct Table {
    heads: Vec<&'static str>,
    /// Which columns may be cut, the first to give way first.
    gives_way: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

/// A cell: its text and how it is painted.
#[derive(Debug)]
pub struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text: one_line(&text),
            tone: None,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// A cell in a colour.
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone: Some(tone),
            ..Self::from(text.into())
        }
    }
}

/// No column is cut below this.
const LEAST: usize = 8;

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// A table with these headings; `gives_way` are the columns that may be cut, in that order.
    pub fn new(heads: &[&'static str], gives_way: &[usize]) -> Self {
        Self {
            heads: heads.to_vec(),
            gives_way: gives_way.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The finished table.
    pub fn show(&self, look: Look) -> String {
        let widths = self.widths(look);
        let heads = self
            .heads
            .iter()
            .map(|head| Cell::toned(Tone::Strong, *head))
            .collect();
        let mut text = String::new();
        for row in std::iter::once(&heads).chain(&self.rows) {
            text.push_str(line(row, &widths, look).trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self, look: Look) -> Vec<usize> {
        let mut widths: Vec<_> = self.heads.iter().map(|head| columns(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = columns(&cell.text).max(*width);
            }
        }
        let Some(room) = look.width else {
            return widths;
        };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        for &column in &self.gives_way {
            let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
            if let Some(width) = widths.get_mut(column) {
                *width = width.saturating_sub(excess).max(LEAST.min(*width));
            }
        }
        widths
    }
}

fn line(row: &[Cell], widths: &[usize], look: Look) -> String {
    let cells: Vec<_> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| {
            let text = look.cut(&cell.text, *width);
            let space = " ".repeat(width.saturating_sub(columns(&text)));
            let text = cell
                .tone
                .map_or_else(|| text.clone(), |tone| look.paint(tone, &text));
            text + &space
        })
        .collect();
    cells.join(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["ACCOUNT", "TEXT", "STATE"], &[1, 0]);
        table.row([
            "practice-10001".into(),
            "A rather long text about bread".into(),
            "queued".into(),
        ]);
        table.row([
            "x-1".into(),
            "Kurz".into(),
            Cell::toned(Tone::Good, "posted"),
        ]);
        table
    }

    fn look(width: Option<usize>) -> Look {
        Look {
            colour: false,
            unicode: true,
            width,
        }
    }

    #[test]
    fn columns_line_up_and_nothing_is_cut_in_a_pipe() {
        assert_eq!(
            sample().show(look(None)),
            "ACCOUNT         TEXT                            STATE\n\
             practice-10001  A rather long text about bread  queued\n\
             x-1             Kurz                            posted\n"
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_the_columns_that_give_way() {
        let text = sample().show(look(Some(40)));
        assert!(text.lines().all(|line| columns(line) <= 40), "{text}");
        assert!(
            text.contains("practice-10001  A rather long t…  queued"),
            "{text}"
        );
    }
}
