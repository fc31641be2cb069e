//! Known models and what their tokens cost.
//!
//! A generation that names one of them is linked to it and, unless it brings its own costs, priced
//! by its tokens. Ids and matching follow the real server's list of defaults, of which these are
//! the families people use most.

use serde_json::{Map, Value};

use crate::server::data::value::number;

/// One known model.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// The same on every server.
    pub id: &'static str,
    /// The price list that holds unless an application asks for another.
    pub tier_id: &'static str,
    /// Its name.
    pub tier_name: &'static str,
    /// US dollars per input token, in decimals.
    pub input_price: &'static str,
    /// US dollars per output token.
    pub output_price: &'static str,
    /// US dollars per token of any kind, where input and output are not told apart.
    pub total_price: Option<&'static str>,
    cache_read_price: Option<&'static str>,
    cache_write_price: Option<&'static str>,
    names: &'static [&'static str],
}

/// `id: names, input, output, reading the cache, writing to it`
macro_rules! models {
    ($($id:literal: $names:expr, $input:literal, $output:literal, $read:expr, $write:expr;)+) => {
        &[$(Model {
            id: $id,
            tier_id: concat!($id, "_tier_default"),
            tier_name: "Standard",
            input_price: $input,
            output_price: $output,
            total_price: None,
            cache_read_price: $read,
            cache_write_price: $write,
            names: &$names,
        }),+]
    };
}

