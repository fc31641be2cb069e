//! The review of one item: header, panes, status line.

use super::ink::{Ink, margins};
use super::line::{Line, fit};
use super::{compact, content, rubric, status, tree, words};
use crate::app::geometry::{Area, Pane, ReviewAreas};
use crate::app::{ItemData, Standing, completed_when};
use crate::domain::text::grouped;
use crate::domain::{Counts, ItemStatus, Level, Subject, SubjectHeader, TreeRow, Write, clock, duration};
use crate::input::Action;

/// Fewest items completed before a pace is told.
const PACE_FROM: usize = 3;

/// Draws the screen.
pub(super) fn draw(ink: &mut Ink) {
    let areas = ink.model.review_areas();
    let pane = focus(ink, &areas);
    header(ink, areas.header);
    if let Some(area) = areas.tree {
        tree::draw(ink, area, pane == Pane::Tree);
    }
    if let Some(area) = areas.crumb {
        crumb(ink, area);
    }
    if let Some(area) = areas.content {
        content::draw(ink, area, pane == Pane::Content);
    }
    match areas.rubric {
        Some(area) if areas.compact => compact::draw(ink, area, pane == Pane::Rubric),
        Some(area) => rubric::draw(ink, area, pane == Pane::Rubric),
        None => {}
    }
    let joints = rules(ink, &areas, pane);
    status::draw(ink, areas.status, &joints);
}

/// The pane with the focus; the tree may have it without being shown.
fn focus(ink: &Ink, areas: &ReviewAreas) -> Pane {
    match ink.model.review.pane {
        Pane::Tree if areas.tree.is_none() => Pane::Content,
        pane => pane,
    }
}

/// Draws the rules between panes and says where they meet the status line. The rule of the pane
/// with the focus is the one on its left; the tree, which has none there, has the one on its right.
fn rules(ink: &mut Ink, areas: &ReviewAreas, pane: Pane) -> Vec<u16> {
    let mut joints = Vec::new();
    if let Some(area) = areas.content.filter(|area| area.x > 0) {
        ink.pane_rule(area, pane != Pane::Rubric);
        joints.push(area.x);
    }
    if let Some(area) = areas.rubric.filter(|area| area.x > 0) {
        ink.pane_rule(area, pane == Pane::Rubric);
        joints.push(area.x);
    }
    joints
}

fn header(ink: &mut Ink, area: Area) {
    let area = margins(area);
    let left = path(ink, usize::from(area.width) / 2);
    let right = pace(ink, area.width >= 90);
    ink.ends(area, 0, &left, &right);
    let badge = ink.model.current().map(|data| badge(ink, data, area)).unwrap_or_default();
    let kept = words::as_of(ink, ink.model.current().and_then(|data| data.kept));
    let dot = if kept.is_empty() || badge.is_empty() { String::new() } else { ink.dot() };
    let badge = kept.add(dot, ink.styles.dim).join(badge);
    let facts = match ink.model.current().and_then(|data| data.subject.ready()) {
        Some(subject) => facts(ink, &subject.header),
        None => Line::default(),
    };
    ink.ends(area, 1, &facts, &badge);
}

/// `Support quality › support-chat`.
fn path(ink: &Ink, columns: usize) -> Line {
    let queue = ink.model.reviewed_queue().map(|queue| queue.name.as_str()).unwrap_or_default();
    let line = Line::of(fit(queue, columns, ink.glyphs.ellipsis), ink.styles.dim);
    let Some(data) = ink.model.current() else { return line };
    let label = ink.model.browse.labels.get(&data.item.object.id).map(|label| label.name.as_str());
    let name = data.subject.ready().map(|subject| subject.header.name.as_str()).or(label);
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or(data.item.object.kind.noun());
    line.add(format!(" {} ", ink.glyphs.crumb), ink.styles.dim)
        .add(words::object_sign(ink, data.item.object.kind), ink.styles.dim)
        .add(" ", ink.styles.text)
        .add(fit(name, columns, ink.glyphs.ellipsis), ink.styles.current)
}

