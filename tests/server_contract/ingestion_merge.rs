//! What several events make of one trace or observation.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use crate::ingestion::{AT, dual, event, part};

#[tokio::test]
async fn later_events_fill_and_overwrite_whatever_their_order() {
    let created = json!({"id": "o", "traceId": "t", "startTime": AT, "name": "a", "output": "first",
        "metadata": {"a": {"b": 1}}});
    let updated = json!({"id": "o", "endTime": "2026-11-24T04:00:01Z", "output": "last",
        "metadata": {"a": {"c": 2}}});
    let wanted = json!({"id": "o", "traceId": "t", "startTime": AT, "name": "a", "output": "last",
        "metadata": {"a": {"b": 1, "c": 2}}, "latency": 1});
    for order in [[0, 1], [1, 0]] {
        let server = dual();
        let events = [event("1", "span-create", &created), event("2", "span-update", &updated)];
        for index in order {
            server.ingest(&events[index..=index]).await;
        }
        // Sent again, nothing changes.
        server.ingest(&events).await;
        server.ingest(&events[..1]).await;
        let rows = server.rows("t").await;
        assert_eq!(rows.len(), 1, "{order:?}");
        assert_eq!(part(&rows[0], &wanted), wanted, "{order:?}");
    }
}

#[tokio::test]
async fn a_trace_grows_and_its_time_stays() {
    let server = dual();
    server.tell("1", "trace-create", json!({"id": "t", "name": "a", "timestamp": AT, "tags": ["b"]})).await;
    let more = json!({"id": "t", "timestamp": "2026-11-25T04:00:00Z", "tags": ["a"], "output": {"x": 1},
        "metadata": "plain"});
    server.tell("2", "trace-create", more).await;
    let wanted = json!({"id": "t-t", "name": "a", "startTime": AT, "tags": ["a", "b"],
        "output": r#"{"x":1}"#, "metadata": {"metadata": "plain"}});
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
    // Deleted, it starts afresh.
    server.call("DELETE", "/traces/t", Value::Null).await;
    server.tell("3", "trace-create", json!({"id": "t", "timestamp": AT})).await;
    let wanted = json!({"name": "", "tags": [], "output": null});
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
}

#[rstest]
#[case(json!({"usage": {"input": 1, "output": 2}}), json!({"input": 1, "output": 2, "total": 3}))]
#[case(json!({"usage": {"total": 7, "unit": "TOKENS"}}), json!({"total": 7}))]
#[case(json!({"usageDetails": {"input": 3, "images": 2}}), json!({"input": 3, "images": 2, "total": 5}))]
#[case(
    json!({"usageDetails": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": null}}}),
    json!({"input": 6, "input_cached_tokens": 4, "output": 5, "total": 15})
)]
#[case(
    json!({"usageDetails": {"input_tokens": 1, "output_tokens": 5, "total_tokens": 6,
        "output_tokens_details": {"reasoning_tokens": 9}}}),
    json!({"input": 1, "output": 0, "output_reasoning_tokens": 9, "total": 6})
)]
#[tokio::test]
async fn usage_comes_in_many_shapes(#[case] mut body: Value, #[case] wanted: Value) {
    let server = dual();
    body["id"] = json!("g");
    body["traceId"] = json!("t");
    server.tell("1", "generation-create", body).await;
    assert_eq!(server.rows("t").await[0]["usageDetails"], wanted);
}

#[tokio::test]
async fn given_costs_count_more_than_prices() {
    let server = dual();
    let body = json!({"id": "g", "traceId": "t", "model": "gpt-4o-2024-08-06",
        "usageDetails": {"input": 100}, "costDetails": {"input": 0.5, "output": 0.25}});
    server.tell("1", "agent-create", body).await;
    let wanted = json!({"type": "AGENT", "costDetails": {"input": 0.5, "output": 0.25, "total": 0.75},
        "totalCost": 0.75});
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
}

#[rstest]
// Costs do not go with the old names of counts.
#[case(json!({"usage": {"promptTokens": 4, "completionTokens": 5, "totalCost": 9}}),
    json!({"usageDetails": {"input": 4, "output": 5, "total": 9}, "costDetails": {}}))]
#[case(json!({"usage": {"input": 0, "output": 5, "totalCost": 2}}),
    json!({"usageDetails": {"input": 0, "output": 5, "total": 0}, "costDetails": {"total": 2}}))]
#[case(json!({"costDetails": {"input": 1, "search": 2}}),
    json!({"costDetails": {"input": 1, "search": 2}, "totalCost": 0}))]
#[case(json!({"startTime": "2026-11-24T05:00:00Z", "endTime": "2026-11-24T04:00:00Z"}),
    json!({"endTime": "2026-11-24T05:00:00.000Z", "latency": null}))]
#[tokio::test]
async fn amounts_and_times_are_put_right(#[case] mut body: Value, #[case] wanted: Value) {
    let server = dual();
    body["id"] = json!("g");
    body["traceId"] = json!("t");
    server.tell("1", "generation-create", body).await;
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
}

#[tokio::test]
async fn events_take_effect_by_their_time() {
    let server = dual();
    let at = |id: &str, kind: &str, minute: u8, body: Value| {
        let mut event = event(id, kind, &body);
        event["timestamp"] = json!(format!("2026-11-24T04:{minute:02}:00Z"));
        event
    };
    // The update was told of an earlier time than the rest, of which two were told of one time.
    server
        .ingest(&[
            at(
                "1",
                "span-create",
                5,
                json!({"id": "o", "traceId": "t", "name": "first", "metadata": {"l": [1, 2]}}),
            ),
            at("2", "span-create", 5, json!({"id": "o", "traceId": "t", "name": "second", "level": "ERROR"})),
            at(
                "3",
                "span-update",
                1,
                json!({"id": "o", "traceId": "t", "name": "early", "statusMessage": "s"}),
            ),
        ])
        .await;
    let wanted = json!({"name": "first", "level": "ERROR", "statusMessage": "s", "metadata": {"l": [1, 2]},
        "startTime": "2026-11-24T04:01:00.000Z"});
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
    let later = json!({"id": "o", "traceId": "t", "name": null, "level": null, "statusMessage": null,
        "metadata": {"l": [9]}, "startTime": "2026-11-24T03:00:00Z"});
    server.ingest(&[at("4", "span-update", 9, later)]).await;
    let wanted = json!({"name": "", "level": "DEFAULT", "statusMessage": "s", "metadata": {"l": [9, 2]},
        "startTime": "2026-11-24T04:01:00.000Z"});
    assert_eq!(part(&server.rows("t").await[0], &wanted), wanted);
}
