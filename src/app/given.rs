//! Everything given to an item, to be read in full: scores with their reasons, then comments.

use super::{ItemData, Model, Progress, overtaken};
use crate::domain::{ItemId, Score, ScoreConfig, Source, Value, ago};

/// Headings and texts: row by row the own score and those of others, scores on no row, comments.
#[must_use]
pub(super) fn all(model: &Model, id: &ItemId) -> Option<Vec<(String, String)>> {
    let data = model.items.get(id)?;
    let configs = model.rubric_configs();
    let others: Vec<&Score> = data.others(&model.start.annotator).collect();
    let mut given = Vec::new();
    for config in &configs {
        given.extend(own(model, data, config));
        given.extend(others.iter().filter(|score| belongs(score, config)).map(|score| told(model, score)));
    }
    let on_none = |score: &&&Score| !configs.iter().any(|config| belongs(score, config));
    given.extend(others.iter().filter(on_none).map(|score| told(model, score)));
    let comments = super::local::remarks(model, id)?;
    given.extend(comments.into_iter().map(|(heading, text)| (format!("comment · {heading}"), text)));
    if given.is_empty() {
        given.push(("No scores and no comments yet.".into(), String::new()));
    }
    Some(given)
}

/// The own score of a row: `tone = warm · you`.
fn own(model: &Model, data: &ItemData, config: &ScoreConfig) -> Option<(String, String)> {
    let mine = data.mine.get(&config.id)?;
    let (heading, text) = worded(&config.name, &mine.value, mine.reason.as_deref(), "you");
    Some(match &mine.progress {
        Progress::Refused(why) => (format!("{heading} · refused: {why}"), text),
        Progress::Overtaken(noted) => (format!("{heading} · {}", overtaken(model, Some(noted))), text),
        _ => (heading, text),
    })
}

/// A score of someone else: `tone = warm · judge · 2 h`.
fn told(model: &Model, score: &Score) -> (String, String) {
    let when = ago(score.timestamp, model.now.wall);
    worded(&score.name, &score.value, score.comment.as_deref(), &format!("{} · {when}", who(score)))
}

/// A heading and the text below it; a text given as value is read like a reason.
fn worded(name: &str, value: &Value, reason: Option<&str>, by: &str) -> (String, String) {
    let reason = reason.unwrap_or_default();
    match value {
        Value::Text(text) if reason.is_empty() => (format!("{name} · {by}"), text.clone()),
        Value::Text(text) => (format!("{name} · {by}"), format!("{text}\n\nwhy: {reason}")),
        value => (format!("{name} = {value} · {by}"), reason.to_owned()),
    }
}

/// Whether a score is about a row of the rubric: by config, or by name where it has none.
#[must_use]
pub fn belongs(score: &Score, config: &ScoreConfig) -> bool {
    score.config_id.as_ref() == Some(&config.id) || (score.config_id.is_none() && score.name == config.name)
}

/// Who gave a score. Ids of Langfuse users say nothing to a reader, so they are not shown.
#[must_use]
pub fn who(score: &Score) -> &str {
    match (&score.source, &score.annotator) {
        (_, Some(name)) if score.author.is_none() => name,
        (Source::Annotation, _) => "someone",
        (Source::Eval, _) => "judge",
        (Source::Api, _) => "program",
        (Source::Other(source), _) => source,
    }
}
