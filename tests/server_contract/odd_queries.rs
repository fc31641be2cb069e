//! No query makes the server fail.

use rstest::rstest;
use serde_json::{Value, json};

use super::traces::recorded;

/// Values that parameters of any kind may choke on.
const ODD: [&str; 24] = [
    "",
    "%00",
    "%FF%FE",
    "%F0%9F%A6%80",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "NaN",
    "Infinity",
    "0x10",
    "null",
    "true",
    "[]",
    "{}",
    "%5B%5D",
    "%22",
    "%27%3B--",
    ",",
    ",,a",
    "2026-02-30T00:00:00Z",
    "a.b.c",
    "t%00x",
    "+",
];
const PARAMETERS: [&str; 23] = [
    "fields",
    "expandMetadata",
    "limit",
    "page",
    "cursor",
    "parseIoAsJson",
    "type",
    "name",
    "userId",
    "sessionId",
    "level",
    "traceId",
    "version",
    "parentObservationId",
    "isRootObservation",
    "environment",
    "tags",
    "release",
    "fromStartTime",
    "toTimestamp",
    "orderBy",
    "filter",
    "operator",
];

#[rstest]
#[case("/v2/observations")]
#[case("/observations")]
#[case("/traces")]
#[case("/sessions")]
#[case("/traces/t1")]
#[tokio::test]
async fn no_query_breaks_the_server(#[case] path: &str) {
    let server = recorded().await;
    for parameter in PARAMETERS {
        for value in ODD.into_iter().chain([format!("1&{parameter}=2").as_str()]) {
            let query = format!("{path}?{parameter}={value}");
            let (status, answer) = server.call("GET", &query, Value::Null).await;
            assert!(status < 500, "{query}: {status} {answer}");
        }
    }
}

#[rstest]
#[case(json!({"type": "string", "column": "input", "operator": "matches", "value": "a\u{0}b * [x] ^".repeat(800)}))]
#[case(json!({"type": "string", "column": "input", "operator": "matches", "value": "a".repeat(20_000)}))]
#[case(json!({"type": "string", "column": "name", "operator": "ends with", "value": "\u{0}"}))]
#[case(json!({"type": "number", "column": "latency", "operator": "=", "value": 1e308}))]
#[case(json!({"type": "datetime", "column": "startTime", "operator": "<", "value": 1e300}))]
#[case(json!({"type": "stringObject", "column": "metadata", "key": "'\"$.\u{0}", "operator": "=", "value": "%_"}))]
#[case(json!({"type": "stringOptions", "column": "id", "operator": "none of", "value": vec!["x"; 5000]}))]
#[tokio::test]
async fn no_filter_breaks_the_server(#[case] filter: Value) {
    let server = recorded().await;
    let many =
        Value::from(vec![json!({"type": "string", "column": "name", "operator": "=", "value": "x"}); 400]);
    let deep = format!("[{}1{}]", "[".repeat(300), "]".repeat(300));
    for text in [json!([filter]).to_string(), many.to_string(), deep] {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in ["/v2/observations", "/observations", "/traces"] {
            let (status, answer) = server.call("GET", &format!("{path}?filter={text}"), Value::Null).await;
            assert!(status < 500, "{path}: {status} {answer}");
        }
    }
}
