//! The file's ordered error rules, and after them those of the RFCs.

use chrono::{DateTime, TimeDelta};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType as Standard};
use serde_json::Value as Json;

use super::fault::FileError;
use super::node::{Node, Value};
use super::pointer::{Pointer, Pointers, as_text, as_whole};
use super::refusal::{Class, Phase, Refusal, clean};
use super::section::{Section, expected, one_or_more, text, whole, word};
use super::values::reasons;
use crate::EndReason;
use crate::http::Response;

/// `[refusal]` and every `[[error]]` of a file.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    ordered: Vec<Rule>,
    said: Pointers,
    code: Pointers,
    subcode: Pointers,
}

#[derive(Clone, Debug)]
struct Rule {
    phases: Vec<Phase>,
    conditions: Vec<Condition>,
    class: Class,
    reason: Option<EndReason>,
    retry_after: Option<RetryAfter>,
}

#[derive(Clone, Debug)]
struct Condition {
    subject: Subject,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Subject {
    Status,
    Code,
    Subcode,
    Said,
    Header(String),
    Body(Pointer),
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Is(String),
    Flag(bool),
    Range(i64, i64),
    Contains(String),
}

#[derive(Clone, Debug)]
enum RetryAfter {
    Fixed(TimeDelta),
    Header {
        name: String,
        pointer: Option<Pointer>,
        unit: i64,
    },
    Body {
        pointer: Pointer,
        unit: i64,
    },
}

/// One answer, as the rules look at it.
pub(super) struct Seen<'a> {
    pub phase: Phase,
    pub response: &'a Response,
    /// The body, or the part of it that holds the error.
    pub json: Option<&'a Json>,
}

impl Rules {
    pub fn read(refusal: Option<&Section<'_>>, errors: &[Section<'_>]) -> Result<Self, FileError> {
        let mut out = Self {
            ordered: Vec::new(),
            said: Pointers::fixed(&["/error_description", "/message", "/error/message", "/error"]),
            code: Pointers::fixed(&["/error/code", "/code", "/error"]),
            subcode: Pointers::default(),
        };
        if let Some(section) = refusal {
            let named = [
                ("said", &mut out.said),
                ("code", &mut out.code),
                ("subcode", &mut out.subcode),
            ];
            for (key, pointers) in named {
                if let Some(node) = section.get(key) {
                    *pointers = Pointers::read(node)?;
                }
            }
            section.close()?;
        }
        for section in errors {
            out.ordered.push(Rule::read(section)?);
        }
        Ok(out)
    }

    /// What the answer means: the file's rules in order, then the standards', else unknown.
    pub fn classify(&self, seen: &Seen<'_>) -> Refusal {
        let standard = || standard_rule(seen);
        self.by_file(seen).or_else(standard).map_or_else(
            || {
                self.refusal(
                    seen,
                    Class::Unknown,
                    None,
                    retry_after_header(seen.response),
                )
            },
            |(class, reason, wait)| self.refusal(seen, class, reason, wait),
        )
    }

    /// Only what the file's own rules say. Some services answer 200 with a failure inside.
    pub fn inside_success(&self, seen: &Seen<'_>) -> Option<Refusal> {
        self.by_file(seen)
            .map(|(class, reason, wait)| self.refusal(seen, class, reason, wait))
    }

    /// A refusal without a rule, for answers that are not what the file promises.
    pub fn nonsense(&self, seen: &Seen<'_>, why: &str) -> Refusal {
        let mut refusal = self.refusal(seen, Class::Unknown, None, None);
        why.clone_into(&mut refusal.said);
        refusal
    }

    fn by_file(&self, seen: &Seen<'_>) -> Option<(Class, Option<EndReason>, Option<TimeDelta>)> {
        let rule = self.ordered.iter().find(|rule| rule.holds(self, seen))?;
        let wait = rule.retry_after.as_ref().and_then(|from| from.read(seen));
        let header = || retry_after_header(seen.response);
        Some((rule.class, rule.reason, wait.or_else(header)))
    }

    fn refusal(
        &self,
        seen: &Seen<'_>,
        class: Class,
        reason: Option<EndReason>,
        retry_after: Option<TimeDelta>,
    ) -> Refusal {
        let read = |pointers: &Pointers| seen.json.and_then(|json| pointers.text(json));
        let code = read(&self.code).map(|code| match read(&self.subcode) {
            Some(subcode) => format!("{code}/{subcode}"),
            None => code,
        });
        let said = read(&self.said).unwrap_or_else(|| match seen.json {
            Some(_) => "The service gave no explanation.".into(),
            None => "The service's answer was not readable.".into(),
        });
        Refusal {
            class,
            reason,
            retry_after,
            status: seen.response.status,
            code: code.map(|code| clean(&code)),
            said: clean(&said),
        }
    }
}