const MODELS: &[Model] = models! {
    "b9854a5c92dc496b997d99d20": ["gpt-4o"], "0.0000025", "0.00001", Some("0.00000125"), None;
    "b9854a5c92dc496b997d99d21": ["gpt-4o-2024-05-13"], "0.000005", "0.000015", None, None;
    "clzjr85f70000ymmzg7hqffra": ["gpt-4o-2024-08-06"], "0.0000025", "0.00001", Some("0.00000125"), None;
    "cm48akqgo000008ldbia24qg0": ["gpt-4o-2024-11-20"], "0.0000025", "0.00001", Some("0.00000125"), None;
    "clyrjp56f0000t0mzapoocd7u": ["gpt-4o-mini"], "0.00000015", "0.0000006", Some("0.000000075"), None;
    "clyrjpbe20000t0mzcbwc42rg":
        ["gpt-4o-mini-2024-07-18"], "0.00000015", "0.0000006", Some("0.000000075"), None;
    "cluvpl4ls000008l6h2gx3i07": ["gpt-4-turbo"], "0.00001", "0.00003", None, None;
    "clrntkjgy000f08jx79v9g1xj": ["gpt-4"], "0.00003", "0.00006", None, None;
    "cm7nusn643377tvmzh27m33kl": ["gpt-4.1"], "0.000002", "0.000008", Some("0.0000005"), None;
    "cm7qahw732891bpmzy45r3x70": ["gpt-4.1-2025-04-14"], "0.000002", "0.000008", Some("0.0000005"), None;
    "cm7zzrs1327124dhjtb95w8p96": ["gpt-4.1-mini"], "0.0000004", "0.0000016", Some("0.0000001"), None;
    "cm7sglt825463kxnza72p6v81":
        ["gpt-4.1-mini-2025-04-14"], "0.0000004", "0.0000016", Some("0.0000001"), None;
    "cm7zxrs1327124dhjtb95w8f45": ["gpt-4.1-nano"], "0.0000001", "0.0000004", Some("0.000000025"), None;
    "cm7vxpz967124dhjtb95w8f92":
        ["gpt-4.1-nano-2025-04-14"], "0.0000001", "0.0000004", Some("0.000000025"), None;
    "38c3822a-09a3-457b-b200-2c6f17f7cf2f": ["gpt-5"], "0.00000125", "0.00001", Some("0.000000125"), None;
    "12543803-2d5f-4189-addc-821ad71c8b55":
        ["gpt-5-2025-08-07"], "0.00000125", "0.00001", Some("0.000000125"), None;
    "3d6a975a-a42d-4ea2-a3ec-4ae567d5a364":
        ["gpt-5-mini"], "0.00000025", "0.000002", Some("0.000000025"), None;
    "f0b40234-b694-4c40-9494-7b0efd860fb9":
        ["gpt-5-nano"], "0.00000005", "0.0000004", Some("0.000000005"), None;
    "cm48cjxtc000108jrcsso3avv": ["o1"], "0.000015", "0.00006", Some("0.0000075"), None;
    "cm7wmny967124dhjtb95w8f81": ["o3"], "0.000002", "0.000008", Some("0.0000005"), None;
    "cm7wopq3327124dhjtb95w8f81": ["o3-2025-04-16"], "0.000002", "0.000008", Some("0.0000005"), None;
    "cm6l8j7vs0000tymz9vk7ew8t": ["o3-mini"], "0.0000011", "0.0000044", Some("0.00000055"), None;
    "cm7wqrs1327124dhjtb95w8f81": ["o4-mini"], "0.0000011", "0.0000044", Some("0.000000275"), None;
    "cm7zqrs1327124dhjtb95w8f82":
        ["o4-mini-2025-04-16"], "0.0000011", "0.0000044", Some("0.000000275"), None;
    "clxt0n0m60000pumz1j5b7zsf":
        ["claude-3-5-sonnet-20240620"], "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cm2krz1uf000208jjg5653iud":
        ["claude-3-5-sonnet-20241022"], "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cm2ks2vzn000308jjh4ze1w7q":
        ["claude-3-5-sonnet-latest"], "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cm34aq60d000207ml0j1h31ar":
        ["claude-3-5-haiku-20241022"], "0.0000008", "0.000004", Some("0.00000008"), Some("0.000001");
    "cm34aqb9h000307ml6nypd618":
        ["claude-3-5-haiku-latest"], "0.0000008", "0.000004", Some("0.00000008"), Some("0.000001");
    "cltr0w45b000008k1407o9qv1": ["claude-3-haiku-20240307"], "0.00000025", "0.00000125", None, None;
    "cm7ka7561000108js3t9tb3at":
        ["claude-3-7-sonnet-20250219", "claude-3.7-sonnet-20250219"],
        "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cm7ka7zob000208jsfs9h5ajj":
        ["claude-3-7-sonnet-latest"], "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cmazmkzlm00000djp1e1qe4k4":
        ["claude-sonnet-4", "claude-sonnet-4-20250514"],
        "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cmazmlm2p00020djpa9s64jw5":
        ["claude-opus-4", "claude-opus-4-20250514"],
        "0.000015", "0.000075", Some("0.0000015"), Some("0.00001875");
    "cmdysde5w0000rkmzbc1g5au3":
        ["claude-opus-4-1", "claude-opus-4-1-20250805"],
        "0.000015", "0.000075", Some("0.0000015"), Some("0.00001875");
    "c5qmrqolku82tra3vgdixmys":
        ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
        "0.000003", "0.000015", Some("0.0000003"), Some("0.00000375");
    "cmgt5gnkv000104jx171tbq4e":
        ["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
        "0.000001", "0.000005", Some("0.0000001"), Some("0.00000125");
    "cmieupdva000004l541kwae70":
        ["claude-opus-4-5", "claude-opus-4-5-20251101"],
        "0.000005", "0.000025", Some("0.0000005"), Some("0.00000625");
    "cluv2t2x0000408ihfytl45l1": ["gemini-1.5-pro-latest"], "0.0000025", "0.0000075", None, None;
    "cm7zsrs1327124dhjtb95w8f74": ["gemini-2.0-flash"], "0.0000001", "0.0000004", None, None;
    "cm6l8jdef0000tymz52sh0ql0": ["gemini-2.0-flash-001"], "0.0000001", "0.0000004", None, None;
    "cm7ztrs1327124dhjtb95w8f19":
        ["gemini-2.0-flash-lite-preview"], "0.000000075", "0.0000003", None, None;
    "cmcnjkfwn000107l43bf5e8ax": ["gemini-2.5-flash"], "0.0000003", "0.0000025", Some("0.00000003"), None;
    "cmcnjkrfa000207l4fpnh5mnv":
        ["gemini-2.5-flash-lite"], "0.0000001", "0.0000004", Some("0.00000001"), None;
};

const EMBEDDINGS: &[Model] = &[Model {
    id: "clrntjt89000908jwhvkz5crm",
    tier_id: "clrntjt89000908jwhvkz5crm_tier_default",
    tier_name: "Standard",
    input_price: "",
    output_price: "",
    total_price: Some("0.0000001"),
    cache_read_price: None,
    cache_write_price: None,
    names: &["text-embedding-ada-002"],
}];

/// What may stand before a model's name.
const PREFIXES: [&str; 9] =
    ["openai/", "anthropic/", "google/", "googleai/", "us.", "eu.", "apac.", "global.", "anthropic."];

/// What may stand behind it.
const SUFFIXES: [&str; 4] = ["-v1:0", "-v2:0", "-v1", ":0"];

fn all() -> impl Iterator<Item = &'static Model> {
    MODELS.iter().chain(EMBEDDINGS)
}

/// The model with this id.
pub fn by_id(id: &str) -> Option<&'static Model> {
    all().find(|model| model.id == id)
}

