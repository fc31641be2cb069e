//! Definitions as they come in: the older calls' shape, which leaves unknown keys out, and the
//! newer calls' one, which refuses them.

use serde_json::{Map, Value, json};

use super::definition::{Code, Definition, Judge, Message, Model, from_stable_output};
use super::mapping;
use super::reading::{
    Issues, any_of, bounded, filled, is_one_of, never, none_of, note_text, nullable, optional, required,
    trimmed,
};
use super::rule::Target;
use crate::server::http::fields::{Fields, Given, part};
use crate::server::http::issue;
use crate::server::http::reply::Problem;

const KINDS: &[&str] = &["llm_as_judge", "code"];
const LANGUAGES: &[&str] = &["PYTHON", "TYPESCRIPT"];
const DATA_TYPES: &[&str] = &["NUMERIC", "BOOLEAN", "CATEGORICAL"];
const ROLES: &[&str] = &["system", "user", "assistant"];
const BOUNDS: &str = "Minimum value must be less than or equal to maximum value";

/// The body's fields where its `type` tells what they are; without one it is a judge.
fn by_kind<'a>(body: &'a Value, default: Option<&'a str>) -> Result<(Fields<'a>, &'a str), Problem> {
    let fields = Fields::of(body).map_err(|_| Problem::Issues(vec![issue::no_object(Some(body), &[])]))?;
    let kind = match fields.get("type") {
        None => default,
        Some(kind) => kind.as_str(),
    };
    match kind.filter(|kind| KINDS.contains(kind)) {
        Some(kind) => Ok((fields, kind)),
        None => Err(Problem::Issues(vec![issue::no_variant("type")])),
    }
}

/// Name and definition from the body of `POST /unstable/evaluators`.
pub fn unstable(body: &Value) -> Result<(String, Definition), Problem> {
    let (mut fields, kind) = by_kind(body, Some("llm_as_judge"))?;
    let name = required(&mut fields, "name", "string", filled).unwrap_or_default().to_owned();
    let definition = if kind == "code" {
        let code = code(&mut fields);
        for key in ["prompt", "outputDefinition", "modelConfig", "mapping"] {
            never(&mut fields, key);
        }
        Definition::Code(code)
    } else {
        let prompt = required(&mut fields, "prompt", "string", filled).unwrap_or_default();
        let output = output(&mut fields, unstable_output);
        let model = nullable(&mut fields, "modelConfig", |given| part(given, model));
        let sources = mapping::sources(Target::Observation);
        let mapping = optional(&mut fields, "mapping", |given| mapping::read(given, sources));
        never(&mut fields, "sourceCode");
        never(&mut fields, "sourceCodeLanguage");
        Definition::LlmAsJudge(Judge { prompt: vec![as_user(prompt)], output, model, mapping })
    };
    fields.finish()?;
    Ok((name, definition))
}

/// What the body of `POST /v2/evaluators` says.
#[derive(Debug)]
pub struct New {
    /// The name.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// The definition.
    pub definition: Definition,
}

/// What the body of `PATCH /v2/evaluators/{id}` says.
#[derive(Debug)]
pub struct Change {
    /// Another name.
    pub name: Option<String>,
    /// Another description; null takes it away.
    pub description: Given<String>,
    /// Another definition.
    pub definition: Option<Definition>,
}

/// The body of `POST /v2/evaluators`.
pub fn create(body: &Value) -> Result<New, Problem> {
    let (mut fields, kind) = by_kind(body, None)?;
    let name = required(&mut fields, "name", "string", trimmed).unwrap_or_default().to_owned();
    let description = note_text(&mut fields, "description", 2000).value();
    let definition = stable(&mut fields, kind);
    fields.finish()?;
    Ok(New { name, description, definition })
}

/// The body of `PATCH /v2/evaluators/{id}`: other words, or another definition as a whole.
pub fn patch(body: &Value) -> Result<Change, Problem> {
    let kinds = KINDS.iter().copied().map(Some).chain([None]);
    any_of(kinds.map(|kind| change(body, kind)).collect()).map_err(Problem::Issues)
}

fn change(body: &Value, kind: Option<&str>) -> Result<Change, Issues> {
    part(body, |fields| {
        let name = optional(fields, "name", trimmed).map(ToOwned::to_owned);
        let description = note_text(fields, "description", 2000);
        let Some(kind) = kind else {
            fields.strict(&["name", "description"]);
            if fields.is_clean() && name.is_none() && description == Given::Absent {
                fields.note(issue::custom("Request body cannot be empty", &[]));
            }
            return Change { name, description, definition: None };
        };
        is_one_of(fields, "type", &[kind]);
        Change { name, description, definition: Some(stable(fields, kind)) }
    })
}

/// A definition in the newer words.
fn stable(fields: &mut Fields<'_>, kind: &str) -> Definition {
    if kind == "code" {
        let code = code(fields);
        fields.strict(&["name", "description", "type", "sourceCode", "sourceCodeLanguage"]);
        return Definition::Code(code);
    }
    let prompt = messages(fields);
    let model = nullable(fields, "modelConfig", |given| {
        part(given, |fields| {
            let model = model(fields);
            fields.strict(&["provider", "model"]);
            model
        })
    });
    let mapping = nullable(fields, "variableMapping", |given| mapping::read(given, mapping::SOURCES));
    let output = from_stable_output(&output(fields, stable_output));
    let known =
        ["name", "description", "type", "prompt", "modelConfig", "variableMapping", "outputDefinition"];
    fields.strict(&known);
    Definition::LlmAsJudge(Judge { prompt, output, model, mapping })
}

