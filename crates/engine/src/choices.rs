//! What the person has chosen about warnings and late posts, and the file that keeps it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use evergrant_core::command::{Code, Problem, SettingsChanges, SettingsView};
use evergrant_core::policy::GrantPolicy;
use toml_edit::{Array, DocumentMut, Item, value};

use crate::engine::{Engine, Internal, lock};
use crate::places::{code_of, unreadable};

/// How late a post may go out by itself if the person has chosen nothing.
const LATE_LIMIT: TimeDelta = TimeDelta::hours(2);

/// What may be chosen: below a minute a post would be late while it is being sent.
pub(crate) const LATE_LIMITS: RangeInclusive<TimeDelta> =
    TimeDelta::minutes(1)..=TimeDelta::days(30);

/// The longest lead of a warning that makes sense.
const LONGEST_LEAD: TimeDelta = TimeDelta::days(3650);

/// More warnings than this are no help.
const MOST_WARNINGS: usize = 10;

/// What the person has chosen; what is left out is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// The settings file, which keeps changes; without one they last as long as the engine.
    pub file: Option<PathBuf>,
    /// How long ahead of an announced end the person is warned, longest first (usually a week and a
    /// day).
    pub warn_before: Option<Vec<TimeDelta>>,
    /// How late a post may go out by itself (usually two hours).
    pub late_limit: Option<TimeDelta>,
}

/// In the order in which warnings are given, each once.
pub(crate) fn longest_first(mut times: Vec<TimeDelta>) -> Vec<TimeDelta> {
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.dedup();
    times
}

impl Engine {
    pub(crate) fn warn_before(&self) -> Option<Vec<TimeDelta>> {
        lock(&self.choices).warn_before.clone()
    }

    /// How late a new post may go out by itself, in seconds.
    pub(crate) fn late_limit(&self) -> i64 {
        let chosen = lock(&self.choices).late_limit;
        chosen.unwrap_or(LATE_LIMIT).num_seconds()
    }

    pub(crate) fn settings_view(&self) -> SettingsView {
        let warn_before = self
            .warn_before()
            .unwrap_or_else(|| GrantPolicy::default().warn_before);
        let file = lock(&self.choices).file.clone();
        SettingsView {
            warn_before: warn_before.iter().map(TimeDelta::num_seconds).collect(),
            late_limit: self.late_limit(),
            file: file.map_or_else(String::new, |file| file.display().to_string()),
        }
    }

    /// Writes the changes into the settings file, then goes by them.
    pub(crate) fn change_settings(
        &self,
        changes: SettingsChanges,
    ) -> Result<SettingsView, Internal> {
        let warn_before = changes.warn_before.map(leads).transpose()?;
        let late_limit = changes.late_limit.map(limit).transpose()?;
        {
            let mut choices = lock(&self.choices);
            let new = Choices {
                file: choices.file.clone(),
                warn_before: warn_before.or_else(|| choices.warn_before.clone()),
                late_limit: late_limit.or(choices.late_limit),
            };
            if let Some(file) = &new.file {
                write(file, &new)?;
            }
            *choices = new;
        }
        self.wake_for_warnings()?;
        Ok(self.settings_view())
    }

    /// Warnings at other times mean other times to wake.
    fn wake_for_warnings(&self) -> Result<(), Internal> {
        let _turn = self.turn();
        let mut wakes = Vec::new();
        for account in self.store.accounts()? {
            // An account whose provider file is broken is not looked after before it is mended.
            let Ok(policy) = self.grant_policy(&account) else {
                continue;
            };
            let wake = self.wake_of(&account, &policy);
            wakes.extend(wake.map(|at| (account.id, at)));
        }
        self.store.put_account_wakes(&wakes)?;
        Ok(())
    }
}

fn leads(seconds: Vec<i64>) -> Result<Vec<TimeDelta>, Problem> {
    if seconds.len() > MOST_WARNINGS {
        let said = format!("at most {MOST_WARNINGS} warnings can be chosen");
        return Err(Problem::new(Code::Usage, said));
    }
    let lead = |seconds: i64| {
        TimeDelta::try_seconds(seconds)
            .filter(|lead| *lead > TimeDelta::zero() && *lead <= LONGEST_LEAD)
            .ok_or_else(|| {
                Problem::new(
                    Code::Usage,
                    format!("a warning cannot come {seconds} seconds ahead"),
                )
                .hint("Choose from one second to ten years.")
            })
    };
    let leads = seconds.into_iter().map(lead).collect::<Result<_, _>>()?;
    Ok(longest_first(leads))
}

