//! Records of every format, imported into a workspace.

mod samples;

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use self::samples::{CSV, gzipped, parquet_file};
use super::*;
use crate::server::data::workspace::{Seed, Workspace};

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn empty() -> Workspace {
    Workspace::in_memory(Seed::Empty, now()).unwrap()
}

fn source(bytes: &[u8]) -> Vec<Read> {
    let position = Arc::new(AtomicU64::new(0));
    match Source::stream(Box::new(Cursor::new(bytes.to_vec())), None, &position) {
        Ok(source) => source.collect(),
        Err(error) => vec![source::broken(Place::Line(1), error.to_string())],
    }
}

/// Imports it all; gives what was done and what was bad.
fn import(workspace: &mut Workspace, files: &[&[u8]]) -> (Tally, Vec<String>) {
    let mut bad = Vec::new();
    let mut import = Import::begin(workspace, now()).unwrap();
    for read in files.iter().flat_map(|bytes| source(bytes)) {
        match read {
            Read::Record(record) => {
                let rows = record.rows(None);
                bad.extend(rows.bad.iter().map(|what| format!("{}: {what}", record.place)));
                import.take(rows).unwrap();
            }
            Read::Bad(error) | Read::Broken(error) => bad.push(format!("{}: {}", error.place, error.what)),
        }
    }
    import.settle(|_, _| {}).unwrap();
    (import.tally(), bad)
}

fn observations(workspace: &Workspace, trace: &str) -> Vec<Observation> {
    let sql = "SELECT * FROM observations WHERE trace_id = ?1 ORDER BY start_time, id";
    let mut statement = workspace.db.prepare(sql).unwrap();
    statement.query_map([trace], Observation::read).unwrap().map(Result::unwrap).collect()
}

fn trace(workspace: &Workspace, id: &str) -> Trace {
    Trace::load(&workspace.db, id).unwrap().unwrap()
}

/// Everything that is stored, to be compared.
fn contents(workspace: &Workspace) -> Vec<(Vec<Observation>, Trace)> {
    let mut ids = workspace.db.prepare("SELECT id FROM traces ORDER BY id").unwrap();
    let ids: Vec<String> = ids.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    ids.iter().map(|id| (observations(workspace, id), trace(workspace, id))).collect()
}

const EXPORT: &str = r#"{
  "trace": {
    "id": "t1", "name": "chat", "timestamp": "2026-11-20T12:00:00.000Z", "userId": "u1", "sessionId": "s1",
    "tags": ["a"], "public": true, "input": "\"\\\"Hi\\\"\"", "output": "\"{\\\"text\\\": \\\"Hello\\\"}\"",
    "metadata": "{\"k\": 1}",
    "scores": [{"id": "s1", "name": "tone", "value": 1, "dataType": "NUMERIC", "source": "EVAL"}]
  },
  "observations": [
    {"id": "o2", "type": "GENERATION", "parentObservationId": "o1", "startTime": "2026-11-20T12:00:01.000Z",
     "endTime": "2026-11-20T12:00:02.500Z", "name": "llm", "model": "m", "latency": 1500,
     "usageDetails": {"input": 3, "output": 4}, "costDetails": {"total": 0.1}, "input": [{"role": "user"}]},
    {"id": "o1", "type": "SPAN", "startTime": "2026-11-20T12:00:00.000Z", "name": "root", "level": "ERROR"},
    {"id": "o3", "type": "SPAN", "startTime": "noon"}
  ]
}"#;

#[test]
fn a_trace_export_brings_trace_observations_and_scores() {
    let mut workspace = empty();
    let (tally, bad) = import(&mut workspace, &[EXPORT.as_bytes()]);
    assert_eq!((tally.traces, tally.observations, tally.scores), (1, 2, 1));
    assert_eq!(bad, ["line 1: observation 3 of trace t1: startTime is no time: \"noon\""]);
    let rows = observations(&workspace, "t1");
    let ids: Vec<&str> = rows.iter().map(|o| o.id.as_str()).collect();
    assert_eq!(ids, ["o1", "o2"], "the one root can show what the trace says");
    assert_eq!(
        (rows[0].input.as_deref(), rows[0].output.as_deref()),
        (Some("Hi"), Some("{\"text\": \"Hello\"}"))
    );
    assert_eq!((rows[0].level.as_str(), rows[0].metadata.clone()), ("ERROR", json!({"k": 1})));
    assert!(
        rows.iter()
            .all(|o| o.user_id == "u1" && o.session_id == "s1" && o.is_public && o.tags == json!(["a"]))
    );
    assert_eq!((rows[1].latency, rows[1].total_cost, rows[1].model.as_str()), (Some(1.5), 0.1, "m"));
    assert_eq!(trace(&workspace, "t1").name.as_deref(), Some("chat"));
}