/// The model an application means by this name.
pub fn matching(name: &str) -> Option<&'static Model> {
    let name = name.to_lowercase().replace('@', "-");
    let mut name = name.as_str();
    for prefix in PREFIXES {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    for suffix in SUFFIXES {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    all().find(|model| model.names.contains(&name))
}

impl Model {
    /// US dollars per token of a kind of usage; `None` for kinds that have no price of their own.
    fn price(&self, kind: &str) -> Option<&'static str> {
        let given = |price: &'static str| Some(price).filter(|p| !p.is_empty());
        match kind {
            "input" | "input_tokens" => given(self.input_price),
            "output" | "output_tokens" | "output_reasoning" | "output_reasoning_tokens" => {
                given(self.output_price)
            }
            "total" => self.total_price,
            "input_cached_tokens" | "input_cache_read" | "cache_read_input_tokens" => self.cache_read_price,
            "input_cache_creation" | "input_cache_creation_5m" | "cache_creation_input_tokens" => {
                self.cache_write_price
            }
            _ => None,
        }
    }

    /// What this usage costs, by kind and in total. Empty if nothing of it has a price.
    pub fn cost(&self, usage: &Map<String, Value>) -> Map<String, Value> {
        let mut costs = Map::new();
        let mut sum = 0.0;
        for (kind, tokens) in usage {
            let price = self.price(kind).and_then(atto);
            let (Some(price), Some(tokens)) = (price, tokens.as_f64()) else { continue };
            let cost = price.saturating_mul(whole(tokens));
            let cost = dollars(cost);
            sum += cost;
            costs.insert(kind.clone(), number(cost));
        }
        if !costs.is_empty() && !costs.contains_key("total") {
            costs.insert("total".into(), number(twelve_decimals(sum)));
        }
        costs
    }
}

/// A decimal price in 10⁻¹⁸ dollars: costs are exact products, so that no float shows more digits
/// than the price list has.
fn atto(price: &str) -> Option<i128> {
    let fraction = price.strip_prefix("0.")?;
    format!("{fraction:0<18}").parse().ok()
}

fn whole(tokens: f64) -> i128 {
    #[expect(clippy::cast_possible_truncation, reason = "tokens are counted")]
    let count = tokens.clamp(0.0, 9e15) as i128;
    count
}

fn dollars(atto: i128) -> f64 {
    const ONE: i128 = 1_000_000_000_000_000_000;
    let text = format!("{}.{:018}", atto / ONE, atto % ONE);
    text.parse().unwrap_or_default()
}

/// A total as the event store keeps it: the float sum, cut (not rounded) to twelve decimals.
fn twelve_decimals(sum: f64) -> f64 {
    let text = sum.to_string();
    let end = text.find('.').map_or(text.len(), |point| text.len().min(point + 13));
    text[..end].parse().unwrap_or(sum)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("gpt-4o-2024-08-06", Some("clzjr85f70000ymmzg7hqffra"))]
    #[case("openai/GPT-4o", Some("b9854a5c92dc496b997d99d20"))]
    #[case("us.anthropic.claude-3-5-sonnet-20241022-v2:0", Some("cm2krz1uf000208jjg5653iud"))]
    #[case("claude-sonnet-4@20250514", Some("cmazmkzlm00000djp1e1qe4k4"))]
    #[case("gpt-4o-something", None)]
    #[case("", None)]
    fn names_are_matched_with_their_providers(#[case] name: &str, #[case] wanted: Option<&str>) {
        assert_eq!(matching(name).map(|model| model.id), wanted);
    }

    #[rstest]
    #[case(json!({"input": 21, "output": 11, "total": 32}), json!({"input": 5.25e-5, "output": 0.00011, "total": 0.000_162_5}))]
    #[case(json!({"input": 23, "output": 13}), json!({"input": 5.75e-5, "output": 0.00013, "total": 0.000_187_5}))]
    #[case(json!({"input": 49, "output": 39}), json!({"input": 0.000_122_5, "output": 0.00039, "total": 0.000_512_499_999}))]
    #[case(json!({"input": 0, "total": 0}), json!({"input": 0, "total": 0}))]
    #[case(json!({"images": 3}), json!({}))]
    #[case(json!({"input": 1e300}), json!({"input": 22_500_000_000_i64, "total": 22_500_000_000_i64}))]
    fn costs_are_exact(#[case] usage: Value, #[case] wanted: Value) {
        let model = by_id("clzjr85f70000ymmzg7hqffra");
        let cost = model.zip(usage.as_object()).map(|(model, usage)| model.cost(usage));
        assert_eq!(json!(cost), wanted);
    }

    #[test]
    fn ids_and_names_are_used_once_and_prices_can_be_read() {
        let mut ids: Vec<_> = all().map(|m| m.id).collect();
        let mut names: Vec<_> = all().flat_map(|m| m.names).collect();
        let counts = (ids.len(), names.len());
        ids.sort_unstable();
        ids.dedup();
        names.sort_unstable();
        names.dedup();
        assert_eq!((ids.len(), names.len()), counts);
        for model in MODELS {
            assert!(atto(model.input_price).zip(atto(model.output_price)).is_some(), "{}", model.id);
        }
    }
}
