//! Evaluation rules, in the words of both generations of calls.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::evaluators::{judge, keys};
use super::{Server, empty, ids};

const UNSTABLE: &str = "/unstable/evaluation-rules";
const STABLE: &str = "/v2/evaluation-rules";

const PAUSED: &str = "Evaluator paused: no default evaluation model is configured. Set a default evaluation \
    model or update the evaluator template, then reactivate it.";

fn output() -> Value {
    json!([{"variable": "output", "source": "output"}])
}

/// A body that fits the evaluator `judge2`, with these fields instead.
fn with(fields: &Value) -> Value {
    let mut body = json!({
        "name": "x", "target": "observation", "enabled": false, "evaluator": {"name": "judge2"},
        "mapping": output(),
    });
    for (key, value) in fields.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

/// A server with the evaluators `judge2` (output) and `both` (input and output).
async fn judged() -> (Server, Value) {
    let server = empty();
    let judge2 = judge(&server, "judge2", "Rate {{output}}").await;
    judge(&server, "both", "{{input}} {{output}}").await;
    (server, judge2)
}

#[tokio::test]
async fn a_rule_is_made_and_read_back() {
    let (server, judge2) = judged().await;
    let evaluators = json!([{"evaluator": {"name": "judge2"}, "mapping": output()}]);
    let filter =
        json!([{"column": "name", "value": ["chat"], "operator": "any of", "type": "stringOptions", "x": 1}]);
    let body = with(&json!({"evaluator": null, "mapping": null, "evaluators": evaluators, "filter": filter}));
    let made = server.post(UNSTABLE, body).await;
    let evaluator = json!({"id": judge2["id"], "name": "judge2", "type": "llm_as_judge"});
    let wanted = json!({
        "id": made["id"], "name": "x", "evaluator": evaluator,
        "evaluators": [{"evaluator": evaluator, "mapping": output()}], "enabled": false, "status": "inactive",
        "pausedReason": "DEFAULT_EVAL_MODEL_MISSING", "pausedMessage": PAUSED, "sampling": 1,
        "target": "observation",
        "filter": [{"type": "stringOptions", "column": "name", "operator": "any of", "value": ["chat"]}],
        "mapping": output(), "createdAt": made["createdAt"], "updatedAt": made["createdAt"],
    });
    assert_eq!((&made, keys(&made)), (&wanted, keys(&wanted)));
    assert_eq!(keys(&made["filter"][0]), ["type", "column", "operator", "value"]);
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await, made);
    let used = server.get(&format!("/unstable/evaluators/{}", judge2["id"].as_str().unwrap())).await;
    assert_eq!(used["evaluationRuleCount"], 1);

    let second = server.post(UNSTABLE, with(&json!({"name": "y", "target": "experiment"}))).await;
    assert_eq!(ids(&server.get(UNSTABLE).await), [&second, &made].map(|rule| rule["id"].as_str().unwrap()));
    let gone = json!({"message": "Evaluation rule successfully deleted"});
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (200, gone));
    let missing = json!({"message": "Evaluation rule not found within authorized project", "code": "resource_not_found"});
    for (method, body) in [("GET", Value::Null), ("DELETE", Value::Null), ("PATCH", json!({"sampling": 0.5}))]
    {
        assert_eq!(server.call(method, &path, body).await, (404, missing.clone()), "{method}");
    }
    assert_eq!(server.call("POST", &path, json!({})).await.1["code"], "method_not_allowed");
}

fn no_variant() -> Value {
    json!({
        "code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "target",
        "path": ["target"], "message": "Invalid input",
    })
}

fn custom(field: &str, message: &str) -> Value {
    json!({"code": "custom", "path": [field], "message": message})
}

#[rstest]
#[case::empty(json!({}), json!([no_variant()]))]
#[case::target(with(&json!({"target": "trace"})), json!([no_variant()]))]
#[case::both(
    with(&json!({"mapping": null, "evaluators": [{"evaluator": {"name": "judge2"}}]})),
    json!([custom("evaluators", "Provide exactly one of evaluator or evaluators.")])
)]
#[case::program(
    with(&json!({"evaluator": {"name": "c", "type": "code"}})),
    json!([custom(
        "mapping",
        "Code evaluator mappings are managed by Langfuse and cannot be provided in the request body.",
    )])
)]
#[case::sampling(with(&json!({"sampling": 0})), json!([{
    "origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["sampling"],
    "message": "Too small: expected number to be >0",
}]))]
#[case::source(
    with(&json!({"mapping": [{"variable": "output", "source": "expected_output"}]})),
    json!([{
        "code": "invalid_value", "values": ["input", "output", "metadata", "tool_calls"],
        "path": ["mapping", 0, "source"],
        "message": "Invalid option: expected one of \"input\"|\"output\"|\"metadata\"|\"tool_calls\"",
    }])
)]
#[case::enabled(with(&json!({"enabled": null})), json!([{
    "expected": "boolean", "code": "invalid_type", "path": ["enabled"],
    "message": "Invalid input: expected boolean, received undefined",
}]))]
#[tokio::test]
async fn bodies_that_do_not_fit_are_told_why(#[case] body: Value, #[case] issues: Value) {
    let (server, _) = judged().await;
    let wanted =
        json!({"message": "Invalid request body", "code": "invalid_body", "details": {"issues": issues}});
    assert_eq!(server.call("POST", UNSTABLE, body).await, (400, wanted));
}

