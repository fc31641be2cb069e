//! From item to item: looking for the next one, completing, skipping, reopening.

use super::review::{leave_item, open_at, open_item, start_run};
use super::{Done, Effect, Model, Screen, Standing, Wanted, browse};
use crate::domain::{ItemId, ItemStatus, Next, QueueId, Write};
use crate::input::Action;

/// Begins with the first item that is still to do.
pub(super) fn start(model: &mut Model, effects: &mut Vec<Effect>) {
    browse::try_again(model);
    if model.screen == Screen::Browse {
        start_run(model);
    }
    seek(model, 0, effects);
}

/// Looks for the next item still to do from a position on, loading pages as needed.
pub(super) fn seek(model: &mut Model, from: usize, effects: &mut Vec<Effect>) {
    model.review.seeking = Some(from);
    let list = &model.browse.items.list;
    if list.len().is_none() {
        browse::ask_pages(model, 0..1, effects);
        return;
    }
    match list.next(from, |item| model.is_next(item, Standing::Open)) {
        Some(Next::Item(position)) => open_at(model, position, effects),
        Some(Next::Unknown(position)) => {
            // Pages that were looked through may be let go.
            model.review.seeking = Some(position);
            browse::ask_pages(model, position..position + 1, effects);
        }
        // Items before the current one may have been left open, or be open again.
        None => match loaded(model, Standing::Open) {
            Some(position) => open_at(model, position, effects),
            None => browse::begin_look(model, effects),
        },
    }
}

/// Position of the first loaded item that may come next.
fn loaded(model: &Model, standing: Standing) -> Option<usize> {
    let mut items = model.browse.items.list.iter();
    items.find(|(_, item)| model.is_next(item, standing)).map(|(position, _)| position)
}

/// Goes on looking once more of the list has arrived.
pub(super) fn resume_seek(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(from) = model.review.seeking else { return };
    let Some(look) = &model.browse.items.look else {
        seek(model, from, effects);
        return;
    };
    if let Some(position) = loaded(model, Standing::Open) {
        open_at(model, position, effects);
    } else if look.is_over() {
        end_of_look(model, effects);
    } else {
        note_elsewhere(model);
        browse::go_on_looking(model, effects);
    }
}

/// Nothing is open: what may be open elsewhere comes now, if anything does.
fn end_of_look(model: &mut Model, effects: &mut Vec<Effect>) {
    note_elsewhere(model);
    let last = model.review.elsewhere.take().filter(|item| model.is_next(item, Standing::Elsewhere));
    stop_seeking(model);
    let Some(item) = last else {
        end_of_queue(model, effects);
        return;
    };
    if let Some(position) = model.browse.items.list.position(&item.id) {
        open_at(model, position, effects);
    } else {
        leave_item(model, effects);
        open_item(model, item, effects);
    }
}

/// Keeps the first item that may be open elsewhere, since its page may be let go.
fn note_elsewhere(model: &mut Model) {
    if model.review.elsewhere.is_none()
        && let Some(position) = loaded(model, Standing::Elsewhere)
    {
        model.review.elsewhere = model.browse.items.list.get(position).cloned();
    }
}

/// Looks for nothing any longer. Says whether something was being looked for.
pub(super) fn stop_seeking(model: &mut Model) -> bool {
    model.browse.items.look = None;
    model.review.elsewhere = None;
    model.review.seeking.take().is_some()
}

fn end_of_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    leave_item(model, effects);
    model.review.item = None;
    model.review.typed_ahead.clear();
    model.screen = Screen::Summary;
    effects.push(Effect::Want(Wanted::default()));
    if let Some(queue) = model.review.queue.clone() {
        effects.push(Effect::FetchCounts(vec![queue]));
    }
}

/// Completes the current item and shows the next one at once.
pub(super) fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((id, queue_id, status)) =
        model.current().map(|data| (data.item.id.clone(), data.item.queue_id.clone(), data.status()))
    else {
        return;
    };
    if model.removed.contains(&id) {
        model.say("this item was removed from the queue: it cannot be completed");
        seek_next(model, effects);
        return;
    }
    if status == ItemStatus::Pending && !has_been_warned(model, &id) {
        return;
    }
    if status == ItemStatus::Pending {
        record_status(model, &id, queue_id, ItemStatus::Completed, effects);
        note_done(model, &id);
        go_on(model, &id, effects);
    } else {
        model.say("already completed");
        seek_next(model, effects);
    }
}