#[test]
fn a_trace_that_says_something_else_than_its_root_gets_one_that_stands_for_it() {
    let both = json!({"id": "t1", "name": "n", "input": "asked", "projectId": "p", "observations": [
        {"id": "a", "type": "SPAN", "startTime": "2026-11-20T12:00:00Z"},
        {"id": "b", "type": "SPAN", "startTime": "2026-11-20T12:00:01Z"},
    ]});
    let other = json!({"id": "t2", "input": "asked", "observations": [
        {"id": "a", "type": "SPAN", "startTime": "2026-11-20T12:00:00Z", "input": "else"},
    ]});
    let alone = json!({"id": "t3", "name": "n", "input": "asked", "bookmarked": false, "project_id": "p"});
    let mut workspace = empty();
    let list = json!([both, other, alone]).to_string();
    let (tally, bad) = import(&mut workspace, &[list.as_bytes()]);
    assert_eq!((tally.traces, tally.observations, bad), (3, 3, vec![]));
    for (id, count) in [("t1", 3), ("t2", 2), ("t3", 1)] {
        let rows = observations(&workspace, id);
        assert_eq!(rows.len(), count, "{id}");
        let (root, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|o| o.is_synthetic);
        assert_eq!((root[0].id.clone(), root[0].input.as_deref()), (format!("t-{id}"), Some("asked")));
        assert!(others.iter().all(|o| o.is_legacy && o.parent_id.as_deref() == Some(&root[0].id)));
    }
}

