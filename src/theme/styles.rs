//! Styles by meaning.

use ratatui::style::{Modifier, Style};

use super::Palette;
use crate::domain::rows::{Role, Tone};
use crate::domain::{Level, ObservationType, WriteState};

/// A style for everything that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    palette: Palette,
    /// Ordinary text.
    pub text: Style,
    /// What is secondary.
    pub dim: Style,
    /// The one accent.
    pub accent: Style,
    /// What is current: the cursor's line, the row to decide.
    pub current: Style,
    /// The mark in front of what is current.
    pub cursor: Style,
    /// A pane's title.
    pub title: Style,
    /// The title of the pane with the focus.
    pub title_focused: Style,
    /// A rule between panes.
    pub rule: Style,
    /// The rule of the pane with the focus.
    pub rule_focused: Style,
    /// The status line.
    pub status: Style,
    /// A key in a hint.
    pub key: Style,
    /// It went well.
    pub ok: Style,
    /// It needs a look.
    pub warn: Style,
    /// It failed.
    pub error: Style,
    /// Selected text, selected items.
    pub selection: Style,
    /// Found text.
    pub found: Style,
    /// Found text, where the cursor is.
    pub found_current: Style,
    /// The border of a modal.
    pub modal_border: Style,
    /// The title of a modal.
    pub modal_title: Style,
    /// What lies behind a modal; laid over what is there.
    pub behind: Style,
    /// A badge such as a draft or a flag.
    pub badge: Style,
    /// The filled part of a progress bar.
    pub bar_full: Style,
    /// The rest of it.
    pub bar_empty: Style,
    /// An option of a rubric row.
    pub option: Style,
    /// The option that was chosen.
    pub option_chosen: Style,
}

impl Styles {
    /// The styles of a palette.
    pub fn new(palette: &Palette) -> Self {
        let text = Style::new();
        let dim = text.add_modifier(Modifier::DIM);
        let current = text.add_modifier(Modifier::BOLD);
        let selection = text.add_modifier(Modifier::REVERSED);
        Self {
            palette: *palette,
            text,
            dim,
            accent: palette.accent,
            current,
            cursor: palette.accent.add_modifier(Modifier::BOLD),
            title: dim,
            title_focused: palette.accent.add_modifier(Modifier::BOLD),
            rule: dim,
            rule_focused: palette.accent,
            status: dim,
            key: text,
            ok: palette.good,
            warn: palette.warn,
            error: palette.error,
            selection,
            found: text.add_modifier(Modifier::UNDERLINED),
            found_current: palette.accent.add_modifier(Modifier::REVERSED),
            modal_border: palette.accent,
            modal_title: palette.accent.add_modifier(Modifier::BOLD),
            behind: dim,
            badge: palette.warn,
            bar_full: palette.accent,
            bar_empty: dim,
            option: dim,
            option_chosen: palette.accent.add_modifier(Modifier::BOLD),
        }
    }

    /// The style of a stretch of laid-out text.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.text,
            Tone::Dim | Tone::Rule | Tone::Punctuation => self.dim,
            Tone::Strong => self.text.add_modifier(Modifier::BOLD),
            Tone::Emphasis => self.text.add_modifier(Modifier::ITALIC),
            Tone::Struck => self.text.add_modifier(Modifier::CROSSED_OUT),
            Tone::Heading => self.text.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Code | Tone::Number | Tone::Tool => self.palette.yellow,
            Tone::Link => self.palette.blue.add_modifier(Modifier::UNDERLINED),
            Tone::Quote | Tone::Comment => self.dim.add_modifier(Modifier::ITALIC),
            Tone::Section | Tone::Type => self.accent,
            Tone::Role(role) => self.role(role),
            Tone::Key | Tone::Function => self.palette.blue,
            Tone::String => self.palette.green,
            Tone::Literal | Tone::Keyword => self.palette.violet,
            Tone::Error => self.error,
            Tone::Warning => self.warn,
            Tone::Good => self.ok,
        }
    }

    /// The style of a speaker's bar and name.
    pub fn role(&self, role: Role) -> Style {
        match role {
            Role::System => self.palette.violet,
            Role::User => self.palette.blue,
            Role::Assistant => self.palette.green,
            Role::Tool => self.palette.yellow,
            Role::Other => self.dim,
        }
    }

    /// The style of a write's sign.
    pub fn write_state(&self, state: WriteState) -> Style {
        match state {
            WriteState::Held | WriteState::Replaced => self.dim,
            WriteState::Pending | WriteState::Sending | WriteState::Sent => self.accent,
            WriteState::Confirmed => self.ok,
            WriteState::Refused => self.error,
            WriteState::Conflict => self.warn,
        }
    }

    /// The style of an observation's sign.
    pub fn observation(&self, kind: &ObservationType) -> Style {
        match kind {
            ObservationType::Generation => self.palette.green,
            ObservationType::Tool => self.palette.yellow,
            ObservationType::Retriever | ObservationType::Embedding => self.palette.blue,
            ObservationType::Agent => self.accent,
            ObservationType::Evaluator | ObservationType::Guardrail => self.palette.violet,
            _ => self.dim,
        }
    }

    /// The style of an observation's name.
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::Debug => self.dim,
            Level::Default => self.text,
            Level::Warning => self.warn,
            Level::Error => self.error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    const TONES: &[Tone] = &[
        Tone::Plain,
        Tone::Dim,
        Tone::Strong,
        Tone::Emphasis,
        Tone::Struck,
        Tone::Heading,
        Tone::Code,
        Tone::Link,
        Tone::Quote,
        Tone::Rule,
        Tone::Section,
        Tone::Role(Role::System),
        Tone::Role(Role::User),
        Tone::Role(Role::Assistant),
        Tone::Role(Role::Tool),
        Tone::Role(Role::Other),
        Tone::Tool,
        Tone::Key,
        Tone::String,
        Tone::Number,
        Tone::Literal,
        Tone::Punctuation,
        Tone::Keyword,
        Tone::Comment,
        Tone::Function,
        Tone::Type,
        Tone::Error,
        Tone::Warning,
        Tone::Good,
    ];

    fn is_safe(color: Color) -> bool {
        use Color::{Cyan, Green, LightBlue, Magenta, Red, Yellow};
        matches!(color, Cyan | Green | LightBlue | Magenta | Red | Yellow)
    }

    #[test]
    fn colours_are_readable_on_dark_and_light_and_never_paint_the_background() {
        let styles = Styles::new(&Palette::ANSI);
        for tone in TONES {
            let style = styles.tone(*tone);
            assert!(style.fg.is_none_or(is_safe) && style.bg.is_none(), "{tone:?}: {style:?}");
        }
    }

    #[test]
    fn without_colours_there_is_none_and_trouble_still_shows() {
        let styles = Styles::new(&Palette::PLAIN);
        for tone in TONES {
            assert_eq!(styles.tone(*tone).fg, None, "{tone:?}");
        }
        let printed = format!("{styles:?}");
        assert!(!printed.contains("fg("), "{printed}");
        assert_ne!(styles.error, styles.text);
        assert_ne!(styles.warn, styles.text);
        assert_ne!(styles.title_focused, styles.title);
        assert_ne!(styles.option_chosen, styles.option);
    }
}
