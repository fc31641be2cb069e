//! What can be done to items from their list: complete, reopen, remove, add, flag.

use super::asking::{self, Question};
use super::modal::{Modal, Prompt, PromptFor};
use super::{Editor, Effect, Model, Screen, moving, rubric};
use crate::domain::{Item, ItemId, ItemStatus, Object, ObjectKind, QueueId, Write};

/// Longest list of names in one message.
const NAMED: usize = 3;

impl Model {
    /// Items that are being taken out of their queues.
    pub fn leaving(&self) -> impl Iterator<Item = &ItemId> {
        let stored = self.open_writes.values().filter(|written| !written.is_parked());
        let writes = stored.map(|written| &written.write).chain(self.saving.values().map(|(_, write)| write));
        writes.filter_map(|write| match write {
            Write::RemoveItem { item_id, .. } => Some(item_id),
            _ => None,
        })
    }

    /// The reason why an item is flagged, which may be empty; `None` if it is not.
    #[must_use]
    pub fn flag(&self, id: &ItemId) -> Option<&str> {
        let saving = self.saving.values().rev().find_map(|(_, write)| match write {
            Write::Flag { item_id, reason } if item_id == id => Some(reason.as_deref()),
            _ => None,
        });
        saving.unwrap_or_else(|| self.flags.get(id).map(String::as_str))
    }
}

/// The item under the cursor, unless it is leaving the queue already.
fn staying(model: &mut Model) -> Option<Item> {
    let Some(item) = model.browse.item().cloned() else {
        model.say("no item here");
        return None;
    };
    if model.leaving().any(|id| *id == item.id) {
        model.say("this item is being removed from the queue");
        return None;
    }
    Some(item)
}

/// Completes the item under the cursor.
pub(super) fn complete(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(item) = staying(model) else { return };
    if item.status == ItemStatus::Completed {
        model.say("already completed");
        return;
    }
    moving::record_status(model, &item.id, item.queue_id, ItemStatus::Completed, effects);
    moving::release_later(model, &item.id, effects);
    model.say(format!("completed {}", model.item_name(&item.id)));
}

/// Makes the item under the cursor pending again.
pub(super) fn reopen(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(item) = staying(model) else { return };
    moving::reopen_item(model, &item.id, item.queue_id, item.status, effects);
    moving::release_later(model, &item.id, effects);
}

/// Asks whether to take the item under the cursor out of the queue.
pub(super) fn ask_removal(model: &mut Model) {
    if let Some(item) = staying(model) {
        asking::ask(model, Question::Remove(item));
    }
}

/// Takes an item out of its queue.
pub(super) fn remove(model: &mut Model, item: &Item, effects: &mut Vec<Effect>) {
    let (queue_id, object) = (item.queue_id.clone(), item.object.clone());
    let write = Write::RemoveItem { queue_id, item_id: item.id.clone(), object };
    rubric::record(model, &item.id, write, None, effects);
    moving::release_later(model, &item.id, effects);
    model.say(format!("removing {} from the queue", model.item_name(&item.id)));
}

/// Opens the prompt for what to add to the queue.
pub(super) fn open_adding(model: &mut Model) {
    match model.browse.queue().map(|queue| (queue.id.clone(), queue.name.clone())) {
        Some((id, name)) => open(model, PromptFor::Add(id), format!("Add to {name}"), ""),
        None => model.say("no queue here yet"),
    }
}

fn open(model: &mut Model, purpose: PromptFor, label: String, text: &str) {
    let prompt = Prompt {
        purpose,
        label,
        editor: Editor::line(text),
        choices: Vec::new(),
        choice: 0,
        complaint: None,
    };
    model.modals.push(Modal::Prompt(prompt));
}

/// Puts the objects named in a text into a queue, or says what is wrong with the text.
pub(super) fn add(
    model: &mut Model,
    queue: &QueueId,
    text: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    let objects = objects(text)?;
    if let Some(known) = objects.iter().find(|object| is_in(model, queue, object)) {
        return Err(format!("{} {} is in this queue already", known.kind.noun(), known.id));
    }
    let names = objects.iter().map(|object| format!("{} {}", object.kind.noun(), object.id));
    let told = if objects.len() > NAMED {
        format!("adding {} objects", objects.len())
    } else {
        format!("adding {}", names.collect::<Vec<_>>().join(", "))
    };
    for object in objects {
        // It has no item yet: what is sent together goes by its object.
        let item = ItemId::from(format!("new:{}", object.id));
        let write = Write::AddItem { queue_id: queue.clone(), object };
        rubric::record(model, &item, write, None, effects);
        moving::release_later(model, &item, effects);
    }
    model.say(told);
    Ok(())
}

/// The objects named in a text, once each: `trace:ID session:ID observation:ID`, or an id alone for
/// a trace.
fn objects(text: &str) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    for word in text.split_whitespace() {
        let object = object(word)?;
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    if objects.is_empty() { Err("write an id; Esc leaves".into()) } else { Ok(objects) }
}

fn object(word: &str) -> Result<Object, String> {
    let (kind, id) = match word.split_once(':') {
        None => (ObjectKind::Trace, word),
        Some(("trace", id)) => (ObjectKind::Trace, id),
        Some(("observation", id)) => (ObjectKind::Observation, id),
        Some(("session", id)) => (ObjectKind::Session, id),
        Some((other, _)) => {
            return Err(format!("`{other}:` is none of trace:, observation: and session:"));
        }
    };
    if id.is_empty() {
        return Err(format!("`{word}` names no id"));
    }
    Ok(Object { kind, id: id.to_owned() })
}

/// Whether an object is known to be in a queue, or on its way into it.
fn is_in(model: &Model, queue: &QueueId, object: &Object) -> bool {
    let listed = model.browse.items.queue.as_ref() == Some(queue)
        && model.browse.items.list.iter().any(|(_, item)| item.object == *object);
    let adds = |write: &Write| matches!(write, Write::AddItem { queue_id, object: added } if queue_id == queue && added == object);
    listed
        || model.saving.values().any(|(_, write)| adds(write))
        || model.open_writes.values().any(|written| !written.is_parked() && adds(&written.write))
}

/// Opens the prompt for a flag on the item under the cursor or under review.
pub(super) fn open_flag(model: &mut Model) {
    let item = match model.screen {
        Screen::Browse => staying(model).map(|item| item.id),
        Screen::Review | Screen::Summary => model.review.item.clone(),
    };
    let Some(id) = item else { return };
    let reason = model.flag(&id).map(str::to_owned);
    let label = match &reason {
        Some(_) => format!("Flag on {}", model.item_name(&id)),
        None => format!("Flag {}", model.item_name(&id)),
    };
    open(model, PromptFor::Flag(id), label, &reason.unwrap_or_default());
}

/// Flags an item for a reason, which may be empty. On a flagged item, no reason takes the flag away.
pub(super) fn flag(model: &mut Model, id: &ItemId, reason: &str, effects: &mut Vec<Effect>) {
    let before = model.flag(id).map(str::to_owned);
    let reason = match &before {
        Some(_) if reason.is_empty() => None,
        Some(before) if before == reason => return,
        _ => Some(reason.to_owned()),
    };
    let flag = |reason: Option<String>| Write::Flag { item_id: id.clone(), reason };
    model.say(match (&before, &reason) {
        (_, None) => "flag taken away",
        (None, Some(_)) => "flagged",
        (Some(_), Some(_)) => "flag changed",
    });
    let before = before.map(|before| flag(Some(before)));
    rubric::record(model, id, flag(reason), before, effects);
}
