//! Posting as steps, and finding out afterwards whether it went through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value as Json;
use url::Url;

use super::error_rule::Seen;
use super::fault::FileError;
use super::limit::TextLimit;
use super::node::{Node, Value};
use super::pointer::Source;
use super::recover::{Absent, Lookup};
use super::refusal::{Class, Phase, Refusal};
use super::request::RequestTemplate;
use super::rules::Shared;
use super::section::{Section, list};
use super::success::Success;
use super::template::{Names, Template};
use super::values::{RenderError, Values, Variable};
use crate::http::{Request, Response};

/// What steps capture: names and texts.
pub type Captures = BTreeMap<String, String>;

/// One kind of post: `text`, `photo`, …
#[derive(Clone, Debug)]
pub struct PostKind {
    /// Its name.
    pub name: String,
    /// The longest text.
    pub limit: TextLimit,
    /// Permissions it needs.
    pub needs: Vec<String>,
    /// Tasks the person must have on the child, all of them.
    pub child_tasks: Vec<String>,
    /// What is done, in order. Exactly one step commits.
    pub steps: Vec<Step>,
    /// How to find out after a lost answer.
    pub recover: Recover,
    /// What a picture or file may be; `None` if the kind carries none.
    pub media: Option<MediaRules>,
    /// True if the kind can carry a link.
    pub takes_link: bool,
    url: Option<Template>,
    lookup: Option<Lookup>,
    shared: Arc<Shared>,
}

/// One request of a post.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, for the journal.
    pub name: String,
    /// True for the one request that cannot be taken back.
    pub commit: bool,
    request: RequestTemplate,
    until: Success,
    every: TimeDelta,
    capture: Vec<(String, Vec<Source>)>,
}

/// How to find out whether a post went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recover {
    /// Look it up.
    Lookup {
        /// How long after the attempt "not there" is believed.
        settle: TimeDelta,
        /// What "not there" leads to.
        absent: Absent,
        /// Permissions looking it up needs.
        needs: Vec<String>,
    },
    /// The provider offers no way; only the person can tell.
    AskPerson,
}

/// What a looked-up post turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It is there.
    Found {
        /// Its id.
        id: String,
    },
    /// The whole span was seen, and it is not there.
    NotThere,
    /// The answer does not settle it.
    CantTell,
}

/// What a picture or file of a post may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRules {
    /// Media types such as `image/png`.
    pub types: Vec<String>,
    /// Largest size in bytes.
    pub max_bytes: u64,
}

/// Values a post's requests may use.
pub(super) const POST_VALUES: [Variable; 13] = [
    Variable::ClientId,
    Variable::ClientSecret,
    Variable::Access,
    Variable::AppToken,
    Variable::AccountId,
    Variable::ChildId,
    Variable::ChildToken,
    Variable::PostText,
    Variable::PostLink,
    Variable::Media,
    Variable::Key,
    Variable::AttemptStarted,
    Variable::Refresh,
];

impl PostKind {
    pub(super) fn read(
        section: &Section<'_>,
        vars: &BTreeMap<String, String>,
        shared: &Arc<Shared>,
        post_url: Option<&Node>,
    ) -> Result<Self, FileError> {
        let mut names = Names {
            vars,
            allowed: POST_VALUES.to_vec(),
            captured: Vec::new(),
        };
        let name = section.require_text("kind")?.to_owned();
        let limit = TextLimit::read(&Section::of(section.require("limit")?)?)?;
        let needs = section.texts("needs")?;
        let child_tasks = section.texts("child_tasks")?;
        let media = section
            .section("media")?
            .as_ref()
            .map(MediaRules::read)
            .transpose()?;
        let steps_node = section.require("steps")?;
        let mut steps = Vec::new();
        for node in list(steps_node)? {
            let step = Step::read(&Section::of(node)?, &mut names)?;
            steps.push(step);
        }
        let commits = steps.iter().filter(|step| step.commit).count();
        if commits != 1 {
            return Err(steps_node.place.error(format!(
                "{commits} steps have `commit = true`; exactly one step can't be taken back"
            )));
        }
        let sends_media = steps.iter().any(|step| step.request.uses(&Variable::Media));
        if sends_media != media.is_some() {
            return Err(section.place.error(if sends_media {
                "a step sends {media}; say what it may be with `media = { types = […], max_bytes = … }`"
            } else {
                "`media` is allowed, but no step sends {media}"
            }));
        }
        let (recover, lookup) = read_recover(section.require("recover")?, &names)?;
        let url = section
            .get("url")
            .or(post_url)
            .map(|node| Template::read(node, &names))
            .transpose()?;
        let takes_link = steps
            .iter()
            .any(|step| step.request.uses(&Variable::PostLink));
        section.close()?;
        let shared = shared.clone();
        Ok(Self {
            name,
            limit,
            needs,
            child_tasks,
            steps,
            recover,
            media,
            takes_link,
            url,
            lookup,
            shared,
        })
    }

    /// The request of step `i`, counted from 0.
    pub fn render_step(&self, i: usize, values: &Values) -> Result<Request, RenderError> {
        let step = self.steps.get(i).ok_or(RenderError::Absent("this step"))?;
        step.request.render(values, &self.shared.common)
    }

