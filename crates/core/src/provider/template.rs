//! Text with variables in braces. The file's own `[vars]` are put in when the file is read; the
//! rest is filled for each request.

use std::collections::BTreeMap;

use super::fault::{FileError, nearest};
use super::node::Node;
use super::section::text;
use super::values::{NAMES, RenderError, Values, Variable};

#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value { variable: Variable, optional: bool },
}

/// What may stand in braces at one place of a file.
#[derive(Clone)]
pub(super) struct Names<'a> {
    pub vars: &'a BTreeMap<String, String>,
    /// Fixed names allowed in this section.
    pub allowed: Vec<Variable>,
    /// Names captured by earlier steps.
    pub captured: Vec<String>,
}

impl Template {
    pub fn read(node: &Node, names: &Names<'_>) -> Result<Self, FileError> {
        Self::parse(text(node)?, names).map_err(|message| node.place.error(message))
    }

    pub fn parse(written: &str, names: &Names<'_>) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for part in split(written)? {
            match part {
                Part::Text(text) => push_text(&mut pieces, text),
                Part::Name(name) => match names.vars.get(name) {
                    Some(value) => push_text(&mut pieces, value),
                    None => pieces.push(names.value(name)?),
                },
            }
        }
        let optional = pieces
            .iter()
            .any(|p| matches!(p, Piece::Value { optional: true, .. }));
        if optional && pieces.len() > 1 {
            return Err(format!(
                "\"{written}\" mixes a value that may be left out with other text; let it stand alone"
            ));
        }
        if pieces.len() > 1 && pieces.iter().any(|p| p.is(&Variable::Media)) {
            return Err(format!(
                "\"{written}\" mixes a file with text; let {{media}} stand alone"
            ));
        }
        Ok(Self(pieces))
    }

    /// True if this is the file of the post.
    pub fn is_media(&self) -> bool {
        self.0.iter().any(|piece| piece.is(&Variable::Media))
    }

    pub fn uses(&self, variable: &Variable) -> bool {
        self.0.iter().any(|piece| piece.is(variable))
    }

    /// `None` if the one value is optional and absent.
    pub fn fill(&self, values: &Values) -> Result<Option<String>, RenderError> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { variable, optional } => match values.text(variable) {
                    Some(value) => out.push_str(&value),
                    None if *optional => return Ok(None),
                    None => return Err(RenderError::Missing(variable.name().to_owned())),
                },
            }
        }
        Ok(Some(out))
    }

    /// Filled as an address: each value becomes one percent-encoded path segment.
    pub fn fill_address(&self, values: &Values) -> Result<url::Url, RenderError> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value { variable, .. } => {
                    let name = || variable.name().to_owned();
                    let value = values
                        .text(variable)
                        .ok_or_else(|| RenderError::Missing(name()))?;
                    if matches!(&*value, "." | "..") {
                        return Err(RenderError::NotInAddress(name()));
                    }
                    encode_segment(&value, &mut out);
                }
            }
        }
        url::Url::parse(&out).map_err(|_| RenderError::Address)
    }
}

impl Piece {
    fn is(&self, wanted: &Variable) -> bool {
        matches!(self, Self::Value { variable, .. } if variable == wanted)
    }
}

impl Names<'_> {
    fn value(&self, written: &str) -> Result<Piece, String> {
        let (name, optional) = match written.strip_suffix('?') {
            Some(name) => (name, true),
            None => (written, false),
        };
        if self.captured.iter().any(|known| known == name) {
            return Ok(Piece::Value {
                variable: Variable::Captured(name.to_owned()),
                optional,
            });
        }
        let Some((_, variable)) = NAMES.iter().find(|(known, _)| *known == name) else {
            return Err(self.unknown(name));
        };
        if !self.allowed.contains(variable) {
            return Err(format!("{{{name}}} is not known at this point"));
        }
        Ok(Piece::Value {
            variable: variable.clone(),
            optional,
        })
    }

    fn unknown(&self, name: &str) -> String {
        let own = self.vars.keys().map(String::as_str);
        let fixed = self.allowed.iter().map(Variable::name);
        let captured = self.captured.iter().map(String::as_str);
        match nearest(name, own.chain(fixed).chain(captured)) {
            Some(meant) => format!("{{{name}}} is not a variable; did you mean {{{meant}}}?"),
            None => format!("{{{name}}} is not a variable; define it in [vars]"),
        }
    }
}

