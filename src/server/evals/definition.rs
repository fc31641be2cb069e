//! What an evaluator does: a prompt for a judge with the shape of its verdict, or a program. Kept as
//! one JSON text per version.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::mapping;

/// One version's definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Definition {
    /// A model judges.
    LlmAsJudge(Judge),
    /// A program does.
    Code(Code),
}

/// What a judging model is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// The messages, in which `{{name}}` stands for a variable.
    pub prompt: Vec<Message>,
    /// The shape of the verdict: `{dataType, reasoning: {description}, score: {description, …}}`.
    pub output: Value,
    /// Which model, if not the project's.
    pub model: Option<Model>,
    /// What fills the variables where a rule does not say.
    pub mapping: Option<Vec<Value>>,
}

/// A message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// Its text.
    pub content: String,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Name of the project's connection.
    pub provider: String,
    /// Name at the provider.
    pub model: String,
}

/// A program; kept and shown, never run here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Its text.
    pub source: String,
    /// `PYTHON` or `TYPESCRIPT`.
    pub language: String,
}

impl Definition {
    /// The API's word for the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LlmAsJudge(_) => "llm_as_judge",
            Self::Code(_) => "code",
        }
    }

    /// The variables that have to be filled, in order of their first use.
    pub fn variables(&self) -> Vec<String> {
        match self {
            Self::LlmAsJudge(judge) => judge.variables(),
            Self::Code(_) => mapping::CODE.iter().map(|(variable, _)| (*variable).to_owned()).collect(),
        }
    }

    /// What fills them where a rule does not say.
    pub fn mapping(&self) -> Option<Vec<Value>> {
        match self {
            Self::LlmAsJudge(judge) => judge.mapping.clone(),
            Self::Code(_) => Some(mapping::of_code()),
        }
    }

    /// Why no rule can run it on a server without connections to models: reason, and the same in a
    /// sentence. A program is never paused.
    pub fn pause(&self, project: &str) -> Option<(&'static str, String)> {
        let Self::LlmAsJudge(judge) = self else { return None };
        Some(match &judge.model {
            None => (
                DEFAULT_MODEL_MISSING,
                format!("No default model or custom model configured for project {project}"),
            ),
            Some(model) => (
                CONNECTION_MISSING,
                format!("API key for provider \"{}\" not found in project {project}", model.provider),
            ),
        })
    }
}

const DEFAULT_MODEL_MISSING: &str = "DEFAULT_EVAL_MODEL_MISSING";
const CONNECTION_MISSING: &str = "LLM_CONNECTION_MISSING";

/// A pause in words for people.
pub fn pause_message(reason: &str) -> &'static str {
    if reason == CONNECTION_MISSING {
        "Evaluator paused: no LLM connection found for the provider used by this evaluator. Add or restore \
         the LLM connection, then reactivate it."
    } else {
        "Evaluator paused: no default evaluation model is configured. Set a default evaluation model or \
         update the evaluator template, then reactivate it."
    }
}

impl Judge {
    fn variables(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for message in &self.prompt {
            for name in variables(&message.content) {
                if !found.iter().any(|known| known == name) {
                    found.push(name.to_owned());
                }
            }
        }
        found
    }

    /// The prompt as one text, where it has no roles.
    pub fn text(&self) -> String {
        self.prompt.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n")
    }
}

/// The names between double braces.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    inner.map(|(name, _)| name.trim()).filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The shape of a verdict in the words of the newer calls, which leave empty texts out.
pub fn stable_output(output: &Value) -> Value {
    let mut stable = Map::new();
    for (key, text) in [
        ("scoreReasoningInstructions", &output["reasoning"]["description"]),
        ("scoreValueInstructions", &output["score"]["description"]),
    ] {
        if text.as_str().is_some_and(|text| !text.is_empty()) {
            stable.insert(key.into(), text.clone());
        }
    }
    stable.insert("dataType".into(), output["dataType"].clone());
    let score = output["score"].as_object();
    let rest = score.into_iter().flatten().filter(|(key, _)| *key != "description");
    stable.extend(rest.map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(stable)
}

/// The way back.
pub fn from_stable_output(stable: &Value) -> Value {
    let text = |key: &str| stable[key].as_str().unwrap_or_default().trim();
    let mut score = Map::new();
    score.insert("description".into(), json!(text("scoreValueInstructions")));
    for key in ["minValue", "maxValue", "categories", "shouldAllowMultipleMatches"] {
        if let Some(value) = stable.get(key) {
            score.insert(key.into(), value.clone());
        }
    }
    json!({
        "dataType": stable["dataType"],
        "reasoning": {"description": text("scoreReasoningInstructions")},
        "score": score,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_names_between_double_braces() {
        for (text, wanted) in [
            ("{{input}} and {{ output }}", vec!["input", "output"]),
            ("{{a b}} {{1}} {{}} {{a.b}} {{x", vec![]),
            ("{{{_x1}}}", vec![]),
            ("}}{{a}}{{a}}", vec!["a", "a"]),
        ] {
            assert_eq!(variables(text).collect::<Vec<_>>(), wanted, "{text}");
        }
    }

    #[test]
    fn a_verdicts_shape_survives_the_newer_words() {
        let output = json!({
            "dataType": "NUMERIC", "reasoning": {"description": "why"},
            "score": {"description": "", "minValue": 0, "maxValue": 1},
        });
        let stable = stable_output(&output);
        let wanted =
            json!({"scoreReasoningInstructions": "why", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1});
        assert_eq!(stable, wanted);
        assert_eq!(from_stable_output(&stable), output);
    }
}
