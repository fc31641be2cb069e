//! Changing a decision from the list of unsent ones: back to its item and row, or to its text.

use super::modal::Modal;
use super::{Effect, ItemData, Model, Screen, browse, review, rubric, unsent, writing};
use crate::domain::{ConfigId, ItemId, QueueId, ScoreWrite, Write, WriteState, Written};

/// Where the reviewer wants to go to change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    item: ItemId,
    /// The row; `None` only goes to the item.
    row: Option<ConfigId>,
    /// What is to be changed there.
    part: Part,
}

/// A part of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Value,
    Reason,
    /// Only look at it.
    Nothing,
}

/// Goes to where a write can be changed.
pub(super) fn change(model: &mut Model, written: &Written, effects: &mut Vec<Effect>) {
    let item = written.item_id.clone();
    let wish = match &written.write {
        Write::Comment(comment) => match why_fixed(written) {
            None => return unsent::rewrite(model, written, comment),
            Some(why) => return model.say(why),
        },
        Write::Score(score) => {
            Wish { item, row: score.config_id.clone(), part: refused_part(written, score) }
        }
        Write::DeleteScore { config_id, .. } => Wish { item, row: config_id.clone(), part: Part::Nothing },
        Write::Status { .. } | Write::Flag { .. } => Wish { item, row: None, part: Part::Nothing },
        _ => return model.say("this cannot be changed, only sent or discarded"),
    };
    let queue = match &written.write {
        Write::Status { queue_id, .. } => Some(queue_id.clone()),
        Write::Score(ScoreWrite { queue_id: Some(queue), .. }) => Some(queue.clone()),
        _ => written.made.queue_id.clone(),
    };
    go_to(model, wish, queue.as_ref(), effects);
}

/// Why the text of a write cannot be changed any more, if so.
pub(super) fn why_fixed(written: &Written) -> Option<&'static str> {
    match written.state {
        WriteState::Sent | WriteState::Confirmed => Some("the server has it: a sent comment stays"),
        _ if written.is_untried() || written.is_parked() => None,
        _ => Some("it was tried and may have arrived: write another comment instead"),
    }
}

/// Whether it was the reason that the server did not want.
fn refused_part(written: &Written, score: &ScoreWrite) -> Part {
    let words = written.last_error.as_deref().unwrap_or_default().to_lowercase();
    let about_reason = words.contains("comment") || words.contains("reason");
    if written.is_parked() && about_reason && score.comment.is_some() { Part::Reason } else { Part::Value }
}

/// Opens the item, as soon as it is known, and then what is wished there.
fn go_to(model: &mut Model, wish: Wish, queue: Option<&QueueId>, effects: &mut Vec<Effect>) {
    let item = wish.item.clone();
    let queues = model.browse.queues.ready().map(Vec::as_slice).unwrap_or_default();
    let Some(at) = queues.iter().position(|q| Some(&q.id) == queue) else {
        return model.say("the queue of this item is not here");
    };
    let queue = queues[at].id.clone();
    model.modals.retain(|modal| !matches!(modal, Modal::Unsent(_)));
    model.wish = Some(wish);
    if model.screen == Screen::Review && model.review.item.as_ref() == Some(&item) {
        return;
    }
    let known = model.items.get(&item).map(|data| data.item.clone());
    if model.screen != Screen::Browse {
        review::leave_review(model, effects);
    }
    model.browse.cursor = at;
    if model.browse.items.queue.as_ref() != Some(&queue) {
        browse::show_queue(model, effects);
    }
    match model.browse.items.list.position(&item) {
        Some(position) => review::open_at(model, position, effects),
        None => match known {
            Some(item) => review::open_item(model, item, effects),
            None => effects.push(Effect::FetchItem(queue, item)),
        },
    }
}

/// Opens what was wished once its item is there.
pub(super) fn settle_wish(model: &mut Model) {
    let Some(wish) = model.wish.clone() else { return };
    let here = model.screen == Screen::Review && model.review.item.as_ref() == Some(&wish.item);
    let ready = model.current().is_some_and(ItemData::is_decidable) && model.configs.is_some();
    if !here || !ready || !model.modals.is_empty() {
        return;
    }
    model.wish = None;
    let Some(row) = wish.row else { return };
    let Some(at) = model.rubric_configs().iter().position(|config| config.id == row) else {
        return model.say("this queue has no such row any more");
    };
    model.review.row = at;
    let Some(config) = model.current_config().cloned() else { return rubric::say_no_row(model) };
    match wish.part {
        Part::Value => writing::open_value(model, &config, None),
        Part::Reason => writing::open_reason(model),
        Part::Nothing => {}
    }
}
