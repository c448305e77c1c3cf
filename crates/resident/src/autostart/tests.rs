//! What is written reads back, by the rules of its format; and files of others are safe.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::*;

/// Words with everything in them that either format gives a meaning to.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \"'`$%\\\\;#~|&<>*?(){}=@a-z]{0,12}",
        "\\PC{0,12}",
        Just("--data".to_owned()),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    (word(), proptest::collection::vec(word(), 0..5)).prop_map(|(name, words)| {
        let path = PathBuf::from(format!("/opt/{}", name.replace('=', "")));
        Program::new(&path, words.into_iter().map(OsString::from)).unwrap()
    })
}

proptest! {
    #[test]
    fn the_desktop_reads_the_words_that_were_meant(program in program()) {
        let entry = desktop_entry::entry(&program);
        let words = exec_words(value(&entry, "Exec="));
        prop_assert_eq!(words, program.line().collect::<Vec<_>>());
    }

    #[test]
    fn systemd_reads_the_words_that_were_meant(program in program()) {
        let unit = unit::unit(&program);
        let words = unit_words(value(&unit, "ExecStart="));
        prop_assert_eq!(words, program.line().collect::<Vec<_>>());
    }
}

fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
    let value = values.next().unwrap();
    assert_eq!(values.next(), None, "one {key}");
    value
}

/// The key `Exec` by the Desktop Entry Specification: the string's escapes first, then the quotes,
/// then the field codes.
fn exec_words(value: &str) -> Vec<String> {
    let mut unescaped = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        unescaped.push(match c {
            '\\' => match chars.next() {
                Some('s') => ' ',
                Some('\\') => '\\',
                other => panic!("\\{other:?} is no escape we write"),
            },
            c => c,
        });
    }
    let mut words = Vec::new();
    let mut rest = unescaped.as_str();
    while !rest.is_empty() {
        let mut word = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            loop {
                match chars.next().expect("the quote ends") {
                    (at, '"') => {
                        rest = &quoted[at + 1..];
                        break;
                    }
                    (_, '\\') => match chars.next() {
                        Some((_, c @ ('"' | '`' | '$' | '\\'))) => word.push(c),
                        other => panic!("\\{other:?} in quotes"),
                    },
                    (_, c @ ('`' | '$')) => panic!("{c} needs a backslash"),
                    (_, c) => word.push(c),
                }
            }
        } else {
            let end = rest.find(' ').unwrap_or(rest.len());
            word.push_str(&rest[..end]);
            let reserved = " \t\n\"'\\><~|&;$*?#()`";
            assert!(!word.contains(|c| reserved.contains(c)), "{word}");
            rest = &rest[end..];
        }
        assert!(rest.is_empty() || rest.starts_with(' '));
        rest = rest.trim_start_matches(' ');
        words.push(undoubled(&word, '%'));
    }
    words
}

/// `ExecStart` by systemd.syntax(7) and systemd.service(5): quotes and C escapes first, then
/// specifiers, then variables.
fn unit_words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = value.chars().peekable();
    while chars.peek().is_some() {
        assert_eq!(chars.next(), Some('"'), "every word is quoted");
        let mut word = String::new();
        loop {
            match chars.next().expect("the quote ends") {
                '"' => break,
                '\\' => match chars.next() {
                    Some(c @ ('"' | '\\')) => word.push(c),
                    other => panic!("\\{other:?} is no escape we write"),
                },
                c => word.push(c),
            }
        }
        if words.is_empty() {
            // systemd checks the program's path, and puts no variables into it.
            assert!(!word.contains(['"', '\'', '\\', '%', '$']), "{word}");
        }
        words.push(undoubled(&undoubled(&word, '%'), '$'));
        assert!(matches!(chars.next(), None | Some(' ')));
    }
    words
}

/// Every `mark` stands twice and means itself.
fn undoubled(word: &str, mark: char) -> String {
    let mut chars = word.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        if c == mark {
            assert_eq!(chars.next(), Some(mark), "{mark} alone in {word}");
        }
        text.push(c);
    }
    text
}

const WAYS: [Way; 2] = [Way::Desktop, Way::Systemd];

fn room() -> (tempfile::TempDir, Folders) {
    let room = tempfile::tempdir().unwrap();
    let config = room.path().join("a config/folder");
    (room, Folders { config })
}

fn keeper() -> Program {
    Program::new(Path::new("/opt/evergrant"), ["keep".into()]).unwrap()
}

/// Every file and link below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_installed_is_found_and_removed_without_a_trace() {
    for way in WAYS {
        let (_room, folders) = room();
        assert_eq!(installed(way, &folders).unwrap(), None);
        assert_eq!(uninstall(way, &folders).unwrap(), None);
        let first = install(way, &keeper(), &folders).unwrap();
        assert!(!first.replaced);
        assert_eq!(installed(way, &folders).unwrap(), Some(first.file.clone()));
        let again = install(way, &keeper(), &folders).unwrap();
        assert_eq!((&again.file, again.replaced), (&first.file, true));
        assert_eq!(uninstall(way, &folders).unwrap(), Some(first.file));
        assert_eq!(files(&folders.config), <[PathBuf; 0]>::default());
    }
}

#[test]
fn the_desktops_entry_stands_where_desktops_look() {
    let (_room, folders) = room();
    install(Way::Desktop, &keeper(), &folders).unwrap();
    let file = folders
        .config
        .join("autostart/dev.evergrant.keeper.desktop");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("[Desktop Entry]\nType=Application\n"));
    assert_eq!(value(&text, "Exec="), "/opt/evergrant keep");
    assert_eq!(files(&folders.config), [file]);
}

