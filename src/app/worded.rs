//! Decisions in the reviewer's words, as undo and redo tell them.

use crate::domain::text::fit;
use crate::domain::{CommentWrite, ItemStatus, ScoreWrite, Write, Written};

/// Columns for a value or a reason: the whole has to fit a status line.
const VALUE: usize = 24;
/// Columns for the name of an item.
const NAME: usize = 32;

/// A decision with what held before it: `tone = rude on support-chat 12 (was warm)`.
#[must_use]
pub(super) fn decision(decided: &Written) -> String {
    let about = fit(&decided.made.about, NAME);
    let before = decided.made.before.as_deref();
    match &decided.write {
        Write::Score(score) => {
            let (what, was) = score_change(score, before);
            format!("{what} on {about} (was {was})")
        }
        Write::DeleteScore { .. } => match before {
            Some(Write::Score(old)) => {
                format!("{} cleared on {about} (was {})", fit(&old.name, VALUE), value(old))
            }
            _ => format!("a score cleared on {about}"),
        },
        Write::Comment(written) => format!("{} on {about}", comment(written)),
        Write::Status { status: ItemStatus::Completed, .. } => format!("completing {about}"),
        Write::Status { .. } => format!("reopening {about}"),
        Write::AddItem { .. } => format!("adding {about}"),
        Write::RemoveItem { .. } => format!("removing {about} from the queue"),
        Write::DatasetItem(item) => format!("item of dataset {} from {about}", fit(&item.dataset, VALUE)),
        Write::DeleteDatasetItem { dataset, .. } => {
            format!("removing {about} from dataset {}", fit(dataset, VALUE))
        }
        Write::Flag { reason, .. } => {
            let was = match before {
                Some(Write::Flag { reason: Some(old), .. }) => flag(old),
                _ => "no flag".into(),
            };
            let what = reason.as_deref().map_or_else(|| "no flag".into(), flag);
            format!("{what} on {about} (was {was})")
        }
    }
}

/// A comment by its first words: `comment “quote the rule”`.
pub(super) fn comment(comment: &CommentWrite) -> String {
    format!("comment {}", quoted(&comment.content))
}

/// What a score says and what it said before: its value, or its reason where only that changed.
fn score_change(score: &ScoreWrite, before: Option<&Write>) -> (String, String) {
    let name = fit(&score.name, VALUE);
    let reason = |score: &ScoreWrite| score.comment.as_deref().map_or_else(|| "nothing".into(), quoted);
    match before {
        Some(Write::Score(old)) if old.value == score.value && old.comment != score.comment => {
            (format!("reason for {name} = {}", reason(score)), reason(old))
        }
        Some(Write::Score(old)) => (format!("{name} = {}", value(score)), value(old)),
        _ => (format!("{name} = {}", value(score)), "nothing".into()),
    }
}

fn value(score: &ScoreWrite) -> String {
    fit(&score.value.to_string(), VALUE)
}

fn flag(reason: &str) -> String {
    if reason.is_empty() { "flag".into() } else { format!("flag {}", quoted(reason)) }
}

fn quoted(text: &str) -> String {
    format!("“{}”", fit(text, VALUE))
}
