//! What an answer must hold to count as a yes.

use serde_json::Value as Json;

use super::error_rule::Test;
use super::fault::FileError;
use super::node::Node;
use super::pointer::Pointer;
use super::section::{Section, one_or_more};

/// Alternatives; each holds if all of its pointers do. None written: any 2xx is a yes.
#[derive(Clone, Debug, Default)]
pub(super) struct Success(Vec<Alternative>);

/// What must stand at each pointer: one of the tests holds.
type Alternative = Vec<(Pointer, Vec<Test>)>;

impl Success {
    pub fn read(node: Option<&Node>) -> Result<Self, FileError> {
        let Some(node) = node else {
            return Ok(Self::default());
        };
        let each = |item: &Node| {
            let pair = |(key, node): &(String, Node)| {
                let pointer = Pointer::parse(key).map_err(|message| node.place.error(message))?;
                let tests = one_or_more(node).iter().map(Test::read);
                Ok((pointer, tests.collect::<Result<_, FileError>>()?))
            };
            Section::of(item)?
                .free()
                .iter()
                .map(pair)
                .collect::<Result<Vec<_>, FileError>>()
        };
        Ok(Self(
            one_or_more(node)
                .iter()
                .map(each)
                .collect::<Result<_, _>>()?,
        ))
    }

    pub fn holds(&self, json: Option<&Json>) -> bool {
        let holds = |json: &Json, all: &Alternative| {
            all.iter().all(|(pointer, tests)| {
                let found = pointer.find(json);
                found.is_some_and(|it| tests.iter().any(|test| test.holds(it)))
            })
        };
        self.0.is_empty()
            || json.is_some_and(|json| self.0.iter().any(|alternative| holds(json, alternative)))
    }
}
