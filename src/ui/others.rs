//! What others gave: people, judges, programs.

use super::ink::Ink;
use super::line::{Line, fit, wrap};
use crate::app::ItemData;
use crate::domain::{Score, ScoreConfig, Source};

/// Scores by others on one row of the rubric, newest first.
pub(super) fn on_row<'a>(ink: &'a Ink, data: &'a ItemData, config: &'a ScoreConfig) -> Vec<&'a Score> {
    data.others(&ink.model.start.annotator).filter(|score| belongs(score, config)).collect()
}

/// Scores by others that are on no row.
pub(super) fn elsewhere<'a>(ink: &'a Ink, data: &'a ItemData) -> Vec<&'a Score> {
    let configs = ink.model.rubric_configs();
    let on_none = |score: &&Score| !configs.iter().any(|config| belongs(score, config));
    data.others(&ink.model.start.annotator).filter(on_none).collect()
}

fn belongs(score: &Score, config: &ScoreConfig) -> bool {
    score.config_id.as_ref() == Some(&config.id) || (score.config_id.is_none() && score.name == config.name)
}

/// `judge 5 “covers all asks”`, on one line or, in full, on a few.
pub(super) fn lines(ink: &Ink, score: &Score, columns: usize, most: usize) -> Vec<Line> {
    let value = fit(&score.value.to_string(), columns / 2, ink.glyphs.ellipsis);
    let head = format!("{} {value}", who(ink, score));
    text_lines(ink, &head, score.comment.as_deref(), columns, most)
}

/// A head and a quoted reason.
pub(super) fn text_lines(
    ink: &Ink,
    head: &str,
    reason: Option<&str>,
    columns: usize,
    most: usize,
) -> Vec<Line> {
    let [open, close] = ink.glyphs.quotes;
    let text = match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{head} {open}{reason}{close}"),
        None => head.to_owned(),
    };
    let rows = wrap(&text, columns, most, ink.glyphs.ellipsis);
    rows.into_iter().map(|row| Line::of(row, ink.styles.dim)).collect()
}

/// Who gave a score. Ids of Langfuse users say nothing to a reader, so they are not shown.
fn who(ink: &Ink, score: &Score) -> String {
    let short = |name: &str| fit(name, 16, ink.glyphs.ellipsis);
    match (&score.source, &score.annotator) {
        (_, Some(name)) if score.author.is_none() => short(name),
        (Source::Annotation, _) => "someone".into(),
        (Source::Eval, _) => "judge".into(),
        (Source::Api, _) => "program".into(),
        (Source::Other(source), _) => short(source),
    }
}
