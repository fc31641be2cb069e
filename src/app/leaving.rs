//! Quitting: what is left is sent first, and where that takes long the reviewer is asked.

use std::time::Duration;

use super::{Connection, Effect, Modal, Model, Why, drafts};
use crate::input::Action;

/// Longest time spent on sending what is left before the reviewer is asked.
const LAST_CALL: Duration = Duration::from_secs(5);

/// How far the reviewer has got with quitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leaving {
    /// Nobody wants to quit.
    #[default]
    No,
    /// What is left is being sent, until then at most, in time since the start.
    Sending(Duration),
    /// Asked what to do about what cannot be sent now.
    Asking,
    /// The program ends once everything is sent.
    Waiting,
}

impl Leaving {
    /// When the last call is over, in time since the start.
    #[must_use]
    pub fn until(self) -> Option<Duration> {
        if let Self::Sending(until) = self { Some(until) } else { None }
    }
}

/// Quits once what is left is sent; asked for twice, at once.
pub(super) fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.quitting != Leaving::No {
        return end(effects);
    }
    drafts::keep_draft(model, effects);
    if model.left() == 0 {
        return end(effects);
    }
    if obstacle(model).is_some() {
        return ask(model);
    }
    let key = model.start.keymap.keys_for(super::contexts(model), Action::Quit).first().copied();
    let at_once = key.map(|key| format!(" · {key} quits at once")).unwrap_or_default();
    model.say(format!("sending what is left{at_once}"));
    model.quitting = Leaving::Sending(model.now.mono + LAST_CALL);
    effects.push(Effect::ReleaseAll);
}

/// The program is asked to end: nothing is waited for, and nothing written is lost.
pub(super) fn shut_down(model: &mut Model, effects: &mut Vec<Effect>) {
    drafts::keep_draft(model, effects);
    effects.push(Effect::Quit);
}

/// Ends, or asks, once it is time for that.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.quitting {
        Leaving::No => {}
        _ if model.left() == 0 => effects.push(Effect::Quit),
        Leaving::Sending(until) if until <= model.now.mono || obstacle(model).is_some() => ask(model),
        _ => {}
    }
}

/// Takes the answer to what is asked before quitting.
pub(super) fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::LeaveNow => end(effects),
        Action::LeaveSent if model.quitting != Leaving::Waiting => {
            model.quitting = Leaving::Waiting;
            effects.push(Effect::ReleaseAll);
        }
        Action::Stay => {
            model.quitting = Leaving::No;
            model.modals.retain(|modal| !matches!(modal, Modal::Leaving));
        }
        _ => {}
    }
}

fn end(effects: &mut Vec<Effect>) {
    effects.extend([Effect::ReleaseAll, Effect::Quit]);
}

fn ask(model: &mut Model) {
    model.quitting = Leaving::Asking;
    model.notice = None;
    model.modals.push(Modal::Leaving);
}

/// What keeps this program from sending, in a word or two.
fn obstacle(model: &Model) -> Option<&'static str> {
    match (&model.connection, model.pause.as_ref().map(|pause| &pause.why)) {
        (Connection::Online, None) => None,
        (_, Some(Why::Keys(_))) => Some("the keys are not accepted"),
        (_, Some(Why::RateLimit)) => Some("rate limit"),
        (_, Some(Why::Offline(_))) => Some("offline"),
        (Connection::Failed(failure), None) if failure.temporary => Some("offline"),
        _ => Some("not connected"),
    }
}

/// What the reviewer is told before quitting: how much is left, where it is, when it will go.
#[must_use]
pub fn before_leaving(model: &Model) -> String {
    let left = model.left();
    let (what, they) = match left {
        1 => ("1 decision is".to_owned(), "It goes"),
        n => (format!("{n} decisions are"), "They go"),
    };
    let why = obstacle(model).map(|why| format!(" ({why})")).unwrap_or_default();
    let parked = match model.refused() {
        0 => String::new(),
        1 => " One more waits for your word in the list of unsent ones.".to_owned(),
        n => format!(" {n} more wait for your word in the list of unsent ones."),
    };
    let saved = format!("{what} saved here and not sent yet{why}.{parked}");
    if model.quitting == Leaving::Waiting {
        let again = model.countdown().map(|seconds| format!(" Goes on in {seconds} s.")).unwrap_or_default();
        return format!("{saved} Waiting: tracemark ends once the server has everything.{again}");
    }
    match model.other_sender {
        Some(Some(process)) => format!("{saved} {they} when the other tracemark (process {process}) can."),
        Some(None) => format!("{saved} {they} when the other tracemark can."),
        None => format!("{saved} {they} with the next start or with `tracemark sync`."),
    }
}
