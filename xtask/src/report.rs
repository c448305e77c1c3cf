//! What a stage found, printed as it happens.

use std::{path::Path, process::Command};

use crate::{
    count::{self, Count},
    process,
};

/// Collects the results of one stage.
#[derive(Debug, Default)]
pub struct Report {
    /// Tests so far.
    pub count: Count,
    /// What failed, one line each, for the summary.
    pub failures: Vec<String>,
}

impl Report {
    /// One check that is a test by itself.
    pub fn check(&mut self, what: &str, result: Result<(), String>) {
        match result {
            Ok(()) => {
                println!("ok      {what}");
                self.count.passed += 1;
            }
            Err(why) => self.fail(what, &why),
        }
    }

    /// Something failed, or could not even start.
    pub fn fail(&mut self, what: &str, why: &str) {
        println!("FAILED  {what}");
        for line in why.lines() {
            println!("        {line}");
        }
        self.count.failed += 1;
        let first = why.lines().next().unwrap_or_default();
        self.failures.push(format!("{what}: {first}"));
    }

    /// A command whose success is the check.
    pub fn command(&mut self, what: &str, command: &mut Command) {
        println!("        $ {}", process::shown(command));
        let result = process::watch(command, process::BUILD_LIMIT, |line| println!("{line}"))
            .and_then(|ok| {
                if ok {
                    Ok(())
                } else {
                    Err("see its output above".into())
                }
            });
        self.check(what, result);
    }

    /// A runner with tests of its own, which `read` counts; every line it can read is added.
    pub fn runner(&mut self, what: &str, command: &mut Command, read: fn(&str) -> Option<Count>) {
        self.run(what, command, |sum, line| {
            let count = read(line);
            *sum += count.unwrap_or_default();
            count.is_some()
        });
    }

    /// Runs it; `read` takes a line into the sum and says whether it told anything.
    fn run(&mut self, what: &str, command: &mut Command, read: impl Fn(&mut Count, &str) -> bool) {
        println!("        $ {}", process::shown(command));
        let (mut sum, mut told) = (Count::default(), false);
        let ended = process::watch(command, process::LIMIT, |line| {
            println!("{line}");
            told |= read(&mut sum, line);
        });
        self.count += sum;
        match ended {
            Err(why) => self.fail(what, &why),
            Ok(true) if !told => self.fail(what, "it did not say what it ran"),
            // The runner has counted its failures; only an unexplained bad end is one more.
            Ok(false) if sum.failed == 0 => {
                self.fail(what, "it ended with an error, see its output above");
            }
            Ok(_) if sum.failed > 0 => self.failures.push(format!("{what}: {sum}")),
            Ok(_) => {}
        }
    }

    /// A test script of ours, which ends with `N passed, N failed`.
    pub fn script(&mut self, what: &str, script: &Path, command: &mut Command) {
        if !crate::platform::root().join(script).is_file() {
            return self.fail(what, &format!("{} is missing", script.display()));
        }
        let before = self.count;
        // It may run others that close in the same way; its own line is the last.
        self.run(what, command, |sum, line| {
            let count = count::script(line);
            *sum = count.unwrap_or(*sum);
            count.is_some()
        });
        self.ran_something(what, before);
    }

    /// A group that ran no test at all proves nothing; `before` is the count when it began.
    pub fn ran_something(&mut self, what: &str, before: Count) {
        if self.count == before {
            self.fail(what, "it ran no test");
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn after(script: &str) -> Report {
        let mut report = Report::default();
        let mut command = process::command("sh");
        report.runner("it", command.args(["-c", script]), count::script);
        report
    }

    #[test]
    fn a_runner_that_tells_nothing_has_failed() {
        assert_eq!(
            after("true").count,
            Count {
                passed: 0,
                failed: 1
            }
        );
    }

    #[test]
    fn a_bad_end_after_good_tests_is_one_failure_more() {
        assert_eq!(
            after("echo 3 passed, 0 failed; exit 1").count,
            Count {
                passed: 3,
                failed: 1
            }
        );
    }

    #[test]
    fn a_counted_failure_is_not_counted_twice() {
        let report = after("echo 3 passed, 2 failed; exit 1");
        assert_eq!(
            report.count,
            Count {
                passed: 3,
                failed: 2
            }
        );
        assert_eq!(report.failures, ["it: 3 passed, 2 failed"]);
    }

    #[test]
    fn a_group_without_any_test_has_failed() {
        let mut report = after("echo 0 passed, 0 failed");
        assert_eq!(report.count, Count::default());
        report.ran_something("it", Count::default());
        assert_eq!(report.failures, ["it: it ran no test"]);
    }

    #[test]
    fn only_the_last_closing_line_of_a_script_counts() {
        let mut report = Report::default();
        let mut command = process::command("sh");
        command.args([
            "-c",
            "echo 3 passed, 0 failed; echo 5 passed, 1 failed; exit 1",
        ]);
        report.script("it", Path::new("Cargo.toml"), &mut command);
        assert_eq!(
            report.count,
            Count {
                passed: 5,
                failed: 1
            }
        );
    }

    #[test]
    fn a_missing_script_is_named() {
        let mut report = Report::default();
        report.script(
            "it",
            Path::new("tests/no-such.sh"),
            &mut process::command("true"),
        );
        assert_eq!(report.failures, ["it: tests/no-such.sh is missing"]);
    }
}