const LINES: &str = r#"{"id": "o1", "trace_id": "t1", "type": "SPAN", "start_time": "2026-11-20 12:00:00.000000", "user_id": "u"}
{"id": "o2", "trace_id": "t1", "type": "GENERATION", "start_time": "2026-11-20 12:00:01.000000", "parent_observation_id": "o1", "provided_model_name": "m", "usage_details": {"input": "3"}, "input": "[1]"}
{"id": "o3", "type": "SPAN", "start_time": "2026-11-20 12:00:01.000000"}
{"id": "o4",
"#;

#[test]
fn observations_are_the_same_however_they_are_packed() {
    let lines = LINES.lines().take(2).collect::<Vec<_>>();
    let list = format!("[{}]", lines.join(",\n"));
    let page = format!("{{\"data\": {list}, \"meta\": {{}}}}");
    let files = [
        LINES.as_bytes().to_vec(),
        list.into(),
        page.into(),
        CSV.into(),
        parquet_file(),
        gzipped(CSV.as_bytes()),
    ];
    let mut stored = Vec::new();
    for file in files {
        let mut workspace = empty();
        let (tally, _) = import(&mut workspace, &[&file]);
        assert_eq!((tally.traces, tally.observations), (1, 2));
        stored.push(contents(&workspace));
    }
    assert!(stored.windows(2).all(|pair| pair[0] == pair[1]), "{stored:#?}");
    let (rows, trace) = &stored[0][0];
    assert_eq!((rows[1].model.as_str(), rows[1].usage_details.clone()), ("m", json!({"input": 3})));
    assert_eq!((trace.user_id.as_deref(), trace.timestamp.as_str()), (Some("u"), "2026-11-20T12:00:00.000Z"));
}

#[test]
fn bad_lines_are_told_and_the_rest_is_imported() {
    let (_, bad) = import(&mut empty(), &[LINES.as_bytes()]);
    assert_eq!(bad[0], "line 3: the observation has no traceId");
    assert!(bad[1].starts_with("line 4: not JSON: it ends too early, at column"), "{bad:?}");
    assert_eq!(bad.len(), 2);
}

#[rstest]
#[case("{\"a\": 1}", "line 1: no record this program knows; its fields are \"a\"")]
#[case("{}", "line 1: an empty object")]
#[case("17", "line 1: not an object: 17")]
#[case("{\"messages\": []}", "line 1: messages is empty")]
#[case("{\"data\": [{\"x\": 1}]}", "line 1: no record this program knows: {\"x\":1}")]
#[case("\u{1}\u{2}", "line 1: it is neither text nor Parquet")]
#[case("PK\u{3}\u{4}…", "line 1: it is compressed with zip: unpack it first")]
#[case("{\0\"\0a\0", "line 1: it is UTF-16")]
#[case("\0[\0{", "line 1: it is UTF-16")]
#[case("this is text", "line 1: not JSON: a record begins with `{`")]
#[case("{\"a\" 1}", "line 1: not JSON at column 6: expected `:`")]
#[case("[{\"a\":", "line 1: the file ends inside of it")]
#[case("PAR1 and no more", "row 1: cannot be read as Parquet")]
fn what_is_no_record_is_said_to_be_none(#[case] text: &str, #[case] wanted: &str) {
    let (tally, bad) = import(&mut empty(), &[text.as_bytes()]);
    assert_eq!(tally, Tally::default());
    assert!(bad.len() == 1 && bad[0].starts_with(wanted), "{bad:?}");
}

const PAIRS: &str = r#"{"input": "2+2", "output": "4", "session": "s"}
{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
{"input": "2+2", "output": "4", "session": "s"}
"#;

#[test]
fn importing_twice_changes_nothing() {
    let scores = r#"{"id": "s9", "trace_id": "t1", "name": "tone", "value": 1, "data_type": "NUMERIC", "string_value": null}"#;
    let standing = r#"{"id": "o9", "traceId": "t9", "parentObservationId": "t-t9", "startTime": "2026-11-20T12:00:00Z"}
{"id": "t-t9", "traceId": "t9", "parentObservationId": null, "startTime": "2026-11-20T12:00:00Z", "userId": "u", "input": "x"}"#;
    let multiple = json!({"id": "t5", "userId": "u", "input": 1, "observations": [
        {"id": "a", "startTime": "2026-11-20T12:00:00Z"}, {"id": "b", "startTime": "2026-11-20T12:00:00Z"},
    ]});
    let multiple = multiple.to_string();
    let lines = LINES.replace("t1", "t2");
    let files = [EXPORT, &lines, PAIRS, scores, standing, &multiple].map(str::as_bytes);
    let mut workspace = empty();
    let (first, bad) = import(&mut workspace, &files);
    let before = contents(&workspace);
    let (second, bad_again) = import(&mut workspace, &files);
    assert_eq!(contents(&workspace), before);
    let known = Tally {
        known_traces: first.traces,
        // The same pair stands twice in its file.
        known_observations: first.observations + first.known_observations + first.changed_observations,
        known_scores: first.scores,
        ..Tally::default()
    };
    assert_eq!((second, bad_again), (known, bad));
    assert!(first.observations >= 8, "{first:?}");
}

#[test]
fn what_a_later_file_adds_is_merged_in_any_order() {
    let traces = r#"{"id": "t1", "project_id": "p", "timestamp": "2026-11-20 12:00:00", "name": "n", "user_id": "u", "input": "x", "bookmarked": false}"#;
    let observations = r#"{"id": "o1", "trace_id": "t1", "type": "SPAN", "start_time": "2026-11-20 12:00:00", "end_time": null}"#;
    let later = r#"{"id": "o1", "trace_id": "t1", "end_time": "2026-11-20 12:00:03", "output": "y"}"#;
    let mut stored = Vec::new();
    for files in [[traces, observations], [observations, traces]] {
        let mut workspace = empty();
        import(&mut workspace, &files.map(str::as_bytes));
        let (tally, _) = import(&mut workspace, &[later.as_bytes()]);
        assert_eq!((tally.changed_observations, tally.known_traces), (1, 1));
        stored.push(contents(&workspace));
    }
    let (rows, _) = &stored[0][0];
    assert_eq!((rows.len(), rows[0].input.as_deref(), rows[0].output.as_deref()), (1, Some("x"), Some("y")));
    assert_eq!(
        (rows[0].latency, rows[0].user_id.as_str(), rows[0].trace_name.as_str()),
        (Some(3.0), "u", "n")
    );
    assert_eq!(rows, &stored[1][0].0);
}

#[test]
fn lines_without_a_time_keep_their_order() {
    let mut workspace = empty();
    let line = |n: i32| format!("{{\"id\": \"{n}\", \"input\": {n}}}\n");
    let lines: String = (0..20).map(line).collect();
    import(&mut workspace, &[lines.as_bytes()]);
    let mut statement = workspace.db.prepare("SELECT id FROM traces ORDER BY timestamp").unwrap();
    let ids: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(ids, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_queue_is_made_and_filled_once() {
    let mut workspace = Workspace::in_memory(Seed::Sample, now()).unwrap();
    let queue = Queue::find(&workspace, "Mine", &["helpfulness".into()]);
    assert!(
        matches!(&queue, Err(QueueError::UnknownConfig { known, .. }) if !known.is_empty()) || queue.is_ok()
    );
    let queue = Queue::find(&workspace, "Mine", &[]).unwrap();
    for added in [3, 0] {
        let mut import = Import::begin(&mut workspace, now()).unwrap();
        for read in source(format!("{PAIRS}{{\"id\": \"t7\", \"input\": 1}}\n").as_bytes()) {
            let Read::Record(record) = read else { panic!("{read:?}") };
            import.take(record.rows(None)).unwrap();
        }
        import.settle(|_, _| {}).unwrap();
        assert_eq!(import.enqueue(&queue).unwrap(), added);
    }
    let sql = "SELECT count(*), count(DISTINCT object_id) FROM items JOIN queues ON queues.id = queue_id
        WHERE name = 'Mine' AND status = 'PENDING'";
    let counts: (i64, i64) = workspace.db.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert_eq!(counts, (3, 3));
    assert_eq!(Queue::find(&workspace, "Mine", &["no such".into()]).unwrap().name, "Mine", "it is there");
    assert!(matches!(Queue::find(&empty(), "Mine", &[]), Err(QueueError::NoConfigs)));
}

#[test]
fn many_batches_are_as_good_as_one() {
    let mut workspace = empty();
    let line = |n: usize| {
        let parent = if n.is_multiple_of(50) { "null".into() } else { format!("\"o{}\"", n - n % 50) };
        format!(
            "{{\"id\": \"o{n}\", \"traceId\": \"t{}\", \"startTime\": {}, \"parentObservationId\": {parent}}}\n",
            n / 50,
            1_795_176_000 + n
        )
    };
    let lines: String = (0..2500).rev().map(line).collect();
    let (tally, bad) = import(&mut workspace, &[lines.as_bytes()]);
    assert_eq!((tally.traces, tally.observations, bad), (50, 2500, vec![]));
    let (rows, trace) = &contents(&workspace)[0];
    assert_eq!((rows.len(), trace.timestamp.as_str()), (50, "2026-11-20T12:00:00.000Z"));
}

#[test]
fn spans_bring_their_parts_in_experiments() {
    let attribute = |key: &str, text: &str| json!({"key": format!("langfuse.experiment.{key}"), "value": {"stringValue": text}});
    let span = json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "item",
        "startTimeUnixNano": "1795176000000000000", "attributes": [
            attribute("id", "e1"), attribute("name", "first"), attribute("item.id", "i1"),
            attribute("item.root_observation_id", "b7ad6b7169203331"),
        ],
    });
    let file = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
    let mut workspace = empty();
    for observations in [1, 0] {
        let (tally, bad) = import(&mut workspace, &[file.as_bytes()]);
        assert_eq!((tally.observations, bad), (observations, vec![]));
        let sql = "SELECT experiment_id, name, item_id, is_item FROM experiment_spans";
        let read = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?));
        let part: (String, String, String, bool) = workspace.db.query_row(sql, [], read).unwrap();
        assert_eq!(part, ("e1".into(), "first".into(), "i1".into(), true));
    }
}

