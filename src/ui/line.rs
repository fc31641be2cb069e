//! One line of styled text, clean whatever it is made from.

use ratatui::style::Style;

use crate::domain::text::{clean, cut, one_line, width};

/// A line under construction. Everything that is added is made harmless first.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    parts: Vec<(String, Style)>,
    columns: usize,
}

impl Line {
    /// A line of one part.
    pub(super) fn of(text: impl AsRef<str>, style: Style) -> Self {
        Self::default().add(text, style)
    }

    /// Adds text as it is, spaces included.
    pub(super) fn add(mut self, text: impl AsRef<str>, style: Style) -> Self {
        self.push(text, style);
        self
    }

    /// Adds text as it is, spaces included.
    pub(super) fn push(&mut self, text: impl AsRef<str>, style: Style) {
        let text = clean(text.as_ref()).replace(['\n', '\t'], " ");
        self.columns += width(&text);
        if !text.is_empty() {
            self.parts.push((text, style));
        }
    }

    /// Adds spaces up to a column.
    pub(super) fn pad(mut self, column: usize) -> Self {
        if column > self.columns {
            self.push(" ".repeat(column - self.columns), Style::new());
        }
        self
    }

    /// Adds another line's parts.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.columns += other.columns;
        self.parts.extend(other.parts);
        self
    }

    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.columns
    }

    /// Whether there is nothing on it.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts, left to right.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, Style)> {
        self.parts.iter().map(|(text, style)| (text.as_str(), *style))
    }

    /// Cut to so many columns, with a mark where something is missing.
    pub(super) fn fitted(self, columns: usize, ellipsis: &str) -> Self {
        if self.columns <= columns {
            return self;
        }
        let mut out = Self::default();
        for (text, style) in &self.parts {
            let room = columns.saturating_sub(out.columns);
            if width(text) < room {
                out.push(text, *style);
            } else {
                out.push(cut(text, room, ellipsis), *style);
                break;
            }
        }
        out
    }
}

/// One clean line of at most so many columns, with a mark where something was cut off.
pub(super) use crate::domain::text::fit_with as fit;

/// A short text such as a reason or an error message in lines of at most so many columns; the
/// last of `most` lines says by a mark that there was more.
pub(super) fn wrap(text: &str, columns: usize, most: usize, ellipsis: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in one_line(text).split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(rest);
    }
    lines.into_iter().map(|line| fit(&line, columns, ellipsis)).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_they_must_be() {
        let line = Line::of("one ", Style::new()).add("two three", Style::new());
        let texts = |line: &Line| line.parts().map(|(text, _)| text.to_owned()).collect::<String>();
        assert_eq!(texts(&line.clone().fitted(8, "…")), "one two…");
        assert_eq!(texts(&line.clone().fitted(4, "…")), "one…");
        assert_eq!(texts(&line.fitted(99, "…")), "one two three");
    }

    #[test]
    fn short_texts_wrap_between_words() {
        assert_eq!(wrap("covers all asks of the user", 10, 9, "…"), ["covers all", "asks of", "the user"]);
        assert_eq!(wrap("covers all asks of the user", 10, 2, "…"), ["covers all", "asks of t…"]);
        assert_eq!(wrap("incomprehensibilities", 6, 2, "…"), ["incom…"]);
        assert!(wrap("", 6, 2, "…").is_empty());
    }

    #[test]
    fn nothing_hostile_gets_onto_a_line() {
        let line = Line::of("a\u{1b}[2J\u{202e}b\nc", Style::new());
        let text: String = line.parts().map(|(text, _)| text.to_owned()).collect();
        assert_eq!(text, "a␛[2J‹U+202E›b c");
    }
}
