//! Evaluators and rules, as both generations of calls write them.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::read;
use crate::domain::{Evaluator, Filling, Judge, Message, Part, Program, Scale, Verdict, Work};

/// An evaluator. The newer calls have other words for its mapping and its verdict.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluatorRow {
    /// Identifier over all versions.
    pub id: String,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Description.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// `llm_as_judge` or `code`.
    #[serde(default, rename = "type", deserialize_with = "read::text")]
    pub kind: Option<String>,
    /// Number of the latest version.
    #[serde(default, deserialize_with = "read::number")]
    pub version: Option<f64>,
    /// One text, or messages.
    #[serde(default)]
    pub prompt: Json,
    /// Names in the prompt.
    #[serde(default, deserialize_with = "read::texts")]
    pub variables: Vec<String>,
    /// What fills them.
    #[serde(default, alias = "mapping")]
    pub variable_mapping: Json,
    /// The shape of a verdict.
    #[serde(default)]
    pub output_definition: Json,
    /// Provider and model.
    #[serde(default)]
    pub model_config: Json,
    /// The text of a program.
    #[serde(default, deserialize_with = "read::text")]
    pub source_code: Option<String>,
    /// Its language.
    #[serde(default, deserialize_with = "read::text")]
    pub source_code_language: Option<String>,
    /// How many rules use it, as the older calls tell.
    #[serde(default, deserialize_with = "read::number")]
    pub evaluation_rule_count: Option<f64>,
    /// Which rules do, as the newer ones tell.
    #[serde(default)]
    pub evaluation_rule_assignments: Vec<Json>,
}

/// A rule of the older calls: who scores, and what fills their variables.
#[derive(Debug, Deserialize)]
pub struct RuleRow {
    /// Identifier.
    pub id: String,
    /// One entry per evaluator.
    #[serde(default)]
    pub evaluators: Vec<Json>,
}

impl EvaluatorRow {
    /// The evaluator.
    pub fn into_domain(self) -> Option<Evaluator> {
        let work = match self.kind.as_deref() {
            None | Some("llm_as_judge") => Work::Judge(Judge {
                prompt: messages(&self.prompt)?,
                model: self.model_config["model"].as_str().map(ToOwned::to_owned),
                verdict: verdict(&self.output_definition)?,
            }),
            Some("code") => Work::Program(Program {
                source: self.source_code.unwrap_or_default(),
                language: self.source_code_language.unwrap_or_default(),
            }),
            Some(other) => Work::Other(other.to_owned()),
        };
        Some(Evaluator {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            description: self.description,
            version: whole(self.version).unwrap_or(1),
            work,
            variables: self.variables,
            mapping: fillings(&self.variable_mapping),
            rules: whole(self.evaluation_rule_count)
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(self.evaluation_rule_assignments.len()),
        })
    }

    /// What the first rule that has its own says about the variables.
    pub fn rule_mapping(&self) -> Option<Vec<Filling>> {
        self.evaluation_rule_assignments.iter().find_map(|rule| fillings(&rule["variableMappingOverride"]))
    }
}

impl RuleRow {
    /// What the rule says about the variables of an evaluator.
    pub fn mapping_of(&self, evaluator: &str) -> Option<Vec<Filling>> {
        let own = self.evaluators.iter().find(|entry| entry["evaluator"]["id"] == evaluator)?;
        fillings(&own["mapping"])
    }
}

fn whole(number: Option<f64>) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number"
    )]
    number.filter(|n| n.fract() == 0.0 && (0.0..1e15).contains(n)).map(|n| n as u64)
}

fn messages(prompt: &Json) -> Option<Vec<Message>> {
    let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    match prompt {
        Json::String(text) => Some(vec![message("user", text)]),
        Json::Array(list) => {
            list.iter().map(|m| Some(message(m["role"].as_str()?, m["content"].as_str()?))).collect()
        }
        _ => None,
    }
}

/// The shape of a verdict, in either generation's words.
fn verdict(shape: &Json) -> Option<Verdict> {
    let older = &shape["score"];
    let field = |name: &str| if older.is_object() { &older[name] } else { &shape[name] };
    let scale = match shape["dataType"].as_str()? {
        "NUMERIC" => Scale::Number { min: field("minValue").as_f64(), max: field("maxValue").as_f64() },
        "BOOLEAN" => Scale::Truth,
        "CATEGORICAL" => Scale::Labels {
            labels: field("categories")
                .as_array()?
                .iter()
                .filter_map(Json::as_str)
                .map(String::from)
                .collect(),
            several: field("shouldAllowMultipleMatches").as_bool().unwrap_or_default(),
        },
        _ => return None,
    };
    let words = |older: &Json, newer: &str| {
        older.as_str().or_else(|| shape[newer].as_str()).unwrap_or_default().to_owned()
    };
    Some(Verdict {
        scale,
        reasoning: words(&shape["reasoning"]["description"], "scoreReasoningInstructions"),
        score: words(&older["description"], "scoreValueInstructions"),
    })
}