/// Counts an item as completed in this run.
pub(super) fn note_done(model: &mut Model, id: &ItemId) {
    let given = model.items.get(id).into_iter().flat_map(|data| &data.mine);
    let given = given.map(|(config, mine)| (config.clone(), mine.value.clone())).collect();
    let review = &mut model.review;
    review.taken_back.retain(|done| done.item != *id);
    review.done.push(Done { item: id.clone(), at: model.now.mono, given });
}

/// Holds the completed item on screen back for a moment and shows the next one.
pub(super) fn go_on(model: &mut Model, id: &ItemId, effects: &mut Vec<Effect>) {
    release_held(model, effects);
    release_later(model, id, effects);
    if !model.start.hold.is_zero() {
        model.review.held = Some(id.clone());
    }
    seek_next(model, effects);
}

/// Lets an item's decisions go after the usual hold.
pub(super) fn release_later(model: &Model, id: &ItemId, effects: &mut Vec<Effect>) {
    let hold = jiff::SignedDuration::try_from(model.start.hold).ok().filter(|hold| !hold.is_zero());
    let until = hold.and_then(|hold| model.now.wall.checked_add(hold).ok());
    effects.push(Effect::Release(id.clone(), until));
}

/// An item whose content could not be loaded is completed only when asked for twice.
fn has_been_warned(model: &mut Model, id: &ItemId) -> bool {
    let failed = model.current().is_some_and(|data| matches!(data.subject, super::Load::Failed(_)));
    if !failed || model.review.unseen.as_ref() == Some(id) {
        return true;
    }
    model.review.unseen = Some(id.clone());
    let place = super::contexts(model);
    let key = |action| model.start.keymap.keys_for(place, action).first().map(ToString::to_string);
    let again = key(Action::CompleteNext).unwrap_or_default();
    let retry = key(Action::Refresh).map(|key| format!(", {key} tries to load it")).unwrap_or_default();
    model.say(format!("you have not seen it: {again} again completes it all the same{retry}"));
    false
}

/// Looks for the item after the current one, also where that failed before.
fn seek_next(model: &mut Model, effects: &mut Vec<Effect>) {
    browse::try_again(model);
    let next = after_current(model);
    seek(model, next, effects);
}

/// Where to look for the next item: behind the current one, if it is in the list.
fn after_current(model: &Model) -> usize {
    model.review_position().map_or(0, |position| position + 1)
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

/// Makes an item pending again; held like any decision, until the item is left.
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
    model.review.take_back(id);
    record_status(model, id, queue_id, ItemStatus::Pending, effects);
    if model.review.held.as_ref() == Some(id) {
        model.review.held = None;
    }
    model.say("reopened");
}

/// Decides on an item's status.
pub(super) fn record_status(
    model: &mut Model,
    id: &ItemId,
    queue_id: QueueId,
    status: ItemStatus,
    effects: &mut Vec<Effect>,
) {
    let write = Write::Status { queue_id, item_id: id.clone(), status };
    let before = write.reverse();
    super::rubric::record(model, id, write, before, effects);
    model.browse.items.list.set_status(id, status);
}

/// Leaves the item for later.
pub(super) fn skip(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(id) = model.review.item.clone() else { return };
    if model.current().is_some_and(|data| data.status() == ItemStatus::Pending) {
        model.review.skipped.insert(id);
    }
    seek_next(model, effects);
}

/// The next or previous item of the list, whatever its state.
pub(super) fn step(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let len = model.browse.items.list.len().unwrap_or(0);
    let to = if forward {
        Some(after_current(model)).filter(|to| *to < len)
    } else {
        model.review_position().and_then(|position| position.checked_sub(1))
    };
    match to {
        None if forward => model.say("this is the last item"),
        None => model.say("this is the first item"),
        Some(to) if model.browse.items.list.get(to).is_some() => open_at(model, to, effects),
        Some(to) => {
            browse::try_again(model);
            browse::ask_pages(model, to..to + 1, effects);
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
