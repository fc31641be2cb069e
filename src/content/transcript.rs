//! Conversations recorded as one text: `system: …`, `user: …` at the start of lines.

use crate::domain::rows::Role;

use super::message::{self, Message};
use super::parts::Part;

/// The turns of a transcript; `None` unless it starts with one and has at least two.
pub(super) fn read(text: &str) -> Option<Vec<Message<'_>>> {
    speaker(text.lines().next()?)?;
    let mut turns: Vec<(&str, Role, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((word, role)) = speaker(line) {
            if let Some(last) = turns.last_mut() {
                last.3 = at;
            }
            turns.push((word, role, at + word.len() + 1, text.len()));
        }
        at += line.len();
    }
    let roles = turns.iter().any(|turn| turn.1 != turns[0].1);
    roles.then(|| {
        turns.iter().map(|(word, role, start, end)| turn(word, *role, &text[*start..*end])).collect()
    })
}

fn turn<'a>(word: &'a str, role: Role, text: &'a str) -> Message<'a> {
    let text = text.trim_matches(['\n', '\r', ' ']);
    let said = !text.is_empty() && text != "None";
    let mut message = Message::new(role, said.then_some(Part::Text(text)).into_iter().collect());
    if word == "developer" {
        message.label = word;
    }
    message
}

/// The speaker a line begins with.
fn speaker(line: &str) -> Option<(&str, Role)> {
    let (word, rest) = line.split_once(':')?;
    let known = ["system", "developer", "user", "human", "assistant", "ai", "tool", "function", "model"];
    let named = known.iter().any(|name| word.eq_ignore_ascii_case(name));
    let spaced = rest.is_empty() || rest.starts_with([' ', '\n', '\r']);
    Some((word, message::role(word).filter(|_| named && spaced)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_split_at_speakers() {
        let turns = read("system: Be kind.\nAlways.\nuser: Hi\nassistant: None").unwrap();
        let said: Vec<_> = turns.iter().map(|turn| (turn.label, turn.words())).collect();
        assert_eq!(said[0], ("system", "Be kind.\nAlways.".into()));
        assert_eq!(said[1], ("user", "Hi".into()));
        assert_eq!(said[2], ("assistant", String::new()));
        assert_eq!(read("user: only one"), None);
        assert_eq!(read("Note: user: hi\nassistant: x"), None);
    }
}
