//! What conditions are refused, and which rows they let through.

use pretty_assertions::assert_eq;
use rstest::rstest;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::*;
use crate::server::data::sql::Where;
use crate::server::data::workspace::{Seed, Workspace};
use crate::server::http::query::Query;
use crate::server::traces::columns::{EVENTS, OBSERVATIONS, TRACES};

fn query(filter: &str) -> Query {
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    Query::parse(&format!("filter={filter}"))
}

fn refusal(filter: &str, view: &View) -> Value {
    let query = query(filter);
    let mut params = Params::of(&query);
    let result = read(&mut params, view.inherits_metadata)
        .and_then(|filters| params.finish().map(|()| filters))
        .and_then(|filters| add(&mut Where::default(), &filters, view));
    match result {
        Ok(_) => Value::Null,
        Err(Problem::QueryIssues(issues)) => json!(issues),
        Err(Problem::Refused(message)) => json!(message),
        Err(other) => json!(format!("{other:?}")),
    }
}

#[rstest]
#[case("[", json!("Invalid JSON in filter parameter"))]
#[case("{}", json!([{"expected": "array", "code": "invalid_type", "path": ["filter"],
    "message": "Invalid input: expected array, received object"}]))]
#[case("[1]", json!([{"expected": "object", "code": "invalid_type", "path": ["filter", 0],
    "message": "Invalid input: expected object, received number"}]))]
#[case("[{}, []]", json!([
    {"code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "type",
        "path": ["filter", 0, "type"], "message": "Invalid input"},
    {"code": "invalid_type", "expected": "object", "path": ["filter", 1],
        "message": "Invalid input: expected object, received array"},
]))]
#[case(r#"[{"type": "number", "operator": "~", "value": "1"}]"#, json!([
    {"expected": "string", "code": "invalid_type", "path": ["filter", 0, "column"],
        "message": "Invalid input: expected string, received undefined"},
    {"code": "invalid_value", "values": ["=", ">", "<", ">=", "<="], "path": ["filter", 0, "operator"],
        "message": "Invalid option: expected one of \"=\"|\">\"|\"<\"|\">=\"|\"<=\""},
    {"expected": "number", "code": "invalid_type", "path": ["filter", 0, "value"],
        "message": "Invalid input: expected number, received string"},
]))]
#[case(r#"[{"type": "string", "column": "name", "operator": "~", "value": ""}]"#, json!([{
    "code": "invalid_union",
    "errors": [
        [{"code": "invalid_value", "path": [],
            "values": ["=", "contains", "does not contain", "starts with", "ends with"],
            "message": "Invalid option: expected one of \"=\"|\"contains\"|\"does not contain\"|\"starts with\"|\"ends with\""}],
        [{"code": "invalid_value", "values": ["matches"], "path": [],
            "message": "Invalid input: expected \"matches\""}],
    ],
    "path": ["filter", 0, "operator"], "message": "Invalid input",
}]))]
#[case(r#"[{"type": "stringOptions", "column": "name", "operator": "any of", "value": []}]"#, json!([
    {"code": "custom", "path": ["filter", 0, "value"], "message": "Invalid input"}]))]
#[case(r#"[{"type": "arrayOptions", "column": "tags", "operator": "any of", "value": []}]"#, json!([
    {"code": "custom", "path": ["filter", 0], "message": LIST_NEEDED}]))]
#[case(r#"[{"type": "arrayOptions", "column": "tags", "operator": "all of", "value": ["a", 1]}]"#, json!([
    {"expected": "string", "code": "invalid_type", "path": ["filter", 0, "value", 1],
        "message": "Invalid input: expected string, received number"}]))]
#[case(r#"[{"type": "null", "column": "name", "operator": "is null", "value": null}]"#, json!([
    {"code": "invalid_value", "values": [""], "path": ["filter", 0, "value"],
        "message": "Invalid input: expected \"\""}]))]
#[case(r#"[{"type": "datetime", "column": "startTime", "operator": "<", "value": "soon"}]"#, json!([
    {"expected": "date", "code": "invalid_type", "received": "Invalid Date", "path": ["filter", 0, "value"],
        "message": "Invalid input: expected date, received Date"}]))]
#[case(r#"[{"type": "stringObject", "column": "metadata", "operator": "=", "value": ""}]"#, json!([
    {"expected": "string", "code": "invalid_type", "path": ["filter", 0, "key"],
        "message": "Invalid input: expected string, received undefined"}]))]
#[case(r#"[{"type": "string", "column": "colour", "operator": "=", "value": ""}]"#,
    json!("Column colour does not match a UI / CH table mapping."))]
#[case(r#"[{"type": "number", "column": "Name", "operator": "=", "value": 1}]"#,
    json!("Invalid filter type 'number' for column 'Name'. Expected filter type 'stringOptions'."))]
#[case(r#"[{"type": "string", "column": "input", "operator": "contains", "value": "x"}]"#,
    json!("Input/output filters require at least one `matches` or `=` operator."))]
