//! Editors and prompts: opening them, and taking in what was typed.

use super::drafts::{keep_draft, set_draft};
use super::editor::Editor;
use super::modal::{Modal, Prompt, PromptFor, Purpose, TextForm};
use super::{Effect, Model, amending, drafts, listing, reading, rubric};
use crate::domain::{
    COMMENT_UNITS, CommentWrite, ConfigId, DataType, Object, ScoreConfig, TEXT_UNITS, UserId, Value, Write,
};
use crate::input::{Action, Code, Key};

/// Opens the input that fits a row; `first` is a digit already typed.
pub(super) fn open_value(model: &mut Model, config: &ScoreConfig, first: Option<char>) {
    let Some(item) = model.review.item.clone() else { return };
    let value = model.current().and_then(|data| data.mine.get(&config.id)).map(|mine| mine.value.to_string());
    if config.is_archived {
        model.say(format!("{} is archived and takes no more scores", config.name));
        return;
    }
    if config.data_type == DataType::Text {
        let purpose = Purpose::Value(config.id.clone());
        let title = config.name.clone();
        let text = value.unwrap_or_default();
        open_form(
            model,
            TextForm {
                item,
                purpose,
                title,
                editor: Editor::new(&text),
                limit: Some(TEXT_UNITS),
                complaint: None,
                unkept: None,
            },
        );
        return;
    }
    let label = match config.data_type {
        DataType::Numeric => format!("{} ({})", config.name, rubric::range_in_words(config)),
        _ => config.name.clone(),
    };
    let text = first.map(String::from).unwrap_or_default();
    let mut prompt = Prompt {
        purpose: PromptFor::Value(config.id.clone()),
        label,
        editor: Editor::line(&text),
        choices: Vec::new(),
        choice: 0,
        complaint: None,
    };
    fill_choices(&mut prompt, config);
    model.modals.push(Modal::Prompt(prompt));
}

/// Opens the editor for a row's reason.
pub(super) fn open_reason(model: &mut Model) {
    let Some(config) = model.current_config().cloned() else { return };
    let mine = model.current().and_then(|data| data.mine.get(&config.id)).cloned();
    let (Some(mine), Some(item)) = (mine, model.review.item.clone()) else {
        let keys = model.start.keymap.keys_for(super::contexts(model), Action::PrevRow);
        let back = keys.first().map(|key| format!("; {key} goes to the row before")).unwrap_or_default();
        model.say(format!("{} has no value to give a reason for{back}", config.name));
        return;
    };
    let title = format!("Why {} = {}", config.name, mine.value);
    let editor = Editor::new(mine.reason.as_deref().unwrap_or_default());
    open_form(
        model,
        TextForm {
            item,
            purpose: Purpose::Reason(config.id),
            title,
            editor,
            limit: None,
            complaint: None,
            unkept: None,
        },
    );
}

/// Opens the comment editor: about the item's own object, or the observation the reviewer went to.
pub(super) fn open_comment(model: &mut Model) {
    let Some((item, objects, chosen)) = comment_objects(model) else {
        model.say(rubric::why_not_yet(model));
        return;
    };
    let title = comment_title(&objects, chosen);
    let purpose = Purpose::Comment { objects, chosen };
    open_form(
        model,
        TextForm {
            item,
            purpose,
            title,
            editor: Editor::new(""),
            limit: Some(COMMENT_UNITS),
            complaint: None,
            unkept: None,
        },
    );
}

type CommentObjects = (crate::domain::ItemId, Vec<(Object, String)>, usize);

fn comment_objects(model: &Model) -> Option<CommentObjects> {
    let data = model.current()?;
    let own = data.target()?.object();
    let subject = data.subject.ready();
    let name = subject.map(|subject| subject.header.name.clone()).unwrap_or_default();
    let mut objects = vec![(own.clone(), format!("{} {name}", own.kind.noun()))];
    let selected = model.selected_target().map(|target| target.object()).filter(|object| *object != own);
    if let (Some(subject), Some(object)) = (subject, selected) {
        let name = subject.observations.iter().find(|o| o.id.as_str() == object.id).map(|o| o.name.clone());
        let name = name.unwrap_or_else(|| object.id.clone());
        objects.push((object.clone(), format!("{} {name}", object.kind.noun())));
    }
    // Whoever has gone to another observation means that one; Tab changes it.
    let chosen = objects.len() - 1;
    Some((data.item.id.clone(), objects, chosen))
}

