//! What can be done to a queue's items from their list.

use super::asking::{self, Question};
use super::{Effect, Model, rubric};
use crate::domain::{Item, Write};

/// Asks whether to take the item under the cursor out of the queue.
pub(super) fn ask_removal(model: &mut Model) {
    match model.browse.item().cloned() {
        Some(item) => asking::ask(model, Question::Remove(item)),
        None => model.say("no item here"),
    }
}

/// Takes an item out of its queue.
pub(super) fn remove(model: &mut Model, item: &Item, effects: &mut Vec<Effect>) {
    let (queue_id, object) = (item.queue_id.clone(), item.object.clone());
    let write = Write::RemoveItem { queue_id, item_id: item.id.clone(), object };
    rubric::record(model, &item.id, write, None, effects);
}
