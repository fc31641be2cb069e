//! Replies of the store and the outbox, and what they mean for the items in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::RecordToken;
use super::item::Progress;
use super::{Effect, LocalState, Model, browse, drafts, item, open, reading, review};
use crate::domain::{Comment, ItemId, ItemStatus, Object, Write, WriteState, Written, ago};

/// What the store knows about an item.
pub(super) fn take_local(model: &mut Model, id: &ItemId, state: LocalState) {
    let annotator = model.start.annotator.clone();
    let Some(data) = model.items.get_mut(id) else { return };
    data.writes = Some(state.writes);
    data.drafts = state.drafts.into_iter().collect();
    data.rebuild(&annotator);
    reading::comments_changed(model, id);
    review::settle(model);
}

/// A decision is durable, or could not be made so.
pub(super) fn take_recorded(
    model: &mut Model,
    token: RecordToken,
    result: Result<Written, String>,
    effects: &mut Vec<Effect>,
) {
    let Some((id, write)) = model.saving.remove(&token) else { return };
    if let Some(data) = model.items.get_mut(&id) {
        data.saving.retain(|(saving, _)| *saving != token);
        if let Ok(written) = &result {
            data.take_written(written.clone());
        }
    }
    match result {
        Ok(written) => recorded(model, written),
        Err(why) => not_saved(model, &id, &write, &why, effects),
    }
    let annotator = model.start.annotator.clone();
    if let Some(data) = model.items.get_mut(&id) {
        data.rebuild(&annotator);
    }
    if matches!(write, Write::Comment(_)) {
        reading::comments_changed(model, &id);
    }
}

fn recorded(model: &mut Model, written: Written) {
    if let Write::Flag { item_id, reason } = &written.write {
        match reason {
            Some(reason) => model.flags.insert(item_id.clone(), reason.clone()),
            None => model.flags.remove(item_id),
        };
    }
    forget_replaced(model, &written);
    if written.is_unsent() {
        model.open_writes.insert(written.seq, written);
    }
}

/// Shows what could not be saved as that: a score stays on its row, a comment is a draft again,
/// anything else is as it was before.
fn not_saved(model: &mut Model, id: &ItemId, write: &Write, why: &str, effects: &mut Vec<Effect>) {
    let what = super::describe_write(write);
    let kept = match write {
        Write::Score(_) => "it stays on screen: free some space and repeat it",
        Write::Comment(comment) => {
            drafts::back_to_draft(model, id, &comment.content, effects);
            "the text is a draft again"
        }
        _ => "nothing has changed: free some space and repeat it",
    };
    match write {
        Write::Score(_) => {
            if let Some(data) = model.items.get_mut(id) {
                data.unsaved.push((write.clone(), format!("not saved: {why}")));
            }
        }
        Write::Status { status, .. } => status_not_saved(model, id, *status),
        _ => {}
    }
    model.say(format!("NOT SAVED: {why} · {what} · {kept}"));
}

/// The item is in the state it was in before.
fn status_not_saved(model: &mut Model, id: &ItemId, wanted: ItemStatus) {
    let known = model.items.get(id).filter(|data| data.writes.is_some());
    let status = known.map_or(wanted.other(), super::ItemData::status);
    model.browse.items.list.set_status(id, status);
    match wanted {
        ItemStatus::Completed => model.review.done.retain(|done| done.item != *id),
        ItemStatus::Pending => _ = model.review.give_back(id),
    }
    if model.review.held.as_ref() == Some(id) {
        model.review.held = None;
    }
}

/// Writes that a newer one on the same thing has replaced, or will before they are sent.
fn forget_replaced(model: &mut Model, newer: &Written) {
    model.open_writes.retain(|_, old| !item::is_overtaken(old, newer));
}

/// All open writes, at the start or after others than the sender have changed them.
pub(super) fn take_open(model: &mut Model, writes: Vec<Written>, effects: &mut Vec<Effect>) {
    let fresh: BTreeMap<i64, Written> = writes.into_iter().map(|written| (written.seq, written)).collect();
    let known = std::mem::replace(&mut model.open_writes, fresh);
    open::correct_list(model);
    let changed = |seq: &i64| model.open_writes.get(seq) != known.get(seq);
    let seqs: BTreeSet<i64> = known.keys().chain(model.open_writes.keys()).copied().filter(changed).collect();
    let of = |seq: &i64| model.open_writes.get(seq).or_else(|| known.get(seq)).map(|row| row.item_id.clone());
    let items: BTreeSet<ItemId> = seqs.iter().filter_map(of).collect();
    // What is on screen shows how far its writes have got, too.
    effects.extend(items.into_iter().filter(|id| model.items.contains_key(id)).map(Effect::LoadLocal));
}

