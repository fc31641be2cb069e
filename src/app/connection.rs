//! The connection comes and goes: what is known without it, and what is asked for again with it.

use jiff::Timestamp;

use super::item::Load;
use super::msg::{Part, ServerInfo};
use super::{Connection, Effect, Failure, Model, Screen, browse, review};

/// The server is known from an earlier run: what was kept from it can be shown and decided on.
pub(super) fn known(model: &mut Model, server: ServerInfo, effects: &mut Vec<Effect>) {
    if model.server.is_none() {
        model.server = Some(server);
        effects.extend([Effect::FetchQueues, Effect::FetchConfigs]);
    }
}

/// The server answers: what came from what was kept, or did not come, is asked for again.
pub(super) fn connected(model: &mut Model, server: ServerInfo, effects: &mut Vec<Effect>) {
    let lacked = model.server.as_ref().and_then(|server| server.lacking.as_ref());
    if let Some(lacking) = server.lacking.as_ref().filter(|lacking| lacked != Some(lacking)) {
        model.say(lacking.clone());
    }
    model.server = Some(server);
    model.connection = Connection::Online;
    let browse = &mut model.browse;
    if browse.queues.ready().is_none() || browse.kept.is_some() {
        effects.push(Effect::FetchQueues);
    }
    if model.configs.is_none() || browse.kept.is_some() {
        effects.push(Effect::FetchConfigs);
    }
    browse.labels_asked.retain(|object| browse.labels.contains_key(object));
    let items = &browse.items;
    if items.queue.is_some() && (items.kept.is_some() || items.failure.is_some()) {
        browse::refresh_items(model, effects);
    }
    if model.screen == Screen::Review {
        review::want(model, effects);
    }
}

/// The server is out of reach.
pub(super) fn failed(model: &mut Model, failure: Failure) {
    if model.browse.queues.ready().is_none() {
        model.browse.queues = Load::Failed(failure.clone());
    }
    model.connection = Connection::Failed(failure);
}

/// Notes how old a part is that is about to be told.
pub(super) fn kept(model: &mut Model, part: Part, since: Option<Timestamp>) {
    match part {
        Part::Queues => model.browse.kept = since,
        Part::Items(queue) if model.browse.items.queue.as_ref() == Some(&queue) => {
            model.browse.items.kept = since;
        }
        Part::Items(_) => {}
        Part::Item(id) => {
            let Some(data) = model.items.get_mut(&id) else { return };
            data.kept = since;
            // What was sent since cannot be in there.
            data.scores_asked = since.or(data.scores_asked);
        }
    }
}