fn limit(seconds: i64) -> Result<TimeDelta, Problem> {
    TimeDelta::try_seconds(seconds)
        .filter(|limit| LATE_LIMITS.contains(limit))
        .ok_or_else(|| {
            Problem::new(
                Code::Usage,
                format!("a post cannot be allowed to be {seconds} seconds late"),
            )
            .hint("Choose from one minute to 30 days.")
        })
}

/// Puts the choices into the file and leaves everything else in it as the person wrote it.
fn write(file: &Path, choices: &Choices) -> Result<(), Problem> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable(file, &error)),
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let why = error
            .message()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        Problem::new(Code::Usage, format!("{}: {why}", file.display()))
            .hint("Mend the file; nothing was changed in it.")
    })?;
    if let Some(times) = &choices.warn_before {
        let times: Array = times.iter().map(|time| span(*time)).collect();
        put(&mut document, "warn_before", value(times));
    }
    if let Some(limit) = choices.late_limit {
        put(&mut document, "late_limit", value(span(limit)));
    }
    replace(file, &document.to_string()).map_err(|error| {
        Problem::new(
            code_of(&error),
            format!("{} cannot be written: {error}", file.display()),
        )
    })
}

/// Sets a value; a comment behind the old one stays.
fn put(document: &mut DocumentMut, name: &str, mut item: Item) {
    let old = document.get(name).and_then(Item::as_value);
    if let (Some(old), Some(new)) = (old, item.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    document[name] = item;
}

/// Writes the file as a whole or not at all; where it is a link, what it leads to.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = std::fs::write(&new, text)
        .and_then(|()| match std::fs::metadata(&file) {
            Ok(old) => std::fs::set_permissions(&new, old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&new, &file));
    if written.is_err() {
        // The fault to tell is the first one.
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// A time as the file has it, in the largest unit that tells it exactly: `7d`, `90m`.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let (size, unit) = [(86_400, 'd'), (3_600, 'h'), (60, 'm')]
        .into_iter()
        .find(|(size, _)| seconds % size == 0)
        .unwrap_or((1, 's'));
    format!("{}{unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen() -> Choices {
        Choices {
            file: None,
            warn_before: Some(vec![TimeDelta::days(14), TimeDelta::hours(36)]),
            late_limit: Some(TimeDelta::minutes(90)),
        }
    }

    #[test]
    fn what_else_stands_in_the_file_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(
            &file,
            "# mine\nwarn_before = [\"1d\"] # enough\n\nkeychain = \"vault\"   # no keyring here\n",
        )
        .unwrap();
        write(&file, &chosen()).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "# mine\nwarn_before = [\"14d\", \"36h\"] # enough\n\nkeychain = \"vault\"   # no keyring \
             here\nlate_limit = \"90m\"\n"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_made_where_there_is_none_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("new");
        let places = crate::places::Places::find(Some("/data".into()), Some(config)).unwrap();
        write(&places.settings_file(), &chosen()).unwrap();
        let read = places.choices().unwrap();
        assert_eq!(read.warn_before, chosen().warn_before);
        assert_eq!(read.late_limit, chosen().late_limit);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "keychain =").unwrap();
        let problem = write(&file, &chosen()).unwrap_err();
        assert_eq!(problem.code, Code::Usage);
        assert_eq!(problem.message.lines().count(), 1);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "keychain =");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (
            folder.path().join("real.toml"),
            folder.path().join("config.toml"),
        );
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, &chosen()).unwrap();
        assert!(link.is_symlink());
        assert!(
            std::fs::read_to_string(&real)
                .unwrap()
                .contains("late_limit")
        );
    }

    #[test]
    fn a_time_is_written_in_its_largest_unit() {
        let told = |seconds| span(TimeDelta::seconds(seconds));
        assert_eq!(
            [told(604_800), told(7_200), told(5_400), told(61)],
            ["7d", "2h", "90m", "61s"]
        );
    }
}
