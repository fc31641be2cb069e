//! What the cloud adds to its answers about the old data model: that they will end, and what to ask
//! instead.

use serde_json::{Value, json};

const NOTICE: &str =
    "On Langfuse Cloud, Langfuse v3 is deprecated and this endpoint will be removed on November 16, 2026.";
const SUNSET: &str = "2026-11-16";

const OBSERVATIONS: &str = "GET /api/public/v2/observations?fromStartTime=<from>&toStartTime=<to>";
const OF_SESSION: &str = "GET /api/public/v2/observations?filter=<urlencoded sessionId filter>&\
    fromStartTime=<from>&toStartTime=<to>";
const SCORES: &str = "GET /api/public/v3/scores";
const METRICS: &str = "GET /api/public/v2/metrics?query=<urlencoded json query>";
const EXPERIMENT_ITEMS: &str = "GET /api/public/experiment-items?fromStartTime=<from>&toStartTime=<to>";
const EXPERIMENTS: &str = "GET /api/public/experiments";

const DOCS: &str = "https://langfuse.com/docs";

/// Adds the notice to the answer of a route that has one.
pub fn add(route: &str, answer: &mut Value) {
    if let (Some(notice), Some(answer)) = (notice(route), answer.as_object_mut()) {
        answer.insert("_deprecation".into(), notice);
    }
}

fn notice(route: &str) -> Option<Value> {
    let mut parts = route.strip_prefix("/api/public/")?.split('/');
    let (advice, instead, docs) = match (parts.next()?, parts.next(), parts.next()) {
        ("traces", ..) => (
            format!("In Langfuse v4, read span and trace data via {OBSERVATIONS}."),
            OBSERVATIONS,
            "api-and-data-platform/features/observations-api",
        ),
        ("observations", ..) => (
            format!("Use {OBSERVATIONS} instead."),
            OBSERVATIONS,
            "api-and-data-platform/features/observations-api",
        ),
        ("sessions", ..) => (
            format!("In Langfuse v4, read session data via {OF_SESSION}."),
            OF_SESSION,
            "api-and-data-platform/features/observations-api",
        ),
        ("scores", ..) | ("v2", Some("scores"), _) => {
            (format!("Use {SCORES} instead."), SCORES, "api-and-data-platform/features/scores-api")
        }
        ("metrics", ..) => (format!("Use {METRICS} instead."), METRICS, "metrics/features/metrics-api"),
        ("dataset-run-items", ..) => (
            format!(
                "In Langfuse v4, dataset run items are replaced by experiment items; use \
                 {EXPERIMENT_ITEMS} instead."
            ),
            EXPERIMENT_ITEMS,
            "compatibility",
        ),
        ("datasets", _, Some("runs")) => (
            format!("In Langfuse v4, dataset runs are replaced by experiments; use {EXPERIMENTS} instead."),
            EXPERIMENTS,
            "compatibility",
        ),
        _ => return None,
    };
    Some(json!({
        "message": format!("{NOTICE} {advice}"), "replacement": instead,
        "docsUrl": format!("{DOCS}/{docs}"), "sunsetAt": SUNSET,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_names_its_successor() {
        let cases = [
            ("traces", Some("In Langfuse v4, read span and trace data via GET /api/public/v2/observations?")),
            ("traces/{traceId}", Some("In Langfuse v4, read span and trace data via")),
            (
                "observations/{observationId}",
                Some("Use GET /api/public/v2/observations?fromStartTime=<from>"),
            ),
            (
                "sessions",
                Some("In Langfuse v4, read session data via GET /api/public/v2/observations?filter="),
            ),
            ("v2/scores/{scoreId}", Some("Use GET /api/public/v3/scores instead.")),
            ("scores", Some("Use GET /api/public/v3/scores instead.")),
            ("datasets/{datasetName}/runs", Some("In Langfuse v4, dataset runs are replaced by experiments")),
            ("datasets/{datasetName}", None),
            ("v2/observations", None),
            ("v3/scores", None),
        ];
        for (route, advice) in cases {
            let mut answer = json!({"id": 1});
            add(&format!("/api/public/{route}"), &mut answer);
            match advice {
                None => assert_eq!(answer, json!({"id": 1}), "{route}"),
                Some(advice) => {
                    let message = answer["_deprecation"]["message"].as_str().unwrap();
                    assert!(message.starts_with(&format!("{NOTICE} {advice}")), "{route}: {message}");
                    let keys: Vec<_> = answer["_deprecation"].as_object().unwrap().keys().collect();
                    assert_eq!(keys, ["message", "replacement", "docsUrl", "sunsetAt"]);
                }
            }
        }
    }
}
