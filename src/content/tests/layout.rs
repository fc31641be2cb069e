//! Markdown, JSON and raw text as rows.

use pretty_assertions::assert_eq;

use super::printed;
use crate::content;
use crate::domain::rows::{Rows, Tone};

fn toned(rows: &Rows, text: &str) -> Option<Tone> {
    let mut spans = rows.rows.iter().flat_map(|row| &row.spans);
    spans.find(|span| span.text.contains(text)).map(|span| span.tone)
}

#[test]
fn markdown_is_laid_out() {
    let text = "\
# Refunds

Read **all** of `policy.md` and [the guide](https://a.example/guide), see <https://b.example>.

1. First, look at the
   parcel
   - size
   - weight
2. Then decide
   - [x] asked
   - [ ] told

> Never *guess*.

---
~~gone~~ $x_1$ and \\(a\\) C:\\temp 5 \\* 3
";
    let expected = "\
Refunds

Read all of policy.md and the guide
(https://a.example/guide), see
https://b.example.

1. First, look at the
   parcel
   • size
   • weight
2. Then decide
   • [x] asked
   • [ ] told

│ Never guess.

────────────────────────────────────

gone $x_1$ and \\(a\\) C:\\temp 5 * 3
";
    let rows = content::markdown(text, 36);
    assert_eq!(printed(&rows), expected);
    for (text, tone) in [
        ("Refunds", Tone::Heading),
        ("all", Tone::Strong),
        ("policy", Tone::Code),
        ("the guide", Tone::Link),
        ("(https", Tone::Dim),
        ("Never", Tone::Quote),
        ("guess", Tone::Emphasis),
        ("gone", Tone::Struck),
    ] {
        assert_eq!(toned(&rows, text), Some(tone), "{text}");
    }
}

#[test]
fn tables_fit() {
    let text = "| Option | Cost |\n|---|--:|\n| Replace the lid | free |\n| Return | 12 € |\n";
    let wide = " Option           Cost
 Replace the lid  free
 Return           12 €
";
    assert_eq!(printed(&content::markdown(text, 40)), wide);
    let narrow = " Option    Cost

 Replace   free
 the lid

 Return    12 €
";
    assert_eq!(printed(&content::markdown(text, 15)), narrow);
    let tiny = "\
Option:
Replace
the lid
Cost: free

Option:
Return
Cost: 12 €
";
    assert_eq!(printed(&content::markdown(text, 10)), tiny);
}

#[test]
fn code_keeps_its_lines() {
    let text = "Run:\n\n```sh\nls -l\n\tcat x\n```\nthen\n";
    assert_eq!(printed(&content::markdown(text, 40)), "Run:\n\n  ls -l\n      cat x\n\nthen\n");
}

#[test]
fn pasted_columns_stay_aligned() {
    let text = "The table:\n\n  Qty  Item\n    6  *rope*\n   12  thimble\n\n- one\n  more\n";
    let expected = "The table:\n\n  Qty  Item\n    6  rope\n   12  thimble\n\n• one\n  more\n";
    assert_eq!(printed(&content::markdown(text, 40)), expected);
}

#[test]
fn tags_and_html_are_text() {
    let text = "<rules>\n- be **kind**\n</rules>\n\n<b>x</b> & &amp; &#27;[31m\n\n```\n<rules>\n```\n";
    let expected = "<rules>\n• be kind\n</rules>\n\n<b>x</b> & & ␛[31m\n\n  <rules>\n";
    assert_eq!(printed(&content::markdown(text, 40)), expected);
}

#[test]
fn json_is_indented_and_opened() {
    let text = r#"{"b":12345678901234567890.10,"a":[1,null,"x"],"s":"{\"q\":[]}","m":"one\n  \"two\"","e":{},"l":[{"k":"\u001b"}]}"#;
    let expected = r#"{
  "b": 12345678901234567890.10,
  "a": [1, null, "x"],
  "s": ⟨json⟩ {
    "q": []
  },
  "m": "
    one
      "two"",
  "e": {},
  "l": [
    {
      "k": "␛"
    }
  ]
}
"#;
    let rows = content::json(text, 60, true);
    assert_eq!(printed(&rows), expected);
    assert_eq!(toned(&rows, "\"b\""), Some(Tone::Key));
    assert_eq!(toned(&rows, "12345"), Some(Tone::Number));
    assert_eq!(toned(&rows, "null"), Some(Tone::Literal));
    assert_eq!(toned(&rows, "\"x\""), Some(Tone::String));
    assert_eq!(toned(&rows, "⟨json⟩"), Some(Tone::Dim));
}

#[test]
fn lines_of_json_text_stay_aligned() {
    let text = r##"{"answer":"# Steps\n- take the lid off\n  - and clean it","one":"long enough to wrap"}"##;
    let expected = r#"{
  "answer": "
    # Steps
    - take the lid
    off
      - and clean
      it",
  "one": "long
    enough to
    wrap"
}
"#;
    assert_eq!(printed(&content::json(text, 18, true)), expected);
}

#[test]
fn broken_json_and_raw_text_stay_as_recorded() {
    let text = "{\"a\": 1,\n  \"b\": tru";
    assert_eq!(printed(&content::json(text, 60, true)), format!("{text}\n"));
    assert_eq!(printed(&content::raw("a  b\tc\r\nd", 60, true)), "a  b    c\nd\n");
    assert_eq!(printed(&content::raw("one two", 4, true)), "one\ntwo\n");
    assert_eq!(printed(&content::raw("one two", 4, false)), "one two\n");
}

#[test]
fn long_documents_take_little_time() {
    let paragraph =
        "Some **words** about `parcels` and [links](https://a.example), once *more*.\n\n- one\n- two\n\n";
    let rows = content::markdown(&paragraph.repeat(300_000 / paragraph.len()), 80);
    assert!(rows.rows.len() > 10_000);
}
