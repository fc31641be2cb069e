//! One small example per format frameworks record messages in.

use pretty_assertions::assert_eq;

use super::{observation, pretty, printed};
use crate::content;
use crate::domain::rows::{Tone, View};

/// A question, a call, its result and an answer, as most formats can say it.
const TALK: &str = "\
u│user
u│Where is parcel 7?

a│assistant
a│⚙ track(parcel=7)
t│→ in Graz

a│assistant
a│It is in Graz.
";

#[test]
fn a_conversation_reads_the_same_in_every_format() {
    let formats = [
        // OpenAI chat
        r#"{"messages":[{"role":"user","content":"Where is parcel 7?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"track","arguments":"{\"parcel\":7}"}}]},{"role":"tool","tool_call_id":"c1","content":"in Graz"},{"role":"assistant","content":[{"type":"text","text":"It is in Graz."}]}]}"#,
        // OpenAI responses
        r#"[{"role":"user","content":[{"type":"input_text","text":"Where is parcel 7?"}]},{"type":"function_call","call_id":"c1","name":"track","arguments":"{\"parcel\":7}"},{"type":"function_call_output","call_id":"c1","output":"in Graz"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"It is in Graz.","annotations":[]}]}]"#,
        // Anthropic
        r#"{"messages":[{"role":"user","content":"Where is parcel 7?"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"track","input":{"parcel":7}}]},{"role":"tool","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"in Graz"}]}]},{"role":"assistant","content":[{"type":"text","text":"It is in Graz."}]}]}"#,
        // Gemini
        r#"{"contents":[{"role":"user","parts":[{"text":"Where is parcel 7?"}]},{"role":"model","parts":[{"functionCall":{"name":"track","args":{"parcel":7}}}]},{"role":"function","parts":[{"functionResponse":{"name":"track","response":"in Graz"}}]},{"role":"model","parts":[{"text":"It is in Graz."}]}]}"#,
        // LangChain
        r#"[[{"type":"human","content":"Where is parcel 7?"},{"type":"ai","content":"","tool_calls":[{"name":"track","args":{"parcel":7},"id":"c1","type":"tool_call"}]},{"type":"tool","name":"track","content":"in Graz","tool_call_id":"c1"},{"type":"ai","content":"It is in Graz."}]]"#,
        // LangChain objects with their constructors
        r#"[{"lc":1,"type":"constructor","id":["langchain_core","messages","HumanMessage"],"kwargs":{"content":"Where is parcel 7?","type":"human"}},{"lc":1,"type":"constructor","id":["x","AIMessage"],"kwargs":{"content":"","additional_kwargs":{"tool_calls":[{"id":"c1","function":{"name":"track","arguments":"{\"parcel\":7}"}}]}}},{"lc":1,"id":["x","ToolMessage"],"kwargs":{"content":"in Graz","tool_call_id":"c1"}},{"id":["x","AIMessage"],"kwargs":{"content":"It is in Graz."}}]"#,
        // OpenTelemetry
        r#"[{"role":"user","parts":[{"type":"text","content":"Where is parcel 7?"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"track","arguments":{"parcel":7}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"in Graz"}]},{"role":"assistant","parts":[{"type":"text","content":"It is in Graz."}]}]"#,
        // Vercel
        r#"{"prompt":{"messages":[{"role":"user","content":"Where is parcel 7?"},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c1","toolName":"track","args":{"parcel":7}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"track","result":"in Graz"}]},{"role":"assistant","content":"It is in Graz."}]}}"#,
        // Python
        r#"[Message(role='user', content='Where is parcel 7?'), Message(role='assistant', content=None, tool_calls=[{'id': 'c1', 'function': {'name': 'track', 'arguments': '{"parcel": 7}'}}]), Message(role='tool', content='in Graz', tool_call_id='c1'), Message(role='assistant', content='It is in Graz.')]"#,
    ];
    for text in formats {
        assert_eq!(pretty(text, 60), TALK, "{text}");
        let quoted = serde_json::to_string(text).unwrap();
        assert_eq!(pretty(&quoted, 60), TALK, "{quoted}");
        if text.contains("Message(") {
            continue;
        }
        let quoted = serde_json::to_string(&quoted).unwrap();
        assert_eq!(pretty(&quoted, 60), TALK, "{quoted}");
    }
}

