//! Which items are open to this reviewer: what the list says, corrected by what is known better.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Model, Screen, review};
use crate::domain::{Item, ItemId, ItemStatus, Write, WriteState, Written, ago};

/// How long an item that moved is taken to be open elsewhere: the web UI locks it for as long.
const ELSEWHERE: SignedDuration = SignedDuration::from_mins(5);
/// A new item's two times may differ by what the server takes to write it.
const NEW: SignedDuration = SignedDuration::from_secs(1);
/// How old what is known of an item may be when it comes up, so that it is not asked for again.
const FRESH: Duration = Duration::from_secs(20);

/// What an item is to this reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// To be done.
    Open,
    /// To be done, but somebody may be at it in the web UI: it changed a moment ago, and not from
    /// here.
    Elsewhere,
    /// In another shard: to be done by somebody else.
    OtherShard,
    /// Done.
    Done,
    /// Taken out of the queue.
    Removed,
}

/// A change of an item's status that has reached the server from here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settled {
    status: ItemStatus,
    seq: i64,
    /// When that was known, in time since the start.
    at: Duration,
}

impl Model {
    /// What an item is to this reviewer.
    #[must_use]
    pub fn standing(&self, item: &Item) -> Standing {
        if self.removed.contains(&item.id) {
            Standing::Removed
        } else if item.status == ItemStatus::Completed {
            Standing::Done
        } else if self.start.shard.is_some_and(|shard| !shard.includes(&item.id)) {
            Standing::OtherShard
        } else if self.is_elsewhere(item) {
            Standing::Elsewhere
        } else {
            Standing::Open
        }
    }

    /// Whether an item has changed in the last minutes by somebody else's doing.
    fn is_elsewhere(&self, item: &Item) -> bool {
        // Either way, as the clocks of both machines need not agree.
        let age = self.now.wall.duration_since(item.updated_at).abs();
        age <= ELSEWHERE
            && item.updated_at.duration_since(item.created_at) > NEW
            && !self.settled.contains_key(&item.id)
    }

    /// Whether looking for the next item may stop at this one.
    pub(super) fn is_next(&self, item: &Item, standing: Standing) -> bool {
        self.standing(item) == standing
            && !self.review.skipped.contains(&item.id)
            && !self.leaving().any(|id| *id == item.id)
    }

    /// The state given here that the server does not have yet.
    fn on_its_way(&self, id: &ItemId) -> Option<ItemStatus> {
        let saving = self.saving.values().map(|(_, write)| write);
        let waits = |written: &&Written| {
            matches!(written.state, WriteState::Held | WriteState::Pending | WriteState::Sending)
        };
        let stored = self.open_writes.values().filter(waits).map(|written| &written.write);
        let of_item = |write: &Write| match write {
            Write::Status { item_id, status, .. } if item_id == id => Some(*status),
            _ => None,
        };
        stored.chain(saving).filter_map(of_item).next_back()
    }

    /// The state given here that reached the server after a question was asked, so that the answer
    /// may not know of it.
    fn settled_since(&self, id: &ItemId, asked: Duration) -> Option<ItemStatus> {
        self.settled.get(id).filter(|settled| settled.at > asked).map(|settled| settled.status)
    }
}

/// How long ago an item was completed, to go on a sentence with.
#[must_use]
pub fn completed_when(item: &Item, now: Timestamp) -> String {
    match item.completed_at.map(|at| ago(at, now)) {
        Some(age) if age != "now" => format!("{age} ago"),
        _ => "just now".into(),
    }
}

/// Corrects what the server said about listed items when asked at a moment, and keeps what it says
/// that is new about items in memory. Answers overtake each other: the later change is right.
pub(super) fn correct(model: &mut Model, items: &mut [Item], asked: Duration) {
    for item in items {
        item.status = model.settled_since(&item.id, asked).unwrap_or(item.status);
        if let Some(data) = model.items.get_mut(&item.id) {
            if data.item.updated_at > item.updated_at {
                *item = data.item.clone();
            } else {
                data.take_item(item);
            }
        }
        item.status = model.on_its_way(&item.id).unwrap_or(item.status);
    }
}

