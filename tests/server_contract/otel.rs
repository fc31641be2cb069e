//! OpenTelemetry spans become observations and traces.

use std::io::Write as _;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value as Any,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as proto;
use pretty_assertions::assert_eq;
use prost::Message as _;
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{Server, empty};

/// The trace of all spans here.
pub const TRACE: &str = "0102030405060708090a0b0c0d0e0f10";
const NOON: u64 = 1_795_000_000_000_000_000;
const PROTOBUF: &str = "application/x-protobuf";

/// What the server said: status, content type, body.
type Said = (u16, String, Vec<u8>);

impl Server {
    async fn export(&self, kind: &str, encoding: Option<&str>, bytes: Vec<u8>) -> Said {
        let request = Request::post("/api/public/otel/v1/traces")
            .header(header::AUTHORIZATION, self.basic())
            .header(header::CONTENT_TYPE, kind)
            .header("x-langfuse-ingestion-version", "4");
        let request = match encoding {
            Some(name) => request.header(header::CONTENT_ENCODING, name),
            None => request,
        };
        let response = self.router.clone().oneshot(request.body(Body::from(bytes)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let kind = parts.headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap().to_owned());
        (parts.status.as_u16(), kind.unwrap_or_default(), bytes)
    }

    /// Sends spans as JSON.
    pub async fn export_json(&self, body: &Value) {
        let (status, _, bytes) = self.export("application/json", None, body.to_string().into_bytes()).await;
        assert_eq!((status, &bytes[..]), (200, &b"{}"[..]));
    }

    /// The observations of the trace, oldest first.
    pub async fn spans(&self) -> Vec<Value> {
        let fields = "core,basic,time,io,metadata,model,usage,metrics,trace_context,prompt";
        let list = self.get(&format!("/v2/observations?traceId={TRACE}&fields={fields}")).await;
        let mut rows = list["data"].as_array().unwrap().clone();
        rows.reverse();
        rows
    }

    /// The one observation a span with these attributes becomes.
    pub async fn observed(&self, scope: &str, attributes: &Value) -> Value {
        self.export_json(&request(scope, &[span("01", "", attributes)])).await;
        self.spans().await.remove(0)
    }
}

fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(n) if n.is_f64() => json!({"doubleValue": n}),
        Value::Number(n) => json!({"intValue": n.to_string()}),
        Value::Array(list) => json!({"arrayValue": {"values": list.iter().map(any).collect::<Vec<_>>()}}),
        other => json!({"kvlistValue": {"values": pairs(other)}}),
    }
}

/// Attributes as a request has them.
pub fn pairs(map: &Value) -> Value {
    map.as_object().into_iter().flatten().map(|(key, v)| json!({"key": key, "value": any(v)})).collect()
}

/// A span of two seconds, starting as many seconds after noon as its id says.
pub fn span(id: &str, parent: &str, attributes: &Value) -> Value {
    let start = NOON + id.parse::<u64>().unwrap() * 1_000_000_000;
    json!({
        "traceId": TRACE, "spanId": format!("00000000000000{id}"), "name": format!("span {id}"),
        "parentSpanId": if parent.is_empty() { String::new() } else { format!("00000000000000{parent}") },
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": start + 2_000_000_000,
        "attributes": pairs(attributes),
    })
}

/// A request with spans of a library.
pub fn request(scope: &str, spans: &[Value]) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": pairs(&json!({"service.name": "shop", "service.version": "7"}))},
        "scopeSpans": [{"scope": {"name": scope, "version": "1.2"}, "spans": spans}],
    }]})
}

/// The fields of a row that are named in `wanted`.
pub fn part(row: &Value, wanted: &Value) -> Value {
    wanted.as_object().unwrap().keys().map(|key| (key.clone(), row[key].clone())).collect()
}

