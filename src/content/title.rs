//! One line that tells an item from others in a list.

use crate::domain::Observation;
use crate::domain::rows::Role;
use crate::domain::text::fit;

use super::node::Node;
use super::{find, pretty, transcript};

/// Columns a title takes at most.
const COLUMNS: usize = 120;

/// The last thing the user said in the input, else the first text of the input, else of the output.
///
/// Clean, on one line, at most 120 columns; `None` when nothing was recorded.
#[must_use]
pub fn title(observation: &Observation) -> Option<String> {
    let texts =
        [(observation.input.as_deref(), Role::User), (observation.output.as_deref(), Role::Assistant)];
    texts.into_iter().find_map(|(text, role)| payload(text?, role))
}

fn payload(text: &str, role: Role) -> Option<String> {
    let Some(node) = pretty::document(text) else { return words(text) };
    if let Node::Text(text) = &node {
        return words(text);
    }
    let found = find::find(&node, role);
    let messages = found.as_ref().map(|found| found.messages.as_slice()).unwrap_or_default();
    let said = |wanted: Option<Role>| {
        let asked = messages.iter().rev().filter(move |m| wanted.is_none_or(|role| m.role == role));
        asked.map(super::message::Message::words).find_map(|words| line(&words))
    };
    said(Some(Role::User)).or_else(|| said(None)).or_else(|| first(&node).and_then(line))
}

fn words(text: &str) -> Option<String> {
    let turns = transcript::read(text).unwrap_or_default();
    let asked = turns.iter().rev().find(|turn| turn.role == Role::User);
    asked.and_then(|turn| line(&turn.words())).or_else(|| line(text))
}

fn line(text: &str) -> Option<String> {
    Some(fit(&super::media::plain(text), COLUMNS)).filter(|line| !line.is_empty())
}

/// The first text in a document that says something: words rather than an id.
fn first(node: &Node) -> Option<&str> {
    let texts = all(node);
    let spaced = texts.iter().find(|text| text.trim().contains(' '));
    spaced.or_else(|| texts.iter().find(|text| !text.trim().is_empty())).copied()
}

fn all(node: &Node) -> Vec<&str> {
    match node.peel() {
        Node::Text(text) => vec![text],
        Node::Number(digits) => vec![digits],
        Node::List(items) => items.iter().flat_map(all).collect(),
        Node::Map(entries) => entries.iter().flat_map(|(_, node)| all(node)).collect(),
        _ => Vec::new(),
    }
}
