//! From a message to the part of the program it concerns.

use super::ahead::{self, Typed};
use super::commands::perform;
use super::item::Load;
use super::modal::Modal;
use super::turning::Turn;
use super::{
    Effect, Model, Msg, Screen, browse, connection, drafts, leaving, local, moving, open, reading, review,
    rubric, turning, unsent, writing,
};
use crate::domain::Now;
use crate::input::{Action, Code, Context, Key, place};

/// Changes the model by one message.
pub fn update(model: &mut Model, msg: Msg, now: Now) -> Vec<Effect> {
    model.now = now;
    let mut effects = Vec::new();
    if model.notice.as_ref().is_some_and(|notice| notice.until <= now.mono) {
        model.notice = None;
    }
    model.limited = model.limited.filter(|until| *until > now.wall);
    handle(model, msg, &mut effects);
    unsent::settle(model);
    ahead::replay(model, &mut effects);
    drafts::keep_if_due(model, &mut effects);
    leaving::settle(model, &mut effects);
    reading::lay_out(model, &mut effects);
    effects
}

fn handle(model: &mut Model, msg: Msg, effects: &mut Vec<Effect>) {
    match msg {
        Msg::Key(key) => press(model, key, effects),
        Msg::Paste(text) if model.review.typed_ahead.is_empty() => writing::paste(model, &text),
        Msg::Paste(text) => ahead::keep(model, Typed::Paste(text)),
        Msg::Resize(width, height) => resize(model, (width, height), effects),
        Msg::Deadline => {}
        Msg::Known(server) => connection::known(model, server, effects),
        Msg::Connected(server) => connection::connected(model, server, effects),
        Msg::ConnectFailed(failure) => connection::failed(model, failure),
        Msg::Kept(part, since) => connection::kept(model, part, since),
        Msg::Queues(result) => {
            browse::take_queues(model, result, effects);
            open_wished(model, effects);
        }
        Msg::Counts(queue, Ok(counts)) => {
            model.browse.counts.insert(queue, counts);
        }
        Msg::Counts(_, Err(failure)) => model.say(failure.message),
        Msg::Configs(Err(failure)) => {
            model.configs_failed = true;
            model.say(failure.message);
        }
        Msg::Configs(Ok(configs)) => {
            model.configs = Some(configs.into_iter().map(|config| (config.id.clone(), config)).collect());
            rubric::to_first_open(model);
        }
        Msg::Items { fetch, result } => {
            browse::take_page(model, &fetch, result, effects);
            review::find_position(model);
            moving::resume_seek(model, effects);
            if model.screen == Screen::Review {
                review::want(model, effects);
            }
        }
        Msg::Labels(labels) => {
            model.browse.labels.extend(labels.into_iter().map(|label| (label.object_id.clone(), label)));
        }
        Msg::Item(result) => turning::take_item(model, result, effects),
        Msg::Shutdown => leaving::shut_down(model, effects),
        other => handle_item(model, other, effects),
    }
}

/// Asks for the rubric once more where that failed: on request, and when the server is seen to
/// answer other things.
pub(super) fn ask_configs_again(model: &mut Model, effects: &mut Vec<Effect>) {
    if std::mem::take(&mut model.configs_failed) {
        effects.push(Effect::FetchConfigs);
    }
}

/// Messages about one item or the outbox.
fn handle_item(model: &mut Model, msg: Msg, effects: &mut Vec<Effect>) {
    match msg {
        Msg::ItemSeen(id, seen) => open::take_seen(model, &id, seen, effects),
        Msg::Subject(id, result) => {
            if let Some(data) = model.items.get_mut(&id) {
                let subject = match result {
                    Ok(Some(subject)) => Load::Ready(subject),
                    Ok(None) => Load::Missing,
                    Err(failure) => Load::Failed(failure),
                };
                let replaced = data.subject.ready().is_some() && data.subject != subject;
                data.subject = subject;
                data.rebuild(&model.start.annotator);
                if replaced {
                    review::content_changed(model, &id);
                }
                review::settle(model);
                ask_configs_again(model, effects);
            }
        }
        Msg::Scores(id, result) => {
            if let Some(data) = model.items.get_mut(&id) {
                data.scores = match result {
                    Ok(scores) => Load::Ready(scores),
                    Err(failure) => Load::Failed(failure),
                };
                data.rebuild(&model.start.annotator);
                if model.review.item.as_ref() == Some(&id) {
                    rubric::to_first_open(model);
                    reading::given_changed(model);
                }
            }
        }
        Msg::Comments(id, object, result) => local::take_comments(model, &id, object, result),
        Msg::Local(id, state) => local::take_local(model, &id, state),
        Msg::LaidOut(key, rows) => {
            if let Some(slot) = model.docs.get_mut(&key) {
                *slot = Some(rows);
            }
        }
        Msg::Recorded(token, result) => local::take_recorded(model, token, result, effects),
        Msg::Written(written) => {
            open::note_settled(model, &written);
            local::take_written(model, &written, effects);
        }
        Msg::Undone(result) => turning::take(model, Turn::Undo, result, effects),
        Msg::Redone(result) => turning::take(model, Turn::Redo, result, effects),
        Msg::Flags(flags) => model.flags = flags.into_iter().collect(),
        Msg::OpenWrites(writes) => local::take_open(model, writes, effects),
        Msg::Paused(pause) => model.pause = Some(pause),
        Msg::Resumed => (model.pause, model.other_sender) = (None, None),
        Msg::Limited(until) => model.limited = until,
        Msg::Neighbour => effects.push(Effect::LookAgain(model.open_writes.keys().copied().collect())),
        Msg::OtherSender(process) => model.other_sender = Some(process),
        Msg::Edited(result) => writing::edited(model, result),
        Msg::Notice(text) => model.say(text),
        _ => {}
    }
}

