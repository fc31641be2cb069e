//! The list of writes that the server does not have: what can be done about them.

use jiff::Timestamp;

use super::asking::{self, Asked, Question};
use super::commands::motion;
use super::effect::{Doc, DocKey};
use super::modal::{Modal, Purpose, Showing, TextForm, Viewer};
use super::{Connection, Editor, Effect, Model, Why, describe_write, geometry, reading};
use crate::domain::rows::View;
use crate::domain::{
    COMMENT_UNITS, CommentWrite, ItemStatus, Origin, Value, Write, WriteState, Written, clock,
};
use crate::input::Action;

pub(super) use super::amending::{Wish, settle_wish};

/// The list on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnsentList {
    /// Row under the cursor.
    pub at: usize,
    /// The write there, which the cursor follows while others come and go.
    seq: Option<i64>,
}

/// Writes the server does not have, as they are listed: those that wait for the reviewer first.
#[must_use]
pub fn unsent_writes(model: &Model) -> Vec<&Written> {
    let (mut parked, others): (Vec<_>, Vec<_>) = model.open_writes.values().partition(|w| w.is_parked());
    parked.extend(others);
    parked
}

/// Shows the list.
pub(super) fn open(model: &mut Model) {
    model.modals.push(Modal::Unsent(UnsentList::default()));
    move_to(model, 0);
}

/// Keeps the cursor on its write after something has changed.
pub(super) fn settle(model: &mut Model) {
    settle_wish(model);
    let Some(list) = list(model) else { return };
    let writes = unsent_writes(model);
    let at = writes.iter().position(|written| Some(written.seq) == list.seq);
    let at = at.unwrap_or(list.at).min(writes.len().saturating_sub(1));
    move_to(model, at);
}

fn list(model: &Model) -> Option<UnsentList> {
    model.modals.iter().find_map(|modal| if let Modal::Unsent(list) = modal { Some(*list) } else { None })
}

fn move_to(model: &mut Model, at: usize) {
    let seq = unsent_writes(model).get(at).map(|written| written.seq);
    let lists = model.modals.iter_mut().filter_map(|modal| match modal {
        Modal::Unsent(list) => Some(list),
        _ => None,
    });
    lists.for_each(|list| *list = UnsentList { at, seq });
}

fn under_cursor(model: &Model) -> Option<&Written> {
    model.open_writes.get(&list(model)?.seq?)
}

/// Does what an action says in the list.
pub(super) fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(list) = list(model) else { return };
    if let Some(motion) = motion(action, 1) {
        let height = usize::from(geometry::viewer(model.size).height);
        let end = model.open_writes.len().saturating_sub(1);
        let at = reading::moved(list.at, motion, end, height);
        return move_to(model, at);
    }
    if action == Action::Close {
        model.modals.pop();
        return;
    }
    let Some(written) = under_cursor(model).cloned() else {
        return model.say("everything is sent");
    };
    match action {
        Action::Retry => retry(model, &written, effects),
        Action::RetryAll => retry_all(model, effects),
        Action::Discard => ask_discard(model, &written),
        Action::DiscardAll => match parked(model) {
            seqs if seqs.is_empty() => model.say("nothing waits for you: what is left is sent by itself"),
            seqs => asking::ask(model, Question::Discard(seqs)),
        },
        Action::Change => super::amending::change(model, &written, effects),
        Action::CopyWrite => {
            model.say("copied");
            effects.push(Effect::Copy(text(&written.write)));
        }
        Action::Details => {
            model.modals.push(Modal::Viewer(Viewer::new(Showing::Write(written.seq))));
        }
        _ => {}
    }
}

fn parked(model: &Model) -> Vec<i64> {
    model.open_writes.values().filter(|written| written.is_parked()).map(|written| written.seq).collect()
}

/// What is decided about together with a write: in a conflict all of the item's.
fn together(model: &Model, written: &Written) -> Vec<i64> {
    if written.state != WriteState::Conflict {
        return vec![written.seq];
    }
    let same = |other: &&Written| other.state == WriteState::Conflict && other.item_id == written.item_id;
    model.open_writes.values().filter(same).map(|other| other.seq).collect()
}

fn retry(model: &mut Model, written: &Written, effects: &mut Vec<Effect>) {
    match written.state {
        WriteState::Refused | WriteState::Conflict => {
            let seqs = together(model, written);
            model.say(format!("sending {} again", in_words(model, &seqs)));
            effects.push(Effect::Retry(seqs));
        }
        WriteState::Pending | WriteState::Held => effects.push(Effect::Retry(vec![written.seq])),
        _ => model.say("this one is already on its way"),
    }
}

