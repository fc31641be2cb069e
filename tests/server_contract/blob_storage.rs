//! Blob-storage integrations.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};

use super::people::{call, organized};
use super::{Server, issues};

const PATH: &str = "/integrations/blob-storage";

fn dual() -> (Server, String) {
    organized(Seed::Empty, Options { mode: Mode::Dual, ..Options::default() })
}

/// A body that fits, with `extra` over it; null takes a key away.
async fn body(server: &Server, extra: Value) -> Value {
    let project = server.get("/projects").await["data"][0]["id"].clone();
    let mut body = json!({
        "projectId": project, "type": "S3_COMPATIBLE", "bucketName": "exports",
        "endpoint": "https://s3.example.com", "region": "auto", "accessKeyId": "AKTEST",
        "secretAccessKey": "very-secret", "prefix": "lf/", "exportFrequency": "daily", "enabled": false,
        "forcePathStyle": true, "fileType": "JSONL", "exportMode": "FULL_HISTORY",
    });
    for (key, value) in extra.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

#[tokio::test]
async fn an_integration_is_kept_shown_and_deleted_without_its_secret() {
    let (server, auth) = dual();
    assert_eq!(call(&server, &auth, "GET", PATH, Value::Null).await, (200, json!({"data": []})));
    let (status, made) = call(&server, &auth, "PUT", PATH, body(&server, json!({})).await).await;
    assert_eq!(status, 200, "{made}");
    let keys = "id projectId type bucketName endpoint region accessKeyId prefix exportFrequency enabled \
        forcePathStyle fileType exportMode exportStartDate compressed exportSource exportFieldGroups nextSyncAt \
        lastSyncAt lastError lastErrorAt createdAt updatedAt";
    assert_eq!(made.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" "), keys);
    assert_eq!((&made["exportSource"], &made["compressed"]), (&json!("OBSERVATIONS_V2"), &json!(true)));
    assert_eq!(made["exportFieldGroups"].as_array().unwrap().len(), 11);
    assert!(!made.to_string().contains("very-secret"));
    let project = made["projectId"].as_str().unwrap();

    let partial = json!({
        "secretAccessKey": null, "exportSource": "OBSERVATIONS_V2", "exportFieldGroups": ["core", "io"],
        "enabled": true, "exportMode": "FROM_CUSTOM_DATE", "exportStartDate": "2026-01-02",
    });
    let (status, changed) = call(&server, &auth, "PUT", PATH, body(&server, partial).await).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["exportStartDate"], "2026-01-02T00:00:00.000Z");
    assert_eq!(
        (&changed["createdAt"], changed["updatedAt"] == made["updatedAt"]),
        (&made["createdAt"], false)
    );
    let (_, kept) = call(&server, &auth, "PUT", PATH, body(&server, json!({"enabled": true})).await).await;
    assert_eq!(
        (&kept["exportFieldGroups"], &kept["exportStartDate"]),
        (&json!(["core", "io"]), &json!(null))
    );

    let one = format!("{PATH}/{project}");
    let status = json!({
        "id": project, "projectId": project, "syncStatus": "idle", "enabled": true, "lastSyncAt": null,
        "nextSyncAt": null, "lastError": null, "lastErrorAt": null,
    });
    assert_eq!(call(&server, &auth, "GET", &one, Value::Null).await, (200, status));
    call(&server, &auth, "PUT", PATH, body(&server, json!({})).await).await;
    assert_eq!(call(&server, &auth, "GET", &one, Value::Null).await.1["syncStatus"], "disabled");
    let gone = json!({"message": "Blob storage integration successfully deleted"});
    assert_eq!(call(&server, &auth, "DELETE", &one, Value::Null).await, (200, gone));
    let missing = json!({"message": "Blob storage integration not found", "error": "LangfuseNotFoundError"});
    for method in ["GET", "DELETE"] {
        assert_eq!(call(&server, &auth, method, &one, Value::Null).await, (404, missing.clone()));
    }
}

