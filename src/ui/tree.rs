//! The observation tree, or the traces of a session.

use super::ink::Ink;
use super::line::{Line, fit};
use super::words;
use crate::app::geometry::{self, Area};
use crate::app::{Load, tree_len, visible_tree};
use crate::domain::text::grouped;
use crate::domain::{self, Level, Observation, Subject, TreeRow, duration};

/// Columns from which tokens and cost have room.
const WIDE: u16 = 44;
/// Columns from which durations also draw as bars.
const BARS_FROM: u16 = 80;
/// Columns of the time axis.
const AXIS: usize = 24;

/// Draws the pane.
pub(super) fn draw(ink: &mut Ink, area: Area, focused: bool) {
    let body = geometry::inner(area);
    let Some(data) = ink.model.current() else { return };
    let Load::Ready(subject) = &data.subject else {
        let title = ink.title("TREE", focused);
        ink.line(Area { height: 1, y: area.y, ..body }, 0, &title);
        return;
    };
    let subject = subject.clone();
    let visible = visible_tree(ink.model);
    let is_session = tree_len(&subject) != subject.tree.len();
    title(ink, Area { height: 1, y: area.y, ..body }, &subject, is_session, focused);
    let top = ink.model.review.tree_top.min(visible.len().saturating_sub(1));
    // The mark of the current row stands in the two columns left of the text.
    let marked = Area { x: body.x.saturating_sub(2), width: body.width + 2, ..body };
    for (row, at) in visible.iter().skip(top).take(usize::from(body.height)).enumerate() {
        let current = *at == ink.model.review.tree_row;
        let (left, right) = match (is_session, *at) {
            (true, 0) => whole_session(ink, &subject, current),
            (true, at) => trace_row(ink, &subject, at - 1, current, body.width),
            (false, at) => observation_row(ink, &subject, at, current, body.width),
        };
        ink.ends(marked, row, &ink.cursor(current, focused).join(left), &right);
    }
}

fn title(ink: &mut Ink, area: Area, subject: &Subject, is_session: bool, focused: bool) {
    let (name, what) = if is_session { ("SESSION", "trace") } else { ("TREE", "observation") };
    let many = Line::of(words::count(subject.tree.len(), what), ink.styles.dim);
    let name = ink.title(name, focused);
    ink.ends(area, 0, &name, &many);
}

fn whole_session(ink: &Ink, subject: &Subject, current: bool) -> (Line, Line) {
    let style = if current { ink.styles.current } else { ink.styles.text };
    let left = Line::of(format!("{} ", ink.glyphs.session), ink.styles.dim).add("whole conversation", style);
    let right = subject.header.latency.map(|seconds| Line::of(duration(seconds), ink.styles.dim));
    (left, right.unwrap_or_default())
}

/// A trace of a session, by its root.
fn trace_row(ink: &Ink, subject: &Subject, row: usize, current: bool, width: u16) -> (Line, Line) {
    let Some(tree_row) = subject.tree.get(row) else { return (Line::default(), Line::default()) };
    let observation = &subject.observations[tree_row.observation];
    let style = if current { ink.styles.current } else { ink.styles.level(observation.level) };
    let name = observation.trace_name.as_deref().unwrap_or(&observation.name);
    let left = Line::of(format!("{} ", ink.glyphs.trace), ink.styles.dim)
        .add(fit(name, usize::from(width), ink.glyphs.ellipsis), style);
    (left, numbers(ink, subject, tree_row, width))
}

fn observation_row(ink: &Ink, subject: &Subject, row: usize, current: bool, width: u16) -> (Line, Line) {
    let Some(tree_row) = subject.tree.get(row) else { return (Line::default(), Line::default()) };
    let observation = &subject.observations[tree_row.observation];
    let style = if current { ink.styles.current } else { ink.styles.level(observation.level) };
    let name = match fit(&observation.name, usize::from(width), ink.glyphs.ellipsis) {
        name if name.is_empty() => "(no name)".into(),
        name => name,
    };
    let mut left = branches(ink, &subject.tree, row)
        .add(
            format!("{} ", ink.glyphs.observation(&observation.kind)),
            ink.styles.observation(&observation.kind),
        )
        .add(name, style);
    if ink.model.review.folded.contains(&row) {
        let hidden = tree_row.end.saturating_sub(row + 1);
        left.push(format!(" {} {hidden} more", ink.glyphs.closed), ink.styles.dim);
    }
    (left, numbers(ink, subject, tree_row, width))
}

/// The lines that connect a row to its parent. Very deep rows keep the innermost ones.
fn branches(ink: &Ink, tree: &[TreeRow], row: usize) -> Line {
    const MOST: usize = 8;
    let mut line = Line::default();
    let hidden = tree.get(row).map_or(0, |row| row.depth).saturating_sub(MOST);
    if hidden > 0 {
        line.push(format!("{}{hidden} ", ink.glyphs.ellipsis), ink.styles.dim);
    }
    let branches = domain::branches(tree, row, MOST);
    for (at, last) in branches.iter().enumerate() {
        let own = at + 1 == branches.len();
        let text = match (own, *last) {
            (true, false) => ink.glyphs.tree_branch,
            (true, true) => ink.glyphs.tree_last,
            (false, false) => ink.glyphs.tree_line,
            (false, true) => ink.glyphs.tree_space,
        };
        line.push(text, ink.styles.dim);
    }
    line
}

/// Level mark, tokens, cost, time axis and duration, in columns that line up.
fn numbers(ink: &Ink, subject: &Subject, row: &TreeRow, width: u16) -> Line {
    let observation = &subject.observations[row.observation];
    let mut line = match observation.level {
        Level::Warning | Level::Error => {
            Line::of(format!("{} ", ink.glyphs.warning), ink.styles.level(observation.level))
        }
        Level::Debug | Level::Default => Line::default(),
    };
    if width >= WIDE {
        let tokens = if row.rolled.total > 0 { grouped(row.rolled.total) } else { String::new() };
        let cost = words::cost(&row.rolled).unwrap_or_default();
        line.push(format!("{tokens:>8} {cost:>9} "), ink.styles.dim);
    }
    if width >= BARS_FROM {
        line = line.join(bar(ink, subject, observation)).add(" ", ink.styles.text);
    }
    let latency = observation.latency.map(duration).unwrap_or_default();
    line.add(format!("{latency:>6}"), ink.styles.dim)
}

/// When an observation ran, on an axis over the whole subject.
fn bar(ink: &Ink, subject: &Subject, observation: &Observation) -> Line {
    let empty = Line::of(" ".repeat(AXIS), ink.styles.text);
    let (Some(from), Some(whole)) = (subject.header.timestamp, subject.header.latency.filter(|s| *s > 0.0))
    else {
        return empty;
    };
    let start = cell(observation.start.duration_since(from).as_secs_f64() / whole).min(AXIS - 1);
    let length = cell(observation.latency.unwrap_or(0.0) / whole).max(1).min(AXIS - start);
    Line::of(" ".repeat(start), ink.styles.text)
        .add(ink.glyphs.duration.repeat(length), ink.styles.observation(&observation.kind))
        .add(" ".repeat(AXIS - start - length), ink.styles.text)
}

/// A share of the axis in cells.
fn cell(share: f64) -> usize {
    let axis = u32::try_from(AXIS).unwrap_or(1);
    let cells = (share * f64::from(axis)).round().clamp(0.0, f64::from(axis));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the axis; NaN is 0"
    )]
    let cells = cells as usize;
    cells
}
