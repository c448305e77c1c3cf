//! Reading how many tests passed from what each runner prints.

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// A Rust test program's `test result: ok. 3 passed; 0 failed; …`.
pub fn rust(line: &str) -> Option<Count> {
    let (_, counts) = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?;
    Some(Count {
        passed: before(counts, " passed")?,
        failed: before(counts, " failed")?,
    })
}

/// Vitest's `Tests  2 failed | 37 passed (39)`.
pub fn vitest(line: &str) -> Option<Count> {
    let plain = without_colours(line);
    let counts = plain.trim().strip_prefix("Tests ")?;
    let count = Count {
        passed: before(counts, " passed").unwrap_or(0),
        failed: before(counts, " failed").unwrap_or(0),
    };
    (count != Count::default()).then_some(count)
}

/// The closing line of our own scripts, alone on its line: `3 passed, 0 failed`.
pub fn script(line: &str) -> Option<Count> {
    let (passed, failed) = line.trim().split_once(", ")?;
    Some(Count {
        passed: passed.strip_suffix(" passed")?.parse().ok()?,
        failed: failed.strip_suffix(" failed")?.parse().ok()?,
    })
}

/// The number that stands directly before `word`.
fn before(text: &str, word: &str) -> Option<usize> {
    let head = &text[..text.find(word)?];
    let digits = head
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + 1);
    head[digits..].parse().ok()
}

/// The line without terminal colour sequences.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(found: Option<Count>, passed: usize, failed: usize) -> bool {
        found == Some(Count { passed, failed })
    }

    #[test]
    fn rust_results_are_counted_whether_good_or_bad() {
        let ok = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert!(is(rust(ok), 12, 0));
        assert!(is(
            rust("test result: FAILED. 3 passed; 2 failed; 0 ignored"),
            3,
            2
        ));
        assert_eq!(rust("test words::it_passed ... ok"), None);
    }

    #[test]
    fn vitest_is_read_with_and_without_colours() {
        assert!(is(vitest("      Tests  39 passed (39)"), 39, 0));
        assert!(is(vitest("      Tests  2 failed | 37 passed (39)"), 37, 2));
        assert!(is(
            vitest(
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m39 passed\u{1b}[39m\u{1b}[22m (39)"
            ),
            39,
            0
        ));
        assert_eq!(vitest(" Test Files  5 passed (5)"), None);
    }

    #[test]
    fn only_a_whole_closing_line_of_a_script_counts() {
        assert!(is(script("7 passed, 1 failed"), 7, 1));
        assert_eq!(script("so far 7 passed, 1 failed"), None);
        assert_eq!(script("7 passed, 1 failed in 3 s"), None);
    }

    #[test]
    fn a_sum_is_printed_as_the_closing_line() {
        let mut sum = Count::default();
        sum += Count {
            passed: 2,
            failed: 1,
        };
        sum += Count {
            passed: 3,
            failed: 0,
        };
        assert_eq!(sum.to_string(), "5 passed, 1 failed");
    }
}
