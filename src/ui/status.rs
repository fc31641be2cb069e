//! The status line: a message or the keys of this place on the left, the connection on the right.

use ratatui::style::Modifier;

use super::ink::{Ink, margins};
use super::line::{Line, fit};
use super::words::{self, goes_on, moment};
use crate::app::geometry::Area;
use crate::app::{Connection, Model, Pause, Screen, Why, contexts};
use crate::domain::text::{one_line, width};
use crate::domain::{ConfigId, DataType, ItemStatus};
use crate::input::{Action, Context, place};

/// Draws rule and line; vertical rules of the panes above end at these columns.
pub(super) fn draw(ink: &mut Ink, area: Area, joints: &[u16]) {
    if let Some(text) = banner(ink, usize::from(area.width)) {
        let style = ink.styles.error.add_modifier(Modifier::REVERSED);
        ink.line(area, 0, &Line::of(text, style));
    } else {
        ink.rule(area, ink.styles.rule);
        for x in joints {
            ink.join_below(*x, area.y);
        }
    }
    let (_, line) = area.split_top(1);
    let line = margins(line);
    let right = if message_needs_all(ink, line) { Line::default() } else { right(ink, line.width >= 110) };
    let room = usize::from(line.width).saturating_sub(right.width() + 2);
    let left = left(ink, room);
    ink.ends(line, 0, &left, &right);
}

/// While the keys are not accepted nothing is sent: that stays in sight until it is solved, with what
/// happened, that nothing is lost, and the next step.
fn banner(ink: &Ink, columns: usize) -> Option<String> {
    let Some(Pause { why: Why::Keys(said), .. }) = &ink.model.pause else { return None };
    let (dot, unsent) = (ink.dot(), words::count(ink.model.unsent(), "decision"));
    let key = ink.key(Action::Refresh);
    let retry = |verb: &str| key.as_ref().map(|key| format!("{dot}{key} {verb}")).unwrap_or_default();
    let what = "keys not accepted";
    let kept = format!("nothing is lost, {unsent} kept here{dot}tracemark login, then start again");
    let long = format!("{dot}{kept}{}", retry("tries again"));
    let room = columns.saturating_sub(width(&long) + what.len() + 5);
    let text = match columns {
        0..78 => format!("{what}{dot}nothing is lost{dot}tracemark login"),
        78..116 => format!("{what}{dot}nothing is lost{dot}tracemark login, restart{}", retry("retries")),
        116..150 => format!("{what}{long}"),
        _ => format!("{what}: {}{long}", fit(said, room, ink.glyphs.ellipsis)),
    };
    let room = columns.saturating_sub(2);
    Some(format!("  {text:room$}"))
}

/// Whether a message is cut short unless it has the whole line for its moment.
fn message_needs_all(ink: &Ink, line: Area) -> bool {
    let room = usize::from(line.width).saturating_sub(right(ink, line.width >= 110).width() + 2);
    let shown = ink.model.notice.as_ref().filter(|_| ink.model.count.is_none());
    shown.is_some_and(|notice| width(&one_line(&notice.text)) > room)
}

fn left(ink: &Ink, room: usize) -> Line {
    if let Some(count) = ink.model.count {
        return Line::of(count.to_string(), ink.styles.accent);
    }
    if let Some(notice) = &ink.model.notice {
        let text = words::plain(ink, &notice.text);
        return Line::of(fit(&text, room, ink.glyphs.ellipsis), ink.styles.text);
    }
    if !ink.model.modals.is_empty() {
        return Line::default();
    }
    waiting(ink, room).unwrap_or_else(|| hints(ink, room))
}

/// That something is being looked for, and that what was typed meanwhile is kept.
fn waiting(ink: &Ink, room: usize) -> Option<Line> {
    let review = &ink.model.review;
    let what = match (review.typed_ahead.len(), review.seeking) {
        (0, None) => return None,
        (0, Some(_)) => "looking for the next item".to_owned(),
        (keys, _) => format!("loading; {} waiting", words::count(keys, "key")),
    };
    let line = Line::of(format!("{what} {}", ink.glyphs.ellipsis), ink.styles.dim);
    let drop = ink.hint(ink.key(Action::Cancel), "drops it");
    let drop = drop.map(|hint| Line::of(ink.dot(), ink.styles.dim).join(hint));
    let drop = drop.filter(|drop| line.width() + drop.width() <= room);
    Some(drop.into_iter().fold(line, Line::join))
}