/// `[code, path, what is said]` of each issue of each alternative, which is enough to tell them apart.
fn outline(errors: &Value) -> Vec<Vec<String>> {
    let one = |issue: &Value| {
        format!("{} {}", issue["path"][0].as_str().unwrap(), issue["message"].as_str().unwrap())
    };
    let alternatives = errors.as_array().unwrap().iter();
    alternatives.map(|issues| issues.as_array().unwrap().iter().map(one).collect()).collect()
}

#[tokio::test]
async fn a_condition_on_no_column_is_told_what_each_column_takes() {
    let (server, _) = judged().await;
    let filter = json!([{"type": "string", "column": "nope", "operator": "=", "value": "x"}]);
    let (_, answer) = server.call("POST", UNSTABLE, with(&json!({"filter": filter}))).await;
    let issue = &answer["details"]["issues"][0];
    assert_eq!((&issue["code"], &issue["path"]), (&json!("invalid_union"), &json!(["filter", 0])));
    let told = outline(&issue["errors"]);
    assert_eq!(told.len(), 15);
    assert_eq!(
        told[0],
        [
            "column Invalid input: expected \"type\"",
            "operator Invalid option: expected one of \"any of\"|\"none of\"",
            "value Invalid input: expected array, received string",
            "type Invalid input: expected \"stringOptions\"",
        ]
    );
    assert_eq!(told[4], ["column Invalid input: expected \"version\""]);
    assert_eq!(
        told[9],
        [
            "type Invalid input: expected \"stringObject\"",
            "column Invalid input: expected \"metadata\"",
            "key Invalid input: expected string, received undefined",
        ]
    );
    assert_eq!(
        told[11],
        [
            "type Invalid input: expected \"null\"",
            "column Invalid input: expected \"parentObservationId\"",
            "operator Invalid option: expected one of \"is null\"|\"is not null\"",
            "value Invalid input: expected \"\"",
        ]
    );
    assert_eq!(
        told[14],
        [
            "column Invalid input: expected \"toolCalls\"",
            "value Invalid input: expected number, received string",
            "type Invalid input: expected \"number\"",
        ]
    );
}

#[rstest]
#[case::gap(
    json!({"evaluator": {"name": "both"}}), "missing_variable_mapping",
    "Missing mappings for evaluator variables: input",
    json!({"field": "mapping", "variables": ["input"]})
)]
#[case::stranger(
    json!({"mapping": [{"variable": "input", "source": "input"}]}), "invalid_variable_mapping",
    "Mapping variable \"input\" is not present in the evaluator prompt",
    json!({"field": "mapping[0].variable", "variable": "input"})
)]
#[case::twice(
    json!({"mapping": [{"variable": "output", "source": "output"}, {"variable": "output", "source": "input"}]}),
    "duplicate_variable_mapping", "Mapping variable \"output\" can only be mapped once",
    json!({"field": "mapping", "variable": "output"})
)]
#[case::selector(
    json!({"mapping": [{"variable": "output", "source": "output", "jsonPath": "a"}]}), "invalid_json_path",
    "Mapping for variable \"output\" has an invalid jsonPath \"a\". JSONPath expressions must start with \"$\".",
    json!({"field": "mapping[0].jsonPath", "variable": "output", "value": "a"})
)]
#[case::value(
    json!({"filter": [{"type": "stringOptions", "column": "level", "operator": "any of", "value": ["LOW"]}]}),
    "invalid_filter_value", "Filter column \"level\" contains unsupported value(s): LOW",
    json!({
        "field": "filter[0].value", "column": "level", "invalidValues": ["LOW"],
        "allowedValues": ["DEBUG", "DEFAULT", "WARNING", "ERROR"],
    })
)]
#[tokio::test]
async fn rules_that_make_no_sense_are_told_why(
    #[case] fields: Value,
    #[case] code: &str,
    #[case] message: &str,
    #[case] details: Value,
) {
    let (server, _) = judged().await;
    let wanted = json!({"message": message, "code": code, "details": details});
    assert_eq!(server.call("POST", UNSTABLE, with(&fields)).await, (400, wanted));
}

