//! The review of one item after another.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use super::geometry::{self, Pane, ReviewAreas, ReviewShape};
use super::item::{ItemData, Load};
use super::{Effect, Model, Screen, browse};
use crate::domain::rows::View;
use crate::domain::{Item, ItemId, ItemStatus, Next, QueueId, Target, TraceId, Write};
use crate::input::Key;

/// Items kept fetched behind the current one and its successors.
const KEPT: usize = 8;
/// Items fetched ahead of the current one.
const AHEAD: usize = 3;

/// A search within the content.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Find {
    /// What is looked for.
    pub query: String,
    /// Rows that contain it, top to bottom.
    pub rows: Vec<usize>,
    /// The match last jumped to.
    pub at: usize,
}

/// The review under way.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// The current item.
    pub item: Option<ItemId>,
    /// Its position in the list of items.
    pub position: usize,
    /// The queue under review.
    pub queue: Option<QueueId>,
    /// The pane that reading keys act on.
    pub pane: Pane,
    /// Current row of the tree.
    pub tree_row: usize,
    /// First row of the tree shown.
    pub tree_top: usize,
    /// Tree rows whose children are hidden.
    pub folded: HashSet<usize>,
    /// How content is shown.
    pub view: View,
    /// Whether long lines are cut off rather than wrapped.
    pub no_wrap: bool,
    /// Whether the focused pane has the whole screen.
    pub zoomed: bool,
    /// Whether the tree is shown; `None` leaves it to the width.
    pub tree: Option<bool>,
    /// First row of the content shown.
    pub scroll: usize,
    /// Current row of the rubric.
    pub row: usize,
    /// The search, if any.
    pub find: Option<Find>,
    /// Items skipped in this run.
    pub skipped: BTreeSet<ItemId>,
    /// Items completed in this run, in order, with the moment.
    pub done: Vec<(ItemId, Duration)>,
    /// When this run began.
    pub started: Duration,
    /// Keys typed before the item had arrived.
    pub typed_ahead: VecDeque<Key>,
    /// Set while the next item is being looked for.
    pub seeking: Option<usize>,
    /// The item completed last, which may still be held back.
    pub(super) held: Option<ItemId>,
    /// Whether the tree row has been set for the item's own observation.
    pub(super) placed: bool,
}

impl Model {
    /// The item under review.
    #[must_use]
    pub fn current(&self) -> Option<&ItemData> {
        self.items.get(self.review.item.as_ref()?)
    }

    /// Where the panes of the review are.
    #[must_use]
    pub fn review_areas(&self) -> ReviewAreas {
        let review = &self.review;
        let rows = u16::try_from(self.rubric_configs().len()).unwrap_or(u16::MAX);
        let shape = ReviewShape {
            zoomed: review.zoomed.then_some(review.pane),
            tree: review.tree.unwrap_or(self.size.0 >= 120),
            rows,
        };
        geometry::review(self.size, shape)
    }
}

impl Model {
    /// The object the reviewer looks at: the selected observation, or the trace in a session.
    #[must_use]
    pub fn selected_target(&self) -> Option<Target> {
        let data = self.current()?;
        let own = data.target()?;
        let Some(subject) = data.subject.ready() else { return Some(own) };
        match (&own, self.review.tree_row) {
            (Target::Session(_), 0) => Some(own),
            (Target::Session(_), row) => {
                let trace = subject
                    .tree
                    .get(row - 1)
                    .map(|row| subject.observations[row.observation].trace_id.clone());
                trace.map(Target::Trace)
            }
            (Target::Trace(_), 0) => Some(own),
            (_, row) => subject.observation_target(row),
        }
    }

    /// Where the web UI shows a target.
    #[must_use]
    pub fn web_address(&self, target: &Target) -> Option<String> {
        let super::Connection::Online(server) = &self.connection else { return None };
        let base = self.start.web_url.as_ref()?.trim_end_matches('/');
        let project = format!("{base}/project/{}", server.project);
        let trace = |id: &TraceId| format!("{project}/traces/{id}");
        Some(match target {
            Target::Trace(id) => trace(id),
            Target::Observation(id, observation) => format!("{}?observation={observation}", trace(id)),
            Target::Session(id) => format!("{project}/sessions/{id}"),
        })
    }
}

/// Opens the item at a position of the list, once it is loaded.
pub(super) fn open_at(model: &mut Model, position: usize, effects: &mut Vec<Effect>) {
    let Some(item) = model.browse.items.list.get(position).cloned() else {
        seek(model, position, effects);
        return;
    };
    leave_item(model, effects);
    model.browse.items.cursor = position;
    show_item(model, position, item, effects);
}

