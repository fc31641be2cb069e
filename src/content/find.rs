//! Finding the messages in a payload.

use std::collections::HashSet;

use crate::domain::rows::Role;

use super::message::{self, Message};
use super::names::{HOLDERS, SYSTEM, TECHNICAL};
use super::node::Node;
use super::parts::{self, Part};
use super::said;

/// Objects looked into, one inside the other.
const DEPTH: usize = 6;

/// Technical fields that can also hold words.
const WORDY: [&str; 2] = ["text", "reasoning"];

/// Messages found, and what else the payload holds.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// The messages in order.
    pub(super) messages: Vec<Message<'a>>,
    /// Other fields, to be shown.
    pub(super) rest: Vec<(&'a str, &'a Node)>,
    /// Names of the tools offered to the model.
    pub(super) tools: Vec<&'a str>,
    /// Fields left out as technical.
    pub(super) hidden: usize,
}

/// The messages of a payload; `default` speaks where only parts of one message were recorded, or
/// what was said stands in a field of its own.
pub(super) fn find(node: &Node, default: Role) -> Option<Found<'_>> {
    let mut found = Found::default();
    if !found.look(node, default, DEPTH) {
        found.messages.push(said::read(node, default)?);
    }
    Some(found)
}

impl<'a> Found<'a> {
    /// Takes the messages out of a value; `false`, and nothing taken, when it holds none.
    fn look(&mut self, node: &'a Node, default: Role, depth: usize) -> bool {
        if let Some(name) = definition(node) {
            self.tools.push(name);
            return true;
        }
        if let Some(message) = message::read(node).or_else(|| item(node, default)) {
            self.add(message);
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else { return false };
        match node.peel() {
            Node::List(items) => self.look_list(items, default, depth),
            Node::Map(entries) => self.look_map(node, entries, default, depth),
            _ => false,
        }
    }

    fn look_list(&mut self, items: &'a [Node], default: Role, depth: usize) -> bool {
        if let Some(message) = parts_of_one(items, default) {
            self.add(message);
            return true;
        }
        let mut inner = Self::default();
        let mut strange = Vec::new();
        for item in items {
            if !inner.look(item, default, depth) {
                strange.push(item);
                inner.messages.push(Message::new(Role::Other, vec![Part::Data(item)]));
            }
        }
        // A list in which most is something else is not a conversation.
        let mostly = strange.len() * 2 <= items.len() && inner.messages.len() > strange.len();
        if mostly {
            self.take(inner);
        }
        mostly
    }

    fn look_map(
        &mut self,
        node: &'a Node,
        entries: &'a [(String, Node)],
        default: Role,
        depth: usize,
    ) -> bool {
        let mut inner = Self::default();
        let mut taken = Vec::new();
        for (key, value) in entries.iter().filter(|(key, _)| HOLDERS.contains(&key.as_str())) {
            if inner.look(value, speaker(key).unwrap_or(default), depth) || inner.contents(key, value, node) {
                taken.push(key.as_str());
            }
        }
        if taken.is_empty() {
            return false;
        }
        for (key, value) in entries.iter().filter(|(key, _)| SYSTEM.contains(&key.as_str())) {
            let mut parts = Vec::new();
            parts::read_all(value, &mut parts);
            if !parts.is_empty() {
                taken.push(key.as_str());
                inner.messages.insert(0, Message::new(Role::System, parts));
            }
        }
        let said = inner.said();
        // A history may come with the question it leads to, or with the answer, next to it.
        if let Some((key, text)) = said::named(entries, default)
            && !taken.contains(&key)
            && !said.contains(text.trim())
        {
            taken.push(key);
            inner.messages.push(Message::new(default, vec![Part::Text(text)]));
        }
        for (key, value) in
            entries.iter().filter(|(key, node)| !node.is_empty() && !taken.contains(&key.as_str()))
        {
            if said.contains(&words(value)) {
                inner.hidden += 1;
            } else {
                inner.other(key, value);
            }
        }
        if let (Some(reason), Some(last)) = (message::stopped(node), inner.messages.last_mut()) {
            last.parts.push(Part::Stopped(reason));
        }
        self.take(inner);
        true
    }

    /// Gemini takes a text in place of its list of contents.
    fn contents(&mut self, key: &str, value: &'a Node, node: &Node) -> bool {
        let asks = key == "contents" || key == "input" && node.get("model").is_some();
        match value.text().filter(|_| asks) {
            Some(text) => self.messages.push(Message::new(Role::User, vec![Part::Text(text)])),
            None => return false,
        }
        true
    }

    fn other(&mut self, key: &'a str, value: &'a Node) {
        let name =
            |tool: &'a Node| tool.any_text(&["name"]).or_else(|| tool.get("function")?.any_text(&["name"]));
        let offered = || value.items()?.iter().map(name).collect::<Option<Vec<_>>>();
        let results =
            || value.items().is_some_and(|items| items.iter().any(|item| item.get("result").is_some()));
        if key == "tools"
            && !results()
            && let Some(names) = offered()
        {
            self.tools.extend(names);
        } else if TECHNICAL.contains(&key) && !(value.text().is_some() && WORDY.contains(&key)) {
            self.hidden += 1;
        } else {
            self.rest.push((key, value));
        }
    }

    /// Adds a message; results that a format puts into the user's mouth become the tools' own.
    fn add(&mut self, mut message: Message<'a>) {
        if message.role == Role::User {
            let is_result = |part: &Part<'_>| matches!(part, Part::Result { .. });
            let (results, words): (Vec<_>, Vec<_>) = message.parts.into_iter().partition(is_result);
            let only_results = !results.is_empty() && words.is_empty();
            if !results.is_empty() {
                self.messages.push(Message::new(Role::Tool, results));
            }
            if only_results {
                return;
            }
            message.parts = words;
        }
        self.messages.push(message);
    }

    /// What the messages say, to tell when a field only repeats it.
    fn said(&self) -> HashSet<String> {
        let said = self.messages.iter().map(|message| message.words().trim().to_owned());
        said.filter(|words| !words.is_empty()).collect()
    }

    fn take(&mut self, mut other: Self) {
        self.messages.append(&mut other.messages);
        self.rest.append(&mut other.rest);
        self.tools.append(&mut other.tools);
        self.hidden += other.hidden;
    }
}

/// What a field says, alone or as a message.
fn words(value: &Node) -> String {
    let text = value.text().map(str::to_owned);
    let words = text.or_else(|| Some(message::read(value)?.words()));
    words.unwrap_or_default().trim().to_owned()
}

/// The name of a tool whose definition stands in place of a message.
fn definition(node: &Node) -> Option<&str> {
    let function = node.get("content")?.get("function")?;
    let defines = function.get("parameters").is_some() || function.get("description").is_some();
    function.any_text(&["name"]).filter(|_| defines && node.get("role").is_some())
}

/// Who speaks under a field's name.
fn speaker(key: &str) -> Option<Role> {
    match key {
        "output" | "outputs" | "choices" | "candidates" | "generations" | "response" => Some(Role::Assistant),
        "input" | "inputs" | "prompt" | "contents" => Some(Role::User),
        _ => None,
    }
}

/// A call, a result or a thought that stands among messages by itself.
fn item(node: &Node, default: Role) -> Option<Message<'_>> {
    let kind = node.get("type").and_then(Node::text);
    let own = |kind: &str| {
        matches!(kind, "reasoning" | "tool_use" | "tool_result")
            || kind.ends_with("_call")
            || kind.ends_with("_output")
    };
    let part = match kind {
        Some(kind) if own(kind) => parts::read(node)?,
        None => generation(node)?,
        _ => return None,
    };
    let rest = parts::rest(node, &part);
    let role = match part {
        Part::Result { .. } => Role::Tool,
        Part::Call { .. } | Part::Thought(_) => Role::Assistant,
        _ => default,
    };
    Some(Message::new(role, std::iter::once(part).chain(rest).collect()))
}

/// A completion's text next to its finish reason.
fn generation(node: &Node) -> Option<Part<'_>> {
    let completed = node.get("finish_reason").is_some() || node.get("generation_info").is_some();
    let bare = completed && node.get("message").is_none();
    node.get("text")?.text().filter(|_| bare).map(Part::Text)
}

/// A list that is the content of one message.
fn parts_of_one(items: &[Node], default: Role) -> Option<Message<'_>> {
    let marked = |item: &Node| {
        item.get("type").is_some() || item.any(&["functionCall", "functionResponse", "inlineData"]).is_some()
    };
    let mut kinds = items.iter().map(|item| marked(item).then(|| parts::read(item)).flatten());
    let speaks = |part: &Option<Part<'_>>| matches!(part, Some(Part::Text(_) | Part::Media(_)));
    let all = items.iter().all(|item| parts::read(item).is_some() && message::read(item).is_none());
    if items.is_empty() || !all || !kinds.any(|part| speaks(&part)) {
        return None;
    }
    let mut parts = Vec::new();
    for item in items {
        parts::read_all(item, &mut parts);
    }
    Some(Message::new(default, parts))
}
