//! What the current observation contains: laid-out rows, window by window.

use super::ink::Ink;
use super::line::{Line, fit};
use super::words;
use crate::app::geometry::{self, Area};
use crate::app::{Find, Load, content_key, tree_len};
use crate::domain::rows::{Row, Rows};
use crate::domain::text::width;
use crate::domain::{ObjectKind, Subject};
use crate::input::Action;

/// Draws the pane.
pub(super) fn draw(ink: &mut Ink, area: Area, focused: bool) {
    let body = geometry::inner(area);
    let title = Area { y: area.y, height: area.height.min(1), ..body };
    let Some(data) = ink.model.current() else {
        words::waiting(ink, body, "looking for the next item");
        return;
    };
    let kind = data.item.object.kind;
    match &data.subject {
        Load::Ready(subject) => {
            let subject = subject.clone();
            let rows = content_key(ink.model).and_then(|key| ink.model.docs.get(&key)?.clone());
            head(ink, title, &subject, rows.as_deref(), focused);
            document(ink, body, rows.as_deref());
        }
        other => {
            let other = other.clone();
            let name = ink.title("CONTENT", focused);
            ink.line(title, 0, &name);
            absent(ink, body, &other, kind);
        }
    }
}

/// Words for an object that is not here.
fn absent<T>(ink: &mut Ink, body: Area, load: &Load<T>, kind: ObjectKind) {
    match load {
        Load::Failed(failure) => {
            words::failure(ink, body, &format!("This {} could not be loaded.", kind.noun()), failure);
        }
        Load::Missing => {
            let keys = [(Action::Skip, "skips it"), (Action::CompleteNext, "completes it as it is")];
            let hints: Vec<String> = keys
                .into_iter()
                .filter_map(|(action, words)| Some(format!("{} {words}", ink.key(action)?)))
                .collect();
            words::instead(ink, body, &missing(ink, kind), Some(&hints.join(&ink.dot())));
        }
        _ => words::waiting(ink, body, "loading"),
    }
}

/// Why an object is not there. A server without the calls for reading traces answers as if it had
/// none.
fn missing(ink: &Ink, kind: ObjectKind) -> String {
    let noun = kind.noun();
    if ink.model.server.as_ref().is_some_and(|server| !server.shows_traces) {
        return format!("This {noun} cannot be shown: reading it needs Langfuse 4.0 or newer.");
    }
    format!("This {noun} is not at the server: it was deleted, or has not arrived yet.")
}

/// `CONTENT  pretty` on the left; what it is and how much is below on the right.
fn head(ink: &mut Ink, area: Area, subject: &Subject, rows: Option<&Rows>, focused: bool) {
    let review = &ink.model.review;
    let mut left = ink.title("CONTENT", focused).add(format!("  {}", review.view.name()), ink.styles.dim);
    if review.no_wrap {
        left.push(format!("{}long lines cut", ink.dot()), ink.styles.dim);
    }
    if let Some(find) = &review.find {
        left = left.add(ink.dot(), ink.styles.dim).join(finding(ink, find));
    }
    let room = usize::from(area.width).saturating_sub(left.width() + 2);
    let right = position(ink, rows, area);
    let room = room.saturating_sub(right.width() + 2);
    // A few letters of a name say nothing.
    let name = if room < 10 { String::new() } else { fit(name(ink, subject), room, ink.glyphs.ellipsis) };
    let gap = if right.is_empty() || name.is_empty() { "" } else { "  " };
    ink.ends(area, 0, &left, &Line::of(name, ink.styles.dim).add(gap, ink.styles.dim).join(right));
}

fn finding(ink: &Ink, find: &Find) -> Line {
    let query = fit(&find.query, 20, ink.glyphs.ellipsis);
    let [open, close] = ink.glyphs.quotes;
    let style = if find.rows.is_empty() { ink.styles.warn } else { ink.styles.accent };
    let many = match find.rows.len() {
        0 => "not found".into(),
        n => format!("{} of {n}", find.at.min(n - 1) + 1),
    };
    Line::of(format!("{open}{query}{close} {many}"), style)
}

/// Name of what is shown.
fn name<'a>(ink: &Ink, subject: &'a Subject) -> &'a str {
    let row = ink.model.review.tree_row;
    let is_session = tree_len(subject) != subject.tree.len();
    match (is_session, row) {
        (true, 0) => "whole conversation",
        (true, row) => observation_name(subject, row - 1),
        (false, row) => observation_name(subject, row),
    }
}

fn observation_name(subject: &Subject, row: usize) -> &str {
    subject.tree.get(row).map(|row| subject.observations[row.observation].name.as_str()).unwrap_or_default()
}

