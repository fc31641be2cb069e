//! The queues and the items of one of them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::item::Load;
use super::{Effect, FetchPage, Label, Model, moving, open};
use crate::domain::{Counts, Item, ItemStatus, LastLook, Object, ObjectKind, Queue, QueueId, Worklist};

/// Which items are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// Those still to do.
    #[default]
    Pending,
    /// Those done.
    Completed,
    /// All.
    All,
}

impl Filter {
    /// As the API asks.
    #[must_use]
    pub fn status(self) -> Option<ItemStatus> {
        match self {
            Self::Pending => Some(ItemStatus::Pending),
            Self::Completed => Some(ItemStatus::Completed),
            Self::All => None,
        }
    }

    /// The next one round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Pending => Self::Completed,
            Self::Completed => Self::All,
            Self::All => Self::Pending,
        }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::All => "all",
        }
    }
}

/// The items of the queue under the cursor.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// Whose items these are.
    pub queue: Option<QueueId>,
    /// Which of them.
    pub filter: Filter,
    /// The items, oldest first.
    pub list: Worklist,
    /// Position under the cursor.
    pub cursor: usize,
    /// First position shown.
    pub top: usize,
    /// Why the last page did not come, if so.
    pub failure: Option<super::Failure>,
    /// Since when the last page was kept here, where the server could not be asked.
    pub kept: Option<Timestamp>,
    /// Pages asked for, and when, in time since the start.
    pub(super) asked: HashMap<usize, Duration>,
    pub(super) generation: u64,
    /// Whether the list starts afresh with the next page, and is shown as it was until then.
    pub(super) stale: bool,
    /// The last look before the queue is called done; nothing else is asked for meanwhile.
    pub(super) look: Option<LastLook>,
}

/// The browse screen.
#[derive(Debug, Clone, Default)]
pub struct Browse {
    /// The queues, oldest first.
    pub queues: Load<Vec<Queue>>,
    /// Progress by queue.
    pub counts: HashMap<QueueId, Counts>,
    /// Since when the queues were kept here, where the server could not be asked.
    pub kept: Option<Timestamp>,
    /// The queue under the cursor.
    pub cursor: usize,
    /// First queue shown.
    pub top: usize,
    /// Whether the items have the focus rather than the queues.
    pub on_items: bool,
    /// The items of the queue under the cursor.
    pub items: Items,
    /// Names by object id.
    pub labels: HashMap<String, Label>,
    /// Objects whose names have been asked for.
    pub(super) labels_asked: HashSet<String>,
}

impl Browse {
    /// The queue under the cursor.
    #[must_use]
    pub fn queue(&self) -> Option<&Queue> {
        self.queues.ready()?.get(self.cursor)
    }

    /// The item under the cursor, if loaded.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.items.list.get(self.items.cursor)
    }
}

/// Rows the item list has for items at the present size.
#[must_use]
pub fn item_rows(model: &Model) -> usize {
    let areas = super::geometry::browse(model.size, model.browse.on_items);
    areas.items.map_or(0, |area| usize::from(area.height.saturating_sub(3)))
}

/// Rows the queue list has for queues at the present size.
#[must_use]
pub fn queue_rows(model: &Model) -> usize {
    let areas = super::geometry::browse(model.size, model.browse.on_items);
    areas.queues.map_or(0, |area| usize::from(area.height.saturating_sub(1)))
}

/// Shows the items of the queue under the cursor.
pub(super) fn show_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(queue) = model.browse.queue().map(|queue| queue.id.clone()) else { return };
    if model.browse.items.queue.as_ref() == Some(&queue) {
        return;
    }
    let generation = model.browse.items.generation + 1;
    let filter = model.browse.items.filter;
    let list = Worklist::in_pages_of(model.browse.items.list.page_size());
    model.browse.items = Items { queue: Some(queue), filter, list, generation, ..Items::default() };
    load_window(model, effects);
}

/// Loads and names what is in the window after it has moved, grown or come into view.
pub(super) fn look_around(model: &mut Model, effects: &mut Vec<Effect>) {
    keep_in_view(model);
    load_window(model, effects);
    ask_labels(model, effects);
}

/// Scrolls both lists so that what is under the cursor is shown.
fn keep_in_view(model: &mut Model) {
    let (queues, items) = (queue_rows(model), item_rows(model));
    let browse = &mut model.browse;
    browse.top = window_top(browse.top, browse.cursor, queues);
    browse.items.top = window_top(browse.items.top, browse.items.cursor, items);
}

/// The first row of a window that shows the cursor; a list that is not shown stays as it is.
fn window_top(top: usize, cursor: usize, height: usize) -> usize {
    if height == 0 { top } else { top.clamp((cursor + 1).saturating_sub(height), cursor) }
}

/// Lets pages be asked for again after one did not come.
pub(super) fn try_again(model: &mut Model) {
    model.browse.items.failure = None;
}

/// Starts the list afresh, keeping the cursor where it is.
pub(super) fn reload_items(model: &mut Model, effects: &mut Vec<Effect>) {
    let items = &mut model.browse.items;
    items.list.reset();
    items.look = None;
    items.asked.clear();
    items.failure = None;
    items.stale = false;
    items.generation += 1;
    load_window(model, effects);
}

/// Asks for the list again; what is there stays until the answer has come.
pub(super) fn refresh_items(model: &mut Model, effects: &mut Vec<Effect>) {
    let items = &mut model.browse.items;
    if items.list.len().is_none() {
        reload_items(model, effects);
        return;
    }
    items.look = None;
    items.asked.clear();
    items.failure = None;
    items.stale = true;
    items.generation += 1;
    ask_page(items, 1, model.now.mono, effects);
}

