//! What is scored, and what of it an evaluator may see.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::args::RunArgs;
use crate::api::Client;
use crate::cli::{Exit, Failure};
use crate::domain::text::one_line;
use crate::domain::{Object, ObjectKind, Observation, ObservationId, Part, Subject, Target};

/// Rows per page of a list.
const PAGE: u32 = 100;

/// Something that is to be scored.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    object: Object,
    /// The observation of that trace which is meant, if not the whole.
    observation: Option<ObservationId>,
    expected_output: Option<Json>,
    item_metadata: Option<Json>,
}

/// The parts of something that is scored.
#[derive(Debug)]
pub(super) struct Material {
    /// What the score is about.
    pub(super) target: Target,
    /// The environment it belongs to.
    pub(super) environment: Option<String>,
    parts: HashMap<&'static str, Json>,
}

impl Wanted {
    fn whole(object: Object) -> Self {
        Self { object, observation: None, expected_output: None, item_metadata: None }
    }

    /// As it is told to people.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.object.kind.noun(), one_line(&self.object.id))
    }
}

/// What the command line names.
pub(super) async fn wanted(client: &Client, args: &RunArgs) -> Result<Vec<Wanted>, Failure> {
    if let Some(run) = &args.dataset_run {
        return of_run(client, run).await;
    }
    if let Some(queue) = &args.queue {
        return of_queue(client, queue).await;
    }
    let mut ids: Vec<&String> = Vec::new();
    for id in args.traces.iter().filter(|id| !id.is_empty()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let trace = |id: &String| Wanted::whole(Object { kind: ObjectKind::Trace, id: id.clone() });
    Ok(ids.into_iter().map(trace).collect())
}

async fn of_run(client: &Client, text: &str) -> Result<Vec<Wanted>, Failure> {
    // Names of datasets may contain slashes.
    let Some((dataset, run)) =
        text.rsplit_once('/').filter(|(dataset, run)| !dataset.is_empty() && !run.is_empty())
    else {
        return Err(Failure::usage(format!("`{text}` names no run: write DATASET/RUN")));
    };
    let items = client.run_items(dataset, run).await.map_err(|error| {
        if error.is_not_found() {
            Failure::new(Exit::NotFound, format!("there is no run `{run}` of a dataset `{dataset}`"))
        } else {
            error.into()
        }
    })?;
    let wanted = items.into_iter().map(|item| Wanted {
        object: Object { kind: ObjectKind::Trace, id: item.trace.to_string() },
        observation: item.observation,
        expected_output: item.expected_output.as_deref().map(json),
        item_metadata: item.metadata.as_deref().map(json),
    });
    Ok(wanted.collect())
}

async fn of_queue(client: &Client, wanted: &str) -> Result<Vec<Wanted>, Failure> {
    let mut queues = Vec::new();
    for page in 1.. {
        let answer = client.queues(page, PAGE).await?;
        queues.extend(answer.data);
        if page as usize >= answer.pages {
            break;
        }
    }
    let names: Vec<String> = queues.iter().map(|queue| one_line(&queue.name)).collect();
    let found = queues.into_iter().find(|queue| queue.id.as_str() == wanted || queue.name == wanted);
    let queue = found.ok_or_else(|| {
        let failure = Failure::new(Exit::NotFound, format!("there is no queue `{wanted}` in this project"));
        if names.is_empty() { failure } else { failure.with_hint(format!("there are: {}", names.join(", "))) }
    })?;
    let mut objects: Vec<Object> = Vec::new();
    for page in 1.. {
        let answer = client.items(&queue.id, None, page, PAGE).await?;
        for item in answer.data {
            if !objects.contains(&item.object) {
                objects.push(item.object);
            }
        }
        if page as usize >= answer.pages {
            break;
        }
    }
    Ok(objects.into_iter().map(Wanted::whole).collect())
}

impl Material {
    /// Fetches what is to be scored.
    pub(super) async fn load(client: &Client, wanted: &Wanted) -> Result<Self, Failure> {
        let observations = client.observations_of(&wanted.object).await?;
        let gone = || Failure::new(Exit::NotFound, "the server does not have it");
        let subject = Subject::new(&wanted.object, observations).ok_or_else(gone)?;
        let (target, mut parts) = match (&subject.target, &wanted.observation) {
            (Target::Session(_), _) => (subject.target.clone(), of_session(&subject)),
            (_, observation) => {
                let row = match observation {
                    Some(id) => subject.row_of(id).ok_or_else(gone)?,
                    None => subject.first_row(),
                };
                let target = observation.as_ref().and_then(|_| subject.observation_target(row));
                let shown = subject.tree.get(row).and_then(|row| subject.observations.get(row.observation));
                let parts = shown.map(of_observation).unwrap_or_default();
                (target.unwrap_or_else(|| subject.target.clone()), parts)
            }
        };
        let more =
            [(Part::ExpectedOutput, &wanted.expected_output), (Part::ItemMetadata, &wanted.item_metadata)];
        parts.extend(more.into_iter().filter_map(|(part, value)| Some((part.api_name(), value.clone()?))));
        let environment = subject.environment().map(ToOwned::to_owned);
        Ok(Self { target, environment, parts })
    }

    /// Material for tests.
    #[cfg(test)]
    pub(super) fn made_of(parts: &[(Part, Json)]) -> Self {
        let parts = parts.iter().map(|(part, value)| (part.api_name(), value.clone())).collect();
        Self { target: Target::Trace("t".into()), environment: None, parts }
    }

    /// One part, if there is such.
    pub(super) fn part(&self, part: Part) -> Option<&Json> {
        self.parts.get(part.api_name())
    }

    /// All parts in one object, for a program; those that are not there are null.
    pub(super) fn for_program(&self) -> Map<String, Json> {
        let part = |part: Part| (part.api_name().to_owned(), self.part(part).cloned().unwrap_or_default());
        Part::ALL.into_iter().map(part).collect()
    }
}

/// A recorded payload: JSON, or a text that is none.
fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

fn of_observation(observation: &Observation) -> HashMap<&'static str, Json> {
    let output = observation.output.as_deref().map(json);
    let mut parts = HashMap::new();
    parts
        .insert(Part::ToolCalls.api_name(), Json::Array(output.as_ref().map(tool_calls).unwrap_or_default()));
    parts.insert(Part::Metadata.api_name(), observation.metadata.as_deref().map_or_else(|| json!({}), json));
    for (part, value) in [(Part::Input, observation.input.as_deref().map(json)), (Part::Output, output)] {
        parts.extend(value.map(|value| (part.api_name(), value)));
    }
    parts
}

