//! The review of one item after another.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use super::geometry::{self, Pane, ReviewAreas, ReviewShape};
use super::item::{ItemData, Load};
use super::{Effect, Model, Screen, Standing, Wanted, browse, moving, open};
use crate::domain::rows::View;
use crate::domain::{ConfigId, Item, ItemId, QueueId, Target, TraceId, Value};

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

/// An item completed in this run.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The item.
    pub item: ItemId,
    /// When, in time since the program started.
    pub at: Duration,
    /// What was given, by row.
    pub given: Vec<(ConfigId, Value)>,
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
    /// The item on which the reviewer has chosen or answered a row: there it stays, whatever arrives.
    pub(super) row_chosen: Option<ItemId>,
    /// The search, if any.
    pub find: Option<Find>,
    /// Items skipped in this run.
    pub skipped: BTreeSet<ItemId>,
    /// Items completed in this run, in order.
    pub done: Vec<Done>,
    /// Those completed in this run whose completion was taken back.
    pub(super) taken_back: Vec<Done>,
    /// When this run began.
    pub started: Duration,
    /// When the current item came on screen.
    pub opened: Duration,
    /// Keys typed before the item had arrived.
    pub typed_ahead: VecDeque<super::Typed>,
    /// Set while the next item is being looked for.
    pub seeking: Option<usize>,
    /// An item that may be open elsewhere, met while looking for an open one.
    pub(super) elsewhere: Option<Item>,
    /// The item whose content could not be loaded, once the reviewer has been told that completing
    /// it means not having seen it.
    pub(super) unseen: Option<ItemId>,
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
            (Target::Trace(_), row) if row == subject.first_row() => Some(own),
            (_, row) => subject.observation_target(row),
        }
    }

    /// Where the item under review stands in the list; an item named at the start need not be in it.
    #[must_use]
    pub fn review_position(&self) -> Option<usize> {
        let at = self.review.position;
        let here = self.browse.items.list.get(at).map(|item| &item.id);
        (self.review.item.is_some() && here == self.review.item.as_ref()).then_some(at)
    }

    /// An item in the reviewer's words: its name and, where it is in the list, its number.
    #[must_use]
    pub fn item_name(&self, id: &ItemId) -> String {
        let list = &self.browse.items.list;
        let position = list.position(id);
        let data = self.items.get(id);
        let item = position.and_then(|at| list.get(at)).or_else(|| data.map(|data| &data.item));
        let Some(item) = item else { return "another item".into() };
        let label = self.browse.labels.get(&item.object.id).map(|label| label.name.as_str());
        let subject = data.and_then(|data| data.subject.ready()).map(|subject| subject.header.name.as_str());
        let name = subject.or(label).unwrap_or(item.object.kind.noun());
        position.map_or_else(|| name.to_owned(), |at| format!("{name} {}", at + 1))
    }

    /// Whether this item is held for a moment after its completion.
    #[must_use]
    pub fn is_held_back(&self, item: &ItemId) -> bool {
        self.review.held.as_ref() == Some(item)
    }

    /// Where the web UI shows a target.
    #[must_use]
    pub fn web_address(&self, target: &Target) -> Option<String> {
        let server = self.server.as_ref()?;
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
        moving::seek(model, position, effects);
        return;
    };
    leave_item(model, effects);
    model.browse.items.cursor = position;
    show_item(model, position, item, effects);
}

/// Finds the item under review in the list, once the page that holds it has arrived.
pub(super) fn find_position(model: &mut Model) {
    let Some(id) = model.review.item.as_ref().filter(|_| model.review_position().is_none()) else { return };
    if let Some(at) = model.browse.items.list.position(id) {
        model.review.position = at;
        model.browse.items.cursor = at;
    }
}

/// Opens an item that need not be in the list.
pub(super) fn open_item(model: &mut Model, item: Item, effects: &mut Vec<Effect>) {
    let position = model.browse.items.list.position(&item.id).unwrap_or(0);
    show_item(model, position, item, effects);
    find_position(model);
    if let Some(at) = model.review_position() {
        model.browse.items.cursor = at;
    }
}

