//! Evaluators, in the words of both generations of calls.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Server, empty, ids};

pub(super) const UNSTABLE: &str = "/unstable/evaluators";
const STABLE: &str = "/v2/evaluators";

pub(super) fn numeric() -> Value {
    json!({
        "dataType": "NUMERIC", "reasoning": {"description": "why"},
        "score": {"description": "0-1", "minValue": 0, "maxValue": 1},
    })
}

pub(super) async fn judge(server: &Server, name: &str, prompt: &str) -> Value {
    let body = json!({"name": name, "prompt": prompt, "outputDefinition": numeric()});
    server.post(UNSTABLE, body).await
}

/// The keys of an object, in order.
pub(super) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn an_evaluator_is_made_and_read_back() {
    let server = empty();
    let body = json!({
        "name": "helpful judge", "type": "llm_as_judge", "prompt": "Rate {{input}} and {{output}}",
        "outputDefinition": numeric(), "modelConfig": null,
    });
    let made = server.post(UNSTABLE, body).await;
    let wanted = json!({
        "id": made["id"], "name": "helpful judge", "version": 1, "variables": ["input", "output"],
        "mapping": null, "evaluationRuleCount": 0, "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"], "type": "llm_as_judge", "prompt": "Rate {{input}} and {{output}}",
        "outputDefinition": numeric(), "modelConfig": null,
    });
    assert_eq!((&made, keys(&made)), (&wanted, keys(&wanted)));
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await, made);
    let gone = json!({"message": "Evaluator successfully deleted"});
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (200, gone));
    let missing = json!({"message": "Evaluator not found", "code": "resource_not_found"});
    assert_eq!(server.call("GET", &path, Value::Null).await, (404, missing.clone()));
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (404, missing));
}

#[tokio::test]
async fn a_known_name_gets_a_version_and_comes_first() {
    let server = empty();
    let first = judge(&server, "one", "{{input}}").await;
    let other = judge(&server, "two", "{{input}}").await;
    let again = judge(&server, "one", "now {{output}}").await;
    assert_eq!((&again["id"], &again["version"]), (&first["id"], &json!(2)));
    assert_eq!((&again["createdAt"], &again["variables"]), (&first["createdAt"], &json!(["output"])));
    let list = server.get(UNSTABLE).await;
    assert_eq!(list["data"], json!([again, other]));
    assert_eq!(list["meta"], json!({"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}));
    let page = server.get(&format!("{UNSTABLE}?limit=1&page=2&unknown=1")).await;
    assert_eq!(page["data"], json!([other]));
}

#[rstest]
#[case("page=0", json!({
    "origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["page"],
    "message": "Too small: expected number to be >0",
}))]
#[case("limit=101", json!({
    "origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": ["limit"],
    "message": "Too big: expected number to be <=100",
}))]
#[tokio::test]
async fn pages_have_limits(#[case] query: &str, #[case] issue: Value) {
    let server = empty();
    let wanted = json!({"message": "Invalid query parameters", "code": "invalid_query", "details": {"issues": [issue]}});
    for path in [UNSTABLE, "/unstable/evaluation-rules"] {
        assert_eq!(server.call("GET", &format!("{path}?{query}"), Value::Null).await, (400, wanted.clone()));
    }
}

fn missing(what: &str, key: &str) -> Value {
    let message = format!("Invalid input: expected {what}, received undefined");
    json!({"expected": what, "code": "invalid_type", "path": [key], "message": message})
}

