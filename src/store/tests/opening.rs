//! Opening an older file, a newer one, and one that cannot be used as things stand.

use std::fs;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;
use rusqlite::ffi;

use super::*;
use crate::store::opening::open;

/// The migrations of this version and one more.
fn newer_scripts() -> Vec<&'static str> {
    let more = "CREATE TABLE extra (x TEXT NOT NULL) STRICT; ALTER TABLE draft ADD COLUMN y TEXT;";
    schema::migrations().iter().copied().chain([more]).collect()
}

/// A file of this version's format with one decision.
fn older(path: &Path) -> i64 {
    pending(&mut Store::open(path, at(0)).unwrap().store, "i1", &score("s1", 1.0))
}

fn format(path: &Path) -> i64 {
    schema::version(&Connection::open(path).unwrap()).unwrap()
}

/// Names in a folder that contain a part.
pub(super) fn names(folder: &Path, part: &str) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = all.filter(|name| name.contains(part)).collect();
    names.sort();
    names
}

#[test]
fn two_that_open_an_older_file_at_once_migrate_it_once_with_one_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let seq = older(&path);
    let was = format(&path);
    let scripts = newer_scripts();
    let opened: Vec<Opened> = std::thread::scope(|scope| {
        let open = || open(&path, at(0), &scripts).unwrap();
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for opened in &opened {
        assert_eq!(state(&opened.store, seq), WriteState::Pending);
    }
    let findings: Vec<Finding> = opened.into_iter().flat_map(|opened| opened.findings).collect();
    let backup = folder.path().join(format!("tracemark.db.v{was}-backup"));
    assert_eq!(findings, [Finding::Migrated { from: was, backup: backup.clone() }]);
    assert_eq!(format(&path), was + 1);
    assert_eq!(names(folder.path(), "backup").len(), 1, "nothing half done is left");
    assert_private(&backup);
    assert_eq!(format(&backup), was);
    assert_eq!(state(&Store::open(&backup, at(0)).unwrap().store, seq), WriteState::Pending);
}

#[cfg(unix)]
pub(super) fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
}

#[cfg(not(unix))]
pub(super) fn assert_private(_: &Path) {}

#[test]
fn a_migration_that_was_interrupted_is_done_again_and_no_backup_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let seq = older(&path);
    let was = format(&path);
    let (broken, whole) = ([schema::migrations(), &["nonsense;"]].concat(), newer_scripts());
    let name = format!("tracemark.db.v{was}-backup");
    fs::write(folder.path().join(format!("{name}.partial")), "half a copy").unwrap();
    for _ in 0..2 {
        open(&path, at(0), &broken).unwrap_err();
        assert_eq!(format(&path), was);
        assert_eq!(names(folder.path(), "backup"), [name.as_str()], "the same copy is made once");
    }
    let first = fs::read(folder.path().join(&name)).unwrap();
    pending(&mut Store::open(&path, at(0)).unwrap().store, "i2", &score("s2", 1.0));
    let opened = open(&path, at(0), &whole).unwrap();
    let backup = folder.path().join(format!("{name}-2"));
    assert_eq!(opened.findings, [Finding::Migrated { from: was, backup: backup.clone() }]);
    let said = opened.findings[0].to_string();
    assert_eq!(
        said,
        format!("brought the local database up from format {was}; as it was: {}", backup.display())
    );
    assert_eq!(state(&opened.store, seq), WriteState::Pending);
    assert_eq!(fs::read(folder.path().join(&name)).unwrap(), first);
    drop(opened);
    assert_eq!(open(&path, at(0), &whole).unwrap().findings, []);
}

