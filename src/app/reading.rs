//! Reading the current item: tree, scrolling, views, search, and which layouts are needed.

use super::effect::{Doc, DocKey, DocSource};
use super::geometry::{self, Pane};
use super::modal::{Modal, Showing, Viewer};
use super::review::Find;
use super::{Effect, Model, Screen, unsent};
use crate::domain::rows::View;
use crate::domain::{ItemId, ObjectKind, Subject};

/// Laid-out documents kept.
const KEPT_DOCS: usize = 48;

/// The item a document belongs to.
#[must_use]
pub(super) fn item_of(doc: &Doc) -> Option<&ItemId> {
    match doc {
        Doc::Observation(item, _)
        | Doc::Conversation(item)
        | Doc::Info(item, _)
        | Doc::Given(item)
        | Doc::Comments(item, _) => Some(item),
        Doc::Guidelines(_) | Doc::Write(..) => None,
    }
}

/// The content on screen, as a document.
#[must_use]
pub fn content_key(model: &Model) -> Option<DocKey> {
    let data = model.current()?;
    let subject = data.subject.ready()?;
    let width = geometry::inner(model.review_areas().content?).width;
    let whole = data.item.object.kind == ObjectKind::Session && model.review.tree_row == 0;
    let item = data.item.id.clone();
    let doc =
        if whole { Doc::Conversation(item) } else { Doc::Observation(item, content_row(model, subject)) };
    Some(DocKey { doc, width, view: model.review.view, wrap: !model.review.no_wrap })
}

/// The tree row whose content is shown. In a session, row 0 of the list is the whole conversation
/// and the traces follow.
fn content_row(model: &Model, subject: &Subject) -> usize {
    let is_session = matches!(subject.target, crate::domain::Target::Session(_));
    if is_session { model.review.tree_row - 1 } else { model.review.tree_row }
}

/// Rows of the list beside the content: the tree, or a session's traces below the whole.
#[must_use]
pub fn tree_len(subject: &Subject) -> usize {
    let is_session = matches!(subject.target, crate::domain::Target::Session(_));
    subject.tree.len() + usize::from(is_session)
}

/// Tree rows that no fold hides, top to bottom.
#[must_use]
pub fn visible_tree(model: &Model) -> Vec<usize> {
    let Some(subject) = model.current().and_then(|data| data.subject.ready()) else { return Vec::new() };
    let len = tree_len(subject);
    if len != subject.tree.len() {
        return (0..len).collect();
    }
    let mut rows = Vec::new();
    let mut row = 0;
    while row < len {
        rows.push(row);
        row = if model.review.folded.contains(&row) { subject.tree[row].end } else { row + 1 };
    }
    rows
}

/// All facts about the current observation, as a document.
#[must_use]
pub fn info_key(model: &Model) -> Option<DocKey> {
    let data = model.current()?;
    let subject = data.subject.ready()?;
    let row = content_row_or_first(model, subject);
    let width = geometry::viewer(model.size).width;
    Some(DocKey { doc: Doc::Info(data.item.id.clone(), row), width, view: View::Pretty, wrap: true })
}

/// All scores and comments of the current item, as a document.
#[must_use]
pub fn given_key(model: &Model) -> Option<DocKey> {
    let doc = Doc::Given(model.current()?.item.id.clone());
    let width = geometry::viewer(model.size).width;
    Some(DocKey { doc, width, view: View::Pretty, wrap: true })
}

/// Scores or comments have changed, so their list has to be made again.
pub(super) fn given_changed(model: &mut Model) {
    model.docs.retain(|key, _| !matches!(key.doc, Doc::Given(_)));
}

fn content_row_or_first(model: &Model, subject: &Subject) -> usize {
    if matches!(subject.target, crate::domain::Target::Session(_)) {
        model.review.tree_row.saturating_sub(1)
    } else {
        model.review.tree_row
    }
}

/// The comments beside the content, as a document.
#[must_use]
pub fn comments_key(model: &Model) -> Option<DocKey> {
    let data = model.current()?;
    let areas = model.review_areas();
    let width = geometry::inner(areas.rubric?).width;
    let doc = Doc::Comments(data.item.id.clone(), data.comments_version);
    (!areas.compact).then_some(DocKey { doc, width, view: View::Pretty, wrap: true })
}

pub(super) fn guidelines_key(model: &Model) -> Option<DocKey> {
    let Some(Modal::Viewer(viewer)) = model.modals.last() else { return None };
    let Showing::Guidelines(queue) = &viewer.showing else { return None };
    let width = geometry::viewer(model.size).width;
    Some(DocKey { doc: Doc::Guidelines(queue.clone()), width, view: View::Pretty, wrap: true })
}

