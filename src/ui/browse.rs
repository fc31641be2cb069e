//! The queues and the items of one of them.

use super::ink::{Ink, margins};
use super::line::{Line, fit};
use super::{status, words};
use crate::app::geometry::{self, Area};
use crate::app::{Connection, Filter, Load, Standing, item_rows, queue_rows};
use crate::domain::text::grouped;
use crate::domain::{Counts, Item, ItemStatus, ObjectKind, Queue, Write, WriteState, ago};
use crate::input::{Action, place};

/// Cells of a progress bar.
const BAR: usize = 6;

/// Draws the screen.
pub(super) fn draw(ink: &mut Ink) {
    let on_items = ink.model.browse.on_items;
    let areas = geometry::browse(ink.model.size, on_items);
    header(ink, areas.header);
    let mut joints = Vec::new();
    if let Some(area) = areas.queues {
        queues(ink, area, !on_items);
    }
    if let Some(area) = areas.items {
        if area.x > 0 {
            ink.pane_rule(area, on_items);
            joints.push(area.x);
        }
        items(ink, area, on_items);
    }
    status::draw(ink, areas.status, &joints);
}

fn header(ink: &mut Ink, area: Area) {
    let area = margins(area);
    let left = Line::of("tracemark", ink.styles.current);
    let right = whereabouts(ink);
    ink.ends(area, 0, &left, &right);
}

/// What the program is connected to.
fn whereabouts(ink: &Ink) -> Line {
    let place = status::place_name(ink);
    match &ink.model.connection {
        _ if ink.model.start.embedded => Line::of(place, ink.styles.text)
            .add(ink.dot(), ink.styles.dim)
            .add("`tracemark login` connects to Langfuse", ink.styles.dim),
        Connection::Connecting => Line::of(place, ink.styles.dim),
        Connection::Online => {
            let line = Line::of(place, ink.styles.text);
            let Some(server) = &ink.model.server else { return line };
            if let Some(lacking) = &server.lacking {
                return line
                    .add(ink.dot(), ink.styles.dim)
                    .add(fit(lacking, 90, ink.glyphs.ellipsis), ink.styles.warn);
            }
            match fit(&server.project_name, 30, ink.glyphs.ellipsis) {
                project if project.is_empty() => line,
                project => line.add(ink.dot(), ink.styles.dim).add(project, ink.styles.text),
            }
        }
        Connection::Failed(failure) => Line::of(place, ink.styles.text)
            .add(ink.dot(), ink.styles.dim)
            .add(fit(&failure.message, 60, ink.glyphs.ellipsis), ink.styles.warn),
    }
}

fn queues(ink: &mut Ink, area: Area, focused: bool) {
    let body = geometry::inner(area);
    let browse = &ink.model.browse;
    let title = Area { x: body.x, width: body.width, height: 1, ..area };
    ink.ends(title, 0, &ink.title("QUEUES", focused), &words::as_of(ink, browse.kept));
    match &browse.queues {
        Load::Waiting => words::waiting(ink, body, "loading the queues"),
        Load::Failed(failure) => words::failure(ink, body, "The queues could not be loaded.", failure),
        Load::Ready(queues) if queues.is_empty() => {
            let hint = "Annotation queues are set up in Langfuse, with their score configs.";
            words::instead(ink, body, "This project has no annotation queues yet.", Some(hint));
        }
        Load::Missing => words::instead(ink, body, "This project has no annotation queues.", None),
        Load::Ready(queues) => queue_list(ink, body, queues, focused),
    }
}

fn queue_list(ink: &mut Ink, body: Area, queues: &[Queue], focused: bool) {
    let browse = &ink.model.browse;
    let numbers = browse.counts.values().map(|counts| grouped(counts.total()).len());
    let digits = numbers.max().unwrap_or(1).max(3);
    // As the model counts rows when it keeps the cursor in view.
    let rows = queue_rows(ink.model).max(1);
    for (row, (at, queue)) in queues.iter().enumerate().skip(browse.top).take(rows).enumerate() {
        let current = at == browse.cursor;
        let right = progress(ink, browse.counts.get(&queue.id).copied(), digits);
        let room = usize::from(body.width).saturating_sub(right.width() + 4);
        let name = match fit(&queue.name, room, ink.glyphs.ellipsis) {
            name if name.is_empty() => "(no name)".into(),
            name => name,
        };
        let style = if current { ink.styles.current } else { ink.styles.text };
        let left = ink.cursor(current, focused).add(name, style);
        ink.ends(body, row, &left, &right);
    }
}

