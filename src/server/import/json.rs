//! JSON records from a stream of any length: one a line, or the elements of arrays and of documents
//! written over many lines. Only one record is held in memory.

use std::io::{self, BufRead};

use serde_json::Value;

use super::source::Read;
use super::{Bad, Place, Record};

/// How the records stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One in each line; a bad line spoils nothing but itself.
    Lines,
    /// One after the other, or in an array.
    Documents,
}

/// Reads records from a stream.
#[derive(Debug)]
pub struct Records<R> {
    input: R,
    layout: Layout,
    limit: usize,
    /// Lines that were read to their end.
    lines: u64,
    in_array: bool,
    ended: bool,
}

impl<R: BufRead> Records<R> {
    /// Records of at most `limit` bytes.
    pub fn new(input: R, layout: Layout, limit: usize) -> Self {
        Self { input, layout, limit, lines: 0, in_array: false, ended: false }
    }

    fn here(&self) -> Place {
        Place::Line(self.lines + 1)
    }

    fn too_long(&self, place: Place) -> Read {
        Read::Bad(Bad { place, what: format!("longer than {} MB", self.limit >> 20) })
    }

    fn next_line(&mut self) -> io::Result<Option<Read>> {
        loop {
            let place = self.here();
            let mut line = Vec::new();
            match read_line(&mut self.input, &mut line, self.limit)? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    self.lines += 1;
                    return Ok(Some(self.too_long(place)));
                }
                Line::Whole => self.lines += 1,
            }
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Ok(Some(parse(line, place)));
            }
        }
    }

    /// The next byte, without taking it.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn step(&mut self, byte: u8) {
        self.input.consume(1);
        self.lines += u64::from(byte == b'\n');
    }

    fn next_document(&mut self) -> io::Result<Option<Read>> {
        while let Some(byte) = self.peek()? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' => self.step(byte),
                b'[' if !self.in_array => {
                    self.in_array = true;
                    self.step(byte);
                }
                b']' if self.in_array => {
                    self.in_array = false;
                    self.step(byte);
                }
                b']' | b'}' => {
                    let place = self.here();
                    self.step(byte);
                    let what = format!("`{}` without its beginning", char::from(byte));
                    return Ok(Some(Read::Bad(Bad { place, what })));
                }
                _ => return self.element().map(Some),
            }
        }
        if std::mem::take(&mut self.in_array) {
            let what = "the file ends inside of a list".into();
            return Ok(Some(Read::Bad(Bad { place: self.here(), what })));
        }
        Ok(None)
    }

    /// One value, whose first byte is next.
    fn element(&mut self) -> io::Result<Read> {
        let place = self.here();
        let (mut bytes, mut scan, mut length) = (Vec::new(), Scan::default(), 0);
        loop {
            let part = self.input.fill_buf()?;
            if part.is_empty() {
                // A list that is not closed either is no second mistake.
                self.in_array = false;
                return Ok(if scan.is_scalar() {
                    parse(&bytes, place)
                } else {
                    Read::Bad(Bad { place, what: "the file ends inside of it".into() })
                });
            }
            let (used, is_done) = scan.over(part);
            length += used;
            if length <= self.limit {
                bytes.extend_from_slice(&part[..used]);
            } else {
                bytes = Vec::new();
            }
            self.lines += part[..used].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            self.input.consume(used);
            if is_done {
                return Ok(if length <= self.limit { parse(&bytes, place) } else { self.too_long(place) });
            }
        }
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        if self.ended {
            return None;
        }
        let read = match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Documents => self.next_document(),
        };
        read.unwrap_or_else(|error| {
            self.ended = true;
            Some(Read::Broken(Bad { place: self.here(), what: format!("cannot be read on: {error}") }))
        })
    }
}

fn parse(bytes: &[u8], place: Place) -> Read {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => Read::Record(Record { place, value }),
        Err(_) if !bytes.starts_with(b"{") => {
            Read::Bad(Bad { place, what: "not JSON: a record begins with `{`".into() })
        }
        Err(error) => Read::Bad(told(place, &error)),
    }
}

/// The error at the line of the file where it is.
fn told(place: Place, error: &serde_json::Error) -> Bad {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    let what = match what {
        "recursion limit exceeded" => "nested too deeply".to_owned(),
        _ if error.is_eof() => format!("not JSON: it ends too early, at column {column}"),
        what => format!("not JSON at column {column}: {what}"),
    };
    let place = match place {
        Place::Line(n) => Place::Line(n + u64::try_from(error.line()).unwrap_or(1).saturating_sub(1)),
        row @ Place::Row(_) => row,
    };
    Bad { place, what }
}

