//! Verdicts: what is asked for, and whether the answer is one.

use serde_json::{Map, Value as Json, json};

use crate::domain::{DataType, Scale, Value, Verdict};

/// A verdict that fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// The value; several where labels may be.
    pub(super) values: Vec<Value>,
    /// Their type.
    pub(super) data_type: DataType,
    /// The reason.
    pub(super) reasoning: Option<String>,
}

/// The scale in words: `0 to 1`, `yes or no`, `good | bad`.
pub(super) fn words(scale: &Scale) -> String {
    match scale {
        Scale::Number { min: Some(min), max: Some(max) } => format!("{min} to {max}"),
        Scale::Number { min: Some(min), max: None } => format!("{min} or more"),
        Scale::Number { min: None, max: Some(max) } => format!("{max} or less"),
        Scale::Number { min: None, max: None } => "any number".into(),
        Scale::Truth => "yes or no".into(),
        Scale::Labels { labels, several } => {
            format!("{}{}", labels.join(" | "), if *several { " (several)" } else { "" })
        }
    }
}

/// The JSON Schema of an answer. The reason comes first, so that the score follows from it.
pub(super) fn schema(verdict: &Verdict) -> Json {
    let described = |mut schema: Map<String, Json>, text: &str| {
        if !text.is_empty() {
            schema.insert("description".into(), json!(text));
        }
        Json::Object(schema)
    };
    let of_type = |kind: &str| Map::from_iter([("type".to_owned(), json!(kind))]);
    let score = match &verdict.scale {
        Scale::Number { min, max } => {
            let mut number = of_type("number");
            let bounds = [("minimum", min), ("maximum", max)].into_iter();
            number.extend(bounds.filter_map(|(key, bound)| Some((key.to_owned(), json!((*bound)?)))));
            number
        }
        Scale::Truth => of_type("boolean"),
        Scale::Labels { labels, several } => {
            let mut one = of_type("string");
            one.insert("enum".into(), json!(labels));
            if *several {
                let mut list = of_type("array");
                list.insert("items".into(), Json::Object(one));
                list
            } else {
                one
            }
        }
    };
    json!({
        "type": "object",
        "properties": {
            "reasoning": described(of_type("string"), &verdict.reasoning),
            "score": described(score, &verdict.score),
        },
        "required": ["reasoning", "score"],
        "additionalProperties": false,
    })
}

/// The verdict in what a model said, which may be wrapped in other words.
pub(super) fn read(said: &str, scale: &Scale) -> Result<Judged, String> {
    let answer = object_in(said).ok_or("the model's answer has no {\"score\": …} in it")?;
    let score = answer.get("score").unwrap_or(&Json::Null);
    let (values, data_type) = match scale {
        Scale::Number { min, max } => (vec![number(score, *min, *max)?], DataType::Numeric),
        Scale::Truth => (vec![Value::Boolean(truth(score)?)], DataType::Boolean),
        Scale::Labels { labels, several } => (chosen(score, labels, *several)?, DataType::Categorical),
    };
    Ok(Judged { values, data_type, reasoning: reason(&answer) })
}

fn reason(answer: &Map<String, Json>) -> Option<String> {
    let text = answer.get("reasoning").and_then(Json::as_str).map(str::trim);
    text.filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

/// The first JSON object with a score.
fn object_in(said: &str) -> Option<Map<String, Json>> {
    said.match_indices('{').find_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&said[at..]).into_iter::<Map<String, Json>>();
        values.next()?.ok().filter(|object| object.contains_key("score"))
    })
}

fn unfit(score: &Json, wanted: &str) -> String {
    let score: String = score.to_string().chars().take(60).collect();
    format!("the score {score} is not {wanted}")
}

fn number(score: &Json, min: Option<f64>, max: Option<f64>) -> Result<Value, String> {
    let number = score.as_f64().or_else(|| score.as_str()?.trim().parse().ok()).filter(|n| n.is_finite());
    let fits = |n: &f64| min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max);
    let wanted = words(&Scale::Number { min, max });
    number.filter(fits).map(Value::Number).ok_or_else(|| unfit(score, &wanted))
}

fn truth(score: &Json) -> Result<bool, String> {
    match score {
        Json::Bool(yes) => Ok(*yes),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(unfit(other, "true or false")),
    }
}