/// `12 ▕█░░░░░▏ 240`: items done, as a share, of how many.
fn progress(ink: &Ink, counts: Option<Counts>, digits: usize) -> Line {
    let (glyphs, styles) = (ink.glyphs, ink.styles);
    let Some(counts) = counts else { return Line::default() };
    let full = share(counts.completed, counts.total());
    Line::of(format!("{:>digits$} ", grouped(counts.completed)), styles.dim)
        .add(glyphs.progress_left, styles.bar_empty)
        .add(glyphs.progress_full.repeat(full), styles.bar_full)
        .add(glyphs.progress_empty.repeat(BAR - full), styles.bar_empty)
        .add(glyphs.progress_right, styles.bar_empty)
        .add(format!(" {:>digits$}", grouped(counts.total())), styles.dim)
}

/// Cells to fill: none only when nothing is done, all only when everything is.
fn share(done: u64, of: u64) -> usize {
    let cells = u64::try_from(BAR).unwrap_or(1);
    let full = match done {
        0 => 0,
        done if done >= of => cells,
        done => (done * cells / of).clamp(1, cells - 1),
    };
    usize::try_from(full).unwrap_or(0)
}

fn items(ink: &mut Ink, area: Area, focused: bool) {
    let inner = geometry::inner(area);
    let head = Area { y: area.y, height: 2.min(area.height), ..inner };
    let (_, body) = inner.split_top(2);
    let Some(queue) = ink.model.browse.queue() else { return };
    let name = fit(&queue.name, usize::from(head.width) / 2, ink.glyphs.ellipsis);
    let kept = words::as_of(ink, ink.model.browse.items.kept);
    let dot = if kept.is_empty() { String::new() } else { ink.dot() };
    let right = kept.add(dot, ink.styles.dim).join(tally(ink, queue));
    ink.ends(head, 0, &ink.title(&name, focused), &right);
    guidelines(ink, head, queue);
    let items = &ink.model.browse.items;
    match (items.list.len(), &items.failure) {
        (None, Some(failure)) => words::failure(ink, body, "The items could not be loaded.", failure),
        (None, None) if matches!(ink.model.connection, Connection::Failed(_)) => {
            let text = "Items are listed once the server answers.";
            words::instead(ink, body, text, Some("What you decided is saved here and sends then."));
        }
        (None, None) => words::waiting(ink, body, "loading the items"),
        (Some(0), _) => empty(ink, body),
        (Some(len), _) => item_list(ink, body, len, focused),
    }
}

/// `228 pending · 12 done · showing pending`.
fn tally(ink: &Ink, queue: &Queue) -> Line {
    let dot = ink.dot();
    let filter = ink.model.browse.items.filter.name();
    match ink.model.browse.counts.get(&queue.id) {
        Some(counts) => Line::of(
            format!(
                "{} pending{dot}{} done{dot}showing {filter}",
                grouped(counts.pending),
                grouped(counts.completed)
            ),
            ink.styles.dim,
        ),
        None => Line::of(format!("showing {filter}"), ink.styles.dim),
    }
}

/// The first line of the guidelines, with the key that shows them all.
fn guidelines(ink: &mut Ink, head: Area, queue: &Queue) {
    let text = queue.description.as_deref().map(str::trim).unwrap_or_default();
    let first =
        text.lines().map(|line| line.trim_start_matches(['#', '*', '-', ' '])).find(|l| !l.is_empty());
    let Some(first) = first else { return };
    let key = ink.key_in(place::ITEMS, Action::Guidelines);
    let more = ink.hint(key, "more").unwrap_or_default();
    let line = Line::of(fit(first, usize::from(head.width), ink.glyphs.ellipsis), ink.styles.dim);
    ink.ends(head, 1, &line, &more);
}

fn empty(ink: &mut Ink, body: Area) {
    let key = ink.key_in(place::ITEMS, Action::StatusFilter);
    let (text, next) = match ink.model.browse.items.filter {
        Filter::Pending => ("Nothing is pending here.", "shows what is completed"),
        Filter::Completed => ("Nothing is completed here yet.", "shows all items"),
        Filter::All => ("This queue has no items yet.", "shows what is pending"),
    };
    let hint = key.map(|key| format!("{key} {next}"));
    words::instead(ink, body, text, hint.as_deref());
}

