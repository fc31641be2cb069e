//! Objects that say one thing: a question or an answer in one field, details in the others.

use crate::domain::rows::Role;

use super::message::Message;
use super::node::Node;
use super::parts::Part;

/// Fields that hold what a person asks.
const QUESTIONS: [&str; 8] =
    ["message", "question", "query", "prompt", "input", "user_input", "task", "instruction"];

/// Fields that hold what a model answers.
const ANSWERS: [&str; 4] = ["answer", "response", "output", "completion"];

/// Fields that may hold it, if nothing else in the object has as much to say.
const LOOSE_QUESTIONS: [&str; 2] = ["text", "content"];
const LOOSE_ANSWERS: [&str; 5] = ["message", "content", "text", "result", "summary"];

/// Fields whose value is looked into.
const WRAPPERS: [&str; 9] =
    ["args", "kwargs", "input", "inputs", "output", "outputs", "data", "response", "result"];

/// First words of code.
const CODE: [&str; 14] = [
    "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "import", "def", "class", "fn", "const",
    "function", "diff", "---",
];

type Fields<'a> = Vec<(&'a str, &'a Node)>;

/// What an object says, and its other fields as an aside; `role` is who would speak.
///
/// `None` unless one field clearly is the main one and holds words rather than data or code.
pub(super) fn read(node: &Node, role: Role) -> Option<Message<'_>> {
    let mut rest = Vec::new();
    let text = look(node, role, &mut rest)?;
    let rest = (!rest.is_empty()).then_some(Part::Extra(rest));
    Some(Message::new(role, std::iter::once(Part::Text(text)).chain(rest).collect()))
}

fn look<'a>(node: &'a Node, role: Role, rest: &mut Fields<'a>) -> Option<&'a str> {
    let entries = match node.peel() {
        Node::List(items) => return inner(items.first().filter(|_| items.len() == 1)?, role, rest),
        Node::Map(entries) => entries,
        _ => return None,
    };
    let found = main(entries, role).or_else(|| {
        let (key, text, inner) = wrapped(entries, role)?;
        rest.extend(inner);
        Some((key, text))
    });
    let (main, text) = found?;
    let others = entries.iter().filter(|(key, node)| key != main && !node.is_empty());
    rest.extend(others.map(|(key, node)| (key.as_str(), node)));
    Some(text)
}

/// The one wrapper that holds what is said: its name, the text, and what else is in it.
fn wrapped(entries: &[(String, Node)], role: Role) -> Option<(&str, &str, Fields<'_>)> {
    let wraps = |(key, _): &&(String, Node)| WRAPPERS.contains(&key.as_str());
    let holders = entries.iter().filter(wraps).filter(|(_, node)| node.text().is_none());
    let mut found = holders.filter_map(|(key, node)| {
        let mut rest = Vec::new();
        Some((key.as_str(), look(node, role, &mut rest)?, rest))
    });
    found.next().filter(|_| found.next().is_none())
}

fn inner<'a>(node: &'a Node, role: Role, rest: &mut Fields<'a>) -> Option<&'a str> {
    words(node).filter(|_| speaks(role)).or_else(|| look(node, role, rest))
}

fn speaks(role: Role) -> bool {
    matches!(role, Role::User | Role::Assistant)
}

/// Names of main fields, certain and possible ones.
fn fields(role: Role) -> (&'static [&'static str], &'static [&'static str]) {
    match role {
        Role::User => (&QUESTIONS, &LOOSE_QUESTIONS),
        Role::Assistant => (&ANSWERS, &LOOSE_ANSWERS),
        _ => (&[], &[]),
    }
}

/// The main field of an object and its text.
fn main(entries: &[(String, Node)], role: Role) -> Option<(&str, &str)> {
    let (names, loose) = fields(role);
    let among = |names: &[&str]| -> Vec<(&str, &str)> {
        let candidates = entries.iter().filter(|(key, _)| names.contains(&key.as_str()));
        candidates.filter_map(|(key, node)| Some((key.as_str(), words(node)?))).collect()
    };
    match (among(names).as_slice(), among(loose).as_slice()) {
        ([one], _) => Some(*one),
        ([], [one]) => {
            let twice = one.1.len() * 2;
            entries.iter().try_fold(twice, |room, (_, node)| left(node, room)).map(|_| *one)
        }
        _ => None,
    }
}

/// The one field of an object whose name says that it is the question or the answer.
pub(super) fn named(entries: &[(String, Node)], role: Role) -> Option<(&str, &str)> {
    let (names, _) = fields(role);
    let mut found = entries.iter().filter(|(key, _)| names.contains(&key.as_str()));
    let (key, node) = found.next().filter(|_| found.next().is_none())?;
    Some((key, words(node)?))
}

/// What is left of so many bytes after everything a value says; `None` when they do not suffice.
fn left(node: &Node, room: usize) -> Option<usize> {
    match node.peel() {
        Node::Text(text) | Node::Number(text) => room.checked_sub(text.len()),
        Node::List(items) => items.iter().try_fold(room, |room, item| left(item, room)),
        Node::Map(entries) => {
            entries.iter().try_fold(room, |room, (key, node)| left(node, room.checked_sub(key.len())?))
        }
        _ => Some(room),
    }
}

/// A text that is language: several words or a sentence, neither data nor code.
fn words(node: &Node) -> Option<&str> {
    let Node::Text(text) = node else { return None };
    let trimmed = text.trim();
    let script = |c: char| ('\u{3040}'..'\u{fb00}').contains(&c);
    let sentence =
        trimmed.contains(|c: char| c.is_whitespace() || script(c)) || trimmed.ends_with(['.', '!', '?', '…']);
    let data = ["{", "[{", "[\"", "[[", "<?", "<!", "#!", "@"].iter().any(|start| trimmed.starts_with(start));
    (sentence && !data && !is_code(trimmed)).then_some(text)
}

fn is_code(text: &str) -> bool {
    let starts = text.split(char::is_whitespace).next().is_some_and(|word| CODE.contains(&word));
    let imports =
        text.starts_with("from ") && text.lines().next().is_some_and(|line| line.contains(" import "));
    let lines = || text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let ends = |line: &&str| line.ends_with([';', '{', '}']);
    starts || imports || lines().filter(ends).count() * 2 > lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_language_is_words() {
        let language = [
            "How much?",
            "Thanks!",
            "two words",
            "配送状況",
            "[SPEC-1] says no",
            "Select one of them",
            "return or exchange",
            "from Graz",
        ];
        let other = [
            "abc",
            "",
            "SELECT 1",
            "{\"a\": tru",
            "def f():\n  x",
            "a = 1;\nb = 2;",
            "2026-11-01",
            "[\"a b",
            "from a import b",
        ];
        for (texts, expected) in [(&language[..], true), (&other[..], false)] {
            for text in texts {
                assert_eq!(words(&Node::Text((*text).into())).is_some(), expected, "{text}");
            }
        }
    }
}
