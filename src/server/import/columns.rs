//! Parquet, as exports to a bucket are written: a record for each row.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use parquet::data_type::Decimal;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::{Map, Value};

use super::source::{Read, broken};
use super::{Place, Record};
use crate::server::data::value::{iso, number};

/// Reads rows one by one.
pub struct Records {
    rows: Option<RowIter<'static>>,
    /// What is wrong with the file as a whole.
    error: Option<String>,
    read: u64,
    total: u64,
    length: u64,
    position: Arc<AtomicU64>,
}

impl Records {
    /// Opens a file; what is wrong with it comes as its only record.
    pub fn new(file: File, position: &Arc<AtomicU64>) -> Self {
        let length = file.metadata().map_or(0, |data| data.len());
        let mut records =
            Self { rows: None, error: None, read: 0, total: 0, length, position: Arc::clone(position) };
        match contained(|| SerializedFileReader::new(file)) {
            Ok(Ok(reader)) => {
                records.total = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
                match contained(|| reader.into_iter()) {
                    Ok(rows) => records.rows = Some(rows),
                    Err(error) => records.error = Some(error),
                }
            }
            Ok(Err(error)) => records.error = Some(words(&error)),
            Err(error) => records.error = Some(error),
        }
        records
    }

    fn tell_position(&self) {
        let share = u128::from(self.length) * u128::from(self.read) / u128::from(self.total.max(1));
        let share = u64::try_from(share).unwrap_or(self.length).min(self.length);
        self.position.fetch_max(share, Ordering::Relaxed);
    }
}

impl Iterator for Records {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        let place = Place::Row(self.read + 1);
        if let Some(error) = self.error.take() {
            return Some(broken(place, format!("cannot be read as Parquet: {error}")));
        }
        let rows = self.rows.as_mut()?;
        let what = match contained(|| rows.next()) {
            Ok(None) => {
                self.rows = None;
                return None;
            }
            Ok(Some(Ok(row))) => {
                self.read += 1;
                self.tell_position();
                return Some(Read::Record(Record { place, value: object(row) }));
            }
            Ok(Some(Err(error))) => words(&error),
            Err(error) => error,
        };
        self.rows = None;
        Some(broken(place, format!("cannot be read on: {what}")))
    }
}

/// What is wrong, and what helps where the file itself is fine.
fn words(error: &ParquetError) -> String {
    let text = error.to_string();
    let what = text.split_once("Parquet error: ").map_or(text.as_str(), |(_, what)| what);
    match what.split_once("Disabled feature at compile time: ") {
        Some((_, codec)) => format!("{codec} is not supported: write it with zstd, snappy, lz4 or gzip"),
        None => what.to_owned(),
    }
}

/// The library gives up on some damaged files by a panic.
fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| "the file is damaged".into())
}

fn object(row: Row) -> Value {
    Value::Object(row.into_columns().into_iter().map(|(name, field)| (name, value(&field))).collect())
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => Value::from(*flag),
        Field::Byte(n) => Value::from(*n),
        Field::Short(n) => Value::from(*n),
        Field::Date(days) => time(Timestamp::from_second(i64::from(*days) * 86_400)),
        Field::Int(n) | Field::TimeMillis(n) => Value::from(*n),
        Field::Long(n) | Field::TimeMicros(n) => Value::from(*n),
        Field::UByte(n) => Value::from(*n),
        Field::UShort(n) => Value::from(*n),
        Field::UInt(n) => Value::from(*n),
        Field::ULong(n) => Value::from(*n),
        Field::Float16(n) => number(f64::from(n.to_f32())),
        Field::Float(n) => number(f64::from(*n)),
        Field::Double(n) => number(*n),
        Field::Decimal(decimal) => decimal_value(decimal),
        Field::Str(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => Value::from(String::from_utf8_lossy(bytes.data())),
        Field::TimestampMillis(n) => time(Timestamp::from_millisecond(*n)),
        Field::TimestampMicros(n) => time(Timestamp::from_microsecond(*n)),
        Field::Group(row) => {
            Value::Object(row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect())
        }
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::MapInternal(map) => Value::Object(entries(map)),
    }
}

fn entries(map: &parquet::record::Map) -> Map<String, Value> {
    let key = |field: &Field| match value(field) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    map.entries().iter().map(|(k, v)| (key(k), value(v))).collect()
}

fn time(at: Result<Timestamp, jiff::Error>) -> Value {
    at.map_or(Value::Null, |at| Value::from(iso(at)))
}

/// Digits as a big-endian number, with so many of them behind the point.
fn decimal_value(decimal: &Decimal) -> Value {
    let bytes = decimal.data();
    let first = bytes.first().copied().unwrap_or(0);
    if bytes.len() > 16 {
        return Value::Null;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    let digits = bytes.iter().fold(start, |n: i128, byte| (n << 8) | i128::from(*byte));
    let text = format!("{digits}e-{}", decimal.scale());
    text.parse().map_or(Value::Null, number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_other_value_has_becomes_text_or_a_number() {
        let decimal = |digits: i32, scale| Decimal::from_i32(digits, 9, scale);
        for (field, wanted) in [
            (Field::Date(20_777), json!("2026-11-20T00:00:00.000Z")),
            (Field::TimestampMillis(1_795_176_000_123), json!("2026-11-20T12:00:00.123Z")),
            (Field::TimestampMicros(i64::MAX), Value::Null),
            (Field::Decimal(decimal(1234, 8)), json!(0.000_012_34)),
            (Field::Decimal(decimal(-5, 0)), json!(-5)),
            (Field::Double(f64::NAN), Value::Null),
        ] {
            assert_eq!(value(&field), wanted, "{field:?}");
        }
    }

    #[test]
    fn a_codec_that_is_not_read_is_named() {
        let error = ParquetError::General("Disabled feature at compile time: brotli".into());
        assert!(words(&error).starts_with("brotli is not supported: write it with zstd"));
        assert_eq!(words(&ParquetError::General("Corrupt footer".into())), "Corrupt footer");
    }
}
