//! A text being edited: a thin cover over the text area that speaks our keys.

use ratatui_textarea::{CursorMove, Input, Key as AreaKey, TextArea, WrapMode};

use crate::domain::text::utf16_len;
use crate::input::{Code, Key};

/// An editor's text and cursor.
#[derive(Debug, Clone)]
pub struct Editor {
    area: TextArea<'static>,
    single_line: bool,
}

impl Editor {
    /// A multi-line editor with the cursor at the end of the text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::with(text, false)
    }

    /// A one-line editor.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self::with(text, true)
    }

    fn with(text: &str, single_line: bool) -> Self {
        let mut area = TextArea::new(text.split('\n').map(without_controls).collect());
        area.set_wrap_mode(if single_line { WrapMode::None } else { WrapMode::WordOrGlyph });
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, single_line }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Length of the text without the white space around it, in UTF-16 units, as the server counts.
    #[must_use]
    pub fn units(&self) -> usize {
        utf16_len(self.text().trim())
    }

    /// The text area, for drawing.
    #[must_use]
    pub fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    /// Takes a key, and says whether that changed the text.
    pub fn key(&mut self, key: Key) -> bool {
        if self.single_line && key.code == Code::Enter {
            return false;
        }
        // As in a shell: a line is cleared in one stroke.
        if self.single_line && key.ctrl && key.code == Code::Char('u') {
            self.replace("");
            return true;
        }
        to_input(key).is_some_and(|input| self.area.input(input))
    }

    /// Takes a pasted text whole.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.single_line { text.replace('\n', " ") } else { text };
        self.area.insert_str(without_controls(&text));
    }

    /// Puts another text in place of this one.
    pub fn replace(&mut self, text: &str) {
        *self = Self::with(text.trim_end_matches('\n'), self.single_line);
    }
}

/// Control characters other than line breaks and tabs have no business in a comment or score.
fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn to_input(key: Key) -> Option<Input> {
    let code = match key.code {
        Code::Char(c) => AreaKey::Char(c),
        Code::Enter => AreaKey::Enter,
        Code::Backspace => AreaKey::Backspace,
        Code::Delete => AreaKey::Delete,
        Code::Tab => AreaKey::Tab,
        Code::Up => AreaKey::Up,
        Code::Down => AreaKey::Down,
        Code::Left => AreaKey::Left,
        Code::Right => AreaKey::Right,
        Code::Home => AreaKey::Home,
        Code::End => AreaKey::End,
        Code::PageUp => AreaKey::PageUp,
        Code::PageDown => AreaKey::PageDown,
        Code::BackTab | Code::Esc | Code::Insert | Code::F(_) => return None,
    };
    Some(Input { key: code, ctrl: key.ctrl, alt: key.alt, shift: key.shift })
}
