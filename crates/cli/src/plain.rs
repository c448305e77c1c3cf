//! The plainest words, read without the parser: to build the tree of all words takes longer than a
//! keeper takes for its answer, and of a keeper itself it would be a tenth of the memory for good.
//!
//! What is read here means what the parser would make of it. Everything else, every mistake
//! included, is for the parser.

use std::ffi::OsString;
use std::path::PathBuf;

use evergrant_engine::places::{CONFIG, DATA};

use crate::args::{Global, PASSPHRASE_FILE, Task, WAIT, Words};
use crate::cmd_accounts::AccountsArgs;
use crate::cmd_keep::KeepArgs;
use crate::cmd_queue::QueueArgs;

/// The words of this program's call, if they are plain.
pub fn words() -> Option<Words> {
    read(std::env::args_os().skip(1), |name| std::env::var_os(name))
}

/// `accounts`, `queue` or `keep` with their plainest options, each once and in any order.
fn read(
    mut args: impl Iterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Option<Words> {
    let mut task: Option<Task> = None;
    let mut global = Global {
        json: false,
        data: None,
        config: None,
        keychain: None,
        passphrase_file: None,
        wait: WAIT,
        quiet: false,
    };
    while let Some(word) = args.next() {
        match (word.to_str()?, &mut task) {
            ("accounts", None) => task = Some(Task::Accounts(AccountsArgs {})),
            ("queue", None) => task = Some(Task::Queue(QueueArgs::default())),
            ("keep", None) => task = Some(Task::Keep(KeepArgs::default())),
            ("--all", Some(Task::Queue(queue))) => once(&mut queue.all)?,
            ("--headless", Some(Task::Keep(keep))) => once(&mut keep.headless)?,
            ("--json", _) => once(&mut global.json)?,
            ("--quiet" | "-q", _) => once(&mut global.quiet)?,
            ("--data", _) => path(&mut global.data, args.next()?)?,
            ("--config", _) => path(&mut global.config, args.next()?)?,
            ("--passphrase-file", _) => path(&mut global.passphrase_file, args.next()?)?,
            _ => return None,
        }
    }
    for (name, place) in [
        (DATA, &mut global.data),
        (CONFIG, &mut global.config),
        (PASSPHRASE_FILE, &mut global.passphrase_file),
    ] {
        match environment(name) {
            Some(value) if place.is_none() => path(place, value)?,
            _ => {}
        }
    }
    Some(Words {
        global,
        command: task?,
    })
}

fn once(option: &mut bool) -> Option<()> {
    (!std::mem::replace(option, true)).then_some(())
}

/// Takes what can only be a path, once.
fn path(place: &mut Option<PathBuf>, value: OsString) -> Option<()> {
    let plain = !value.is_empty() && !value.as_encoded_bytes().starts_with(b"-");
    (plain && place.replace(value.into()).is_none()).then_some(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Every list of up to four of these words is tried: every order and every repetition.
    const SOME: [&str; 13] = [
        "accounts",
        "queue",
        "keep",
        "--json",
        "--quiet",
        "-q",
        "--all",
        "--headless",
        "--data",
        "place",
        "--install",
        "--",
        "-h",
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
        assert!(read > 100, "{read}");
    }

    #[test]
    fn the_usual_questions_are_plain_and_others_are_not() {
        for list in [
            &["accounts", "--json"][..],
            &["--json", "queue", "--all"],
            &[
                "keep",
                "--headless",
                "--data",
                "/d",
                "--config",
                "/c",
                "--passphrase-file",
                "/p",
            ],
        ] {
            assert!(plainly(list).is_some(), "{list:?}");
        }
        for list in [
            &[][..],
            &["--json"],
            &["check"],
            &["accounts", "extra"],
            &["accounts", "--wait", "0"],
            &["queue", "send", "1"],
            &["keep", "--install"],
            &["accounts", "--data"],
            &["accounts", "--data", ""],
            &["accounts", "--data", "-x"],
            &["accounts", "--data", "a", "--data", "b"],
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
        let named = ["accounts", "--data", "/n"].map(OsString::from).into_iter();
        let words = read(named, |name| (name == DATA).then(|| "/d".into())).unwrap();
        assert_eq!(words.global.data.as_deref(), Some("/n".as_ref()));
        for name in [DATA, CONFIG, PASSPHRASE_FILE] {
            let empty = |asked: &str| (asked == name).then(OsString::new);
            assert!(read(list(), empty).is_none(), "{name}");
        }
    }
}