#[test]
fn the_unit_is_enabled_as_systemctl_would() {
    let (_room, folders) = room();
    install(Way::Systemd, &keeper(), &folders).unwrap();
    let units = folders.config.join("systemd/user");
    let unit = units.join("evergrant-keeper.service");
    let link = units.join("default.target.wants/evergrant-keeper.service");
    assert_eq!(fs::read_link(&link).unwrap(), unit);
    let text = fs::read_to_string(&link).unwrap();
    assert_eq!(value(&text, "ExecStart="), "\"/opt/evergrant\" \"keep\"");
    assert_eq!(value(&text, "Restart="), "on-failure");
    assert_eq!(files(&folders.config), [link, unit]);
}

#[test]
fn another_program_takes_the_place_of_the_one_before() {
    for way in WAYS {
        let (_room, folders) = room();
        let file = install(way, &keeper(), &folders).unwrap().file;
        let other = Program::new(Path::new("/usr/bin/evergrant"), ["keep".into()]).unwrap();
        install(way, &other, &folders).unwrap();
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("/usr/bin/evergrant"));
        assert!(!text.contains("/opt/evergrant"));
    }
}

#[test]
fn a_file_of_somebody_else_is_neither_overwritten_nor_removed() {
    for way in WAYS {
        let (_room, folders) = room();
        let file = install(way, &keeper(), &folders).unwrap().file;
        fs::write(&file, "Exec=/bin/true\n# X-Evergrant=keeper2\n").unwrap();
        let before = files(&folders.config);
        let sentence = format!("{} was not written by Evergrant", file.display());
        for problem in [
            install(way, &keeper(), &folders).unwrap_err(),
            uninstall(way, &folders).unwrap_err(),
            installed(way, &folders).unwrap_err(),
        ] {
            assert_eq!(problem.message, sentence);
        }
        assert_eq!(files(&folders.config), before);
        assert!(fs::read_to_string(&file).unwrap().contains("/bin/true"));
    }
}

#[test]
fn a_link_of_somebody_else_is_left_alone() {
    let (_room, folders) = room();
    let link = folders.config.join(unit::LINK);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink("/usr/lib/other.service", &link).unwrap();
    let problem = install(Way::Systemd, &keeper(), &folders).unwrap_err();
    assert!(problem.message.ends_with("was not written by Evergrant"));
    assert!(uninstall(Way::Systemd, &folders).is_err());
    assert_eq!(files(&folders.config), std::slice::from_ref(&link));
    // A file in the link's place is not ours either.
    fs::remove_file(&link).unwrap();
    fs::write(&link, "").unwrap();
    assert!(install(Way::Systemd, &keeper(), &folders).is_err());
}

#[test]
fn a_link_that_was_left_over_goes_too() {
    let (_room, folders) = room();
    let unit = install(Way::Systemd, &keeper(), &folders).unwrap().file;
    fs::remove_file(unit).unwrap();
    assert_eq!(uninstall(Way::Systemd, &folders).unwrap(), None);
    assert_eq!(files(&folders.config), <[PathBuf; 0]>::default());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    for (way, folder) in [(Way::Desktop, "autostart"), (Way::Systemd, "systemd")] {
        let (_room, folders) = room();
        fs::create_dir_all(&folders.config).unwrap();
        fs::write(folders.config.join(folder), "a file").unwrap();
        let problem = install(way, &keeper(), &folders).unwrap_err();
        assert!(problem.message.contains(folder), "{}", problem.message);
    }
}

#[test]
fn a_path_that_cannot_be_a_program_is_run_by_env() {
    let line = |path: &str| {
        let program = Program::new(Path::new(path), ["keep".into()]).unwrap();
        program.line().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("/a b/evergrant"), ["/a b/evergrant", "keep"]);
    assert_eq!(
        line("/a%b/evergrant"),
        ["/usr/bin/env", "/a%b/evergrant", "keep"]
    );
}

#[test]
fn the_persons_settings_are_where_the_environment_says() {
    let config = |xdg: Option<&str>, home: Option<&str>| {
        let named = |name: &str| match name {
            "XDG_CONFIG_HOME" => xdg.map(OsString::from),
            "HOME" => home.map(OsString::from),
            _ => None,
        };
        Folders::named_by(named).map(|folders| folders.config)
    };
    assert_eq!(config(Some("/c"), Some("/h")), Ok("/c".into()));
    for ignored in [None, Some(""), Some("c")] {
        assert_eq!(config(ignored, Some("/h")), Ok("/h/.config".into()));
    }
    assert_eq!(
        config(None, None).unwrap_err().message,
        "this session names no home folder"
    );
}

#[test]
fn names_that_no_entry_can_hold_are_refused() {
    let said = |path: &str, words: Vec<OsString>| {
        Program::new(Path::new(path), words).unwrap_err().message
    };
    assert_eq!(
        said("evergrant", vec![]),
        "the program is named \"evergrant\", which is no absolute path"
    );
    assert_eq!(
        said("/opt/a=b", vec![]),
        "the path of the program, \"/opt/a=b\", holds an equals sign"
    );
    assert_eq!(
        said("/opt/a", vec!["--data".into(), "a\nb".into()]),
        "\"a\\nb\" holds a line break or another control character"
    );
    assert_eq!(
        said("/opt/a", vec![OsString::from_vec(vec![b'a', 0xff])]),
        "\"a\u{fffd}\" is not in UTF-8, which a start entry has to be in"
    );
}
