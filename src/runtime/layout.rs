//! Laying documents out, on threads made for blocking work.

use jiff::tz::TimeZone;

use crate::app::{Doc, DocKey, DocSource};
use crate::content;
use crate::domain::rows::{Row, Rows, Tone};

/// Lays a document out.
pub(super) fn lay_out(key: &DocKey, source: &DocSource, zone: &TimeZone) -> Rows {
    match source {
        DocSource::Subject(subject, row) => match &key.doc {
            Doc::Conversation(_) => content::conversation(subject, key.view, key.width, key.wrap),
            Doc::Info(..) => content::metadata(subject, *row, zone, key.width),
            _ => subject
                .tree
                .get(*row)
                .map(|row| {
                    content::observation(
                        &subject.observations[row.observation],
                        key.view,
                        key.width,
                        key.wrap,
                    )
                })
                .unwrap_or_default(),
        },
        DocSource::Markdown(text) => content::markdown(text, key.width),
        DocSource::Facts(facts) => content::facts(facts, key.width),
        DocSource::Remarks(remarks) => lay_out_remarks(remarks, key.width),
    }
}

/// What is shown in place of a document that could not be laid out.
pub(super) fn apology(width: u16) -> Rows {
    content::markdown("A bug in tracemark keeps this from being shown. Another view (m) may work.", width)
}

fn lay_out_remarks(remarks: &[(String, String)], width: u16) -> Rows {
    let mut rows = Vec::new();
    for (heading, text) in remarks {
        rows.push(Row::new(crate::domain::text::fit(heading, usize::from(width)), Tone::Dim));
        rows.extend(content::markdown(text, width).rows);
        rows.push(Row::default());
    }
    Rows { width, rows }
}
