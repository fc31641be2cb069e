//! The list of writes the server does not have.

use super::ink::Ink;
use super::line::{Line, fit, wrap};
use super::modals::{boxed, keys};
use super::{whole, words};
use crate::app::geometry;
use crate::app::{Connection, describe_write};
use crate::domain::{WriteState, Written};
use crate::input::Action;

/// Draws the list; `cursor` is the write under it.
pub(super) fn draw(ink: &mut Ink, cursor: usize) {
    let most = geometry::viewer(ink.model.size);
    let inside = usize::from(most.width);
    let writes: Vec<&Written> = ink.model.open_writes.values().collect();
    let (lines, current) = lines(ink, &writes, cursor, inside);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).clamp(1, most.height.max(1));
    let outer = whole(ink.model.size).centred(most.width + 4, rows + 2);
    let right = match writes.len() {
        0 => Line::default(),
        n => Line::of(format!("{} of {n}", cursor.min(n - 1) + 1), ink.styles.dim),
    };
    let mut actions = vec![(Action::Close, "close")];
    if !writes.is_empty() {
        actions.insert(0, (Action::Retry, "send again"));
    }
    let keys = keys(ink, &actions);
    let body = boxed(ink, outer, "Unsent", &right, &keys);
    let top = (current + 1).saturating_sub(usize::from(body.height));
    ink.lines(body, lines.get(top..).unwrap_or_default());
}

/// The lines around the current write, and the last of its own.
fn lines(ink: &Ink, writes: &[&Written], cursor: usize, inside: usize) -> (Vec<Line>, usize) {
    if writes.is_empty() {
        let text = format!("{} everything is sent", ink.glyphs.done);
        return (vec![Line::of(text, ink.styles.ok)], 0);
    }
    let cursor = cursor.min(writes.len() - 1);
    // Every write has a line, so nothing further away than this can be in view.
    let around = usize::from(geometry::viewer(ink.model.size).height);
    let first = cursor.saturating_sub(around);
    let mut lines = Vec::new();
    let mut end = 0;
    for (at, written) in writes.iter().enumerate().skip(first).take(2 * around + 1) {
        lines.extend(write_lines(ink, written, at == cursor, inside));
        if at == cursor {
            end = lines.len() - 1;
        }
    }
    (lines, end)
}

/// `⇡ tone = warm   support-chat 13   waiting for the network`, a reason over more lines.
fn write_lines(ink: &Ink, written: &Written, current: bool, inside: usize) -> Vec<Line> {
    let (what, item) = (inside * 2 / 5, inside / 4);
    let style = if current { ink.styles.current } else { ink.styles.text };
    let sign = ink.glyphs.write_state(written.state);
    let text =
        fit(&words::plain(ink, &describe_write(&written.write)), what.saturating_sub(5), ink.glyphs.ellipsis);
    let head = ink
        .cursor(current, true)
        .add(format!("{sign} "), ink.styles.write_state(written.state))
        .add(text, style)
        .pad(what)
        .add(fit(&item_name(ink, written), item.saturating_sub(2), ink.glyphs.ellipsis), ink.styles.dim)
        .pad(what + item);
    let reason_style = if written.state == WriteState::Refused { ink.styles.error } else { ink.styles.dim };
    let room = inside.saturating_sub(what + item);
    let reason = wrap(&state(ink, written), room, if current { 4 } else { 2 }, ink.glyphs.ellipsis);
    let mut rows = reason.into_iter().map(|row| Line::of(row, reason_style));
    let first = head.join(rows.next().unwrap_or_default());
    let below = rows.map(|row| Line::default().pad(what + item).join(row));
    std::iter::once(first).chain(below).collect()
}

/// The item as it was called when it was decided on.
fn item_name(ink: &Ink, written: &Written) -> String {
    match written.made.about.as_str() {
        "" => words::plain(ink, &ink.model.item_name(&written.item_id)),
        about => words::plain(ink, about),
    }
}

/// Where a write stands, in the reviewer's terms.
fn state(ink: &Ink, written: &Written) -> String {
    let offline = matches!(ink.model.connection, Connection::Failed(_));
    let error = written.last_error.as_deref();
    match written.state {
        WriteState::Held if ink.model.is_held_back(&written.item_id) => {
            "saved here, sends in a moment".into()
        }
        WriteState::Held => "saved here, sends when you go on".into(),
        WriteState::Pending if offline => "saved here, sends when the network is back".into(),
        WriteState::Pending => match (&ink.model.pause, written.next_attempt_at, error) {
            (Some(pause), ..) => format!("saved here, waits: {}", pause.why),
            (None, Some(at), Some(error)) => format!("again at {}: {error}", words::moment(ink, at)),
            _ => "on its way".into(),
        },
        WriteState::Sending => "being sent".into(),
        WriteState::Sent => "sent, not seen back yet".into(),
        WriteState::Confirmed => "at the server".into(),
        WriteState::Refused => format!("refused: {}", error.unwrap_or("the server gave no reason")),
        WriteState::Conflict => format!("kept here: {}", error.unwrap_or("someone else completed the item")),
        WriteState::Replaced => "replaced by a later one".into(),
    }
}
