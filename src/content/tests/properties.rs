//! What holds for any text.

use proptest::prelude::*;

use super::observation;
use crate::content;
use crate::domain::rows::{Row, Rows, View};
use crate::domain::text::width;

fn fits(rows: &Rows) {
    for row in &rows.rows {
        let text = row.text();
        assert!(columns(row) <= rows.width.into(), "{} columns of {}: {row:?}", columns(row), rows.width);
        assert!(text.chars().all(|c| !c.is_control()), "{text:?}");
    }
}

fn columns(row: &Row) -> usize {
    let bar = if row.bar.is_some() { 2 } else { 0 };
    let apart: usize = row.spans.iter().map(|span| width(&span.text)).sum();
    bar + apart.max(width(&row.text()))
}

fn check(text: &str, columns: u16, wrap: bool) {
    for view in [View::Pretty, View::Json, View::Raw] {
        let rows = content::observation(&observation(Some(text), Some(text)), view, columns, wrap);
        if wrap {
            fits(&rows);
        }
    }
    fits(&content::markdown(text, columns));
    let title = content::title(&observation(Some(text), None));
    assert!(title.is_none_or(|title| width(&title) <= 120));
}

/// What documents are made of.
const PIECES: [&str; 60] = [
    "a",
    "word ",
    "longerword",
    "\n",
    "\n\n",
    "\t",
    " ",
    "- ",
    "1. ",
    "> ",
    "# ",
    "```",
    "```py\n",
    "|",
    "|-|\n",
    "*",
    "**",
    "_",
    "~~",
    "`",
    "[x](http://a.b)",
    "![",
    "](",
    ")",
    "<b>",
    "\\",
    "\\(",
    "&#27;",
    "\u{1b}[0m",
    "\r\n",
    "\r",
    "配送",
    "👩‍🔧",
    "\u{301}",
    "\u{200d}",
    "\u{fe0f}",
    "🇩",
    "क्ष",
    "ﷺ",
    "\u{202e}",
    "{\"role\":\"user\",\"content\":\"",
    "\"}",
    "[",
    "]",
    "{",
    "}",
    "\"",
    ":",
    ",",
    "{'a': '",
    "'}",
    "role='user' content='",
    "user: ",
    "\nassistant: ",
    "data:image/png;base64,AAAA",
    "@@@langfuseMedia:type=image/png|id=1|source=x@@@",
    "1e5",
    "null",
    "[ ] ",
    "---\n",
];

/// Text full of it.
fn lively() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(&PIECES[..]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// A document with messages of every kind around some text.
fn document() -> impl Strategy<Value = String> {
    let templates = prop::sample::select(vec![
        r#"[{"role":"system","content":T},{"role":"user","content":T}]"#,
        r#"{"messages":[{"role":T,"name":T,"content":[{"type":"text","text":T},{"type":"image_url","image_url":{"url":T}}],T:T}],T:T}"#,
        r#"[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":T,"arguments":{T:T,"n":[1,T]}}}]},{"role":"tool","tool_call_id":"1","content":T}]"#,
        r#"{"choices":[{"message":{"role":"assistant","content":T,"refusal":T},"finish_reason":"length"}],"tools":[{"name":T}]}"#,
        r#"[{"type":"reasoning","summary":[{"text":T}]},{"type":"function_call","name":T,"arguments":T},{"type":"function_call_output","output":T}]"#,
        r#"{"a":{"b":[T,[T,{T:T}]]}}"#,
    ]);
    (templates, lively())
        .prop_map(|(template, text)| template.replace('T', &serde_json::to_string(&text).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_fits(text in "\\PC*|(?s).{0,200}", columns in 1u16..200, wrap: bool) {
        check(&text, columns, wrap);
    }

    #[test]
    fn lively_text_fits(text in lively(), columns in 1u16..200, wrap: bool) {
        check(&text, columns, wrap);
    }

    #[test]
    fn documents_fit(text in document(), columns in 1u16..200, wrap: bool) {
        check(&text, columns, wrap);
    }
}

#[test]
fn deep_documents_are_harmless() {
    let depth = 10_000;
    for (open, close) in
        [("[", "]"), ("{\"a\":", "}"), ("> ", ""), ("- ", ""), ("*", "*"), ("[a](", ")"), ("(", ")")]
    {
        check(&(open.repeat(depth) + "1" + &close.repeat(depth)), 80, true);
    }
}

#[test]
fn hostile_text_is_harmless() {
    let pieces = [
        "\\",
        "`",
        "[",
        "*",
        "_a",
        "|a",
        "d",
        "@",
        "data:a/b;base64,",
        "<b>\n",
        "> ",
        "- ",
        "-\n",
        "{",
        "[1,",
        "🇩",
        "a\u{301}",
        "\u{301}",
        "配",
        "\u{200d}",
        "\t",
        "\n",
        "\r",
        "f(a=",
        "{'a':",
        "a='b' ",
        "user: x\nassistant: y\n",
        "![x](y)",
        "&amp;",
        "```py\nx = 1\n```\n",
        "👩\u{200d}",
    ];
    for piece in pieces {
        check(&piece.repeat(10_000 / piece.len()), 80, true);
    }
    let columns = 2000;
    check(
        &format!("{}\n{}\n{}", "|a".repeat(columns), "|-".repeat(columns), "|b\n".repeat(columns)),
        80,
        true,
    );
}
