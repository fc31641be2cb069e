//! One chat message, whichever framework wrote it down.

use std::collections::HashSet;

use crate::domain::rows::Role;

use super::names::MESSAGE_NOISE;
use super::node::Node;
use super::parts::{self, Part};
use super::python::CLASS;

/// A message. Texts and values are borrowed from the document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Message<'a> {
    /// Who speaks.
    pub(super) role: Role,
    /// The role's word to show.
    pub(super) label: &'a str,
    /// The speaker's name.
    pub(super) speaker: Option<&'a str>,
    /// What is said, in order.
    pub(super) parts: Vec<Part<'a>>,
}

impl<'a> Message<'a> {
    /// A message of one role with its usual word.
    pub(super) fn new(role: Role, parts: Vec<Part<'a>>) -> Self {
        Self { role, label: label(role), speaker: None, parts }
    }

    /// Its words, without calls and data.
    pub(super) fn words(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(*text),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// The usual word for a role.
pub(super) fn label(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::Other => "other",
    }
}

/// The role a word stands for, in any framework; `None` for other words.
pub(super) fn role(word: &str) -> Option<Role> {
    let word = word.rsplit('.').next()?.to_ascii_lowercase();
    let word = word.trim_end_matches("chunk").trim_end_matches("message");
    Some(match word {
        "system" | "developer" => Role::System,
        "user" | "human" => Role::User,
        "assistant" | "ai" | "model" | "bot" | "chatbot" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        "chat" | "generic" => Role::Other,
        _ => return None,
    })
}

/// Fields of a message that hold what it says.
const CONTENT: [&str; 6] = ["content", "parts", "text", "blocks", "contents", "refusal"];

/// Fields that name calls.
const CALLS: [&str; 2] = ["tool_calls", "toolCalls"];

/// Fields that hold a model's thoughts.
const THOUGHTS: [&str; 4] = ["reasoning_content", "reasoning", "thinking", "thought"];

/// Reads a value as a message.
pub(super) fn read(node: &Node) -> Option<Message<'_>> {
    let entries = node.entries()?;
    if let Some(word) = constructor(node) {
        return said_by(word, node.get("kwargs")?);
    }
    let typed = || node.get("type")?.text().filter(|word| role(word).is_some());
    if let (Some(word), Some(data @ Node::Map(_))) = (typed(), node.get("data").map(Node::peel)) {
        return said_by(word, data);
    }
    if let Some((role, source)) = agent(node) {
        let mut message = said_by(label(role), node)?;
        message.speaker = Some(source).filter(|source| *source != message.label);
        return Some(message);
    }
    let says = |keys: &[&str]| entries.iter().any(|(key, _)| keys.contains(&key.as_str()));
    if let Some(word) = node.get("role").and_then(Node::text).or_else(|| node.any_text(&["sender"])) {
        let known = role(word).is_some();
        let speaks = says(&["content", "parts", "blocks"])
            || known && (says(&CONTENT) || says(&CALLS) || says(&["function_call", "audio"]));
        return speaks.then(|| said_by(word, node))?;
    }
    let class = || node.get(CLASS)?.text().filter(|word| role(word).is_some());
    let word = typed().or_else(class)?;
    says(&["content"]).then(|| said_by(word, node))?
}

/// The class of a LangChain object dumped with its constructor.
fn constructor(node: &Node) -> Option<&str> {
    let class = node.get("id")?.items()?.last()?.text()?;
    (node.get("kwargs").is_some() && role(class).is_some()).then_some(class)
}

/// The role and the name behind a message of Autogen, which names the agent that wrote it.
fn agent(node: &Node) -> Option<(Role, &str)> {
    let kind = node.get("type")?.text()?;
    let source = node.get("source")?.text().filter(|source| !source.is_empty())?;
    let says = node.get("content").is_some() && (kind.ends_with("Message") || kind.ends_with("Event"));
    let by_kind = || if kind.contains("Execution") { Role::Tool } else { Role::Assistant };
    says.then(|| (role(kind).or_else(|| role(source)).unwrap_or_else(by_kind), source))
}

