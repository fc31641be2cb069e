//! Undo and redo: asking for them, and showing what they changed.
//!
//! What is changed on an item of the queue under review is shown: the review goes there. What is
//! changed anywhere else is told in words, and released with the usual hold, so that turning back
//! once more costs nothing.

use super::review::{leave_item, open_at, open_item};
use super::{Effect, Failure, Model, Screen, browse, moving, rubric, worded};
use crate::domain::{Item, ItemId, ItemStatus, QueueId, Undone, Write, Written};
use crate::input::Action;

/// A turn that is under way. What is typed meanwhile waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turning {
    /// The store has not answered yet.
    Asked,
    /// The item it changed is being fetched, to be shown; this is told then.
    Fetching(String),
}

/// One of the two directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Back.
    Undo,
    /// Forward again.
    Redo,
}

impl Model {
    /// Whether an undo or redo is under way, with the item it changed not shown yet.
    #[must_use]
    pub fn is_turning(&self) -> bool {
        self.turning.is_some()
    }
}

/// Asks for a turn.
pub(super) fn ask(model: &mut Model, turn: Turn, effects: &mut Vec<Effect>) {
    if turn == Turn::Undo && drop_unsaved(model) {
        return;
    }
    model.turning = Some(Turning::Asked);
    effects.push(match turn {
        Turn::Undo => Effect::Undo,
        Turn::Redo => Effect::Redo,
    });
}

/// What could not be saved on the item on screen is the last that was decided there: it goes
/// first, and the store knows nothing of it.
fn drop_unsaved(model: &mut Model) -> bool {
    let annotator = model.start.annotator.clone();
    let Some(id) = model.review.item.clone().filter(|_| model.screen == Screen::Review) else { return false };
    let Some(data) = model.items.get_mut(&id) else { return false };
    let Some((write, _)) = data.unsaved.pop() else { return false };
    data.rebuild(&annotator);
    model.say(format!("taken away: {}, which was not saved", rubric::describe_write(&write)));
    true
}

/// Gives up waiting for an item to be shown; what was undone stays so.
pub(super) fn stop_waiting(model: &mut Model) {
    if matches!(model.turning, Some(Turning::Fetching(_))) {
        model.turning = None;
    }
}

/// Takes in what became of a turn. What is stored about the item, the flags and the open writes
/// have been told just before.
pub(super) fn take(model: &mut Model, turn: Turn, result: Result<Undone, String>, effects: &mut Vec<Effect>) {
    model.turning = None;
    let verb = match turn {
        Turn::Undo => "undid",
        Turn::Redo => "did again",
    };
    match result {
        Ok(Undone::Done { decision, .. }) => {
            let told = format!("{verb}: {}{}", worded::decision(&decision), elsewhere(model, &decision));
            model.say(told.clone());
            done(model, turn, &decision, told, effects);
        }
        Ok(Undone::Nothing) if turn == Turn::Undo => model.say("nothing left to undo"),
        Ok(Undone::Nothing) => model.say("nothing to do again"),
        Ok(Undone::TooLate(decision)) => say_too_late(model, &decision),
        Ok(Undone::NotYet(decision)) => {
            model.say(format!("{} is on its way: try again in a moment", worded::decision(&decision)));
        }
        Err(why) if turn == Turn::Undo => model.say(format!("NOT UNDONE: {why}")),
        Err(why) => model.say(format!("NOT DONE AGAIN: {why}")),
    }
}

/// Short enough for a narrow screen: a comment is known by its words.
fn say_too_late(model: &mut Model, decision: &Written) {
    let keys = model.start.keymap.keys_for(super::contexts(model), Action::Undo);
    let again = keys.first().map(|key| format!(" · {key} goes further back")).unwrap_or_default();
    let what = match &decision.write {
        Write::Comment(comment) => worded::comment(comment),
        _ => worded::decision(decision),
    };
    model.say(format!("sent, cannot be taken back: {what}{again}"));
}

/// Names the queue where it is not the one the reviewer looks at.
fn elsewhere(model: &Model, decision: &Written) -> String {
    let Some(queue) = decision.made.queue_id.as_ref().filter(|queue| here(model) != Some(*queue)) else {
        return String::new();
    };
    let queues = model.browse.queues.ready().map(Vec::as_slice).unwrap_or_default();
    let name = queues.iter().find(|known| known.id == *queue).map(|known| known.name.as_str());
    format!(" in {}", crate::domain::text::fit(name.unwrap_or("another queue"), 24))
}

/// The queue the reviewer looks at.
fn here(model: &Model) -> Option<&QueueId> {
    match model.screen {
        Screen::Browse => model.browse.items.queue.as_ref(),
        Screen::Review | Screen::Summary => model.review.queue.as_ref(),
    }
}