/// As many hints as fit, most useful first; the way out and help always.
fn hints(ink: &Ink, room: usize) -> Line {
    let dot = ink.dot();
    let mut help = Line::default();
    for action in [Action::Back, Action::Help] {
        if let Some(hint) = ink.hint(ink.key(action), named(ink.model, action)) {
            help = if help.is_empty() { hint } else { help.add(&dot, ink.styles.dim).join(hint) };
        }
    }
    let mut line = Line::default();
    let actions = useful(ink.model).iter();
    let of_actions = actions
        .filter(|action| makes_sense(ink.model, **action))
        .filter_map(|action| ink.hint(ink.key(*action), named(ink.model, *action)));
    for hint in digits(ink).into_iter().chain(of_actions) {
        let taken = line.width() + hint.width() + dot.len() + help.width();
        if taken > room {
            break;
        }
        line = line.join(hint).add(&dot, ink.styles.dim);
    }
    line.join(help)
}

/// Whether an action would do anything but say why not.
fn makes_sense(model: &Model, action: Action) -> bool {
    let scored = |id: &ConfigId| model.current().is_some_and(|data| data.mine.contains_key(id));
    match action {
        Action::Reason => model.current_config().is_some_and(|config| scored(&config.id)),
        Action::Open | Action::PaneRight | Action::Guidelines => {
            model.screen != Screen::Browse || model.browse.queue().is_some()
        }
        Action::Complete => model.browse.item().is_some_and(|item| item.status == ItemStatus::Pending),
        Action::Reopen => model.browse.item().is_some_and(|item| item.status == ItemStatus::Completed),
        Action::ReviewSkipped => !model.review.skipped.is_empty(),
        Action::Unsent => !model.open_writes.is_empty(),
        _ => true,
    }
}

/// What an action is called here.
fn named(model: &Model, action: Action) -> &'static str {
    match action {
        Action::Open => "review",
        Action::Back if model.screen == Screen::Browse && !model.browse.on_items => "quit",
        Action::PaneRight => "items",
        Action::Back if model.screen == Screen::Browse => "queues",
        _ => action.hint(),
    }
}

/// `1–4 tone`: what digits do on the current row.
fn digits(ink: &Ink) -> Option<Line> {
    if ink.model.screen != Screen::Review {
        return None;
    }
    let config = ink.model.current_config().filter(|config| !config.is_archived)?;
    let dash = if ink.glyphs.ascii { "-" } else { "–" };
    let key = match (config.data_type, config.digit_range()) {
        (DataType::Numeric, Some(range)) => format!("{}{dash}{}", range.start(), range.end()),
        (DataType::Numeric | DataType::Text | DataType::Correction, _) => ink.key(Action::EnterValue)?,
        _ => format!("1{dash}{}", config.options().len().min(9)),
    };
    ink.hint(Some(key), &fit(&config.name, 16, ink.glyphs.ellipsis))
}

/// The actions most worth knowing in this place.
fn useful(model: &Model) -> &'static [Action] {
    use Action::{
        Comment, Complete, CompleteNext, CycleView, Find, Guidelines, Info, NextItem, NextPane, NextQueue,
        Open, PaneRight, ReadScores, Reason, Refresh, Reopen, ReopenItem, ReviewSkipped, Skip, StatusFilter,
        Undo, Unsent, Zoom,
    };
    let here: &[Context] = contexts(model);
    let is_done = model.current().is_some_and(|data| data.status() == ItemStatus::Completed);
    match here {
        _ if here == place::QUEUES => &[Open, PaneRight, Guidelines, Refresh],
        _ if here == place::ITEMS => {
            &[Open, StatusFilter, Complete, Reopen, Undo, Guidelines, Refresh, Unsent]
        }
        _ if here == place::SUMMARY => &[ReviewSkipped, NextQueue, Undo],
        _ if is_done => {
            &[NextItem, ReopenItem, Undo, Comment, ReadScores, NextPane, CycleView, Find, Info, Zoom]
        }
        _ => &[
            CompleteNext,
            Comment,
            Skip,
            Undo,
            Reason,
            NextPane,
            CycleView,
            ReadScores,
            Guidelines,
            Find,
            Info,
            Zoom,
        ],
    }
}

