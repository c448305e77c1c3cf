//! One build for all stages, and where it put the programs.

use std::path::{Path, PathBuf};

use crate::process;

/// A program that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The folder of its package.
    pub package: PathBuf,
    /// The program itself.
    pub path: PathBuf,
    /// It runs tests.
    pub is_test: bool,
}

/// What one call of cargo built.
#[derive(Debug, Default)]
pub struct Build {
    programs: Vec<Program>,
    /// Everything compiled.
    pub ok: bool,
}

impl Build {
    /// Builds with these words after `cargo build`; cargo shows its own progress.
    ///
    /// # Errors
    /// A sentence, when cargo can't be started.
    pub fn new(words: &[&str]) -> Result<Self, String> {
        let mut command = process::cargo();
        command.arg("build").args(words);
        println!("$ {}", process::shown(&command));
        command.arg("--message-format=json-render-diagnostics");
        let mut build = Self::default();
        build.ok = process::watch(&mut command, process::BUILD_LIMIT, |line| {
            build.programs.extend(program(line));
        })?;
        Ok(build)
    }

    /// The test programs of the package in `folder`.
    pub fn tests(&self, folder: &Path) -> Vec<Program> {
        let of_package = |program: &&Program| program.is_test && program.package == folder;
        self.programs.iter().filter(of_package).cloned().collect()
    }

    /// Where the test program made from `tests/NAME.rs` is.
    pub fn test(&self, name: &str) -> Option<PathBuf> {
        let named = |program: &&Program| program.is_test && program.is_from(name);
        self.programs
            .iter()
            .find(named)
            .map(|program| program.path.clone())
    }

    /// Where the program of this name is.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let named = |program: &&Program| {
            !program.is_test && program.path.file_stem().is_some_and(|stem| stem == name)
        };
        self.programs
            .iter()
            .find(named)
            .map(|program| program.path.clone())
    }
}

impl Program {
    /// Whether a test program is made from `tests/NAME.rs`: cargo calls it `NAME-` and a hash.
    pub fn is_from(&self, name: &str) -> bool {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        stem.rsplit_once('-').is_some_and(|(head, _)| head == name)
    }
}

/// The program that a line of cargo's messages reports, if it does.
fn program(line: &str) -> Option<Program> {
    if !line.starts_with("{\"reason\":\"compiler-artifact\"") {
        return None;
    }
    let profile = &line[line.find("\"profile\":{")?..];
    let profile = &profile[..profile.find('}')?];
    Some(Program {
        package: PathBuf::from(text(line, "manifest_path")?)
            .parent()?
            .to_owned(),
        path: text(line, "executable")?.into(),
        is_test: profile.contains("\"test\":true"),
    })
}

/// The text of a field; `None` also for `null`. Paths are the only texts read here, so `\\` is the only escape.
fn text(line: &str, field: &str) -> Option<String> {
    let start = format!("\"{field}\":\"");
    let value = &line[line.find(&start)? + start.len()..];
    Some(value[..value.find('"')?].replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(test: bool, executable: &str) -> String {
        format!(
            "{{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///p#0.1.0\",\"manifest_path\":\"/p/crates/cli/Cargo.toml\",\
             \"target\":{{\"kind\":[\"bin\"],\"name\":\"evergrant\",\"test\":true}},\"profile\":{{\"opt_level\":\"0\",\"test\":{test}}},\
             \"features\":[],\"filenames\":[],\"executable\":{executable},\"fresh\":false}}"
        )
    }

    #[test]
    fn a_program_is_told_from_its_tests_by_the_profile() {
        let built = program(&message(false, "\"/t/debug/evergrant\"")).unwrap();
        assert_eq!(built.package, Path::new("/p/crates/cli"));
        assert_eq!(built.path, Path::new("/t/debug/evergrant"));
        assert!(!built.is_test);
        assert!(
            program(&message(true, "\"/t/debug/deps/evergrant-1\""))
                .unwrap()
                .is_test
        );
    }

    #[test]
    fn a_test_program_is_found_by_the_file_it_is_made_from() {
        let built = program(&message(true, "\"/t/debug/deps/secret_service-1f\"")).unwrap();
        assert!(built.is_from("secret_service") && !built.is_from("secret"));
    }

    #[test]
    fn libraries_and_other_messages_are_passed_over() {
        assert_eq!(program(&message(false, "null")), None);
        assert_eq!(
            program("{\"reason\":\"build-finished\",\"success\":true}"),
            None
        );
        assert_eq!(program("warning: something"), None);
    }

    #[test]
    fn a_windows_path_is_read_back() {
        let line = message(false, r#""C:\\t\\evergrant.exe""#);
        assert_eq!(
            program(&line).unwrap().path,
            PathBuf::from(r"C:\t\evergrant.exe")
        );
    }
}
