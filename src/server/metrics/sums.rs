//! What becomes of many values.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::server::data::value::number;

/// The values of one measure in one group.
#[derive(Debug, Default)]
pub struct Sum {
    count: u64,
    total: f64,
    least: Option<f64>,
    most: Option<f64>,
    /// All of them, where their order matters.
    values: Vec<f64>,
    distinct: HashSet<String>,
}

impl Sum {
    /// Takes a value in; `text` stands for it where it is only told from others.
    pub fn add(&mut self, aggregation: &str, value: f64, text: impl FnOnce() -> String) {
        self.count += 1;
        self.total += value;
        self.least = Some(self.least.map_or(value, |least| least.min(value)));
        self.most = Some(self.most.map_or(value, |most| most.max(value)));
        match aggregation {
            "uniq" => {
                self.distinct.insert(text());
            }
            "p50" | "p75" | "p90" | "p95" | "p99" | "histogram" => self.values.push(value),
            _ => {}
        }
    }

    /// The aggregate, null where there is none of no values.
    pub fn value(mut self, aggregation: &str, bins: usize) -> Value {
        let or_null = |n: Option<f64>| n.map_or(Value::Null, number);
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let count = self.count as f64;
        match aggregation {
            "count" => json!(self.count),
            "uniq" => json!(self.distinct.len()),
            "sum" => number(self.total),
            "avg" if self.count > 0 => number(self.total / count),
            "max" => or_null(self.most),
            "min" => or_null(self.least),
            "histogram" => self.histogram(bins),
            other => {
                self.values.sort_by(f64::total_cmp);
                let level = other.strip_prefix('p').and_then(|p| p.parse::<f64>().ok());
                or_null(level.and_then(|level| quantile(&self.values, level / 100.0)))
            }
        }
    }

    /// Bins of equal width, as `[lower, upper, height]`; those without a value are left out.
    fn histogram(&self, bins: usize) -> Value {
        let (Some(least), Some(most)) = (self.least, self.most) else { return json!([]) };
        #[expect(clippy::cast_precision_loss, reason = "at most 100")]
        let width = (most - least) / bins as f64;
        if width == 0.0 || !width.is_finite() {
            return json!([[number(least), number(most), self.count]]);
        }
        let mut heights = vec![0_u64; bins];
        for value in &self.values {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to bins")]
            let bin = ((value - least) / width) as usize;
            if let Some(height) = heights.get_mut(bin.min(bins - 1)) {
                *height += 1;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 100")]
        let edge = |bin: usize| number(least + width * bin as f64);
        let filled = heights.iter().enumerate().filter(|(_, height)| **height > 0);
        filled.map(|(bin, height)| json!([edge(bin), edge(bin + 1), height])).collect()
    }
}

/// Between the two nearest of the sorted values.
fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let at = level * (sorted.len().checked_sub(1)? as f64);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the last index")]
    let below = at.floor() as usize;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aggregation_has_its_value() {
        for (aggregation, values, wanted) in [
            ("count", &[1.0, 2.0, 2.0][..], json!(3)),
            ("sum", &[1.0, 2.0, 2.0], json!(5)),
            ("avg", &[1.0, 2.0], json!(1.5)),
            ("max", &[1.0, 2.0], json!(2)),
            ("min", &[1.0, 2.0], json!(1)),
            ("p50", &[1.0, 2.0, 4.0], json!(2)),
            ("p75", &[1.0, 2.0, 4.0], json!(3)),
            ("uniq", &[1.0, 2.0, 2.0], json!(2)),
            ("histogram", &[0.0, 1.0, 10.0], json!([[0, 5, 2], [5, 10, 1]])),
            ("histogram", &[3.0, 3.0], json!([[3, 3, 2]])),
            ("count", &[], json!(0)),
            ("sum", &[], json!(0)),
            ("avg", &[], json!(null)),
            ("p99", &[], json!(null)),
            ("histogram", &[], json!([])),
        ] {
            let mut sum = Sum::default();
            for value in values {
                sum.add(aggregation, *value, || value.to_string());
            }
            assert_eq!(sum.value(aggregation, 2), wanted, "{aggregation} {values:?}");
        }
    }
}
