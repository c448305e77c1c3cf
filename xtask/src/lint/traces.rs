//! Words that must not stand in the files: providers in the code, unfinished work, one machine's paths.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::tree;

/// Names that are also English words; they count only as a whole text literal.
const ALSO_WORDS: &[&str] = &[
    "buffer", "discord", "line", "medium", "slack", "threads", "twitch", "x",
];
/// The provider that is part of the program; its file names no outside service.
const BUILT_IN: &str = "practice.toml";
/// Speaks word for word as the service it stands in for: its messages and headers are data, and nothing is decided there.
const STAND_IN: &str = "crates/practice/";
/// How the code names a provider's file, which it may.
const FILE: &str = "providers/";

/// A provider's name occurs only in `providers/`, tests and documents.
pub fn providers(root: &Path) -> Result<(), String> {
    let names = provider_names(root);
    let mut wrong = Vec::new();
    for file in code(root) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (number, line) in product_lines(&text) {
            for name in names.iter().filter(|name| names_provider(line, name)) {
                wrong.push(format!(
                    "{}:{number}: names the provider {name}",
                    within(root, &file)
                ));
            }
        }
    }
    verdict(&wrong)
}

/// No half-done work, and no path that exists on one machine only.
pub fn leftovers(root: &Path) -> Result<(), String> {
    // Put together here, so that this file does not find itself.
    let unfinished = ["to", "do!("].concat();
    let unwritten = ["unimple", "mented!("].concat();
    let words = [["FIX", "ME"].concat(), ["X", "XX"].concat()];
    let paths = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/tmp/tar", "get"].concat(),
    ];
    let mut wrong = Vec::new();
    for file in tree::files(root) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            let found = [&unfinished, &unwritten]
                .into_iter()
                .find(|word| line.contains(word.as_str()))
                .or_else(|| words.iter().find(|word| has_word(line, word)))
                .or_else(|| paths.iter().find(|path| has_path(line, path)));
            if let Some(found) = found {
                wrong.push(format!("{}:{}: `{found}`", within(root, &file), at + 1));
            }
        }
    }
    verdict(&wrong)
}

/// The pages speak to the program through one typed interface.
pub fn desktop_api(root: &Path) -> Result<(), String> {
    let imports = |text: &str| {
        text.contains("from '@tauri-apps/")
            || text.contains("from \"@tauri-apps/")
            || text.contains("__TAURI_")
    };
    let wrong = tree::files(&root.join("ui/src"))
        .into_iter()
        .filter(|file| !file.ends_with("lib/backend.ts") && !file.ends_with("lib/backend.test.ts"))
        .filter(|file| fs::read_to_string(file).is_ok_and(|text| imports(&text)))
        .map(|file| format!("{}: uses the desktop API", within(root, &file)))
        .collect::<Vec<_>>();
    verdict(&wrong)
}

/// The lock file names packages by version and hash, wherever they are fetched from.
pub fn lock_file(root: &Path) -> Result<(), String> {
    let file = root.join("ui/package-lock.json");
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("could not read ui/package-lock.json: {error}"))?;
    if text.contains("\"resolved\"") {
        return Err("ui/package-lock.json holds download addresses: remove it and run `npm install` in the folder ui".into());
    }
    Ok(())
}

/// No script or style of the window comes from anywhere but its own files.
pub fn policy(root: &Path) -> Result<(), String> {
    let text = fs::read_to_string(root.join("tauri.conf.json"))
        .map_err(|error| format!("could not read tauri.conf.json: {error}"))?;
    let policy = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("\"csp\":"))
        .ok_or("tauri.conf.json has no content security policy (csp)")?;
    let mut wrong = Vec::new();
    for needed in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
    ] {
        if !policy.contains(needed) {
            wrong.push(format!("tauri.conf.json: csp lacks {needed}"));
        }
    }
    for loose in ["unsafe-", "https:", "data:", "*"] {
        if policy.contains(loose) {
            wrong.push(format!("tauri.conf.json: csp allows {loose}"));
        }
    }
    verdict(&wrong)
}