#[tokio::test]
async fn the_applications_own_attributes_come_first() {
    let server = empty();
    let attributes = json!({
        "langfuse.trace.name": "chat", "user.id": "u", "session.id": "s", "langfuse.trace.tags": ["b", "a"],
        "langfuse.release": "r", "langfuse.version": "v", "langfuse.environment": "staging",
        "langfuse.observation.type": "generation", "langfuse.observation.level": "WARNING",
        "langfuse.observation.status_message": "slow", "langfuse.observation.input": "{\"q\":1}",
        "langfuse.observation.output": "plain", "langfuse.observation.metadata.step": 3,
        "langfuse.trace.metadata.tenant": "acme", "langfuse.observation.model.name": "gpt-4o-2024-08-06",
        "langfuse.observation.model.parameters": "{\"temperature\":0.2,\"stop\":[\"x\"]}",
        "langfuse.observation.usage_details": "{\"input\":20,\"output\":10}",
        "langfuse.observation.completion_start_time": "\"2026-11-18T11:06:41.400Z\"",
        "langfuse.observation.prompt.name": "p", "langfuse.observation.prompt.version": 2,
        "input.value": "not this",
    });
    let row = server.observed("langfuse-sdk", &attributes).await;
    let wanted = json!({
        "id": "0000000000000001", "traceId": TRACE, "parentObservationId": null, "type": "GENERATION",
        "name": "span 01", "level": "WARNING", "statusMessage": "slow", "version": "v",
        "environment": "staging", "input": "{\"q\":1}", "output": "plain", "userId": "u", "sessionId": "s",
        "traceName": "chat", "release": "r", "tags": ["b", "a"], "model": "gpt-4o-2024-08-06",
        "modelParameters": {"temperature": 0.2, "stop": "[\"x\"]"}, "latency": 2,
        "usageDetails": {"input": 20, "output": 10, "total": 30},
        "costDetails": {"input": 5e-5, "output": 0.0001, "total": 0.00015}, "totalCost": 0.00015,
        "metadata": {"step": 3, "tenant": "acme", "resourceAttributes.service.name": "shop",
            "resourceAttributes.service.version": 7, "scope.name": "langfuse-sdk", "scope.version": 1.2},
    });
    assert_eq!(part(&row, &wanted), wanted);
}

#[rstest]
#[case("x", json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": "4", "gen_ai.request.temperature": 0.5,
        "gen_ai.input.messages": "[1]", "gen_ai.output.messages": "[2]"}),
    json!({"type": "GENERATION", "model": "gpt-4o-2024-08-06", "input": "[1]", "output": "[2]",
        "usageDetails": {"input": 3, "output": 4, "total": 7}, "modelParameters": {"temperature": 0.5}}))]
#[case("x", json!({"gen_ai.prompt.1.content": "b", "gen_ai.prompt.0.content": "a",
        "gen_ai.prompt.0.role": "user", "gen_ai.completion.0.tool_calls.0.name": "f"}),
    json!({"input": r#"[{"content":"a","role":"user"},{"content":"b"}]"#,
        "output": r#"[{"tool_calls":[{"name":"f"}]}]"#}))]
#[case("x", json!({"openinference.span.kind": "LLM", "llm.model_name": "m", "input.value": "in",
        "output.value": "out", "llm.token_count.prompt": 5, "llm.token_count.completion": 6,
        "llm.invocation_parameters": "{\"n\":1}"}),
    json!({"type": "GENERATION", "model": "m", "input": "in", "output": "out",
        "usageDetails": {"input": 5, "output": 6, "total": 11}, "modelParameters": {"n": 1}}))]
#[case("x", json!({"openinference.span.kind": "AGENT", "llm.input_messages.0.message.role": "user"}),
    json!({"type": "AGENT", "input": r#"[{"message":{"role":"user"}}]"#, "output": "{}"}))]
#[case("ai", json!({"ai.operationId": "ai.generateText.doGenerate", "operation.name": "ai.generateText.doGenerate f",
        "ai.telemetry.functionId": "f", "ai.model.id": "gpt-4o", "ai.prompt.messages": "[]",
        "ai.response.text": "hi", "gen_ai.usage.input_tokens": 9, "ai.usage.cachedInputTokens": 4,
        "ai.telemetry.metadata.userId": "u", "ai.telemetry.metadata.plan": "free"}),
    json!({"type": "GENERATION", "name": "f:ai.generateText.doGenerate", "input": "[]", "output": "hi",
        "userId": "u", "usageDetails": {"input": 5, "output": 0, "input_cached_tokens": 4, "total": 9}}))]
#[case("ai", json!({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "search", "ai.toolCall.args": "{}",
        "ai.toolCall.result": "[]"}),
    json!({"type": "TOOL", "name": "search", "input": "{}", "output": "[]"}))]
#[case("x", json!({"traceloop.entity.input": "a", "traceloop.entity.output": "b"}),
    json!({"type": "SPAN", "input": "a", "output": "b"}))]
#[case("pydantic-ai", json!({"pydantic_ai.all_messages": "[1]", "final_result": "done",
        "logfire.msg": "agent run"}),
    json!({"name": "agent run", "input": "[1]", "output": "done"}))]
#[case("x", json!({"prompt": "p", "all_messages_events": "[3]"}), json!({"input": "p", "output": "[3]"}))]
#[case("x", json!({"gen_ai.tool.name": "search", "gen_ai.tool.call.arguments": "{}", "gen_ai.tool.call.result": 4}),
    json!({"type": "TOOL", "name": "search", "input": "{}", "output": "4"}))]