#[case(r#"[{"type": "null", "column": "output", "operator": "is null", "value": ""}]"#,
    json!("Input/output filters only support filter type `string`."))]
#[case(r#"[{"type": "string", "column": "input", "operator": "matches", "value": "!?"}]"#,
    json!("`matches` requires at least one search token."))]
#[case(r#"[{"type": "string", "column": "name", "operator": "matches", "value": "x"}]"#,
    json!("`matches` is only supported for input, output, and metadata filters."))]
#[case(r#"[{"type": "positionInTrace", "column": "x", "operator": "=", "key": "nthFromEnd"}]"#, json!([
    {"code": "custom", "path": ["filter", 0, "value"], "message": "Position must be >= 1 for nth selection"}]))]
#[case(r#"[{"type": "positionInTrace", "column": "x", "operator": "=", "key": "root"}]"#, json!(null))]
#[case("", json!(null))]
fn conditions_are_checked(#[case] filter: &str, #[case] wanted: Value) {
    assert_eq!(refusal(filter, &EVENTS), wanted);
}

#[test]
fn old_lists_know_no_words_and_all_columns_can_be_asked() {
    let words = r#"[{"type": "stringObject", "column": "metadata", "key": "k", "operator": "matches", "value": "x"}]"#;
    assert!(refusal(words, &TRACES).to_string().contains("invalid_value"));
    let workspace = Workspace::in_memory(Seed::Empty, Timestamp::UNIX_EPOCH);
    let Ok(Workspace { db, .. }) = workspace else { panic!("no workspace") };
    for (view, table) in [(&EVENTS, "observations"), (&OBSERVATIONS, "observations"), (&TRACES, "traces")] {
        for column in view.columns {
            for (name, _) in FORMS {
                ask(&db, view, table, column.id, name);
            }
        }
    }
}

/// Asks for rows with a condition of this form, if the column takes it.
fn ask(db: &Connection, view: &View, table: &str, column: &str, form: &str) {
    let (operator, value) = match form {
        "datetime" => ("<", json!("2026-11-24")),
        "number" | "numberObject" => (">=", json!(1.5)),
        "boolean" | "booleanObject" => ("<>", json!(true)),
        "null" => ("is not null", json!("")),
        "string" | "stringObject" => ("=", json!("x")),
        _ => ("any of", json!(["x", "y"])),
    };
    let entry = json!([{"type": form, "column": column, "operator": operator, "key": "k", "value": value}]);
    let query = query(&entry.to_string());
    let mut params = Params::of(&query);
    let Ok(filters) = read(&mut params, true) else { panic!("{entry}") };
    let mut conditions = Where::default();
    if add(&mut conditions, &filters, view).is_ok() {
        assert_eq!(conditions.count(db, table).map_err(|e| e.to_string()), Ok(0), "{entry}");
    }
}

#[rstest]
#[case("matches", "quick BROWN", true)]
#[case("matches", "uick brown", false)]
#[case("matches", "fox!", false)]
#[case("matches", "[*] größe", true)]
#[case("matches", "größ", false)]
#[case("contains", "uick", true)]
#[case("contains", "", true)]
#[case("contains", "UICK", false)]
#[case("does not contain", "wolf", true)]
#[case("starts with", "The ", true)]
#[case("starts with", "", true)]
#[case("starts with", "he", false)]
#[case("ends with", "Größe", true)]
#[case("ends with", "", true)]
#[case("ends with", "Größ", false)]
#[case("=", "The", false)]
fn texts_are_compared(#[case] operator: &str, #[case] value: &str, #[case] wanted: bool) {
    let db = Connection::open_in_memory().unwrap();
    let (clause, args) = clause::text("x", operator, value);
    let sql = format!("SELECT count(*) FROM (SELECT 'The quick brown fox [*] Größe' AS x) WHERE {clause}");
    let count: i64 = db.query_row(&sql, rusqlite::params_from_iter(args), |r| r.get(0)).unwrap();
    assert_eq!(count == 1, wanted, "{operator} {value}");
}

/// An observation without a parent names none, or an empty one.
#[rstest]
#[case("null", "is null", json!(""), 2)]
#[case("null", "is not null", json!(""), 1)]
#[case("string", "=", json!(""), 2)]
#[case("stringOptions", "none of", json!(["x"]), 1)]
fn an_empty_link_leads_nowhere(
    #[case] form: &str,
    #[case] operator: &str,
    #[case] value: Value,
    #[case] wanted: i64,
) {
    let entry =
        json!([{"type": form, "column": "parentObservationId", "operator": operator, "value": value}]);
    let query = query(&entry.to_string());
    let filters = read(&mut Params::of(&query), true).unwrap();
    let mut conditions = Where::default();
    add(&mut conditions, &filters, &EVENTS).unwrap();
    let db = Connection::open_in_memory().unwrap();
    let parents = "(SELECT NULL AS parent_id UNION ALL SELECT '' UNION ALL SELECT 'p')";
    assert_eq!(conditions.count(&db, parents).unwrap(), wanted);
}