/// `{}` with everything a judge needs, and these fields instead.
fn judge_with(fields: &Value) -> Value {
    let mut body = json!({"name": "x", "prompt": "p", "outputDefinition": numeric()});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn custom(message: &str, path: &Value) -> Value {
    json!({"code": "custom", "path": path, "message": message})
}

#[rstest]
#[case::empty(json!({}), json!([
    missing("string", "name"),
    missing("string", "prompt"),
    {
        "code": "invalid_type", "expected": "object", "path": ["outputDefinition"],
        "message": "Invalid input: expected object, received undefined",
    },
]))]
#[case::unknown_kind(json!({"name": "x", "type": "human"}), json!([{
    "code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "type",
    "path": ["type"], "message": "Invalid input",
}]))]
#[case::no_object(json!("x"), json!([{
    "code": "invalid_type", "expected": "object", "path": [],
    "message": "Invalid input: expected object, received string",
}]))]
#[case::language(
    json!({"name": "x", "type": "code", "sourceCode": "1", "sourceCodeLanguage": "RUST"}),
    json!([{
        "code": "invalid_value", "values": ["PYTHON", "TYPESCRIPT"], "path": ["sourceCodeLanguage"],
        "message": "Invalid option: expected one of \"PYTHON\"|\"TYPESCRIPT\"",
    }])
)]
#[case::mixed(
    json!({"name": "x", "type": "code", "sourceCode": "1", "sourceCodeLanguage": "PYTHON", "prompt": "p"}),
    json!([{
        "expected": "never", "code": "invalid_type", "path": ["prompt"],
        "message": "Invalid input: expected never, received string",
    }])
)]
#[case::empty_name(judge_with(&json!({"name": ""})), json!([{
    "origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": ["name"],
    "message": "Too small: expected string to have >=1 characters",
}]))]
#[case::data_type(judge_with(&json!({"outputDefinition": {"dataType": "TEXT"}})), json!([{
    "code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "dataType",
    "path": ["outputDefinition", "dataType"], "message": "Invalid input",
}]))]
#[case::one_category(
    judge_with(&json!({"outputDefinition": {
        "dataType": "CATEGORICAL", "reasoning": {"description": "w"},
        "score": {"description": "c", "categories": ["only"], "shouldAllowMultipleMatches": false},
    }})),
    json!([{
        "origin": "array", "code": "too_small", "minimum": 2, "inclusive": true,
        "path": ["outputDefinition", "score", "categories"],
        "message": "Too small: expected array to have >=2 items",
    }])
)]
#[case::bounds(
    judge_with(&json!({"outputDefinition": {
        "dataType": "NUMERIC", "reasoning": {"description": "w"},
        "score": {"description": "c", "minValue": 2, "maxValue": 1},
    }})),
    json!([custom(
        "Minimum value must be less than or equal to maximum value",
        &json!(["outputDefinition", "score"]),
    )])
)]
#[tokio::test]
async fn bodies_that_do_not_fit_are_told_why(#[case] body: Value, #[case] issues: Value) {
    let (status, answer) = empty().call("POST", UNSTABLE, body).await;
    let wanted =
        json!({"message": "Invalid request body", "code": "invalid_body", "details": {"issues": issues}});
    assert_eq!((status, answer), (400, wanted));
}

#[tokio::test]
async fn programs_are_refused_by_the_older_calls_and_kept_by_the_newer() {
    let server = empty();
    let body = json!({"name": "check", "type": "code", "sourceCode": "1", "sourceCodeLanguage": "PYTHON"});
    let wanted = json!({"message": "Code evals are not enabled", "code": "access_denied"});
    assert_eq!(server.call("POST", UNSTABLE, body.clone()).await, (403, wanted));
    let made = server.post(STABLE, body).await;
    assert_eq!((&made["type"], &made["status"]), (&json!("code"), &json!("active")));
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    let older = server.get(&path).await;
    assert_eq!(
        (&older["sourceCode"], &older["variables"][5]),
        (&json!("1"), &json!("experimentItemMetadata"))
    );
    let (status, refused) = server.call("POST", UNSTABLE, judge_with(&json!({"name": "check"}))).await;
    let message = "An evaluator named \"check\" already exists with a different type";
    let wanted = json!({"message": message, "code": "name_conflict", "details": {"field": "name"}});
    assert_eq!((status, refused), (409, wanted));
}

#[tokio::test]
async fn methods_and_keys_are_checked_in_the_coded_envelope() {
    let server = empty();
    let refused = json!({"message": "Method not allowed", "code": "method_not_allowed"});
    for (method, path) in [("PUT", UNSTABLE), ("PATCH", "/unstable/evaluators/x")] {
        assert_eq!(server.call(method, path, json!({})).await, (405, refused.clone()));
    }
    let nobody = server.send("GET", &format!("/api/public{UNSTABLE}"), None, "".into()).await;
    let wanted = json!({"message": "No authorization header", "code": "authentication_failed"});
    assert_eq!((nobody.status, nobody.json()), (401, wanted));
}

