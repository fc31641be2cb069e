//! Counts, sums and the like.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};
use url::form_urlencoded::byte_serialize;

use super::Server;

const FROM: &str = "2026-11-18T00:00:00Z";
const TO: &str = "2026-11-20T00:00:00Z";

fn dual(seed: Seed) -> Server {
    Server::new(seed, Options { mode: Mode::Dual, ..Options::default() })
}

async fn ask(server: &Server, path: &str, query: &Value) -> (u16, Value) {
    let query: String = byte_serialize(query.to_string().as_bytes()).collect();
    server.call("GET", &format!("{path}?query={query}"), Value::Null).await
}

/// A query over the two days around the start, with `extra` over it.
fn query(extra: &Value) -> Value {
    let mut query = json!({
        "view": "scores-numeric", "metrics": [{"measure": "count", "aggregation": "count"}],
        "fromTimestamp": FROM, "toTimestamp": TO,
    });
    query.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    query
}

async fn scored() -> Server {
    let server = dual(Seed::Empty);
    for body in [
        json!({"id": "1", "traceId": "t", "name": "a", "value": 1, "metadata": {"k": "v"}}),
        json!({"id": "2", "traceId": "t", "name": "a", "value": 2}),
        json!({"id": "3", "traceId": "u", "name": "b", "value": 4, "environment": "test"}),
        json!({"id": "4", "traceId": "u", "name": "ok", "value": 1, "dataType": "BOOLEAN"}),
        json!({"id": "5", "traceId": "u", "name": "ok", "value": 0, "dataType": "BOOLEAN"}),
        json!({"id": "6", "traceId": "u", "name": "c", "value": "x"}),
        json!({"id": "7", "traceId": "u", "name": "c", "value": "x"}),
        json!({"id": "8", "traceId": "u", "name": "c", "value": "y"}),
    ] {
        server.post("/scores", body).await;
    }
    server
}

fn value(aggregation: &str) -> Value {
    json!([{"measure": "value", "aggregation": aggregation}])
}

#[tokio::test]
async fn scores_are_counted_and_summed_up() {
    let server = scored().await;
    let by = |name: &str| json!([{"field": name}]);
    let is_a = json!([{"column": "name", "operator": "=", "value": "a", "type": "string"}]);
    let metadata =
        json!([{"column": "metadata", "operator": "=", "key": "k", "value": "v", "type": "stringObject"}]);
    for (extra, wanted) in [
        (json!({}), json!([{"count_count": 5}])),
        (json!({"metrics": []}), json!([{"count": 5}])),
        (json!({"filters": is_a}), json!([{"count_count": 2}])),
        (json!({"filters": metadata}), json!([{"count_count": 1}])),
        (
            json!({"filters": [{"column": "scoreName", "operator": "any of", "value": ["b"], "type": "stringOptions"}]}),
            json!([{"count_count": 1}]),
        ),
        (
            json!({"dimensions": by("name")}),
            json!([{"name": "a", "count_count": 2}, {"name": "ok", "count_count": 2}, {"name": "b", "count_count": 1}]),
        ),
        (
            json!({"dimensions": by("environment"), "orderBy": [{"field": "environment", "direction": "desc"}]}),
            json!([{"environment": "test", "count_count": 1}, {"environment": "default", "count_count": 4}]),
        ),
        (json!({"metrics": value("avg"), "filters": is_a}), json!([{"avg_value": 1.5}])),
        (json!({"metrics": value("p50")}), json!([{"p50_value": 1}])),
        (json!({"metrics": value("max")}), json!([{"max_value": 4}])),
        (
            json!({"dimensions": by("name"), "config": {"row_limit": 1}}),
            json!([{"name": "a", "count_count": 2}]),
        ),
        (
            json!({"view": "scores-boolean", "dimensions": by("booleanValue"), "orderBy": [{"field": "booleanValue", "direction": "asc"}]}),
            json!([{"booleanValue": false, "count_count": 1}, {"booleanValue": true, "count_count": 1}]),
        ),
        (json!({"view": "scores-boolean", "metrics": value("avg")}), json!([{"avg_value": 0.5}])),
        (
            json!({"view": "scores-categorical", "dimensions": by("stringValue")}),
            json!([{"stringValue": "x", "count_count": 2}, {"stringValue": "y", "count_count": 1}]),
        ),
        (
            json!({"timeDimension": {"granularity": "day"}}),
            json!([{"time_dimension": "2026-11-18", "count_count": 5}, {"time_dimension": "2026-11-19", "count_count": 0}]),
        ),
        (
            json!({"timeDimension": {"granularity": "week"}, "orderBy": [{"field": "time_dimension", "direction": "asc"}]}),
            json!([{"time_dimension": "2026-11-16", "count_count": 5}]),
        ),
        (json!({"toTimestamp": "2026-11-18T00:00:01Z"}), json!([{"count_count": 0}])),
        (json!({"dimensions": by("name"), "toTimestamp": "2026-11-18T00:00:01Z"}), json!([])),
        (json!({"dimensions": by("traceName")}), json!([])),
    ] {
        let answer = ask(&server, "/v2/metrics", &query(&extra)).await;
        assert_eq!(answer, (200, json!({"data": wanted})), "{extra}");
    }
}