fn retry_all(model: &mut Model, effects: &mut Vec<Effect>) {
    let seqs = parked(model);
    if seqs.is_empty() {
        // The sender may be waiting for no more than a sign.
        effects.push(Effect::Wake);
        return model.say("nothing was refused; what is left is tried now");
    }
    model.say(format!("sending {} again", in_words(model, &seqs)));
    effects.push(Effect::Retry(seqs));
}

fn ask_discard(model: &mut Model, written: &Written) {
    match written.state {
        WriteState::Sending => model.say("it is being sent: too late to discard it"),
        WriteState::Sent => model.say("the server took it already: nothing to discard"),
        _ => {
            let seqs = together(model, written);
            asking::ask(model, Question::Discard(seqs));
        }
    }
}

/// `tone = warm on support-chat 13`, or how many there are, on which item if it is only one.
fn in_words(model: &Model, seqs: &[i64]) -> String {
    let writes: Vec<&Written> = seqs.iter().filter_map(|seq| model.open_writes.get(seq)).collect();
    match writes.as_slice() {
        [] => "nothing".into(),
        [one] => format!("{} on {}", short(&describe_write(&one.write)), about_write(model, one)),
        [one, rest @ ..] if rest.iter().all(|other| other.item_id == one.item_id) => {
            format!("{} decisions on {}", writes.len(), about_write(model, one))
        }
        _ => format!("{} decisions", writes.len()),
    }
}

fn short(text: &str) -> String {
    crate::domain::text::fit(text, 60)
}

/// The item as it was called when it was decided on.
#[must_use]
pub fn about_write(model: &Model, written: &Written) -> String {
    match written.made.about.as_str() {
        "" => model.item_name(&written.item_id),
        about => about.to_owned(),
    }
}

/// The question whether to give writes up: what is lost, and whether the server may have it.
pub(super) fn discard_words(model: &Model, seqs: &[i64]) -> Asked {
    let writes: Vec<&Written> = seqs.iter().filter_map(|seq| model.open_writes.get(seq)).collect();
    let many = writes.len() > 1;
    let tried = writes.iter().any(|written| written.state == WriteState::Pending && written.attempts > 0);
    let fate = match (tried, many) {
        (true, _) => "It was tried already and may have arrived: then it stays at the server.",
        (false, true) => "The server does not have them, and they will be gone.",
        (false, false) => "The server does not have it, and it will be gone.",
    };
    Asked {
        title: "Discard".into(),
        text: format!("Discard {}? {fate}", in_words(model, seqs)),
        yes: "discard",
        no: "keep",
    }
}

/// Gives writes up; those that went meanwhile are beyond reach.
pub(super) fn discard(model: &mut Model, mut seqs: Vec<i64>, effects: &mut Vec<Effect>) {
    seqs.retain(|seq| model.open_writes.contains_key(seq));
    for seq in &seqs {
        if let Some(Written { write: Write::Status { item_id, status, .. }, .. }) = model.open_writes.get(seq)
        {
            model.browse.items.list.set_status(item_id, status.other());
        }
    }
    model.say(format!("discarded {}", in_words(model, &seqs)));
    effects.push(Effect::Discard(seqs));
}

/// What a reviewer would want to paste elsewhere.
fn text(write: &Write) -> String {
    match write {
        Write::Comment(comment) => comment.content.clone(),
        Write::Score(score) => {
            let value = match &score.value {
                Value::Text(text) => text.clone(),
                _ => describe_write(write),
            };
            score.comment.iter().fold(value, |value, reason| format!("{value}\n{reason}"))
        }
        other => describe_write(other),
    }
}

/// Where a write stands, in the reviewer's terms.
#[must_use]
pub fn stands(model: &Model, written: &Written) -> String {
    let blocked = model.pause.is_some() || matches!(model.connection, Connection::Failed(_));
    let error = written.last_error.as_deref();
    let on_screen = model.review.item.as_ref() == Some(&written.item_id);
    match written.state {
        WriteState::Held if !on_screen && blocked => waits(model).into(),
        WriteState::Held if model.is_held_back(&written.item_id) => "saved here, sends in a moment".into(),
        WriteState::Held if on_screen => "saved here, sends when you go on".into(),
        WriteState::Pending if blocked => waits(model).into(),
        WriteState::Held | WriteState::Pending => match (written.next_attempt_at, error) {
            (Some(at), Some(error)) if at > model.now.wall => {
                format!("again at {}: {error}", moment(model, at))
            }
            _ => "on its way".into(),
        },
        WriteState::Sending => "being sent".into(),
        WriteState::Sent => "sent, not seen back yet".into(),
        WriteState::Confirmed => "at the server".into(),
        WriteState::Refused => format!("refused: {}", error.unwrap_or("the server gave no reason")),
        WriteState::Conflict => overtaken(model, error),
        WriteState::Replaced => "replaced by a later one".into(),
    }
}

