//! The folders, and what stands in the person's own settings.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use evergrant_core::command::{Code, Problem};
use serde::Deserialize;

use crate::args::{Global, KeychainKind};

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// True if it is the one that is used when nobody says anything.
    pub data_is_usual: bool,
    /// The folder of the person's settings.
    pub config: PathBuf,
}

/// `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    keychain: Option<String>,
}

impl Places {
    /// The folders that were named, or the platform's own.
    pub fn find(global: &Global) -> Result<Self, Problem> {
        let usual = ProjectDirs::from("dev", "Evergrant", "Evergrant");
        let usual_data = usual.as_ref().map(|dirs| dirs.data_local_dir().to_owned());
        let data = global
            .data
            .clone()
            .or_else(|| usual_data.clone())
            .ok_or_else(|| {
                Problem::new(Code::File, "this system names no home folder")
                    .hint("Set HOME, or name a data folder with --data.")
            })?;
        let config = global
            .config
            .clone()
            .or_else(|| usual.map(|dirs| dirs.config_dir().to_owned()))
            .unwrap_or_else(|| data.join("config"));
        Ok(Self {
            data_is_usual: usual_data.as_ref() == Some(&data),
            data,
            config,
        })
    }

    /// The vault's file.
    pub fn vault(&self) -> PathBuf {
        self.data.join("vault.age")
    }

    /// Where secrets are kept, by the command line or the settings.
    pub fn keychain(&self, global: &Global) -> Result<KeychainKind, Problem> {
        if let Some(kind) = global.keychain {
            return Ok(kind);
        }
        match self.settings()?.keychain.as_deref() {
            None | Some("system") => Ok(KeychainKind::System),
            Some("vault") => Ok(KeychainKind::Vault),
            Some(other) => Err(self.bad_settings(&format!(
                "keychain is \"{other}\"; write \"system\" or \"vault\""
            ))),
        }
    }

    /// The person's own provider files: name for messages, and text.
    pub fn own_providers(&self) -> Result<Vec<(String, String)>, Problem> {
        let folder = self.config.join("providers");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(&folder, &error)),
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "toml")
            })
            .collect();
        // The order of a folder is no order.
        paths.sort();
        paths
            .into_iter()
            .map(|path| {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                Ok((path.display().to_string(), text))
            })
            .collect()
    }

    fn settings(&self) -> Result<Settings, Problem> {
        let path = self.settings_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| self.bad_settings(error.message())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }

    fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    fn bad_settings(&self, why: &str) -> Problem {
        let why = why.lines().next().unwrap_or_default();
        Problem::new(
            Code::Usage,
            format!("{}: {why}", self.settings_file().display()),
        )
        .hint("The file knows one setting: keychain = \"system\" or \"vault\".")
    }
}

/// A file that cannot be read, as the answer to a command.
pub fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        Code::File,
        format!("{} cannot be read: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(config: &Path) -> Places {
        Places {
            data: config.into(),
            data_is_usual: false,
            config: config.into(),
        }
    }

    fn global() -> Global {
        use clap::Parser as _;
        crate::args::Words::parse_from(["evergrant", "accounts"]).global
    }

    #[test]
    fn the_settings_choose_the_keychain() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        assert_eq!(places.keychain(&global()), Ok(KeychainKind::System));
        std::fs::write(places.settings_file(), "keychain = \"vault\"\n").unwrap();
        assert_eq!(places.keychain(&global()), Ok(KeychainKind::Vault));
    }

    #[test]
    fn settings_that_make_no_sense_are_told_with_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        for text in ["keychain = \"plain\"", "keychian = \"vault\"", "keychain ="] {
            std::fs::write(places.settings_file(), text).unwrap();
            let problem = places.keychain(&global()).unwrap_err();
            assert_eq!(problem.code, Code::Usage);
            assert!(
                problem.message.contains("config.toml: "),
                "{}",
                problem.message
            );
        }
    }

    #[test]
    fn own_provider_files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let providers = folder.path().join("providers");
        std::fs::create_dir(&providers).unwrap();
        for name in ["b.toml", "a.toml", "notes.txt"] {
            std::fs::write(providers.join(name), name).unwrap();
        }
        let files = places(folder.path()).own_providers().unwrap();
        let texts: Vec<_> = files.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["a.toml", "b.toml"]);
    }
}