#[rstest]
#[case(json!({"prefix": "lf"}), json!([{"code": "custom", "path": ["prefix"], "message": "Prefix must be empty or end with a forward slash"}]))]
#[case(json!({"exportMode": "FROM_CUSTOM_DATE"}), json!([{"code": "custom", "path": ["exportStartDate"], "message": "exportStartDate is required when exportMode is FROM_CUSTOM_DATE"}]))]
#[case(json!({"exportMode": "FROM_CUSTOM_DATE", "prefix": "x"}), json!([
    {"code": "custom", "path": ["prefix"], "message": "Prefix must be empty or end with a forward slash"},
    {"code": "custom", "path": ["exportStartDate"], "message": "exportStartDate is required when exportMode is FROM_CUSTOM_DATE"},
]))]
#[case(json!({"exportFieldGroups": ["core"]}), json!([{"code": "custom", "message": "exportSource is required when exportFieldGroups is provided", "path": ["exportSource"]}]))]
#[case(json!({"exportFieldGroups": ["io"], "exportSource": "OBSERVATIONS_V2"}), json!([{"code": "custom", "message": "The Core field group is required", "path": ["exportFieldGroups"]}]))]
#[case(json!({"bucketName": ""}), json!([{"origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": ["bucketName"], "message": "Too small: expected string to have >=1 characters"}]))]
#[case(json!({"enabled": "yes", "more": 1, "exportMode": "FROM_CUSTOM_DATE"}), json!([
    {"expected": "boolean", "code": "invalid_type", "path": ["enabled"], "message": "Invalid input: expected boolean, received string"},
    {"code": "unrecognized_keys", "keys": ["more"], "path": [], "message": "Unrecognized key: \"more\""},
]))]
#[tokio::test]
async fn the_schema_is_checked(#[case] extra: Value, #[case] wanted: Value) {
    let (server, auth) = dual();
    let (status, answer) = call(&server, &auth, "PUT", PATH, body(&server, extra).await).await;
    assert_eq!((status, answer.to_string()), (400, issues(&wanted).to_string()));
}

#[tokio::test]
async fn an_empty_body_lacks_every_field() {
    let (server, auth) = dual();
    let (_, answer) = call(&server, &auth, "PUT", PATH, json!({})).await;
    let paths: Vec<_> =
        answer["error"].as_array().unwrap().iter().map(|i| i["path"][0].as_str().unwrap()).collect();
    let wanted = [
        "projectId",
        "type",
        "bucketName",
        "region",
        "exportFrequency",
        "enabled",
        "forcePathStyle",
        "fileType",
        "exportMode",
    ];
    assert_eq!(paths, wanted);
}

#[rstest]
#[case(Mode::Dual, json!({"projectId": "nope"}), 404, "Project not found")]
#[case(Mode::Dual, json!({"accessKeyId": " "}), 400, "Access Key ID and Secret Access Key are required")]
#[case(Mode::Dual, json!({"secretAccessKey": null}), 400, "Secret access key is required for new configuration")]
#[case(Mode::Dual, json!({"endpoint": "not a url"}), 400, "Invalid blob storage endpoint: Invalid URL")]
#[case(Mode::EventsOnly, json!({"exportSource": "LEGACY_TRACES_OBSERVATIONS"}), 400, "Legacy export sources are not available while LANGFUSE_MIGRATION_V4_WRITE_MODE=events_only, because the legacy traces/observations tables are no longer written. Switch to the enriched observations export source instead.")]
#[tokio::test]
async fn rules_are_refused(
    #[case] mode: Mode,
    #[case] extra: Value,
    #[case] status: u16,
    #[case] message: &str,
) {
    let (server, auth) = organized(Seed::Empty, Options { mode, ..Options::default() });
    let (found, answer) = call(&server, &auth, "PUT", PATH, body(&server, extra).await).await;
    assert_eq!((found, answer["message"].as_str()), (status, Some(message)));
    assert_eq!(call(&server, &auth, "GET", PATH, Value::Null).await.1, json!({"data": []}));
}