/// Brings the model in line with what was done, and shows it.
fn done(model: &mut Model, turn: Turn, decision: &Written, told: String, effects: &mut Vec<Effect>) {
    let completed_again = take_status(model, turn, decision);
    let id = &decision.item_id;
    let is_here = here(model).is_some() && here(model) == decision.made.queue_id.as_ref();
    let in_review = model.screen != Screen::Browse;
    if in_review && model.review.item.as_ref() == Some(id) {
        to_row(model, turn, &decision.write);
        if completed_again {
            moving::go_on(model, id, effects);
        }
    } else if in_review && is_here && !completed_again && has_page(&decision.write) {
        go_to(model, decision, told, effects);
        to_row(model, turn, &decision.write);
    } else {
        moving::release_later(model, id, effects);
        if is_here {
            point_at(model, id, effects);
        }
    }
}

/// Whether a decision is about something that the review can show.
fn has_page(write: &Write) -> bool {
    !matches!(write, Write::AddItem { .. } | Write::RemoveItem { .. })
}

/// Corrects list, pace and hold where a completion or a reopening was turned. Says whether an item
/// was completed once more.
fn take_status(model: &mut Model, turn: Turn, decision: &Written) -> bool {
    let Write::Status { item_id, status, .. } = &decision.write else { return false };
    let wanted = if turn == Turn::Undo { status.other() } else { *status };
    let known = model.items.get(item_id).filter(|data| data.writes.is_some());
    let now = known.map_or(wanted, super::ItemData::status);
    model.browse.items.list.set_status(item_id, now);
    let again = turn == Turn::Redo && now == ItemStatus::Completed;
    match now {
        ItemStatus::Pending => model.review.take_back(item_id),
        ItemStatus::Completed if model.review.give_back(item_id) || !again => {}
        ItemStatus::Completed => moving::note_done(model, item_id),
    }
    if now == ItemStatus::Pending && model.review.held.as_ref() == Some(item_id) {
        model.review.held = None;
    }
    again
}

/// Opens the item that was changed.
fn go_to(model: &mut Model, decision: &Written, told: String, effects: &mut Vec<Effect>) {
    let id = &decision.item_id;
    if let Some(position) = model.browse.items.list.position(id) {
        open_at(model, position, effects);
    } else if let Some(item) = model.items.get(id).map(|data| data.item.clone()) {
        leave_item(model, effects);
        open_item(model, item, effects);
    } else if let Some(queue) = decision.made.queue_id.clone() {
        model.turning = Some(Turning::Fetching(told));
        effects.push(Effect::FetchItem(queue, id.clone()));
    }
}

/// The row that was changed becomes the current one; after a redo, the next open one, as when it
/// was decided.
fn to_row(model: &mut Model, turn: Turn, write: &Write) {
    let (Write::Score(crate::domain::ScoreWrite { config_id, .. }) | Write::DeleteScore { config_id, .. }) =
        write
    else {
        return;
    };
    let row = model.rubric_configs().iter().position(|config| Some(&config.id) == config_id.as_ref());
    if let Some(row) = row {
        model.review.row = row;
        if turn == Turn::Redo && matches!(write, Write::Score(_)) {
            rubric::to_next_open(model);
        }
    }
}

/// Moves the cursor of the list to what was changed.
fn point_at(model: &mut Model, id: &ItemId, effects: &mut Vec<Effect>) {
    if model.screen == Screen::Browse
        && let Some(position) = model.browse.items.list.position(id)
    {
        model.browse.items.cursor = position;
        browse::look_around(model, effects);
    }
}

/// An item that was asked for has arrived, or cannot be opened.
pub(super) fn take_item(model: &mut Model, result: Result<Item, Failure>, effects: &mut Vec<Effect>) {
    let told = match model.turning.take() {
        Some(Turning::Fetching(told)) => Some(told),
        other => {
            model.turning = other;
            None
        }
    };
    match (result, told) {
        // The reviewer has gone on meanwhile.
        (Ok(_), None) if model.screen == Screen::Review => {}
        (Ok(item), told) => {
            leave_item(model, effects);
            open_item(model, item, effects);
            if let Some(told) = told {
                model.say(told);
            }
        }
        (Err(failure), Some(told)) => {
            model.say(format!("{told} · the item cannot be shown: {}", failure.message));
        }
        (Err(failure), None) => model.say(format!("this item cannot be opened: {}", failure.message)),
    }
}

impl super::Review {
    /// An item completed in this run is so no more.
    pub(super) fn take_back(&mut self, id: &ItemId) {
        let (back, done) = std::mem::take(&mut self.done).into_iter().partition(|done| done.item == *id);
        self.done = done;
        self.taken_back.extend::<Vec<_>>(back);
    }

    /// It is again, as it was. Says whether it had been.
    pub(super) fn give_back(&mut self, id: &ItemId) -> bool {
        let (again, rest): (Vec<_>, _) =
            std::mem::take(&mut self.taken_back).into_iter().partition(|done| done.item == *id);
        self.taken_back = rest;
        // The last one tells what was given last.
        let again = again.into_iter().next_back();
        let given_back = again.is_some();
        self.done.extend(again);
        self.done.sort_by_key(|done| done.at);
        given_back
    }
}