/// Begins the last look: everything is asked for once more, and what is on its way is dropped,
/// since it may have been read before this moment.
pub(super) fn begin_look(model: &mut Model, effects: &mut Vec<Effect>) {
    let items = &mut model.browse.items;
    items.look = Some(LastLook::new(items.list.page_size()));
    items.asked.clear();
    items.generation += 1;
    go_on_looking(model, effects);
}

/// Asks for the next page of the last look.
pub(super) fn go_on_looking(model: &mut Model, effects: &mut Vec<Effect>) {
    let items = &mut model.browse.items;
    if let Some(page) = items.look.as_ref().map(LastLook::page) {
        ask_page(items, page, model.now.mono, effects);
    }
}

/// Asks for the pages the window needs and does not have.
pub(super) fn load_window(model: &mut Model, effects: &mut Vec<Effect>) {
    ask_pages(model, window(model), effects);
}

/// The positions shown and some around them.
fn window(model: &Model) -> std::ops::Range<usize> {
    let shown = item_rows(model);
    let rows = shown.max(10);
    let items = &model.browse.items;
    // A list that is not shown keeps its top wherever the cursor goes.
    let top = if shown == 0 { items.cursor } else { items.top };
    top.min(items.cursor).saturating_sub(rows / 2)..items.cursor.max(top) + rows * 3 / 2
}

/// Asks for the pages that hold a range of positions, once each.
pub(super) fn ask_pages(model: &mut Model, range: std::ops::Range<usize>, effects: &mut Vec<Effect>) {
    let (now, items) = (model.now.mono, &mut model.browse.items);
    if items.failure.is_none() && items.look.is_none() {
        items.list.missing_pages(range).into_iter().for_each(|page| ask_page(items, page, now, effects));
    }
}

fn ask_page(items: &mut Items, page: usize, now: Duration, effects: &mut Vec<Effect>) {
    let Some(queue) = items.queue.clone() else { return };
    if let Entry::Vacant(place) = items.asked.entry(page) {
        place.insert(now);
        let (status, generation) = (items.filter.status(), items.generation);
        effects.push(Effect::FetchItems(FetchPage { queue, status, page, generation }));
    }
}

/// Takes a page in, and goes on to those that are still missing.
pub(super) fn take_page(
    model: &mut Model,
    fetch: &FetchPage,
    result: Result<(Vec<Item>, usize), super::Failure>,
    effects: &mut Vec<Effect>,
) {
    let items = &mut model.browse.items;
    if items.queue.as_ref() != Some(&fetch.queue) || items.generation != fetch.generation {
        return;
    }
    let asked = items.asked.remove(&fetch.page).unwrap_or_default();
    match result {
        Ok((page, total)) => place_page(model, fetch.page, total, page, asked),
        Err(failure) => page_failed(model, failure),
    }
    look_around(model, effects);
}

fn place_page(model: &mut Model, number: usize, total: usize, mut page: Vec<Item>, asked: Duration) {
    let items = &mut model.browse.items;
    if let Some(look) = items.look.as_mut().filter(|look| look.page() == number) {
        look.take(total, &page);
    }
    open::correct(model, &mut page, asked);
    let (position, sought) = (model.review.position, model.review.seeking.unwrap_or(0));
    let near = [window(model), position..position + 1, sought..sought + 1];
    let items = &mut model.browse.items;
    items.failure = None;
    if std::mem::take(&mut items.stale) {
        items.list.reset();
    }
    // Before the page is placed, so that it stays until what it was asked for has been done.
    items.list.keep_near(&near);
    items.list.place(number, total, page);
    if let Some(last) = items.list.len().and_then(|len| len.checked_sub(1)) {
        items.cursor = items.cursor.min(last);
    }
    if items.kept.is_none() {
        model.last_sync = Some(model.now.wall);
    }
}

/// Without the page there is no next item to go to, so nothing must wait for it.
fn page_failed(model: &mut Model, failure: super::Failure) {
    if moving::stop_seeking(model) {
        model.review.typed_ahead.clear();
        model.say(format!("the next items could not be loaded: {}", failure.message));
    } else if model.browse.items.list.len().is_some() {
        model.say(format!("the list could not be loaded: {}", failure.message));
    }
    model.browse.items.failure = Some(failure);
}

/// Asks for the names of the items in the window.
pub(super) fn ask_labels(model: &mut Model, effects: &mut Vec<Effect>) {
    let rows = item_rows(model).max(10);
    let browse = &mut model.browse;
    let top = browse.items.top;
    let mut objects: Vec<Object> = Vec::new();
    for position in top..top + rows {
        let Some(item) = browse.items.list.get(position) else { continue };
        if item.object.kind != ObjectKind::Session && browse.labels_asked.insert(item.object.id.clone()) {
            objects.push(item.object.clone());
        }
    }
    if !objects.is_empty() {
        effects.push(Effect::FetchLabels(objects));
    }
}

/// Takes the queues in: oldest first, as they were set up.
pub(super) fn take_queues(
    model: &mut Model,
    result: Result<Vec<Queue>, super::Failure>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(mut queues) => {
            queues.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            let kept = model.browse.queue().map(|queue| queue.id.clone());
            let at = kept.and_then(|id| queues.iter().position(|queue| queue.id == id));
            model.browse.cursor =
                at.unwrap_or_else(|| model.browse.cursor.min(queues.len().saturating_sub(1)));
            if model.browse.kept.is_none() {
                model.last_sync = Some(model.now.wall);
            }
            effects.push(Effect::FetchCounts(queues.iter().map(|queue| queue.id.clone()).collect()));
            model.browse.queues = Load::Ready(queues);
            show_queue(model, effects);
        }
        Err(failure) if model.browse.queues.ready().is_none() => model.browse.queues = Load::Failed(failure),
        Err(failure) => model.say(failure.message),
    }
}
