//! No request makes the server fail, and what it refuses it refuses in its own words.
//!
//! The routes are those the server names in its description of itself.

use axum::body::Body;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Workspace};

use super::{Options, Reply, Seed, Server, basic, start};

/// Values that a query, a path or a body may be hurt by.
fn odd_texts() -> Vec<String> {
    let deep = "%5B".repeat(3000) + &"%5D".repeat(3000);
    let plain = [
        "",
        "%00",
        "%ff%fe",
        "%ED%A0%80",
        "-1",
        "0",
        "1e999",
        "9223372036854775808",
        "NaN",
        "null",
        "[]",
        "{}",
        "%22",
        "%25",
        "'%3B--",
        "2026-02-30T25:61:00Z",
        "+262143-01-01T00:00:00Z",
        "eyJ9",
        "e30",
        "bnVsbA",
        "*",
        "\\",
        "..%2F..",
    ];
    plain.map(str::to_owned).into_iter().chain([deep, "x".repeat(60_000)]).collect()
}

/// Parameters of one endpoint or another.
const PARAMETERS: [&str; 19] = [
    "page",
    "limit",
    "cursor",
    "fields",
    "fromTimestamp",
    "fromStartTime",
    "name",
    "traceId",
    "objectType",
    "dataType",
    "value",
    "scoreIds",
    "environment",
    "tags",
    "filter",
    "query",
    "orderBy",
    "version",
    "startIndex",
];

/// Whole bodies.
fn odd_bodies() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "null",
        "[]",
        "\"\"",
        "1",
        "true",
        "{",
        "1e999",
        "-0.0",
        "[null]",
        "[[]]",
        "[{}]",
        "{\"\":{}}",
        r#""\ud800""#,
        r#"{"name":"\ud800","id":"\udc00x"}"#,
        r#"{"name":"a","name":1,"name":null}"#,
        r#"{"id":123456789012345678901234567890,"value":1e400}"#,
        "\u{feff}{}",
        "a=1&b=%00",
        "\u{0}",
    ];
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep_keys = "{\"metadata\":".repeat(10_000) + "1" + &"}".repeat(10_000);
    let long = json!({"name": "x".repeat(100_000), "id": "y"}).to_string();
    let longer = json!("x".repeat(100_000)).to_string();
    let bytes = vec![0xff, 0xfe, b'{', 0x80, b'}'];
    let texts = texts.into_iter().map(str::to_owned).chain([deep, deep_keys, long, longer]);
    texts.map(String::into_bytes).chain([bytes]).collect()
}

/// What takes the place of one value in a body.
fn odd_values() -> Vec<Value> {
    let texts = ["", "\u{0}", "\u{feff} ", "{{", "[", "null", "2026-02-30", "-1", "\u{1f980}\u{202e}"];
    let nested = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.1),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": null}),
        json!({"\u{0}": "\u{0}"}),
        nested,
        json!("x".repeat(20_000)),
        json!(vec!["x"; 3000]),
    ];
    texts.into_iter().map(Value::from).chain(others).collect()
}

/// A method and a path of the server, and what its refusals have to have.
struct Target {
    method: String,
    path: String,
    required: Vec<String>,
}

/// A server and the organization's way in.
struct House {
    server: Server,
    organization: String,
}

impl House {
    fn new(mode: Mode) -> Self {
        let workspace = Workspace::in_memory(Seed::Sample, start()).unwrap();
        let keys = workspace.organization_credentials();
        let organization = basic(&keys.public_key, &keys.secret_key);
        Self { server: Server::of(workspace, Options { mode, ..Options::default() }), organization }
    }
}

async fn targets(house: &House) -> Vec<Target> {
    let reply = house.server.send("GET", "/generated/api/openapi.yml", None, Body::empty()).await;
    assert_eq!(reply.status, 200);
    let spec = reply.json();
    let mut found = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let schema = &operation["responses"]["400"]["content"]["application/json"]["schema"]["$ref"];
            let schema = schema.as_str().unwrap().trim_start_matches('#');
            let required = spec.pointer(schema).unwrap()["required"].clone();
            let required = serde_json::from_value(required).unwrap();
            found.push(Target { method: method.to_uppercase(), path: path.clone(), required });
        }
    }
    assert!(found.len() > 60, "only {} endpoints found", found.len());
    found
}

