//! Text as it was recorded.

use crate::domain::rows::Tone;

use super::page::Page;
use super::wrap::Text;

/// Adds a text line by line, made harmless but otherwise untouched.
pub(super) fn print(page: &mut Page, text: &str) {
    page.code(&Text::new(text, Tone::Plain), 0);
}