fn chosen(score: &Json, labels: &[String], several: bool) -> Result<Vec<Value>, String> {
    let wanted = || unfit(score, &format!("one of {}", labels.join(", ")));
    let given = match score {
        Json::Array(list) if several => list.iter().collect(),
        one => vec![one],
    };
    let mut values = Vec::new();
    for one in given {
        let label =
            one.as_str().filter(|label| labels.iter().any(|known| known == label)).ok_or_else(wanted)?;
        let value = Value::Category(label.to_owned());
        if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.is_empty() { Err(wanted()) } else { Ok(values) }
}

/// The verdict of a program, whose value tells its type.
pub(super) fn of_program(output: &[u8]) -> Result<Judged, String> {
    let shape = "the program's answer is no JSON object like {\"score\": 1, \"reasoning\": \"…\"}";
    let answer: Map<String, Json> = serde_json::from_slice(output).map_err(|_| shape)?;
    let (value, data_type) = match answer.get("score") {
        Some(Json::Number(n)) => (Value::Number(n.as_f64().ok_or(shape)?), DataType::Numeric),
        Some(Json::Bool(yes)) => (Value::Boolean(*yes), DataType::Boolean),
        Some(Json::String(label)) if !label.is_empty() => {
            (Value::Category(label.clone()), DataType::Categorical)
        }
        Some(other) => return Err(unfit(other, "a number, a truth value or a label")),
        None => return Err(shape.into()),
    };
    Ok(Judged { values: vec![value], data_type, reasoning: reason(&answer) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Scale = Scale::Number { min: Some(0.0), max: Some(1.0) };

    fn labels(several: bool) -> Scale {
        Scale::Labels { labels: vec!["good".into(), "bad".into()], several }
    }

    fn category(label: &str) -> Value {
        Value::Category(label.into())
    }

    #[test]
    fn answers_are_found_and_checked() {
        let number = |n| Some(vec![Value::Number(n)]);
        for (said, scale, wanted) in [
            (r#"{"reasoning":"r","score":0.5}"#, UNIT, number(0.5)),
            ("Sure {not json}\n```json\n{\"reasoning\":\"r\",\"score\":1}\n``` done", UNIT, number(1.0)),
            (r#"{"score":"0.25"}"#, UNIT, number(0.25)),
            (r#"{"score":2}"#, UNIT, None),
            (r#"{"score":null}"#, UNIT, None),
            (r#"{"verdict":1}"#, UNIT, None),
            ("no", UNIT, None),
            (r#"{"score":true}"#, Scale::Truth, Some(vec![Value::Boolean(true)])),
            (r#"{"score":"False"}"#, Scale::Truth, Some(vec![Value::Boolean(false)])),
            (r#"{"score":1}"#, Scale::Truth, None),
            (r#"{"score":"bad"}"#, labels(false), Some(vec![category("bad")])),
            (r#"{"score":"Bad"}"#, labels(false), None),
            (r#"{"score":["bad"]}"#, labels(false), None),
            (
                r#"{"score":["bad","good","bad"]}"#,
                labels(true),
                Some(vec![category("bad"), category("good")]),
            ),
            (r#"{"score":[]}"#, labels(true), None),
        ] {
            assert_eq!(read(said, &scale).ok().map(|judged| judged.values), wanted, "{said}");
        }
        assert_eq!(read(r#"{"reasoning":" r ","score":1}"#, &UNIT).unwrap().reasoning.as_deref(), Some("r"));
    }

    #[test]
    fn a_schema_says_what_is_wanted() {
        let verdict = Verdict { scale: labels(true), reasoning: "why".into(), score: String::new() };
        let schema = schema(&verdict);
        assert_eq!(schema["properties"]["reasoning"], json!({"type": "string", "description": "why"}));
        let items = json!({"type": "string", "enum": ["good", "bad"]});
        assert_eq!(schema["properties"]["score"], json!({"type": "array", "items": items}));
        let unit = super::schema(&Verdict { scale: UNIT, ..verdict });
        assert_eq!(unit["properties"]["score"], json!({"type": "number", "minimum": 0.0, "maximum": 1.0}));
    }

    #[test]
    fn a_programs_value_tells_its_type() {
        for (output, wanted) in [
            (r#"{"score":1}"#, Some(DataType::Numeric)),
            (r#"{"score":true,"reasoning":"r"}"#, Some(DataType::Boolean)),
            (r#"{"score":"good"}"#, Some(DataType::Categorical)),
            (r#"{"score":[1]}"#, None),
            ("{}", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(of_program(output.as_bytes()).ok().map(|judged| judged.data_type), wanted, "{output}");
        }
    }
}