impl Target {
    fn filled(&self, value: &str) -> String {
        let segments = self.path.split('/').map(|s| if s.starts_with('{') { value } else { s });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The key that opens this.
    fn auth(&self, house: &House) -> String {
        let about_people = ["scim", "organizations", "memberships", "blob-storage", "apiKeys"];
        let is_about_people = about_people.iter().any(|part| self.path.contains(part));
        if is_about_people { house.organization.clone() } else { house.server.basic() }
    }

    async fn check(&self, house: &House, path: &str, body: Vec<u8>) {
        let what = format!("{} {path:.200} {:.200}", self.method, String::from_utf8_lossy(&body));
        let reply = house.server.send(&self.method, path, Some(&self.auth(house)), Body::from(body)).await;
        assert!(reply.status < 500, "{what}: {} {:.500}", reply.status, reply.text());
        // Links to files are signed; only with the signature do they open.
        let is_link = self.path.starts_with("/api/media");
        assert!(
            is_link || !matches!(reply.status, 401 | 403 | 405),
            "{what}: {} {:.500}",
            reply.status,
            reply.text()
        );
        if reply.status >= 400 {
            self.assert_own_words(&what, &reply);
        }
    }

    fn assert_own_words(&self, what: &str, reply: &Reply) {
        let said = format!("{what}: {} {:.500}", reply.status, reply.text());
        if !reply.text().starts_with('{') {
            let parser = ["Invalid JSON", "Invalid body", "Body exceeded", "This link is not valid"];
            assert!(parser.iter().any(|start| reply.text().starts_with(start)), "{said}");
            return;
        }
        let body = reply.json();
        let old_words = body["message"].as_str().is_some_and(|text| text.contains("events_only"))
            // OpenTelemetry's decoder has words of its own.
            || self.path.ends_with("/otel/v1/traces");
        let has = |key: &str| body.get(key).is_some();
        let says_why = ["message", "error", "errors", "detail"].into_iter().any(has);
        assert!(says_why && (old_words || self.required.iter().all(|key| has(key))), "{said}");
    }
}

#[tokio::test]
async fn no_body_breaks_an_endpoint() {
    let house = House::new(Mode::Dual);
    for target in targets(&house).await.iter().filter(|target| target.method != "GET") {
        for body in odd_bodies() {
            target.check(&house, &target.filled("x"), body).await;
        }
    }
}

#[tokio::test]
async fn no_path_and_no_unknown_parameter_breaks_an_endpoint() {
    let house = House::new(Mode::Dual);
    for target in targets(&house).await {
        let path = target.filled("x");
        for odd in odd_texts() {
            let at = target.filled(if odd.is_empty() { "%20" } else { &odd[..odd.len().min(9000)] });
            target.check(&house, &at, b"{}".to_vec()).await;
            for query in [format!("{odd}={odd}"), format!("limit[]={odd}&limit=2&limit=3&=&&page=1&page=2")] {
                let query: String = query.chars().take(65_000).collect();
                target.check(&house, &format!("{path}?{query}"), b"{}".to_vec()).await;
            }
        }
    }
}

#[tokio::test]
async fn no_parameter_breaks_a_read() {
    let house = House::new(Mode::Dual);
    for target in targets(&house).await.iter().filter(|target| target.method == "GET") {
        let path = target.filled("x");
        for odd in ["%00", "-1", "1e999", "%5B%7B%7D%5D", "2026-02-30T25:61:00Z", "eyJ9"] {
            for parameter in PARAMETERS {
                target.check(&house, &format!("{path}?{parameter}={odd}"), Vec::new()).await;
            }
        }
    }
}

/// Every value within, by its path.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let keys: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), inner)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(i, inner)| (i.to_string(), inner)).collect(),
        _ => Vec::new(),
    };
    for (key, inner) in keys {
        pointers(inner, &format!("{at}/{key}"), found);
    }
}

#[rstest]
#[case("POST", "/comments", json!({"objectType": "TRACE", "objectId": "t", "content": "c", "authorUserId": "u"}))]
#[case("POST", "/scores", json!({"id": "s", "traceId": "t", "observationId": "o", "name": "n", "value": 1,
    "dataType": "NUMERIC", "configId": "c", "comment": "c", "metadata": {"k": 1}, "environment": "e", "queueId": "q"}))]
#[case("POST", "/score-configs", json!({"name": "n", "dataType": "CATEGORICAL", "description": "d", "minValue": 0,
    "maxValue": 1, "categories": [{"label": "a", "value": 1}]}))]
#[case("PATCH", "/score-configs/x", json!({"isArchived": true, "name": "n", "categories": [{"label": "a", "value": 1}]}))]
#[case("POST", "/annotation-queues", json!({"name": "n", "description": "d", "scoreConfigIds": ["c"]}))]
#[case("POST", "/annotation-queues/x/items", json!({"objectId": "t", "objectType": "TRACE", "status": "PENDING"}))]
#[case("PATCH", "/annotation-queues/x/items/y", json!({"status": "COMPLETED"}))]
#[case("POST", "/annotation-queues/x/assignments", json!({"userId": "u"}))]
#[case("POST", "/v2/datasets", json!({"name": "d", "description": "d", "metadata": {"k": 1},
    "inputSchema": {"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}},
    "expectedOutputSchema": {"type": "string"}}))]
#[case("POST", "/dataset-items", json!({"id": "i", "datasetName": "d", "input": {"q": "x"}, "expectedOutput": "x",
    "metadata": {"k": 1}, "sourceTraceId": "t", "sourceObservationId": "o", "status": "ACTIVE"}))]
