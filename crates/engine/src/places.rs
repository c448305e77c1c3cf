//! The folders, and what stands in the person's own settings. Every door uses the same ones.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use directories::ProjectDirs;
use evergrant_core::command::{Code, Problem};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::choices::{Choices, LATE_LIMITS, longest_first};
use crate::pictures::hex;
use crate::ports::clock::parse_offset;

/// The name under which the system's keychain lists our entries.
const SERVICE: &str = "dev.evergrant.app";

/// Names the data folder, for every door.
pub const DATA: &str = "EVERGRANT_DATA";

/// Names the folder of the settings, for every door.
pub const CONFIG: &str = "EVERGRANT_CONFIG";

/// Where secrets are kept: the person's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeychainChoice {
    /// The operating system's keychain.
    System,
    /// The encrypted vault in the data folder.
    Vault,
}

impl KeychainChoice {
    const ALL: [Self; 2] = [Self::System, Self::Vault];

    /// Its name in the settings and for a keeper's clients.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Vault => "vault",
        }
    }
}

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    warn_before: Option<Vec<String>>,
    late_limit: Option<String>,
}

impl Places {
    /// The folders that were named, or the platform's own.
    pub fn find(data: Option<PathBuf>, config: Option<PathBuf>) -> Result<Self, Problem> {
        let usual = ProjectDirs::from("dev", "Evergrant", "Evergrant");
        let usual_data = usual.as_ref().map(|dirs| dirs.data_local_dir().to_owned());
        let data = data.or_else(|| usual_data.clone()).ok_or_else(|| {
            Problem::new(Code::File, "this system names no home folder")
                .hint("Set HOME, or name a data folder with --data or EVERGRANT_DATA.")
        })?;
        let config = config
            .or_else(|| usual.map(|dirs| dirs.config_dir().to_owned()))
            .unwrap_or_else(|| data.join("config"));
        Ok(Self {
            data_is_usual: usual_data.as_ref() == Some(&data),
            data,
            config,
        })
    }

    /// The folders that the environment names, or the platform's own.
    pub fn of_environment() -> Result<Self, Problem> {
        let named = |name| {
            std::env::var_os(name)
                .filter(|it| !it.is_empty())
                .map(PathBuf::from)
        };
        Self::find(named(DATA), named(CONFIG))
    }

    /// The vault's file.
    pub fn vault(&self) -> PathBuf {
        self.data.join("vault.age")
    }

    /// The settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Where secrets are kept, by the settings.
    pub fn keychain(&self) -> Result<KeychainChoice, Problem> {
        let Some(text) = self.settings()?.keychain else {
            return Ok(KeychainChoice::System);
        };
        KeychainChoice::ALL
            .into_iter()
            .find(|choice| choice.name() == text)
            .ok_or_else(|| {
                self.bad_settings(&format!(
                    "keychain is \"{text}\"; write \"system\" or \"vault\""
                ))
            })
    }

    /// What the person has chosen there about warnings and late posts.
    pub fn choices(&self) -> Result<Choices, Problem> {
        let Settings {
            warn_before,
            late_limit,
            ..
        } = self.settings()?;
        let wrong = |name: &str, text: &str, like: &str| {
            self.bad_settings(&format!("{name} holds \"{text}\"; write {like}"))
        };
        let warn_before = warn_before.map(|texts| {
            let times = texts.into_iter().map(|text| {
                parse_offset(&text)
                    .filter(|time| *time > TimeDelta::zero())
                    .ok_or_else(|| wrong("warn_before", &text, "times such as \"7d\" or \"12h\""))
            });
            times.collect::<Result<Vec<_>, _>>().map(longest_first)
        });
        let late_limit = late_limit.map(|text| {
            parse_offset(&text)
                .filter(|time| LATE_LIMITS.contains(time))
                .ok_or_else(|| wrong("late_limit", &text, "a time from \"1m\" to \"30d\""))
        });
        Ok(Choices {
            file: Some(self.settings_file()),
            warn_before: warn_before.transpose()?,
            late_limit: late_limit.transpose()?,
        })
    }

    /// The name of our entries in the system's keychain. Two data folders have entries of their
    /// own: both may know an account of the same name.
    pub fn service(&self) -> String {
        if self.data_is_usual {
            return SERVICE.to_owned();
        }
        let folder = std::path::absolute(&self.data).unwrap_or_else(|_| self.data.clone());
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        format!("{SERVICE}.{}", hex(&digest[..4]))
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

    fn bad_settings(&self, why: &str) -> Problem {
        let why = why.lines().next().unwrap_or_default();
        Problem::new(
            Code::Usage,
            format!("{}: {why}", self.settings_file().display()),
        )
        .hint(
            "The file knows three settings: keychain = \"system\" or \"vault\", warn_before = \
             [\"7d\", \"1d\"], and late_limit = \"2h\".",
        )
    }
}

/// What a file's fault is to machines: a full disk is told apart.
pub fn code_of(error: &std::io::Error) -> Code {
    if error.kind() == std::io::ErrorKind::StorageFull {
        Code::DiskFull
    } else {
        Code::File
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

    fn places(folder: &Path) -> Places {
        Places {
            data: folder.into(),
            data_is_usual: false,
            config: folder.into(),
        }
    }

    #[test]
    fn the_settings_choose_the_keychain() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        assert_eq!(places.keychain(), Ok(KeychainChoice::System));
        std::fs::write(places.settings_file(), "keychain = \"vault\"\n").unwrap();
        assert_eq!(places.keychain(), Ok(KeychainChoice::Vault));
    }

    #[test]
    fn the_settings_choose_when_to_be_warned_longest_first() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        let warn_before = || places.choices().map(|choices| choices.warn_before);
        assert_eq!(warn_before(), Ok(None));
        let write = |text: &str| std::fs::write(places.settings_file(), text).unwrap();
        write("warn_before = [\"12h\", \"14d\"]\n");
        let times = vec![TimeDelta::days(14), TimeDelta::hours(12)];
        assert_eq!(warn_before(), Ok(Some(times)));
        for nonsense in ["\"-1d\"", "\"0\"", "\"soon\""] {
            write(&format!("warn_before = [{nonsense}]\n"));
            let problem = warn_before().unwrap_err();
            assert!(problem.message.contains("warn_before holds"), "{problem}");
        }
    }

    #[test]
    fn the_settings_choose_how_late_a_post_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        let late_limit = || places.choices().map(|choices| choices.late_limit);
        let write = |text: &str| std::fs::write(places.settings_file(), text).unwrap();
        write("late_limit = \"30m\"\n");
        assert_eq!(late_limit(), Ok(Some(TimeDelta::minutes(30))));
        for nonsense in ["0", "31d", "-1h", "late"] {
            write(&format!("late_limit = \"{nonsense}\"\n"));
            let problem = late_limit().unwrap_err();
            assert!(problem.message.contains("late_limit holds"), "{problem}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_told_with_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path());
        for text in ["keychain = \"plain\"", "keychian = \"vault\"", "keychain ="] {
            std::fs::write(places.settings_file(), text).unwrap();
            let problem = places.keychain().unwrap_err();
            assert_eq!(problem.code, Code::Usage);
            assert!(problem.message.contains("config.toml: "), "{problem}");
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

    #[test]
    fn another_data_folder_has_entries_of_its_own() {
        let named = |data: &str| places(Path::new(data)).service();
        assert_ne!(named("/a"), named("/b"));
        assert_eq!(named("/a"), named("/a"));
        let usual = Places {
            data_is_usual: true,
            ..places(Path::new("/a"))
        };
        assert_eq!(usual.service(), SERVICE);
    }
}