fn comment_title(objects: &[(Object, String)], chosen: usize) -> String {
    format!("Comment on {}", objects.get(chosen).map_or("", |(_, name)| name.as_str()))
}

/// Shows a form, with the draft left in it earlier.
pub(super) fn open_form(model: &mut Model, mut form: TextForm) {
    if let Some(draft) = model.items.get(&form.item).and_then(|data| data.drafts.get(&form.draft_key())) {
        form.editor.replace(draft);
    }
    model.modals.push(Modal::Editor(form));
}

/// A key in the open editor.
pub(super) fn editor_key(model: &mut Model, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
    let now = model.now.mono;
    let Some(Modal::Editor(form)) = model.modals.last_mut() else { return };
    form.complaint = None;
    match action {
        Some(Action::Save) => save_form(model, effects),
        Some(Action::Close) => close_form(model, effects),
        Some(Action::ExternalEditor) => {
            let text = form.editor.text();
            // Whatever becomes of the other program, the text so far is safe.
            keep_draft(model, effects);
            effects.push(Effect::EditExternally(text));
        }
        _ => {
            if key.code == Code::Tab && switch_object(form) {
                return;
            }
            if form.editor.key(key) {
                drafts::changed(form, now);
            }
        }
    }
}

fn switch_object(form: &mut TextForm) -> bool {
    let Purpose::Comment { objects, chosen } = &mut form.purpose else { return false };
    if objects.len() < 2 {
        return false;
    }
    *chosen = (*chosen + 1) % objects.len();
    form.title = comment_title(objects, *chosen);
    true
}

fn close_form(model: &mut Model, effects: &mut Vec<Effect>) {
    if keep_draft(model, effects) {
        model.say("draft kept");
    }
    model.modals.pop();
}

fn save_form(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Modal::Editor(form)) = model.modals.last_mut() else { return };
    if let Some(limit) = form.limit
        && form.editor.units() > limit
    {
        form.complaint = Some(format!("too long: {} of {limit} characters", form.editor.units()));
        return;
    }
    let form = form.clone();
    match &form.purpose {
        Purpose::Comment { objects, chosen } => {
            if form.editor.units() == 0 {
                complain(model, "an empty comment cannot be saved; Esc leaves the editor");
                return;
            }
            let object = objects[*chosen].0.clone();
            let content = form.editor.text().trim().to_owned();
            let author = model.start.author.as_deref().map(UserId::from);
            let write = Write::Comment(CommentWrite { object, content, author });
            rubric::record(model, &form.item, write, None, effects);
            reading::comments_changed(model, &form.item);
        }
        Purpose::Rewrite { seq, comment } => {
            let content = form.editor.text().trim().to_owned();
            let gone = model.open_writes.get(seq).is_none_or(|old| amending::why_fixed(old).is_some());
            if content.is_empty() || gone {
                let empty = "an empty comment cannot be saved; x in the list discards it";
                complain(model, if gone { "it is on its way: too late to change it" } else { empty });
                return;
            }
            let write = Write::Comment(CommentWrite { content, ..comment.clone() });
            rubric::amend(model, &form.item, *seq, write, effects);
            if model.review.item.as_ref() != Some(&form.item) {
                // Nobody leaves that item any more, which would send it.
                effects.push(Effect::Release(form.item.clone(), None));
            }
            reading::comments_changed(model, &form.item);
        }
        Purpose::Value(id) => {
            let Some(config) = config(model, id) else { return };
            let value = Value::Text(form.editor.text().trim().to_owned());
            if let Err(refusal) = config.check(&value) {
                complain(model, &refusal.to_string());
                return;
            }
            rubric::set_value(model, &config, value, effects);
        }
        Purpose::Reason(id) => {
            let Some(config) = config(model, id) else { return };
            rubric::set_reason(model, &config, &form.editor.text(), effects);
        }
    }
    model.modals.pop();
    set_draft(model, &form.item, form.draft_key(), String::new(), effects);
}

fn complain(model: &mut Model, why: &str) {
    if let Some(Modal::Editor(form)) = model.modals.last_mut() {
        form.complaint = Some(why.to_owned());
    }
}