/// Something like a file of the kinds that are read, with pieces put where they do not belong.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        EXPORT.as_bytes().to_vec(),
        LINES.into(),
        CSV.into(),
        PAIRS.into(),
        parquet_file(),
        gzipped(LINES.as_bytes()),
        b"[{".to_vec(),
        b"\"}],\n".to_vec(),
        b"\xff\xfe\0".to_vec(),
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..40);
    let mixed = prop::collection::vec(prop_oneof![3 => pieces, 1 => noise], 0..4);
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (mixed, flips).prop_map(|(pieces, flips)| {
        let mut bytes = pieces.concat();
        for (at, byte) in flips {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bytes_make_it_panic(bytes in file()) {
        let mut workspace = empty();
        let (tally, _) = import(&mut workspace, &[&bytes]);
        let (again, _) = import(&mut workspace, &[&bytes]);
        prop_assert_eq!(again.traces + again.observations + again.scores, 0);
        prop_assert_eq!(again.known_traces, tally.traces + tally.known_traces);
    }
}

#[test]
fn real_traces_show_their_observations() {
    let Ok(folder) = std::env::var("TRACEMARK_REAL_TRACES") else {
        eprintln!("skipped: TRACEMARK_REAL_TRACES names no folder of trace exports");
        return;
    };
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let mut workspace = empty();
        let (tally, bad) = import(&mut workspace, &[&bytes]);
        assert_eq!((tally.traces, bad), (1, vec![]), "{}", path.display());
        let (rows, _) = &contents(&workspace)[0];
        let told: Value = serde_json::from_slice(&bytes).unwrap();
        let wanted = told["observations"].as_array().map_or(1, Vec::len);
        assert_eq!(rows.iter().filter(|o| !o.is_synthetic).count(), wanted, "{}", path.display());
        assert!(rows.iter().any(|o| o.input.is_some() || o.output.is_some()), "{}", path.display());
        let stored = contents(&workspace);
        let (again, _) = import(&mut workspace, &[&bytes]);
        assert_eq!((again.known_observations, contents(&workspace)), (wanted, stored), "{}", path.display());
        files += 1;
    }
    assert!(files > 0);
}