/// Why a decision is kept here and not sent: someone else completed its item. The moment at the end
/// of what the sender noted is told in the reviewer's time.
#[must_use]
pub fn overtaken(model: &Model, noted: Option<&str>) -> String {
    let noted = noted.filter(|noted| !noted.is_empty()).unwrap_or("someone else completed the item");
    let local = noted.rsplit_once(" at ").and_then(|(what, at)| {
        let at: Timestamp = at.parse().ok()?;
        Some(format!("{what} at {}", moment(model, at)))
    });
    format!("kept here: {}", local.as_deref().unwrap_or(noted))
}

/// What a write waits for while nothing is sent.
fn waits(model: &Model) -> &'static str {
    match model.pause.as_ref().map(|pause| &pause.why) {
        Some(Why::RateLimit) => "saved here, sends when the rate limit allows it",
        Some(Why::Keys(_)) => "saved here, sends when the keys are accepted",
        Some(Why::Offline(_)) | None => "saved here, sends when the network is back",
    }
}

/// A moment with seconds, and with the date where it was not today.
fn moment(model: &Model, at: Timestamp) -> String {
    let zone = &model.start.zone;
    let (then, now) = (zone.to_datetime(at), zone.to_datetime(model.now.wall));
    let time = then.strftime("%H:%M:%S").to_string();
    if then.date() == now.date() { time } else { format!("{} ({time})", clock(at, model.now.wall, zone)) }
}

/// Everything about a write, as a document.
#[must_use]
pub fn write_key(model: &Model, seq: i64) -> Option<DocKey> {
    let written = model.open_writes.get(&seq)?;
    let width = geometry::viewer(model.size).width;
    Some(DocKey { doc: Doc::Write(seq, written.changed_at), width, view: View::Pretty, wrap: true })
}

/// Everything about a write: names and what they say, empty where there is nothing to say.
pub(super) fn facts(model: &Model, written: &Written) -> Vec<(&'static str, String)> {
    let at = |at: Timestamp| moment(model, at);
    let made = &written.made;
    let before = made.before.as_deref().map(value).unwrap_or_default();
    let queues = model.browse.queues.ready().map(Vec::as_slice).unwrap_or_default();
    let queue = made.queue_id.as_ref().and_then(|id| queues.iter().find(|queue| queue.id == *id));
    let reason = |write: &Write| match write {
        Write::Score(score) => score.comment.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let state = stands(model, written);
    // Where the state says it already, once is enough.
    let said = written.last_error.clone().filter(|said| !state.contains(said.as_str()));
    let origin = match written.origin {
        Origin::Decision => String::new(),
        Origin::Undo(_) => "undoes an earlier decision".into(),
        Origin::Redo(_) => "does again what was undone".into(),
    };
    vec![
        ("what", value(&written.write)),
        ("reason", reason(&written.write)),
        ("before", before),
        ("reason before", made.before.as_deref().map(reason).unwrap_or_default()),
        ("why", origin),
        ("item", about_write(model, written)),
        ("queue", queue.map(|queue| queue.name.clone()).unwrap_or_default()),
        ("decided", format!("{} by {}", at(written.created_at), made.annotator)),
        ("state", state),
        ("tried", tries(written.attempts)),
        ("next", written.next_attempt_at.map(at).unwrap_or_default()),
        ("sent", written.sent_at.map(at).unwrap_or_default()),
        ("last said", said.unwrap_or_default()),
    ]
}

fn value(write: &Write) -> String {
    match write {
        Write::Comment(comment) => comment.content.clone(),
        Write::Status { status: ItemStatus::Pending, .. } => "pending".into(),
        other => describe_write(other),
    }
}

fn tries(attempts: u32) -> String {
    match attempts {
        0 => "never".into(),
        1 => "once".into(),
        n => format!("{n} times"),
    }
}

/// Opens the editor for a comment that is to take the place of an unsent one.
pub(super) fn rewrite(model: &mut Model, written: &Written, comment: &CommentWrite) {
    let purpose = Purpose::Rewrite { seq: written.seq, comment: comment.clone() };
    let form = TextForm {
        item: written.item_id.clone(),
        purpose,
        title: format!("Comment on {}", about_write(model, written)),
        editor: Editor::new(&comment.content),
        limit: Some(COMMENT_UNITS),
        complaint: None,
        unkept: None,
    };
    super::writing::open_form(model, form);
}