/// Where in a value a scan is; finds its end without understanding it.
#[derive(Debug, Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

impl Scan {
    /// A number or a word, which ends where something else begins.
    fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// Goes over the bytes; says how many belong to the value, and whether it ends with them.
    fn over(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            if self.scalar {
                if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' | b'[' | b'{' | b'"') {
                    return (at, true);
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ if self.depth == 0 => self.scalar = true,
                _ => {}
            }
        }
        (bytes.len(), false)
    }
}

/// How a line was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// All of it, with its line break.
    Whole,
    /// Too long; it was passed over.
    TooLong,
    /// There is none.
    End,
}

/// Reads a line of at most `limit` bytes.
pub fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, limit: usize) -> io::Result<Line> {
    let mut length = 0;
    loop {
        let part = input.fill_buf()?;
        let end = part.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let used = end.unwrap_or(part.len());
        length += used;
        if length <= limit {
            line.extend_from_slice(&part[..used]);
        }
        input.consume(used);
        if end.is_some() || used == 0 {
            return Ok(match length {
                0 => Line::End,
                n if n > limit => Line::TooLong,
                _ => Line::Whole,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, layout: Layout) -> Vec<Result<(u64, Value), (u64, String)>> {
        let line = |place| if let Place::Line(n) = place { n } else { 0 };
        // A small buffer: every value is cut somewhere.
        let input = io::BufReader::with_capacity(3, text.as_bytes());
        let records = Records::new(input, layout, 1 << 20);
        records
            .map(|read| match read {
                Read::Record(record) => Ok((line(record.place), record.value)),
                Read::Bad(bad) | Read::Broken(bad) => Err((line(bad.place), bad.what)),
            })
            .collect()
    }

    #[test]
    fn a_bad_line_spoils_only_itself() {
        let read = read("{\"a\": 1}\n\n{\"a\": \n[\r\n{\"a\": 2}", Layout::Lines);
        assert_eq!(read.len(), 4);
        assert_eq!(read[0], Ok((1, json!({"a": 1}))));
        let (line, what) = read[1].clone().unwrap_err();
        assert!(line == 3 && what.starts_with("not JSON: it ends too early"), "{what}");
        assert_eq!(read[2].clone().unwrap_err().0, 4);
        assert_eq!(read[3], Ok((5, json!({"a": 2}))));
    }

    #[test]
    fn documents_stand_alone_or_in_lists() {
        let text = "[\n {\"a\": \"]}\\\"\"},\n {\"b\": [1, {}]}\n]\n{\n \"c\": 2\n} 17";
        assert_eq!(
            read(text, Layout::Documents),
            [
                Ok((2, json!({"a": "]}\""}))),
                Ok((3, json!({"b": [1, {}]}))),
                Ok((5, json!({"c": 2}))),
                Ok((7, json!(17))),
            ]
        );
    }

    #[test]
    fn bad_elements_are_passed_over_and_ends_are_told() {
        let read = read("[{\"a\": nope},\n{\"a\": 1}, }, {\"a\":", Layout::Documents);
        let lines: Vec<_> = read.iter().map(|r| r.as_ref().map_or_else(|e| e.0, |r| r.0)).collect();
        assert_eq!(lines, [1, 2, 2, 2]);
        assert_eq!(read[1], Ok((2, json!({"a": 1}))));
        assert_eq!(read[3].clone().unwrap_err().1, "the file ends inside of it");
        assert_eq!(
            super::tests::read("[{}", Layout::Documents)[1],
            Err((1, "the file ends inside of a list".into()))
        );
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_not_read() {
        let long = format!("{{\"a\": \"{}\"}}\n{{}}\n", "x".repeat(2 << 20));
        let deep = format!("{{\"a\": {}{}}}\n{{}}", "[".repeat(500), "]".repeat(500));
        for layout in [Layout::Lines, Layout::Documents] {
            let read = read(&long, layout);
            assert_eq!(read[0], Err((1, "longer than 1 MB".into())));
            assert_eq!(read[1], Ok((2, json!({}))));
            assert_eq!(super::tests::read(&deep, layout)[0], Err((1, "nested too deeply".into())));
        }
    }
}
