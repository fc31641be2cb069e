//! What others gave: people, judges, programs.

use super::ink::Ink;
use super::line::{Line, fit, wrap};
use crate::app::{ItemData, belongs, who};
use crate::domain::{Score, ScoreConfig};

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

/// `judge 5 “covers all asks”`, on one line or, in full, on a few.
pub(super) fn lines(ink: &Ink, score: &Score, columns: usize, most: usize) -> Vec<Line> {
    let value = fit(&score.value.to_string(), columns / 2, ink.glyphs.ellipsis);
    let head = format!("{} {value}", giver(ink, score));
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

/// Who gave a score, short enough for a pane.
pub(super) fn giver(ink: &Ink, score: &Score) -> String {
    fit(who(score), 16, ink.glyphs.ellipsis)
}