/// A file of the first format with two decisions and a draft.
fn first_format(path: &Path) {
    let mut connection = Connection::open(path).unwrap();
    schema::migrate_with(&mut connection, &schema::migrations()[..1]).unwrap();
    for (seq, write) in [(3, score("s1", 1.0)), (5, comment("hello"))] {
        let row = (seq, payload::encode(&write).unwrap(), payload::VERSION, rows::text(at(0)));
        let insert = "INSERT INTO outbox (seq, id, host, project, item, kind, target, payload,
                                          payload_version, state, created_at, changed_at)
                      VALUES (?1, ?1, 'https://langfuse.example', 'p1', 'i1', 'x', 'x', ?2, ?3, 'pending',
                              ?4, ?4)";
        connection.execute(insert, row).unwrap();
    }
    let draft = "INSERT INTO draft VALUES ('https://langfuse.example', 'p1', 'k', 'text', 'then')";
    connection.execute(draft, []).unwrap();
}

#[test]
fn the_first_format_is_migrated_whole_or_damaged() {
    type Damage = fn(&mut Vec<u8>);
    let cases: [(Damage, bool); 3] =
        [(|_| {}, false), (|bytes| bytes[..100].fill(0), true), (|bytes| bytes[..4096].fill(1), true)];
    for (damage, is_damaged) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tracemark.db");
        first_format(&path);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let opened = Store::open(&path, at(0)).unwrap();
        let backup = folder.path().join("tracemark.db.v1-backup");
        match &opened.findings[..] {
            [Finding::Migrated { from: 1, backup: made }] if !is_damaged => assert_eq!(*made, backup),
            [Finding::SetAside { salvage, .. }] if is_damaged => {
                assert_eq!(*salvage, Salvage { decisions: 2, drafts: 1, whole: false });
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(backup.exists(), !is_damaged);
        let writes: Vec<Write> =
            opened.store.of_item(&scope(), &"i1".into()).unwrap().into_iter().map(|row| row.write).collect();
        assert_eq!(writes, [score("s1", 1.0), comment("hello")]);
        assert_eq!(opened.store.drafts(&scope()).unwrap(), [("k".to_owned(), "text".to_owned())]);
    }
}

#[test]
fn a_newer_file_is_refused_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    drop(open(&path, at(0), &newer_scripts()).unwrap());
    let (bytes, known) = (fs::read(&path).unwrap(), schema::format(schema::migrations()));
    let error = Store::open(&path, at(0)).unwrap_err();
    assert!(matches!(&error, StoreError::Newer { path: named, .. } if *named == path), "{error}");
    let expected = format!(
        "{} has format {}, and this tracemark knows up to {known}: use the tracemark that wrote it, or a \
         newer one",
        path.display(),
        known + 1
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(names(folder.path(), "corrupt"), [""; 0]);
}

#[test]
fn a_full_disk_changes_nothing_and_work_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let mut store = Store::open(&path, at(0)).unwrap().store;
    let first = record(&mut store, "i1", &comment("first"), 0);
    let limit = |store: &Store, pages: i64| {
        store.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(&store, 1);
    let long = comment(&"long ".repeat(4000));
    let error = store.record(&scope(), &decision("i1", &long), at(1)).unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::Full));
    let expected =
        format!("no room left for {}: nothing was changed; free some space and repeat it", path.display());
    assert_eq!(error.to_string(), expected);
    store.save_draft(&scope(), "k", &"long ".repeat(4000), at(1)).unwrap_err();
    let there: Vec<i64> = store.journal(&scope(), 9).unwrap().iter().map(|row| row.seq).collect();
    assert_eq!((there, store.drafts(&scope()).unwrap()), (vec![first], vec![]));
    limit(&store, 100_000);
    let second = record(&mut store, "i1", &long, 2);
    drop(store);
    let store = Store::open(&path, at(0)).unwrap().store;
    assert_eq!(store.of_item(&scope(), &"i1".into()).unwrap().len(), 2);
    assert_eq!(row(&store, second).write, long);
}

#[test]
fn a_file_that_became_read_only_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let mut store = Store::open(&path, at(0)).unwrap().store;
    store.connection.pragma_update(None, "query_only", true).unwrap();
    let error = store.record(&scope(), &decision("i1", &comment("c")), at(0)).unwrap_err();
    assert_eq!(error.trouble(), Some(Trouble::ReadOnly));
    assert!(error.to_string().starts_with(&format!("{} is read-only: ", path.display())), "{error}");
    assert_eq!(store.journal(&scope(), 9).unwrap(), []);
}

