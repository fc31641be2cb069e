//! A backend that keeps its columns where terminals disagree about the width of text.
//!
//! Emoji sequences and scripts with combining marks take a different number of columns in different
//! terminals. Drawn in one run, everything after such a cluster would stand in the wrong place and
//! leave litter behind. So each of them gets a run of its own, over cells blanked before.

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr;

/// Wraps another backend.
#[derive(Debug)]
pub(super) struct Steady<B>(pub(super) B);

/// Whether terminals may disagree about the width of a cell's text.
fn is_doubtful(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    chars.next().is_some_and(|first| !first.is_ascii()) && (chars.next().is_some() || symbol.width() == 0)
}

/// Remembers which rows held doubtful text in the frame before.
#[derive(Debug, Default)]
pub(super) struct DoubtfulRows(Vec<bool>);

impl DoubtfulRows {
    /// Has every row redrawn whole that holds doubtful text now or did so before: what such text
    /// spilt into its neighbours is nowhere in the buffers.
    pub(super) fn mark(&mut self, buffer: &mut Buffer) {
        let width = usize::from(buffer.area.width).max(1);
        self.0.resize(buffer.content.len() / width, false);
        for (row, before) in buffer.content.chunks_mut(width).zip(&mut self.0) {
            let now = row.iter().any(|cell| is_doubtful(cell.symbol()));
            if std::mem::replace(before, now) || now {
                for cell in row {
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
            }
        }
    }
}

impl<B: Backend> Steady<B> {
    /// Draws cells of one run, then of the next, each from a position of its own.
    fn draw_runs<'a>(&mut self, content: impl Iterator<Item = (u16, u16, &'a Cell)>) -> Result<(), B::Error> {
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        for (x, y, cell) in content {
            if is_doubtful(cell.symbol()) {
                self.0.draw(run.drain(..))?;
                self.draw_doubtful(x, y, cell)?;
            } else {
                run.push((x, y, cell));
            }
        }
        self.0.draw(run.into_iter())
    }

    fn draw_doubtful(&mut self, x: u16, y: u16, cell: &Cell) -> Result<(), B::Error> {
        let mut blank = cell.clone();
        blank.set_symbol(" ");
        let width = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        self.0.draw((x..x.saturating_add(width)).map(|x| (x, y, &blank)))?;
        self.0.draw(std::iter::once((x, y, cell)))
    }
}

impl<B: Backend> Backend for Steady<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.draw_runs(content)
    }

    fn append_lines(&mut self, n: u16) -> Result<(), Self::Error> {
        self.0.append_lines(n)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.show_cursor()
    }

    /// Not asked for: every frame places the cursor itself, and a terminal that does not answer, or
    /// answers late, would stop the program.
    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Self::Error> {
        self.0.clear_region(region)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.0.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.0.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_of_doubtful_width_is_set_apart() {
        for plain in ["a", " ", "ä", "配", "🍲", "│"] {
            assert!(!is_doubtful(plain), "{plain}");
        }
        for doubtful in ["नी", "👩‍🔧", "❤️", "e\u{301}x".trim_start_matches('e')] {
            assert!(is_doubtful(doubtful), "{doubtful}");
        }
    }
}