/// Connection, shard, unsent writes, last answer of the server.
fn right(ink: &Ink, with_place: bool) -> Line {
    let parts = [connection(ink, with_place), shard(ink), sending(ink), last_sync(ink, with_place)];
    let mut line = Line::default();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line.push(ink.dot(), ink.styles.dim);
        }
        line = line.join(part);
    }
    line
}

fn connection(ink: &Ink, with_place: bool) -> Line {
    let model = ink.model;
    match (&model.connection, &model.pause) {
        (Connection::Connecting, _) => {
            Line::of(format!("connecting {}", ink.glyphs.ellipsis), ink.styles.dim)
        }
        (Connection::Failed(failure), _) => {
            Line::of(if failure.temporary { "offline" } else { "not connected" }, ink.styles.warn)
        }
        _ if model.limited.is_some() => Line::of(and_goes_on(ink, "rate limit", "goes on"), ink.styles.warn),
        (_, Some(pause)) => Line::of(paused(ink, &pause.why), ink.styles.warn),
        (Connection::Online, None) if with_place => Line::of(place_name(ink), ink.styles.dim),
        (Connection::Online, None) => Line::default(),
    }
}

fn paused(ink: &Ink, why: &Why) -> String {
    match why {
        Why::Offline(_) => and_goes_on(ink, "offline", "again"),
        Why::RateLimit => and_goes_on(ink, "rate limit", "goes on"),
        Why::Keys(_) => "keys not accepted".into(),
    }
}

/// Why something waits, and when it goes on where that is known.
fn and_goes_on(ink: &Ink, why: &str, verb: &str) -> String {
    let then = Some(goes_on(ink, verb)).filter(|then| !then.is_empty());
    then.map_or_else(|| why.to_owned(), |then| format!("{why}{}{then}", ink.dot()))
}

/// The part of the queues that is worked on, where it is not all.
fn shard(ink: &Ink) -> Line {
    let shard = ink.model.start.shard.map(|shard| Line::of(format!("shard {shard}"), ink.styles.accent));
    shard.unwrap_or_default()
}

/// Name of the connection.
pub(super) fn place_name(ink: &Ink) -> String {
    let start = &ink.model.start;
    if start.embedded { "embedded workspace".into() } else { fit(&start.place, 30, ink.glyphs.ellipsis) }
}

fn sending(ink: &Ink) -> Line {
    let (unsent, refused) = (ink.model.unsent(), ink.model.refused());
    let mut line = Line::default();
    if refused > 0 {
        line.push(format!("{} {refused}", ink.glyphs.failed), ink.styles.error);
    }
    if unsent > 0 {
        let gap = if refused > 0 { "  " } else { "" };
        line.push(format!("{gap}{} {unsent}", ink.glyphs.sending), ink.styles.accent);
        if ink.model.other_sender.is_some() {
            line.push(" (another tracemark sends)", ink.styles.dim);
        }
    }
    if line.is_empty() && ink.model.connection == Connection::Online {
        line.push(format!("{} all sent", ink.glyphs.done), ink.styles.dim);
    }
    line
}

/// A time of day rather than an age, since an idle screen is not drawn again.
fn last_sync(ink: &Ink, wide: bool) -> Line {
    match ink.model.last_sync {
        Some(at) if wide => Line::of(format!("synced {}", moment(ink, at)), ink.styles.dim),
        Some(at) => Line::of(moment(ink, at), ink.styles.dim),
        None => Line::default(),
    }
}
