//! A payload as people read it: who said what, which tools were called, what came back.

use crate::domain::rows::{Role, Span, Tone};
use crate::domain::text::one_line;

use super::find::{self, Found};
use super::json::{compact, print, print_fields, spans_width};
use super::message::Message;
use super::node::Node;
use super::page::Page;
use super::parts::Part;
use super::wrap::Text;
use super::{markdown, python, raw, transcript};

/// Rows a system prompt may take before it is folded.
const FOLDED: usize = 3;

/// Longest text that can share a line with other fields, in bytes.
const SHORT: usize = 60;

/// Adds a payload; `default` speaks where it holds parts of one message only.
pub(super) fn payload(page: &mut Page, text: &str, default: Role) {
    match document(text) {
        Some(node) => value(page, &node, default),
        None if text.trim_start().starts_with(['{', '[']) => raw::print(page, text),
        None => words(page, text, default),
    }
}

/// The document a payload holds: JSON, or what Python printed.
pub(super) fn document(text: &str) -> Option<Node> {
    Node::parse_open(text).or_else(|| python::parse(text, super::node::DEPTH))
}

fn value(page: &mut Page, node: &Node, default: Role) {
    if let Some(found) = find::find(node, default) {
        conversation(page, &found);
    } else if let Node::Text(text) = node {
        words(page, text, default);
    } else {
        print(page, node);
    }
}

fn words(page: &mut Page, text: &str, default: Role) {
    match transcript::read(text) {
        Some(turns) => messages(page, &turns),
        None if default == Role::Tool => plain(page, text),
        None => markdown::print(page, text),
    }
}

/// Adds messages and whatever else the payload holds.
fn conversation(page: &mut Page, found: &Found<'_>) {
    messages(page, &found.messages);
    if !found.rest.is_empty() {
        page.part();
        print_fields(page, found.rest.iter().copied());
    }
    if !found.tools.is_empty() || found.hidden > 0 {
        page.part();
    }
    if !found.tools.is_empty() {
        let names = found.tools.join(", ");
        page.say(&format!("tools offered: {names} (json view shows more)"), Tone::Dim);
    }
    if found.hidden > 0 {
        let fields = if found.hidden == 1 { "field" } else { "fields" };
        page.say(&format!("… {} technical {fields}, json view shows all", found.hidden), Tone::Dim);
    }
}

