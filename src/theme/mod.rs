//! Colours and signs, chosen by meaning.
//!
//! One accent, dim for what is secondary, bold only for what is current. Colours are the sixteen of
//! the terminal's own scheme over its own background, so that they fit dark and light ones; what a
//! colour says is also said by a sign, a word or an attribute.

mod glyphs;
mod palette;
mod styles;

pub use glyphs::Glyphs;
pub use palette::Palette;
pub use styles::Styles;

/// How everything looks.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Colours and attributes.
    pub styles: Styles,
    /// Signs.
    pub glyphs: &'static Glyphs,
}

impl Theme {
    /// The theme for a terminal with or without colours, in Unicode or ASCII.
    pub fn new(color: bool, ascii: bool) -> Self {
        let palette = if color { Palette::ANSI } else { Palette::PLAIN };
        Self { styles: Styles::new(&palette), glyphs: if ascii { &Glyphs::ASCII } else { &Glyphs::UNICODE } }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(true, false)
    }
}