/// Asks for every layout the screen needs and does not have.
pub(super) fn lay_out(model: &mut Model, effects: &mut Vec<Effect>) {
    let mut keys: Vec<DocKey> = guidelines_key(model).into_iter().collect();
    if let Some(Modal::Viewer(Viewer { showing: Showing::Write(seq), .. })) = model.modals.last() {
        keys.extend(unsent::write_key(model, *seq));
    }
    if model.screen == Screen::Review {
        keys.extend(content_key(model));
        keys.extend(comments_key(model));
        if matches!(model.modals.last(), Some(Modal::Viewer(viewer)) if viewer.showing == Showing::Info) {
            keys.extend(info_key(model));
        }
        if matches!(model.modals.last(), Some(Modal::Viewer(viewer)) if viewer.showing == Showing::Given) {
            keys.extend(given_key(model));
        }
    }
    keys.retain(|key| key.width > 0 && !model.docs.contains_key(key));
    for key in keys {
        if let Some(source) = source(model, &key.doc) {
            if model.docs.len() >= KEPT_DOCS {
                model.docs.retain(|_, rows| rows.is_none());
            }
            model.docs.insert(key.clone(), None);
            effects.push(Effect::LayOut(key, source));
        }
    }
}

fn source(model: &Model, doc: &Doc) -> Option<DocSource> {
    match doc {
        Doc::Observation(item, row) | Doc::Info(item, row) => {
            Some(DocSource::Subject(model.items.get(item)?.subject.ready()?.clone(), *row))
        }
        Doc::Conversation(item) => {
            Some(DocSource::Subject(model.items.get(item)?.subject.ready()?.clone(), 0))
        }
        Doc::Guidelines(queue) => {
            let queue = model.browse.queues.ready()?.iter().find(|q| q.id == *queue)?;
            let none = "This queue has no description.".to_owned();
            Some(DocSource::Markdown(
                queue.description.clone().filter(|d| !d.trim().is_empty()).unwrap_or(none),
            ))
        }
        Doc::Given(item) => Some(DocSource::Remarks(super::given::all(model, item)?)),
        Doc::Comments(item, _) => Some(DocSource::Remarks(super::local::remarks(model, item)?)),
        Doc::Write(seq, _) => Some(DocSource::Facts(unsent::facts(model, model.open_writes.get(seq)?))),
    }
}

/// The comments of an item have changed, so their layout has to be made again.
pub(super) fn comments_changed(model: &mut Model, item: &ItemId) {
    if let Some(data) = model.items.get_mut(item) {
        data.comments_version += 1;
    }
    given_changed(model);
}

/// Rows of the content and rows of its pane.
fn content_extent(model: &Model) -> (usize, usize) {
    let rows = content_key(model)
        .and_then(|key| model.docs.get(&key)?.as_ref().map(|rows| rows.rows.len()))
        .unwrap_or(0);
    let height = model.review_areas().content.map_or(0, |area| geometry::inner(area).height);
    (rows, usize::from(height))
}

/// How a movement changes a position among `len` with a window of `height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motion {
    /// Down by so many.
    Down(usize),
    /// Up by so many.
    Up(usize),
    /// Half a window down.
    HalfDown,
    /// Half a window up.
    HalfUp,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
}

/// Applies a movement.
#[must_use]
pub(super) fn moved(at: usize, motion: Motion, last: usize, height: usize) -> usize {
    let half = (height / 2).max(1);
    match motion {
        Motion::Down(n) => at.saturating_add(n).min(last),
        Motion::Up(n) => at.saturating_sub(n),
        Motion::HalfDown => at.saturating_add(half).min(last),
        Motion::HalfUp => at.saturating_sub(half),
        Motion::Top => 0,
        Motion::Bottom => last,
    }
}

/// A movement in the focused pane.
pub(super) fn go(model: &mut Model, motion: Motion, effects: &mut Vec<Effect>) {
    match model.review.pane {
        Pane::Content => {
            let (rows, height) = content_extent(model);
            let last = rows.saturating_sub(height.max(1));
            model.review.scroll = moved(model.review.scroll.min(last), motion, last, height);
        }
        Pane::Tree => {
            let visible = visible_tree(model);
            let at = visible.iter().rposition(|row| *row <= model.review.tree_row).unwrap_or(0);
            let height = model.review_areas().tree.map_or(10, |area| usize::from(area.height));
            let to = moved(at, motion, visible.len().saturating_sub(1), height);
            if let Some(row) = visible.get(to) {
                select(model, *row, effects);
            }
        }
        Pane::Rubric => {
            let last = model.rubric_configs().len().saturating_sub(1);
            let before = model.review.row;
            model.review.row = moved(before, motion, last, last);
            if before == model.review.row && matches!(motion, Motion::Down(_) | Motion::HalfDown) {
                say_where_all_is(model);
            }
        }
    }
}

/// Below the last row there may be more than the pane shows.
fn say_where_all_is(model: &mut Model) {
    let keys = model.start.keymap.keys_for(super::contexts(model), crate::input::Action::ReadScores);
    if let Some(key) = keys.first() {
        model.say(format!("this is the last row: {key} shows all scores and comments in full"));
    }
}

/// Shows another observation.
pub(super) fn select(model: &mut Model, row: usize, effects: &mut Vec<Effect>) {
    if model.review.tree_row == row {
        return;
    }
    model.review.tree_row = row;
    model.review.scroll = 0;
    model.review.placed = true;
    keep_tree_in_view(model);
    ask_comments(model, effects);
}