fn show_item(model: &mut Model, position: usize, item: Item, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Browse {
        start_run(model);
    }
    model.screen = Screen::Review;
    let review = &mut model.review;
    review.item = Some(item.id.clone());
    review.position = position;
    review.seeking = None;
    review.tree_row = 0;
    review.tree_top = 0;
    review.folded.clear();
    review.scroll = 0;
    review.row = 0;
    review.placed = false;
    review.find = None;
    model.items.entry(item.id.clone()).or_insert_with(|| ItemData::new(item));
    want(model, effects);
    settle(model);
}

/// A new run through a queue.
fn start_run(model: &mut Model) {
    let kept = Review {
        view: model.review.view,
        no_wrap: model.review.no_wrap,
        tree: model.review.tree,
        ..Review::default()
    };
    model.review = Review {
        queue: model.browse.items.queue.clone(),
        started: model.now.mono,
        typed_ahead: std::mem::take(&mut model.review.typed_ahead),
        ..kept
    };
}

/// Begins with the first item that is still to do.
pub(super) fn start(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Browse {
        start_run(model);
    }
    seek(model, 0, effects);
}

/// Looks for the next item still to do from a position on, loading pages as needed.
pub(super) fn seek(model: &mut Model, from: usize, effects: &mut Vec<Effect>) {
    let items = &mut model.browse.items;
    model.review.seeking = Some(from);
    if items.list.len().is_none() {
        browse::ask_pages(items, 0..1, effects);
        return;
    }
    match items.list.next_open(from, &model.review.skipped) {
        Some(Next::Item(position)) => open_at(model, position, effects),
        Some(Next::Unknown(position)) => browse::ask_pages(items, position..position + 1, effects),
        // Items before the current one may have been left open, or be open again.
        None if from > 0 => seek(model, 0, effects),
        None => end_of_queue(model, effects),
    }
}

/// Goes on looking once more of the list has arrived.
pub(super) fn resume_seek(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(from) = model.review.seeking {
        seek(model, from, effects);
    }
}

fn end_of_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    leave_item(model, effects);
    model.review.item = None;
    model.review.seeking = None;
    model.review.typed_ahead.clear();
    model.screen = Screen::Summary;
    effects.push(Effect::ReleaseAll);
    effects.push(Effect::Want(Vec::new()));
    if let Some(queue) = model.review.queue.clone() {
        effects.push(Effect::FetchCounts(vec![queue]));
    }
}

/// Lets the decisions on the current item go, unless it is the one just completed and held.
pub(super) fn leave_item(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(id) = model.review.item.clone() else { return };
    if model.review.held.as_ref() != Some(&id) {
        effects.push(Effect::Release(id, None));
    }
}

/// Back to the lists.
pub(super) fn leave_review(model: &mut Model, effects: &mut Vec<Effect>) {
    leave_item(model, effects);
    model.review.held = None;
    model.review.item = None;
    model.review.seeking = None;
    model.review.typed_ahead.clear();
    model.screen = Screen::Browse;
    model.browse.on_items = true;
    effects.push(Effect::ReleaseAll);
    effects.push(Effect::Want(Vec::new()));
    browse::load_window(model, effects);
    browse::ask_labels(model, effects);
}

/// Completes the current item and shows the next one at once.
pub(super) fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((id, queue_id, status)) =
        model.current().map(|data| (data.item.id.clone(), data.item.queue_id.clone(), data.status()))
    else {
        return;
    };
    if status == ItemStatus::Pending {
        record_status(model, &id, queue_id, ItemStatus::Completed, effects);
        release_held(model, effects);
        let hold = model.start.hold;
        if hold.is_zero() {
            effects.push(Effect::Release(id.clone(), None));
        } else {
            let until = jiff::SignedDuration::try_from(hold)
                .ok()
                .and_then(|hold| model.now.wall.checked_add(hold).ok());
            effects.push(Effect::Release(id.clone(), until));
            model.review.held = Some(id.clone());
        }
        model.review.done.push((id, model.now.mono));
    } else {
        model.say("already completed");
    }
    let next = model.review.position + 1;
    seek(model, next, effects);
}

/// The item completed before the last one need not be held any longer.
fn release_held(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(before) = model.review.held.take() {
        effects.push(Effect::Release(before, None));
    }
}

/// Makes the current item pending again.
pub(super) fn reopen(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((id, queue_id, status)) =
        model.current().map(|data| (data.item.id.clone(), data.item.queue_id.clone(), data.status()))
    else {
        return;
    };
    reopen_item(model, &id, queue_id, status, effects);
}