/// Resolves `[vars]`, whose values may name each other. Errors name the variable at fault.
pub(super) fn resolve(
    written: &[(String, Node)],
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, FileError> {
    let mut texts = BTreeMap::new();
    for (name, node) in written {
        if NAMES.iter().any(|(known, _)| known == name) {
            return Err(node
                .place
                .error(format!("`{name}` is the name of a value; take another")));
        }
        let value = overrides
            .get(name)
            .map_or_else(|| text(node), |own| Ok(own.as_str()))?;
        texts.insert(name.as_str(), value);
    }
    let mut done = BTreeMap::new();
    for (name, node) in written {
        let value =
            expand(name, &texts, &mut Vec::new()).map_err(|message| node.place.error(message))?;
        done.insert(name.clone(), value);
    }
    Ok(done)
}

fn expand<'a>(
    name: &'a str,
    texts: &BTreeMap<&'a str, &'a str>,
    under: &mut Vec<&'a str>,
) -> Result<String, String> {
    if under.contains(&name) {
        return Err(format!("{{{name}}} is defined by itself"));
    }
    under.push(name);
    let mut out = String::new();
    for part in split(texts[name])? {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Name(other) if texts.contains_key(other) => {
                out.push_str(&expand(other, texts, under)?);
            }
            Part::Name(other) => {
                return Err(match nearest(other, texts.keys().copied()) {
                    Some(meant) => format!(
                        "{{{other}}} is not a variable of [vars]; did you mean {{{meant}}}?"
                    ),
                    None => format!("{{{other}}} is not a variable of [vars]; define it there"),
                });
            }
        }
    }
    under.pop();
    Ok(out)
}

enum Part<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn split(written: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = written;
    while let Some(open) = rest.find(['{', '}']) {
        if rest[open..].starts_with('}') {
            return Err(format!("\"{written}\" has a \"}}\" without \"{{\""));
        }
        let after = &rest[open + 1..];
        let close = after
            .find('}')
            .ok_or_else(|| format!("\"{written}\" has a \"{{\" without \"}}\""))?;
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        parts.push(Part::Name(&after[..close]));
        rest = &after[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// Everything but unreserved characters (RFC 3986 section 2.3) is percent-encoded.
fn encode_segment(value: &str, out: &mut String) {
    use std::fmt::Write;
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a `String` can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(vars: &BTreeMap<String, String>) -> Names<'_> {
        Names {
            vars,
            allowed: vec![Variable::ChildId, Variable::PostLink],
            captured: vec![],
        }
    }

    #[test]
    fn a_value_in_an_address_is_one_segment_whatever_it_holds() {
        let vars = BTreeMap::from([("graph".into(), "https://graph.test/v1".into())]);
        let template = Template::parse("{graph}/{child.id}/feed", &names(&vars)).unwrap();
        let filled = |id: &str| template.fill_address(&Values::new().child_id(id));
        assert_eq!(
            filled("a/b?c").unwrap().as_str(),
            "https://graph.test/v1/a%2Fb%3Fc/feed"
        );
        assert_eq!(
            filled("..").unwrap_err(),
            RenderError::NotInAddress("child.id".into())
        );
        assert_eq!(
            template.fill_address(&Values::new()).unwrap_err(),
            RenderError::Missing("child.id".into())
        );
    }

    #[test]
    fn an_optional_value_stands_alone_and_may_be_absent() {
        let vars = BTreeMap::new();
        let link = Template::parse("{post.link?}", &names(&vars)).unwrap();
        assert_eq!(link.fill(&Values::new()).unwrap(), None);
        assert!(Template::parse("see {post.link?}", &names(&vars)).is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_one() {
        let vars = BTreeMap::from([("graph".into(), "https://graph.test".into())]);
        assert_eq!(
            Template::parse("{grph}/me", &names(&vars)).unwrap_err(),
            "{grph} is not a variable; did you mean {graph}?"
        );
        assert_eq!(
            Template::parse("{code}", &names(&vars)).unwrap_err(),
            "{code} is not known at this point"
        );
    }
}
