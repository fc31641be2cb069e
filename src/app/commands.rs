//! Actions: what each one does where.

use super::asking;
use super::browse::{self, Filter};
use super::geometry::Pane;
use super::modal::{Modal, Prompt, PromptFor, Showing, Viewer};
use super::reading::Motion;
use super::turning::Turn;
use super::{
    Connection, Editor, Effect, Model, Screen, leaving, listing, moving, reading, review, rubric, turning,
    unsent, viewing, writing,
};
use crate::input::Action;

/// Does what an action says, in the place where the reviewer is.
pub(super) fn perform(model: &mut Model, action: Action, count: Option<usize>, effects: &mut Vec<Effect>) {
    if action == Action::Refresh && model.pause.is_some() {
        effects.push(Effect::Wake);
    }
    match action {
        Action::Quit => leaving::quit(model, effects),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Yes | Action::No => asking::answer(model, action, effects),
        _ if !model.modals.is_empty() => viewing::act(model, action, effects),
        Action::Help => model.modals.push(Modal::Viewer(Viewer::new(Showing::Help))),
        Action::Undo => turning::ask(model, Turn::Undo, effects),
        Action::Redo => turning::ask(model, Turn::Redo, effects),
        Action::Unsent => unsent::open(model),
        Action::Back => back(model, effects),
        Action::Cancel => cancel(model),
        Action::Guidelines => guidelines(model),
        _ => match model.screen {
            Screen::Browse => browse_action(model, action, count.unwrap_or(1), effects),
            Screen::Review => review_action(model, action, effects),
            Screen::Summary => summary_action(model, action, effects),
        },
    }
}

fn back(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.screen {
        Screen::Browse if model.browse.on_items => model.browse.on_items = false,
        Screen::Browse => leaving::quit(model, effects),
        Screen::Review | Screen::Summary => review::leave_review(model, effects),
    }
}

fn cancel(model: &mut Model) {
    if !model.review.typed_ahead.is_empty() || model.review.seeking.is_some() || model.turning.is_some() {
        turning::stop_waiting(model);
        model.review.typed_ahead.clear();
        moving::stop_seeking(model);
    } else if model.review.find.take().is_some() || model.notice.take().is_some() {
        // Gone.
    } else if model.screen == Screen::Review && model.review.zoomed {
        model.review.zoomed = false;
        reading::keep_tree_in_view(model);
    } else {
        say_way_out(model);
    }
}

/// Where there is nothing to drop, a reviewer who presses Esc wants out.
fn say_way_out(model: &mut Model) {
    let keys = model.start.keymap.keys_for(super::contexts(model), Action::Back);
    let Some(key) = keys.first() else { return };
    let to = match model.screen {
        Screen::Browse if !model.browse.on_items => "quits",
        Screen::Browse => "goes back to the queues",
        Screen::Review | Screen::Summary => "goes back to the lists",
    };
    model.say(format!("{key} {to}"));
}

fn guidelines(model: &mut Model) {
    let queue = match model.screen {
        Screen::Browse => model.browse.queue(),
        Screen::Review | Screen::Summary => model.reviewed_queue(),
    };
    match queue.map(|queue| queue.id.clone()) {
        Some(id) => model.modals.push(Modal::Viewer(Viewer::new(Showing::Guidelines(id)))),
        None => model.say("no queue here yet"),
    }
}

/// A list or scroll movement, if the action is one.
pub(super) fn motion(action: Action, count: usize) -> Option<Motion> {
    match action {
        Action::Down | Action::ScrollDown => Some(Motion::Down(count)),
        Action::Up | Action::ScrollUp => Some(Motion::Up(count)),
        Action::HalfDown => Some(Motion::HalfDown),
        Action::HalfUp => Some(Motion::HalfUp),
        Action::Top => Some(Motion::Top),
        Action::Bottom => Some(Motion::Bottom),
        _ => None,
    }
}

