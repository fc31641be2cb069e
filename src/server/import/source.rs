//! A file, or what comes through a pipe, unpacked into records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use serde::de::IgnoredAny;

use super::json::{Layout, Records};
use super::{Bad, MOST_BYTES, Place, Record, columns, table};

/// How much is looked at to tell what a file is.
const LOOK: u64 = 1 << 20;
const BUFFER: usize = 1 << 16;
const GZIP: &[u8] = &[0x1f, 0x8b];
const PARQUET: &[u8] = b"PAR1";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What other compressed files begin with.
const COMPRESSED: &[(&[u8], &str)] =
    &[(b"PK\x03\x04", "zip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zX", "xz")];

/// How records are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// A JSON document, a list of records, or several one after the other.
    Json,
    /// One JSON record a line.
    Lines,
    /// Comma-separated values with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// What comes next in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// A record.
    Record(Record),
    /// One that cannot be read; the next one may be fine.
    Bad(Bad),
    /// From here on nothing can be read.
    Broken(Bad),
}

/// Records of one file.
pub struct Source {
    records: Box<dyn Iterator<Item = Read>>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Iterator for Source {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        self.records.next()
    }
}

impl Source {
    /// A file; `position` tells how much of it was read. How it is packed shows in what it begins
    /// with, unless it is said or its name tells.
    pub fn file(path: &Path, packing: Option<Packing>, position: &Arc<AtomicU64>) -> io::Result<Self> {
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        let packing = packing.or_else(|| is_named_table(path).then_some(Packing::Csv));
        // A pipe can be read only once, and not backwards.
        let plain = if kind.is_file() { Some(file.try_clone()?) } else { None };
        Self::unpack(Box::new(file), plain, packing, position)
    }

    /// Anything that can be read.
    pub fn stream(
        input: Box<dyn io::Read>,
        packing: Option<Packing>,
        position: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        Self::unpack(input, None, packing, position)
    }

    fn unpack(
        input: Box<dyn io::Read>,
        plain: Option<File>,
        packing: Option<Packing>,
        position: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let counted = Counted { input, position: Arc::clone(position) };
        let (head, input) = head(BufReader::with_capacity(BUFFER, counted))?;
        if head.starts_with(GZIP) {
            let inner = BufReader::with_capacity(BUFFER, MultiGzDecoder::new(input));
            let (head, inner) = self::head(inner)?;
            return Self::unzipped(&head, inner, None, packing, position);
        }
        Self::unzipped(&head, input, plain, packing, position)
    }

    fn unzipped(
        head: &[u8],
        mut input: impl BufRead + 'static,
        plain: Option<File>,
        packing: Option<Packing>,
        position: &Arc<AtomicU64>,
    ) -> io::Result<Self> {
        if packing == Some(Packing::Parquet) || packing.is_none() && head.starts_with(PARQUET) {
            let mut file = match plain {
                Some(file) => file,
                None => spooled(&mut input)?,
            };
            file.rewind()?;
            return Ok(Self { records: Box::new(columns::Records::new(file, position)) });
        }
        if head.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let (first, second) = beginning(&mut input)?;
        if let Some(why) = no_text(&first) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let packing = packing.unwrap_or_else(|| guess(&first, &second));
        let start = [first, second].concat();
        let input = Cursor::new(start).chain(input);
        Ok(match packing {
            Packing::Csv => Self { records: Box::new(table::Records::new(input, MOST_BYTES)) },
            Packing::Lines => Self { records: Box::new(Records::new(input, Layout::Lines, MOST_BYTES)) },
            _ => Self { records: Box::new(Records::new(input, Layout::Documents, MOST_BYTES)) },
        })
    }
}

/// The first four bytes, and all of the input with them.
fn head(mut input: impl BufRead) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut head = Vec::new();
    input.by_ref().take(4).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// The lines up to the first one that is not empty, and the line after that, as far as they are
/// looked at.
fn beginning(input: &mut impl BufRead) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut input = input.take(LOOK);
    while first.trim_ascii().is_empty() && input.read_until(b'\n', &mut first)? > 0 {}
    input.read_until(b'\n', &mut second)?;
    Ok((first, second))
}

/// Why a file that begins with this line cannot be read at all.
fn no_text(line: &[u8]) -> Option<String> {
    if let Some((_, name)) = COMPRESSED.iter().find(|(signature, _)| line.starts_with(signature)) {
        return Some(format!("it is compressed with {name}: unpack it first, or use gzip"));
    }
    if is_wide(line) {
        return Some("it is UTF-16: `iconv -f UTF-16 -t UTF-8` makes it UTF-8".into());
    }
    // A bad byte in JSON spoils its record only.
    let is_binary =
        line.contains(&0) || !line.starts_with(b"{") && line.iter().any(|b| matches!(b, 0..8 | 14..27));
    is_binary.then(|| "it is neither text nor Parquet".into())
}

/// Whether it is text in UTF-16, told by its mark or by the zeros in plain characters.
fn is_wide(text: &[u8]) -> bool {
    let zeros = text.iter().take(4).map(|byte| *byte == 0);
    let marked = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    marked || zeros.clone().eq([false, true, false, true]) || zeros.eq([true, false, true, false])
}

/// Whether a file's name says that it is a table.
fn is_named_table(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".csv", ".tsv"].iter().any(|end| name.ends_with(end))
}

/// How a text is packed, from its first two lines.
fn guess(first: &[u8], second: &[u8]) -> Packing {
    let line = first.trim_ascii();
    let is_record = |line: &[u8]| {
        line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line.trim_ascii()).is_ok()
    };
    match line.first() {
        // A line that is cut off, among others, is no document of many lines.
        Some(b'{') if is_record(line) || is_record(second) => Packing::Lines,
        Some(b'[' | b'{') => Packing::Json,
        Some(_) if table::is_header(line) => Packing::Csv,
        _ => Packing::Lines,
    }
}

/// The rest of the input as a file, which is gone when it is closed.
fn spooled(input: &mut impl BufRead) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    Ok(file)
}

/// Counts what is read.
struct Counted {
    input: Box<dyn io::Read>,
    position: Arc<AtomicU64>,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.position.fetch_add(u64::try_from(n).unwrap_or(0), Ordering::Relaxed);
        Ok(n)
    }
}

/// A file that cannot be read as what it is said to be.
pub fn broken(place: Place, what: impl Into<String>) -> Read {
    Read::Broken(Bad { place, what: what.into() })
}
