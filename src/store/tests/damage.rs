//! Damaged files: set aside as they are, and as much as can be read is in the new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;

use super::opening::{assert_private, names};
use super::*;
use crate::store::files::beside;

const DECISIONS: usize = 60;
const DRAFTS: usize = 40;
const PAGE: usize = 4096;

/// Rows of the outbox by their number.
type Rows = BTreeMap<i64, Written>;

fn fill(store: &mut Store, decisions: std::ops::Range<usize>) {
    for n in decisions {
        record(store, &format!("i{n}"), &comment(&format!("{n} {}", "because ".repeat(60))), 0);
    }
}

/// A database with decisions and drafts on some thirty pages, closed in order.
fn filled(path: &Path) -> Rows {
    let mut store = Store::open(path, at(0)).unwrap().store;
    fill(&mut store, 0..DECISIONS);
    for n in 0..DRAFTS {
        store.save_draft(&scope(), &format!("k{n:02}"), &"text ".repeat(60), at(0)).unwrap();
    }
    rows(&store)
}

fn rows(store: &Store) -> Rows {
    store.journal(&scope(), usize::MAX).unwrap().into_iter().map(|row| (row.seq, row)).collect()
}

/// Overwrites the page with a decision in the middle.
fn lose_decision(bytes: &mut [u8]) {
    let text = format!("{} because", DECISIONS / 2).into_bytes();
    let page = bytes.windows(text.len()).position(|window| window == text).unwrap() / PAGE;
    bytes[page * PAGE..(page + 1) * PAGE].fill(0);
}

/// Opens a damaged file; what was saved, and where the damaged one is. Checks that the new one can
/// be worked with, holds nothing but what was there, and is not set aside again.
fn reopened(path: &Path, before: &Rows) -> (Salvage, PathBuf) {
    let mut opened = Store::open(path, at(0)).unwrap();
    let [Finding::SetAside { path: aside, salvage }] = &opened.findings[..] else {
        panic!("not set aside: {:?}", opened.findings)
    };
    let saved = rows(&opened.store);
    assert!(saved.iter().all(|(seq, row)| before.get(seq) == Some(row)), "a row is not what it was");
    let drafts = opened.store.drafts(&scope()).unwrap();
    assert!(drafts.iter().all(|(_, text)| *text == "text ".repeat(60)));
    assert_eq!((salvage.decisions, salvage.drafts), (saved.len(), drafts.len()));
    assert_private(path);
    let new = record(&mut opened.store, "new", &comment("after"), 0);
    assert!(before.keys().chain(saved.keys()).all(|seq| salvage.decisions == 0 || new > *seq));
    let result = (*salvage, aside.clone());
    drop(opened);
    assert_eq!(Store::open(path, at(0)).unwrap().findings, []);
    let left = ["salvaged", "partial", "mend"].map(|part| names(path.parent().unwrap(), part));
    assert_eq!(left.concat(), [""; 0], "nothing half done is left");
    result
}

#[test]
fn whatever_is_damaged_is_set_aside_and_read_as_far_as_it_goes() {
    type Damage = fn(&mut Vec<u8>);
    let nearly = DECISIONS - 10..=DECISIONS;
    let cases: [(&str, Damage, std::ops::RangeInclusive<usize>); 7] = [
        ("the magic", |bytes| bytes[..16].fill(0), DECISIONS..=DECISIONS),
        ("the header", |bytes| bytes[..100].fill(0xff), DECISIONS..=DECISIONS),
        ("the first page", |bytes| bytes[..PAGE].fill(0xa5), DECISIONS..=DECISIONS),
        ("the middle", |bytes| lose_decision(bytes), nearly),
        ("the second half", |bytes| bytes.truncate(bytes.len() * 6 / 10 + 77), 1..=DECISIONS - 1),
        ("everything", |bytes| *bytes = b"this is a text".repeat(3), 0..=0),
        ("all but a page", |bytes| bytes.truncate(PAGE), 0..=0),
    ];
    for (what, damage, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracemark.db");
        let before = filled(&path);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let (salvage, aside) = reopened(&path, &before);
        assert!(expected.contains(&salvage.decisions), "{what}: {salvage:?}");
        assert!(!salvage.whole, "{what}");
        assert_eq!(fs::read(&aside).unwrap(), bytes, "{what}: kept as it was");
        assert_private(&aside);
        assert_eq!(aside, folder.path().join("tracemark.db.corrupt-20270115-080000"), "{what}");
    }
}

#[test]
fn any_page_may_be_lost_and_the_others_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("origin.db");
    let before = filled(&origin);
    let whole = fs::read(&origin).unwrap();
    assert!(whole.len() > 20 * PAGE);
    for page in 0..whole.len() / PAGE {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracemark.db");
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        let (salvage, _) = reopened(&path, &before);
        // A page holds at most a dozen rows; the root of a table holds it together.
        let (decisions, drafts) = (salvage.decisions + 12 >= DECISIONS, salvage.drafts + 14 >= DRAFTS);
        assert!(decisions || salvage.drafts == DRAFTS, "page {page}: {salvage:?}");
        assert!(drafts || salvage.decisions == DECISIONS, "page {page}: {salvage:?}");
    }
}

/// The files as a crash leaves them: what was decided last is in the log only.
fn crashed(path: &Path) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("tracemark.db");
    filled(&origin);
    let mut store = Store::open(&origin, at(0)).unwrap().store;
    fill(&mut store, DECISIONS..DECISIONS + 5);
    for ending in ["", "-wal"] {
        fs::copy(beside(&origin, ending), beside(path, ending)).unwrap();
    }
    rows(&store)
}