fn resize(model: &mut Model, size: (u16, u16), effects: &mut Vec<Effect>) {
    model.size = size;
    browse::look_around(model, effects);
    reading::settle_focus(model);
}

/// Opens the queue and item named on the command line, once.
fn open_wished(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.browse.queues.ready().is_none() {
        return;
    }
    let Some(wish) = model.start.queue.take() else { return };
    let queues = model.browse.queues.ready().map(Vec::as_slice).unwrap_or_default();
    let fits = |q: &crate::domain::Queue| q.id.as_str() == wish || q.name == wish;
    match queues.iter().position(fits) {
        Some(at) => {
            model.browse.cursor = at;
            let id = queues[at].id.clone();
            browse::show_queue(model, effects);
            match model.start.item.take() {
                Some(item) => effects.push(Effect::FetchItem(id, item.into())),
                None => moving::start(model, effects),
            }
        }
        None => model.say(format!("there is no queue `{wish}` in this project")),
    }
}

/// The contexts whose keys count at the moment, most specific first.
#[must_use]
pub fn contexts(model: &Model) -> &'static [Context] {
    match (model.modals.last(), model.screen) {
        (Some(Modal::Editor(_)), _) => place::EDITOR,
        (Some(Modal::Prompt(_)), _) => place::PROMPT,
        (Some(Modal::Viewer(_)), _) => place::VIEWER,
        (Some(Modal::Confirm(_)), _) => place::CONFIRM,
        (Some(Modal::Unsent(_)), _) => place::UNSENT,
        (Some(Modal::Leaving), _) => place::LEAVING,
        (None, Screen::Browse) if model.browse.on_items => place::ITEMS,
        (None, Screen::Browse) => place::QUEUES,
        (None, Screen::Review) => place::REVIEW,
        (None, Screen::Summary) => place::SUMMARY,
    }
}

pub(super) fn press(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    model.wish = None;
    let action = model.start.keymap.lookup(contexts(model), key);
    if ahead::must_wait(model, key, action) {
        ahead::keep(model, Typed::Key(key));
        return;
    }
    match model.modals.last() {
        Some(Modal::Editor(_)) if !is_global(action) => writing::editor_key(model, key, action, effects),
        Some(Modal::Prompt(_)) if !is_global(action) => writing::prompt_key(model, key, action, effects),
        _ => command(model, key, action, effects),
    }
}

pub(super) fn is_global(action: Option<Action>) -> bool {
    matches!(action, Some(Action::Quit | Action::Redraw | Action::Suspend))
}

pub(super) fn digit_of(key: Key) -> Option<u8> {
    match key.code {
        Code::Char(c) if !key.ctrl && !key.alt => c.to_digit(10).and_then(|d| u8::try_from(d).ok()),
        _ => None,
    }
}

/// Says that a key has no meaning here, and which one helps on.
fn say_unbound(model: &mut Model, key: Key) {
    let (action, helps) = match model.modals.last() {
        None => (Action::Help, "shows the keys"),
        Some(Modal::Confirm(_)) => (Action::No, "says no"),
        Some(Modal::Leaving) => (Action::Stay, "goes back"),
        Some(_) => (Action::Close, "closes this"),
    };
    let keys = model.start.keymap.keys_for(contexts(model), action);
    let helps = keys.first().map(|key| format!(": {key} {helps}")).unwrap_or_default();
    model.say(format!("{key} does nothing here{helps}"));
}

fn command(model: &mut Model, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
    if let Some(digit) = digit_of(key).filter(|_| action.is_none() && model.modals.is_empty()) {
        match model.screen {
            Screen::Review => rubric::digit(model, digit, effects),
            Screen::Browse => {
                model.count = Some((model.count.unwrap_or(0) * 10 + usize::from(digit)).min(1_000_000));
            }
            Screen::Summary => {}
        }
        return;
    }
    let count = model.count.take();
    match action {
        Some(action) => perform(model, action, count, effects),
        None => say_unbound(model, key),
    }
}