fn fillings(mapping: &Json) -> Option<Vec<Filling>> {
    let read = |entry: &Json| {
        Some(Filling {
            variable: entry["variable"].as_str()?.to_owned(),
            part: entry["source"].as_str().and_then(Part::named),
            path: entry["jsonPath"].as_str().map(ToOwned::to_owned),
        })
    };
    Some(mapping.as_array()?.iter().filter_map(read).collect())
}

/// The body that makes or changes an evaluator with the newer calls.
pub fn newer_body(name: &str, description: Option<&str>, work: &Work) -> Json {
    let mut body = json!({"type": work.api_name(), "name": name});
    if let Some(description) = description {
        body["description"] = json!(description);
    }
    match work {
        Work::Judge(judge) => {
            body["prompt"] =
                judge.prompt.iter().map(|m| json!({"role": m.role, "content": m.content})).collect();
            let mut shape = scale(&judge.verdict.scale);
            for (key, text) in [
                ("scoreReasoningInstructions", &judge.verdict.reasoning),
                ("scoreValueInstructions", &judge.verdict.score),
            ] {
                if !text.is_empty() {
                    shape.insert(key.into(), json!(text));
                }
            }
            shape.insert("dataType".into(), json!(data_type(&judge.verdict.scale)));
            body["outputDefinition"] = Json::Object(shape);
        }
        Work::Program(program) => program_body(&mut body, program),
        Work::Other(_) => {}
    }
    body
}

/// The same with the older calls, where a prompt has no roles and every text must say something.
pub fn older_body(name: &str, work: &Work) -> Json {
    let mut body = json!({"type": work.api_name(), "name": name});
    match work {
        Work::Judge(judge) => {
            let texts: Vec<&str> = judge.prompt.iter().map(|m| m.content.as_str()).collect();
            let or =
                |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
            let mut score = scale(&judge.verdict.scale);
            score.insert("description".into(), json!(or(&judge.verdict.score, "The score")));
            body["prompt"] = json!(texts.join("\n\n"));
            body["outputDefinition"] = json!({
                "dataType": data_type(&judge.verdict.scale),
                "reasoning": {"description": or(&judge.verdict.reasoning, "Why")},
                "score": score,
            });
        }
        Work::Program(program) => program_body(&mut body, program),
        Work::Other(_) => {}
    }
    body
}

fn program_body(body: &mut Json, program: &Program) {
    body["sourceCode"] = json!(program.source);
    body["sourceCodeLanguage"] = json!(program.language);
}

fn data_type(scale: &Scale) -> &'static str {
    match scale {
        Scale::Number { .. } => "NUMERIC",
        Scale::Truth => "BOOLEAN",
        Scale::Labels { .. } => "CATEGORICAL",
    }
}

fn scale(scale: &Scale) -> Map<String, Json> {
    let mut fields = Map::new();
    match scale {
        Scale::Number { min, max } => {
            let bounds = [("minValue", min), ("maxValue", max)].into_iter();
            fields.extend(bounds.filter_map(|(key, bound)| Some((key.to_owned(), json!((*bound)?)))));
        }
        Scale::Truth => {}
        Scale::Labels { labels, several } => {
            fields.insert("categories".into(), json!(labels));
            fields.insert("shouldAllowMultipleMatches".into(), json!(several));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_say_the_same() {
        let verdict = Verdict {
            scale: Scale::Labels { labels: vec!["a".into(), "b".into()], several: true },
            reasoning: "why".into(),
            score: "which".into(),
        };
        let prompt = vec![Message { role: "user".into(), content: "{{x}}".into() }];
        let work = Work::Judge(Judge { prompt, model: None, verdict });
        for body in [newer_body("n", Some("d"), &work), older_body("n", &work)] {
            let mut row = body.clone();
            row["id"] = json!("e");
            row["version"] = json!(3);
            let row: EvaluatorRow = serde_json::from_value(row).unwrap();
            let read = row.into_domain().unwrap();
            assert_eq!((&read.work, read.version, read.name.as_str()), (&work, 3, "n"), "{body}");
        }
    }

    #[test]
    fn a_rules_own_mapping_is_found() {
        let mapping = json!([{"variable": "x", "source": "expected_output", "jsonPath": "$.a"}]);
        let older: RuleRow = serde_json::from_value(json!({"id": "r", "evaluators": [
            {"evaluator": {"id": "other"}, "mapping": []}, {"evaluator": {"id": "e"}, "mapping": mapping},
        ]}))
        .unwrap();
        let newer: EvaluatorRow = serde_json::from_value(json!({"id": "e", "evaluationRuleAssignments": [
            {"evaluationRuleId": "r"}, {"evaluationRuleId": "s", "variableMappingOverride": mapping},
        ]}))
        .unwrap();
        let filling =
            Filling { variable: "x".into(), part: Some(Part::ExpectedOutput), path: Some("$.a".into()) };
        assert_eq!(older.mapping_of("e"), Some(vec![filling.clone()]));
        assert_eq!(newer.rule_mapping(), Some(vec![filling]));
    }
}