/// A write has moved on.
pub(super) fn take_written(model: &mut Model, written: &Written, effects: &mut Vec<Effect>) {
    forget_replaced(model, written);
    if matches!(written.state, WriteState::Confirmed | WriteState::Replaced) {
        model.open_writes.remove(&written.seq);
    } else {
        model.open_writes.insert(written.seq, written.clone());
    }
    if matches!(written.state, WriteState::Sent | WriteState::Confirmed) {
        model.last_sync = Some(model.now.wall);
    }
    if matches!(written.state, WriteState::Sent | WriteState::Confirmed) {
        arrived(model, written, effects);
    }
    if written.state == WriteState::Refused
        && let Some(why) = &written.last_error
    {
        model.say(format!("refused: {} · {why}", super::describe_write(&written.write)));
    }
    if written.state == WriteState::Conflict {
        say_conflict(model, written);
    }
    let annotator = model.start.annotator.clone();
    if let Some(data) = model.items.get_mut(&written.item_id) {
        let is_comment = matches!(written.write, Write::Comment(_));
        data.take_written(written.clone());
        data.rebuild(&annotator);
        let id = data.item.id.clone();
        if is_comment {
            reading::comments_changed(model, &id);
        }
    }
}

fn say_conflict(model: &mut Model, written: &Written) {
    let about = super::about_write(model, written);
    let keys = model.start.keymap.keys_for(super::contexts(model), crate::input::Action::Unsent);
    let key = keys.first().map(|key| format!(" · {key} decides")).unwrap_or_default();
    model.say(format!("{about}: someone else completed it · yours is kept here{key}"));
}

/// The server has a change of what is in a queue, or of what is done in it.
fn arrived(model: &mut Model, written: &Written, effects: &mut Vec<Effect>) {
    let queue_id = match &written.write {
        Write::Status { item_id, status, queue_id } => {
            status_arrived(model, item_id, *status);
            queue_id
        }
        Write::AddItem { queue_id, .. } | Write::RemoveItem { queue_id, .. } => {
            if model.browse.items.queue.as_ref() == Some(queue_id) {
                browse::refresh_items(model, effects);
            }
            queue_id
        }
        _ => return,
    };
    if let Some(note) = &written.last_error {
        model.say(note.clone());
    }
    effects.push(Effect::FetchCounts(vec![queue_id.clone()]));
}

fn status_arrived(model: &mut Model, item: &ItemId, status: ItemStatus) {
    let items = &mut model.browse.items;
    items.list.set_status(item, status);
    match items.filter.status() {
        Some(filter) if filter == status => items.list.come_back(item),
        Some(_) => items.list.leave(item),
        None => {}
    }
    if let Some(data) = model.items.get_mut(item) {
        data.item.status = status;
    }
    // What was decided since still counts.
    let newer = model.open_writes.values().rev().filter(|written| written.is_unsent()).find_map(|written| {
        match &written.write {
            Write::Status { item_id, status, .. } if item_id == item => Some(*status),
            _ => None,
        }
    });
    if let Some(status) = newer {
        model.browse.items.list.set_status(item, status);
    }
}

/// Comments of an object, with the server's answer.
pub(super) fn take_comments(
    model: &mut Model,
    id: &ItemId,
    object: Object,
    result: Result<Vec<Comment>, super::Failure>,
) {
    let Some(data) = model.items.get_mut(id) else { return };
    let load = match result {
        Ok(comments) => super::Load::Ready(comments),
        Err(failure) => super::Load::Failed(failure),
    };
    data.comments.insert(object, load);
    reading::comments_changed(model, id);
}

/// The comments of an item as headings and texts: own object first, oldest first, unsent ones last.
pub(super) fn remarks(model: &Model, id: &ItemId) -> Option<Vec<(String, String)>> {
    let data = model.items.get(id)?;
    let own = data.item.object.clone();
    let mut shown: Vec<(&Comment, Option<String>)> = Vec::new();
    for (object, load) in &data.comments {
        let about = (*object != own).then(|| object_name(data, object));
        shown.extend(load.ready().into_iter().flatten().map(|comment| (comment, about.clone())));
    }
    shown.sort_by_key(|(comment, _)| comment.created_at);
    let mut remarks: Vec<(String, String)> = shown
        .iter()
        .map(|(comment, about)| {
            let who = comment.author.as_ref().map_or("someone", |author| author.as_str());
            (
                heading(who, &ago(comment.created_at, model.now.wall), about.as_deref()),
                comment.content.clone(),
            )
        })
        .collect();
    for (comment, progress) in data.own_comments() {
        let state = match progress {
            Progress::Saving => "saving",
            Progress::Saved => "saved here",
            Progress::Sending => "on its way",
            Progress::Confirmed => "sent",
            Progress::Refused(_) => "refused",
            Progress::Overtaken(_) => "kept here",
        };
        let about = (comment.object != own).then(|| object_name(data, &comment.object));
        remarks.push((heading("you", state, about.as_deref()), comment.content.clone()));
    }
    Some(remarks)
}

fn heading(who: &str, when: &str, about: Option<&str>) -> String {
    match about {
        Some(about) => format!("{who} · {when} · on {about}"),
        None => format!("{who} · {when}"),
    }
}

fn object_name(data: &super::ItemData, object: &Object) -> String {
    let observation = data
        .subject
        .ready()
        .and_then(|subject| subject.observations.iter().find(|o| o.id.as_str() == object.id))
        .map(|o| o.name.clone());
    observation.unwrap_or_else(|| object.kind.noun().to_owned())
}
