//! Builds [`crate::domain::rows`] from payload text: messages, Markdown, JSON.
//!
//! Everything here is pure and works on untrusted text: it never fails, and whatever is not
//! understood is shown as JSON or as it was recorded.
//!
//! `node` reads JSON and `python` what Python printed in its place; `find` looks for messages,
//! `message`, `parts` and `said` read them; `pretty`, `markdown`, `json` and `raw` fill a `page`, and
//! `wrap` breaks its lines.

mod code;
mod facts;
mod find;
mod json;
mod markdown;
mod media;
mod message;
mod names;
mod node;
mod page;
mod parts;
mod pretty;
mod python;
mod raw;
mod said;
mod session;
mod table;
mod title;
mod transcript;
mod wrap;

pub use title::title;

use crate::domain::rows::{Role, Rows, Tone, View};
use crate::domain::{Level, Observation, ObservationType, Subject};

use page::Page;

#[cfg(test)]
mod tests;

/// An observation's status message, input and output.
///
/// With `wrap` no row is wider than `width`; without, lines of code and data are kept whole.
#[must_use]
pub fn observation(observation: &Observation, view: View, width: u16, wrap: bool) -> Rows {
    let mut page = Page::new(width, wrap);
    if let Some(status) = &observation.status_message {
        let tone = match observation.level {
            Level::Error => Tone::Error,
            Level::Warning => Tone::Warning,
            Level::Debug | Level::Default => Tone::Dim,
        };
        page.say(status.trim(), tone);
    }
    let (asks, answers) = speakers(&observation.kind);
    let sections = [
        ("INPUT", "no input", &observation.input, asks),
        ("OUTPUT", "no output", &observation.output, answers),
    ];
    for (title, absent, text, role) in sections {
        page.part();
        page.say(title, Tone::Section);
        match text {
            Some(text) => payload(&mut page, text, view, role),
            None => page.say(absent, Tone::Dim),
        }
    }
    page.finish()
}

/// A session as one conversation: of each trace the user's last message and the answer to it.
///
/// Traces come by start, each under a dim line with its number, name, latency and tokens.
#[must_use]
pub fn conversation(subject: &Subject, view: View, width: u16, wrap: bool) -> Rows {
    session::print(subject, view, width, wrap)
}

/// All facts of the observation on a row of the tree and of its trace, ids included; times are shown
/// in `zone`.
#[must_use]
pub fn metadata(subject: &Subject, row: usize, zone: &jiff::tz::TimeZone, width: u16) -> Rows {
    facts::print(subject, row, zone, width)
}

/// Names and what they say, in two columns; what says nothing is left out.
#[must_use]
pub fn facts(facts: &[(&str, String)], width: u16) -> Rows {
    facts::list(facts, width)
}

/// A Markdown text, such as guidelines or a comment.
#[must_use]
pub fn markdown(text: &str, width: u16) -> Rows {
    let mut page = Page::new(width, true);
    markdown::print(&mut page, text);
    page.finish()
}

/// JSON text indented and coloured; other text as it is.
#[must_use]
pub fn json(text: &str, width: u16, wrap: bool) -> Rows {
    let mut page = Page::new(width, wrap);
    payload(&mut page, text, View::Json, Role::Other);
    page.finish()
}

/// Text as it was recorded.
#[must_use]
pub fn raw(text: &str, width: u16, wrap: bool) -> Rows {
    let mut page = Page::new(width, wrap);
    raw::print(&mut page, text);
    page.finish()
}

/// Who speaks in the input and in the output of an observation where the payload does not say.
fn speakers(kind: &ObservationType) -> (Role, Role) {
    match kind {
        ObservationType::Tool | ObservationType::Retriever | ObservationType::Embedding => {
            (Role::Tool, Role::Tool)
        }
        ObservationType::Event | ObservationType::Evaluator | ObservationType::Guardrail => {
            (Role::Other, Role::Other)
        }
        _ => (Role::User, Role::Assistant),
    }
}

fn payload(page: &mut Page, text: &str, view: View, role: Role) {
    page.colours = code::BUDGET;
    match view {
        View::Pretty => pretty::payload(page, text, role),
        View::Json => match node::Node::parse(text) {
            Some(node) => json::print(page, &node),
            None => raw::print(page, text),
        },
        View::Raw => raw::print(page, text),
    }
}
