//! Tables with aligned columns.

use pulldown_cmark::Alignment;

use crate::domain::rows::{Span, Tone};

use super::json::spans_width;
use super::page::Page;
use super::wrap::Text;

/// Columns between two cells.
const GAP: usize = 2;

/// Narrowest cell; a table that needs narrower ones is shown as a list of fields.
const NARROW: usize = 6;

/// A table being collected, then drawn.
pub(super) struct Table {
    aligns: Vec<Alignment>,
    /// The head first.
    rows: Vec<Vec<Text>>,
    row: Vec<Text>,
}

impl Table {
    /// An empty table.
    pub(super) fn new(aligns: Vec<Alignment>) -> Self {
        Self { aligns, rows: Vec::new(), row: Vec::new() }
    }

    /// Adds a cell to the current row.
    pub(super) fn cell(&mut self, cell: Text) {
        self.row.push(cell);
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Draws it.
    pub(super) fn print(mut self, page: &mut Page) {
        if let Some(head) = self.rows.first_mut() {
            for cell in head {
                cell.retone(Tone::Strong);
            }
        }
        let natural: Vec<usize> = (0..self.aligns.len())
            .map(|i| self.column(i).map(Text::width).max().unwrap_or(0).max(1))
            .collect();
        let gaps = GAP * natural.len().saturating_sub(1) + 1;
        let room = if page.wrap { page.room().saturating_sub(gaps) } else { usize::MAX };
        let least: usize = natural.iter().map(|width| (*width).min(NARROW)).sum();
        if least > room {
            self.print_fields(page);
            return;
        }
        let widths = shrink(&natural, room);
        let airy = widths != natural;
        for (i, row) in self.rows.iter().enumerate() {
            if airy && i > 0 {
                page.blank();
            }
            self.print_row(page, row, &widths);
        }
    }

    fn column(&self, i: usize) -> impl Iterator<Item = &Text> {
        self.rows.iter().filter_map(move |row| row.get(i))
    }

    fn print_row(&self, page: &mut Page, row: &[Text], widths: &[usize]) {
        let cells: Vec<Vec<Vec<Span>>> =
            row.iter().zip(widths).map(|(cell, width)| cell.lines(*width, *width, true)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let mut spans = vec![Span::new(" ", Tone::Plain)];
            for (i, cell) in cells.iter().enumerate() {
                let last = i + 1 == cells.len();
                let text = cell.get(line).map(Vec::as_slice).unwrap_or_default();
                let free = widths[i].saturating_sub(spans_width(text));
                let left = match self.aligns.get(i) {
                    Some(Alignment::Right) => free,
                    Some(Alignment::Center) => free / 2,
                    _ => 0,
                };
                spans.push(Span::new(" ".repeat(left), Tone::Plain));
                spans.extend_from_slice(text);
                let right = if last { 0 } else { free - left + GAP };
                spans.push(Span::new(" ".repeat(right), Tone::Plain));
            }
            page.line(spans);
        }
    }

    /// Each row as `head: cell` lines, for pages too narrow for columns.
    fn print_fields(&self, page: &mut Page) {
        let Some((head, body)) = self.rows.split_first() else { return };
        for row in body {
            for (name, cell) in head.iter().zip(row) {
                let mut line = name.clone();
                line.push(": ", Tone::Punctuation);
                line.append(cell);
                page.prose(&line);
            }
            page.blank();
        }
        if body.is_empty() {
            for name in head {
                page.prose(name);
            }
        }
    }
}

/// Widths that fit into `room`: the widest columns give way first.
fn shrink(natural: &[usize], room: usize) -> Vec<usize> {
    if natural.iter().sum::<usize>() <= room {
        return natural.to_vec();
    }
    let mut order: Vec<usize> = (0..natural.len()).collect();
    order.sort_by_key(|i| natural[*i]);
    let mut widths = natural.to_vec();
    let mut left = room;
    for (done, i) in order.iter().enumerate() {
        let share = left / (natural.len() - done);
        widths[*i] = natural[*i].min(share).max(1);
        left = left.saturating_sub(widths[*i]);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn wide_columns_give_way_first() {
        assert_eq!(shrink(&[5, 10], 20), [5, 10]);
        assert_eq!(shrink(&[5, 40, 30], 35), [5, 15, 15]);
        assert_eq!(shrink(&[50, 4], 20), [16, 4]);
    }
}
