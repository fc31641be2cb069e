//! The few colours there are, named by use.

use ratatui::style::{Color, Modifier, Style};

/// The colours of a theme, each as a style so that a palette without colours can use attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// What has the focus.
    pub accent: Style,
    /// What went well.
    pub good: Style,
    /// What needs a look.
    pub warn: Style,
    /// What failed.
    pub error: Style,
    /// Instructions, literals.
    pub violet: Style,
    /// The person who asks, names.
    pub blue: Style,
    /// The model, text literals.
    pub green: Style,
    /// Tools, numbers.
    pub yellow: Style,
}

impl Palette {
    /// The terminal's own sixteen colours. White, black and dark blue are left out: each is
    /// unreadable on some background.
    pub const ANSI: Self = Self {
        accent: Style::new().fg(Color::Cyan),
        good: Style::new().fg(Color::Green),
        warn: Style::new().fg(Color::Yellow),
        error: Style::new().fg(Color::Red),
        violet: Style::new().fg(Color::Magenta),
        blue: Style::new().fg(Color::LightBlue),
        green: Style::new().fg(Color::Green),
        yellow: Style::new().fg(Color::Yellow),
    };

    /// Attributes only, as `NO_COLOR` asks. Errors are underlined, warnings italic.
    pub const PLAIN: Self = Self {
        accent: Style::new(),
        good: Style::new(),
        warn: Style::new().add_modifier(Modifier::ITALIC),
        error: Style::new().add_modifier(Modifier::UNDERLINED),
        violet: Style::new(),
        blue: Style::new(),
        green: Style::new(),
        yellow: Style::new(),
    };
}
