//! The list of writes the server does not have.

use super::ink::Ink;
use super::line::{Line, fit, wrap};
use super::modals::{boxed, keys};
use super::{whole, words};
use crate::app::geometry;
use crate::app::{about_write, describe_write, stands, unsent_writes};
use crate::domain::{WriteState, Written};
use crate::input::Action;

/// Draws the list; `cursor` is the write under it.
pub(super) fn draw(ink: &mut Ink, cursor: usize) {
    let most = geometry::viewer(ink.model.size);
    let inside = usize::from(most.width);
    let writes = unsent_writes(ink.model);
    let (lines, current) = lines(ink, &writes, cursor, inside);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).clamp(1, most.height.max(1));
    let outer = whole(ink.model.size).centred(most.width + 4, rows + 2);
    let right = match writes.len() {
        0 => Line::default(),
        n => Line::of(format!("{} of {n}", cursor.min(n - 1) + 1), ink.styles.dim),
    };
    let keys = list_keys(ink, &writes, inside);
    let body = boxed(ink, outer, "Unsent", &right, &keys);
    let top = (current + 1).saturating_sub(usize::from(body.height));
    ink.lines(body, lines.get(top..).unwrap_or_default());
}

/// What can be done here; what is about all that waits only where that is more than one.
fn list_keys(ink: &Ink, writes: &[&Written], inside: usize) -> Line {
    let parked = writes.iter().filter(|written| written.is_parked()).count();
    let all = format!("all {parked}");
    let mut actions = vec![
        (Action::Retry, "send again"),
        (Action::RetryAll, all.as_str()),
        (Action::Change, "edit"),
        (Action::Discard, "discard"),
        (Action::DiscardAll, all.as_str()),
        (Action::CopyWrite, "copy"),
        (Action::Details, "details"),
        (Action::Close, "close"),
    ];
    if parked < 2 {
        actions.retain(|(action, _)| !matches!(action, Action::RetryAll | Action::DiscardAll));
    }
    if writes.is_empty() {
        actions.retain(|(action, _)| *action == Action::Close);
    }
    let mut line = keys(ink, &actions);
    // Without room for all of them, those that copy and explain go first.
    for spare in [Action::CopyWrite, Action::Details, Action::Change] {
        if line.width() > inside {
            actions.retain(|(action, _)| *action != spare);
            line = keys(ink, &actions);
        }
    }
    line
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
        .add(
            fit(
                &words::plain(ink, &about_write(ink.model, written)),
                item.saturating_sub(2),
                ink.glyphs.ellipsis,
            ),
            ink.styles.dim,
        )
        .pad(what + item);
    let reason_style = match written.state {
        WriteState::Refused => ink.styles.error,
        WriteState::Conflict => ink.styles.warn,
        _ => ink.styles.dim,
    };
    let room = inside.saturating_sub(what + item);
    let reason = wrap(
        &words::plain(ink, &stands(ink.model, written)),
        room,
        if current { 4 } else { 2 },
        ink.glyphs.ellipsis,
    );
    let mut rows = reason.into_iter().map(|row| Line::of(row, reason_style));
    let first = head.join(rows.next().unwrap_or_default());
    let below = rows.map(|row| Line::default().pad(what + item).join(row));
    std::iter::once(first).chain(below).collect()
}