    /// What step `i` answered.
    ///
    /// Errors: a refusal. A 2xx answer without what the file promises is one of class unknown:
    /// after the step that commits, only a look-up can tell. A step that waits for the provider
    /// to be ready refuses as transient, with the time after which to ask again.
    pub fn read_step(&self, i: usize, response: &Response) -> Result<Captures, Refusal> {
        let json = response.json();
        let seen = Seen {
            phase: Phase::Post,
            response,
            json: json.as_ref(),
        };
        self.shared.refuse(&seen)?;
        let rules = &self.shared.rules;
        let Some(step) = self.steps.get(i) else {
            return Ok(Captures::new());
        };
        let body = json.as_ref().unwrap_or(&Json::Null);
        if !step.until.holds(json.as_ref()) {
            return Err(match json {
                Some(_) => Refusal {
                    class: Class::Transient,
                    retry_after: Some(step.every),
                    ..rules.nonsense(&seen, "The service is still working on it.")
                },
                None => rules.nonsense(&seen, "The service's answer was not readable."),
            });
        }
        let mut captures = Captures::new();
        for (name, sources) in &step.capture {
            let found = sources
                .iter()
                .find_map(|source| source.find(response, body));
            let Some(found) = found else {
                return Err(rules.nonsense(&seen, "The service's answer names no post."));
            };
            captures.insert(name.clone(), found);
        }
        Ok(captures)
    }

    /// The look-up after a lost answer; `None` if only the person can tell.
    pub fn recover_request(&self, values: &Values) -> Option<Result<Request, RenderError>> {
        let lookup = self.lookup.as_ref()?;
        Some(lookup.request.render(values, &self.shared.common))
    }

    /// Looks for the post in the answer. `known_ids` are posts whose delivery is known: an equal
    /// text among them is another post. `values` must hold what the post was sent with and when
    /// the attempt started.
    pub fn find_in_recovery(
        &self,
        response: &Response,
        values: &Values,
        known_ids: &BTreeSet<String>,
    ) -> Recovered {
        let json = response.json();
        let seen = Seen {
            phase: Phase::Recover,
            response,
            json: json.as_ref(),
        };
        match (&self.lookup, &json) {
            (Some(lookup), Some(json)) if self.shared.refuse(&seen).is_ok() => {
                lookup.find(json, values, known_ids)
            }
            _ => Recovered::CantTell,
        }
    }

    /// Where a person can look at the post; needs the captured values.
    pub fn url(&self, values: &Values) -> Option<Url> {
        self.url.as_ref()?.fill_address(values).ok()
    }

    /// Permissions for posting and for looking the post up.
    pub(super) fn needed_scopes(&self) -> impl Iterator<Item = &String> {
        let looking_up: &[String] = match &self.recover {
            Recover::Lookup { needs, .. } => needs,
            Recover::AskPerson => &[],
        };
        self.needs.iter().chain(looking_up)
    }

    pub(super) fn uses_children(&self) -> bool {
        let uses = |step: &Step| {
            step.request.uses(&Variable::ChildId) || step.request.uses(&Variable::ChildToken)
        };
        self.steps.iter().any(uses)
    }

    /// Under which captured name the post's own id stands.
    pub fn id_of(captures: &Captures) -> Option<&str> {
        captures.get("id").map(String::as_str)
    }
}

impl Step {
    fn read(section: &Section<'_>, names: &mut Names<'_>) -> Result<Self, FileError> {
        let name = section.require_text("name")?.to_owned();
        let commit = section.flag("commit")?;
        let request = RequestTemplate::read(section.require("request")?, names)?;
        let until = section.get("until");
        if let (true, Some(node)) = (commit, until) {
            return Err(node
                .place
                .error("the step that commits is sent once; wait in a step of its own"));
        }
        let until = Success::read(until)?;
        let every = section.duration("every")?.unwrap_or(TimeDelta::seconds(60));
        let mut capture = Vec::new();
        if let Some(node) = section.get("capture") {
            for (name, node) in Section::of(node)?.free() {
                if names.vars.contains_key(name) {
                    return Err(node
                        .place
                        .error(format!("`{name}` is in [vars] already; take another name")));
                }
                capture.push((name.clone(), Source::read_all(node)?));
                names.captured.push(name.clone());
            }
        }
        section.close()?;
        if commit && !capture.iter().any(|(name, _)| name == "id") {
            return Err(section.place.error(
                "the step that commits must capture the post's `id`, as in `capture = { id = \"/id\" }`",
            ));
        }
        Ok(Self {
            name,
            commit,
            request,
            until,
            every,
            capture,
        })
    }
}

impl MediaRules {
    fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let types = section.texts("types")?;
        let max_bytes = super::section::whole(section.require("max_bytes")?)?;
        section.close()?;
        if types.is_empty() {
            return Err(section
                .place
                .error("`types` is empty; write [\"image/jpeg\", …]"));
        }
        Ok(Self { types, max_bytes })
    }
}

fn read_recover(node: &Node, names: &Names<'_>) -> Result<(Recover, Option<Lookup>), FileError> {
    match &node.value {
        Value::Text(text) if text == "ask_person" => Ok((Recover::AskPerson, None)),
        Value::Table(_) => {
            let section = Section::of(node)?;
            let settle = section.duration("settle")?.unwrap_or(TimeDelta::minutes(2));
            let absents = [
                ("resend", Absent::Resend),
                ("ask_person", Absent::AskPerson),
            ];
            let absent = section
                .word("absent", &absents)?
                .unwrap_or(Absent::AskPerson);
            let needs = section.texts("needs")?;
            let lookup = Lookup::read(&section, names)?;
            Ok((
                Recover::Lookup {
                    settle,
                    absent,
                    needs,
                },
                Some(lookup),
            ))
        }
        _ => Err(node.place.error(
            "this must be a look-up, as in `{ request = …, list = …, same = …, id = … }`, or \
             \"ask_person\"",
        )),
    }
}
