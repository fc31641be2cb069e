//! Which part of what is scored fills which variable of a prompt.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::reading::{Issues, filled, is_one_of, list, optional, required};
use super::rule::Target;
use crate::server::http::fields::part;
use crate::server::http::reply::Problem;

/// What can fill a variable; the last two exist in experiments only.
pub const SOURCES: &[&str] =
    &["input", "output", "metadata", "tool_calls", "expected_output", "experiment_item_metadata"];

/// The variables of a program's payload, with what fills them.
pub const CODE: [(&str, &str); 6] = [
    ("input", "input"),
    ("output", "output"),
    ("metadata", "metadata"),
    ("toolCalls", "tool_calls"),
    ("experimentItemExpectedOutput", "expected_output"),
    ("experimentItemMetadata", "experiment_item_metadata"),
];

/// What can fill a variable for a target.
pub fn sources(target: Target) -> &'static [&'static str] {
    match target {
        Target::Observation => SOURCES.get(..4).unwrap_or(SOURCES),
        Target::Experiment => SOURCES,
    }
}

/// Reads a mapping whose sources are among those given; entries come out with their own keys only.
pub fn read(given: &Value, sources: &[&str]) -> Result<Vec<Value>, Issues> {
    list(given, |entry| {
        part(entry, |fields| {
            required(fields, "variable", "string", filled);
            is_one_of(fields, "source", sources);
            optional(fields, "jsonPath", filled);
        })?;
        let keys = ["variable", "source", "jsonPath"].iter();
        let own = keys.filter_map(|key| Some(((*key).to_owned(), entry.get(key)?.clone())));
        Ok(Value::Object(own.collect::<Map<_, _>>()))
    })
}

/// The fixed mapping of evaluators that are programs.
pub fn of_code() -> Vec<Value> {
    CODE.iter().map(|(variable, source)| json!({"variable": variable, "source": source})).collect()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_default()
}

/// Refuses a mapping that does not fill every variable once from what the target has.
pub fn check(mapping: &[Value], variables: &[String], target: Target) -> Result<(), Problem> {
    let allowed = sources(target);
    let mut mapped: Vec<&str> = Vec::new();
    for (index, entry) in mapping.iter().enumerate() {
        let (variable, source) = (text(entry, "variable"), text(entry, "source"));
        if !allowed.contains(&source) {
            let message =
                format!("Mapping source \"{source}\" is not supported for target \"{}\"", target.name());
            let field = format!("mapping[{index}].source");
            let details = json!({"field": field, "variable": variable, "allowedValues": allowed});
            return Err(invalid("invalid_variable_mapping", message, details));
        }
        if !variables.iter().any(|known| known == variable) {
            let message = format!("Mapping variable \"{variable}\" is not present in the evaluator prompt");
            let details = json!({"field": format!("mapping[{index}].variable"), "variable": variable});
            return Err(invalid("invalid_variable_mapping", message, details));
        }
        if mapped.contains(&variable) {
            let message = format!("Mapping variable \"{variable}\" can only be mapped once");
            let details = json!({"field": "mapping", "variable": variable});
            return Err(invalid("duplicate_variable_mapping", message, details));
        }
        mapped.push(variable);
    }
    let missing: Vec<&str> =
        variables.iter().map(String::as_str).filter(|variable| !mapped.contains(variable)).collect();
    if !missing.is_empty() {
        let message = format!("Missing mappings for evaluator variables: {}", missing.join(", "));
        let details = json!({"field": "mapping", "variables": missing});
        return Err(invalid("missing_variable_mapping", message, details));
    }
    mapping.iter().enumerate().try_for_each(|(index, entry)| check_path(index, entry))
}

fn invalid(code: &'static str, message: String, details: Value) -> Problem {
    Problem::Detailed(StatusCode::BAD_REQUEST, code, message, details)
}

fn check_path(index: usize, entry: &Value) -> Result<(), Problem> {
    let Some(path) = entry["jsonPath"].as_str() else { return Ok(()) };
    let Some(why) = path_problem(path) else { return Ok(()) };
    let variable = text(entry, "variable");
    let message = format!("Mapping for variable \"{variable}\" has an invalid jsonPath \"{path}\". {why}");
    let details = json!({"field": format!("mapping[{index}].jsonPath"), "variable": variable, "value": path});
    Err(invalid("invalid_json_path", message, details))
}

/// What is wrong with a selector, if anything.
fn path_problem(path: &str) -> Option<&'static str> {
    if !path.starts_with('$') {
        return Some("JSONPath expressions must start with \"$\".");
    }
    let (mut quote, mut escaped, mut open) = (None, false, Vec::new());
    for c in path.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(end), _) if c == end => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => open.push(c),
            (None, ']' | ')') if open.pop() != Some(if c == ']' { '[' } else { '(' }) => {
                return Some("JSONPath expressions must use balanced brackets and parentheses.");
            }
            _ => {}
        }
    }
    (quote.is_some() || !open.is_empty())
        .then_some("JSONPath expressions must use balanced quotes, brackets, and parentheses.")
}

/// The same for the newer calls, which say less and do not care for the target.
pub fn check_complete(mapping: &[Value], variables: &[String]) -> Result<(), Problem> {
    let mapped: Vec<&str> = mapping.iter().map(|entry| text(entry, "variable")).collect();
    let first_of = |index: usize, variable: &str| mapped.iter().position(|v| *v == variable) == Some(index);
    let repeated = mapped.iter().enumerate().filter(|(index, variable)| !first_of(*index, variable));
    let mut repeated: Vec<&str> = repeated.map(|(_, variable)| *variable).collect();
    repeated.dedup();
    let known = |variable: &&str| variables.iter().any(|known| known == variable);
    let unknown: Vec<&str> = mapped.iter().copied().filter(|variable| !known(variable)).collect();
    let missing: Vec<&str> =
        variables.iter().map(String::as_str).filter(|variable| !mapped.contains(variable)).collect();
    for (what, names) in [
        ("Duplicate mappings for evaluator variables", repeated),
        ("Mappings reference unknown evaluator variables", unknown),
        ("Missing mappings for evaluator variables", missing),
    ] {
        if !names.is_empty() {
            return Err(Problem::Refused(format!("{what}: {}", names.join(", "))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_begin_at_the_root_and_are_balanced() {
        for (path, wanted) in [
            ("$.a['b'].c[0]", None),
            ("$['it\\'s'][?(@.x)]", None),
            ("a.b", Some("start")),
            ("$.a]", Some("balanced brackets")),
            ("$[(]", Some("balanced brackets")),
            ("$['a]", Some("balanced quotes")),
            ("$[0", Some("balanced quotes")),
        ] {
            let found = path_problem(path);
            assert_eq!(found.is_some(), wanted.is_some(), "{path}: {found:?}");
            assert!(wanted.is_none_or(|part| found.unwrap_or_default().contains(part)), "{path}: {found:?}");
        }
    }
}
