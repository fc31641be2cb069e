//! `tracemark journal`: what is printed, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;

use std::fs;
use std::process::Stdio;

use cli_support::{Home, at, comment, complete, decide, decision, failure, scope, text, tone};
use insta::assert_snapshot;
use serde_json::Value as Json;
use tracemark::domain::{Decision, Write};
use tracemark::store::{Outcome, Scope};

const HOST: &str = "https://lf.example";

/// Six entries at one server, one at another: sent, refused, undone, held.
fn filled() -> Home {
    let home = Home::new();
    let (mut store, here) = (home.store(), scope(HOST));
    let other = Scope { host: "embedded".into(), project: "p2".into() };
    let hostile = "no \u{1b}[31mred\u{202e}, \"really\"\nnext line";
    let mut noor = decision("i1", "support-chat 12", comment(hostile), None);
    noor.made.annotator = "noor".into();
    let rows: [(&Scope, Decision); 5] = [
        (&here, decision("i1", "support-chat 12", tone("warm", None), None)),
        (
            &here,
            decision(
                "i1",
                "support-chat 12",
                tone("rude", Some("shouts, \"a lot\"")),
                Some(tone("warm", None)),
            ),
        ),
        (&here, noor),
        (&here, decision("i1", "support-chat 12", complete("i1"), None)),
        (&other, decision("i7", "", tone("warm", None), None)),
    ];
    for (n, (scope, decision)) in (0..).zip(rows) {
        store.record(scope, &decision, at(60 * n)).unwrap();
    }
    store.release(&here, None, None, at(300)).unwrap();
    for row in store.claim(&here, at(300)).unwrap().unwrap() {
        let outcome = match &row.write {
            Write::Comment(_) => Outcome::Refused("comments are closed".into()),
            _ => Outcome::Confirmed { note: None, answer: Some(format!("id-{}", row.seq)) },
        };
        store.settle(row.seq, &outcome, at(301)).unwrap();
    }
    let flag = Write::Flag { item_id: "i2".into(), reason: Some("ask Ben".into()) };
    store.record(&here, &decision("i2", "support-chat 13", flag, None), at(400)).unwrap();
    store.undo(&here, "ada", false, at(401)).unwrap();
    home
}

/// What a command prints on stdout.
fn printed(home: &Home, arguments: &[&str]) -> String {
    let mut command = home.command(&[&["journal"], arguments].concat());
    text(&command.env("TZ", "Europe/Berlin").assert().success().get_output().stdout)
}

fn seqs(printed: &str) -> Vec<i64> {
    let seq = |line: &str| serde_json::from_str::<Json>(line).unwrap()["seq"].as_i64().unwrap();
    printed.lines().map(seq).collect()
}

#[test]
fn the_formats_of_the_list() {
    let home = filled();
    assert_snapshot!("journal_table", printed(&home, &["list", "--output", "table"]));
    assert_snapshot!("journal_jsonl", printed(&home, &["list"]));
    assert_snapshot!("journal_csv", printed(&home, &["export", "--output", "csv"]));
    let array: Vec<Json> = serde_json::from_str(&printed(&home, &["list", "--json"])).unwrap();
    let lines = printed(&home, &["list", "--output", "jsonl"]);
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(array, lines);
}

#[test]
fn an_entry_is_shown_with_its_chain() {
    let home = filled();
    assert_snapshot!("journal_show", printed(&home, &["show", "2", "--output", "table"]));
    let shown: Json = serde_json::from_str(&printed(&home, &["show", "2", "--json"])).unwrap();
    assert_eq!((&shown["seq"], &shown["new"]), (&Json::from(2), &Json::from("rude")));
    assert_eq!(shown["chain"][0]["seq"], 1);
    let (code, said) = failure(&mut home.command(&["journal", "show", "99"]));
    assert_eq!((code, said.contains("has no entry 99")), (4, true), "{said}");
}

#[test]
fn filters_choose() {
    let home = filled();
    for (arguments, expected) in [
        (&["list"][..], &[7, 6, 5, 4, 3, 2, 1][..]),
        (&["list", "--limit", "2"], &[7, 6]),
        (&["list", "--annotator", "noor"], &[3]),
        (&["list", "--state", "unsent"], &[5]),
        (&["list", "--state", "refused,confirmed"], &[7, 4, 3, 2]),
        (&["list", "--state", "undone"], &[6]),
        (&["list", "--queue", "q1", "--host", "embedded"], &[5]),
        (&["list", "--project", "p2"], &[5]),
        (&["list", "--since", "2026-11-24T11:03", "--all"], &[7, 6, 5, 4]),
        (&["export"], &[1, 2, 3, 4, 5, 6, 7]),
        (&["export", "--annotator", "nobody"], &[]),
    ] {
        assert_eq!(seqs(&printed(&home, arguments)), expected, "{arguments:?}");
    }
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let home = filled();
    for (arguments, code, words) in [
        (&["journal", "list", "--since", "soon"][..], 2, "--since: `soon` is no time"),
        (&["journal", "list", "--queue", "Gold"], 4, "hint: there are: q1"),
        (&["journal", "list", "--state", "lost"], 2, "possible values: unsent"),
    ] {
        let (exit, said) = failure(&mut home.command(arguments));
        assert_eq!((exit, said.contains(words)), (code, true), "{arguments:?}: {said}");
    }
}

#[test]
fn no_journal_is_an_empty_one_and_stays_so() {
    let home = Home::new();
    // Settings that cannot connect do not matter.
    let mut list = home.command(&["journal", "list", "--output", "table"]);
    let output = list.env("LANGFUSE_HOST", "https://x.example").assert().success();
    assert_eq!(text(&output.get_output().stderr), "no such decision is in the journal\n");
    assert_eq!(printed(&home, &["export"]), "");
    assert!(printed(&home, &["export", "--output", "csv"]).starts_with("seq,at,annotator,"));
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 0);
}

