//! Prompts: versions, labels, reads, refusals.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Server, empty, sample};

async fn create(server: &Server, body: Value) -> Value {
    let (status, made) = server.call("POST", "/v2/prompts", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn a_prompt_comes_back_as_it_was_made() {
    let server = empty();
    let body = json!({"name": "greet", "type": "text", "prompt": "Hi {{name}}", "labels": ["production"]});
    let made = create(&server, body).await;
    let keys: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = [
        "id",
        "createdAt",
        "updatedAt",
        "projectId",
        "createdBy",
        "prompt",
        "name",
        "version",
        "type",
        "isActive",
        "config",
        "tags",
        "labels",
        "commitMessage",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(made["labels"], json!(["production", "latest"]));
    let mut read = server.get("/v2/prompts/greet").await;
    assert_eq!(read.as_object_mut().unwrap().shift_remove("resolutionGraph"), Some(Value::Null));
    assert_eq!(read, made);
}

#[tokio::test]
async fn a_label_moves_to_the_version_it_is_given_to() {
    let server = empty();
    for body in [
        json!({"name": "a/b", "prompt": "1", "labels": ["production"], "tags": ["x"]}),
        json!({"name": "a/b", "prompt": "2", "config": {"n": 1}}),
    ] {
        create(&server, body).await;
    }
    for (query, version, labels) in [
        ("", 1, json!(["production"])),
        ("?label=latest", 2, json!(["latest"])),
        ("?version=2", 2, json!(["latest"])),
        ("?version=0", 1, json!(["production"])),
    ] {
        let read = server.get(&format!("/v2/prompts/a%2Fb{query}")).await;
        assert_eq!((read["version"].as_i64(), &read["labels"]), (Some(version), &labels), "{query}");
        assert_eq!(read["tags"], json!(["x"]));
    }
    let list = server.get("/v2/prompts?name=a/b").await;
    let row = &list["data"][0];
    assert_eq!(row["versions"], json!([1, 2]));
    assert_eq!(row["labels"], json!(["latest", "production"]));
    assert_eq!(row["lastConfig"], json!({"n": 1}));
    assert_eq!(list["meta"], json!({"page": 1, "limit": 10, "totalPages": 1, "totalItems": 1}));
    let of_label = server.get("/v2/prompts?label=latest&tag=x").await;
    assert_eq!(
        (&of_label["data"][0]["versions"], &of_label["data"][0]["labels"]),
        (&json!([2]), &json!(["latest"]))
    );
    assert_eq!(server.get("/v2/prompts?label=none").await["meta"]["totalItems"], 0);
}

#[rstest]
#[case("/none", 404, "Prompt not found: 'none' with label 'production'")]
#[case("/none?label=x", 404, "Prompt not found: 'none' with label 'x'")]
#[case("/none?version=3", 404, "Prompt not found: 'none' with version 3")]
#[case("/none?version=3&label=x", 400, "Cannot specify both version and label")]
#[case("/none?version=x", 400, "Invalid request data")]
#[case("?limit=101", 400, "Invalid request data")]
#[tokio::test]
async fn reads_that_find_nothing_say_so(#[case] path: &str, #[case] status: u16, #[case] message: &str) {
    let (got, body) = empty().call("GET", &format!("/v2/prompts{path}"), Value::Null).await;
    assert_eq!((got, body["message"].as_str()), (status, Some(message)));
}

#[rstest]
#[case(json!({"name": "", "prompt": "x"}))]
#[case(json!({"name": "a|b", "prompt": "x"}))]
#[case(json!({"name": "new", "prompt": "x"}))]
#[case(json!({"name": "/a", "prompt": "x"}))]
#[case(json!({"name": "a", "prompt": 1}))]
#[case(json!({"name": "a", "prompt": "x", "type": "chat"}))]
#[case(json!({"name": "a", "prompt": [{"role": "user"}], "type": "chat"}))]
#[case(json!({"name": "a", "prompt": "x", "labels": ["Production"]}))]
#[case(json!({"name": "a", "prompt": "x", "labels": ["a".repeat(37)]}))]
#[case(json!({"name": "a", "prompt": "x", "tags": "t"}))]
#[case(json!({"name": "a", "prompt": "x", "commitMessage": "m".repeat(501)}))]
#[case(json!([]))]
#[tokio::test]
async fn what_is_no_prompt_is_refused(#[case] body: Value) {
    let (status, answer) = empty().call("POST", "/v2/prompts", body).await;
    assert_eq!((status, &answer["message"]), (400, &json!("Invalid request data")));
    assert!(answer["error"].is_array());
}

#[tokio::test]
async fn all_versions_are_of_one_type() {
    let server = empty();
    let chat = json!([{"role": "user", "content": "Hi"}, {"type": "placeholder", "name": "history"}]);
    create(&server, json!({"name": "a", "type": "chat", "prompt": chat})).await;
    let (status, body) = server.call("POST", "/v2/prompts", json!({"name": "a", "prompt": "x"})).await;
    let message = "Previous versions have different prompt type. Create a new prompt with a different name.";
    assert_eq!((status, body), (400, json!({"message": message, "error": "InvalidRequestError"})));
}

#[tokio::test]
async fn a_prompt_can_be_commented_on() {
    let server = sample();
    let made = create(&server, json!({"name": "a", "prompt": "x"})).await;
    let mut comment =
        json!({"projectId": "p", "objectType": "PROMPT", "objectId": made["id"], "content": "well said"});
    server.post("/comments", comment.clone()).await;
    comment["objectId"] = json!("none");
    let (status, body) = server.call("POST", "/comments", comment).await;
    let message = "Reference object, PROMPT: none not found. Skipping comment creation.";
    assert_eq!((status, body["message"].as_str()), (404, Some(message)));
}