fn browse_action(model: &mut Model, action: Action, count: usize, effects: &mut Vec<Effect>) {
    if let Some(motion) = motion(action, count) {
        if model.browse.on_items {
            move_item(model, motion, effects);
        } else {
            move_queue(model, motion, effects);
        }
        return;
    }
    match action {
        Action::Open if model.browse.on_items => {
            let cursor = model.browse.items.cursor;
            if model.browse.items.list.is_empty() {
                model.say("no items here: press f for the others");
            } else {
                model.review.queue.clone_from(&model.browse.items.queue);
                review::open_at(model, cursor, effects);
            }
        }
        Action::Open => open_queue(model, effects),
        Action::PaneLeft | Action::PrevPane | Action::NextPane | Action::PaneRight => {
            change_list(model, action, effects);
        }
        Action::Refresh => {
            effects.push(Effect::FetchQueues);
            if matches!(model.connection, Connection::Failed(_)) {
                model.connection = Connection::Connecting;
                effects.push(Effect::Connect);
            }
            browse::refresh_items(model, effects);
            super::dispatch::ask_configs_again(model, effects);
        }
        Action::StatusFilter => set_filter(model, model.browse.items.filter.next(), effects),
        Action::Complete => listing::complete(model, effects),
        Action::Reopen => listing::reopen(model, effects),
        Action::Remove => listing::ask_removal(model),
        Action::Add => listing::open_adding(model),
        Action::Flag => listing::open_flag(model),
        _ => {}
    }
}

/// Goes to the other list; with nothing on that side, says so.
fn change_list(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let on_items = match action {
        Action::PaneLeft => false,
        Action::PaneRight => true,
        _ => !model.browse.on_items,
    };
    if on_items == model.browse.on_items {
        model.say(if on_items { "the items are the last list" } else { "the queues are the first list" });
    } else if on_items && model.browse.queue().is_none() {
        model.say("no queue here yet");
    } else {
        model.browse.on_items = on_items;
        browse::look_around(model, effects);
    }
}

/// Starts on the queue under the cursor.
fn open_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.browse.queue().is_none() {
        model.say("no queue here yet");
        return;
    }
    browse::show_queue(model, effects);
    if model.browse.items.filter != Filter::Pending {
        set_filter(model, Filter::Pending, effects);
    }
    moving::start(model, effects);
}

fn set_filter(model: &mut Model, filter: Filter, effects: &mut Vec<Effect>) {
    model.browse.items.filter = filter;
    model.browse.items.cursor = 0;
    model.browse.items.top = 0;
    browse::reload_items(model, effects);
}

fn move_queue(model: &mut Model, motion: Motion, effects: &mut Vec<Effect>) {
    let last = model.browse.queues.ready().map_or(0, |queues| queues.len().saturating_sub(1));
    let height = browse::queue_rows(model).max(1);
    model.browse.cursor = reading::moved(model.browse.cursor, motion, last, height);
    browse::show_queue(model, effects);
    browse::look_around(model, effects);
}

fn move_item(model: &mut Model, motion: Motion, effects: &mut Vec<Effect>) {
    let height = browse::item_rows(model).max(1);
    let items = &mut model.browse.items;
    let last = items.list.len().unwrap_or(0).saturating_sub(1);
    items.cursor = reading::moved(items.cursor, motion, last, height);
    browse::look_around(model, effects);
}

fn review_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    if let Some(motion) = motion(action, 1) {
        reading::go(model, motion, effects);
        return;
    }
    match action {
        Action::NextPane => next_pane(model, true),
        Action::PrevPane => next_pane(model, false),
        Action::ReadScores => read_scores(model),
        Action::NextObservation => reading::step_observation(model, true, effects),
        Action::PrevObservation => reading::step_observation(model, false, effects),
        Action::Fold => reading::fold(model, true, effects),
        Action::Unfold => reading::fold(model, false, effects),
        Action::CycleView => {
            model.review.view = model.review.view.next();
            model.review.scroll = 0;
        }
        Action::Zoom => {
            model.review.zoomed = !model.review.zoomed;
            reading::keep_tree_in_view(model);
        }
        Action::Wrap => model.review.no_wrap = !model.review.no_wrap,
        Action::Info => model.modals.push(Modal::Viewer(Viewer::new(Showing::Info))),
        Action::ToggleTree => toggle_tree(model),
        Action::Refresh => refresh_item(model, effects),
        Action::Find => model.modals.push(Modal::Prompt(Prompt {
            purpose: PromptFor::Find,
            label: "find".into(),
            editor: Editor::line(""),
            choices: Vec::new(),
            choice: 0,
            complaint: None,
        })),
        Action::FindNext => reading::find_again(model, true),
        Action::FindPrev => reading::find_again(model, false),
        Action::CopyId | Action::OpenInBrowser => take_out(model, action, effects),
        _ => decide(model, action, effects),
    }
}