#[tokio::test]
async fn names_evaluators_and_models_must_be_there() {
    let (server, _) = judged().await;
    let first = server.post(UNSTABLE, with(&json!({}))).await;
    let id = first["id"].as_str().unwrap();
    let message = format!(
        "An evaluation rule named \"x\" already exists in this project. Use PATCH \
         /api/public/unstable/evaluation-rules/{id} to update it instead of creating a duplicate."
    );
    let wanted = json!({"message": message, "code": "name_conflict", "details": {"field": "name"}});
    assert_eq!(server.call("POST", UNSTABLE, with(&json!({}))).await, (409, wanted));
    let message = "Latest evaluator version not found within authorized project";
    let wanted = json!({"message": message, "code": "resource_not_found"});
    let unknown = with(&json!({"name": "y", "evaluator": {"name": "nope"}}));
    assert_eq!(server.call("POST", UNSTABLE, unknown).await, (404, wanted));
    let (status, refused) = server.call("POST", UNSTABLE, with(&json!({"name": "y", "enabled": true}))).await;
    assert_eq!((status, &refused["code"]), (422, &json!("evaluator_preflight_failed")));
    assert_eq!(refused["details"], json!({"evaluatorName": "judge2", "provider": null, "model": null}));
    let words = refused["message"].as_str().unwrap();
    assert!(
        words.starts_with("No valid LLM model found for evaluator \"judge2\". No default model"),
        "{words}"
    );
    let twice =
        json!([{"evaluator": {"name": "judge2"}, "mapping": output()}, {"evaluator": {"name": "judge2"}}]);
    let twice = with(&json!({"name": "y", "evaluator": null, "mapping": null, "evaluators": twice}));
    assert_eq!(server.call("POST", UNSTABLE, twice).await.1["code"], "conflict");
}

#[tokio::test]
async fn rules_are_changed_in_part() {
    let (server, _) = judged().await;
    let made = server.post(UNSTABLE, with(&json!({}))).await;
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    let change = async |body: Value| server.call("PATCH", &path, body).await;

    let (status, changed) = change(json!({"sampling": 0.25, "name": "renamed"})).await;
    assert_eq!((status, &changed["sampling"], &changed["name"]), (200, &json!(0.25), &json!("renamed")));
    assert_eq!((&changed["createdAt"], &changed["mapping"]), (&made["createdAt"], &made["mapping"]));
    let mapping = json!([{"variable": "output", "source": "expected_output"}]);
    let moved = change(json!({"target": "experiment", "mapping": mapping})).await.1;
    assert_eq!((&moved["target"], &moved["mapping"]), (&json!("experiment"), &mapping));
    let (status, back) = change(json!({"target": "observation"})).await;
    assert_eq!((status, &back["code"]), (400, &json!("invalid_variable_mapping")));
    let evaluators = json!([{"evaluator": {"name": "both"}, "mapping": [
        {"variable": "input", "source": "input"}, {"variable": "output", "source": "output"},
    ]}]);
    let replaced = change(json!({"evaluators": evaluators})).await.1;
    assert_eq!(
        (&replaced["evaluator"]["name"], replaced["mapping"].as_array().unwrap().len()),
        (&json!("both"), 2)
    );
    assert_eq!(change(json!({"evaluator": {"name": "judge2"}})).await.1["code"], "invalid_variable_mapping");
    assert_eq!(change(json!({"enabled": true})).await.0, 422);
}

