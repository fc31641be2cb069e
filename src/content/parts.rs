//! What a message is made of: text, thoughts, calls, results, media.

use std::borrow::Cow;

use super::media;
use super::names::{CALL_FIELDS, MEDIA_FIELDS, PART_NOISE, RESULT_FIELDS, THOUGHT_FIELDS};
use super::node::Node;

/// One part of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part<'a> {
    /// Words, in Markdown.
    Text(&'a str),
    /// What the model thought.
    Thought(Cow<'a, str>),
    /// The model refused, and said so.
    Refusal(&'a str),
    /// A tool is called.
    Call { name: &'a str, id: Option<&'a str>, arguments: Option<&'a Node> },
    /// What a tool answered.
    Result { name: Option<&'a str>, id: Option<&'a str>, value: &'a Node, failed: bool },
    /// An image, a sound, a file; what stands for it.
    Media(String),
    /// A value without a known form.
    Data(&'a Node),
    /// Fields without a known meaning.
    Extra(Vec<(&'a str, &'a Node)>),
    /// The answer was cut off, and why.
    Stopped(&'a str),
}

/// Reads what a message says: a text, a part, or a list of them.
pub(super) fn read_all<'a>(node: &'a Node, parts: &mut Vec<Part<'a>>) {
    if node.is_empty() {
        return;
    }
    if let Node::Text(text) = node {
        parts.push(Part::Text(text));
        return;
    }
    if let Some(inner) = node.get("parts").filter(|inner| inner.items().is_some()) {
        read_all(inner, parts);
        return;
    }
    let items = match node.peel() {
        Node::List(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    let known: Option<Vec<Vec<Part<'a>>>> = items.iter().map(read_with_rest).collect();
    match (known, node) {
        (Some(known), _) => parts.extend(known.into_iter().flatten()),
        // JSON that somebody wrote as the whole text of a message.
        (None, Node::Embedded(..) | Node::Map(_)) => parts.push(Part::Data(node)),
        (None, _) => parts.extend(
            items.iter().flat_map(|item| read_with_rest(item).unwrap_or_else(|| vec![Part::Data(item)])),
        ),
    }
}

/// A part, and after it the fields it has that no part of its kind has.
fn read_with_rest(node: &Node) -> Option<Vec<Part<'_>>> {
    if let Node::Text(text) = node {
        return Some(vec![Part::Text(text)]);
    }
    let part = read(node)?;
    let rest = rest(node, &part);
    Some(std::iter::once(part).chain(rest).collect())
}

/// Fields a part's reader uses.
fn used(part: &Part<'_>) -> &'static [&'static str] {
    match part {
        Part::Text(_) => &["text", "content"],
        Part::Thought(_) => &THOUGHT_FIELDS,
        Part::Refusal(_) => &["refusal"],
        Part::Call { .. } => &CALL_FIELDS,
        Part::Result { .. } => &RESULT_FIELDS,
        Part::Media(_) => &MEDIA_FIELDS,
        Part::Data(_) | Part::Extra(_) | Part::Stopped(_) => &[],
    }
}

/// The fields of a part that nobody knows.
pub(super) fn rest<'a>(node: &'a Node, part: &Part<'_>) -> Option<Part<'a>> {
    let used = used(part);
    let unknown = |(key, value): &&(String, Node)| {
        !value.is_empty() && !used.contains(&key.as_str()) && !PART_NOISE.contains(&key.as_str())
    };
    let fields: Vec<_> = node.entries()?.iter().filter(unknown).map(|(k, v)| (k.as_str(), v)).collect();
    (!fields.is_empty() && !used.is_empty()).then_some(Part::Extra(fields))
}

/// Reads one part by its type or its shape.
pub(super) fn read(node: &Node) -> Option<Part<'_>> {
    node.entries()?;
    match node.any_text(&["type", "block_type", "part_kind"]) {
        Some(kind) => typed(kind, node),
        None => shaped(node),
    }
}

fn typed<'a>(kind: &str, node: &'a Node) -> Option<Part<'a>> {
    match kind {
        "text" | "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
            let text = node.any(&["text", "content"]).or_else(|| node.get("text"))?;
            text.text().or_else(|| text.get("value")?.text()).map(Part::Text)
        }
        "refusal" => node.any_text(&["refusal"]).map(Part::Refusal),
        "thinking" | "reasoning" | "thought" | "redacted_thinking" => Some(Part::Thought(thought(node))),
        "tool_result" | "tool-result" | "tool_call_response" | "function_call_output" => result(node),
        _ if kind.ends_with("_result") || kind.ends_with("_output") => result(node),
        "tool_use" | "server_tool_use" | "mcp_tool_use" | "tool_call" | "tool-call" | "function_call"
        | "function" => call(node),
        _ if kind.ends_with("_call") => hosted_call(node),
        "image_url" | "input_image" | "image" | "input_audio" | "audio" | "file" | "input_file"
        | "document" | "video" | "media" => Some(Part::Media(medium(kind, node))),
        _ => None,
    }
}

/// Parts without a type: Gemini's, Bedrock's and Autogen's.
fn shaped(node: &Node) -> Option<Part<'_>> {
    if let Some(text) = node.get("text").and_then(Node::text) {
        let thought = node.get("thought") == Some(&Node::Bool(true));
        return Some(if thought { Part::Thought(text.into()) } else { Part::Text(text) });
    }
    if let Some(inner) = node.any(&["functionCall", "function_call", "toolUse"]) {
        return call(inner);
    }
    if let Some(inner) = node.any(&["functionResponse", "function_response", "toolResult"]) {
        return result(inner);
    }
    if let Some(inner) = node.any(&["inlineData", "inline_data", "fileData", "file_data"]) {
        return Some(Part::Media(medium("file", inner)));
    }
    if let Some(code) = node.any(&["executableCode", "executable_code"]) {
        return Some(Part::Call { name: "code", id: None, arguments: Some(code) });
    }
    if node.get("call_id").is_some() && node.get("content").is_some() {
        return result(node);
    }
    if node.get("arguments").is_some() {
        return call(node);
    }
    let value = node.any(&["codeExecutionResult", "code_execution_result"])?;
    Some(Part::Result { name: None, id: None, value, failed: false })
}

/// What the model thought: as one text, or as a list of summaries.
fn thought(node: &Node) -> Cow<'_, str> {
    if let Some(text) = node.any_text(&["thinking", "reasoning", "text"]) {
        return text.into();
    }
    let Some(list) = node.any(&["summary", "content"]) else { return Cow::default() };
    let texts = list.items().unwrap_or_default().iter().filter_map(|item| item.any_text(&["text"]));
    list.text().map_or_else(|| texts.collect::<Vec<_>>().join("\n\n").into(), Cow::from)
}

/// Reads a tool call; a tool's definition is none.
pub(super) fn call(node: &Node) -> Option<Part<'_>> {
    let arguments = |node| Node::any(node, &["arguments", "args", "input", "tool_args"]);
    let inner = node.get("function").filter(|inner| inner.entries().is_some()).unwrap_or(node);
    let name = inner.any_text(&["name", "toolName", "tool_name"])?;
    let defines = inner.get("parameters").is_some() || inner.get("input_schema").is_some();
    let id = node.any_text(&["id", "call_id", "toolCallId", "tool_call_id", "toolUseId"]);
    (!defines).then(|| Part::Call { name, id, arguments: arguments(inner).or_else(|| arguments(node)) })
}

