//! Breaking toned text into lines of a given width.
//!
//! Widths are those of grapheme clusters, which is how terminals draw; a cluster is never split.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::rows::{Span, Tone};
use crate::domain::text::{clean, expand_tabs, width};

/// Clean text with a tone for each stretch; may hold line breaks.
#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    text: String,
    /// End of each stretch and its tone.
    runs: Vec<(usize, Tone)>,
}

impl Text {
    /// A text of one tone.
    pub(super) fn new(text: &str, tone: Tone) -> Self {
        let mut out = Self::default();
        out.push(text, tone);
        out
    }

    /// Appends, cleaned and with tabs expanded.
    pub(super) fn push(&mut self, text: &str, tone: Tone) {
        if text.is_empty() {
            return;
        }
        let text = clean(text);
        if text.contains('\t') {
            for (i, line) in text.split('\n').enumerate() {
                self.text.push_str(if i > 0 { "\n" } else { "" });
                self.text.push_str(&expand_tabs(line));
            }
        } else {
            self.text.push_str(&text);
        }
        match self.runs.last_mut() {
            Some(last) if last.1 == tone => last.0 = self.text.len(),
            _ => self.runs.push((self.text.len(), tone)),
        }
    }

    /// Appends spans.
    pub(super) fn extend(&mut self, spans: &[Span]) {
        for span in spans {
            self.push(&span.text, span.tone);
        }
    }

    /// Appends another text.
    pub(super) fn append(&mut self, other: &Self) {
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.runs.extend(other.runs.iter().map(|(end, tone)| (base + end, *tone)));
    }

    /// Gives all plain stretches a tone.
    pub(super) fn retone(&mut self, tone: Tone) {
        self.runs.iter_mut().filter(|run| run.1 == Tone::Plain).for_each(|run| run.1 = tone);
    }

    /// The text alone.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns of its widest line.
    pub(super) fn width(&self) -> usize {
        self.text.split('\n').map(columns).max().unwrap_or(0)
    }

    /// Drops white space at the end.
    pub(super) fn trim_end(&mut self) {
        let len = self.text.trim_end().len();
        self.text.truncate(len);
        let started = self.runs.iter().position(|(end, _)| *end >= len);
        self.runs.truncate(started.map_or(0, |i| i + 1));
        if let Some(last) = self.runs.last_mut() {
            last.0 = len;
        }
    }

    /// Lines of at most `first` columns for the first and `rest` for each after it, or one line per
    /// line break when `wrap` is off.
    pub(super) fn lines(&self, first: usize, rest: usize, wrap: bool) -> Vec<Vec<Span>> {
        let mut slicer = Slicer { text: self, run: 0 };
        let mut out: Vec<Vec<Span>> = Vec::new();
        let mut start = 0;
        for line in self.text.split('\n') {
            let room = if out.is_empty() { first } else { rest };
            if !wrap || line.len() <= room.min(rest) && line.is_ascii() {
                out.push(slicer.slice(start..start + line.len(), usize::MAX));
            } else {
                for (i, range) in breaks(line, room, rest).into_iter().enumerate() {
                    let room = if i == 0 { room } else { rest };
                    out.push(slicer.slice(start + range.start..start + range.end, room));
                }
            }
            start += line.len() + 1;
        }
        out
    }
}

/// Columns of one line, cluster by cluster.
pub(super) fn columns(line: &str) -> usize {
    if line.is_ascii() { line.len() } else { Clusters { line, at: 0 }.map(|cluster| cluster.wide).sum() }
}

/// Cuts ranges, given in order, out of a text.
struct Slicer<'a> {
    text: &'a Text,
    run: usize,
}

impl Slicer<'_> {
    fn slice(&mut self, range: Range<usize>, room: usize) -> Vec<Span> {
        let text = &self.text.text[range.clone()];
        let alone = |text| Clusters { line: text, at: 0 }.next().filter(|cluster| cluster.end == text.len());
        if alone(text).is_some_and(|cluster| cluster.wide > room) {
            return if room == 0 { Vec::new() } else { vec![Span::new("…", Tone::Dim)] };
        }
        let mut spans = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let Some(&(end, tone)) = self.text.runs.get(self.run) else { break };
            if end <= at {
                self.run += 1;
                continue;
            }
            let end = cluster_end(&self.text.text, at, end.min(range.end), range.end);
            spans.push(Span::new(&self.text.text[at..end], tone));
            at = end;
        }
        spans
    }
}