/// Lays over the list what was decided here and is not at the server.
pub(super) fn correct_list(model: &mut Model) {
    for written in model.open_writes.values() {
        if let Write::Status { item_id, status, .. } = &written.write
            && written.state != WriteState::Refused
        {
            model.browse.items.list.set_status(item_id, *status);
        }
    }
}

/// Keeps in mind that a change of status has reached the server.
pub(super) fn note_settled(model: &mut Model, written: &Written) {
    if let Write::Status { item_id, status, .. } = &written.write
        && matches!(written.state, WriteState::Sent | WriteState::Confirmed)
    {
        let (status, seq, at) = (*status, written.seq, model.now.mono);
        let settled = model.settled.entry(item_id.clone()).or_insert(Settled { status, seq, at });
        if settled.seq != seq {
            *settled = Settled { status, seq, at };
        }
    }
}

/// Asks for the item that has come up, unless that was done a moment ago: others may have
/// completed or removed it since it was listed.
pub(super) fn ask_again(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now.mono;
    let Some(data) = model.review.item.as_ref().and_then(|id| model.items.get_mut(id)) else { return };
    let last = data.asking.max(data.seen);
    if last.is_none_or(|last| now.saturating_sub(last) > FRESH) {
        // An answer that is still out may be older than this question.
        data.asking.get_or_insert(now);
        effects.push(Effect::SeeItem(data.item.queue_id.clone(), data.item.id.clone()));
    }
}

/// Takes in what the server says about one item just now; `None` when it is gone.
pub(super) fn take_seen(model: &mut Model, id: &ItemId, seen: Option<Item>, effects: &mut Vec<Effect>) {
    let Some(data) = model.items.get_mut(id) else { return };
    let asked = data.asking.take();
    data.seen = Some(model.now.mono);
    let is_news = match seen {
        // An answer too many, from before or after a change made here: nobody can tell.
        Some(_) if asked.is_none() && model.settled.contains_key(id) => false,
        Some(item) => take_state(model, item, asked.unwrap_or_default()),
        None => take_removal(model, id),
    };
    if is_news && model.screen == Screen::Review {
        review::want(model, effects);
    }
}

fn take_removal(model: &mut Model, id: &ItemId) -> bool {
    let is_news = model.removed.insert(id.clone());
    if is_news {
        model.browse.items.list.leave(id);
        tell_reviewer(model, id, "this item was removed from the queue");
    }
    is_news
}

/// Says whether somebody else has completed the item.
fn take_state(model: &mut Model, mut item: Item, asked: Duration) -> bool {
    let id = item.id.clone();
    let on_its_way = model.on_its_way(&id);
    item.status = model.settled_since(&id, asked).unwrap_or(item.status);
    let by_us = model.settled.get(&id).is_some_and(|settled| settled.status == item.status);
    let is_done = item.status == ItemStatus::Completed;
    let Some(data) = model.items.get_mut(&id) else { return false };
    if data.item.updated_at >= item.updated_at {
        return false; // Nothing that was not known.
    }
    let is_news = is_done && data.item.status == ItemStatus::Pending && !by_us && on_its_way.is_none();
    data.take_item(&item);
    data.taken |= is_news;
    let items = &mut model.browse.items;
    match items.filter.status() {
        Some(filter) if filter == item.status => items.list.come_back(&id),
        Some(_) => items.list.leave(&id),
        None => {}
    }
    let words = format!("someone else completed this item {}", completed_when(&item, model.now.wall));
    item.status = on_its_way.unwrap_or(item.status);
    model.browse.items.list.update(item);
    if is_news {
        tell_reviewer(model, &id, &words);
    }
    is_news
}

/// Says what happened to the item on screen; whoever has decided on it learns that this is kept.
fn tell_reviewer(model: &mut Model, id: &ItemId, words: &str) {
    if model.screen != Screen::Review || model.review.item.as_ref() != Some(id) {
        return;
    }
    let has_decided = model.items.get(id).is_some_and(|data| {
        let unsent = data.writes.iter().flatten().any(|written| written.state != WriteState::Confirmed);
        unsent || !data.saving.is_empty() || !data.unsaved.is_empty()
    });
    let kept = if has_decided { " · what you decided is kept" } else { "" };
    model.say(format!("{words}{kept}"));
}