/// `item 13 of 240 · 41/h · about 5 h 30 left`.
fn pace(ink: &Ink, wide: bool) -> Line {
    let model = ink.model;
    let (Some(len), Some(position)) = (model.browse.items.list.len(), model.review_position()) else {
        return Line::default();
    };
    let item = if wide { "item " } else { "" };
    let mut parts = vec![format!("{item}{} of {}", grouped_usize(position + 1), grouped_usize(len))];
    if let Some(per_hour) = per_hour(ink) {
        parts.push(format!("{per_hour:.0}/h"));
        let pending = model.review.queue.as_ref().and_then(|queue| model.browse.counts.get(queue));
        let ours = |counts: &Counts| u32::try_from(counts.pending / parts_of_queue(ink)).ok();
        if let Some(left) = pending.filter(|_| wide).and_then(ours) {
            parts.push(format!("about {} left", roughly(f64::from(left) / per_hour * 3600.0)));
        }
    }
    Line::of(parts.join(&ink.dot()), ink.styles.dim)
}

/// How many people share the queue, as far as shards tell.
fn parts_of_queue(ink: &Ink) -> u64 {
    ink.model.start.shard.map_or(1, |shard| shard.parts().max(1).into())
}

/// Items completed per hour in this run, once there is enough to tell.
pub(super) fn per_hour(ink: &Ink) -> Option<f64> {
    let review = &ink.model.review;
    let done = u32::try_from(review.done.len()).ok().filter(|_| review.done.len() >= PACE_FROM)?;
    let hours = ink.model.now.mono.saturating_sub(review.started).as_secs_f64() / 3600.0;
    (hours > 0.0).then(|| f64::from(done) / hours)
}

/// A time to go, without false precision: `40 s`, `25 min`, `5 h 30`.
fn roughly(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => "a minute".into(),
        s if s < 3600.0 => format!("{:.0} min", s / 60.0),
        s if s < 36_000.0 => duration((s / 600.0).round() * 600.0),
        s => format!("{:.0} h", s / 3600.0),
    }
}

fn grouped_usize(n: usize) -> String {
    grouped(u64::try_from(n).unwrap_or(u64::MAX))
}

/// Time, user, session, environment, release, level, latency, tokens, cost, tags.
fn facts(ink: &Ink, header: &SubjectHeader) -> Line {
    let (dim, ellipsis) = (ink.styles.dim, ink.glyphs.ellipsis);
    let text = |text: String| Line::of(text, dim);
    let named = |text: &Option<String>, columns: usize| {
        text.as_deref().map(|text| Line::of(fit(text, columns, ellipsis), dim))
    };
    let session = header.session.as_ref().filter(|session| **session != header.name);
    let session = session.map(|session| text(format!("session {}", fit(session, 24, ellipsis))));
    let tags: Vec<String> =
        header.tags.iter().take(8).map(|tag| format!("#{}", fit(tag, 20, ellipsis))).collect();
    let parts = [
        header.timestamp.map(|at| text(clock(at, ink.model.now.wall, &ink.model.start.zone))),
        named(&header.user, 24),
        session,
        named(&header.environment, 20),
        named(&header.release, 20),
        level(ink, header.level),
        header.latency.map(|seconds| text(duration(seconds))),
        words::tokens(&header.usage).map(text),
        words::cost(&header.usage).map(text),
        (!tags.is_empty()).then(|| text(tags.join(" "))),
    ];
    let mut line = Line::default();
    for part in parts.into_iter().flatten() {
        if !line.is_empty() {
            line.push(ink.dot(), dim);
        }
        line = line.join(part);
    }
    line
}

/// The worst level, where it needs a look.
fn level(ink: &Ink, level: Level) -> Option<Line> {
    let word = match level {
        Level::Debug | Level::Default => return None,
        Level::Warning => "warning",
        Level::Error => "error",
    };
    Some(Line::of(format!("{} {word}", ink.glyphs.warning), ink.styles.level(level)))
}

/// Flagged and why, a draft left, and why the item may not be one to do: completed, removed, open elsewhere.
fn badge(ink: &Ink, data: &ItemData, area: Area) -> Line {
    let (glyphs, styles) = (ink.glyphs, ink.styles);
    let is_done = data.status() == ItemStatus::Completed;
    let (text, style) = match ink.model.standing(&data.item) {
        Standing::Removed => (format!("{} removed from the queue", glyphs.warning), styles.warn),
        _ if is_done && data.taken => {
            let when = completed_when(&data.item, ink.model.now.wall);
            (format!("{} completed by someone else {when}", glyphs.done), styles.ok)
        }
        _ if is_done => {
            let is_saved = !data.saving.iter().any(|(_, write)| matches!(write, Write::Status { .. }));
            let sign = if is_saved { glyphs.done } else { glyphs.ellipsis };
            (format!("{sign} completed"), styles.ok)
        }
        Standing::Elsewhere => (format!("{} possibly open elsewhere", glyphs.elsewhere), styles.warn),
        Standing::OtherShard => ("other shard".to_owned(), styles.warn),
        Standing::Open | Standing::Done => return marked(ink, data, area),
    };
    let line = marked(ink, data, area);
    let gap = if line.is_empty() { "" } else { "  " };
    line.add(gap, styles.text).add(text, style)
}