impl Rule {
    fn read(section: &Section<'_>) -> Result<Self, FileError> {
        let (phases, conditions) = read_match(section.require("match")?)?;
        let class = word(section.require("class")?, &Class::NAMES)?;
        let reason = section.word("reason", &reasons())?;
        let reason = match (class, reason) {
            (Class::Dead, None) => {
                return Err(section
                    .place
                    .error("class \"dead\" needs a `reason`, such as \"expired\" or \"revoked\""));
            }
            (Class::Dead, some) => some,
            (Class::ScopeMissing, None) => Some(EndReason::ScopeMissing),
            (_, None) => None,
            (_, Some(_)) => {
                return Err(section.place.error(format!(
                    "class \"{}\" ends nothing, so it has no `reason`; leave it out",
                    class.code()
                )));
            }
        };
        let retry_after = section
            .get("retry_after")
            .map(RetryAfter::from_node)
            .transpose()?;
        section.close()?;
        Ok(Self {
            phases,
            conditions,
            class,
            reason,
            retry_after,
        })
    }

    fn holds(&self, rules: &Rules, seen: &Seen<'_>) -> bool {
        (self.phases.is_empty() || self.phases.contains(&seen.phase))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(rules, seen))
    }
}

fn read_match(node: &Node) -> Result<(Vec<Phase>, Vec<Condition>), FileError> {
    let mut phases = Vec::new();
    let mut conditions = Vec::new();
    for (key, value) in Section::of(node)?.free() {
        let subject = match key.as_str() {
            "phase" => {
                for item in one_or_more(value) {
                    phases.push(word(item, &Phase::NAMES)?);
                }
                continue;
            }
            "status" => Subject::Status,
            "code" => Subject::Code,
            "subcode" => Subject::Subcode,
            "said" => Subject::Said,
            other => match other.strip_prefix("header:") {
                Some(name) => Subject::Header(name.to_owned()),
                None if other.starts_with('/') => Subject::Body(
                    Pointer::parse(other).map_err(|message| value.place.error(message))?,
                ),
                None => {
                    return Err(value.place.error(format!(
                        "`{other}` can't be matched; known are status, phase, code, subcode, \
                         said, header:NAME and JSON pointers such as \"/error/code\""
                    )));
                }
            },
        };
        let tests = one_or_more(value)
            .iter()
            .map(Test::read)
            .collect::<Result<_, _>>()?;
        conditions.push(Condition { subject, tests });
    }
    if conditions.is_empty() {
        return Err(node
            .place
            .error("`match` must look at more of the answer than its phase"));
    }
    Ok((phases, conditions))
}

impl Condition {
    fn holds(&self, rules: &Rules, seen: &Seen<'_>) -> bool {
        let passes = |value: &Json| self.tests.iter().any(|test| test.holds(value));
        // A text for people may be translated where the technical one beside it is not, so every
        // alternative is looked at.
        let named = |at: &Pointers| seen.json.is_some_and(|json| at.all(json).any(passes));
        match &self.subject {
            Subject::Status => passes(&Json::from(seen.response.status)),
            Subject::Code => named(&rules.code),
            Subject::Subcode => named(&rules.subcode),
            Subject::Said => named(&rules.said),
            Subject::Header(name) => seen
                .response
                .header(name)
                .is_some_and(|text| passes(&Json::from(text))),
            Subject::Body(at) => seen.json.and_then(|json| at.find(json)).is_some_and(passes),
        }
    }
}

impl Test {
    pub fn read(node: &Node) -> Result<Self, FileError> {
        Ok(match &node.value {
            Value::Text(text) => Self::Is(text.clone()),
            Value::Whole(number) => Self::Is(number.to_string()),
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Table(_) => {
                let section = Section::of(node)?;
                let test = if let Some(contains) = section.text("contains")? {
                    Self::Contains(contains.to_lowercase())
                } else {
                    let bound = |key| whole(section.require(key)?).map(u64::cast_signed);
                    Self::Range(bound("from")?, bound("to")?)
                };
                section.close()?;
                test
            }
            other => return Err(expected(node, "a text, number or table", other)),
        })
    }

    pub fn holds(&self, value: &Json) -> bool {
        match self {
            Self::Is(wanted) => as_text(value).is_some_and(|text| text == *wanted),
            Self::Flag(wanted) => value.as_bool() == Some(*wanted),
            Self::Range(from, to) => as_whole(value).is_some_and(|n| (*from..=*to).contains(&n)),
            Self::Contains(part) => value
                .as_str()
                .is_some_and(|text| text.to_lowercase().contains(part)),
        }
    }
}

