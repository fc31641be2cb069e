//! The formats of every listing, and where they go.

use std::fmt::Write as _;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::Failure;
use crate::domain::text;

/// How a listing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people.
    Table,
    /// One array.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180 with a header line.
    Csv,
}

/// The flags of every listing.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct OutputArgs {
    /// Format; a table on a terminal, otherwise one JSON object a line.
    #[arg(long, value_name = "FORMAT")]
    output: Option<Format>,
    /// The same as --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArgs {
    /// What was asked for, or what suits the reader.
    pub(super) fn format(&self) -> Format {
        match self.output {
            Some(format) => format,
            None if self.json => Format::Json,
            None if io::stdout().is_terminal() => Format::Table,
            None => Format::Jsonl,
        }
    }
}

/// Takes records and writes them one by one, in any format but the table.
pub(super) struct Sink<W: Write> {
    out: BufWriter<W>,
    format: Format,
    fields: &'static [&'static str],
    /// Whether a terminal reads along, which must not be given anything to obey.
    harmless: bool,
    written: usize,
}

/// A sink on stdout.
pub(super) fn to_stdout(format: Format, fields: &'static [&'static str]) -> Sink<io::StdoutLock<'static>> {
    let stdout = io::stdout();
    let harmless = stdout.is_terminal();
    Sink { harmless, ..Sink::new(stdout.lock(), format, fields) }
}

impl<W: Write> Sink<W> {
    /// A sink on anything else.
    pub(super) fn new(out: W, format: Format, fields: &'static [&'static str]) -> Self {
        Self { out: BufWriter::new(out), format, fields, harmless: false, written: 0 }
    }

    /// Writes a record; says to stop where the reader has gone.
    pub(super) fn put(&mut self, record: &impl Serialize) -> Result<ControlFlow<()>, Failure> {
        let object = match serde_json::to_value(record) {
            Ok(Json::Object(object)) => object,
            Ok(_) => Map::new(),
            Err(error) => return Err(Failure::failed(format!("cannot write a row: {error}"))),
        };
        let line = self.line(object);
        self.written += 1;
        unless_gone(self.out.write_all(line.as_bytes()))
    }

    fn line(&self, object: Map<String, Json>) -> String {
        let first = self.written == 0;
        match self.format {
            Format::Csv => {
                let header = if first { self.header() } else { String::new() };
                let cells = self.fields.iter().map(|field| self.cell(object.get(*field)));
                header + &csv_line(cells)
            }
            Format::Json => format!("{}{}", if first { "[\n" } else { ",\n" }, json(&Json::Object(object))),
            Format::Table | Format::Jsonl => json(&Json::Object(object)) + "\n",
        }
    }

    fn header(&self) -> String {
        csv_line(self.fields.iter().map(|field| (*field).to_owned()))
    }

    fn cell(&self, value: Option<&Json>) -> String {
        match value {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(text)) if self.harmless => text::clean(text).into_owned(),
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// Writes what belongs at the end; gives the number of records and what was written to.
    pub(super) fn finish(mut self) -> Result<(usize, Option<W>), Failure> {
        let end = match (self.format, self.written) {
            (Format::Csv, 0) => self.header(),
            (Format::Json, 0) => "[]\n".into(),
            (Format::Json, _) => "\n]\n".into(),
            _ => String::new(),
        };
        let flushed = self.out.write_all(end.as_bytes()).and_then(|()| self.out.flush());
        let gone = unless_gone(flushed)?.is_break();
        let (out, _) = self.out.into_parts();
        Ok((self.written, (!gone).then_some(out)))
    }
}

/// A reader who has gone is a reason to stop, not an error.
fn unless_gone(written: io::Result<()>) -> Result<ControlFlow<()>, Failure> {
    match written {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::failed(format!("cannot write: {error}"))),
    }
}

/// JSON in which nothing is left for a terminal to obey or for a reader to overlook: such
/// characters are escaped, which says the same.
pub(super) fn json(value: &Json) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        if matches!(c, '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

fn csv_line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| csv_cell(&cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) || text.trim().len() < text.len() {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format, records: &[Json]) -> String {
        let mut sink = Sink::new(Vec::new(), format, &["a", "b"]);
        for record in records {
            assert_eq!(sink.put(record), Ok(ControlFlow::Continue(())));
        }
        let (n, out) = sink.finish().unwrap();
        assert_eq!(n, records.len());
        String::from_utf8(out.unwrap()).unwrap()
    }

    #[test]
    fn each_format_has_its_shape() {
        let records = [json!({"a": 1.5, "b": "x, \"y\"\nz"}), json!({"a": null, "b": true})];
        for (format, expected, empty) in [
            (Format::Csv, "a,b\r\n1.5,\"x, \"\"y\"\"\nz\"\r\n,true\r\n", "a,b\r\n"),
            (Format::Jsonl, "{\"a\":1.5,\"b\":\"x, \\\"y\\\"\\nz\"}\n{\"a\":null,\"b\":true}\n", ""),
            (
                Format::Json,
                "[\n{\"a\":1.5,\"b\":\"x, \\\"y\\\"\\nz\"},\n{\"a\":null,\"b\":true}\n]\n",
                "[]\n",
            ),
        ] {
            assert_eq!(written(format, &records), expected);
            assert_eq!(written(format, &[]), empty);
        }
    }

    #[test]
    fn json_says_the_same_and_commands_nothing() {
        let hostile = json!({"a": "\u{1b}[31m \u{9b}31m \u{202e}x ä 配"});
        let text = json(&hostile);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']) && text.contains("ä 配"), "{text}");
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), hostile);
    }

    #[test]
    fn cells_for_a_terminal_are_harmless() {
        let sink = Sink { harmless: true, ..Sink::new(Vec::new(), Format::Csv, &["a"]) };
        assert_eq!(sink.cell(Some(&json!("\u{1b}[2J"))), "␛[2J");
    }
}
