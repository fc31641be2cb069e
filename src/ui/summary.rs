//! The end of a queue.

use std::time::Duration;

use super::ink::Ink;
use super::line::{Line, fit};
use super::{review, status, words};
use crate::domain::text::grouped;
use crate::domain::{Counts, DataType, ItemId, duration};
use crate::input::Action;

/// Draws the page.
pub(super) fn draw(ink: &mut Ink) {
    let (width, height) = ink.model.size;
    let all = super::whole((width, height));
    let (body, bottom) = all.split_bottom(2);
    let page = lines(ink);
    let rows = u16::try_from(page.len()).unwrap_or(u16::MAX);
    let area = body.centred(56, rows);
    ink.lines(area, &page);
    status::draw(ink, bottom, &[]);
}

fn lines(ink: &Ink) -> Vec<Line> {
    let queue = ink.model.reviewed_queue().map(|queue| queue.name.as_str()).unwrap_or_default();
    let counts = ink.model.review.queue.as_ref().and_then(|queue| ink.model.browse.counts.get(queue));
    let mut lines = vec![
        Line::of(fit(queue, 50, ink.glyphs.ellipsis), ink.styles.current),
        Line::of(verdict(ink, counts.copied()), ink.styles.text),
        Line::default(),
    ];
    lines.extend(facts(ink, counts.copied()));
    lines.extend(distribution(ink));
    lines.push(Line::default());
    lines.extend(unsent(ink));
    lines.push(Line::default());
    lines.extend(keys(ink));
    lines
}

/// What the end means.
fn verdict(ink: &Ink, counts: Option<Counts>) -> String {
    let skipped = ink.model.review.skipped.len();
    let shard = ink.model.start.shard.map(|shard| format!(" of shard {shard}")).unwrap_or_default();
    match (skipped, ink.model.review.done.len(), counts) {
        (0, 0, Some(counts)) if counts.total() == 0 => "This queue has no items yet.".into(),
        (0, 0, _) if !shard.is_empty() => format!("Nothing{shard} is pending here."),
        (0, 0, _) => "Nothing is pending here.".into(),
        (0, ..) => format!("That was the last pending item{shard}."),
        _ if !shard.is_empty() => format!("All that is left{shard} is what you skipped."),
        _ => "All that is left is what you skipped.".into(),
    }
}

fn facts(ink: &Ink, counts: Option<Counts>) -> Vec<Line> {
    let review = &ink.model.review;
    let fact = |name: &str, value: String| {
        Line::of(format!("{name:<10}"), ink.styles.dim).add(value, ink.styles.text)
    };
    let mut lines = vec![fact("done", review.done.len().to_string())];
    if !review.skipped.is_empty() {
        lines.push(fact("skipped", review.skipped.len().to_string()));
    }
    let flagged = flagged(ink);
    if flagged > 0 {
        lines.push(fact("flagged", flagged.to_string()));
    }
    if !review.done.is_empty() {
        let end = review.done.last().map_or(review.started, |done| done.at);
        lines.push(fact("time", spent(end.saturating_sub(review.started))));
    }
    if let Some(per_hour) = review::per_hour(ink) {
        lines.push(fact("pace", format!("{per_hour:.0}/h")));
    }
    if let Some(counts) = counts {
        lines.push(fact(
            "queue",
            format!("{} of {} done", grouped(counts.completed), grouped(counts.total())),
        ));
    }
    lines
}

/// How many items of this queue are flagged, as far as its items are known.
fn flagged(ink: &Ink) -> usize {
    let (list, review) = (&ink.model.browse.items.list, &ink.model.review);
    let is_here = |id: &&ItemId| {
        list.position(id).is_some()
            || review.skipped.contains(*id)
            || review.done.iter().any(|done| done.item == **id)
    };
    ink.model.flags.keys().filter(is_here).count()
}

/// What was given in this run, row by row: `tone  calm ×4  warm ×2`.
fn distribution(ink: &Ink) -> Vec<Line> {
    let done = &ink.model.review.done;
    let times = words::plain(ink, "×");
    let mut lines = Vec::new();
    for config in ink.model.rubric_configs().into_iter().filter(|config| config.data_type != DataType::Text) {
        let mut counts: Vec<(String, usize)> =
            config.options().into_iter().map(|(label, _)| (label, 0)).collect();
        for (_, value) in done.iter().flat_map(|done| &done.given).filter(|(id, _)| *id == config.id) {
            let label = value.to_string();
            match counts.iter_mut().find(|(known, _)| *known == label) {
                Some((_, count)) => *count += 1,
                None => counts.push((label, 1)),
            }
        }
        let given: Vec<String> =
            counts.iter().filter(|(_, n)| *n > 0).map(|(label, n)| format!("{label} {times}{n}")).collect();
        if !given.is_empty() {
            let name = fit(&config.name, 14, ink.glyphs.ellipsis);
            let line = Line::of(format!("{name:<16}"), ink.styles.dim);
            lines.push(line.add(fit(&given.join("  "), 40, ink.glyphs.ellipsis), ink.styles.text));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, Line::default());
    }
    lines
}

fn spent(time: Duration) -> String {
    duration(time.as_secs_f64())
}

/// What the server does not have yet, or that it has everything.
fn unsent(ink: &Ink) -> Vec<Line> {
    let (unsent, refused) = (ink.model.unsent(), ink.model.refused());
    let key = ink.key(Action::Unsent).map(|key| format!(" ({key} lists them)")).unwrap_or_default();
    let mut lines = Vec::new();
    if refused > 0 {
        let text = format!("{} {} refused{key}", ink.glyphs.failed, words::count(refused, "decision"));
        lines.push(Line::of(text, ink.styles.error));
    }
    if unsent > 0 {
        let words = words::count(unsent, "decision");
        let text = match &ink.model.pause {
            Some(_) => format!("{} {words} saved here, sent when the network is back", ink.glyphs.sending),
            None => format!("{} {words} on the way", ink.glyphs.sending),
        };
        lines.push(Line::of(text, ink.styles.accent));
    }
    if lines.is_empty() {
        lines.push(Line::of(format!("{} all sent", ink.glyphs.done), ink.styles.ok));
    }
    lines
}

fn keys(ink: &Ink) -> Vec<Line> {
    let mut actions = vec![(Action::NextQueue, "next queue"), (Action::Back, "back to the queues")];
    if !ink.model.review.skipped.is_empty() {
        actions.insert(0, (Action::ReviewSkipped, "review what was skipped"));
    }
    let line = |(action, words): (Action, &str)| {
        let key = ink.key(action)?;
        Some(Line::of(format!("{key:<3}"), ink.styles.accent).add(words, ink.styles.text))
    };
    actions.into_iter().filter_map(line).collect()
}
