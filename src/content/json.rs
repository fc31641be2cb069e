//! Highlighted, indented JSON.

use crate::domain::rows::{Span, Tone};
use crate::domain::text::width;

use super::media;
use super::node::{Node, Within};
use super::page::Page;
use super::wrap::Text;

/// Columns per level.
const STEP: usize = 2;

/// Adds a value.
pub(super) fn print(page: &mut Page, node: &Node) {
    Printer { page, line: Text::default(), depth: 0, start: 0, hang: STEP }.finish(node);
}

/// Adds named values, each under its name, without braces around them.
pub(super) fn print_fields<'a>(page: &mut Page, fields: impl IntoIterator<Item = (&'a str, &'a Node)>) {
    for (key, node) in fields {
        let mut line = Text::new(key, Tone::Key);
        line.push(": ", Tone::Punctuation);
        Printer { page, line, depth: 0, start: 0, hang: STEP }.finish(node);
    }
}

struct Printer<'a> {
    page: &'a mut Page,
    /// The line being written.
    line: Text,
    depth: usize,
    /// Columns the line is indented by.
    start: usize,
    /// Columns the rows that continue the line are indented by.
    hang: usize,
}

impl Printer<'_> {
    fn finish(&mut self, node: &Node) {
        self.value(node);
        self.flush();
    }

    /// Ends the line and starts the next with its indentation.
    fn newline(&mut self) {
        self.flush();
        self.start = self.indent();
        self.hang = self.start + STEP;
        self.line.push(&" ".repeat(self.start), Tone::Plain);
    }

    /// Very deep levels stop moving to the right, or nothing would be left of the width.
    fn indent(&self) -> usize {
        (self.depth * STEP).min(self.page.room() / 2)
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.page.code(&line, self.hang);
    }

    fn value(&mut self, node: &Node) {
        match node {
            Node::Null => self.line.push("null", Tone::Literal),
            Node::Bool(true) => self.line.push("true", Tone::Literal),
            Node::Bool(false) => self.line.push("false", Tone::Literal),
            Node::Number(digits) => self.line.push(digits, Tone::Number),
            Node::Text(text) => self.string(text),
            Node::Embedded(_, within, node) => {
                self.line.push(if *within == Within::Json { "⟨json⟩ " } else { "⟨python⟩ " }, Tone::Dim);
                self.value(node);
            }
            Node::List(items) => self.list(items),
            Node::Map(entries) => self.map(entries),
        }
    }

    fn list(&mut self, items: &[Node]) {
        if items.iter().all(Node::is_scalar)
            && let Some(short) = compact_list(items, self.page.room().saturating_sub(self.indent()).min(60))
        {
            self.line.extend(&short);
            return;
        }
        self.line.push("[", Tone::Punctuation);
        self.depth += 1;
        for (i, item) in items.iter().enumerate() {
            self.newline();
            self.value(item);
            self.comma(i + 1 < items.len());
        }
        self.close("]");
    }

    fn map(&mut self, entries: &[(String, Node)]) {
        if entries.is_empty() {
            self.line.push("{}", Tone::Punctuation);
            return;
        }
        self.line.push("{", Tone::Punctuation);
        self.depth += 1;
        for (i, (key, node)) in entries.iter().enumerate() {
            self.newline();
            self.line.push(&quoted(key), Tone::Key);
            self.line.push(": ", Tone::Punctuation);
            self.value(node);
            self.comma(i + 1 < entries.len());
        }
        self.close("}");
    }

    fn comma(&mut self, wanted: bool) {
        self.line.push(if wanted { "," } else { "" }, Tone::Punctuation);
    }

    fn close(&mut self, bracket: &str) {
        self.depth -= 1;
        self.newline();
        self.line.push(bracket, Tone::Punctuation);
    }

    /// A string; one with line breaks is shown with them, indented and without escapes.
    fn string(&mut self, text: &str) {
        let marked = media::mark(text);
        if !marked.trim_end_matches('\n').contains('\n') {
            media::push(&mut self.line, &quoted(&marked), Tone::String);
            return;
        }
        self.line.push("\"", Tone::String);
        self.depth += 1;
        for line in marked.split('\n') {
            self.newline();
            self.hang = self.start + line.len() - line.trim_start_matches(' ').len();
            media::push(&mut self.line, line.strip_suffix('\r').unwrap_or(line), Tone::String);
        }
        self.line.push("\"", Tone::String);
        self.depth -= 1;
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value on one line, if it is short: at most `columns` wide and without line breaks in strings.
pub(super) fn compact(node: &Node, columns: usize) -> Option<Vec<Span>> {
    let mut out = Compact { spans: Vec::new(), left: columns };
    out.value(node)?;
    Some(out.spans)
}

fn compact_list(items: &[Node], columns: usize) -> Option<Vec<Span>> {
    let mut out = Compact { spans: Vec::new(), left: columns };
    out.list(items)?;
    Some(out.spans)
}

struct Compact {
    spans: Vec<Span>,
    left: usize,
}

impl Compact {
    fn put(&mut self, text: &str, tone: Tone) -> Option<()> {
        let mut clean = Text::default();
        media::push(&mut clean, text, tone);
        self.left = self.left.checked_sub(clean.width())?;
        self.spans.extend(clean.lines(0, 0, false).into_iter().flatten());
        Some(())
    }

    fn value(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Null => self.put("null", Tone::Literal),
            Node::Bool(yes) => self.put(if *yes { "true" } else { "false" }, Tone::Literal),
            Node::Number(digits) => self.put(digits, Tone::Number),
            Node::Text(text) => self.string(text),
            Node::Embedded(_, _, node) => self.value(node),
            Node::List(items) => self.list(items),
            Node::Map(entries) => self.map(entries),
        }
    }

    fn string(&mut self, text: &str) -> Option<()> {
        let marked = media::mark(text);
        if marked.contains('\n') || marked.len() > self.left.saturating_mul(8) {
            return None;
        }
        self.put(&quoted(&marked), Tone::String)
    }

    fn list(&mut self, items: &[Node]) -> Option<()> {
        self.put("[", Tone::Punctuation)?;
        for (i, item) in items.iter().enumerate() {
            self.put(if i > 0 { ", " } else { "" }, Tone::Punctuation)?;
            self.value(item)?;
        }
        self.put("]", Tone::Punctuation)
    }

    fn map(&mut self, entries: &[(String, Node)]) -> Option<()> {
        self.put("{", Tone::Punctuation)?;
        for (i, (key, node)) in entries.iter().enumerate() {
            self.put(if i > 0 { ", " } else { "" }, Tone::Punctuation)?;
            self.put(&quoted(key), Tone::Key)?;
            self.put(": ", Tone::Punctuation)?;
            self.value(node)?;
        }
        self.put("}", Tone::Punctuation)
    }
}

/// Columns of spans side by side.
pub(super) fn spans_width(spans: &[Span]) -> usize {
    spans.iter().map(|span| width(&span.text)).sum()
}
