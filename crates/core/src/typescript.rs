//! The types of commands, replies and events in TypeScript, for the window's pages.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::command::{Command, Reply};
use crate::window::{AboutView, AutostartView, Draft, PracticePage, PracticeView, WindowEvent};

/// What stands above the types.
const HEAD: &str = "\
// Written by `cargo xtask types` from the Rust types of crates/core; change those instead.
/* eslint-disable */
";

/// The whole file: every type that the pages may meet, by name.
pub fn file() -> String {
    let mut types = Types {
        // JSON has one kind of number, and none of ours is beyond what it holds exactly.
        config: Config::new().with_large_int("number"),
        seen: HashSet::new(),
        found: BTreeMap::new(),
    };
    types.visit::<Command>();
    types.visit::<Reply>();
    types.visit::<WindowEvent>();
    types.visit::<Draft>();
    types.visit::<AutostartView>();
    types.visit::<AboutView>();
    types.visit::<PracticeView>();
    types.visit::<PracticePage>();
    let all: Vec<String> = types.found.into_values().collect();
    format!("{HEAD}\n{}", tidy(&all.join("\n")))
}

/// Comments of one line on one line, and nothing at the end of lines.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut tidied = Vec::new();
    let mut rest = &lines[..];
    while let [line, after @ ..] = rest {
        let comment = match after {
            [comment, end, ..] if *line == "/**" && end.trim() == "*/" => {
                comment.trim_start().strip_prefix("* ")
            }
            _ => None,
        };
        if let Some(comment) = comment {
            tidied.push(format!("/** {comment} */"));
            rest = &rest[3..];
        } else {
            tidied.push((*line).to_owned());
            rest = after;
        }
    }
    tidied.join("\n") + "\n"
}

struct Types {
    config: Config,
    seen: HashSet<TypeId>,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Lists, options and numbers have no declaration of their own, only what is in them.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declared = T::decl(&self.config);
            let text = format!("{docs}export {declared}\n");
            self.found.insert(T::ident(&self.config), text);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_has_what_the_pages_need_and_no_large_integers() {
        let file = super::file();
        for name in [
            "AccountView",
            "Problem",
            "PostView",
            "WindowEvent",
            "Draft",
            "Happening",
        ] {
            assert!(file.contains(&format!("export type {name} = ")), "{name}");
        }
        assert!(!file.contains("bigint"));
    }
}