#[case("x", json!({"deployment.environment.name": "Prod", "langfuse.observation.cost_details": "{\"total\":0.5}",
        "gen_ai.conversation.id": "c"}),
    json!({"environment": "prod", "sessionId": "c", "totalCost": 0.5, "version": "7"}))]
#[case("x", json!({"langfuse.trace.tags": "a, b"}), json!({"tags": ["a", "b"], "traceName": ""}))]
#[case("x", json!({"http.status_code": 200, "input.value": "i"}),
    json!({"metadata": {"attributes.http.status_code": 200, "resourceAttributes.service.name": "shop",
        "resourceAttributes.service.version": 7, "scope.name": "x", "scope.version": 1.2}}))]
#[tokio::test]
async fn conventions_are_understood(#[case] scope: &str, #[case] attributes: Value, #[case] wanted: Value) {
    let row = empty().observed(scope, &attributes).await;
    assert_eq!(part(&row, &wanted), wanted);
}

#[tokio::test]
async fn messages_may_be_events_of_the_span() {
    let server = empty();
    let mut span = span("01", "", &json!({}));
    let event = |name: &str, attributes: Value| json!({"name": name, "attributes": pairs(&attributes)});
    span["events"] = json!([
        event("gen_ai.user.message", json!({"content": "hi"})),
        event("gen_ai.choice", json!({"message": "yo"})),
    ]);
    span["status"] = json!({"code": 2, "message": "boom"});
    server.export_json(&request("x", &[span])).await;
    let wanted = json!({"input": r#"[{"role":"user","content":"hi"}]"#, "output": r#"{"message":"yo"}"#,
        "level": "ERROR", "statusMessage": "boom"});
    assert_eq!(part(&server.spans().await[0], &wanted), wanted);
}

#[tokio::test]
async fn a_trace_comes_in_parts_children_first() {
    let server = empty();
    let child = span("02", "01", &json!({"user.id": "u", "langfuse.trace.output": "whole"}));
    server.export_json(&request("x", std::slice::from_ref(&child))).await;
    let root = span("01", "", &json!({"input.value": "in", "output.value": "out", "session.id": "s"}));
    server.export_json(&request("x", &[root])).await;
    // Sent again, it is the same.
    server.export_json(&request("x", &[child])).await;
    let rows = server.spans().await;
    let parents: Vec<&Value> = rows.iter().map(|row| &row["parentObservationId"]).collect();
    assert_eq!(parents, [&Value::Null, &json!("0000000000000001")]);
    assert_eq!(rows[0]["isRootObservation"], true);
    // A trace exists now: it can be commented on.
    let comment = json!({"projectId": "p", "objectType": "TRACE", "objectId": TRACE, "content": "seen"});
    server.post("/comments", comment).await;
}

fn message() -> ExportTraceServiceRequest {
    let value = |value: Any| Some(AnyValue { value: Some(value) });
    let pair = |key: &str, v: Any| KeyValue { key: key.into(), value: value(v), ..KeyValue::default() };
    let list = ArrayValue { values: vec![AnyValue { value: Some(Any::IntValue(-1)) }, AnyValue::default()] };
    let map = KeyValueList { values: vec![pair("k", Any::BoolValue(true))] };
    let attributes = vec![
        pair("input.value", Any::StringValue("in".into())),
        pair("list", Any::ArrayValue(list)),
        pair("map", Any::KvlistValue(map)),
        pair("raw", Any::BytesValue(vec![0, 255])),
        pair("nan", Any::DoubleValue(f64::NAN)),
    ];
    let span = proto::Span {
        trace_id: (1..=16).collect(),
        span_id: vec![0, 0, 0, 0, 0, 0, 0, 1],
        name: "root".into(),
        start_time_unix_nano: NOON,
        end_time_unix_nano: NOON + 1_500_000_000,
        attributes,
        status: Some(proto::Status { message: "no".into(), code: 2 }),
        ..proto::Span::default()
    };
    let scope = InstrumentationScope { name: "lib".into(), ..InstrumentationScope::default() };
    let scoped = proto::ScopeSpans { scope: Some(scope), spans: vec![span], ..proto::ScopeSpans::default() };
    let resource = Resource {
        attributes: vec![pair("deployment.environment", Any::StringValue("qa".into()))],
        ..Resource::default()
    };
    let part = proto::ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scoped],
        ..proto::ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![part] }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[rstest]
