//! A session as one conversation: what each of its traces adds.

use crate::domain::rows::{Role, Rows, Tone, View};
use crate::domain::text::grouped;
use crate::domain::{Observation, Subject, TreeRow, duration};

use super::find;
use super::message::Message;
use super::node::Node;
use super::page::Page;
use super::parts::Part;
use super::{payload, pretty};

/// Lays out the turns of a session.
pub(super) fn print(subject: &Subject, view: View, width: u16, wrap: bool) -> Rows {
    let mut page = Page::new(width, wrap);
    let mut roots: Vec<&TreeRow> = subject.tree.iter().filter(|row| row.depth == 0).collect();
    roots.sort_by_key(|row| subject.observations[row.observation].start);
    for (i, row) in roots.into_iter().enumerate() {
        page.part();
        let root = &subject.observations[row.observation];
        page.say(&header(i + 1, root, row), Tone::Dim);
        let spoke = speaks(subject, row);
        turn(&mut page, spoke, view);
    }
    page.finish()
}

/// `2 · support-chat · 3.2 s · 1,284 tokens`
fn header(number: usize, root: &Observation, row: &TreeRow) -> String {
    let name = root.trace_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&root.name);
    let mut facts = vec![number.to_string(), name.to_owned()];
    facts.extend(root.latency.map(duration));
    if row.rolled.total > 0 {
        facts.push(format!("{} tokens", grouped(row.rolled.total)));
    }
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

/// The observation that tells what was said: the root, or its first descendant with content.
fn speaks<'a>(subject: &'a Subject, root: &TreeRow) -> &'a Observation {
    let start = subject.tree.iter().position(|row| row.observation == root.observation).unwrap_or(0);
    let below = subject.tree.get(start..root.end).unwrap_or_default();
    let mut all = below.iter().map(|row| &subject.observations[row.observation]);
    let has_content = |o: &&Observation| o.input.is_some() || o.output.is_some();
    all.find(has_content).unwrap_or(&subject.observations[root.observation])
}

fn turn(page: &mut Page, observation: &Observation, view: View) {
    for (text, role) in [(&observation.input, Role::User), (&observation.output, Role::Assistant)] {
        page.part();
        match (text, view) {
            (None, _) => page.say(if role == Role::User { "no input" } else { "no output" }, Tone::Dim),
            (Some(text), View::Pretty) => fresh(page, text, role),
            (Some(text), _) => payload(page, text, view, role),
        }
    }
}

/// Adds what a payload adds to the conversation: the last question, or what came after it.
fn fresh(page: &mut Page, text: &str, role: Role) {
    page.colours = super::code::BUDGET;
    match pretty::document(text) {
        Some(Node::Text(text)) => pretty::messages(page, &[said(&text, role)]),
        Some(node) => match find::find(&node, role) {
            Some(found) => pretty::messages(page, newest(&found.messages, role)),
            None => pretty::messages(page, &[Message::new(role, vec![Part::Data(&node)])]),
        },
        None => pretty::messages(page, &[said(text, role)]),
    }
}

fn said(text: &str, role: Role) -> Message<'_> {
    Message::new(role, vec![Part::Text(text)])
}

fn newest<'a, 'b>(messages: &'a [Message<'b>], role: Role) -> &'a [Message<'b>] {
    let last = messages.iter().rposition(|message| message.role == Role::User);
    match (last, role) {
        (Some(at), Role::User) => &messages[at..=at],
        (Some(at), _) if at + 1 < messages.len() => &messages[at + 1..],
        _ => messages,
    }
}