/// The message of a speaker.
fn said_by<'a>(word: &'a str, node: &'a Node) -> Option<Message<'a>> {
    let entries = node.entries()?;
    let known = role(word);
    let speaker = role_of(known);
    let name = node.any_text(&["name", "tool_name"]);
    let mut message = Message::new(speaker, Vec::new());
    message.label = match known {
        None => word,
        Some(_) if word == "developer" => "developer",
        Some(role) => label(role),
    };
    message.speaker = name.filter(|name| role(name) != known || known.is_none());
    let parts = &mut message.parts;
    parts.extend(
        THOUGHTS
            .iter()
            .filter_map(|key| node.get(key)?.text())
            .filter(|t| !t.is_empty())
            .map(|text| Part::Thought(text.into())),
    );
    if speaker == Role::Tool && node.get("tool_calls").is_none_or(Node::is_empty) {
        results(node, name, parts);
    } else {
        let content = CONTENT.iter().filter(|key| **key != "refusal");
        content.filter_map(|key| node.get(key)).for_each(|node| parts::read_all(node, parts));
    }
    parts.extend(node.any_text(&["refusal"]).map(Part::Refusal));
    calls(node, parts);
    let beyond = ["refusal", "additional_kwargs", "function_call", "audio", "response_metadata"];
    let known_key = |key: &str| {
        [&CONTENT[..], &CALLS[..], &THOUGHTS[..], &MESSAGE_NOISE[..], &beyond[..]]
            .iter()
            .any(|k| k.contains(&key))
    };
    let from_agent = agent(node).is_some();
    let known_key = |key: &str| known_key(key) || from_agent && key == "source";
    let extra = entries.iter().filter(|(key, node)| !known_key(key) && !node.is_empty());
    let more = node.get("additional_kwargs").and_then(Node::entries).unwrap_or_default();
    let more = more.iter().filter(|(key, node)| !known_key(key) && !node.is_empty());
    let audio = entries.iter().filter(|(key, node)| key == "audio" && !node.is_empty());
    let extra: Vec<_> = extra
        .chain(more)
        .chain(audio)
        .filter(|(_, node)| !is_idle(node))
        .map(|(k, n)| (k.as_str(), n))
        .collect();
    if !extra.is_empty() {
        parts.push(Part::Extra(extra));
    }
    parts.extend(stopped(node).or_else(|| stopped(node.get("response_metadata")?)).map(Part::Stopped));
    Some(message)
}

fn role_of(known: Option<Role>) -> Role {
    known.unwrap_or(Role::Other)
}

/// A flag that is not set says nothing.
fn is_idle(node: &Node) -> bool {
    *node == Node::Bool(false)
}

fn results<'a>(node: &'a Node, name: Option<&'a str>, parts: &mut Vec<Part<'a>>) {
    let before = parts.len();
    if let Some(items) = node.any(&["parts", "content"]).and_then(Node::items) {
        let all: Option<Vec<Part<'_>>> = items.iter().map(parts::read).collect();
        parts.extend(all.unwrap_or_default());
    }
    let is_result = |part: &Part<'_>| matches!(part, Part::Result { .. });
    if parts[before..].iter().any(is_result) {
        return;
    }
    parts.truncate(before);
    if let Some(value) = CONTENT.iter().find_map(|key| node.get(key)) {
        let id = node.any_text(&["tool_call_id", "toolCallId"]);
        let failed = node.get("status").and_then(Node::text) == Some("error")
            || node.get("tool_call_error") == Some(&Node::Bool(true));
        parts.push(Part::Result { name, id, value, failed });
    }
}

fn calls<'a>(node: &'a Node, parts: &mut Vec<Part<'a>>) {
    let extra = node.get("additional_kwargs");
    let list = node.any(&CALLS).or_else(|| extra?.any(&CALLS)).and_then(Node::items).unwrap_or_default();
    // The same calls may stand among the content already.
    let id = |part: &Part<'a>| match part {
        Part::Call { id, .. } => *id,
        _ => None,
    };
    let known: HashSet<&str> = parts.iter().filter_map(id).collect();
    let calls = list.iter().map(|call| parts::call(call).unwrap_or(Part::Data(call)));
    parts.extend(calls.filter(|part| id(part).is_none_or(|id| !known.contains(id))).collect::<Vec<_>>());
    let old = node.any(&["function_call"]).or_else(|| extra?.any(&["function_call"]));
    parts.extend(old.and_then(parts::call));
}

/// Why the model stopped, when it was not done.
pub(super) fn stopped(node: &Node) -> Option<&str> {
    let reason = node.any_text(&["finish_reason", "finishReason", "stop_reason"])?;
    let cut = ["length", "max_tokens", "content_filter", "safety", "recitation", "refusal", "error"];
    let plain = reason.rsplit('.').next()?.to_ascii_lowercase();
    cut.contains(&plain.as_str()).then_some(reason)
}