/// Flagged, a draft left.
fn marked(ink: &Ink, data: &ItemData, area: Area) -> Line {
    let mut line = Line::default();
    if let Some(reason) = ink.model.flags.get(&data.item.id) {
        let room = usize::from(area.width) / 3;
        line.push(
            fit(&format!("{} {}", ink.glyphs.flag, flagged(reason)), room, ink.glyphs.ellipsis),
            ink.styles.badge,
        );
    }
    let gap = |line: &Line| if line.is_empty() { "" } else { "  " };
    if !data.drafts.is_empty() {
        line.push(format!("{}{} draft", gap(&line), ink.glyphs.draft), ink.styles.badge);
    }
    line
}

fn flagged(reason: &str) -> &str {
    if reason.is_empty() { "flagged" } else { reason }
}

/// The tree's stand-in on narrow screens: where the current observation is, and its facts.
fn crumb(ink: &mut Ink, area: Area) {
    let area = margins(area);
    let Some(subject) = ink.model.current().and_then(|data| data.subject.ready()) else { return };
    let keys = [(Action::ToggleTree, "tree"), (Action::Info, "info")];
    let mut right = Line::default();
    for hint in keys.into_iter().filter_map(|(action, words)| ink.hint(ink.key(action), words)) {
        if !right.is_empty() {
            right.push(ink.dot(), ink.styles.dim);
        }
        right = right.join(hint);
    }
    let room = usize::from(area.width).saturating_sub(right.width() + 2);
    let left = crumbs(ink, subject, room);
    ink.ends(area, 0, &left, &right);
}

fn crumbs(ink: &Ink, subject: &Subject, room: usize) -> Line {
    let row = ink.model.review.tree_row;
    let is_session = crate::app::tree_len(subject) != subject.tree.len();
    if is_session && row == 0 {
        return Line::of("whole conversation", ink.styles.current)
            .add(ink.dot(), ink.styles.dim)
            .add(words::count(subject.tree.len(), "trace"), ink.styles.dim);
    }
    let row = if is_session { row - 1 } else { row };
    let Some(tree_row) = subject.tree.get(row) else { return Line::default() };
    let observation = &subject.observations[tree_row.observation];
    let facts = observation_facts(ink, subject, tree_row);
    let above = ancestors(subject, row);
    let each = room.saturating_sub(facts.width()) / (above.len() + 1).min(3);
    let mut line = Line::default();
    for name in above.iter().rev().take(2).rev() {
        line.push(fit(name, each.min(24), ink.glyphs.ellipsis), ink.styles.dim);
        line.push(format!(" {} ", ink.glyphs.crumb), ink.styles.dim);
    }
    let sign = ink.glyphs.observation(&observation.kind);
    line.push(format!("{sign} "), ink.styles.observation(&observation.kind));
    line.push(fit(&observation.name, each.max(12), ink.glyphs.ellipsis), ink.styles.current);
    line.add("  ", ink.styles.text).join(facts)
}

/// Names of what an observation happened in, outermost first.
fn ancestors(subject: &Subject, row: usize) -> Vec<&str> {
    let around = (0..row).filter(|above| subject.tree[*above].end > row);
    around.map(|above| subject.observations[subject.tree[above].observation].name.as_str()).collect()
}

/// Level, duration, tokens and cost of one observation.
fn observation_facts(ink: &Ink, subject: &Subject, row: &TreeRow) -> Line {
    let observation = &subject.observations[row.observation];
    let parts = [
        level(ink, observation.level),
        observation.latency.map(|seconds| Line::of(duration(seconds), ink.styles.dim)),
        (row.rolled.total > 0)
            .then(|| Line::of(format!("{} tok", grouped(row.rolled.total)), ink.styles.dim)),
        words::cost(&row.rolled).map(|cost| Line::of(cost, ink.styles.dim)),
    ];
    let mut line = Line::default();
    for part in parts.into_iter().flatten() {
        if !line.is_empty() {
            line.push(ink.dot(), ink.styles.dim);
        }
        line = line.join(part);
    }
    line
}
