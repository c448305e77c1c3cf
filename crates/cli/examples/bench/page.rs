//! The page: a table of the results, one section of detail for each, the machine.

use std::fmt;

/// The page, filled as results come.
pub struct Page {
    machine: Vec<(&'static str, String)>,
    results: Vec<[String; 5]>,
    sections: Vec<Section>,
}

/// What one result is made of.
struct Section {
    title: &'static str,
    text: String,
    table: Table,
}

/// A table with its headings.
pub struct Table {
    /// The headings.
    pub head: Vec<&'static str>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// One line of the first table.
pub struct Line {
    /// What was measured.
    pub what: &'static str,
    /// The number.
    pub here: String,
    /// What it is compared with, and that number.
    pub beside: String,
    /// What was aimed at, where there is an aim, and whether it was met.
    pub aim: Option<(&'static str, bool)>,
}

impl Page {
    /// An empty page of this machine.
    pub fn new(machine: Vec<(&'static str, String)>) -> Self {
        Self {
            machine,
            results: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Adds to the first table.
    pub fn result(&mut self, line: Line) {
        let (aim, met) = match line.aim {
            None => ("none", "–"),
            Some((aim, true)) => (aim, "yes"),
            Some((aim, false)) => (aim, "**no**"),
        };
        self.results.push([
            line.what.to_owned(),
            line.here,
            line.beside,
            aim.to_owned(),
            met.to_owned(),
        ]);
    }

    /// Adds the detail of a result.
    pub fn section(&mut self, title: &'static str, text: impl Into<String>, table: Table) {
        self.sections.push(Section {
            title,
            text: text.into(),
            table,
        });
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Benchmarks\n\nWritten by `cargo xtask bench --write`: medians and ratios of one run of a release build on one machine.\nWhat is compared was measured in the same run, so the ratios say more than the times.\n"
        )?;
        let results = Table {
            head: vec!["What", "Here", "Beside", "Aim", "Met"],
            rows: self.results.iter().map(|row| row.to_vec()).collect(),
        };
        writeln!(f, "{results}")?;
        for section in &self.sections {
            let Section { title, text, table } = section;
            writeln!(f, "## {title}\n\n{text}\n\n{table}")?;
        }
        let machine = Table {
            head: vec!["Machine", ""],
            rows: self
                .machine
                .iter()
                .map(|(name, value)| vec![(*name).to_owned(), value.clone()])
                .collect(),
        };
        write!(f, "## Machine\n\n{machine}")
    }
}

impl fmt::Display for Table {
    /// Markdown whose columns stand under each other, to be read in a terminal too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<_> = self.head.iter().map(|cell| width(cell)).collect();
        for row in &self.rows {
            for (most, cell) in widths.iter_mut().zip(row) {
                *most = (*most).max(width(cell));
            }
        }
        let line = |f: &mut fmt::Formatter<'_>, cells: &mut dyn Iterator<Item = &str>| {
            for (cell, width) in cells.zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &mut self.head.iter().copied())?;
        for width in &widths {
            write!(f, "|{}", "-".repeat(width + 2))?;
        }
        writeln!(f, "|")?;
        for row in &self.rows {
            line(f, &mut row.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}
