//! What follows from an observation's times and tokens, wherever it came from.

use jiff::Timestamp;
use serde_json::Value;

use super::batch::usage::{with_total, with_total_cost};
use super::models::Model;
use crate::server::data::value::number;
use crate::server::traces::row::Observation;

/// Seconds between two stored times.
pub fn seconds(from: &str, to: &str) -> Option<f64> {
    let [from, to] = [from, to].map(|text| text.parse::<Timestamp>().ok());
    number(to?.duration_since(from?).as_secs_f64()).as_f64()
}

/// Completes token counts and costs: totals, and prices of the known model where the application
/// brings no costs.
pub fn price(row: &mut Observation, model: Option<&Model>) {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let usage = with_total(object(&row.usage_details));
    let given = object(&row.cost_details);
    let costs = match model {
        _ if !given.is_empty() => with_total_cost(given),
        Some(model) => model.cost(&usage),
        None => given,
    };
    row.total_cost = costs.get("total").and_then(Value::as_f64).unwrap_or_default();
    row.usage_details = Value::Object(usage);
    row.cost_details = Value::Object(costs);
    row.model_id = model.map(|m| m.id.to_owned()).unwrap_or_default();
}
