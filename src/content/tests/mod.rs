//! Payloads in, rows out.

mod formats;
mod layout;
mod properties;
mod real;
mod subjects;

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::rows::{Role, Rows, View};
use crate::domain::{Level, Observation, ObservationType, Usage};

/// An observation with content and nothing else.
pub(super) fn observation(input: Option<&str>, output: Option<&str>) -> Observation {
    Observation {
        id: "o".into(),
        trace_id: "t".into(),
        parent: None,
        kind: ObservationType::Generation,
        name: "answer".into(),
        level: Level::Default,
        status_message: None,
        start: Timestamp::UNIX_EPOCH,
        end: None,
        latency: None,
        model: None,
        model_parameters: None,
        usage: Usage::default(),
        input: input.map(Arc::from),
        output: output.map(Arc::from),
        metadata: None,
        user: None,
        session: None,
        environment: None,
        version: None,
        release: None,
        tags: Vec::new(),
        trace_name: None,
        is_root: true,
    }
}

/// The rows as text, bars as a letter for the role.
pub(super) fn printed(rows: &Rows) -> String {
    let mut out = String::new();
    for row in &rows.rows {
        let bar = match row.bar {
            None => "",
            Some(Role::System) => "s│",
            Some(Role::User) => "u│",
            Some(Role::Assistant) => "a│",
            Some(Role::Tool) => "t│",
            Some(Role::Other) => "o│",
        };
        let _ = writeln!(out, "{}", format!("{bar}{}", row.text()).trim_end());
    }
    out
}

/// A payload in the pretty view.
pub(super) fn pretty(text: &str, width: u16) -> String {
    let rows = super::observation(&observation(Some(text), None), View::Pretty, width, true);
    let text = printed(&rows);
    text.trim_start_matches("INPUT\n").trim_end_matches("\nOUTPUT\nno output\n").to_owned()
}