#[case("POST", "/dataset-run-items", json!({"runName": "r", "runDescription": "d", "metadata": {"k": 1},
    "datasetItemId": "i", "traceId": "t", "observationId": "o"}))]
#[case("POST", "/media", json!({"traceId": "t", "observationId": "o", "contentType": "image/png", "contentLength": 3,
    "sha256Hash": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "field": "input"}))]
#[case("PATCH", "/media/x", json!({"uploadedAt": "2026-11-24T04:00:00.000Z", "uploadHttpStatus": 200,
    "uploadHttpError": "e", "uploadTimeMs": 1}))]
#[case("DELETE", "/traces", json!({"traceIds": ["t"]}))]
#[case("POST", "/unstable/evaluators", json!({"name": "m", "type": "llm_as_judge", "prompt": "{{output}}",
    "outputDefinition": {"dataType": "NUMERIC", "reasoning": {"description": "why"},
        "score": {"description": "0-1", "minValue": 0, "maxValue": 1}},
    "modelConfig": {"provider": "p", "model": "m"}}))]
#[case("POST", "/unstable/evaluation-rules", json!({"name": "r", "target": "observation", "enabled": false,
    "sampling": 1, "filter": [{"type": "string", "column": "name", "operator": "=", "value": "x"}],
    "evaluators": [{"evaluator": {"name": "m"}, "mapping": [{"variable": "output", "source": "output"}]}]}))]
#[case("POST", "/ingestion", json!({"batch": [
    {"id": "1", "type": "trace-create", "timestamp": "2026-11-24T04:00:00.000Z", "body": {"id": "t", "name": "n",
        "timestamp": "2026-11-24T04:00:00.000Z", "tags": ["a"], "metadata": {"k": [1]}, "public": true}},
    {"id": "2", "type": "generation-create", "timestamp": "2026-11-24T04:00:00.000Z", "body": {"id": "o",
        "traceId": "t", "startTime": "2026-11-24T04:00:00.000Z", "model": "m", "modelParameters": {"t": 1},
        "usage": {"input": 1, "output": 2}, "usageDetails": {"input": 1}, "costDetails": {"input": 0.1}}},
    {"id": "3", "type": "score-create", "timestamp": "2026-11-24T04:00:00.000Z",
        "body": {"traceId": "t", "name": "x", "value": 1}}], "metadata": {}}))]
#[case("POST", "/otel/v1/traces", json!({"resourceSpans": [{"resource": {"attributes": [
        {"key": "a", "value": {"stringValue": "b"}}]}, "scopeSpans": [{"scope": {"name": "s"}, "spans": [{
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "n", "kind": 1,
    "startTimeUnixNano": "1795000000000000000", "endTimeUnixNano": "1795000001000000000",
    "attributes": [{"key": "langfuse.observation.usage_details", "value": {"stringValue": "{\"input\":1}"}}],
    "events": [{"timeUnixNano": "1", "name": "e"}], "status": {"code": 2, "message": "m"}}]}]}]}))]
#[case("POST", "/scim/Users", json!({"userName": "a@example.com", "name": {"formatted": "A"}, "roles": ["MEMBER"],
    "emails": [{"primary": true, "value": "a@example.com"}], "active": true, "password": "p"}))]
#[case("PUT", "/organizations/memberships", json!({"userId": "u", "role": "MEMBER"}))]
#[case("PUT", "/integrations/blob-storage", json!({"projectId": "p", "type": "S3", "bucketName": "b",
    "endpoint": "https://example.com", "region": "auto", "accessKeyId": "k", "secretAccessKey": "s", "prefix": "p/",
    "exportFrequency": "daily", "enabled": true, "forcePathStyle": true, "fileType": "JSONL",
    "exportMode": "FROM_CUSTOM_DATE", "exportStartDate": "2026-11-24T04:00:00.000Z", "exportFieldGroups": ["core"]}))]
#[tokio::test]
async fn no_value_in_a_body_breaks_an_endpoint(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: Value,
) {
    let house = House::new(Mode::Dual);
    let targets = targets(&house).await;
    let full = format!("/api/public{path}");
    let target = targets.iter().find(|t| t.method == method && t.fits(&full)).unwrap();
    let mut places = Vec::new();
    pointers(&body, "", &mut places);
    for place in places {
        for odd in odd_values() {
            let mut body = body.clone();
            *body.pointer_mut(&place).unwrap() = odd;
            target.check(&house, &full, body.to_string().into_bytes()).await;
        }
    }
    // What was taken in does not break those who read it.
    for target in targets.iter().filter(|t| t.method == "GET" && !t.path.contains('{')) {
        target.check(&house, &target.path, Vec::new()).await;
    }
}

impl Target {
    fn fits(&self, path: &str) -> bool {
        let (own, given): (Vec<&str>, Vec<&str>) =
            (self.path.split('/').collect(), path.split('/').collect());
        own.len() == given.len()
            && own.iter().zip(given).all(|(own, given)| own.starts_with('{') || *own == given)
    }
}
