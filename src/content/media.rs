//! Images, sound and files: what stands for them in text.

use std::borrow::Cow;

use crate::domain::rows::Tone;

use super::wrap::Text;

/// Starts a mark inside a text; the no-break space tells it from a square somebody wrote.
const MARK: &str = "▣\u{a0}";

/// Replaces media references and data URIs by marks for [`push`] to find.
pub(super) fn mark(text: &str) -> Cow<'_, str> {
    if !text.contains("@@@langfuseMedia:") && !text.contains(";base64,") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(4096));
    let mut rest = text;
    while let Some((before, label, after)) = next(rest) {
        out.push_str(before);
        out.push_str(MARK);
        out.push_str(&label.replace(' ', "\u{a0}"));
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The first reference of a text: what is before it, what it stands for, and what is after it.
fn next(text: &str) -> Option<(&str, String, &str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find(['@', 'd']) {
        let at = from + found;
        if let Some((label, len)) = reference(&text[at..]).or_else(|| data_uri(&text[at..])) {
            return Some((&text[..at], label, &text[at + len..]));
        }
        from = at + 1;
    }
    None
}

fn reference(text: &str) -> Option<(String, usize)> {
    let start = "@@@langfuseMedia:";
    let body = text.strip_prefix(start)?;
    let head = &body[..floor(body, 500)];
    let end = head.find("@@@")?;
    let kind = head[..end].split('|').find_map(|field| field.strip_prefix("type="))?;
    Some((kind.to_owned(), start.len() + end + 3))
}

fn data_uri(text: &str) -> Option<(String, usize)> {
    let body = text.strip_prefix("data:")?;
    let head = &body[..floor(body, 200)];
    let comma = head.find(";base64,")?;
    let kind = head[..comma].split(';').next().filter(|kind| is_mime(kind))?;
    let data = &body[comma + ";base64,".len()..];
    let len = data.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(b)).count();
    Some((format!("{kind} {}", size(len)), text.len() - data.len() + len))
}

fn is_mime(kind: &str) -> bool {
    kind.contains('/') && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.+-".contains(&b))
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Size of the bytes behind so many base64 characters.
pub(super) fn size(base64: usize) -> String {
    match base64 / 4 * 3 {
        bytes if bytes < 1000 => format!("{bytes} B"),
        bytes if bytes < 1_000_000 => format!("{} kB", bytes / 1000),
        bytes => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Appends text in which [`mark`] has left marks; these become dim.
pub(super) fn push(out: &mut Text, text: &str, tone: Tone) {
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        out.push(&rest[..at], tone);
        let label = &rest[at + MARK.len()..];
        let ends = |c: char| c != '\u{a0}' && (c.is_whitespace() || "()[]<>\"'".contains(c));
        let end = label.find(ends).unwrap_or(label.len());
        out.push(&format!("▣ {}", label[..end].replace('\u{a0}', " ")), Tone::Dim);
        rest = &label[end..];
    }
    out.push(rest, tone);
}

/// A text with plain marks in place of media.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    match mark(text) {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(text) => Cow::Owned(text.replace('\u{a0}', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_marks() {
        let cases = [
            ("a @@@langfuseMedia:type=image/png|id=x|source=bytes@@@ b", "a ▣ image/png b"),
            ("data:image/jpeg;base64,AAAABBBB.", "▣ image/jpeg 6 B."),
            ("![x](data:image/png;base64,AAAA)", "![x](▣ image/png 3 B)"),
            ("@@@langfuseMedia: broken", "@@@langfuseMedia: broken"),
            ("data:;base64,xx", "data:;base64,xx"),
        ];
        for (text, expected) in cases {
            let mut out = Text::default();
            push(&mut out, &mark(text), Tone::Plain);
            assert_eq!(out.as_str(), expected);
        }
    }
}