#[rstest]
#[case(json!({}), json!([{
    "code": "custom", "path": [],
    "message": "Request body cannot be empty. At least one field must be provided for update.",
}]))]
#[case(json!({"sampling": 2}), json!([{
    "origin": "number", "code": "too_big", "maximum": 1, "inclusive": true, "path": ["sampling"],
    "message": "Too big: expected number to be <=1",
}]))]
#[tokio::test]
async fn changes_that_do_not_fit_are_told_why(#[case] body: Value, #[case] issues: Value) {
    let (server, _) = judged().await;
    let made = server.post(UNSTABLE, with(&json!({}))).await;
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    let (status, answer) = server.call("PATCH", &path, body).await;
    assert_eq!((status, &answer["details"]["issues"]), (400, &issues));
    let (_, answer) = server.call("PATCH", &path, json!({"sampling": "x"})).await;
    let errors = &answer["details"]["issues"][0]["errors"];
    assert_eq!(outline(errors).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
}

#[tokio::test]
async fn a_rule_without_evaluators_stays_and_is_off() {
    let (server, judge2) = judged().await;
    let id = judge2["id"].as_str().unwrap();
    let assignments = json!([{"evaluatorId": id, "variableMapping": output()}]);
    let body = json!({"name": "x", "enabled": true, "evaluatorAssignments": assignments});
    let rule = server.post(STABLE, body).await;
    assert_eq!(server.call("DELETE", &format!("/v2/evaluators/{id}"), Value::Null).await.0, 200);
    let left = server.get(&format!("{UNSTABLE}/{}", rule["id"].as_str().unwrap())).await;
    assert_eq!((&left["evaluator"], &left["evaluators"]), (&Value::Null, &json!([])));
    assert_eq!(
        (&left["enabled"], &left["pausedReason"], &left["mapping"]),
        (&json!(false), &Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn the_newer_calls_tell_the_target_by_the_filter() {
    let (server, judge2) = judged().await;
    let id = judge2["id"].as_str().unwrap();
    let root =
        json!({"type": "boolean", "column": "isExperimentItemRootSpan", "operator": "=", "value": true});
    let body = json!({
        "name": "x", "enabled": true, "filter": [root], "sampling": 0,
        "evaluatorAssignments": [{"evaluatorId": id, "variableMapping": output()}],
    });
    let made = server.post(STABLE, body).await;
    let wanted = json!({
        "id": made["id"], "name": "x", "createdBy": null, "enabled": true, "sampling": 0, "filter": [root],
        "evaluatorAssignments": [{"evaluatorId": id, "variableMapping": output()}],
        "createdAt": made["createdAt"], "updatedAt": made["createdAt"],
    });
    assert_eq!((&made, keys(&made)), (&wanted, keys(&wanted)));
    let older = server.get(&format!("{UNSTABLE}/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(
        (&older["target"], &older["filter"], &older["status"]),
        (&json!("experiment"), &json!([]), &json!("paused"))
    );
    let evaluator = server.get(&format!("/v2/evaluators/{id}")).await;
    let used = json!([{"evaluationRuleId": made["id"], "variableMappingOverride": output()}]);
    assert_eq!(evaluator["evaluationRuleAssignments"], used);

    let path = format!("{STABLE}/{}", made["id"].as_str().unwrap());
    let (_, changed) = server.call("PATCH", &path, json!({"filter": [], "evaluatorAssignments": []})).await;
    assert_eq!((&changed["filter"], &changed["enabled"]), (&json!([]), &json!(false)));
    let nobody = "An enabled evaluation rule requires at least one evaluator assignment";
    let wanted = json!({"message": nobody, "code": "invalid_request"});
    assert_eq!(server.call("PATCH", &path, json!({"enabled": true})).await, (400, wanted));
    let (_, refused) =
        server.call("POST", STABLE, json!({"name": "y", "enabled": true, "evaluatorAssignments": []})).await;
    assert_eq!(refused["details"]["issues"], json!([custom("evaluatorAssignments", nobody)]));
    assert_eq!(server.get(&format!("{STABLE}?limit=1")).await["data"], json!([changed]));
    assert_eq!(server.call("DELETE", &path, Value::Null).await, (200, json!({"id": made["id"]})));
}

#[tokio::test]
async fn a_rule_for_experiments_names_datasets_that_exist() {
    let (server, _) = judged().await;
    let filter = |id: &Value| json!([{"type": "stringOptions", "column": "datasetId", "operator": "any of", "value": [id]}]);
    let body = |id: &Value| with(&json!({"target": "experiment", "filter": filter(id)}));
    let (status, refused) = server.call("POST", UNSTABLE, body(&json!("nope"))).await;
    let message =
        "Filter column \"datasetId\" contains dataset id(s) that do not exist in this project: nope";
    let details = json!({"field": "filter[0].value", "column": "datasetId", "invalidValues": ["nope"]});
    let wanted = json!({"message": message, "code": "invalid_filter_value", "details": details});
    assert_eq!((status, refused), (400, wanted));
    let dataset = server.post("/v2/datasets", json!({"name": "gold"})).await;
    let made = server.post(UNSTABLE, body(&dataset["id"])).await;
    assert_eq!(made["filter"], filter(&dataset["id"]));
    let path = format!("{UNSTABLE}/{}", made["id"].as_str().unwrap());
    let (status, refused) = server.call("PATCH", &path, json!({"target": "observation"})).await;
    assert_eq!((status, &refused["code"]), (400, &json!("invalid_filter_value")));
    assert_eq!(refused["details"]["field"], "filter[0].column");
}
