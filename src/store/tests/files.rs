//! What happens to the file: crashes, permissions; and what is kept beside the outbox.

use std::path::Path;

use pretty_assertions::assert_eq;

use super::*;

fn open(path: &Path) -> Store {
    Store::open(path, at(0)).unwrap().store
}

#[test]
fn a_crash_loses_nothing_and_keeps_the_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/tracemark.db");
    let mut store = open(&path);
    let sent = pending(&mut store, "i1", &score("s1", 1.0));
    let flying = pending(&mut store, "i1", &comment("c"));
    assert_eq!(claim(&mut store, 0), [sent, flying]);
    store.settle(sent, &Outcome::Sent, at(1)).unwrap();
    let held = record(&mut store, "i2", &score("s2", 1.0), 2);
    drop(store);

    let mut store = open(&path);
    assert_eq!(state(&store, flying), WriteState::Sending);
    let young = record(&mut store, "i3", &score("s3", 1.0), 12);
    assert_eq!(store.recover(&scope(), at(10)).unwrap(), 2);
    assert_eq!(state(&store, sent), WriteState::Sent);
    assert_eq!(state(&store, young), WriteState::Held, "belongs to this run");
    let batch = store.claim(&scope(), at(10)).unwrap().unwrap();
    assert_eq!((batch.len(), batch[0].seq, batch[0].attempts), (1, flying, 2));
    assert_eq!(claim(&mut store, 10), [held]);
}

#[test]
fn what_one_program_holds_is_not_released_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let (mut one, mut other) = (open(&path), open(&path));
    let held = record(&mut one, "i1", &score("s1", 1.0), 0);
    let own = record(&mut other, "i2", &score("s2", 1.0), 0);
    assert_eq!(other.release(&scope(), None, None, at(1)).unwrap(), 1, "all of its own");
    assert_eq!((state(&one, held), state(&one, own)), (WriteState::Held, WriteState::Pending));
    assert_eq!(one.release(&scope(), None, None, at(2)).unwrap(), 1);
    assert_eq!(state(&other, held), WriteState::Pending);
}

#[test]
fn a_failing_migration_changes_nothing() {
    let mut connection = Connection::open_in_memory().unwrap();
    let broken = ["CREATE TABLE a (b); INSERT INTO a VALUES (1);", "CREATE TABLE c (d); nonsense;"];
    schema::migrate_with(&mut connection, &broken[..1]).unwrap();
    schema::migrate_with(&mut connection, &broken).unwrap_err();
    schema::migrate_with(&mut connection, &broken[..1]).unwrap();
    schema::migrate_with(&mut connection, &["", "CREATE TABLE c (d);"]).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM a, c", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0, "c is there and empty");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/data/tracemark.db");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut store = open(&path);
    pending(&mut store, "i1", &score("s1", 1.0));
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn one_sender_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    assert_eq!(SenderLock::holder(&path), None);
    let lock = SenderLock::acquire(&path).unwrap().unwrap();
    assert!(SenderLock::acquire(&path).unwrap().is_none());
    assert_eq!(SenderLock::holder(&path), Some(std::process::id()));
    drop(lock);
    assert!(SenderLock::acquire(&path).unwrap().is_some());
}

#[test]
fn drafts_are_kept_and_deleted() {
    let mut store = Store::in_memory().unwrap();
    let s = scope();
    store.save_draft(&s, "comment:i1", "hel", at(0)).unwrap();
    store.save_draft(&s, "comment:i1", "hello", at(1)).unwrap();
    store.save_draft(&s, "a", "b", at(1)).unwrap();
    store.delete_draft(&s, "a").unwrap();
    assert_eq!(store.drafts(&s).unwrap(), [("comment:i1".to_owned(), "hello".to_owned())]);
}
