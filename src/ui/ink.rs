//! What the views draw with: the model, the theme and the buffer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line::Line;
use crate::app::geometry::Area;
use crate::app::{Model, contexts};
use crate::input::{Action, Context, Key};
use crate::theme::{Glyphs, Styles};

/// The views' pen.
pub(super) struct Ink<'a> {
    /// What is drawn.
    pub(super) model: &'a Model,
    /// Colours.
    pub(super) styles: &'a Styles,
    /// Signs.
    pub(super) glyphs: &'a Glyphs,
    buffer: &'a mut Buffer,
}

impl<'a> Ink<'a> {
    /// A pen for one frame.
    pub(super) fn new(
        model: &'a Model,
        styles: &'a Styles,
        glyphs: &'a Glyphs,
        buffer: &'a mut Buffer,
    ) -> Self {
        Self { model, styles, glyphs, buffer }
    }

    /// Draws a line into a row of an area, cut to its width. Rows below the area are not drawn.
    pub(super) fn line(&mut self, area: Area, row: usize, line: &Line) {
        let Some(y) = u16::try_from(row).ok().filter(|row| *row < area.height) else { return };
        let line = line.clone().fitted(usize::from(area.width), self.glyphs.ellipsis);
        let mut x = area.x;
        for (text, style) in line.parts() {
            x = self.put(x, area.y + y, area.x + area.width, text, style);
        }
    }

    /// Draws lines from the top of an area on.
    pub(super) fn lines(&mut self, area: Area, lines: &[Line]) {
        for (row, line) in lines.iter().enumerate().take(usize::from(area.height)) {
            self.line(area, row, line);
        }
    }

    /// Draws a line with something at its right end. What is on the left gives way, down to a
    /// third of the width.
    pub(super) fn ends(&mut self, area: Area, row: usize, left: &Line, right: &Line) {
        let width = usize::from(area.width);
        let room = width.saturating_sub(left.width().min(width / 3) + 2);
        let right = right.clone().fitted(room, self.glyphs.ellipsis);
        let taken = if right.is_empty() { 0 } else { right.width() + 2 };
        let left_room = u16::try_from(width.saturating_sub(taken)).unwrap_or(0);
        self.line(Area { width: left_room, ..area }, row, left);
        let start = u16::try_from(width.saturating_sub(right.width())).unwrap_or(0);
        let (_, end) = area.split_left(start);
        self.line(end, row, &right);
    }

    /// Writes text and says where it ended. Nothing outside the buffer is touched.
    fn put(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let screen = self.buffer.area;
        let end = end.min(screen.width);
        if y >= screen.height || x >= end {
            return x;
        }
        self.buffer.set_stringn(x, y, text, usize::from(end - x), style).0
    }

    /// Lays a style over some cells.
    pub(super) fn paint(&mut self, area: Area, style: Style) {
        let rect = self.rect(area);
        self.buffer.set_style(rect, style);
    }

    /// Clears some cells.
    pub(super) fn clear(&mut self, area: Area) {
        let rect = self.rect(area);
        for position in rect.positions() {
            self.buffer[position].reset();
        }
    }

    /// The part of an area that is on the screen.
    pub(super) fn rect(&self, area: Area) -> Rect {
        Rect { x: area.x, y: area.y, width: area.width, height: area.height }.intersection(self.buffer.area)
    }

    /// The buffer, for widgets of others.
    pub(super) fn buffer(&mut self) -> &mut Buffer {
        self.buffer
    }

    /// A vertical rule at the left edge of an area, in the accent colour beside the focus.
    pub(super) fn pane_rule(&mut self, area: Area, focused: bool) {
        let (glyph, style) = if focused {
            (self.glyphs.pane_focused, self.styles.rule_focused)
        } else {
            (self.glyphs.pane, self.styles.rule)
        };
        for y in 0..area.height {
            self.put(area.x, area.y + y, area.x + 1, glyph, style);
        }
    }

    /// A horizontal rule over the whole top row of an area.
    pub(super) fn rule(&mut self, area: Area, style: Style) {
        let text = self.glyphs.rule.repeat(usize::from(area.width));
        self.line(area, 0, &Line::of(text, style));
    }

    /// Joins a vertical rule to the horizontal one at this place.
    pub(super) fn join_below(&mut self, x: u16, y: u16) {
        self.put(x, y, x + 1, self.glyphs.pane_bottom, self.styles.rule);
    }

    /// A pane's title.
    pub(super) fn title(&self, text: &str, focused: bool) -> Line {
        Line::of(text, if focused { self.styles.title_focused } else { self.styles.title })
    }

    /// The mark in front of what is current; dim where the focus is elsewhere.
    pub(super) fn cursor(&self, current: bool, focused: bool) -> Line {
        match (current, focused) {
            (false, _) => Line::of("  ", self.styles.text),
            (true, true) => Line::of(self.glyphs.cursor, self.styles.cursor).add(" ", self.styles.text),
            (true, false) => Line::of(self.glyphs.cursor, self.styles.dim).add(" ", self.styles.text),
        }
    }

    /// ` · ` between parts of a line.
    pub(super) fn dot(&self) -> String {
        format!(" {} ", self.glyphs.dot)
    }

    /// A key as it is shown.
    pub(super) fn key_name(&self, key: Key) -> String {
        if self.glyphs.ascii { format!("{key:#}") } else { key.to_string() }
    }

    /// The key that does this where these contexts are active.
    pub(super) fn key_in(&self, place: &[Context], action: Action) -> Option<String> {
        let key = self.model.start.keymap.keys_for(place, action).first().copied()?;
        Some(self.key_name(key))
    }

    /// The key that does this here.
    pub(super) fn key(&self, action: Action) -> Option<String> {
        self.key_in(contexts(self.model), action)
    }

    /// `s skip`: a key and what it does, if there is a key.
    pub(super) fn hint(&self, key: Option<String>, words: &str) -> Option<Line> {
        Some(Line::of(key?, self.styles.key).add(" ", self.styles.dim).add(words, self.styles.dim))
    }
}

/// An area without the columns left free at both sides of the screen, in line with the text of the
/// panes.
pub(super) fn margins(area: Area) -> Area {
    let (_, area) = area.split_left(2);
    Area { width: area.width.saturating_sub(1), ..area }
}