/// The focus does not stay in a pane that is not shown, and the tree shows its current row.
pub(super) fn settle_focus(model: &mut Model) {
    if model.review.pane == Pane::Tree && model.review_areas().tree.is_none() {
        model.review.pane = Pane::Content;
    }
    keep_tree_in_view(model);
}

pub(super) fn keep_tree_in_view(model: &mut Model) {
    let visible = visible_tree(model);
    let at = visible.iter().position(|row| *row == model.review.tree_row).unwrap_or(0);
    let height = model.review_areas().tree.map_or(1, |area| usize::from(geometry::inner(area).height).max(1));
    let top = &mut model.review.tree_top;
    *top = (*top).clamp((at + 1).saturating_sub(height), at);
}

/// Comments on the observation the reviewer went to are fetched when it is first shown.
fn ask_comments(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(object) = model.selected_target().map(|target| target.object()) else { return };
    let Some(id) = model.review.item.clone() else { return };
    if let Some(data) = model.items.get_mut(&id)
        && !data.comments.contains_key(&object)
    {
        data.comments.insert(object.clone(), super::Load::Waiting);
        effects.push(Effect::FetchComments(id, object));
    }
}

/// The next or previous observation, folded or not.
pub(super) fn step_observation(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let visible = visible_tree(model);
    let at = visible.iter().position(|row| *row == model.review.tree_row).unwrap_or(0);
    let to = if forward { at.checked_add(1) } else { at.checked_sub(1) };
    match to.and_then(|to| visible.get(to)) {
        Some(row) => select(model, *row, effects),
        None if forward => model.say("this is the last observation"),
        None => model.say("this is the first observation"),
    }
}

/// Hides or shows what is below the current observation.
pub(super) fn fold(model: &mut Model, hide: bool, effects: &mut Vec<Effect>) {
    let row = model.review.tree_row;
    let Some(subject) = model.current().and_then(|data| data.subject.ready()).cloned() else {
        model.say("there is no tree to fold yet");
        return;
    };
    let Some(tree_row) = subject.tree.get(row).filter(|_| tree_len(&subject) == subject.tree.len()) else {
        model.say("the traces of a session do not fold");
        return;
    };
    let has_children = tree_row.end > row + 1;
    if !hide {
        if !model.review.folded.remove(&row) {
            model.say(if has_children { "already unfolded" } else { "nothing to unfold here" });
        }
    } else if has_children && model.review.folded.insert(row) {
        // Folded; the row stays selected.
    } else if let Some(parent) = (0..row).rev().find(|above| subject.tree[*above].end > row) {
        select(model, parent, effects);
    } else {
        model.say("nothing to fold here");
    }
    keep_tree_in_view(model);
}

/// Looks for text in the content and jumps to the first match from here on.
pub(super) fn find(model: &mut Model, query: &str) {
    let rows = matching_rows(model, query);
    let from = model.review.scroll;
    let at = rows.iter().position(|row| *row >= from).unwrap_or(0);
    model.review.find = (!query.is_empty()).then(|| Find { query: query.to_owned(), rows, at });
    show_match(model);
}

/// Smart case: capital letters count once there is one in the query.
fn matching_rows(model: &Model, query: &str) -> Vec<usize> {
    let Some(rows) = content_key(model).and_then(|key| model.docs.get(&key)?.clone()) else {
        return Vec::new();
    };
    if query.is_empty() {
        return Vec::new();
    }
    let exact = query.chars().any(char::is_uppercase);
    let wanted = if exact { query.to_owned() } else { query.to_lowercase() };
    let has =
        |text: String| if exact { text.contains(&wanted) } else { text.to_lowercase().contains(&wanted) };
    rows.rows.iter().enumerate().filter(|(_, row)| has(row.text())).map(|(at, _)| at).collect()
}

fn show_match(model: &mut Model) {
    let (rows, height) = content_extent(model);
    let Some(row) = model.review.find.as_ref().and_then(|find| find.rows.get(find.at)) else { return };
    let last = rows.saturating_sub(height.max(1));
    let scroll = model.review.scroll;
    if *row < scroll || *row >= scroll + height {
        model.review.scroll = row.saturating_sub(height / 3).min(last);
    }
}

/// Jumps to the next or previous match.
pub(super) fn find_again(model: &mut Model, forward: bool) {
    let Some(query) = model.review.find.as_ref().map(|find| find.query.clone()) else {
        model.say("nothing to find yet: press /");
        return;
    };
    let rows = matching_rows(model, &query);
    let Some(find) = &mut model.review.find else { return };
    find.rows = rows;
    let count = find.rows.len();
    if count == 0 {
        model.say(format!("`{query}` is not in this observation"));
        return;
    }
    let step = if forward { 1 } else { count - 1 };
    find.at = (find.at.min(count - 1) + step) % count;
    let at = find.at;
    show_match(model);
    model.say(format!("match {} of {count}", at + 1));
}
