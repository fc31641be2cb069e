//! Sessions and facts.

use jiff::tz::TimeZone;
use pretty_assertions::assert_eq;

use super::{observation, printed};
use crate::content;
use crate::domain::rows::View;
use crate::domain::{Object, ObjectKind, Observation, Subject, Usage};

fn root(trace: &str, input: &str, output: Option<&str>) -> Observation {
    let mut root = observation(Some(input), output);
    root.id = format!("o-{trace}").into();
    root.trace_id = trace.into();
    root.trace_name = Some("chat".into());
    root.start = format!("2025-01-01T10:00:0{trace}Z").parse().unwrap();
    root.latency = Some(3.2);
    root.usage = Usage { input: 1000, output: 284, total: 1284, cost: 0.0041 };
    root
}

fn session(roots: Vec<Observation>) -> Subject {
    Subject::new(&Object { kind: ObjectKind::Session, id: "s-204".into() }, roots).unwrap()
}

#[test]
fn a_session_shows_only_what_is_new() {
    let history = r#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."},{"role":"user","content":"And now?"}]"#;
    let state =
        r#"{"messages":[{"role":"user","content":"And now?"},{"role":"assistant","content":"Wait."}]}"#;
    let mut first = root("1", "Hi", Some("Hello."));
    first.usage = Usage::default();
    let subject = session(vec![root("2", history, Some(state)), first, root("3", "Bye", None)]);
    let expected = "\
1 · chat · 3.2 s

u│user
u│Hi

a│assistant
a│Hello.

2 · chat · 3.2 s · 1,284 tokens

u│user
u│And now?

a│assistant
a│Wait.

3 · chat · 3.2 s · 1,284 tokens

u│user
u│Bye

no output
";
    assert_eq!(printed(&content::conversation(&subject, View::Pretty, 60, true)), expected);
}

#[test]
fn turns_of_objects_read_as_messages() {
    let question = r#"{"message":"Is it free?","turn":1}"#;
    let subject = session(vec![root("1", question, Some(r#"{"message":"It is."}"#))]);
    let text = printed(&content::conversation(&subject, View::Pretty, 60, true));
    assert!(text.ends_with("u│user\nu│Is it free?\nu│turn: 1\n\na│assistant\na│It is.\n"), "{text}");
}

#[test]
fn facts_are_aligned() {
    let mut only = root("1", "Hi", None);
    only.model_parameters = Some("{\"temperature\":0.20}".into());
    only.metadata = Some("{\"tenant\":{\"id\":7}}".into());
    let text = printed(&content::metadata(&session(vec![only]), 0, &TimeZone::UTC, 60));
    let expected = "\
OBSERVATION
name     answer
type     generation
id       o-1
start    2025-01-01 10:00:01.000
latency  3.2 s
tokens   1,000 in, 284 out, 1,284 in total
cost     $0.0041

TRACE
name  chat
id    1

MODEL PARAMETERS
temperature: 0.20

ITEM
reviewed      session
id            s-204
tokens        1,284 in, 284 out
";
    let (shown, _) = text.split_once("ITEM").unwrap();
    assert_eq!(shown, expected.split_once("ITEM").unwrap().0);
    assert!(text.ends_with("METADATA\ntenant: {\n  \"id\": 7\n}\n"), "{text}");
}

#[test]
fn facts_of_a_missing_row_are_those_of_the_item() {
    let subject = session(vec![root("1", "Hi", None)]);
    assert!(printed(&content::metadata(&subject, 9, &TimeZone::UTC, 60)).starts_with("ITEM\n"));
}