#[tokio::test]
async fn observations_and_traces_are_measured() {
    let server = dual(Seed::Sample);
    let range = json!({"fromTimestamp": "2000-01-01T00:00:00Z", "toTimestamp": "2100-01-01T00:00:00Z"});
    let asked = |extra: Value| {
        let mut query = query(&range);
        query.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        query
    };
    let all: Vec<Value> = [
        "count",
        "latency",
        "streamingLatency",
        "inputTokens",
        "outputTokens",
        "totalTokens",
        "outputTokensPerSecond",
        "tokensPerSecond",
        "inputCost",
        "outputCost",
        "totalCost",
        "timeToFirstToken",
        "countScores",
    ]
    .iter()
    .map(|m| json!({"measure": m, "aggregation": "sum"}))
    .collect();
    for path in ["/metrics", "/v2/metrics"] {
        let (status, answer) =
            ask(&server, path, &asked(json!({"view": "observations", "metrics": all}))).await;
        assert_eq!(status, 200, "{answer}");
        let row = answer["data"][0].as_object().unwrap();
        assert!(row.values().all(|sum| sum.as_f64().unwrap() > 0.0), "{row:?}");
    }
    let roots = json!({"view": "observations", "filters": [{"column": "isRootObservation", "operator": "=", "value": true, "type": "boolean"}]});
    let (_, roots) = ask(&server, "/v2/metrics", &asked(roots)).await;
    let (_, traces) = ask(&server, "/metrics", &asked(json!({"view": "traces"}))).await;
    assert_eq!(roots, traces);
    let measures: Vec<Value> = [
        "observationsCount",
        "scoresCount",
        "uniqueUserIds",
        "uniqueSessionIds",
        "latency",
        "totalTokens",
        "totalCost",
    ]
    .iter()
    .map(|m| json!({"measure": m, "aggregation": "p95"}))
    .collect();
    let by_tags =
        json!({"view": "traces", "metrics": measures, "dimensions": [{"field": "tags"}, {"field": "name"}]});
    let (status, answer) = ask(&server, "/metrics", &asked(by_tags)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["data"].as_array().unwrap().iter().all(|row| row["tags"].is_array()));
    for name in ["traceName", "tags", "observationName", "observationModelName"] {
        let joined = json!({"dimensions": [{"field": name}], "metrics": [{"measure": "value", "aggregation": "histogram"}]});
        let (status, answer) = ask(&server, "/v2/metrics", &asked(joined)).await;
        assert_eq!((status, answer["data"].as_array().unwrap().is_empty()), (200, false), "{name}");
    }
}

#[rstest]
#[case(json!({"dimensions": [{"field": "no"}]}), "Invalid dimension no. Must be one of sessionId,")]
#[case(json!({"metrics": [{"measure": "no", "aggregation": "sum"}]}), "Invalid metric no. Must be one of count,value")]
#[case(json!({"filters": [{"column": "no", "operator": "=", "value": "", "type": "string"}]}), "Invalid filter column no. Must be one of sessionId,")]
#[case(json!({"filters": [{"column": "tags", "operator": "=", "value": "", "type": "string"}]}), "Invalid filter for field 'tags': Array fields require type 'arrayOptions', not 'string'.")]
#[case(json!({"filters": [{"column": "metadata", "operator": "=", "value": "", "type": "string"}]}), "Invalid filter for field 'metadata': Metadata filters require type 'stringObject'")]
#[case(json!({"orderBy": [{"field": "1; DROP TABLE scores", "direction": "asc"}]}), "Invalid orderBy field: 1; DROP TABLE scores. Must be one of the dimension or metric fields.")]
#[case(json!({"dimensions": [{"field": "id"}]}), "High cardinality dimension(s) 'id' require both 'config.row_limit' and 'orderBy'")]
#[case(json!({"dimensions": [{"field": "id"}, {"field": "traceId"}], "timeDimension": {"granularity": "day"}}), "High cardinality dimension(s) 'id, traceId' cannot be used with timeDimension.")]
#[case(json!({"view": "observations", "metrics": [{"measure": "traceId", "aggregation": "sum"}]}), "Aggregation \"sum\" is not valid for measure \"traceId\" (type: string). Valid aggregations: count, uniq")]
#[tokio::test]
async fn names_that_are_not_there_are_refused(#[case] extra: Value, #[case] message: &str) {
    let (status, answer) = ask(&dual(Seed::Empty), "/v2/metrics", &query(&extra)).await;
    assert_eq!((status, &answer["error"]), (400, &json!("InvalidRequestError")), "{answer}");
    assert!(answer["message"].as_str().unwrap().starts_with(message), "{answer}");
}

