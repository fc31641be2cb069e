//! Experiments that arrive as attributes of spans.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};

use crate::otel::{TRACE, request, span};
use crate::{Server, ids};

const FROM: &str = "fromStartTime=2020-01-01T00:00:00Z";
const ITEM: &str = "0000000000000002";

/// What the client sets on each span, and with `more` on the two outer ones.
fn attributes(more: &Value) -> Value {
    let mut all = json!({
        "langfuse.environment": "sdk-experiment", "langfuse.experiment.id": "e1",
        "langfuse.experiment.name": "night run", "langfuse.experiment.metadata": "{\"model\":\"m\",\"n\":1}",
        "langfuse.experiment.dataset.id": "d1", "langfuse.experiment.item.id": "i1",
        "langfuse.experiment.item.metadata.level": "3",
        "langfuse.experiment.item.root_observation_id": ITEM,
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// A server that was sent the trace of one item: the run of it, its task, and something within.
async fn with_experiment(mode: Mode) -> Server {
    let server = Server::new(Seed::Empty, Options { mode, ..Options::default() });
    let outer = attributes(&json!({
        "langfuse.experiment.description": "why", "langfuse.experiment.item.expected_output": "{\"a\":2}",
        "langfuse.experiment.item.version": "2026-11-24T05:00:00.123456Z", "langfuse.observation.input": "{\"q\":1}",
        "langfuse.observation.output": "two",
    }));
    let spans = [span("01", "", &outer), span("02", "01", &outer), span("03", "02", &attributes(&json!({})))];
    server.export_json(&request("langfuse-sdk", &spans)).await;
    server
}

#[rstest]
#[case(Mode::EventsOnly)]
#[case(Mode::Dual)]
#[tokio::test]
async fn an_experiment_is_made_of_its_spans(#[case] mode: Mode) {
    let server = with_experiment(mode).await;
    let list = server.get(&format!("/experiments?{FROM}&fields=core,metadata")).await;
    let times = server.get(&format!("/v2/observations?traceId={TRACE}&fields=core")).await;
    let wanted = json!({"data": [{
        "id": "e1", "name": "night run", "description": "why", "startTime": times["data"][2]["startTime"],
        "endTime": times["data"][0]["endTime"], "itemCount": 1, "datasetId": "d1",
        "metadata": {"model": "m", "n": 1},
    }], "meta": {}});
    assert_eq!(list.to_string(), wanted.to_string());
}

#[tokio::test]
async fn the_span_that_stands_for_the_item_is_listed() {
    let server = with_experiment(Mode::EventsOnly).await;
    let fields = "fields=core,dataset,io,metadata,itemMetadata,experimentMetadata,scores";
    let list = server.get(&format!("/experiment-items?{FROM}&{fields}")).await;
    assert_eq!(ids(&list), [ITEM]);
    for (key, wanted) in [
        ("traceId", json!(TRACE)),
        ("environment", json!("sdk-experiment")),
        ("experimentId", json!("e1")),
        ("experimentName", json!("night run")),
        ("experimentItemId", json!("i1")),
        ("experimentDatasetId", json!("d1")),
        ("experimentItemVersion", json!("2026-11-24T05:00:00.123Z")),
        ("input", json!("{\"q\":1}")),
        ("output", json!("two")),
        ("expectedOutput", json!("{\"a\":2}")),
        ("experimentItemMetadata", json!({"level": 3})),
        ("experimentMetadata", json!({"model": "m", "n": 1})),
        ("experimentDescription", json!("why")),
    ] {
        assert_eq!(list["data"][0][key], wanted, "{key}");
    }
}

#[tokio::test]
async fn a_span_sent_again_says_what_it_last_said() {
    let server = with_experiment(Mode::EventsOnly).await;
    let newer = attributes(&json!({"langfuse.experiment.item.id": "i2"}));
    server.export_json(&request("langfuse-sdk", &[span("02", "01", &newer)])).await;
    let list = server.get(&format!("/experiment-items?{FROM}&experimentItemId=i2")).await;
    assert_eq!(ids(&list), [ITEM]);
    server.export_json(&request("langfuse-sdk", &[span("02", "01", &json!({}))])).await;
    let list = server.get(&format!("/experiment-items?{FROM}")).await;
    assert_eq!(ids(&list), [""; 0], "no longer of an experiment");
}

#[rstest]
#[case("string", "experimentId", "=", json!("e1"), 3)]
#[case("string", "experimentName", "=", json!("other"), 0)]
#[case("stringOptions", "experimentDatasetId", "none of", json!(["d1"]), 0)]
#[case("boolean", "isExperimentItemRootSpan", "=", json!(true), 1)]
#[tokio::test]
async fn observations_are_filtered_by_experiment(
    #[case] form: &str,
    #[case] column: &str,
    #[case] operator: &str,
    #[case] value: Value,
    #[case] count: usize,
) {
    let server = with_experiment(Mode::EventsOnly).await;
    let filter = json!([{"type": form, "column": column, "operator": operator, "value": value}]).to_string();
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    assert_eq!(ids(&server.get(&format!("/v2/observations?filter={filter}")).await).len(), count);
}

#[tokio::test]
async fn scores_are_of_the_experiment_or_of_its_items() {
    let server = with_experiment(Mode::EventsOnly).await;
    server.post("/scores", json!({"id": "whole", "name": "s", "value": 1, "datasetRunId": "e1"})).await;
    server.post("/scores", json!({"id": "part", "name": "s", "value": 2, "traceId": TRACE})).await;
    for (path, id) in [("/experiments", "whole"), ("/experiment-items", "part")] {
        let list = server.get(&format!("{path}?{FROM}&fields=scores")).await;
        let scores = list["data"][0]["scores"].as_array().unwrap();
        assert_eq!((scores.len(), &scores[0]["id"]), (1, &json!(id)), "{path}");
    }
    let list = server.get("/v3/scores?experimentId=e1&fields=core,subject").await;
    assert_eq!(list["data"][0]["subject"], json!({"kind": "experiment", "id": "e1"}));
}

#[tokio::test]
async fn a_deleted_trace_is_gone_from_its_experiment() {
    let server = with_experiment(Mode::EventsOnly).await;
    server.call("DELETE", &format!("/traces/{TRACE}"), Value::Null).await;
    for path in ["/experiments", "/experiment-items"] {
        assert_eq!(server.get(&format!("{path}?{FROM}")).await, json!({"data": [], "meta": {}}));
    }
}

#[tokio::test]
async fn an_item_linked_twice_is_one_item() {
    let server = crate::runs::prepared(Seed::Empty, Mode::Dual).await;
    let body = json!({"runName": "night run", "datasetItemId": "a", "traceId": TRACE, "observationId": ITEM});
    let run = server.post("/dataset-run-items", body).await;
    let both = attributes(&json!({
        "langfuse.experiment.id": run["datasetRunId"], "langfuse.experiment.item.id": "a",
    }));
    server.export_json(&request("langfuse-sdk", &[span("01", "", &both), span("02", "01", &both)])).await;
    let list = server.get(&format!("/experiments?{FROM}")).await;
    assert_eq!((ids(&list).len(), &list["data"][0]["itemCount"]), (1, &json!(1)));
    assert_eq!(ids(&server.get(&format!("/experiment-items?{FROM}")).await), [ITEM]);
}
