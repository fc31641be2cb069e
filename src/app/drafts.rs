//! Drafts: what is being written is kept while it is written, so that not even a crash takes more
//! than the last second of it.

use std::time::Duration;

use super::modal::{Modal, Purpose, TextForm, Unkept};
use super::{Effect, Model};
use crate::domain::{ConfigId, ItemId};

/// A text is kept after so long without a change.
const PAUSE: Duration = Duration::from_secs(1);
/// And after so long whatever is typed.
const LONGEST: Duration = Duration::from_secs(10);

/// Notes that a text was changed.
pub(super) fn changed(form: &mut TextForm, now: Duration) {
    let since = form.unkept.map_or(now, |unkept| unkept.since);
    form.unkept = Some(Unkept { since, last: now });
}

/// When the text in the open editor is to be kept, in time since the start.
pub(super) fn due(model: &Model) -> Option<Duration> {
    let Some(Modal::Editor(form)) = model.modals.last() else { return None };
    form.unkept.map(|unkept| (unkept.last + PAUSE).min(unkept.since + LONGEST))
}

/// Keeps the text in the open editor if it is time for that.
pub(super) fn keep_if_due(model: &mut Model, effects: &mut Vec<Effect>) {
    if due(model).is_some_and(|due| due <= model.now.mono) {
        keep_draft(model, effects);
    }
}

/// Keeps what is being written in the open editor as a draft, if it is more than what is saved
/// anyway. Says whether it is.
pub(super) fn keep_draft(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    let Some(Modal::Editor(form)) = model.modals.last() else { return false };
    let (item, key, text) = (form.item.clone(), form.draft_key(), form.editor.text());
    let is_new = !text.trim().is_empty() && Some(&text) != saved_text(model, form).as_ref();
    set_draft(model, &item, key, if is_new { text } else { String::new() }, effects);
    if let Some(Modal::Editor(form)) = model.modals.last_mut() {
        form.unkept = None;
    }
    is_new
}

/// What the form would show without any typing.
fn saved_text(model: &Model, form: &TextForm) -> Option<String> {
    let mine = |config: &ConfigId| model.items.get(&form.item)?.mine.get(config);
    match &form.purpose {
        Purpose::Comment { .. } => None,
        Purpose::Rewrite { comment, .. } => Some(comment.content.clone()),
        Purpose::Value(config) => mine(config).map(|mine| mine.value.to_string()),
        Purpose::Reason(config) => mine(config).and_then(|mine| mine.reason.clone()),
    }
}

/// Puts a draft in place of the one before; an empty text takes it away.
pub(super) fn set_draft(
    model: &mut Model,
    item: &ItemId,
    key: String,
    text: String,
    effects: &mut Vec<Effect>,
) {
    let Some(data) = model.items.get_mut(item) else { return };
    let changed = if text.is_empty() {
        data.drafts.remove(&key).is_some()
    } else {
        data.drafts.insert(key.clone(), text.clone()).as_ref() != Some(&text)
    };
    if changed {
        effects.push(Effect::SaveDraft(item.clone(), key, text));
    }
}

/// A comment that could not be saved comes back into its editor, or as a draft, before whatever was
/// written since.
pub(super) fn back_to_draft(model: &mut Model, item: &ItemId, text: &str, effects: &mut Vec<Effect>) {
    let before =
        |since: &str| if since.trim().is_empty() { text.to_owned() } else { format!("{text}\n\n{since}") };
    let now = model.now.mono;
    if let Some(Modal::Editor(form)) = model.modals.last_mut()
        && form.item == *item
        && matches!(form.purpose, Purpose::Comment { .. })
    {
        let text = before(&form.editor.text());
        form.editor.replace(&text);
        changed(form, now);
        return;
    }
    let draft = model.items.get(item).and_then(|data| data.drafts.get("comment"));
    let text = before(draft.map_or("", String::as_str));
    set_draft(model, item, "comment".into(), text, effects);
}
