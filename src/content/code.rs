//! Syntax colours for code blocks.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::domain::rows::Tone;

use super::wrap::Text;

/// Bytes of code coloured per payload; what is beyond is shown plain, so that no paste can keep a
/// reviewer waiting. A thousand bytes take about four milliseconds.
pub(super) const BUDGET: usize = 16_000;

/// What a block costs however short it is, in bytes of code.
const BLOCK: usize = 200;

/// Longest line coloured, in bytes.
const LINE: usize = 4000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// What the names of grammars mean here, the more specific first.
static TONES: LazyLock<Vec<(Scope, Tone)>> = LazyLock::new(|| {
    let names = [
        ("comment", Tone::Comment),
        ("constant.numeric", Tone::Number),
        ("constant.language", Tone::Literal),
        ("meta.mapping.key", Tone::Key),
        ("string", Tone::String),
        ("constant.character", Tone::String),
        ("keyword.operator", Tone::Punctuation),
        ("keyword", Tone::Keyword),
        ("storage", Tone::Keyword),
        ("entity.name.function", Tone::Function),
        ("support.function", Tone::Function),
        ("variable.function", Tone::Function),
        ("entity.name.tag", Tone::Keyword),
        ("entity.other.attribute-name", Tone::Key),
        ("entity.name", Tone::Type),
        ("support.type.property-name", Tone::Key),
        ("support.type", Tone::Type),
        ("support.class", Tone::Type),
        ("punctuation.separator", Tone::Punctuation),
        ("punctuation.section", Tone::Punctuation),
        ("punctuation.terminator", Tone::Punctuation),
        ("markup.inserted", Tone::Good),
        ("markup.deleted", Tone::Error),
    ];
    names.into_iter().filter_map(|(name, tone)| Some((Scope::new(name).ok()?, tone))).collect()
});

/// The lines of a code block, coloured when its language is known and the budget allows.
pub(super) fn highlight(code: &str, info: &str, budget: &mut usize) -> Vec<Text> {
    let code = code.strip_suffix('\n').unwrap_or(code);
    let cost = code.len() + BLOCK;
    let affordable = cost <= *budget && code.split('\n').all(|line| line.len() <= LINE);
    let coloured = syntax(info).filter(|_| affordable).and_then(|syntax| {
        *budget -= cost;
        colour(code, syntax)
    });
    coloured.unwrap_or_else(|| code.split('\n').map(|line| Text::new(line, Tone::Code)).collect())
}

fn syntax(info: &str) -> Option<&'static SyntaxReference> {
    let token = info.split([' ', ',', '{', ':']).next().filter(|token| !token.is_empty())?;
    SYNTAXES.find_syntax_by_token(token)
}

/// `None` when the grammar fails on this code.
fn colour(code: &str, syntax: &SyntaxReference) -> Option<Vec<Text>> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut lines = Vec::new();
    for line in code.split('\n') {
        let ops = state.parse_line(&format!("{line}\n"), &SYNTAXES).ok()?;
        let mut text = Text::default();
        let mut at = 0;
        for (offset, op) in ops {
            let end = offset.min(line.len());
            if end > at {
                text.push(line.get(at..end)?, tone(&stack));
                at = end;
            }
            stack.apply(&op).ok()?;
        }
        text.push(line.get(at..)?, tone(&stack));
        lines.push(text);
    }
    Some(lines)
}

/// The tone of the innermost scope that has one.
fn tone(stack: &ScopeStack) -> Tone {
    let found = stack.as_slice().iter().rev().find_map(|scope| {
        TONES.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, tone)| *tone)
    });
    let is_key = |scope: &Scope| TONES.iter().any(|(p, tone)| *tone == Tone::Key && p.is_prefix_of(*scope));
    match found {
        Some(Tone::String) if stack.as_slice().iter().any(is_key) => Tone::Key,
        other => other.unwrap_or(Tone::Code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(code: &str, language: &str) -> Vec<(String, Tone)> {
        let lines = highlight(code, language, &mut BUDGET.clone());
        let spans = lines.iter().flat_map(|line| line.lines(0, 0, false)).flatten();
        spans.map(|span| (span.text.trim().to_owned(), span.tone)).collect()
    }

    #[test]
    fn code_is_coloured_by_meaning() {
        let python = tones("def add(a):\n    # sum\n    return a + 1\n", "python");
        for (text, tone) in
            [("def", Tone::Keyword), ("add", Tone::Function), ("# sum", Tone::Comment), ("1", Tone::Number)]
        {
            assert!(python.contains(&(text.into(), tone)), "{text} in {python:?}");
        }
        assert!(tones("let x: String = \"a\";", "rust").contains(&("\"a\"".into(), Tone::String)));
        assert!(tones("{\"a\": true}", "json").contains(&("\"a\"".into(), Tone::Key)));
    }

    #[test]
    fn unknown_languages_and_long_code_are_plain() {
        assert_eq!(tones("def x", "nonesuch"), [("def x".into(), Tone::Code)]);
        assert!(tones(&"x = 1\n".repeat(30_000), "python").iter().all(|(_, tone)| *tone == Tone::Code));
    }
}