fn item_list(ink: &mut Ink, body: Area, len: usize, focused: bool) {
    let items = &ink.model.browse.items;
    let end = len.min(items.top + item_rows(ink.model));
    for (row, position) in (items.top..end).enumerate() {
        let current = position == items.cursor;
        let cursor = ink.cursor(current, focused);
        match items.list.get(position) {
            Some(item) => {
                let (left, right) = item_line(ink, item, current, usize::from(body.width));
                ink.ends(body, row, &cursor.join(left), &right);
            }
            None => ink.line(body, row, &cursor.add(format!("  {}", ink.glyphs.ellipsis), ink.styles.dim)),
        }
    }
}

fn item_line(ink: &Ink, item: &Item, current: bool, width: usize) -> (Line, Line) {
    let label = ink.model.browse.labels.get(&item.object.id);
    let is_mine_to_do = matches!(ink.model.standing(item), Standing::Open | Standing::Elsewhere);
    let plain = if is_mine_to_do { ink.styles.text } else { ink.styles.dim };
    let name_style = if current { ink.styles.current } else { plain };
    let columns = (width * 3 / 10).clamp(12, 24);
    let name = match (label, item.object.kind) {
        (Some(label), _) if !label.name.trim().is_empty() => label.name.as_str(),
        (_, ObjectKind::Session) => item.object.id.as_str(),
        (_, kind) => kind.noun(),
    };
    let right = Line::of(when(ink, item), ink.styles.dim);
    let quoted = label.and_then(|label| label.title.as_deref()).map(|title| {
        let [open, close] = ink.glyphs.quotes;
        let room = width.saturating_sub(columns + 9 + right.width().max(9));
        format!("{open}{}{close}", fit(title, room, ink.glyphs.ellipsis))
    });
    let left = flag(ink, item)
        .add(" ", plain)
        .add(words::object_sign(ink, item.object.kind), ink.styles.dim)
        .add(" ", plain)
        .add(fit(name, columns, ink.glyphs.ellipsis), name_style)
        .pad(4 + columns + 1)
        .add(quoted.unwrap_or_default(), plain);
    (left, right)
}

/// The one sign that matters most: being saved, refused, unsent, saved here, flagged, draft, done,
/// open elsewhere.
fn flag(ink: &Ink, item: &Item) -> Line {
    if ink.model.saving.values().any(|(id, _)| *id == item.id) {
        return Line::of(ink.glyphs.ellipsis, ink.styles.dim);
    }
    let own = ink.model.open_writes.values().filter(|written| written.item_id == item.id);
    let worst = own.map(|written| written.state).max_by_key(|state| match state {
        WriteState::Refused | WriteState::Conflict => 3,
        WriteState::Pending | WriteState::Sending | WriteState::Sent => 2,
        WriteState::Held => 1,
        WriteState::Confirmed | WriteState::Replaced => 0,
    });
    let has_draft = ink.model.items.get(&item.id).is_some_and(|data| !data.drafts.is_empty());
    match worst {
        Some(state) => Line::of(ink.glyphs.write_state(state), ink.styles.write_state(state)),
        None if ink.model.flags.contains_key(&item.id) => Line::of(ink.glyphs.flag, ink.styles.badge),
        None if has_draft => Line::of(ink.glyphs.draft, ink.styles.badge),
        None if item.status == ItemStatus::Completed => Line::of(ink.glyphs.done, ink.styles.ok),
        None if ink.model.standing(item) == Standing::Elsewhere => {
            Line::of(ink.glyphs.elsewhere, ink.styles.warn)
        }
        None => Line::of(" ", ink.styles.text),
    }
}

/// How old it is and why it is not to be done now, or when it was completed and whether here.
fn when(ink: &Ink, item: &Item) -> String {
    let now = ink.model.now.wall;
    if ink.model.leaving().any(|id| *id == item.id) {
        return "being removed".into();
    }
    match ink.model.standing(item) {
        Standing::Removed => return "removed from the queue".into(),
        Standing::Elsewhere => return "possibly open elsewhere".into(),
        Standing::OtherShard => return format!("other shard{}{}", ink.dot(), ago(item.created_at, now)),
        Standing::Open => return ago(item.created_at, now),
        Standing::Done => {}
    }
    let is_mine = |write: &Write| matches!(write, Write::Status { item_id, .. } if *item_id == item.id);
    let mine = ink.model.review.done.iter().any(|done| done.item == item.id)
        || ink.model.open_writes.values().any(|written| is_mine(&written.write));
    match (mine, item.completed_at) {
        (true, None) => "me".into(),
        (true, Some(at)) => format!("me{}{}", ink.dot(), ago(at, now)),
        (false, at) => at.map_or_else(String::new, |at| ago(at, now)),
    }
}