#[case(None)]
#[case(Some("gzip"))]
#[tokio::test]
async fn protobuf_is_answered_in_protobuf(#[case] encoding: Option<&str>) {
    let server = empty();
    let bytes = message().encode_to_vec();
    let bytes = if encoding.is_some() { gzip(&bytes) } else { bytes };
    let said = server.export(PROTOBUF, encoding, bytes).await;
    assert_eq!(said, (200, PROTOBUF.into(), Vec::new()));
    let wanted = json!({"id": "0000000000000001", "name": "root", "input": "in", "level": "ERROR",
        "statusMessage": "no", "environment": "qa", "latency": 1.5,
        "startTime": "2026-11-18T11:06:40.000Z",
        "metadata": {"attributes.list": [-1, null], "attributes.map": {"k": true}, "attributes.raw": "00ff",
            "attributes.nan": null, "resourceAttributes.deployment.environment": "qa", "scope.name": "lib"}});
    assert_eq!(part(&server.spans().await[0], &wanted), wanted);
}

#[rstest]
#[case("text/plain", None, b"{}", "Invalid content type")]
#[case("application/json", None, b"{", "Failed to parse OTel JSON Trace")]
#[case("application/x-protobuf", None, b"\xff\xff", "Failed to parse OTel Protobuf Trace")]
#[case("application/json; charset=utf-8", Some("gzip"), b"{}", "Failed to decompress request body")]
#[tokio::test]
async fn garbage_is_refused(
    #[case] kind: &str,
    #[case] encoding: Option<&str>,
    #[case] bytes: &[u8],
    #[case] error: &str,
) {
    let (status, _, body) = empty().export(kind, encoding, bytes.to_vec()).await;
    assert_eq!((status, serde_json::from_slice(&body).unwrap()), (400, json!({"error": error})));
}

#[tokio::test]
async fn a_truncated_message_is_never_more_than_refused() {
    let server = empty();
    let bytes = message().encode_to_vec();
    for length in 0..bytes.len() {
        let (status, ..) = server.export(PROTOBUF, None, bytes[..length].to_vec()).await;
        assert!(matches!(status, 200 | 400), "{length}: {status}");
        let mut flipped = bytes.clone();
        flipped[length] ^= 0xff;
        let (status, ..) = server.export(PROTOBUF, None, flipped).await;
        assert!(matches!(status, 200 | 400), "{length}: {status}");
    }
}

#[tokio::test]
async fn odd_json_is_taken_as_far_as_it_goes() {
    let server = empty();
    let long_path = format!("gen_ai.prompt.{}", "0.".repeat(5000));
    let spans = json!([
        null, 7, "x", {}, {"traceId": 1, "spanId": []},
        {"traceId": [1, 2, 300, "x"], "spanId": {"type": "Buffer", "data": [1, 2]}, "attributes": {}},
        {"traceId": TRACE, "spanId": "a", "startTimeUnixNano": {"low": -1, "high": 417_000_000}},
        {"traceId": TRACE, "spanId": "b", "startTimeUnixNano": 1e300, "endTimeUnixNano": "-99999999999999999999",
            "events": [{"name": null}, 5], "status": "bad", "parentSpanId": "b"},
        {"traceId": TRACE, "spanId": "c\u{0}", "name": "\u{0}", "attributes": [
            {"key": "a"}, {"key": 1, "value": {"stringValue": "x"}}, {"key": "n", "value": {"intValue": {"low": 1, "high": 1}}},
            {"key": "gen_ai.usage.input_tokens", "value": {"doubleValue": 1e308}},
            {"key": "gen_ai.prompt.99999999999.role", "value": {"stringValue": "far"}},
            {"key": "gen_ai.prompt.x", "value": {"stringValue": "mixed"}},
            {"key": long_path, "value": {"stringValue": "deep"}},
            {"key": "langfuse.observation.usage_details", "value": {"stringValue": "[[[["}},
            {"key": "langfuse.trace.tags", "value": {"stringValue": "[1,{}]"}},
            {"key": "langfuse.trace.metadata", "value": {"stringValue": "[]"}}]},
    ]);
    let bodies = [
        json!(null),
        json!([]),
        json!("x"),
        json!({"resourceSpans": 4}),
        json!({"resourceSpans": [null, 1]}),
        json!({"resourceSpans": [{"scopeSpans": [{"scope": [], "spans": {}}], "resource": 1}]}),
        json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}),
    ];
    for body in &bodies {
        server.export_json(body).await;
    }
    assert_eq!(server.spans().await.len(), 3);
}

#[tokio::test]
async fn thousands_of_spans_come_in_at_once() {
    let server = empty();
    let spans: Vec<Value> = (0..5000)
        .map(|n| {
            let mut one = span("01", "", &json!({}));
            one["spanId"] = json!(format!("{n:016x}"));
            one
        })
        .collect();
    server.export_json(&request("x", &spans)).await;
    let list = server.get(&format!("/v2/observations?traceId={TRACE}&limit=1000")).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1000);
}
