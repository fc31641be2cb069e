//! Comma-separated values with a header, as tables are exported.

use std::cell::Cell;
use std::io::{self, Read as _};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::source::{Read, broken};
use super::{Bad, Place, Record};
use crate::domain::text::count;

/// Columns one of which a table of traces has, in any spelling.
const COLUMNS: &[&str] = &["id", "traceid", "input", "output", "starttime", "expectedoutput"];

/// Whether a line can be the header of a table.
pub fn is_header(line: &[u8]) -> bool {
    let mut record = ByteRecord::new();
    let mut reader = ReaderBuilder::new().has_headers(false).delimiter(delimiter(line)).from_reader(line);
    if !reader.read_byte_record(&mut record).unwrap_or_default() {
        return false;
    }
    let plain = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase().replace(['_', ' '], "");
    record.iter().any(|name| COLUMNS.contains(&plain(name).as_str()))
}

/// What stands between the columns.
fn delimiter(line: &[u8]) -> u8 {
    let count = |byte: u8| line.split(|b| *b == byte).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// Reads a table row by row.
pub struct Records {
    reader: Reader<Limited>,
    left: Rc<Cell<usize>>,
    limit: usize,
    header: Option<Vec<String>>,
    /// The reader counts lines ahead of the second half of a line break.
    behind: u64,
    ended: bool,
}

impl Records {
    /// Rows of at most about `limit` bytes.
    pub fn new(input: impl io::BufRead + 'static, limit: usize) -> Self {
        let left = Rc::new(Cell::new(limit));
        let (first, input) = first_line(input, limit);
        let limited = Limited { input: Box::new(input), left: Rc::clone(&left) };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(&first))
            .from_reader(limited);
        let behind = u64::from(first.ends_with(b"\r\n"));
        Self { reader, left, limit, header: None, behind, ended: false }
    }

    fn row(&mut self) -> Result<Option<ByteRecord>, csv::Error> {
        self.left.set(self.limit);
        let mut record = ByteRecord::new();
        Ok(self.reader.read_byte_record(&mut record)?.then_some(record))
    }

    fn read(&self, record: &ByteRecord) -> Read {
        let place = Place::Line(record.position().map_or(1, csv::Position::line) + self.behind);
        let cells = texts(record);
        let bad = |what: String| Read::Bad(Bad { place, what });
        let (Some(header), Some(cells)) = (&self.header, cells) else { return bad("not UTF-8".into()) };
        if cells.len() != header.len() {
            return bad(format!("{}, but the header has {}", count(cells.len(), "column"), header.len()));
        }
        let value = |cell: String| if cell.is_empty() { Value::Null } else { Value::String(cell) };
        let fields: Map<String, Value> =
            header.iter().cloned().zip(cells).map(|(name, cell)| (name, value(cell))).collect();
        Read::Record(Record { place, value: Value::Object(fields) })
    }
}

impl Iterator for Records {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        while !self.ended {
            match self.row() {
                Ok(Some(record)) if self.header.is_none() => {
                    let Some(names) = texts(&record) else {
                        self.ended = true;
                        return Some(broken(Place::Line(1), "the header is not UTF-8"));
                    };
                    self.header = Some(names.iter().map(|name| spelled(name)).collect());
                }
                Ok(Some(record)) => return Some(self.read(&record)),
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    let place = Place::Line(self.reader.position().line());
                    return Some(broken(place, format!("cannot be read on: {error}")));
                }
            }
        }
        None
    }
}

/// `Trace ID` as `trace_id`; a name without spaces as it is.
fn spelled(name: &str) -> String {
    let name = name.trim();
    if name.contains(' ') { name.to_lowercase().replace(' ', "_") } else { name.to_owned() }
}

fn texts(record: &ByteRecord) -> Option<Vec<String>> {
    record.iter().map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned)).collect()
}

/// The first line, and all of the input with it.
fn first_line(mut input: impl io::BufRead, limit: usize) -> (Vec<u8>, impl io::Read) {
    let mut line = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    // What fails here fails again below, where it is told.
    let _ = io::BufRead::read_until(&mut input.by_ref().take(limit), b'\n', &mut line);
    (line.clone(), io::Cursor::new(line).chain(input))
}

/// Input of which only so much is given out at a time: a quote left open would take all of it.
struct Limited {
    input: Box<dyn io::Read>,
    left: Rc<Cell<usize>>,
}

impl io::Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::Error::other("the row is too long; a quote may be left open"));
        }
        let n = self.input.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(n));
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &'static str, limit: usize) -> Vec<Read> {
        Records::new(text.as_bytes(), limit).collect()
    }

    #[test]
    fn rows_become_records_and_bad_rows_are_told() {
        let read = read("id,Trace ID,input\r\n1,t,\"a \"\"b\"\"\nc\"\r\n2,t\r\n3,t,\r\n4\r\n", 1 << 20);
        let record = |line, value| Read::Record(Record { place: Place::Line(line), value });
        assert_eq!(read[0], record(2, json!({"id": "1", "trace_id": "t", "input": "a \"b\"\nc"})));
        let what = "2 columns, but the header has 3".into();
        assert_eq!(read[1], Read::Bad(Bad { place: Place::Line(4), what }));
        assert_eq!(read[2], record(5, json!({"id": "3", "trace_id": "t", "input": null})));
        let what = "1 column, but the header has 3".into();
        assert_eq!(read[3], Read::Bad(Bad { place: Place::Line(6), what }));
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn a_quote_left_open_ends_the_reading() {
        let text = Box::leak(format!("id,input\n1,\"{}", "x".repeat(100_000)).into_boxed_str());
        let read = read(text, 20_000);
        assert!(
            matches!(&read[..], [Read::Broken(bad)] if bad.what.contains("a quote may be left open")),
            "{read:?}"
        );
    }

    #[test]
    fn headers_are_told_from_other_texts() {
        for (line, wanted) in [
            ("id,name", true),
            ("\"Trace ID\";x", true),
            ("start_time\ttype", true),
            ("hello, world", false),
            ("", false),
        ] {
            assert_eq!(is_header(line.as_bytes()), wanted, "{line}");
        }
    }
}