#[test]
fn anthropic_results_in_user_messages_follow_their_calls() {
    let text = r#"{"system":"Be brief.","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"xx"},{"type":"text","text":"Looking."},{"type":"tool_use","id":"a","name":"one","input":{}},{"type":"tool_use","id":"b","name":"two","input":{"q":"x"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"2","is_error":true},{"type":"tool_result","tool_use_id":"a","content":{"n":1}}]}]}"#;
    let expected = "\
s│system
s│Be brief.

a│assistant
a│thinking
a│Hm.
a│
a│Looking.
a│
a│⚙ one()
a│⚙ two(q=\"x\")
t│→ two
t│  failed
t│  2
t│→ one
t│  {\"n\": 1}
";
    assert_eq!(pretty(text, 60), expected);
}

#[test]
fn all_summaries_of_a_thought_are_shown() {
    let text = r#"[{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"One."},{"type":"summary_text","text":"Two."}]}]"#;
    assert_eq!(pretty(text, 60), "a│assistant\na│thinking\na│One.\na│\na│Two.\n");
}

#[test]
fn completions_show_their_message_and_count_the_rest() {
    let text = r#"{"id":"x","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","content":"So **far**","refusal":null,"rating":5}}],"usage":{"n":1},"warnings":["late"],"tools":[{"type":"function","function":{"name":"track"}}]}"#;
    let expected = "\
a│assistant
a│So far
a│rating: 5
a│cut off: length

warnings: [\"late\"]

tools offered: track (json view shows more)
… 4 technical fields, json view shows all
";
    assert_eq!(pretty(text, 60), expected);
}

#[test]
fn long_system_prompts_are_folded() {
    let text =
        serde_json::json!([{"role": "developer", "name": "ops", "content": "a\nb\nc\nd\ne"}]).to_string();
    assert_eq!(pretty(&text, 60), "s│developer ops\ns│a\ns│b\ns│c\ns│… 2 more lines, raw view shows all\n");
    let text = text.replace("\\ne", "");
    assert_eq!(pretty(&text, 60), "s│developer ops\ns│a\ns│b\ns│c\ns│d\n");
}

#[test]
fn long_calls_and_results_are_indented() {
    let text = r#"[{"role":"assistant","tool_calls":[{"function":{"name":"log","arguments":"{\"note\":\"a long note about it\"}"}}]},{"role":"tool","content":"{\"ticket\":88121,\"state\":\"open\"}"}]"#;
    let expected = "\
a│assistant
a│⚙ log
a│  {
a│    \"note\": \"a long note
a│      about it\"
a│  }
t│→ {
t│    \"ticket\": 88121,
t│    \"state\": \"open\"
t│  }
";
    assert_eq!(pretty(text, 28), expected);
}

#[test]
fn media_become_marks() {
    let text = r#"[{"role":"user","content":[{"type":"text","text":"See @@@langfuseMedia:type=image/png|id=1|source=bytes@@@."},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAAABBBBCCCC"}},{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"AAAA"}},{"type":"image_url","image_url":{"url":"https://a.example/x.png"}}]}]"#;
    let expected = "\
u│user
u│See ▣ image/png.
u│▣ image/jpeg 9 B
u│▣ image/gif AAAA
u│▣ image_url https://a.example/x.png
";
    assert_eq!(pretty(text, 60), expected);
}

#[test]
fn what_is_no_conversation_stays_json() {
    for text in [
        r#"{"location":"Portland"}"#,
        r#"{"role":"admin","name":"x"}"#,
        r#"{"type":"human","age":4}"#,
        r#"[{"a":1},{"role":"user","content":"hi"},{"b":2},{"c":3}]"#,
    ] {
        let json = printed(&content::json(text, 60, true));
        assert_eq!(pretty(text, 60), json);
    }
}

#[test]
fn unknown_roles_and_items_are_kept() {
    let text = r#"[{"role":"user","content":"hi"},{"role":"planner","content":"go"},{"strange":true}]"#;
    assert_eq!(
        pretty(text, 60),
        "u│user\nu│hi\n\no│planner\no│go\n\no│other\no│{\no│  \"strange\": true\no│}\n"
    );
}

#[test]
fn absent_content_and_status_are_said() {
    let mut observation = observation(None, Some("Done."));
    observation.status_message = Some("rate limited".into());
    observation.level = crate::domain::Level::Error;
    let rows = content::observation(&observation, View::Pretty, 40, true);
    assert_eq!(printed(&rows), "rate limited\n\nINPUT\nno input\n\nOUTPUT\nDone.\n");
    let tones: Vec<Tone> = rows.rows.iter().flat_map(|row| &row.spans).map(|span| span.tone).collect();
    assert_eq!(tones, [Tone::Error, Tone::Section, Tone::Dim, Tone::Section, Tone::Plain]);
}

#[test]
fn the_main_field_of_an_object_is_what_was_said() {
    let question = "u│user\nu│How much is it?\n";
    let cases = [
        (r#"{"question":"How much is it?"}"#, ""),
        (
            r#"{"message":"How much is it?","channel":"web","turn":2,"note":null}"#,
            "u│channel: web · turn: 2\n",
        ),
        (
            r#"{"query":"How much is it?","text":"A long passage to answer from.","ids":["a"]}"#,
            "u│text: A long passage to answer from.\nu│ids: [\"a\"]\n",
        ),
        (r#"{"text":"How much is it?","k":4}"#, "u│k: 4\n"),
        (r#"{"args":["How much is it?"],"kwargs":{}}"#, ""),
        (
            r#"{"args":["How much is it?"],"kwargs":{"k":{"n":1}}}"#,
            "u│kwargs: {\nu│  \"k\": {\nu│    \"n\": 1\nu│  }\nu│}\n",
        ),
        (r#"{"args":[{"input":"How much is it?","lang":"en"}]}"#, "u│lang: en\n"),
        (r#"{"input":{"prompt":"How much is it?"},"chat_history":[]}"#, ""),
        (r#"["How much is it?"]"#, ""),
    ];
    for (text, rest) in cases {
        assert_eq!(pretty(text, 60), format!("{question}{rest}"), "{text}");
        let title = content::title(&observation(Some(text), None));
        assert_eq!(title.as_deref(), Some("How much is it?"), "{text}");
    }
    let answer = observation(None, Some(r#"{"answer":"**Free**, as always.","ticket":"K-1"}"#));
    let rows = content::observation(&answer, View::Pretty, 60, true);
    let expected = "INPUT\nno input\n\nOUTPUT\na│assistant\na│Free, as always.\na│ticket: K-1\n";
    assert_eq!(printed(&rows), expected);
    assert_eq!(rows.rows.last().unwrap().spans[0].tone, Tone::Dim);
}

#[test]
fn objects_without_one_main_text_stay_json() {
    for text in [
        r#"{"question":"How much is it?","message":"And when does it come?"}"#,
        r#"{"query":"SELECT a FROM b"}"#,
        r#"{"question":"how"}"#,
        r#"{"input":"{\"a\": 1}"}"#,
        r#"{"input":"{\"a\": tru and more"}"#,
        r#"{"content":"Too short.","lines":["much","more","than","that"]}"#,
        r#"{"args":["thread_1","run_1"],"kwargs":{}}"#,
        r#"{"answer":"An answer is no question."}"#,
    ] {
        let opened = printed(&content::json(text, 60, true));
        assert_eq!(pretty(text, 60), opened, "{text}");
    }
}

#[test]
fn a_question_next_to_its_history_comes_last() {
    let text = r#"{"input":"How much is it?","chat_history":[{"type":"human","content":"Hi"},{"type":"ai","content":"Hello."}],"k":1}"#;
    let expected = "u│user\nu│Hi\n\na│assistant\na│Hello.\n\nu│user\nu│How much is it?\n\nk: 1\n";
    assert_eq!(pretty(text, 60), expected);
    let same = text.replace("How much is it?", "Hi");
    assert!(pretty(&same, 60).ends_with("a│Hello.\n\nk: 1\n\n… 1 technical field, json view shows all\n"));
}

#[test]
fn what_tools_take_and_give_is_not_speech() {
    let mut tool =
        observation(Some(r#"{"query":"how much is it"}"#), Some("# no heading\n    a long indented line"));
    tool.kind = crate::domain::ObservationType::Tool;
    let rows = content::observation(&tool, View::Pretty, 20, true);
    let expected = "INPUT\n{\n  \"query\": \"how much\n    is it\"\n}\n\nOUTPUT\n# no heading\n    a long indented\n      line\n";
    assert_eq!(printed(&rows), expected);
}

#[test]
fn a_quoted_text_is_the_text() {
    assert_eq!(
        pretty(r#""Sure, **first** subtract\n\n- one\n- two""#, 60),
        "Sure, first subtract\n\n• one\n• two\n"
    );
    assert_eq!(pretty(r#""Sure," she said"#, 60), "\"Sure,\" she said\n");
}

#[test]
fn agents_of_autogen_speak_by_role() {
    let text = r#"[{"source":"user","models_usage":null,"metadata":{},"content":"Where is parcel 7?","type":"TextMessage"},{"source":"desk","models_usage":{"prompt_tokens":3},"content":[{"id":"c1","arguments":"{\"parcel\":7}","name":"track"}],"type":"ToolCallRequestEvent"},{"source":"desk","content":[{"content":"in Graz","name":"track","call_id":"c1","is_error":false}],"type":"ToolCallExecutionEvent"},{"source":"assistant","content":"It is in Graz.","type":"TextMessage"}]"#;
    assert_eq!(pretty(text, 60), TALK.replace("assistant\na│⚙", "assistant desk\na│⚙"));
    let quiet = r#"{"source":"web","type":"article","content":"Graz"}"#;
    assert_eq!(pretty(quiet, 60), printed(&content::json(quiet, 60, true)));
}

#[test]
fn titles_are_the_last_question() {
    let cases = [
        (
            r#"[{"role":"user","content":"one"},{"role":"user","content":"two\nlines"},{"role":"assistant","content":"x"}]"#,
            Some("two lines"),
        ),
        (r#"{"id":"abc","question":"How much?"}"#, Some("How much?")),
        ("Just text", Some("Just text")),
        ("system: a\nuser: b", Some("b")),
        (r#"{"city":"Graz"}"#, Some("Graz")),
        ("{}", None),
    ];
    for (input, expected) in cases {
        assert_eq!(content::title(&observation(Some(input), None)).as_deref(), expected, "{input}");
    }
}
