//! `tracemark import`: what gets into the workspace, what is said, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;

use std::path::PathBuf;

use cli_support::{Home, failure, text};
use rstest::rstest;

/// A file of the test data.
fn data(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    folder.join(name).to_str().unwrap().to_owned()
}

/// A file written for one test.
fn file(home: &Home, name: &str, content: &str) -> String {
    let path = home.0.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn said(home: &Home, arguments: &[&str]) -> (i32, String) {
    let output = home.command(&[&["import"], arguments].concat()).output().unwrap();
    assert_eq!(text(&output.stdout), "");
    (output.status.code().unwrap(), text(&output.stderr))
}

#[rstest]
#[case("trace.json", "1 trace, 3 observations, 1 score")]
#[case("observations.jsonl", "2 traces, 3 observations")]
#[case("observations.csv", "1 trace, 2 observations")]
#[case("otlp.json", "1 trace, 2 observations")]
#[case("chats.jsonl", "2 traces, 2 observations")]
#[case("pairs.jsonl", "3 traces, 3 observations")]
fn each_format_is_told_from_its_content(#[case] name: &str, #[case] what: &str) {
    let home = Home::new();
    let zero = if what.contains("score") { "" } else { "0 traces, 0 observations already there; " };
    let (code, first) = said(&home, &[&data(name)]);
    assert_eq!(code, 0, "{first}");
    assert!(first.starts_with(&format!("{what} imported; ")) && first.contains(zero), "{first}");
    let again = (0, format!("nothing new; {what} already there; 0 bad\n"));
    assert_eq!(said(&home, &[&data(name)]), again);
}

#[test]
fn a_queue_gets_each_trace_once() {
    let home = Home::new();
    let (file, more) = (data("pairs.jsonl"), data("chats.jsonl"));
    let queue = ["--queue", "Mine", "--score-config", "helpfulness"];
    let (code, words) =
        said(&home, &[&[file.as_str(), "--queue", "Mine", "--score-config", "none"][..]].concat());
    assert_eq!(code, 4);
    assert!(
        words.contains("there is no score config `none`") && words.contains("hint: there are: "),
        "{words}"
    );
    let name = words.split("there are: ").nth(1).unwrap().split(',').next().unwrap().trim().to_owned();
    let queue = [queue[0], queue[1], queue[2], name.as_str()];
    let (code, words) = said(&home, &[&[file.as_str()], &queue[..]].concat());
    assert!(code == 0 && words.contains("\nMine: 3 traces added, 0 in it already\n"), "{words}");
    assert!(words.ends_with("next: `tracemark --profile embedded --queue Mine` opens it\n"), "{words}");
    let (code, words) = said(&home, &[&[file.as_str(), more.as_str()], &queue[..]].concat());
    assert!(code == 0 && words.contains("\nMine: 2 traces added, 3 in it already\n"), "{words}");
}

#[test]
fn a_queue_without_score_configs_is_refused_before_anything_is_read() {
    let home = Home::new();
    let (code, words) = failure(&mut home.command(&["import", "--empty", "--queue", "Mine", "missing.json"]));
    assert_eq!(code, 2);
    assert!(words.contains("a queue needs a score config") && words.contains("hint: "), "{words}");
    assert!(!words.contains("missing.json"), "{words}");
}

#[test]
fn bad_records_are_told_and_the_rest_goes_on() {
    let home = Home::new();
    let mixed =
        file(&home, "mixed.jsonl", "{\"input\": 1}\n{\"input\": \n{\"\\u001b[2J\": 1}\n{\"input\": 2}\n");
    let (code, words) = said(&home, &[&mixed, "missing.json"]);
    assert_eq!(code, 6);
    let lines: Vec<&str> = words.lines().collect();
    assert!(
        lines[0].starts_with(&format!("{mixed}: line 2: not JSON: it ends too early, at column ")),
        "{words}"
    );
    assert!(lines[1].starts_with(&format!("{mixed}: line 3: no record this program knows")), "{words}");
    assert!(lines[2].starts_with("missing.json: cannot be read: "), "{words}");
    assert_eq!(lines[3], "2 traces, 2 observations imported; 0 traces, 0 observations already there; 3 bad");
    assert!(lines[4].starts_with("next: import it with --queue NAME"), "{words}");
    assert_eq!(lines[5], "error: 3 records could not be read");
    assert!(!words.contains('\u{1b}'), "{words}");
}

#[test]
fn many_bad_records_are_counted() {
    let home = Home::new();
    let noise = file(&home, "noise.txt", &"nothing\n".repeat(50));
    let (code, words) = failure(&mut home.command(&["import", &noise]));
    assert_eq!(code, 1);
    assert!(words.contains(&format!("{noise}: 30 more that cannot be read")), "{words}");
    assert!(words.contains("error: nothing could be read\nhint: "), "{words}");
}

#[test]
fn empty_files_are_told_and_no_mistake_unless_all_are() {
    let home = Home::new();
    for content in ["", "\u{feff}", "\n \n", "[]", "{\"data\": [], \"meta\": {}}"] {
        let empty = file(&home, "empty.json", content);
        let told = format!("{empty}: there is nothing in it\n");
        let (code, words) = failure(&mut home.command(&["import", &empty]));
        let all = format!("{told}error: there is nothing to import\nhint: ");
        assert!(code == 1 && words.starts_with(&all), "{content}: {words}");
        let (code, words) = said(&home, &[&empty, &data("pairs.jsonl")]);
        assert!(code == 0 && words.starts_with(&told), "{content}: {words}");
    }
}

#[test]
fn a_folder_stands_for_its_files() {
    let home = Home::new();
    let folder = home.0.path().join("export");
    std::fs::create_dir_all(folder.join("traces")).unwrap();
    std::fs::copy(data("pairs.jsonl"), folder.join("traces/1.jsonl")).unwrap();
    std::fs::write(folder.join("README.md"), "not data").unwrap();
    std::fs::write(folder.join("wide.csv"), "question,answer\n1,2\n").unwrap();
    let folder = folder.to_str().unwrap();
    let (code, words) = said(&home, &[folder]);
    let unknown = format!("{folder}/wide.csv: line 2: no record this program knows; its fields are");
    assert!(code == 6 && words.starts_with(&unknown) && words.contains("3 traces"), "{words}");
    let (code, words) = failure(&mut home.command(&["import", &format!("{folder}/../data")]));
    assert!(code == 1 && words.contains("cannot be read: no file in it ends with .json"), "{words}");
}

#[test]
fn what_is_no_text_is_told_in_one_line() {
    let home = Home::new();
    let bytes: Vec<u8> = "[{\"input\": 1}]\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = home.0.path().join("wide.json");
    std::fs::write(&path, [b"\xff\xfe", &bytes[..]].concat()).unwrap();
    let (code, words) = failure(&mut home.command(&["import", path.to_str().unwrap()]));
    assert!(code == 1 && words.contains("cannot be read: it is UTF-16: `iconv "), "{words}");
    assert_eq!(words.lines().count(), 3, "{words}");
}

#[test]
fn stdin_is_a_file_too_and_the_workspace_can_be_said() {
    let home = Home::new();
    let workspace = home.0.path().join("other/workspace.db");
    let workspace = workspace.to_str().unwrap();
    let mut command = home.command(&["import", "-", "--data", workspace, "--empty", "--format", "pairs"]);
    let output = command.write_stdin("{\"input\": 1, \"traceId\": \"t\"}").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let (code, words) = said(&home, &["--data", workspace, &data("pairs.jsonl")]);
    assert!(code == 0 && words.starts_with("3 traces, 3 observations imported"), "{words}");
    assert!(!home.0.path().join("data").exists(), "the workspace of the terminal UI is left alone");
}

#[test]
fn a_server_on_the_same_workspace_goes_on() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (code, words) = said(&home, &[&data("trace.json")]);
    assert_eq!(code, 0, "{words}");
    assert!(server.get("/api/public/health").contains("\"OK\""));
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[rstest]
#[case(&["import"])]
#[case(&["import", "x", "--format", "xml"])]
#[case(&["import", "x", "--score-config", "tone"])]
#[case(&["import", "x", "--queue", ""])]
#[case(&["import", "x", "--profile", "cloud"])]
fn wrong_usage_is_told(#[case] arguments: &[&str]) {
    assert_eq!(failure(&mut Home::new().command(arguments)).0, 2);
}

#[test]
fn the_help_shows_every_format() {
    let output = Home::new().command(&["import", "--help"]).output().unwrap();
    let help = text(&output.stdout);
    for word in
        ["\"observations\"", "traceId", "trace_id", "resourceSpans", "messages", "expected_output", "Parquet"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
}
