//! `cargo xtask test`: the chosen stages one after another, a summary, and one closing line.

use std::time::{Duration, Instant};

use crate::{
    build::Build,
    count::Count,
    node, packages, platform, process,
    report::Report,
    stages::{STAGES, Stage},
};

/// This test program of the keychain needs keyrings in certain states, which a script gives it.
pub const KEYRING_SCENARIOS: &str = "secret_service";

/// The package whose program holds the pages.
const WINDOW: &str = "evergrant-desktop";

/// What the stages of one run share.
#[derive(Debug)]
pub struct Shared {
    words: Vec<&'static str>,
    build: Option<Result<Build, String>>,
}

/// Runs the stages, each whatever became of the others; the result says whether all of them passed.
pub fn test(stages: &[&'static Stage]) -> bool {
    let mut shared = Shared::new(stages);
    let mut rows = Vec::new();
    let mut sum = Count::default();
    for (at, stage) in stages.iter().enumerate() {
        println!(
            "\n== stage: {} ({} of {}) - {}",
            stage.name,
            at + 1,
            stages.len(),
            stage.proves
        );
        let start = Instant::now();
        let report = one(stage, &mut shared);
        println!(
            "== {}: {} ({})",
            stage.name,
            report.count,
            took(start.elapsed())
        );
        sum += report.count;
        rows.push((stage.name, report, start.elapsed()));
    }
    println!("\n== summary");
    for (name, report, time) in &rows {
        println!(
            "{name:<10} {:>5} passed {:>4} failed  {:>12}",
            report.count.passed,
            report.count.failed,
            took(*time)
        );
    }
    for (name, report, _) in &rows {
        for failure in &report.failures {
            println!("failed in {name}: {failure}");
        }
    }
    println!("{sum}");
    sum.failed == 0
}

fn one(stage: &Stage, shared: &mut Shared) -> Report {
    let mut report = Report::default();
    if stage.linux_only && !platform::here().is_linux() {
        println!("not run here: it needs a Linux desktop session; the other stages go on");
        return report;
    }
    match packages::install(stage.packages) {
        Ok(()) => (stage.run)(shared, &mut report),
        Err(why) => report.fail("packages", &why),
    }
    report
}

impl Shared {
    fn new(stages: &[&'static Stage]) -> Self {
        Self {
            words: selection(stages),
            build: None,
        }
    }

    /// The one build of this run; the first stage that needs it waits for it.
    ///
    /// # Errors
    /// A sentence, when cargo can't be started.
    pub fn build(&mut self) -> Result<&Build, String> {
        let build = self.build.get_or_insert_with(|| {
            // Programs and tests in one call: the same features for both, so nothing is compiled twice. A crate that
            // does not compile fails its own stage and those that stand on it, not the others.
            if self
                .words
                .iter()
                .any(|word| ["--workspace", WINDOW].contains(word))
            {
                // The window takes its pages into the program while it is compiled. That they could
                // not be built is for their own stage to say.
                if let Err(why) = node::pages() {
                    println!("{why}");
                }
            }
            let mut words = self.words.clone();
            words.extend(["--bins", "--tests", "--examples", "--keep-going"]);
            Build::new(&words)
        });
        build.as_ref().map_err(Clone::clone)
    }

    /// Runs the tests of one package.
    pub fn rust_tests(&mut self, folder: &str, report: &mut Report) {
        let folder = platform::root().join(folder);
        let shown = folder.display().to_string();
        let tests = match self.build() {
            Ok(build) => build.tests(&folder),
            Err(why) => return report.fail("build", &why),
        };
        if tests.is_empty() {
            return report.fail(
                "build",
                &format!("the tests in {shown} did not compile, see cargo's output above"),
            );
        }
        let before = report.count;
        for test in tests.iter().filter(|test| !test.is_from(KEYRING_SCENARIOS)) {
            let mut command = process::command(&test.path);
            // As cargo runs them: in their package's folder, which they also find named.
            command
                .current_dir(&test.package)
                .env("CARGO_MANIFEST_DIR", &test.package);
            let name = test
                .path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            report.runner(&name, &mut command, crate::count::rust);
        }
        report.ran_something(&shown, before);
    }
}

/// The packages that the stages need built, as cargo's words. All stages mean the whole workspace, which also makes
/// clippy and the build agree on features.
fn selection(stages: &[&'static Stage]) -> Vec<&'static str> {
    if stages.len() == STAGES.len() {
        return vec!["--workspace"];
    }
    let mut words = Vec::new();
    for name in stages.iter().flat_map(|stage| stage.builds) {
        if !words.contains(name) {
            words.extend(["-p", *name]);
        }
    }
    words
}

/// A duration for people: `8.1 s`, `3 min 05 s`.
fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(names: &[&str]) -> Vec<&'static Stage> {
        STAGES
            .iter()
            .filter(|stage| names.contains(&stage.name))
            .collect()
    }

    #[test]
    fn all_stages_build_the_whole_workspace_at_once() {
        assert_eq!(
            selection(&STAGES.iter().collect::<Vec<_>>()),
            ["--workspace"]
        );
    }

    #[test]
    fn one_stage_builds_only_what_it_needs() {
        assert_eq!(selection(&stages(&["core"])), ["-p", "evergrant-core"]);
        assert_eq!(
            selection(&stages(&["cli", "browser"])),
            ["-p", "evergrant-cli"]
        );
    }

    #[test]
    fn durations_are_read_by_people() {
        assert_eq!(took(Duration::from_millis(8_140)), "8.1 s");
        assert_eq!(took(Duration::from_secs(185)), "3 min 05 s");
    }
}