fn show_item(model: &mut Model, position: usize, item: Item, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Browse {
        start_run(model);
    }
    model.screen = Screen::Review;
    moving::stop_seeking(model);
    let review = &mut model.review;
    if review.item.as_ref() != Some(&item.id) {
        review.opened = model.now.mono;
    }
    review.item = Some(item.id.clone());
    review.position = position;
    review.tree_row = 0;
    review.tree_top = 0;
    review.folded.clear();
    review.scroll = 0;
    review.row = 0;
    review.row_chosen = None;
    review.placed = false;
    review.find = None;
    review.unseen = None;
    model.items.entry(item.id.clone()).or_insert_with(|| ItemData::new(item));
    want(model, effects);
    open::ask_again(model, effects);
    settle(model);
    super::rubric::to_first_open(model);
}

/// A new run through a queue.
pub(super) fn start_run(model: &mut Model) {
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
    moving::stop_seeking(model);
    model.review.typed_ahead.clear();
    model.screen = Screen::Browse;
    model.browse.on_items = true;
    effects.push(Effect::ReleaseAll);
    effects.push(Effect::Want(Wanted::default()));
    browse::look_around(model, effects);
}

/// Forgets what was fetched for an item and fetches it again; what was decided stays.
pub(super) fn refresh(model: &mut Model, id: &ItemId, effects: &mut Vec<Effect>) {
    if let Some(data) = model.items.get_mut(id) {
        data.subject = Load::Waiting;
        data.scores = Load::Waiting;
        data.scores_asked = None;
        data.seen = None;
        data.comments.clear();
    }
    model.docs.retain(|key, rows| rows.is_none() || super::reading::item_of(&key.doc) != Some(id));
    // What is being fetched already would answer half of it and count as the whole.
    effects.push(Effect::Want(Wanted::default()));
    want(model, effects);
}

/// Asks for the current item and the next ones to be fetched, and forgets those far behind.
pub(super) fn want(model: &mut Model, effects: &mut Vec<Effect>) {
    let position = model.review.position;
    let list = &model.browse.items.list;
    let current = model.review.item.as_ref().and_then(|id| model.items.get(id)).map(|data| data.item.clone());
    let mut wanted: Vec<Item> = current.into_iter().collect();
    let ahead = (position + 1..list.len().unwrap_or(0).min(position + 50)).filter_map(|at| list.get(at));
    wanted.extend(ahead.filter(|item| model.is_next(item, Standing::Open)).take(AHEAD).cloned());
    for item in &wanted {
        model.items.entry(item.id.clone()).or_insert_with(|| ItemData::new(item.clone()));
    }
    forget_far(model, &wanted);
    let online = model.connection == super::Connection::Online;
    let outdated = |data: &ItemData| online && data.kept.is_some();
    wanted.retain(|item| model.items.get(&item.id).is_some_and(|d| is_incomplete(d) || outdated(d)));
    for item in &wanted {
        if let Some(data) = model.items.get_mut(&item.id) {
            let asked = data.scores_asked.filter(|_| !outdated(data));
            data.scores_asked = asked.or(Some(model.now.wall));
            if data.seen.is_none() {
                data.asking.get_or_insert(model.now.mono);
            }
        }
    }
    let on_screen = model.review.item.clone();
    effects.push(Effect::Want(Wanted { items: wanted, on_screen }));
    browse::ask_pages(model, position..position + AHEAD + 2, effects);
}

/// Another version of what is shown has arrived: whatever was laid out of the old one goes.
pub(super) fn content_changed(model: &mut Model, id: &ItemId) {
    model.docs.retain(|key, _| super::reading::item_of(&key.doc) != Some(id));
    if model.review.item.as_ref() == Some(id) {
        model.review.placed = false;
        model.review.folded.clear();
        model.review.find = None;
    }
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
        super::reading::keep_tree_in_view(model);
        super::rubric::to_first_open(model);
    }
}