/// Moves the end of a stretch behind the cluster it falls into: a cluster is drawn in one tone.
fn cluster_end(text: &str, start: usize, end: usize, limit: usize) -> usize {
    let next = text[end..limit].chars().next();
    if end >= limit || next.is_none_or(|c| c.is_ascii()) {
        return end;
    }
    // Clusters do not reach across ASCII text, so looking back to it is enough.
    let from = text[start..end].rfind(|c: char| c.is_ascii()).map_or(start, |i| start + i);
    text[from..limit].grapheme_indices(true).map(|(i, _)| from + i).find(|i| *i >= end).unwrap_or(limit)
}

/// One thing drawn: its bytes, its columns, and whether it is white space.
#[derive(Clone, Copy)]
struct Cluster {
    start: usize,
    end: usize,
    wide: usize,
    space: bool,
}

/// The clusters of a line from a place on.
///
/// ASCII is nearly everything there is to draw: such a character next to another is a cluster of one
/// column, and needs no tables.
struct Clusters<'a> {
    line: &'a str,
    at: usize,
}

impl Iterator for Clusters<'_> {
    type Item = Cluster;

    fn next(&mut self) -> Option<Cluster> {
        let bytes = self.line.as_bytes();
        let start = self.at;
        let byte = *bytes.get(start)?;
        if byte.is_ascii() && bytes.get(start + 1).is_none_or(u8::is_ascii) {
            self.at += 1;
            return Some(Cluster { start, end: self.at, wide: 1, space: byte == b' ' });
        }
        let text = self.line[start..].graphemes(true).next()?;
        self.at += text.len();
        let space = text.chars().all(|c| c.is_whitespace() && c != '\u{a0}');
        Some(Cluster { start, end: self.at, wide: width(text), space })
    }
}

/// Where a line breaks: at white space, before and after wide characters, else anywhere.
fn breaks(line: &str, first: usize, rest: usize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    loop {
        let room = if out.is_empty() { first } else { rest };
        let (end, next) = break_one(line, from, room);
        out.push(from..end);
        if next >= line.len() {
            return out;
        }
        from = next;
    }
}

/// End of the row that starts at a place, and the start of the next one.
fn break_one(line: &str, from: usize, room: usize) -> (usize, usize) {
    let mut column = 0;
    // White space before the first ink is indentation: no place to break.
    let mut ink = false;
    let mut chance = None;
    for Cluster { start, end, wide, space } in (Clusters { line, at: from }) {
        if wide == 2 && ink {
            chance = Some((start, start));
        }
        if column + wide > room {
            if space && ink {
                return (start, end);
            }
            let anywhere = if start == from { end } else { start };
            return chance.unwrap_or((anywhere, anywhere));
        }
        column += wide;
        ink |= !space;
        if space && ink {
            chance = Some((start, end));
        } else if wide == 2 {
            chance = Some((end, end));
        }
    }
    (line.len(), line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        let lines = Text::new(text, Tone::Plain).lines(width, width, true);
        lines.iter().map(|spans| spans.iter().map(|s| s.text.as_str()).collect()).collect()
    }

    #[test]
    fn lines_break_at_words() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrapped("a verylongword b", 6), ["a", "verylo", "ngword", "b"]);
        assert_eq!(wrapped("one\n\ntwo", 10), ["one", "", "two"]);
        assert_eq!(wrapped("    indented stays", 12), ["    indented", "stays"]);
        assert_eq!(wrapped("      wordwordword", 8), ["      wo", "rdwordwo", "rd"]);
        assert_eq!(wrapped("配送状況を確認", 7), ["配送状", "況を確", "認"]);
        assert_eq!(wrapped("see 配送", 7), ["see 配", "送"]);
        assert_eq!(wrapped("👩‍🔧👩‍🔧", 3), ["👩‍🔧", "👩‍🔧"]);
        assert_eq!(wrapped("配", 1), ["…"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("naïve café e\u{301}té", 6), ["naïve", "café", "e\u{301}té"]);
        assert_eq!(wrapped("“a” – b", 5), ["“a” –", "b"]);
        assert_eq!(wrapped("a\u{a0}b c", 4), ["a\u{a0}b", "c"]);
    }

    #[test]
    fn tones_never_split_a_cluster() {
        let mut text = Text::new("a👩\u{200d}", Tone::Plain);
        text.push("🔧b", Tone::Strong);
        let spans = &text.lines(20, 20, true)[0];
        assert_eq!(spans.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["a👩\u{200d}🔧", "b"]);
    }
}