fn as_user(content: &str) -> Message {
    Message { role: "user".into(), content: content.into() }
}

/// A prompt: one text, or messages.
fn messages(fields: &mut Fields<'_>) -> Vec<Message> {
    let given = fields.get("prompt");
    let of_list = |given| {
        bounded(given, 1, usize::MAX, |message| {
            part(message, |fields| {
                is_one_of(fields, "role", ROLES);
                let role = fields.get("role").and_then(Value::as_str).unwrap_or_default();
                Message { role: role.into(), content: fields.text("content").into() }
            })
        })
    };
    match given {
        Some(Value::String(_)) => optional(fields, "prompt", filled).map(as_user).into_iter().collect(),
        Some(list @ Value::Array(_)) => match of_list(list) {
            Ok(messages) => messages,
            Err(issues) => {
                let no_text = issue::invalid_type("string", given, &[]);
                fields.note(issue::no_alternative(&[vec![no_text], issues], &["prompt"]));
                Vec::new()
            }
        },
        _ => {
            let wrong = ["string", "array"].map(|kind| vec![issue::invalid_type(kind, given, &[])]);
            fields.note(issue::no_alternative(&wrong, &["prompt"]));
            Vec::new()
        }
    }
}

fn code(fields: &mut Fields<'_>) -> Code {
    let source = required(fields, "sourceCode", "string", filled).unwrap_or_default().to_owned();
    is_one_of(fields, "sourceCodeLanguage", LANGUAGES);
    let language = fields.get("sourceCodeLanguage").and_then(Value::as_str).unwrap_or_default().to_owned();
    Code { source, language }
}

fn model(fields: &mut Fields<'_>) -> Model {
    let mut name = |key| required(fields, key, "string", filled).unwrap_or_default().to_owned();
    Model { provider: name("provider"), model: name("model") }
}

/// The shape of the verdict, of which `dataType` tells what else there is.
fn output(fields: &mut Fields<'_>, read: fn(&Value, &str) -> Result<Value, Issues>) -> Value {
    let key = "outputDefinition";
    let Some(given) = fields.get(key).filter(|given| given.is_object()) else {
        fields.note(issue::no_object(fields.get(key), &[key]));
        return Value::Null;
    };
    let kind = given["dataType"].as_str().filter(|kind| DATA_TYPES.contains(kind));
    let read = |_| kind.map_or_else(|| Err(vec![issue::no_variant("dataType")]), |kind| read(given, kind));
    optional(fields, key, read).unwrap_or_default()
}

fn unstable_output(given: &Value, kind: &str) -> Result<Value, Issues> {
    let described = |given| part(given, |fields| required(fields, "description", "string", trimmed));
    part(given, |fields| {
        let reasoning = required(fields, "reasoning", "object", described).flatten();
        let score = required(fields, "score", "object", |given| {
            part(given, |fields| {
                let mut score = Map::new();
                let description = required(fields, "description", "string", trimmed);
                score.insert("description".into(), json!(description));
                values(fields, kind, &mut score);
                score
            })
        });
        json!({"dataType": kind, "reasoning": {"description": reasoning}, "score": score})
    })
}

fn stable_output(given: &Value, kind: &str) -> Result<Value, Issues> {
    part(given, |fields| {
        let mut output = Map::new();
        for key in ["scoreReasoningInstructions", "scoreValueInstructions"] {
            if let Some(text) = optional(fields, key, trimmed) {
                output.insert(key.into(), json!(text));
            }
        }
        output.insert("dataType".into(), json!(kind));
        values(fields, kind, &mut output);
        Value::Object(output)
    })
}

/// Which values a verdict can have.
fn values(fields: &mut Fields<'_>, kind: &str, into: &mut Map<String, Value>) {
    match kind {
        "NUMERIC" => {
            let bounds = ["minValue", "maxValue"].map(|key| {
                let bound = fields.optional_number(key);
                into.extend(fields.get(key).map(|given| (key.to_owned(), given.clone())));
                bound
            });
            if let [Some(min), Some(max)] = bounds
                && min > max
                && fields.is_clean()
            {
                fields.note(issue::custom(BOUNDS, &[]));
            }
        }
        "CATEGORICAL" => {
            let categories = required(fields, "categories", "array", |given| {
                bounded(given, 2, usize::MAX, |entry| trimmed(entry).map(ToOwned::to_owned))
            });
            into.insert("categories".into(), json!(categories));
            let key = "shouldAllowMultipleMatches";
            let several = required(fields, key, "boolean", |given| {
                given.as_bool().ok_or_else(|| vec![issue::invalid_type("boolean", Some(given), &[])])
            });
            into.insert(key.into(), json!(several));
        }
        _ => {}
    }
}

/// A reference by name, whose kind is a judge if it does not say.
pub fn reference(given: &Value, with_kind: bool) -> Result<(String, String), Issues> {
    part(given, |fields| {
        let name = required(fields, "name", "string", filled).unwrap_or_default().to_owned();
        if !with_kind {
            return (name, String::new());
        }
        let kind = optional(fields, "type", |given| {
            given.as_str().filter(|kind| KINDS.contains(kind)).ok_or_else(|| vec![none_of(KINDS, &[])])
        });
        (name, kind.unwrap_or("llm_as_judge").to_owned())
    })
}
