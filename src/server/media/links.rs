//! The links under which files are put and fetched without a key, for an hour.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};

const LIFE: Duration = Duration::from_hours(1);

/// A signed link for one method, and when it expires.
pub fn link(call: &Call, method: &str, id: &str) -> (String, String) {
    let until = call.now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
    let second = until.as_second();
    let signature = signature(call, method, id, second).map(|mac| mac.finalize().into_bytes());
    let signature = signature.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
    (format!("{}/api/media/{id}?until={second}&sig={signature}", call.origin), iso(until))
}

/// Only this workspace can make it, and it stands for one method, file and time.
fn signature(call: &Call, method: &str, id: &str, until: i64) -> Option<Hmac<Sha256>> {
    let key = call.place.keys.project.secret_key.as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("media link\n{method}\n{id}\n{until}").as_bytes());
    Some(mac)
}

/// Lets a request in whose link is ours and not too old; asked before its body is read.
pub fn check(call: &Call, method: &str) -> Result<(), Problem> {
    let until = call.query.get("until").and_then(|u| u.parse::<i64>().ok()).unwrap_or_default();
    let given = call.query.get("sig").and_then(|sig| URL_SAFE_NO_PAD.decode(sig).ok()).unwrap_or_default();
    let mac = signature(call, method, call.param("mediaId"), until);
    // The comparison takes the same time wherever the first difference is.
    let is_ours = mac.is_some_and(|mac| mac.verify_slice(&given).is_ok());
    if is_ours && until >= call.now.as_second() {
        return Ok(());
    }
    Err(forbidden("This link is not valid or no longer valid."))
}

fn forbidden(message: &'static str) -> Problem {
    Problem::Text(StatusCode::FORBIDDEN, message)
}

/// Behind a checked `PUT` link: takes the file that was announced, and no other.
pub fn upload(db: &Connection, call: &Call) -> Answer {
    let id = call.param("mediaId");
    let sql = "SELECT content_type, content_length, sha256 FROM media WHERE id = ?1";
    let announced = db
        .query_row(sql, [id], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?)))
        .optional()?;
    let (content_type, length, sha256) = announced.ok_or(Problem::NoRoute)?;
    let differs = |name: &str, wanted: &str| text(&call.headers, name).is_some_and(|given| given != wanted);
    if text(&call.headers, "content-type") != Some(&content_type)
        || differs("x-amz-checksum-sha256", &sha256)
        || i64::try_from(call.bytes.len()) != Ok(length)
    {
        return Err(forbidden("Content type, length or checksum are not those the link was made for."));
    }
    if STANDARD.encode(Sha256::digest(&call.bytes)) != sha256 {
        let text = "The SHA-256 you specified did not match the calculated checksum.";
        return Err(Problem::Text(StatusCode::BAD_REQUEST, text));
    }
    db.execute("UPDATE media SET content = ?2 WHERE id = ?1", params![id, &call.bytes[..]])?;
    Ok(Reply::Empty)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Behind a checked `GET` link: the file, or the part of it that `Range` asks for.
pub fn download(db: &Connection, call: &Call) -> Answer {
    let id = call.param("mediaId");
    let sql = "SELECT content_type, length(content) FROM media WHERE id = ?1 AND content IS NOT NULL";
    let found = db.query_row(sql, [id], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?))).optional()?;
    let (content_type, total) = found.ok_or(Problem::NoRoute)?;
    let Some(wanted) = text(&call.headers, header::RANGE.as_str()).and_then(range) else {
        let content = db.query_row("SELECT content FROM media WHERE id = ?1", [id], |r| r.get(0))?;
        return Ok(Reply::File(content_type, content));
    };
    let Some((first, last)) = wanted.within(total) else {
        return Err(Problem::Text(StatusCode::RANGE_NOT_SATISFIABLE, "Invalid range"));
    };
    let sql = "SELECT substr(content, ?2, ?3) FROM media WHERE id = ?1";
    let part = db.query_row(sql, params![id, first + 1, last - first + 1], |r| r.get(0))?;
    Ok(Reply::Part(content_type, format!("bytes {first}-{last}/{total}"), part))
}

/// A range of bytes, as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    From(i64, Option<i64>),
    Last(i64),
}

impl Wanted {
    /// The first and the last byte, if the file has any of them.
    fn within(self, total: i64) -> Option<(i64, i64)> {
        let (first, last) = match self {
            Self::From(first, last) => (first, last.unwrap_or(i64::MAX).min(total - 1)),
            Self::Last(count) => ((total - count).max(0), total - 1),
        };
        (first <= last && first < total).then_some((first, last))
    }
}

/// A single range; anything else is answered with the whole file.
fn range(header: &str) -> Option<Wanted> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    match (first, last) {
        ("", last) => number(last).map(Wanted::Last),
        (first, "") => Some(Wanted::From(number(first)?, None)),
        (first, last) => Some(Wanted::From(number(first)?, Some(number(last)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file() {
        for (header, wanted) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=4-", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-30", Some((0, 9))),
            ("bytes=8-99", Some((8, 9))),
            ("bytes=10-", None),
            ("bytes=5-4", None),
            ("bytes=-0", None),
        ] {
            assert_eq!(range(header).and_then(|wanted| wanted.within(10)), wanted, "{header}");
        }
        for header in ["bytes=", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=-"] {
            assert_eq!(range(header), None, "{header}");
        }
    }
}