impl RetryAfter {
    fn from_node(node: &Node) -> Result<Self, FileError> {
        const UNITS: [(&str, i64); 3] = [("seconds", 1), ("minutes", 60), ("hours", 3600)];
        if matches!(node.value, Value::Text(_)) {
            return super::section::duration(node).map(Self::Fixed);
        }
        let section = Section::of(node)?;
        let unit = section.word("unit", &UNITS)?.unwrap_or(1);
        let pointer = section
            .get("pointer")
            .map(|node| Pointer::parse(text(node)?).map_err(|message| node.place.error(message)))
            .transpose()?;
        let header = section.text("header")?.map(str::to_owned);
        section.close()?;
        match (header, pointer) {
            (Some(name), pointer) => Ok(Self::Header {
                name,
                pointer,
                unit,
            }),
            (None, Some(pointer)) => Ok(Self::Body { pointer, unit }),
            (None, None) => Err(section.place.error("`header` or `pointer` is missing")),
        }
    }

    fn read(&self, seen: &Seen<'_>) -> Option<TimeDelta> {
        let (count, unit) = match self {
            Self::Fixed(wait) => return Some(*wait),
            Self::Header {
                name,
                pointer,
                unit,
            } => {
                let text = seen.response.header(name)?;
                let count = match pointer {
                    None => as_whole(&Json::from(text))?,
                    Some(pointer) => {
                        let json: Json = serde_json::from_str(text).ok()?;
                        as_whole(pointer.find(&json)?)?
                    }
                };
                (count, unit)
            }
            Self::Body { pointer, unit } => (as_whole(pointer.find(seen.json?)?)?, unit),
        };
        (count > 0)
            .then(|| count.checked_mul(*unit).and_then(TimeDelta::try_seconds))
            .flatten()
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3); a date counts from the
/// answer's own `Date`, so that a wrong clock here does not matter.
fn retry_after_header(response: &Response) -> Option<TimeDelta> {
    let text = response.header("retry-after")?.trim();
    if let Some(seconds) = as_whole(&Json::from(text)) {
        return TimeDelta::try_seconds(seconds).filter(|wait| *wait > TimeDelta::zero());
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
    Some(at - response.date()?).filter(|wait| *wait > TimeDelta::zero())
}

/// RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, and the plain meaning of a status.
fn standard_rule(seen: &Seen<'_>) -> Option<(Class, Option<EndReason>, Option<TimeDelta>)> {
    let wait = retry_after_header(seen.response);
    let by_status = match seen.response.status {
        429 => Some((Class::RateLimited, None)),
        408 | 500..=599 => Some((Class::Transient, None)),
        _ => None,
    };
    let found = oauth_error(seen)
        .or_else(|| bearer_challenge(seen))
        .or(by_status);
    found.map(|(class, reason)| (class, reason, wait))
}

fn oauth_error(seen: &Seen<'_>) -> Option<(Class, Option<EndReason>)> {
    if seen.phase.carries_access() {
        return None;
    }
    let body: BasicErrorResponse = serde_json::from_value(seen.json?.clone()).ok()?;
    Some(match body.error() {
        Standard::InvalidGrant if seen.phase == Phase::Renew => {
            (Class::Dead, Some(EndReason::RefreshRefused))
        }
        Standard::InvalidClient | Standard::UnauthorizedClient => (Class::ClientRejected, None),
        Standard::InvalidGrant
        | Standard::InvalidRequest
        | Standard::InvalidScope
        | Standard::UnsupportedGrantType => (Class::BadRequest, None),
        Standard::Extension(other) => match other.as_str() {
            "access_denied" => (Class::Denied, None),
            "server_error" | "temporarily_unavailable" => (Class::Transient, None),
            "slow_down" => (Class::RateLimited, None),
            "unsupported_response_type" => (Class::BadRequest, None),
            _ => return None,
        },
    })
}

/// `WWW-Authenticate: Bearer error="invalid_token"`.
fn bearer_challenge(seen: &Seen<'_>) -> Option<(Class, Option<EndReason>)> {
    let challenge = seen.response.header("www-authenticate")?;
    let is_bearer = challenge
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("bearer "));
    if !is_bearer || !seen.phase.carries_access() {
        return None;
    }
    let says = |error: &str| {
        challenge.contains(&format!("error=\"{error}\""))
            || challenge.contains(&format!("error={error}"))
    };
    if says("invalid_token") {
        Some((Class::Dead, Some(EndReason::Revoked)))
    } else if says("insufficient_scope") {
        Some((Class::ScopeMissing, Some(EndReason::ScopeMissing)))
    } else {
        None
    }
}
