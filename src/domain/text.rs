//! Making untrusted text harmless and fitting it into columns.
//!
//! Traces contain whatever models, tools and attackers produced. A terminal obeys control
//! characters, and readers obey invisible ones, so both become visible marks before they get
//! anywhere near the screen.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns a tab advances at most.
const TAB: usize = 4;

/// Length in UTF-16 units, as the server counts.
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// A number of things: `1 decision`, `2 decisions`.
#[must_use]
pub fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// What stands in for a character that must not reach the terminal, or `None` for a harmless one.
///
/// C0 controls show as their Unicode picture (`␛`), C1 controls, bidirectional overrides and
/// invisible characters as `‹U+202E›`. Line breaks and tabs are the caller's business. The zero
/// width joiner and variation selectors stay, since emoji and many scripts are written with them.
fn stand_in(c: char) -> Option<String> {
    match c {
        '\n' | '\t' | '\u{200d}' | '\u{200c}' | '\u{fe0e}' | '\u{fe0f}' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).map(String::from),
        '\u{7f}' => Some("␡".into()),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Some(format!("‹U+{:04X}›", u32::from(c))),
        _ => None,
    }
}

/// Replaces everything a terminal or a reader could be tricked with by a visible mark.
///
/// Line breaks and tabs stay; `\r\n` becomes `\n`.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\n' || b == b'\t') {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(|c| stand_in(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && chars.peek() == Some(&'\n') {
            continue;
        }
        match stand_in(c) {
            Some(mark) => out.push_str(&mark),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// One clean line: line breaks and runs of white space become single spaces.
#[must_use]
pub fn one_line(text: &str) -> String {
    // A label never needs more than this; the rest of a huge text is not worth walking.
    let head: String = text.chars().take(2000).collect();
    clean(&head).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One clean line cut to at most `columns`, with `…` where something was cut off.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    fit_with(text, columns, "…")
}

/// The same with another mark of one column.
#[must_use]
pub fn fit_with(text: &str, columns: usize, mark: &str) -> String {
    let line = one_line(text);
    if width(&line) <= columns { line } else { cut(&line, columns, mark) }
}

/// The head of a clean line and a mark, in so many columns.
#[must_use]
pub fn cut(line: &str, columns: usize, mark: &str) -> String {
    let mut out = String::new();
    let mut used = 0;
    for cluster in line.graphemes(true) {
        let wide = width(cluster);
        if used + wide + 1 > columns {
            break;
        }
        out.push_str(cluster);
        used += wide;
    }
    if columns > 0 {
        out.push_str(mark);
    }
    out
}

/// Tabs as spaces, up to the next multiple of four columns.
#[must_use]
pub fn expand_tabs(line: &str) -> Cow<'_, str> {
    if !line.contains('\t') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + TAB * 4);
    let mut column = 0;
    for (i, part) in line.split('\t').enumerate() {
        if i > 0 {
            let pad = TAB - column % TAB;
            out.extend(std::iter::repeat_n(' ', pad));
            column += pad;
        }
        out.push_str(part);
        column += width(part);
    }
    Cow::Owned(out)
}

/// A count as people read it: `1,284`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_become_visible() {
        assert_eq!(clean("a\u{1b}[31mb"), "a␛[31mb");
        assert_eq!(clean("pay\u{202e}lap"), "pay‹U+202E›lap");
        assert_eq!(clean("zero\u{200b}width"), "zero‹U+200B›width");
        assert_eq!(clean("\u{9b}31m"), "‹U+009B›31m");
        assert_eq!(clean("one\r\ntwo\rthree"), "one\ntwo␍three");
    }

    #[test]
    fn scripts_and_emoji_stay_whole() {
        for text in ["Rückgabe", "配送状況", "مرحبا", "नमस्ते", "👩‍🔧", "❤️", "می‌خواهم"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn fit_never_exceeds_its_columns() {
        assert_eq!(fit("short", 10), "short");
        assert_eq!(fit("a longer label", 8), "a longe…");
        assert_eq!(fit("配送状況を確認", 7), "配送状…");
        assert_eq!(fit("two\nlines\tand", 20), "two lines and");
        assert_eq!(fit("anything", 0), "");
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(expand_tabs("a\tb\t\tc"), "a   b       c");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1284, 1_000_000].map(grouped), ["0", "999", "1,284", "1,000,000"]);
    }
}