/// Adds messages, set off by empty rows; a tool's result follows its call directly.
pub(super) fn messages(page: &mut Page, messages: &[Message<'_>]) {
    let mut calls: Vec<(&str, Option<&str>)> = Vec::new();
    for message in messages {
        let answers = message.parts.iter().any(|part| matches!(part, Part::Result { .. }));
        let follows = answers && message.role == Role::Tool && !calls.is_empty();
        if !follows {
            page.part();
            calls.clear();
        }
        page.bar = Some(message.role);
        if !follows {
            page.line(name(message, page.room()));
        }
        calls.extend(message.parts.iter().filter_map(|part| match part {
            Part::Call { name, id, .. } => Some((*name, *id)),
            _ => None,
        }));
        body(page, message, if follows || message.role != Role::Tool { &calls } else { &[] });
    }
    page.bar = None;
}

fn name(message: &Message<'_>, room: usize) -> Vec<Span> {
    let fit = |text: &str, room| crate::domain::text::fit(text, room);
    let label = fit(message.label, room);
    let left = room.saturating_sub(crate::domain::text::width(&label) + 1);
    let mut spans = vec![Span::new(label, Tone::Role(message.role))];
    if let Some(speaker) = message.speaker.filter(|_| left > 3) {
        spans.push(Span::new(format!(" {}", fit(speaker, left)), Tone::Dim));
    }
    spans
}

fn body(page: &mut Page, message: &Message<'_>, calls: &[(&str, Option<&str>)]) {
    let start = page.rows.len();
    for (i, part) in message.parts.iter().enumerate() {
        if i > 0 && set_off(&message.parts[i - 1], part) {
            page.blank();
        }
        self::part(page, part, calls);
    }
    let hidden = (page.rows.len() - start).saturating_sub(FOLDED);
    if message.role == Role::System && hidden > 1 {
        page.rows.truncate(start + FOLDED);
        page.say(&format!("… {hidden} more lines, raw view shows all"), Tone::Dim);
    }
}

/// Whether an empty row belongs between two parts: around words, but not next to what belongs to them.
fn set_off(before: &Part<'_>, after: &Part<'_>) -> bool {
    let words = |part: &Part<'_>| matches!(part, Part::Text(_) | Part::Thought(_));
    let block = |part: &Part<'_>| words(part) || matches!(part, Part::Call { .. });
    words(before) && block(after) || block(before) && words(after)
}

fn part(page: &mut Page, part: &Part<'_>, calls: &[(&str, Option<&str>)]) {
    match part {
        Part::Text(text) => text_part(page, text.trim_matches('\n')),
        Part::Thought(text) => {
            page.say("thinking", Tone::Emphasis);
            page.say(if text.is_empty() { "not recorded" } else { text.trim() }, Tone::Dim);
        }
        Part::Refusal(text) => page.say(&format!("refused: {text}"), Tone::Warning),
        Part::Call { name, arguments, .. } => call(page, name, *arguments),
        Part::Result { name, id, value, failed } => {
            let called = calls.iter().find(|(_, call)| call.is_some() && call == id).map(|(name, _)| *name);
            let name = name.or(called).filter(|_| calls.len() > 1);
            result(page, name, value, *failed);
        }
        Part::Media(mark) => page.say(mark, Tone::Dim),
        Part::Data(node) => print(page, node.peel()),
        Part::Extra(fields) => extra(page, fields),
        Part::Stopped(reason) => page.say(&format!("cut off: {reason}"), Tone::Warning),
    }
}

/// Fields beside what was said: short ones on a dim line, the others as JSON.
fn extra(page: &mut Page, fields: &[(&str, &Node)]) {
    let short = |node: &Node| match node {
        Node::Text(text) => (text.len() <= SHORT && !text.contains('\n')).then(|| one_line(text)),
        Node::Number(digits) => Some(digits.clone()),
        Node::Bool(yes) => Some(yes.to_string()),
        _ => None,
    };
    let facts = fields.iter().filter_map(|(key, node)| Some(format!("{}: {}", one_line(key), short(node)?)));
    let facts = facts.collect::<Vec<_>>().join(" · ");
    if !facts.is_empty() {
        page.say(&super::media::plain(&facts), Tone::Dim);
    }
    print_fields(page, fields.iter().copied().filter(|(_, node)| short(node).is_none()));
}

/// Words are Markdown, tools' words are plain, and JSON is JSON.
fn text_part(page: &mut Page, text: &str) {
    match document(text).filter(|node| !node.is_scalar()) {
        Some(node) => print(page, &node),
        None if page.bar == Some(Role::Tool) => plain(page, text),
        None => markdown::print(page, text),
    }
}

fn call(page: &mut Page, name: &str, arguments: Option<&Node>) {
    let name = one_line(name);
    let head = [Span::new("⚙ ", Tone::Tool), Span::new(name.as_str(), Tone::Tool)];
    let room = page.room().saturating_sub(spans_width(&head) + 2);
    let inline = match arguments.map(Node::peel) {
        None => Some(Vec::new()),
        Some(Node::Map(entries)) => named(entries, room),
        Some(node) => compact(node, room).filter(|spans| spans_width(spans) <= room),
    };
    let mut line = Text::default();
    line.extend(&head);
    if let Some(spans) = &inline {
        line.push("(", Tone::Punctuation);
        line.extend(spans);
        line.push(")", Tone::Punctuation);
    }
    page.code(&line, 2);
    if inline.is_none() {
        page.indent_by(2);
        if let Some(node) = arguments {
            print(page, node.peel());
        }
        page.dedent();
    }
}

/// `name=value, …` if that fits.
fn named(entries: &[(String, Node)], room: usize) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for (i, (key, node)) in entries.iter().enumerate() {
        if i > 0 {
            spans.push(Span::new(", ", Tone::Punctuation));
        }
        spans.push(Span::new(one_line(key), Tone::Key));
        spans.push(Span::new("=", Tone::Punctuation));
        let left = room.checked_sub(spans_width(&spans))?;
        spans.extend(compact(node, left)?);
    }
    (spans_width(&spans) <= room).then_some(spans)
}

fn result(page: &mut Page, name: Option<&str>, value: &Node, failed: bool) {
    let arrow = || Span::new("→ ", Tone::Tool);
    page.indent(arrow(), Span::new("  ", Tone::Plain));
    if let Some(name) = name {
        page.say(&one_line(name), Tone::Tool);
    }
    if failed {
        page.say("failed", Tone::Error);
    }
    let text = texts(value);
    match (compact(value, page.room()), text) {
        (_, Some(text)) if text.trim().is_empty() => page.say("empty", Tone::Dim),
        (_, Some(text)) => plain(page, text.trim_end()),
        (Some(spans), None) => page.line(spans),
        (None, None) => print(page, value.peel()),
    }
    page.dedent();
}

/// A tool's words: not Markdown, since most tools know nothing about it; what continues an indented
/// line is indented further.
fn plain(page: &mut Page, text: &str) {
    for line in super::media::mark(text).lines() {
        let mut out = Text::default();
        super::media::push(&mut out, line, Tone::Plain);
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        page.code(&out, if indent > 0 { indent + 2 } else { 0 });
    }
}

/// The words of a result that is text, alone or as the parts of a message.
fn texts(value: &Node) -> Option<String> {
    if let Node::Text(text) = value {
        return Some(text.clone());
    }
    let items = value.items().filter(|items| !items.is_empty())?;
    let text = |node: &Node| match super::parts::read(node) {
        Some(Part::Text(text)) if node.entries().is_some_and(|entries| entries.len() <= 3) => {
            Some(text.to_owned())
        }
        Some(Part::Media(mark)) => Some(mark),
        _ => None,
    };
    items.iter().map(text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
}