/// A session's turns: inputs and outputs of its traces, in order.
fn of_session(subject: &Subject) -> HashMap<&'static str, Json> {
    let turns = || subject.tree.iter().filter_map(|row| subject.observations.get(row.observation));
    let all = |payload: fn(&Observation) -> Option<&str>| turns().filter_map(payload).map(json).collect();
    let first = turns().next().map(of_observation).unwrap_or_default();
    let metadata = first.get(Part::Metadata.api_name()).cloned().unwrap_or_default();
    HashMap::from([
        (Part::Input.api_name(), all(|turn| turn.input.as_deref())),
        (Part::Output.api_name(), all(|turn| turn.output.as_deref())),
        (Part::Metadata.api_name(), metadata),
    ])
}

/// The tools called in an output, wherever in it they are listed.
fn tool_calls(output: &Json) -> Vec<Json> {
    let (mut found, mut left) = (Vec::new(), vec![output]);
    while let Some(value) = left.pop() {
        match value {
            Json::Object(map) => {
                let listed = map.get("tool_calls").or_else(|| map.get("toolCalls")).and_then(Json::as_array);
                found.extend(listed.into_iter().flatten());
                let others =
                    map.iter().filter(|(key, _)| !matches!(key.as_str(), "tool_calls" | "toolCalls"));
                left.extend(others.map(|(_, value)| value));
            }
            Json::Array(list) => left.extend(list.iter().rev()),
            _ => {}
        }
    }
    let call = |(index, call): (usize, &Json)| {
        let of = |key: &str| call["function"].get(key).or_else(|| call.get(key)).cloned().unwrap_or_default();
        let arguments = match of("arguments") {
            Json::Null => of("args"),
            other => other,
        };
        json!({
            "id": call["id"], "name": of("name"), "arguments": arguments, "type": call["type"], "index": index,
        })
    };
    found.into_iter().enumerate().map(call).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_calls_are_found_in_any_shape() {
        let wanted = json!([{"id": "1", "name": "track", "arguments": "{}", "type": "function", "index": 0}]);
        let call = json!({"id": "1", "type": "function", "function": {"name": "track", "arguments": "{}"}});
        let flat = json!({"id": "1", "type": "function", "name": "track", "args": "{}"});
        for output in [
            json!({"role": "assistant", "tool_calls": [call]}),
            json!([{"content": "x"}, {"message": {"toolCalls": [flat]}}]),
        ] {
            assert_eq!(Json::Array(tool_calls(&output)), wanted, "{output}");
        }
        assert!(tool_calls(&json!("text")).is_empty());
    }
}