/// Makes an item pending again: takes a held completion back, or writes the new state.
pub(super) fn reopen_item(
    model: &mut Model,
    id: &ItemId,
    queue_id: QueueId,
    status: ItemStatus,
    effects: &mut Vec<Effect>,
) {
    if status == ItemStatus::Pending {
        model.say("this item is not completed");
        return;
    }
    model.review.done.retain(|(done, _)| done != id);
    record_status(model, id, queue_id, ItemStatus::Pending, effects);
    effects.push(Effect::Release(id.clone(), None));
    if model.review.held.as_ref() == Some(id) {
        model.review.held = None;
    }
    model.say("reopened");
}

fn record_status(
    model: &mut Model,
    id: &ItemId,
    queue_id: QueueId,
    status: ItemStatus,
    effects: &mut Vec<Effect>,
) {
    let write = Write::Status { queue_id, item_id: id.clone(), status };
    super::rubric::record(model, id, write, effects);
    model.browse.items.list.set_status(id, status);
}

/// Leaves the item for later.
pub(super) fn skip(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(id) = model.review.item.clone() else { return };
    if model.current().is_some_and(|data| data.status() == ItemStatus::Pending) {
        model.review.skipped.insert(id);
    }
    let next = model.review.position + 1;
    seek(model, next, effects);
}

/// The next or previous item of the list, whatever its state.
pub(super) fn step(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let len = model.browse.items.list.len().unwrap_or(0);
    let position = model.review.position;
    let to = if forward { Some(position + 1).filter(|to| *to < len) } else { position.checked_sub(1) };
    match to {
        None if forward => model.say("this is the last item"),
        None => model.say("this is the first item"),
        Some(to) if model.browse.items.list.get(to).is_some() => open_at(model, to, effects),
        Some(to) => {
            browse::ask_pages(&mut model.browse.items, to..to + 1, effects);
            model.say("loading more items …");
        }
    }
}

/// Reviews what was skipped.
pub(super) fn review_skipped(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.review.skipped.is_empty() {
        model.say("nothing was skipped");
        return;
    }
    model.review.skipped.clear();
    seek(model, 0, effects);
}

/// Asks for the current item and the next ones to be fetched, and forgets those far behind.
pub(super) fn want(model: &mut Model, effects: &mut Vec<Effect>) {
    let position = model.review.position;
    let list = &model.browse.items.list;
    let current = model.review.item.as_ref().and_then(|id| model.items.get(id)).map(|data| data.item.clone());
    let mut wanted: Vec<Item> = current.into_iter().collect();
    let skipped = &model.review.skipped;
    let ahead = (position + 1..list.len().unwrap_or(0).min(position + 50)).filter_map(|at| list.get(at));
    wanted.extend(
        ahead.filter(|i| i.status == ItemStatus::Pending && !skipped.contains(&i.id)).take(AHEAD).cloned(),
    );
    for item in &wanted {
        model.items.entry(item.id.clone()).or_insert_with(|| ItemData::new(item.clone()));
    }
    forget_far(model, &wanted);
    wanted.retain(|item| model.items.get(&item.id).is_some_and(is_incomplete));
    effects.push(Effect::Want(wanted));
    browse::ask_pages(&mut model.browse.items, position..position + AHEAD + 2, effects);
}

fn is_incomplete(data: &ItemData) -> bool {
    let failed = matches!(data.subject, Load::Failed(_)) || matches!(data.scores, Load::Failed(_));
    data.subject.is_waiting() || data.scores.is_waiting() || data.writes.is_none() || failed
}

/// Drops fetched data of items that are far from the current one and have nothing unsaved.
fn forget_far(model: &mut Model, wanted: &[Item]) {
    let position = model.review.position;
    let list = &model.browse.items.list;
    let near: HashSet<ItemId> = (position.saturating_sub(KEPT)..=position + KEPT)
        .filter_map(|at| list.get(at))
        .chain(wanted)
        .map(|item| item.id.clone())
        .collect();
    model.items.retain(|id, data| near.contains(id) || !data.saving.is_empty() || !data.unsaved.is_empty());
    let items = &model.items;
    model.docs.retain(|key, _| super::reading::item_of(&key.doc).is_none_or(|id| items.contains_key(id)));
}

/// Brings what depends on the current item's data into order after some of it has arrived.
pub(super) fn settle(model: &mut Model) {
    let Some(id) = model.review.item.clone() else { return };
    let Some(data) = model.items.get(&id) else { return };
    if !model.review.placed
        && let Some(subject) = data.subject.ready()
    {
        model.review.tree_row = subject.first_row();
        model.review.placed = true;
        super::rubric::to_first_open(model);
    }
}
