//! The cache: what is kept, what goes when there is no room, and what is thrown away.

use std::fs;
use std::path::Path;

use jiff::SignedDuration;
use pretty_assertions::assert_eq;

use super::opening::{assert_private, names};
use super::*;
use crate::store::files::beside;

const HOUR: i64 = 3600;

/// Bytes that do not get smaller.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

fn put(cache: &Cache, key: &str, body: &[u8], seconds: i64) {
    cache.put("https://langfuse.example", "pk-1", key, body, at(seconds)).unwrap();
}

fn get(cache: &Cache, key: &str) -> Option<Vec<u8>> {
    cache.get("https://langfuse.example", "pk-1", key).map(|(body, _)| body)
}

fn kept(cache: &Cache, keys: &[&'static str]) -> Vec<&'static str> {
    keys.iter().copied().filter(|key| get(cache, key).is_some()).collect()
}

fn on_disk(path: &Path) -> Vec<u8> {
    ["", "-wal"].iter().flat_map(|ending| fs::read(beside(path, ending)).unwrap_or_default()).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn answers_are_kept_for_each_server_and_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/cache.db");
    let cache = Cache::open(&path, 1_000_000).unwrap();
    let later = at(1) + SignedDuration::from_millis(250);
    let body = br#"{"data": [1, 2, 3]}"#.repeat(1000);
    cache.put("s", "a", "queues", b"old", at(0)).unwrap();
    cache.put("s", "a", "queues", &body, later).unwrap();
    cache.put("s", "b", "queues", b"", at(0)).unwrap();
    drop(cache);
    assert_private(&path);
    let cache = Cache::open(&path, 1_000_000).unwrap();
    assert_eq!(cache.get("s", "a", "queues"), Some((body, later)));
    assert_eq!(cache.get("s", "b", "queues"), Some((vec![], at(0))));
    for (server, account, key) in [("t", "a", "queues"), ("s", "c", "queues"), ("s", "a", "q")] {
        assert_eq!(cache.get(server, account, key), None);
    }
}

#[test]
fn the_least_recently_used_go_and_large_ones_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache.db"), 100_000).unwrap();
    for (n, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
        put(&cache, key, &noise(n as u64, 24_000), 0);
    }
    // The time of a use is that of the latest answer.
    put(&cache, "tiny", b"x", 2 * HOUR);
    assert!(get(&cache, "a").is_some());
    put(&cache, "e", &noise(9, 24_000), 2 * HOUR);
    let all = ["a", "b", "c", "d", "e", "tiny"];
    assert_eq!(kept(&cache, &all), ["a", "c", "d", "e", "tiny"]);

    put(&cache, "a", &noise(1, 26_000), 3 * HOUR);
    assert_eq!(kept(&cache, &all), ["c", "d", "e", "tiny"], "neither the large one nor what was before it");
    put(&cache, "a", &b"very regular ".repeat(10_000), 3 * HOUR);
    assert_eq!(kept(&cache, &all), ["a", "c", "d", "e", "tiny"], "what counts is what it takes on the disk");
}

#[test]
fn reading_writes_only_where_the_last_use_is_long_ago() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, 100_000).unwrap();
    put(&cache, "old", b"x", 0);
    put(&cache, "new", b"x", 2 * HOUR);
    let length = || fs::metadata(beside(&path, "-wal")).unwrap().len();
    let before = length();
    assert!(get(&cache, "new").is_some());
    assert_eq!(length(), before);
    assert!(get(&cache, "old").is_some());
    let noted = length();
    assert!(noted > before);
    assert!(get(&cache, "old").is_some());
    assert_eq!(length(), noted);
}

#[test]
fn a_smaller_limit_holds_from_the_next_start_and_the_file_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, 10_000_000).unwrap();
    for n in 0..20 {
        put(&cache, &n.to_string(), &noise(n, 100_000), 0);
    }
    drop(cache);
    assert!(fs::metadata(&path).unwrap().len() > 2_000_000);
    let cache = Cache::open(&path, 510_000).unwrap();
    assert_eq!(kept(&cache, &["14", "15", "16", "17", "18", "19"]), ["15", "16", "17", "18", "19"]);
    drop(cache);
    assert!(fs::metadata(&path).unwrap().len() < 700_000);
}

#[test]
fn what_is_cleared_or_discarded_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, 10_000_000).unwrap();
    let secret = noise(7, 30_000);
    // Too dense to be compressed, so that it stands in the file as it is.
    put(&cache, "k", &secret, 0);
    assert!(contains(&on_disk(&path), &secret[10..40]));
    cache.clear().unwrap();
    assert!(!contains(&on_disk(&path), &secret[10..40]));
    assert_eq!(get(&cache, "k"), None);
    put(&cache, "k", b"again", 1);
    assert_eq!(get(&cache, "k").as_deref(), Some(&b"again"[..]));

    put(&cache, "k", &secret, 0);
    Cache::discard(&path).unwrap();
    assert!(path.exists(), "this test has it open");
    assert!(!contains(&on_disk(&path), &secret[10..40]));
    drop(cache);
    Cache::discard(&path).unwrap();
    Cache::discard(&path).unwrap();
    assert_eq!(names(folder.path(), "cache.db"), ["cache.db.open", "cache.db.opening"]);
}

#[test]
fn a_file_of_no_use_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let sql = |script: &str| Connection::open(&path).unwrap().execute_batch(script).unwrap();
    let cases: [(&str, &dyn Fn()); 5] = [
        ("a text", &|| fs::write(&path, "not a database").unwrap()),
        ("another format", &|| sql("PRAGMA user_version = 7")),
        ("a foreign one", &|| sql("PRAGMA user_version = 0")),
        ("a table missing", &|| sql("DROP TABLE entry")),
        ("cut off", &|| fs::write(&path, &fs::read(&path).unwrap()[..5000]).unwrap()),
    ];
    for (what, damage) in cases {
        let cache = Cache::open(&path, 1_000_000).unwrap();
        put(&cache, "k", b"body", 0);
        drop(cache);
        damage();
        let cache = Cache::open(&path, 1_000_000).unwrap();
        assert_eq!(get(&cache, "k"), None, "{what}");
        put(&cache, "k", b"body", 0);
        assert!(get(&cache, "k").is_some(), "{what}");
    }
}

#[test]
fn damage_found_later_is_mended_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, 10_000_000).unwrap();
    for n in 0..20 {
        put(&cache, &n.to_string(), &noise(n, 2_000), 0);
    }
    drop(cache);
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let cache = Cache::open(&path, 10_000_000).unwrap();
    let found = (0..20).filter(|n| get(&cache, &n.to_string()).is_some()).count();
    assert!(found < 20, "it is damaged");
    drop(cache);
    let cache = Cache::open(&path, 10_000_000).unwrap();
    for n in 0..20 {
        put(&cache, &n.to_string(), b"x", 0);
        assert!(get(&cache, &n.to_string()).is_some());
    }
}

#[test]
fn threads_and_processes_share_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let (one, other) = (Cache::open(&path, 1_000_000).unwrap(), Cache::open(&path, 1_000_000).unwrap());
    std::thread::scope(|scope| {
        for n in 0..4_u64 {
            let cache = if n % 2 == 0 { one.clone() } else { other.clone() };
            scope.spawn(move || (0..20).for_each(|m| put(&cache, &format!("{n}/{m}"), &noise(n, 500), m)));
        }
    });
    for n in 0..4 {
        for m in 0..20 {
            assert_eq!(get(&one, &format!("{n}/{m}")), Some(noise(n, 500)));
        }
    }
}