#[test]
fn what_cannot_be_opened_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at_path = |name: &str| folder.path().join(name);
    fs::write(at_path("file"), "not a directory").unwrap();
    fs::create_dir_all(at_path("directory.db")).unwrap();
    fs::create_dir_all(at_path("log.db-wal")).unwrap();
    let denied = |path| (path, Trouble::Denied, "cannot be opened: ");
    let mut cases = vec![
        denied(at_path("file/tracemark.db")),
        denied(at_path("directory.db")),
        (at_path("log.db"), Trouble::Disk, "check it before you go on (disk I/O error)"),
    ];
    cases.extend(closed_directory(folder.path()).map(denied));
    for (path, trouble, words) in cases {
        let error = Store::open(&path, at(0)).unwrap_err();
        assert_eq!(error.trouble(), Some(trouble), "{error}");
        let said = error.to_string();
        assert!(said.contains(&path.display().to_string()) && said.contains(words), "{said}");
    }
    assert_eq!(names(folder.path(), "corrupt"), [""; 0]);
    assert_eq!(fs::read(at_path("file")).unwrap(), b"not a directory");
}

/// A database in a directory nobody may write to, where modes mean anything.
fn closed_directory(folder: &Path) -> Option<PathBuf> {
    let directory = folder.join("closed");
    fs::create_dir(&directory).unwrap();
    let mut permissions = fs::metadata(&directory).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&directory, permissions).unwrap();
    if fs::write(directory.join("probe"), "").is_ok() {
        println!("not tested: this user may write to read-only directories");
        return None;
    }
    Some(directory.join("tracemark.db"))
}

#[test]
fn every_failure_of_disk_or_lock_has_its_words_and_none_is_damage() {
    use std::io::ErrorKind::{Other, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let of_sqlite = |code| {
        let failure = ffi::Error::new(code);
        StoreError::from(rusqlite::Error::SqliteFailure(failure, None)).at(Path::new("x.db"))
    };
    let of_file = |kind| StoreError::file(Path::new("x.db"), &std::io::Error::from(kind));
    let cases = [
        (of_sqlite(ffi::SQLITE_FULL), Trouble::Full, "no room left for x.db: "),
        (of_file(StorageFull), Trouble::Full, "no room left for x.db: "),
        (of_file(QuotaExceeded), Trouble::Full, "no room left for x.db: "),
        (of_sqlite(ffi::SQLITE_READONLY), Trouble::ReadOnly, "x.db is read-only: "),
        (of_sqlite(ffi::SQLITE_READONLY_DIRECTORY), Trouble::ReadOnly, "x.db is read-only: "),
        (of_file(ReadOnlyFilesystem), Trouble::ReadOnly, "x.db is read-only: "),
        (of_sqlite(ffi::SQLITE_CANTOPEN), Trouble::Denied, "x.db cannot be opened: "),
        (of_file(PermissionDenied), Trouble::Denied, "x.db cannot be opened: "),
        (of_sqlite(ffi::SQLITE_IOERR_FSYNC), Trouble::Disk, "the disk failed with x.db: "),
        (of_file(Other), Trouble::Disk, "the disk failed with x.db: "),
        (of_sqlite(ffi::SQLITE_BUSY), Trouble::Busy, "x.db is being written by another program: "),
        (of_sqlite(ffi::SQLITE_LOCKED), Trouble::Busy, "x.db is being written by another program: "),
    ];
    for (error, trouble, words) in cases {
        assert_eq!(error.trouble(), Some(trouble), "{error}");
        assert!(error.to_string().starts_with(words) && !error.is_damage(), "{error}");
        assert!(!error.to_string().contains('\n'));
    }
    for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX, ffi::SQLITE_NOTADB] {
        assert!(of_sqlite(code).is_damage());
    }
    assert_eq!(of_sqlite(ffi::SQLITE_CONSTRAINT).trouble(), None);
}
