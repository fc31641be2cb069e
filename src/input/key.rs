//! One key press, as terminals report it and as people write it.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A key that writes a character.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, from 1.
    F(u8),
}

/// Names of the keys that write no character: what is shown, what is shown in ASCII, the code.
/// Either name can be written in `keymap.toml`, in any case.
const NAMES: &[(&str, &str, Code)] = &[
    ("Space", "Space", Code::Char(' ')),
    ("Enter", "Enter", Code::Enter),
    ("Esc", "Esc", Code::Esc),
    ("Tab", "Tab", Code::Tab),
    ("Backspace", "Backspace", Code::Backspace),
    ("Delete", "Delete", Code::Delete),
    ("Insert", "Insert", Code::Insert),
    ("↑", "Up", Code::Up),
    ("↓", "Down", Code::Down),
    ("←", "Left", Code::Left),
    ("→", "Right", Code::Right),
    ("Home", "Home", Code::Home),
    ("End", "End", Code::End),
    ("PageUp", "PageUp", Code::PageUp),
    ("PageDown", "PageDown", Code::PageDown),
];

/// A key press with what was held down.
///
/// Written as people write it: `j`, `?`, `Space`, `Ctrl-s`, `Shift-Tab`, `↑`; the alternate form
/// (`{:#}`) keeps to ASCII: `Up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key itself.
    pub code: Code,
    /// Ctrl was held.
    pub ctrl: bool,
    /// Alt was held.
    pub alt: bool,
    /// Shift was held; never set for characters and [`Code::BackTab`], which say it themselves.
    pub shift: bool,
}

impl Key {
    /// A key pressed alone.
    pub const fn new(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// The key of a terminal event. `None` for releases and for keys nothing can be bound to;
    /// repeats count as presses.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
        let foreign = KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META;
        if event.kind == KeyEventKind::Release || event.modifiers.intersects(foreign) {
            return None;
        }
        let key = Self {
            code: code_of(event.code)?,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
            shift: event.modifiers.contains(KeyModifiers::SHIFT),
        };
        Some(key.normal())
    }

    /// The character it writes, if it is to be typed rather than obeyed.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// The digit it stands for.
    pub fn digit(self) -> Option<u8> {
        self.typed()?.to_digit(10).and_then(|digit| u8::try_from(digit).ok())
    }

    /// One spelling for each press: terminals differ in how they report Shift, and most cannot tell
    /// `Ctrl-s` from `Ctrl-S`.
    fn normal(mut self) -> Self {
        match self.code {
            Code::Char(c) => {
                let c = if self.shift { upper(c) } else { c };
                self.code = Code::Char(if self.ctrl { c.to_ascii_lowercase() } else { c });
                self.shift = false;
            }
            Code::Tab if self.shift => {
                self.code = Code::BackTab;
                self.shift = false;
            }
            Code::BackTab => self.shift = false,
            _ => {}
        }
        self
    }
}

/// The upper-case letter, where it is one character.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    upper.next().filter(|_| upper.next().is_none()).unwrap_or(c)
}

fn code_of(code: KeyCode) -> Option<Code> {
    Some(match code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        if self.shift || self.code == Code::BackTab {
            f.write_str("Shift-")?;
        }
        let named = NAMES.iter().find(|(_, _, code)| *code == self.code);
        match (self.code, named) {
            (_, Some((shown, ascii, _))) => f.write_str(if f.alternate() { ascii } else { shown }),
            (Code::Char(c), None) => write!(f, "{c}"),
            (Code::F(n), None) => write!(f, "F{n}"),
            _ => f.write_str("Tab"),
        }
    }
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a key's name.
    #[error("`{0}` is not a key; keys are written like `j`, `Space`, `Ctrl-s`, `Shift-Tab`, `F5`, `Up`")]
    Unknown(String),
    /// Shift with a character that is not a letter.
    #[error("`{0}`: write the character that Shift makes, such as `!`")]
    Shifted(String),
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut key = Self::new(Code::Esc);
        let mut rest = text;
        while let Some((modifier, after)) = split_modifier(rest) {
            match modifier {
                Modifier::Ctrl => key.ctrl = true,
                Modifier::Alt => key.alt = true,
                Modifier::Shift => key.shift = true,
            }
            rest = after;
        }
        key.code = parse_code(rest).ok_or_else(|| KeyError::Unknown(text.into()))?;
        match key.code {
            Code::Char(c) if key.shift && !c.is_alphabetic() => Err(KeyError::Shifted(text.into())),
            _ => Ok(key.normal()),
        }
    }
}

#[derive(Clone, Copy)]
enum Modifier {
    Ctrl,
    Alt,
    Shift,
}

fn split_modifier(text: &str) -> Option<(Modifier, &str)> {
    let (word, rest) = text.split_once(['-', '+'])?;
    let modifier = match word.to_ascii_lowercase().as_str() {
        "ctrl" => Modifier::Ctrl,
        "alt" => Modifier::Alt,
        "shift" => Modifier::Shift,
        _ => return None,
    };
    Some((modifier, rest))
}

