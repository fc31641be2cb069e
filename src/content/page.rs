//! A page being filled with rows: its width, the bar and the indentation in force.

use crate::domain::rows::{Role, Row, Rows, Span, Tone};
use crate::domain::text::width;

use super::wrap::Text;

/// Columns of the bar at the left edge.
const BAR: usize = 2;

/// Narrowest page that gets a bar and indentation.
const NARROW: usize = 8;

/// Levels of indentation kept apart; what is nested deeper is not indented further.
const LEVELS: usize = 64;

/// Rows so far, and what the next ones start with.
pub(super) struct Page {
    width: usize,
    /// Whether lines of code and data are wrapped; prose always is.
    pub(super) wrap: bool,
    /// Whose rows these are.
    pub(super) bar: Option<Role>,
    indents: Vec<Indent>,
    /// Levels beyond the last one kept.
    deeper: usize,
    pub(super) rows: Vec<Row>,
    /// Bytes of code that may still be coloured in the payload being laid out.
    pub(super) colours: usize,
}

struct Indent {
    /// What the first row starts with, until it is used.
    first: Option<Span>,
    rest: Span,
}

impl Page {
    /// An empty page.
    pub(super) fn new(width: u16, wrap: bool) -> Self {
        Self {
            width: usize::from(width.max(1)),
            wrap,
            bar: None,
            indents: Vec::new(),
            deeper: 0,
            rows: Vec::new(),
            colours: super::code::BUDGET,
        }
    }

    /// The finished rows.
    pub(super) fn finish(mut self) -> Rows {
        while self.rows.last().is_some_and(|row| row.spans.is_empty() && row.bar.is_none()) {
            self.rows.pop();
        }
        Rows { width: u16::try_from(self.width).unwrap_or(u16::MAX), rows: self.rows }
    }

    /// Columns for text, after bar and indentation.
    pub(super) fn room(&self) -> usize {
        let used: usize = self.indents.iter().map(|indent| width(&indent.rest.text)).sum();
        self.inner().saturating_sub(used).max(1)
    }

    fn inner(&self) -> usize {
        if self.barred().is_some() { self.width - BAR } else { self.width }
    }

    fn barred(&self) -> Option<Role> {
        self.bar.filter(|_| self.width >= NARROW)
    }

    /// Starts the next row with `first` and those after it with `rest`, until [`Self::dedent`].
    ///
    /// On a page too narrow for more indentation only `first` is shown.
    pub(super) fn indent(&mut self, first: Span, rest: Span) {
        if self.indents.len() == LEVELS {
            self.deeper += 1;
            return;
        }
        let used: usize = self.indents.iter().map(|indent| width(&indent.rest.text)).sum();
        let fits = used + width(&rest.text) <= self.inner() / 2;
        let rest = if fits { rest } else { Span::new("", Tone::Plain) };
        self.indents.push(Indent { first: Some(first), rest });
    }

    /// Indents by plain spaces.
    pub(super) fn indent_by(&mut self, columns: usize) {
        let spaces = Span::new(" ".repeat(columns), Tone::Plain);
        self.indent(spaces.clone(), spaces);
    }

    /// Takes the last indentation back.
    pub(super) fn dedent(&mut self) {
        match self.deeper.checked_sub(1) {
            Some(deeper) => self.deeper = deeper,
            None => drop(self.indents.pop()),
        }
    }

    /// Adds a text, wrapped at words whatever `wrap` says.
    pub(super) fn prose(&mut self, text: &Text) {
        self.put(text, 0, true);
    }

    /// Adds lines of code or data; rows that continue one hang by `hang` columns.
    pub(super) fn code(&mut self, text: &Text, hang: usize) {
        self.put(text, hang, self.wrap);
    }

    fn put(&mut self, text: &Text, hang: usize, wrap: bool) {
        let (first, rest) = self.prefixes();
        let room = |prefix: &[Span]| {
            let used: usize = prefix.iter().map(|span| width(&span.text)).sum();
            self.inner().saturating_sub(used).max(1)
        };
        let hang = if wrap { hang.min(room(&rest) / 2) } else { 0 };
        let lines = text.lines(room(&first), room(&rest) - hang, wrap);
        for (i, line) in lines.into_iter().enumerate() {
            let mut spans = if i == 0 { first.clone() } else { rest.clone() };
            if i > 0 && hang > 0 {
                spans.push(Span::new(" ".repeat(hang), Tone::Plain));
            }
            spans.extend(line);
            self.push(spans);
        }
    }

    /// What the first row and those after it start with; marks of the first are used up.
    fn prefixes(&mut self) -> (Vec<Span>, Vec<Span>) {
        let limit = self.inner().saturating_sub(1);
        let rest: Vec<Span> = self.indents.iter().map(|indent| indent.rest.clone()).collect();
        let first = self.indents.iter_mut();
        let first: Vec<Span> =
            first.map(|indent| indent.first.take().unwrap_or_else(|| indent.rest.clone())).collect();
        let fits = |spans: &Vec<Span>| spans.iter().map(|span| width(&span.text)).sum::<usize>() <= limit;
        (Some(first).filter(fits).unwrap_or_default(), Some(rest).filter(fits).unwrap_or_default())
    }

    /// Adds one row that is known to fit.
    pub(super) fn push(&mut self, mut spans: Vec<Span>) {
        spans.retain(|span| !span.text.is_empty());
        self.rows.push(Row { bar: self.barred(), spans });
    }

    /// Adds spans to one row that is known to fit, after the indentation.
    pub(super) fn line(&mut self, spans: Vec<Span>) {
        let (mut all, _) = self.prefixes();
        all.extend(spans);
        self.push(all);
    }

    /// Adds one text of one tone.
    pub(super) fn say(&mut self, text: &str, tone: Tone) {
        self.prose(&Text::new(text, tone));
    }

    /// Adds an empty row, inside quotes with the quote's mark, unless there is one already or a section
    /// has just begun.
    pub(super) fn blank(&mut self) {
        let sets_off = |row: &Row| {
            row.spans.iter().any(|span| !span.text.trim().is_empty() && span.tone != Tone::Section)
        };
        if !self.rows.last().is_some_and(sets_off) {
            return;
        }
        let marks = self.indents.iter().rposition(|indent| !indent.rest.text.trim().is_empty());
        let limit = self.inner().saturating_sub(1);
        let spans: Vec<Span> =
            self.indents.iter().take(marks.map_or(0, |i| i + 1)).map(|indent| indent.rest.clone()).collect();
        let fits = spans.iter().map(|span| width(&span.text)).sum::<usize>() <= limit;
        self.push(if fits { spans } else { Vec::new() });
    }

    /// Adds an empty row and ends the bar: what comes next is somebody else's.
    pub(super) fn part(&mut self) {
        self.bar = None;
        self.blank();
    }
}
