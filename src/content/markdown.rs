//! Markdown as rows.
//!
//! Line breaks inside paragraphs are kept: in chats people mean them. HTML and LaTeX are shown as
//! they were written.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::domain::rows::{Span, Tone};
use crate::domain::text::clean;

use super::page::Page;
use super::table::Table;
use super::wrap::Text;
use super::{code, media};

/// Backslashes looked back over to see whether a character is escaped.
const ESCAPES: usize = 64;

/// Adds a Markdown text.
///
/// Lines that are nothing but a tag, as prompts use to set off their sections, stay lines of their
/// own; what is between them is Markdown.
pub(super) fn print(page: &mut Page, text: &str) {
    let text = clean(text);
    let source = media::mark(&text);
    let (mut start, mut at) = (0, 0);
    let mut fence = None;
    for line in source.split_inclusive('\n') {
        fence = fenced(line, fence);
        if fence.is_none() && is_tag(line) {
            section(page, &source[start..at]);
            page.say(line.trim_end(), Tone::Dim);
            start = at + line.len();
        }
        at += line.len();
    }
    section(page, &source[start..]);
}

/// The mark of the code block a line is in, given that of the line before it.
fn fenced(line: &str, open: Option<&'static str>) -> Option<&'static str> {
    let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
    match (open, mark) {
        (Some(open), Some(mark)) if open == mark => None,
        (Some(open), _) => Some(open),
        (None, mark) => mark,
    }
}

/// Whether a line is one opening or closing tag.
fn is_tag(line: &str) -> bool {
    let inner = line.trim_end().strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let Some(inner) = inner.map(|inner| inner.strip_prefix('/').unwrap_or(inner)) else { return false };
    let is_name = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    let after = inner.trim_start_matches(is_name);
    inner.starts_with(char::is_alphabetic)
        && !inner.contains(['<', '>'])
        && (after.is_empty() || after == "/" || after.starts_with(' '))
}

/// Adds the Markdown between two tags, set off where it was.
fn section(page: &mut Page, source: &str) {
    let blank = |line: Option<&str>| line.is_some_and(|line| line.trim().is_empty());
    if blank(source.lines().next()) {
        page.blank();
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer {
        page,
        source,
        line: Text::default(),
        tones: Vec::new(),
        quotes: 0,
        lists: Vec::new(),
        links: Vec::new(),
        code: None,
        table: None,
        gap: false,
    };
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        writer.event(event, &range);
    }
    writer.flush();
    if blank(source.lines().next_back()) {
        page.blank();
    }
}

/// An open list: the number of its next item if it is numbered, and the rows there were when the
/// current item began.
struct List {
    number: Option<u64>,
    rows: usize,
    /// Whether its items are set off by empty rows.
    loose: bool,
}

struct Writer<'a> {
    page: &'a mut Page,
    source: &'a str,
    /// The paragraph being collected.
    line: Text,
    tones: Vec<Tone>,
    quotes: usize,
    lists: Vec<List>,
    /// Addresses of open links, and where their texts start.
    links: Vec<(String, usize)>,
    /// Language and text of the code block being collected.
    code: Option<(String, String)>,
    table: Option<Table>,
    /// Whether the next block is set off by an empty row.
    gap: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => {
                let paragraph = matches!(tag, Tag::Paragraph);
                self.start(tag);
                if paragraph {
                    let before = self.source.get(..range.start).unwrap_or_default();
                    self.indent(before.trim_end_matches(' ').len());
                }
            }
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text, range.start),
            Event::Code(text) => self.push(&text, Tone::Code),
            Event::Html(html) | Event::InlineHtml(html) => self.push(&html, self.tone()),
            Event::SoftBreak | Event::HardBreak => {
                self.line.push("\n", Tone::Plain);
                self.indent(range.end);
            }
            Event::Rule => {
                self.open();
                let rule = "─".repeat(self.page.room());
                self.page.say(&rule, Tone::Rule);
                self.gap = true;
            }
            Event::TaskListMarker(done) => self.push(if done { "[x] " } else { "[ ] " }, Tone::Rule),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.push(&text, self.tone());
            }
        }
    }

    fn text(&mut self, text: &str, at: usize) {
        if let Some((_, code)) = &mut self.code {
            code.push_str(text);
            return;
        }
        if self.escaped(at) && !text.starts_with(['*', '_', '#', '`', '~', '>', '+', '-', '.', '!', '|', '<'])
        {
            // Not a mark of Markdown: the backslash belongs to LaTeX, a path or a pattern.
            self.push("\\", self.tone());
        }
        self.push(text, self.tone());
    }

    /// Whether an odd number of backslashes comes before a place.
    fn escaped(&self, at: usize) -> bool {
        let before = self.source.as_bytes().get(..at).unwrap_or_default();
        before.iter().rev().take(ESCAPES).take_while(|b| **b == b'\\').count() % 2 == 1
    }

    /// Keeps the spaces a line starts with: people paste tables and code without fences.
    fn indent(&mut self, at: usize) {
        let rest = self.source.get(at..).unwrap_or_default();
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let starts = at == 0 || self.source.as_bytes().get(at - 1) == Some(&b'\n');
        if starts && self.lists.is_empty() && self.quotes == 0 {
            self.line.push(&rest[..spaces], Tone::Plain);
        }
    }

    fn push(&mut self, text: &str, tone: Tone) {
        media::push(&mut self.line, text, tone);
    }

    fn tone(&self) -> Tone {
        let quoted = if self.quotes > 0 { Tone::Quote } else { Tone::Plain };
        self.tones.last().copied().unwrap_or(quoted)
    }

    /// Emphasis inside a heading or a link stays what is outside.
    fn enter(&mut self, tone: Tone) {
        let outer = self.tones.last().copied();
        self.tones.push(outer.filter(|t| matches!(t, Tone::Heading | Tone::Link)).unwrap_or(tone));
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.open(),
            Tag::Heading { .. } => {
                self.open();
                self.enter(Tone::Heading);
            }
            Tag::BlockQuote(_) => {
                self.open();
                self.quotes += 1;
                self.page.indent(Span::new("│ ", Tone::Rule), Span::new("│ ", Tone::Rule));
            }
            Tag::CodeBlock(kind) => {
                self.open();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(number) => {
                self.open();
                self.lists.push(List { number, rows: 0, loose: false });
            }
            Tag::Item => self.item(),
            Tag::Table(aligns) => {
                self.open();
                self.table = Some(Table::new(aligns));
            }
            Tag::Emphasis => self.enter(Tone::Emphasis),
            Tag::Strong => self.enter(Tone::Strong),
            Tag::Strikethrough => self.enter(Tone::Struck),
            Tag::Link { dest_url, .. } => {
                self.links.push((dest_url.to_string(), self.line.as_str().len()));
                self.enter(Tone::Link);
            }
            Tag::Image { dest_url, .. } => {
                self.push("▣ ", Tone::Dim);
                self.links.push((dest_url.to_string(), self.line.as_str().len()));
                self.enter(Tone::Link);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.close();
                self.lists.iter_mut().last().into_iter().for_each(|list| list.loose = true);
            }
            TagEnd::Heading(_) => {
                self.tones.pop();
                self.close();
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
                self.page.dedent();
                self.gap = true;
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap |= self.lists.is_empty();
            }
            TagEnd::Item => self.end_item(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    table.print(self.page);
                }
                self.gap = true;
            }
            TagEnd::TableHead | TagEnd::TableRow => self.table.iter_mut().for_each(Table::end_row),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                self.table.iter_mut().for_each(|table| table.cell(cell.clone()));
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.tones.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// Before a block: what was collected goes out, and a gap if one is due.
    fn open(&mut self) {
        self.flush();
        if std::mem::take(&mut self.gap) {
            self.page.blank();
        }
    }

    fn close(&mut self) {
        self.flush();
        self.gap = true;
    }

    fn flush(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        line.trim_end();
        if !line.is_empty() {
            self.page.prose(&line);
        }
    }

    fn item(&mut self) {
        self.open();
        let rows = self.page.rows.len();
        let mark = self.lists.last_mut().and_then(|list| {
            list.rows = rows;
            let number = list.number?;
            list.number = Some(number.saturating_add(1));
            Some(format!("{number}. "))
        });
        let mark = mark.unwrap_or_else(|| "• ".into());
        let rest = Span::new(" ".repeat(mark.chars().count()), Tone::Plain);
        self.page.indent(Span::new(mark, Tone::Rule), rest);
    }

    fn end_item(&mut self) {
        self.flush();
        if self.lists.last().is_some_and(|list| list.rows == self.page.rows.len()) {
            self.page.line(Vec::new());
        }
        self.gap |= self.lists.last().is_some_and(|list| list.loose);
        self.page.dedent();
    }

    fn code_block(&mut self) {
        let Some((language, text)) = self.code.take() else { return };
        self.page.indent_by(2);
        for line in code::highlight(&text, &language, &mut self.page.colours) {
            self.page.code(&line, 2);
        }
        self.page.dedent();
        self.gap = true;
    }

    fn end_link(&mut self) {
        self.tones.pop();
        let Some((address, start)) = self.links.pop() else { return };
        let text = self.line.as_str().get(start..).unwrap_or_default();
        let bare = |s: &str| {
            let s =
                s.trim_start_matches("mailto:").trim_start_matches("https://").trim_start_matches("http://");
            s.trim_end_matches('/').to_owned()
        };
        if address.is_empty() || bare(text) == bare(&address) {
            return;
        }
        let space = if text.is_empty() || text.ends_with(' ') { "" } else { " " };
        self.push(&format!("{space}({address})"), Tone::Dim);
    }
}