#[test]
fn the_log_is_set_aside_and_read_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let before = crashed(&path);
    let mut bytes = fs::read(&path).unwrap();
    let log = fs::read(beside(&path, "-wal")).unwrap();
    lose_decision(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let (salvage, aside) = reopened(&path, &before);
    assert!((DECISIONS - 5..DECISIONS + 5).contains(&salvage.decisions), "{salvage:?}");
    let last = *before.keys().last().unwrap();
    assert_eq!(state(&Store::open(&path, at(0)).unwrap().store, last), WriteState::Held);
    assert_eq!(fs::read(&aside).unwrap(), bytes);
    assert_eq!(fs::read(beside(&aside, "-wal")).unwrap(), log);
}

#[test]
fn an_empty_file_is_new_unless_there_is_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    fs::write(&path, "").unwrap();
    assert_eq!(Store::open(&path, at(0)).unwrap().findings, []);
    for gone in [false, true] {
        let before = crashed(&path);
        let log = fs::read(beside(&path, "-wal")).unwrap();
        if gone {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, "").unwrap();
        }
        let (salvage, aside) = reopened(&path, &before);
        assert!(!salvage.whole);
        assert_eq!(fs::read(beside(&aside, "-wal")).unwrap(), log);
    }
    let aside = names(folder.path(), "corrupt");
    assert!(aside.contains(&"tracemark.db.corrupt-20270115-080000-2-wal".to_owned()), "{aside:?}");
}

#[test]
fn a_table_that_is_missing_is_damage() {
    for change in ["DROP TABLE draft", "ALTER TABLE outbox DROP COLUMN last_error", "PRAGMA user_version = 0"]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracemark.db");
        let before = filled(&path);
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let (salvage, _) = reopened(&path, &before);
        assert_eq!(salvage.decisions, DECISIONS, "{change}");
    }
}

#[test]
fn a_row_that_is_not_understood_does_not_block_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let before = filled(&path);
    let change = "UPDATE outbox SET payload = 'x' WHERE seq = 7; DROP TABLE draft";
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let (salvage, _) = reopened(&path, &before);
    assert_eq!((salvage.decisions, salvage.drafts), (DECISIONS - 1, 0));
}

#[test]
fn numbers_of_lost_rows_are_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    filled(&path);
    Connection::open(&path)
        .unwrap()
        .execute_batch("DELETE FROM outbox WHERE seq > 3; DROP TABLE draft")
        .unwrap();
    let mut store = Store::open(&path, at(0)).unwrap().store;
    let next = record(&mut store, "i", &comment("c"), 0);
    assert_eq!(usize::try_from(next), Ok(DECISIONS + 1));
}

#[test]
fn a_damaged_file_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let before = filled(&path);
    let store = Store::open(&path, at(0)).unwrap().store;
    let mut bytes = fs::read(&path).unwrap();
    lose_decision(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let error = Store::open(&path, at(0)).unwrap_err();
    assert!(matches!(&error, StoreError::InUse { path: named } if *named == path), "{error}");
    assert!(error.to_string().contains("another tracemark has it open"), "{error}");
    assert_eq!(names(folder.path(), "corrupt"), [""; 0]);
    drop(store);
    assert!(reopened(&path, &before).0.decisions + 12 > DECISIONS);
}

#[test]
fn two_that_open_a_damaged_file_at_once_set_it_aside_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    filled(&path);
    fs::write(&path, "not a database at all").unwrap();
    let findings: Vec<Finding> = std::thread::scope(|scope| {
        let open = || Store::open(&path, at(0)).unwrap().findings;
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(names(folder.path(), "corrupt").len(), 1);
}

#[test]
fn setting_aside_that_was_interrupted_is_ended_by_the_next_start() {
    for moved in ["", "-wal"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracemark.db");
        let before = crashed(&path);
        let salvaged = folder.path().join("tracemark.db.salvaged");
        salvage::rebuild(&path, &salvaged, schema::migrations()).unwrap();
        fs::rename(beside(&path, moved), folder.path().join(format!("moved{moved}"))).unwrap();
        let (salvage, _) = reopened(&path, &before);
        assert_eq!(salvage, Salvage { decisions: DECISIONS + 5, drafts: DRAFTS, whole: false });
        assert!(!names(folder.path(), "corrupt").is_empty());
    }
}

#[test]
fn without_room_for_what_is_saved_everything_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    filled(&path);
    fs::write(&path, "not a database at all").unwrap();
    // Stands in for a file that cannot be written.
    fs::create_dir(folder.path().join("tracemark.db.salvaged.partial")).unwrap();
    let error = Store::open(&path, at(0)).unwrap_err();
    assert!(!error.is_damage(), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"not a database at all");
    assert_eq!(names(folder.path(), "corrupt"), [""; 0]);
}

#[test]
fn an_older_file_that_is_damaged_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    filled(&path);
    let mut bytes = fs::read(&path).unwrap();
    lose_decision(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let more = "ALTER TABLE draft ADD COLUMN length INTEGER; UPDATE draft SET length = length(text);";
    let scripts: Vec<&str> = schema::migrations().iter().copied().chain([more]).collect();
    let opened = crate::store::opening::open(&path, at(0), &scripts).unwrap();
    assert_eq!(opened.findings.len(), 1, "{:?}", opened.findings);
    let said = opened.findings[0].to_string();
    assert!(said.starts_with("the local database was damaged: saved "), "{said}");
    assert!(said.contains("drafts (not everything could be read); the damaged one is kept as "), "{said}");
    let lengths: i64 = opened
        .store
        .connection
        .query_row("SELECT count(*) FROM draft WHERE length = 300", [], |row| row.get(0))
        .unwrap();
    assert_eq!(usize::try_from(lengths), Ok(opened.store.drafts(&scope()).unwrap().len()));
    assert!(lengths > 0);
}