/// Where in the document the window is: `3 of 41`, and how much there is below.
fn position(ink: &Ink, rows: Option<&Rows>, area: Area) -> Line {
    let Some(len) = rows.map(|rows| rows.rows.len()) else { return Line::default() };
    let pane = ink.model.review_areas().content.map_or(0, |area| geometry::inner(area).height);
    let height = usize::from(pane).max(1);
    if len <= height {
        return Line::default();
    }
    let top = top(ink, len, height);
    let below = len.saturating_sub(top + height).div_ceil(height);
    let line = Line::of(format!("{} of {len}", top + 1), ink.styles.dim);
    match below {
        0 => line.add(format!(" {} end", ink.glyphs.dot), ink.styles.dim),
        n if area.width >= 60 => {
            let screens = words::count(n, "screen");
            line.add(format!("  {} {screens} more", ink.glyphs.more_below), ink.styles.accent)
        }
        _ => line.add(format!(" {}", ink.glyphs.more_below), ink.styles.accent),
    }
}

/// First row of the window; never beyond the last full screen.
fn top(ink: &Ink, len: usize, height: usize) -> usize {
    ink.model.review.scroll.min(len.saturating_sub(height))
}

fn document(ink: &mut Ink, body: Area, rows: Option<&Rows>) {
    let Some(rows) = rows else {
        let line = Line::of(ink.glyphs.ellipsis, ink.styles.dim);
        ink.line(body, 0, &line);
        return;
    };
    if rows.rows.is_empty() {
        words::instead(ink, body, "Nothing was recorded here: no input, no output.", None);
        return;
    }
    let height = usize::from(body.height);
    let top = top(ink, rows.rows.len(), height);
    let found = ink.model.review.find.clone().filter(|find| !find.query.is_empty());
    let at = found.as_ref().and_then(|find| find.rows.get(find.at).copied());
    for (row, document_row) in rows.rows.iter().skip(top).take(height).enumerate() {
        let line = row_line(ink, document_row);
        ink.line(body, row, &line);
        if let Some(find) = &found {
            let style = if at == Some(top + row) { ink.styles.found_current } else { ink.styles.found };
            highlight(ink, body, row, document_row, &find.query, style);
        }
    }
}

/// A laid-out row as a line.
pub(super) fn row_line(ink: &Ink, row: &Row) -> Line {
    let mut line = match row.bar {
        Some(role) => Line::of(ink.glyphs.role_bar(role), ink.styles.role(role)).add(" ", ink.styles.text),
        None => Line::default(),
    };
    for span in &row.spans {
        line.push(words::plain(ink, &span.text), ink.styles.tone(span.tone));
    }
    line
}

/// Lays a style over every place of a row where the query stands.
fn highlight(
    ink: &mut Ink,
    body: Area,
    row: usize,
    document_row: &Row,
    query: &str,
    style: ratatui::style::Style,
) {
    let Ok(y) = u16::try_from(row) else { return };
    let text = document_row.text();
    let bar = if document_row.bar.is_some() { 2 } else { 0 };
    for (start, end) in matches(&text, query) {
        let from = u16::try_from(bar + width(&text[..start])).unwrap_or(u16::MAX).min(body.width);
        let to = u16::try_from(bar + width(&text[..end])).unwrap_or(u16::MAX).min(body.width);
        ink.paint(Area { x: body.x + from, y: body.y + y, width: to - from, height: 1 }, style);
    }
}

/// Byte ranges of the matches; capital letters count once there is one in the query.
fn matches(text: &str, query: &str) -> Vec<(usize, usize)> {
    if query.chars().any(char::is_uppercase) {
        return text.match_indices(query).map(|(at, found)| (at, at + found.len())).collect();
    }
    // Lower case can be longer or shorter, so every byte of it remembers where it came from.
    let mut lower = String::new();
    let mut origin = Vec::new();
    for (at, c) in text.char_indices() {
        for small in c.to_lowercase() {
            lower.push(small);
            origin.resize(lower.len(), (at, at + c.len_utf8()));
        }
    }
    let wanted = query.to_lowercase();
    let found = lower.match_indices(&wanted);
    found.filter_map(|(at, hit)| Some((origin.get(at)?.0, origin.get(at + hit.len() - 1)?.1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_found_whatever_their_case() {
        let cases = [
            ("Lid and lid", "lid", vec![(0, 3), (8, 11)]),
            ("Lid and lid", "Lid", vec![(0, 3)]),
            ("RÜCKGABE", "rück", vec![(0, 5)]),
            ("İstanbul", "stan", vec![(2, 6)]),
            ("nothing", "xyz", vec![]),
        ];
        for (text, query, expected) in cases {
            assert_eq!(matches(text, query), expected, "{query} in {text}");
        }
    }
}