fn config(model: &Model, id: &ConfigId) -> Option<ScoreConfig> {
    model.configs.as_ref()?.get(id).cloned()
}

/// A key in the open prompt.
pub(super) fn prompt_key(model: &mut Model, key: Key, action: Option<Action>, effects: &mut Vec<Effect>) {
    let Some(Modal::Prompt(prompt)) = model.modals.last_mut() else { return };
    prompt.complaint = None;
    match action {
        Some(Action::Accept) => accept(model, effects),
        Some(Action::Close) => {
            model.modals.pop();
        }
        _ => {
            let choices = prompt.choices.len();
            match key.code {
                Code::Down if choices > 0 => prompt.choice = (prompt.choice + 1) % choices,
                Code::Up if choices > 0 => prompt.choice = (prompt.choice + choices - 1) % choices,
                _ => _ = prompt.editor.key(key),
            }
            typed(model);
        }
    }
}

/// Follows what has been typed: choices narrow down, the search jumps.
pub(super) fn typed(model: &mut Model) {
    let Some(Modal::Prompt(prompt)) = model.modals.last() else { return };
    match prompt.purpose.clone() {
        PromptFor::Find => {
            let query = prompt.editor.text();
            reading::find(model, &query);
        }
        PromptFor::Flag(_) | PromptFor::Add(_) => {}
        PromptFor::Value(id) => {
            let config = config(model, &id);
            if let (Some(Modal::Prompt(prompt)), Some(config)) = (model.modals.last_mut(), config) {
                fill_choices(prompt, &config);
            }
        }
    }
}

fn fill_choices(prompt: &mut Prompt, config: &ScoreConfig) {
    if config.data_type != DataType::Categorical && config.data_type != DataType::Boolean {
        return;
    }
    let typed = prompt.editor.text().trim().to_lowercase();
    let labels = config.options().into_iter().map(|(label, _)| label);
    prompt.choices = labels.filter(|label| label.to_lowercase().contains(&typed)).collect();
    prompt.choice = prompt.choice.min(prompt.choices.len().saturating_sub(1));
}

fn accept(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Modal::Prompt(prompt)) = model.modals.last_mut() else { return };
    let text = prompt.choices.get(prompt.choice).cloned().unwrap_or_else(|| prompt.editor.text());
    match prompt.purpose.clone() {
        PromptFor::Find => {
            model.modals.pop();
        }
        PromptFor::Flag(item) => {
            model.modals.pop();
            listing::flag(model, &item, text.trim(), effects);
        }
        PromptFor::Add(queue) => match listing::add(model, &queue, &text, effects) {
            Ok(()) => drop(model.modals.pop()),
            Err(why) => prompt_complains(model, why),
        },
        PromptFor::Value(id) => {
            let Some(config) = config(model, &id) else { return };
            match config.parse(&text) {
                Ok(value) => {
                    model.modals.pop();
                    rubric::set_value(model, &config, value, effects);
                }
                Err(refusal) => prompt_complains(model, refusal.to_string()),
            }
        }
    }
}

fn prompt_complains(model: &mut Model, why: String) {
    if let Some(Modal::Prompt(prompt)) = model.modals.last_mut() {
        prompt.complaint = Some(why);
    }
}

/// The text that came back from `$EDITOR`.
pub(super) fn edited(model: &mut Model, result: Result<String, String>) {
    let now = model.now.mono;
    match (model.modals.last_mut(), result) {
        (Some(Modal::Editor(form)), Ok(text)) => {
            form.editor.replace(&text);
            drafts::changed(form, now);
        }
        (_, Ok(_)) => {}
        (_, Err(why)) => model.say(why),
    }
}

/// A pasted text goes where text is being typed.
pub(super) fn paste(model: &mut Model, text: &str) {
    let now = model.now.mono;
    match model.modals.last_mut() {
        Some(Modal::Editor(form)) => {
            form.complaint = None;
            form.editor.paste(text);
            drafts::changed(form, now);
        }
        Some(Modal::Prompt(prompt)) => {
            prompt.complaint = None;
            prompt.editor.paste(text);
            typed(model);
        }
        _ => model.say("nothing here takes text: press c to comment, = for a value"),
    }
}
