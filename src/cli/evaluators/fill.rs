//! Prompts with their variables filled.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::material::Material;
use super::path::Path;
use crate::domain::{Filling, Message, Part};

/// Where the text for a variable comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Part(Part, Option<Path>),
    /// The metadata of the variable's own name.
    Metadata,
}

/// What fills every variable of a prompt.
#[derive(Debug)]
pub(super) struct Plan {
    prompt: Vec<Message>,
    origins: HashMap<String, Origin>,
}

impl Plan {
    /// Decides what fills the variables; says which cannot be filled.
    pub(super) fn new(prompt: &[Message], mapping: Option<&[Filling]>) -> Result<Self, String> {
        let names =
            prompt.iter().flat_map(|message| pieces(&message.content)).filter_map(|piece| match piece {
                Piece::Variable(name) => Some(name),
                Piece::Text(_) => None,
            });
        let mut origins = HashMap::new();
        for name in names {
            origins.insert(name.to_owned(), origin(name, mapping.unwrap_or_default())?);
        }
        Ok(Self { prompt: prompt.to_vec(), origins })
    }

    /// The prompt for this material.
    pub(super) fn fill(&self, material: &Material) -> Result<Vec<Message>, String> {
        let mut texts = HashMap::new();
        for (name, origin) in &self.origins {
            texts.insert(name.as_str(), text(name, origin, material)?);
        }
        let fill = |message: &Message| {
            let content = pieces(&message.content).into_iter().map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Variable(name) => texts.get(name).map_or("", String::as_str),
            });
            Message { role: message.role.clone(), content: content.collect() }
        };
        Ok(self.prompt.iter().map(fill).collect())
    }
}

fn origin(name: &str, mapping: &[Filling]) -> Result<Origin, String> {
    let Some(filling) = mapping.iter().find(|filling| filling.variable == name) else {
        return Ok(Part::named(name).map_or(Origin::Metadata, |part| Origin::Part(part, None)));
    };
    let part = filling.part.ok_or_else(|| format!("the mapping fills {{{{{name}}}}} with nothing"))?;
    Ok(Origin::Part(part, filling.path.as_deref().map(Path::read).transpose()?))
}

fn text(name: &str, origin: &Origin, material: &Material) -> Result<String, String> {
    let value = match origin {
        Origin::Part(part, None) => material.part(*part).cloned(),
        Origin::Part(part, Some(path)) => material.part(*part).and_then(|value| path.select(value)),
        Origin::Metadata => material.part(Part::Metadata).and_then(|value| value.get(name)).cloned(),
    };
    match value {
        None | Some(Json::Null) => {
            let what = match origin {
                Origin::Part(part, None) => format!("no {}", part.api_name()),
                Origin::Part(part, Some(_)) => {
                    format!("nothing in {} where the mapping looks", part.api_name())
                }
                Origin::Metadata => format!("no metadata `{name}`"),
            };
            Err(format!("there is {what} to fill {{{{{name}}}}} with"))
        }
        Some(Json::String(text)) => Ok(text),
        Some(other) => Ok(other.to_string()),
    }
}

/// A piece of a prompt.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Takes a prompt apart. What is filled in is not looked at again, so a trace cannot name variables.
fn pieces(content: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), content);
    while let Some((before, after)) = rest.split_once("{{") {
        match after.split_once("}}") {
            Some((name, after)) if is_name(name.trim()) => {
                pieces.push(Piece::Text(before));
                pieces.push(Piece::Variable(name.trim()));
                rest = after;
            }
            _ => {
                let end = before.len() + 2;
                pieces.push(Piece::Text(&rest[..end]));
                rest = after;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt(content: &str) -> Vec<Message> {
        vec![Message { role: "user".into(), content: content.into() }]
    }

    fn material() -> Material {
        Material::made_of(&[
            (Part::Input, json!("{{output}}")),
            (Part::Output, json!({"text": "hi", "n": 1})),
            (Part::Metadata, json!({"topic": "parcels"})),
        ])
    }

    fn filled(content: &str, mapping: Option<&[Filling]>) -> Result<String, String> {
        let plan = Plan::new(&prompt(content), mapping)?;
        Ok(plan.fill(&material())?.remove(0).content)
    }

    #[test]
    fn variables_are_filled_once_and_by_name() {
        for (content, wanted) in [
            ("Rate {{input}}!", "Rate {{output}}!"),
            ("{{ output }}", r#"{"text":"hi","n":1}"#),
            ("{{topic}} {{a b}} {{x", "parcels {{a b}} {{x"),
            ("plain", "plain"),
        ] {
            assert_eq!(filled(content, None).as_deref(), Ok(wanted), "{content}");
        }
        for content in ["{{expected_output}}", "{{mood}}"] {
            assert!(filled(content, None).is_err(), "{content}");
        }
    }

    #[test]
    fn a_mapping_wins_over_the_name() {
        let to = |part, path: Option<&str>| {
            [Filling { variable: "input".into(), part, path: path.map(Into::into) }]
        };
        let good = to(Some(Part::Output), Some("$.text"));
        assert_eq!(filled("{{input}} {{topic}}", Some(&good)).as_deref(), Ok("hi parcels"));
        for bad in
            [to(None, None), to(Some(Part::Output), Some("text")), to(Some(Part::Output), Some("$.gone"))]
        {
            assert!(filled("{{input}}", Some(&bad)).is_err(), "{bad:?}");
        }
    }
}
