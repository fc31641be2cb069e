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
    if line.is_ascii() { line.len() } else { line.graphemes(true).map(width).sum() }
}

/// Cuts ranges, given in order, out of a text.
struct Slicer<'a> {
    text: &'a Text,
    run: usize,
}

impl Slicer<'_> {
    fn slice(&mut self, range: Range<usize>, room: usize) -> Vec<Span> {
        let text = &self.text.text[range.clone()];
        if room != usize::MAX && columns(text) > room {
            // One cluster wider than the whole line.
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

/// One thing drawn: where it starts, its bytes, its columns, and whether it is white space.
#[derive(Clone, Copy)]
struct Cluster {
    at: usize,
    len: usize,
    wide: usize,
    space: bool,
}

/// Where a line breaks: at white space, before and after wide characters, else anywhere.
fn breaks(line: &str, first: usize, rest: usize) -> Vec<Range<usize>> {
    if line.is_ascii() {
        let bytes = line.as_bytes();
        let cluster = |i: usize| Cluster { at: i, len: 1, wide: 1, space: bytes[i] == b' ' };
        return break_all(cluster, bytes.len(), first, rest);
    }
    let cluster = |(at, text): (usize, &str)| Cluster {
        at,
        len: text.len(),
        wide: width(text),
        space: text.chars().all(|c| c.is_whitespace() && c != '\u{a0}'),
    };
    let clusters: Vec<Cluster> = line.grapheme_indices(true).map(cluster).collect();
    break_all(|i| clusters[i], clusters.len(), first, rest)
}

fn break_all(
    cluster: impl Fn(usize) -> Cluster,
    count: usize,
    first: usize,
    rest: usize,
) -> Vec<Range<usize>> {
    let byte = |i: usize| {
        if i < count { cluster(i).at } else { count.checked_sub(1).map_or(0, |i| end(cluster(i))) }
    };
    let mut out = Vec::new();
    let mut from = 0;
    loop {
        let room = if out.is_empty() { first } else { rest };
        let (end, next) = break_one(&cluster, from, count, room);
        out.push(byte(from)..byte(end));
        if next >= count {
            return out;
        }
        from = next;
    }
}

fn end(cluster: Cluster) -> usize {
    cluster.at + cluster.len
}

/// End of the line that starts at a cluster, and the start of the next one.
fn break_one(cluster: impl Fn(usize) -> Cluster, from: usize, count: usize, room: usize) -> (usize, usize) {
    let mut column = 0;
    // White space before the first ink is indentation: no place to break.
    let mut ink = false;
    let mut chance = None;
    for i in from..count {
        let Cluster { wide, space, .. } = cluster(i);
        if wide == 2 && ink {
            chance = Some((i, i));
        }
        if column + wide > room {
            if space && ink {
                return (i, i + 1);
            }
            return chance.unwrap_or_else(|| (i.max(from + 1), i.max(from + 1)));
        }
        column += wide;
        ink |= !space;
        if space && ink {
            chance = Some((i, i + 1));
        } else if wide == 2 {
            chance = Some((i + 1, i + 1));
        }
    }
    (count, count)
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
    }

    #[test]
    fn tones_never_split_a_cluster() {
        let mut text = Text::new("a👩\u{200d}", Tone::Plain);
        text.push("🔧b", Tone::Strong);
        let spans = &text.lines(20, 20, true)[0];
        assert_eq!(spans.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["a👩\u{200d}🔧", "b"]);
    }
}