#[rstest]
#[case(json!({"view": "traces"}), "invalid_value", json!(["query", "view"]))]
#[case(json!({"metrics": null}), "invalid_type", json!(["query", "metrics"]))]
#[case(json!({"metrics": [{"measure": "count", "aggregation": "median"}]}), "invalid_value", json!(["query", "metrics", 0, "aggregation"]))]
#[case(json!({"dimensions": [{}]}), "invalid_type", json!(["query", "dimensions", 0, "field"]))]
#[case(json!({"filters": [{"column": "name"}]}), "invalid_union", json!(["query", "filters", 0, "type"]))]
#[case(json!({"timeDimension": {"granularity": "year"}}), "invalid_value", json!(["query", "timeDimension", "granularity"]))]
#[case(json!({"fromTimestamp": "2026-11-18"}), "invalid_format", json!(["query", "fromTimestamp"]))]
#[case(json!({"fromTimestamp": TO, "toTimestamp": FROM}), "custom", json!(["query"]))]
#[case(json!({"config": {"row_limit": 1001}}), "too_big", json!(["query", "config", "row_limit"]))]
#[case(json!({"config": {"bins": 0}}), "too_small", json!(["query", "config", "bins"]))]
#[case(json!({"orderBy": [{"field": "name", "direction": "up"}]}), "invalid_value", json!(["query", "orderBy", 0, "direction"]))]
#[tokio::test]
async fn the_schema_is_checked(#[case] extra: Value, #[case] code: &str, #[case] path: Value) {
    let (status, answer) = ask(&dual(Seed::Empty), "/v2/metrics", &query(&extra)).await;
    assert_eq!((status, answer["error"].as_array().map(Vec::len)), (400, Some(1)), "{answer}");
    assert_eq!((&answer["error"][0]["code"], &answer["error"][0]["path"]), (&json!(code), &path));
}

#[rstest]
#[case("/v2/metrics", Mode::Dual, json!([{"expected": "string", "code": "invalid_type", "path": ["query"], "message": "Invalid input: expected string, received undefined"}]))]
#[case("/v2/metrics?query=x", Mode::Dual, json!("InvalidRequestError"))]
#[case("/metrics?query=%7B", Mode::Dual, json!("InvalidRequestError"))]
#[tokio::test]
async fn the_query_must_be_there(#[case] path: &str, #[case] mode: Mode, #[case] error: Value) {
    let server = Server::new(Seed::Empty, Options { mode, ..Options::default() });
    let (status, answer) = server.call("GET", path, Value::Null).await;
    assert_eq!((status, &answer["error"]), (400, &error));
}

#[tokio::test]
async fn old_installations_have_no_new_metrics() {
    let server = Server::new(Seed::Empty, Options { mode: Mode::Legacy, ..Options::default() });
    let (status, answer) = ask(&server, "/v2/metrics", &query(&json!({}))).await;
    assert_eq!((status, &answer["error"]), (404, &json!("LangfuseNotFoundError")));
}

#[tokio::test]
async fn days_are_listed_newest_first() {
    let server = dual(Seed::Sample);
    let list = server.get("/metrics/daily?limit=2").await;
    let days: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|d| d["date"].as_str().unwrap()).collect();
    assert!(days.len() == 2 && days[0] > days[1], "{days:?}");
    let keys: Vec<_> = list["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["date", "countTraces", "countObservations", "totalCost", "usage"]);
    let keys: Vec<_> = list["data"][0]["usage"][0].as_object().unwrap().keys().collect();
    let wanted =
        ["model", "inputUsage", "outputUsage", "totalUsage", "totalCost", "countObservations", "countTraces"];
    assert_eq!(keys, wanted);
    let none = server.get("/metrics/daily?userId=nobody&tags=a&environment=b&traceName=c&page=3").await;
    let meta = json!({"page": 3, "limit": 50, "totalItems": 0, "totalPages": 0});
    assert_eq!(none, json!({"data": [], "meta": meta}));
    assert_eq!(server.call("GET", "/metrics/daily?fromTimestamp=x", Value::Null).await.0, 400);
}