#[tokio::test]
async fn the_newer_calls_know_evaluators_by_id() {
    let server = empty();
    let body = json!({
        "type": "llm_as_judge", "name": " tone ", "description": null,
        "prompt": [{"role": "system", "content": "Be {{mood}}"}, {"role": "user", "content": "{{output}}"}],
        "variableMapping": [
            {"variable": "mood", "source": "metadata", "jsonPath": "$.mood"},
            {"variable": "output", "source": "output"},
        ],
        "outputDefinition": {"dataType": "BOOLEAN", "scoreReasoningInstructions": "why"},
    });
    let made = server.post(STABLE, body.clone()).await;
    assert_eq!(
        (&made["name"], &made["version"], &made["variables"]),
        (&json!("tone"), &json!(1), &json!(["mood", "output"]))
    );
    assert_eq!(
        (&made["status"], &made["pausedReason"]),
        (&json!("paused"), &json!("DEFAULT_EVAL_MODEL_MISSING"))
    );
    assert_eq!(made["prompt"], body["prompt"]);
    assert_eq!(made["outputDefinition"], json!({"scoreReasoningInstructions": "why", "dataType": "BOOLEAN"}));
    let path = format!("{STABLE}/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await, made);

    let (status, renamed) = server.call("PATCH", &path, json!({"description": "of voice"})).await;
    assert_eq!((status, &renamed["description"], &renamed["version"]), (200, &json!("of voice"), &json!(1)));
    let change = json!({
        "type": "llm_as_judge", "prompt": "{{output}}", "modelConfig": {"provider": "nope", "model": "m"},
        "outputDefinition": {"dataType": "NUMERIC"},
    });
    let changed = server.call("PATCH", &path, change.clone()).await.1;
    assert_eq!(
        (&changed["version"], &changed["pausedReason"]),
        (&json!(2), &json!("LLM_CONNECTION_MISSING"))
    );
    assert_eq!(server.call("PATCH", &path, change).await.1["version"], 2, "the same again is no new version");

    let newest = server.get(&format!("{path}/versions?limit=1")).await;
    assert_eq!(
        (newest["data"][0]["version"].as_i64(), newest["data"].as_array().unwrap().len()),
        (Some(2), 1)
    );
    let cursor = newest["meta"]["cursor"].as_str().unwrap();
    let first = server.get(&format!("{path}/versions?limit=1&cursor={cursor}")).await;
    assert_eq!((&first["data"][0]["id"], &first["meta"]), (&made["versionId"], &json!({})));

    let gone = json!({"id": made["id"]});
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (200, gone));
    assert_eq!(server.call("GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_newer_list_goes_on_by_cursor() {
    let server = empty();
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(judge(&server, name, "{{input}}").await["id"].as_str().unwrap().to_owned());
    }
    made.reverse();
    let first = server.get(&format!("{STABLE}?limit=2")).await;
    assert_eq!(ids(&first), made[..2]);
    let cursor = first["meta"]["cursor"].as_str().unwrap();
    let rest = server.get(&format!("{STABLE}?limit=2&cursor={cursor}")).await;
    assert_eq!((ids(&rest), &rest["meta"]), (vec![made[2].as_str()], &json!({})));
    let (status, refused) = server.call("GET", &format!("{STABLE}?cursor=%21"), Value::Null).await;
    assert_eq!(
        (status, refused),
        (400, json!({"message": "Invalid cursor format", "code": "invalid_request"}))
    );
    assert_eq!(server.call("GET", &format!("{STABLE}?page=1"), Value::Null).await.1["code"], "invalid_query");
}

#[rstest]
#[case(json!({"name": ""}), json!([{
    "origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": ["name"],
    "message": "Too small: expected string to have >=1 characters",
}]))]
#[case(json!({}), json!([custom("Request body cannot be empty", &json!([]))]))]
#[tokio::test]
async fn changes_that_do_not_fit_are_told_why(#[case] body: Value, #[case] issues: Value) {
    let (status, answer) = empty().call("PATCH", &format!("{STABLE}/x"), body).await;
    assert_eq!((status, &answer["details"]["issues"]), (400, &issues));
}

#[tokio::test]
async fn the_newer_calls_refuse_unknown_keys_and_gaps() {
    let server = empty();
    let body = json!({
        "type": "llm_as_judge", "name": "x", "prompt": "{{a}}", "outputDefinition": {"dataType": "BOOLEAN"},
    });
    let with = |key: &str, value: Value| {
        let mut body = body.clone();
        body[key] = value;
        body
    };
    let (_, answer) = server.call("POST", STABLE, with("mapping", json!([]))).await;
    assert_eq!(answer["details"]["issues"][0]["keys"], json!(["mapping"]));
    for (mapping, message) in [
        (json!([]), "Missing mappings for evaluator variables: a"),
        (
            json!([{"variable": "a", "source": "input"}, {"variable": "b", "source": "input"}]),
            "Mappings reference unknown evaluator variables: b",
        ),
        (
            json!([{"variable": "a", "source": "input"}, {"variable": "a", "source": "output"}]),
            "Duplicate mappings for evaluator variables: a",
        ),
    ] {
        let wanted = json!({"message": message, "code": "invalid_request"});
        assert_eq!(server.call("POST", STABLE, with("variableMapping", mapping)).await, (400, wanted));
    }
    assert_eq!(server.call("POST", STABLE, with("prompt", json!([]))).await.0, 400);
}