/// Shows or hides the tree; a pane that has the whole screen makes room for it.
fn toggle_tree(model: &mut Model) {
    let shown = !model.review.zoomed && model.review_areas().tree.is_some();
    model.review.zoomed = false;
    model.review.tree = Some(!shown);
    reading::settle_focus(model);
}

/// Opens all scores and comments of the item, with whole reasons.
fn read_scores(model: &mut Model) {
    if model.current().is_none_or(|data| data.scores.is_waiting()) {
        model.say("the scores are still loading");
        return;
    }
    reading::given_changed(model);
    model.modals.push(Modal::Viewer(Viewer::new(Showing::Given)));
}

/// Fetches the current item afresh, and the items that did not come.
fn refresh_item(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(id) = model.review.item.clone() {
        browse::try_again(model);
        review::refresh(model, &id, effects);
        super::dispatch::ask_configs_again(model, effects);
        model.say("fetching this item again");
    }
}

fn decide(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::NextRow => rubric::move_row(model, true),
        Action::PrevRow => rubric::move_row(model, false),
        Action::EnterValue => match model.current_config().cloned() {
            Some(config) => writing::open_value(model, &config, None),
            None => rubric::say_no_row(model),
        },
        Action::ClearRow => rubric::clear(model, effects),
        Action::Reason => writing::open_reason(model),
        Action::Comment => writing::open_comment(model),
        Action::CompleteNext => moving::complete(model, effects),
        Action::Skip => moving::skip(model, effects),
        Action::NextItem => moving::step(model, true, effects),
        Action::PrevItem => moving::step(model, false, effects),
        Action::ReopenItem => moving::reopen(model, effects),
        Action::Flag => listing::open_flag(model),
        _ => {}
    }
}

fn next_pane(model: &mut Model, forward: bool) {
    let areas = model.review_areas();
    let shown = |pane: &Pane| match pane {
        Pane::Tree => areas.tree.is_some(),
        Pane::Content => areas.content.is_some(),
        Pane::Rubric => areas.rubric.is_some(),
    };
    let mut order = vec![Pane::Tree, Pane::Content, Pane::Rubric];
    if !forward {
        order.reverse();
    }
    if !model.review.zoomed {
        order.retain(|pane| shown(pane) || *pane == model.review.pane);
    }
    let at = order.iter().position(|pane| *pane == model.review.pane).unwrap_or(0);
    model.review.pane = order[(at + 1) % order.len()];
    reading::keep_tree_in_view(model);
}

/// Copies the current id, or opens the item in the web UI.
fn take_out(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(target) = model.selected_target() else {
        model.say("the item is still loading");
        return;
    };
    if action == Action::CopyId {
        let id = target.object().id;
        model.say(format!("copied {id}"));
        effects.push(Effect::Copy(id));
        return;
    }
    match model.web_address(&target) {
        Some(address) => effects.push(Effect::Browse(address)),
        None if model.start.embedded => model.say("the embedded workspace has no web pages"),
        None => model.say("the address of the web pages is not known yet"),
    }
}

fn summary_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::ReviewSkipped => moving::review_skipped(model, effects),
        Action::NextQueue => next_queue(model, effects),
        Action::Refresh => effects.push(Effect::FetchQueues),
        _ => {}
    }
}

/// On to the next queue with something to do.
fn next_queue(model: &mut Model, effects: &mut Vec<Effect>) {
    let queues = model.browse.queues.ready().map_or(0, Vec::len);
    let from = model.browse.cursor;
    let pending = |at: &usize| {
        let queue = model.browse.queues.ready().and_then(|queues| queues.get(*at));
        queue.and_then(|queue| model.browse.counts.get(&queue.id)).is_some_and(|counts| counts.pending > 0)
    };
    match (1..queues).map(|n| (from + n) % queues).find(pending) {
        Some(at) => {
            review::leave_review(model, effects);
            model.browse.cursor = at;
            open_queue(model, effects);
        }
        None => model.say("no other queue has anything to do"),
    }
}