fn parse_code(text: &str) -> Option<Code> {
    let mut chars = text.chars();
    let single = chars.next().filter(|_| chars.next().is_none());
    let named = NAMES.iter().find(|(shown, ascii, _)| {
        text == *shown || text.eq_ignore_ascii_case(shown) || text.eq_ignore_ascii_case(ascii)
    });
    match (named, single) {
        (Some((_, _, code)), _) => Some(*code),
        (None, Some(c)) if !c.is_control() => Some(Code::Char(c)),
        _ if text.eq_ignore_ascii_case("BackTab") => Some(Code::BackTab),
        _ => {
            let number = text.strip_prefix(['F', 'f'])?.parse().ok()?;
            (1..=35).contains(&number).then_some(Code::F(number))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn ctrl(c: char) -> Key {
        Key { ctrl: true, ..Key::new(Code::Char(c)) }
    }

    #[test]
    fn every_spelling_names_one_key_and_prints_as_people_write_it() {
        let alt_enter = Key { alt: true, ..Key::new(Code::Enter) };
        let shift_up = Key { shift: true, ..Key::new(Code::Up) };
        let cases = [
            ("j", Key::new(Code::Char('j')), "j"),
            ("J", Key::new(Code::Char('J')), "J"),
            ("Shift-j", Key::new(Code::Char('J')), "J"),
            ("ctrl+s", ctrl('s'), "Ctrl-s"),
            ("Ctrl-S", ctrl('s'), "Ctrl-s"),
            ("Ctrl--", ctrl('-'), "Ctrl--"),
            ("Ctrl-+", ctrl('+'), "Ctrl-+"),
            ("-", Key::new(Code::Char('-')), "-"),
            ("alt-enter", alt_enter, "Alt-Enter"),
            ("shift-tab", Key::new(Code::BackTab), "Shift-Tab"),
            ("BackTab", Key::new(Code::BackTab), "Shift-Tab"),
            ("space", Key::new(Code::Char(' ')), "Space"),
            (" ", Key::new(Code::Char(' ')), "Space"),
            ("up", Key::new(Code::Up), "↑"),
            ("↑", Key::new(Code::Up), "↑"),
            ("Shift-↑", shift_up, "Shift-↑"),
            ("f12", Key::new(Code::F(12)), "F12"),
            ("f", Key::new(Code::Char('f')), "f"),
            ("é", Key::new(Code::Char('é')), "é"),
            ("?", Key::new(Code::Char('?')), "?"),
        ];
        for (text, key, shown) in cases {
            assert_eq!(text.parse(), Ok(key), "{text}");
            assert_eq!(key.to_string(), shown);
            assert_eq!(shown.parse(), Ok(key), "{shown} must read back");
            assert_eq!(format!("{key:#}").parse(), Ok(key), "the ASCII form must read back");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_own_words() {
        for text in ["", "Ctrl-", "jj", "F0", "F36", "Hyper-x", "\u{7}"] {
            assert_eq!(text.parse::<Key>(), Err(KeyError::Unknown(text.into())), "{text}");
        }
        assert_eq!("Shift-1".parse::<Key>(), Err(KeyError::Shifted("Shift-1".into())));
    }

    #[test]
    fn events_become_one_spelling_whatever_the_terminal_reports() {
        let cases = [
            (KeyCode::Char('j'), KeyModifiers::NONE, Some("j")),
            (KeyCode::Char('J'), KeyModifiers::SHIFT, Some("J")),
            (KeyCode::Char('j'), KeyModifiers::SHIFT, Some("J")),
            (KeyCode::Char('ß'), KeyModifiers::SHIFT, Some("ß")),
            (KeyCode::Char('S'), KeyModifiers::CONTROL.union(KeyModifiers::SHIFT), Some("Ctrl-s")),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, Some("?")),
            (KeyCode::BackTab, KeyModifiers::SHIFT, Some("Shift-Tab")),
            (KeyCode::Tab, KeyModifiers::SHIFT, Some("Shift-Tab")),
            (KeyCode::Enter, KeyModifiers::CONTROL, Some("Ctrl-Enter")),
            (KeyCode::Char('j'), KeyModifiers::SUPER, None),
            (KeyCode::Null, KeyModifiers::NONE, None),
        ];
        for (code, modifiers, shown) in cases {
            let key = Key::from_event(&KeyEvent::new(code, modifiers));
            assert_eq!(key.map(|key| key.to_string()).as_deref(), shown, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn releases_are_no_presses_and_repeats_are() {
        let event = |kind| KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, kind);
        assert_eq!(Key::from_event(&event(KeyEventKind::Release)), None);
        assert_eq!(Key::from_event(&event(KeyEventKind::Repeat)), Some(Key::new(Code::Enter)));
    }

    #[test]
    fn digits_and_typed_characters_are_those_pressed_alone() {
        let key = |text: &str| text.parse::<Key>().unwrap();
        assert_eq!(key("7").digit(), Some(7));
        assert_eq!(key("Alt-7").digit(), None);
        assert_eq!(key("x").digit(), None);
        assert_eq!(key("Ctrl-x").typed(), None);
        assert_eq!(key("Space").typed(), Some(' '));
    }
}