/// Ids and display names from the files in `providers/`.
fn provider_names(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for file in tree::files(&root.join("providers")) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        if file.extension().is_some_and(|kind| kind == "toml") && !file.ends_with(BUILT_IN) {
            names.extend(head_names(&text));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// `id` and `name` from the head of a provider file, in small letters.
fn head_names(text: &str) -> Vec<String> {
    text.lines()
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            let value = value.trim().strip_prefix('"')?;
            let value = value[..value.find('"')?].to_lowercase();
            matches!(key.trim(), "id" | "name").then_some(value)
        })
        .collect()
}

/// Whether a line of code names this provider.
fn names_provider(line: &str, name: &str) -> bool {
    let line = line.to_lowercase();
    if line.contains(&format!("{FILE}{name}.toml")) {
        return false;
    }
    if ALSO_WORDS.contains(&name) || name.len() < 4 {
        return ['"', '\'', '`']
            .iter()
            .any(|quote| line.contains(&format!("{quote}{name}{quote}")));
    }
    has_word(&line, name)
}

/// Source files of the product: neither tests nor examples.
fn code(root: &Path) -> Vec<PathBuf> {
    ["crates", "src-tauri", "ui/src", "xtask"]
        .iter()
        .flat_map(|folder| tree::files(&root.join(folder)))
        .filter(|file| {
            file.extension()
                .is_some_and(|kind| kind == "rs" || kind == "ts" || kind == "svelte")
        })
        .filter(|file| {
            let name = within(root, file);
            let parts: Vec<&str> = name.split('/').collect();
            let last = parts.last().copied().unwrap_or_default();
            !parts
                .iter()
                .any(|part| matches!(*part, "tests" | "examples" | "benches"))
                && !name.starts_with(STAND_IN)
                && !last.ends_with("tests.rs")
                && !last.ends_with(".test.ts")
                && last != "sample.ts"
        })
        .collect()
}

/// Numbered lines that are neither comment nor test (tests stand last in a file).
fn product_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !(line.trim_start().starts_with("#[cfg(") && line.contains("test")))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line))
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part)
            && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

/// Whether an absolute path starts so: nothing that could be a folder's name stands before it.
fn has_path(line: &str, path: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "._-}>*".contains(c);
    line.match_indices(path)
        .any(|(at, _)| !line[..at].chars().next_back().is_some_and(part))
}

fn within(root: &Path, file: &Path) -> String {
    file.strip_prefix(root)
        .unwrap_or(file)
        .to_string_lossy()
        .replace('\\', "/")
}

fn verdict(wrong: &[String]) -> Result<(), String> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_by_id_and_display_name() {
        let file =
            "schema = 1\nid = \"facebook\"\nname = \"Facebook Pages\"\n[vars]\nname = \"other\"\n";
        assert_eq!(head_names(file), ["facebook", "facebook pages"]);
    }

    #[test]
    fn a_name_counts_as_a_word_and_not_as_part_of_one() {
        assert!(names_provider("if provider == \"Facebook\" {", "facebook"));
        assert!(names_provider("Provider::Facebook => 1,", "facebook"));
        assert!(!names_provider("let fb_facebookish = 1;", "facebook"));
    }

    #[test]
    fn a_name_that_is_an_english_word_counts_only_as_a_whole_text() {
        assert!(names_provider("if id == \"threads\" {", "threads"));
        assert!(!names_provider("let threads = 3;", "threads"));
        assert!(!names_provider("let x = 3;", "x"));
    }

    #[test]
    fn the_list_of_provider_files_may_name_them() {
        assert!(!names_provider(
            "include_str!(\"../providers/facebook.toml\")",
            "facebook"
        ));
    }

    #[test]
    fn comments_and_tests_may_name_providers() {
        let text = "//! Facebook\ncode\n#[cfg(test)]\nmod tests { facebook }\n";
        assert_eq!(product_lines(text).collect::<Vec<_>>(), [(2, "code")]);
    }

    #[test]
    fn a_path_counts_only_where_it_starts() {
        let path = ["/wo", "rk/"].concat();
        assert!(has_path(&format!("cd {path}main"), &path));
        assert!(has_path(&format!("\"{path}main\""), &path));
        assert!(!has_path(&format!("home{path}main"), &path));
    }
}