#[test]
fn an_export_to_a_file_is_whole_and_private() {
    let home = filled();
    let path = home.0.path().join("out.csv");
    fs::write(&path, "old").unwrap();
    let mut export = home.command(&["journal", "export", "--output", "csv", "--file"]);
    let output = export.arg(&path).assert().success();
    let said = text(&output.get_output().stderr);
    assert!(said.starts_with("7 decisions written to "), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), printed(&home, &["export", "--output", "csv"]));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
    let nowhere = home.0.path().join("none/out.csv");
    let (code, said) = failure(home.command(&["journal", "export", "--file"]).arg(nowhere));
    assert_eq!((code, said.contains("cannot write")), (1, true), "{said}");
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let home = Home::new();
    let (mut store, here) = (home.store(), scope(HOST));
    for _ in 0..500 {
        let long = comment(&"long ".repeat(50));
        store.record(&here, &decision("i1", "", long, None), at(0)).unwrap();
    }
    let mut process = home.process();
    process.args(["journal", "export"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn an_entry_that_cannot_be_read_is_left_out_and_said() {
    let home = filled();
    let sql = rusqlite::Connection::open(home.database()).unwrap();
    sql.execute("UPDATE outbox SET payload = 'nonsense' WHERE seq = 3", []).unwrap();
    let output = home.command(&["journal", "list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert_eq!(seqs(&text(&output.stdout)), [7, 6, 5, 4, 2, 1]);
    assert!(text(&output.stderr).contains("1 entry left out: row 3"), "{}", text(&output.stderr));
}

#[test]
fn undo_and_redo_need_no_connection_and_a_yes() {
    let home = Home::new();
    let (code, said) = failure(&mut home.command(&["journal", "undo", "--yes"]));
    assert_eq!((code, said.contains("nothing to undo for ada")), (4, true), "{said}");

    let (mut store, here) = (home.store(), scope("embedded"));
    decide(&mut store, &here, tone("warm", None));
    let (code, said) = failure(&mut home.command(&["journal", "undo"]));
    assert_eq!((code, said.contains("hint: add --yes")), (2, true), "{said}");
    assert!(said.contains("tone = warm on support-chat 12"), "{said}");

    let said = |arguments: &[&str]| {
        text(&home.command(&[&["journal"], arguments].concat()).assert().success().get_output().stderr)
    };
    assert_eq!(said(&["undo", "--yes"]), "undid tone = warm on support-chat 12\n");
    assert_eq!(store.open_writes(&here).unwrap(), []);
    assert_eq!(
        said(&["redo", "-y"]),
        "did again tone = warm on support-chat 12\n`tracemark sync` sends it, and so does the next start\n"
    );
    let open = store.open_writes(&here).unwrap();
    assert_eq!(
        open.iter().map(|row| row.state).collect::<Vec<_>>(),
        [tracemark::domain::WriteState::Pending]
    );
    for (arguments, words) in [
        (&["journal", "redo", "--yes"][..], "redo for ada"),
        (&["journal", "undo", "-y", "--annotator", "noor"], "undo for noor"),
    ] {
        let (code, said) = failure(&mut home.command(arguments));
        assert_eq!((code, said.contains(words)), (4, true), "{said}");
    }
}

#[test]
fn a_sent_comment_cannot_be_taken_back() {
    let home = Home::new();
    let (mut store, here) = (home.store(), scope("embedded"));
    let seq = decide(&mut store, &here, comment("well done"));
    store.claim(&here, at(2)).unwrap();
    store.settle(seq, &Outcome::Confirmed { note: None, answer: Some("c1".into()) }, at(3)).unwrap();
    let (code, said) = failure(&mut home.command(&["journal", "undo", "--yes"]));
    assert_eq!(code, 1);
    assert!(said.contains("is at the server and cannot be taken back\nhint: "), "{said}");
}

#[test]
fn a_person_is_asked_and_may_say_no() {
    let home = Home::new();
    let (mut store, here) = (home.store(), scope("embedded"));
    decide(&mut store, &here, tone("warm", None));
    let (screen, code) = home.in_terminal(&["journal", "undo"], "[y/N] ", "n");
    assert!(screen.contains("Undo tone = warm on support-chat 12? [y/N] "), "{screen}");
    assert_eq!(code, 1);
    assert_eq!(store.open_writes(&here).unwrap().len(), 1);
    let (screen, code) = home.in_terminal(&["journal", "undo"], "[y/N] ", "y");
    assert!(screen.contains("undid tone = warm"), "{screen}");
    assert_eq!(code, 0);
    assert_eq!(store.open_writes(&here).unwrap(), []);
}

#[test]
fn the_list_fits_a_terminal_and_commands_nothing() {
    let home = filled();
    let (screen, code) = home.in_terminal(&["journal", "list"], "", "");
    assert_eq!(code, 0);
    assert!(screen.contains("tone") && !screen.contains(['\u{1b}', '\u{202e}']), "{screen}");
    for line in screen.lines() {
        assert!(tracemark::domain::text::width(line) <= 80, "{line}");
    }
}

#[test]
fn the_cache_can_be_wiped() {
    let home = Home::new();
    let clear = || text(&home.command(&["cache", "clear"]).assert().success().get_output().stderr);
    assert_eq!(clear(), "nothing is in the cache\n");
    let path = home.0.path().join("data/cache.db");
    let cache = tracemark::store::Cache::open(&path, 1_000_000).unwrap();
    cache.put("s", "a", "k", b"a secret of somebody", at(0)).unwrap();
    drop(cache);
    assert!(clear().contains("decisions and drafts are untouched"));
    assert!(!path.exists());
}
