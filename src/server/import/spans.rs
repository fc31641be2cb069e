//! Spans of OpenTelemetry in JSON, mapped as the server maps them when an application sends them.

use serde_json::Value;

use super::Rows;
use crate::server::ingest;

/// Adds the observations of `{"resourceSpans": […]}`.
pub fn collect(rows: &mut Rows, record: &Value) {
    // Without a time of its own a span gets one when it is stored.
    let found = ingest::observations(record, "");
    if found.is_empty() {
        rows.bad.push("there are no spans in it".into());
    }
    for (n, (row, part)) in found.into_iter().enumerate() {
        if row.id.is_empty() || row.trace_id.is_empty() {
            rows.bad.push(format!("span {} has no traceId or no spanId", n + 1));
        } else {
            rows.observations.push(row);
            rows.experiments.extend(part);
        }
    }
}
