//! The questions that scripts ask most, read without the parser: to build the tree of all words takes
//! longer than a keeper takes for its answer.
//!
//! What is read here means what the parser would make of it. Everything else, every mistake
//! included, is for the parser.

use std::ffi::OsString;
use std::path::PathBuf;

use evergrant_engine::places::{CONFIG, DATA};

use crate::args::{Global, PASSPHRASE_FILE, Task, WAIT, Words};
use crate::cmd_accounts::AccountsArgs;
use crate::cmd_queue::QueueArgs;

/// The words of this program's call, if they are plain.
pub fn words() -> Option<Words> {
    read(std::env::args_os().skip(1), |name| std::env::var_os(name))
}

/// `accounts` or `queue`, with options that have no value, each once and in any order.
fn read(
    args: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Option<Words> {
    let mut task = None;
    let (mut json, mut quiet, mut all) = (false, false, false);
    for word in args {
        let word = word.to_str()?;
        if let "accounts" | "queue" = word {
            if task.replace(word.to_owned()).is_some() {
                return None;
            }
            continue;
        }
        let option = match word {
            "--json" => &mut json,
            "--quiet" | "-q" => &mut quiet,
            "--all" if task.as_deref() == Some("queue") => &mut all,
            _ => return None,
        };
        if std::mem::replace(option, true) {
            return None;
        }
    }
    let folder = |name| match environment(name) {
        Some(value) if value.is_empty() => Err(()),
        value => Ok(value.map(PathBuf::from)),
    };
    let global = Global {
        json,
        data: folder(DATA).ok()?,
        config: folder(CONFIG).ok()?,
        keychain: None,
        passphrase_file: folder(PASSPHRASE_FILE).ok()?,
        wait: WAIT,
        quiet,
    };
    let command = match task?.as_str() {
        "accounts" => Task::Accounts(AccountsArgs {}),
        _ => Task::Queue(QueueArgs { all, task: None }),
    };
    Some(Words { global, command })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Every list of up to four of these words, which is every order and every repetition.
    const SOME: [&str; 9] = [
        "accounts", "queue", "--json", "--quiet", "-q", "--all", "send", "--", "-h",
    ];

    fn lists(longest: usize) -> Vec<Vec<&'static str>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|list| SOME.map(|word| [list.as_slice(), &[word]].concat()))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    fn plainly(list: &[&str]) -> Option<Words> {
        read(list.iter().map(OsString::from), |name| {
            std::env::var_os(name)
        })
    }

    #[test]
    fn what_is_read_plainly_is_what_the_parser_reads() {
        let mut read = 0;
        for list in lists(4) {
            let Some(words) = plainly(&list) else {
                continue;
            };
            let parsed = Words::try_parse_from([&["evergrant"], list.as_slice()].concat());
            assert_eq!(
                format!("{words:?}"),
                format!("{:?}", parsed.unwrap()),
                "{list:?}"
            );
            read += 1;
        }
        assert!(read > 20, "{read}");
    }

    #[test]
    fn the_usual_questions_are_plain_and_others_are_not() {
        for list in [&["accounts", "--json"][..], &["--json", "queue", "--all"]] {
            assert!(plainly(list).is_some(), "{list:?}");
        }
        for list in [
            &[][..],
            &["--json"],
            &["check"],
            &["accounts", "extra"],
            &["accounts", "--wait", "0"],
            &["queue", "send", "1"],
        ] {
            assert!(plainly(list).is_none(), "{list:?}");
        }
    }

    #[test]
    fn the_environment_names_the_folders_and_an_empty_name_is_for_the_parser() {
        let list = || ["accounts".into()].into_iter();
        let words = read(list(), |name| (name == DATA).then(|| "/d".into())).unwrap();
        assert_eq!(words.global.data.as_deref(), Some("/d".as_ref()));
        assert_eq!(words.global.config, None);
        for name in [DATA, CONFIG, PASSPHRASE_FILE] {
            let empty = |asked: &str| (asked == name).then(OsString::new);
            assert!(read(list(), empty).is_none(), "{name}");
        }
    }
}
