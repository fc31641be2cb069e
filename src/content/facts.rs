//! All facts of an observation and its trace, ids included.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::rows::{Rows, Span, Tone};
use crate::domain::text::{grouped, width};
use crate::domain::{Level, Observation, ObservationType, Subject, Target, Usage, duration};

use super::node::Node;
use super::page::Page;
use super::{json, raw};

/// A fact: its name and what it says.
type Fact = (&'static str, Option<String>);

/// Lays out the facts of the observation on a row of the tree.
pub(super) fn print(subject: &Subject, row: usize, zone: &TimeZone, width: u16) -> Rows {
    let mut page = Page::new(width, true);
    let row = subject.tree.get(row);
    let observation = row.and_then(|row| subject.observations.get(row.observation));
    if let (Some(row), Some(observation)) = (row, observation) {
        section(&mut page, "OBSERVATION", &observation_facts(observation, row.rolled, zone));
        section(&mut page, "TRACE", &trace_facts(observation));
        document(&mut page, "MODEL PARAMETERS", observation.model_parameters.as_deref());
    }
    section(&mut page, "ITEM", &item_facts(subject));
    if let Some(observation) = observation {
        document(&mut page, "METADATA", observation.metadata.as_deref());
    }
    page.finish()
}

fn observation_facts(o: &Observation, rolled: Usage, zone: &TimeZone) -> Vec<Fact> {
    let mut facts = vec![
        ("name", Some(o.name.clone())),
        ("type", Some(kind(&o.kind).to_owned())),
        ("id", Some(o.id.to_string())),
        ("parent", o.parent.as_ref().map(ToString::to_string)),
        ("level", (o.level != Level::Default).then(|| level(o.level).to_owned())),
        ("status", o.status_message.clone()),
        ("start", Some(moment(o.start, zone))),
        ("end", o.end.map(|end| moment(end, zone))),
        ("latency", o.latency.map(duration)),
        ("model", o.model.clone()),
        ("tokens", tokens(o.usage)),
        ("cost", cost(o.usage)),
    ];
    if rolled != o.usage {
        facts.push(("tokens below", tokens(rolled)));
        facts.push(("cost below", cost(rolled)));
    }
    facts
}

fn trace_facts(o: &Observation) -> Vec<Fact> {
    vec![
        ("name", o.trace_name.clone()),
        ("id", Some(o.trace_id.to_string())),
        ("user", o.user.clone()),
        ("session", o.session.clone()),
        ("environment", o.environment.clone()),
        ("release", o.release.clone()),
        ("version", o.version.clone()),
        ("tags", Some(o.tags.join(", "))),
    ]
}

fn item_facts(subject: &Subject) -> Vec<Fact> {
    let (kind, id) = match &subject.target {
        Target::Trace(id) => ("trace", id.to_string()),
        Target::Observation(_, id) => ("observation", id.to_string()),
        Target::Session(id) => ("session", id.to_string()),
    };
    let header = &subject.header;
    vec![
        ("reviewed", Some(kind.to_owned())),
        ("id", Some(id)),
        ("latency", header.latency.map(duration)),
        ("tokens", tokens(header.usage)),
        ("cost", cost(header.usage)),
        ("observations", Some(grouped(subject.observations.len() as u64))),
    ]
}

/// Adds a title and the facts that are known, their values in one column.
fn section(page: &mut Page, title: &str, facts: &[Fact]) {
    let known: Vec<(&str, &str)> = facts
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref().filter(|value| !value.is_empty())?)))
        .collect();
    if known.is_empty() {
        return;
    }
    heading(page, title);
    columns(page, &known);
}

/// Lays out named facts, whose values may be long.
pub(super) fn list(facts: &[(&str, String)], width: u16) -> Rows {
    let mut page = Page::new(width, true);
    let known = facts.iter().filter(|(_, value)| !value.is_empty());
    columns(&mut page, &known.map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
    page.finish()
}

fn columns(page: &mut Page, known: &[(&str, &str)]) {
    let column = known.iter().map(|(name, _)| width(name)).max().unwrap_or(0) + 2;
    for (name, value) in known {
        let rest = Span::new(" ".repeat(column), Tone::Plain);
        page.indent(Span::new(format!("{name:column$}"), Tone::Dim), rest);
        page.say(value, Tone::Plain);
        page.dedent();
    }
}

fn document(page: &mut Page, title: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    let node = Node::parse(text);
    if node.as_ref().is_some_and(Node::is_empty) {
        return;
    }
    heading(page, title);
    match node.as_ref().map(|node| (node, node.entries())) {
        Some((_, Some(entries))) => {
            json::print_fields(page, entries.iter().map(|(key, node)| (key.as_str(), node)));
        }
        Some((node, None)) => json::print(page, node),
        None => raw::print(page, text),
    }
}

fn heading(page: &mut Page, title: &str) {
    page.blank();
    page.say(title, Tone::Section);
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn tokens(usage: Usage) -> Option<String> {
    let Usage { input, output, total, .. } = usage;
    let known = input > 0 || output > 0 || total > 0;
    known.then(|| format!("{} in, {} out, {} in total", grouped(input), grouped(output), grouped(total)))
}

fn cost(usage: Usage) -> Option<String> {
    (usage.cost > 0.0)
        .then(|| format!("${:.6}", usage.cost).trim_end_matches('0').trim_end_matches('.').to_owned())
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Default => "default",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

fn kind(kind: &ObservationType) -> &str {
    match kind {
        ObservationType::Span => "span",
        ObservationType::Generation => "generation",
        ObservationType::Event => "event",
        ObservationType::Agent => "agent",
        ObservationType::Tool => "tool",
        ObservationType::Chain => "chain",
        ObservationType::Retriever => "retriever",
        ObservationType::Evaluator => "evaluator",
        ObservationType::Embedding => "embedding",
        ObservationType::Guardrail => "guardrail",
        ObservationType::Other(name) => name,
    }
}
