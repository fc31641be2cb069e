//! What spans say in less common ways.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};
use url::form_urlencoded::byte_serialize;

use crate::otel::{TRACE, part, request, span};
use crate::{Server, empty, ids};

#[rstest]
#[case::cached_and_reasoned("ai", json!({"gen_ai.usage.prompt_tokens": "20", "gen_ai.usage.completion_tokens": 9,
        "ai.response.providerMetadata": "{\"openai\":{\"cachedPromptTokens\":8,\"reasoningTokens\":4}}"}),
    json!({"input": 12, "output": 5, "input_cached_tokens": 8, "output_reasoning_tokens": 4, "total": 29}))]
#[case::counted_by_anthropic("ai", json!({"gen_ai.usage.input_tokens": 20,
        "ai.response.providerMetadata": "{\"anthropic\":{\"usage\":{\"cache_creation_input_tokens\":5,\"cache_read_input_tokens\":7}}}"}),
    json!({"input": 8, "output": 0, "input_cache_creation": 5, "input_cached_tokens": 7, "total": 20}))]
#[case::of_pydantic("pydantic-ai", json!({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.details.cache_read_input_tokens": 1}),
    json!({"input": 3, "output": 2, "input_cache_read": 1, "total": 6}))]
#[case::reasoned("x", json!({"gen_ai.usage.output_tokens": 600, "gen_ai.usage.reasoning_tokens": 500,
        "gen_ai.usage.total_tokens": 700}),
    json!({"output": 100, "output_reasoning_tokens": 500, "total": 700}))]
#[case::one_is_no_count("x", json!({"gen_ai.usage.input_tokens": 1.5, "gen_ai.usage.output_tokens": 2}),
    json!({}))]
#[case::one_is_text("x", json!({"langfuse.observation.usage_details": "{\"input\":\"3\",\"output\":2}"}),
    json!({}))]
#[case::some_are_missing("x", json!({"langfuse.observation.usage_details": "{\"input\":3,\"output\":null}"}),
    json!({"input": 3, "total": 3}))]
#[tokio::test]
async fn tokens_are_counted_once(#[case] scope: &str, #[case] attributes: Value, #[case] wanted: Value) {
    assert_eq!(empty().observed(scope, &attributes).await["usageDetails"], wanted);
}

#[rstest]
#[case("{\"input\":0.5,\"output\":0.25}", json!({"input": 0.5, "output": 0.25, "total": 0.75}), json!(0.75))]
#[case("{\"input\":0.5,\"search\":0.25}", json!({"input": 0.5, "search": 0.25}), json!(0))]
#[case("{\"total\":2,\"search\":0.25}", json!({"total": 2, "search": 0.25}), json!(2))]
#[tokio::test]
async fn costs_of_other_kinds_have_no_sum(#[case] given: &str, #[case] wanted: Value, #[case] total: Value) {
    let row = empty().observed("x", &json!({"langfuse.observation.cost_details": given})).await;
    assert_eq!((&row["costDetails"], &row["totalCost"]), (&wanted, &total));
}

#[tokio::test]
async fn settings_of_the_vercel_sdk_are_there_even_if_not_set() {
    let row = empty().observed("ai", &json!({"ai.settings.maxRetries": 2})).await;
    let wanted = json!({
        "maxSteps": null, "toolChoice": null, "maxTokens": null, "finishReason": null, "system": null,
        "maxRetries": "2", "mode": null, "temperature": null,
    });
    assert_eq!(row["modelParameters"], wanted);
}

#[rstest]
#[case("agent_turn", json!({"type": "AGENT", "level": "DEFAULT"}))]
#[case("function_tool", json!({"type": "TOOL", "level": "DEFAULT"}))]
#[case("start_agent_activity", json!({"type": "AGENT", "level": "DEBUG"}))]
#[case("tts_node", json!({"type": "SPAN", "level": "DEBUG"}))]
#[tokio::test]
async fn livekit_names_its_spans_by_what_they_are(#[case] name: &str, #[case] wanted: Value) {
    let server = empty();
    let mut span = span("01", "", &json!({}));
    span["name"] = json!(name);
    server.export_json(&request("livekit-agents", &[span])).await;
    assert_eq!(part(&server.spans().await[0], &wanted), wanted);
}

#[rstest]
#[case("startTimeUnixNano", "2026-11-18T11:06:43.000Z")]
#[case("endTimeUnixNano", "2026-11-18T11:06:41.000Z")]
#[tokio::test]
async fn a_span_with_one_end_took_no_time(#[case] missing: &str, #[case] at: &str) {
    let server = empty();
    let mut span = span("01", "", &json!({}));
    span.as_object_mut().unwrap().remove(missing);
    server.export_json(&request("x", &[span])).await;
    let wanted = json!({"startTime": at, "endTime": at, "latency": null});
    assert_eq!(part(&server.spans().await[0], &wanted), wanted);
}

#[tokio::test]
async fn an_application_may_begin_below_the_span_of_another() {
    let server = empty();
    let root =
        span("02", "01", &json!({"langfuse.internal.is_app_root": true, "langfuse.trace.name": "chat"}));
    server.export_json(&request("x", &[root, span("03", "02", &json!({}))])).await;
    let roots = server.get("/v2/observations?isRootObservation=true&fields=basic").await;
    assert_eq!(ids(&roots), ["0000000000000002"]);
    let wanted = json!({"isRootObservation": true, "parentObservationId": "0000000000000001"});
    assert_eq!(part(&roots["data"][0], &wanted), wanted);
    assert_eq!(ids(&server.get("/v2/observations?isRootObservation=false").await), ["0000000000000003"]);
    assert_eq!(ids(&server.get("/v2/observations?parentObservationId=").await), Vec::<&str>::new());
}

#[tokio::test]
async fn metadata_lies_flat_in_the_new_data_model_only() {
    let server = Server::new(Seed::Empty, Options { mode: Mode::Dual, ..Options::default() });
    let attributes =
        json!({"langfuse.observation.metadata": "{\"a\":{\"b\":[1]},\"c\":null}", "http.x": true});
    let row = server.observed("lib", &attributes).await;
    assert_eq!(
        row["metadata"],
        json!({
            "a.b": [1], "c": "", "scope.name": "lib", "scope.version": 1.2, "attributes.http.x": true,
            "attributes.langfuse.observation.metadata": {"a": {"b": [1]}, "c": null},
            "resourceAttributes.service.name": "shop", "resourceAttributes.service.version": 7,
        })
    );
    let filter = json!([{"type": "stringObject", "column": "metadata", "key": "resourceAttributes.service.name",
        "operator": "=", "value": "shop"}]);
    let filter: String = byte_serialize(filter.to_string().as_bytes()).collect();
    assert_eq!(ids(&server.get(&format!("/v2/observations?filter={filter}")).await).len(), 1);
    let sources = json!({"service.name": "shop", "service.version": "7"});
    for metadata in [
        &server.get("/observations/0000000000000001").await["metadata"],
        &server.get(&format!("/traces/{TRACE}")).await["metadata"],
    ] {
        assert_eq!(metadata["resourceAttributes"], sources);
        assert_eq!(metadata["scope"], json!({"name": "lib", "version": "1.2"}));
    }
}