/// A call of a tool the provider runs itself, such as a web search.
fn hosted_call(node: &Node) -> Option<Part<'_>> {
    let name = node.any_text(&["name", "type"])?;
    let arguments = node.any(&["arguments", "action", "input", "queries", "code"]);
    Some(Part::Call { name, id: node.any_text(&["id", "call_id"]), arguments })
}

fn result(node: &Node) -> Option<Part<'_>> {
    let keys = ["content", "output", "result", "response"];
    let value = node.any(&keys).or_else(|| keys.iter().find_map(|key| node.get(key)))?;
    Some(Part::Result {
        name: node.any_text(&["name", "toolName", "tool_name"]),
        id: node.any_text(&["tool_use_id", "tool_call_id", "call_id", "toolCallId", "toolUseId", "id"]),
        value,
        failed: node.get("is_error") == Some(&Node::Bool(true)),
    })
}

/// What stands for a medium: its type and size, or its address.
fn medium(kind: &str, node: &Node) -> String {
    let inner = node.any(&["image_url", "source", "input_audio", "image", "file", "audio"]);
    let inner = inner.filter(|inner| inner.entries().is_some()).unwrap_or(node);
    let keys = ["media_type", "mime_type", "mediaType", "mimeType", "format"];
    let mime = inner.any_text(&keys).or_else(|| node.any_text(&keys)).unwrap_or(kind);
    let places = [
        "url",
        "data",
        "image_url",
        "image",
        "file_uri",
        "fileUri",
        "file_data",
        "base64",
        "file_id",
        "audio",
    ];
    let place = inner.any_text(&places).or_else(|| node.any_text(&places)).unwrap_or_default();
    let name = inner.any_text(&["filename", "name", "title"]).unwrap_or_default();
    let marked = media::mark(place);
    let shown = if marked.starts_with('▣') {
        marked.trim_start_matches(['▣', '\u{a0}']).replace('\u{a0}', " ")
    } else if place.len() > 400 {
        format!("{mime} {}", media::size(place.len()))
    } else {
        format!("{mime} {place}")
    };
    format!("▣ {} {name}", shown.trim()).trim_end().to_owned()
}
