//! The body of `POST /media`: a file for a trace or one of its observations, or for a dataset item.

use serde_json::{Value, json};

use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::Problem;

const LARGEST: i64 = 1_000_000_000;
const CONTEXTS: &str = "Provide either traceId with field input/output/metadata, or datasetId + datasetItemId \
    with field input/expectedOutput/metadata.";

const CONTENT_TYPES: [&str; 52] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/webp",
    "image/gif",
    "image/svg+xml",
    "image/tiff",
    "image/bmp",
    "image/avif",
    "image/heic",
    "audio/mpeg",
    "audio/mp3",
    "audio/wav",
    "audio/ogg",
    "audio/oga",
    "audio/aac",
    "audio/mp4",
    "audio/flac",
    "audio/opus",
    "audio/webm",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/mpeg",
    "video/quicktime",
    "video/x-msvideo",
    "video/x-matroska",
    "text/plain",
    "text/html",
    "text/css",
    "text/csv",
    "text/markdown",
    "text/x-python",
    "application/javascript",
    "text/x-typescript",
    "application/x-yaml",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "application/json",
    "application/xml",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/rtf",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/gzip",
    "application/x-tar",
    "application/x-7z-compressed",
];

/// A file that is announced.
#[derive(Debug)]
pub struct Request<'a> {
    pub content_type: &'a str,
    pub length: i64,
    /// Standard base64.
    pub sha256: &'a str,
}

impl Request<'_> {
    /// The first 132 bits of the hash.
    pub fn media_id(&self) -> String {
        self.sha256.replace('+', "-").replace('/', "_").chars().take(22).collect()
    }
}

/// What one of the two contexts makes of the body.
struct Reading<'a> {
    request: Request<'a>,
    issues: Vec<Value>,
    /// Whether every field has its type, so that the issues are about this context.
    is_meant: bool,
}

/// Reads the body. If it is neither, but clearly meant as one of the contexts, that one's issues
/// are told; otherwise both.
pub fn read(body: &Value) -> Result<Request<'_>, Problem> {
    let readings = [reading(body, of_trace), reading(body, of_dataset)];
    let mut meant: Vec<Reading<'_>> = Vec::new();
    let mut issues = Vec::new();
    for reading in readings {
        if reading.issues.is_empty() {
            return sized(reading.request);
        }
        issues.push(reading.issues.clone());
        if reading.is_meant {
            meant.push(reading);
        }
    }
    if let [one] = &meant[..] {
        return Err(Problem::Issues(one.issues.clone()));
    }
    let mut neither = issue::no_alternative(&issues, &[]);
    neither["message"] = json!(CONTEXTS);
    Err(Problem::Issues(vec![neither]))
}

fn sized(request: Request<'_>) -> Result<Request<'_>, Problem> {
    if request.length > LARGEST {
        return Err(Problem::Refused(format!("File size must be less than {LARGEST} bytes")));
    }
    Ok(request)
}

fn reading(body: &Value, context: fn(&mut Fields<'_>)) -> Reading<'_> {
    let mut request = Request { content_type: "", length: 0, sha256: "" };
    let Ok(mut fields) = Fields::of(body) else {
        let issues = vec![issue::invalid_type("object", Some(body), &[])];
        return Reading { request, issues, is_meant: false };
    };
    request.content_type = content_type(&mut fields);
    let (length, mut soft) = length(&mut fields);
    request.length = length;
    request.sha256 = fields.text("sha256Hash");
    if fields.get("sha256Hash").is_some_and(Value::is_string) && !is_hash(request.sha256) {
        fields.note(not_a_hash());
        soft += 1;
    }
    context(&mut fields);
    let is_meant = fields.count() == soft;
    Reading { request, issues: fields.into_issues(), is_meant }
}

fn of_trace(fields: &mut Fields<'_>) {
    fields.text("traceId");
    fields.text_or_null("observationId");
    fields.choice("field", &["input", "output", "metadata"]);
    for key in ["datasetId", "datasetItemId"] {
        null(fields, key);
    }
}

fn of_dataset(fields: &mut Fields<'_>) {
    fields.text("datasetId");
    fields.text("datasetItemId");
    fields.choice("field", &["input", "expectedOutput", "metadata"]);
    for key in ["traceId", "observationId"] {
        null(fields, key);
    }
}

/// Refuses anything but null.
fn null(fields: &mut Fields<'_>, key: &str) {
    if let given @ Some(_) = fields.get(key).filter(|v| !v.is_null()) {
        fields.note(issue::invalid_type("null", given, &[key]));
    }
}

fn content_type(fields: &mut Fields<'_>) -> &'static str {
    let given = fields.get("contentType").and_then(Value::as_str);
    CONTENT_TYPES.into_iter().find(|known| given == Some(known)).unwrap_or_else(|| {
        let mut unknown = issue::invalid_value(&CONTENT_TYPES, &["contentType"]);
        let list = CONTENT_TYPES.join(", ");
        unknown["message"] = json!(format!("Invalid content type. Only supporting {list}"));
        fields.note(unknown);
        ""
    })
}

/// The length, and how many of its issues leave it a whole number.
fn length(fields: &mut Fields<'_>) -> (i64, usize) {
    let before = fields.count();
    let length = positive(fields, "contentLength");
    let whole = fields.get("contentLength").and_then(Value::as_f64).is_some_and(|n| n.fract() == 0.0);
    (length, if whole { fields.count() - before } else { 0 })
}

/// A whole number above zero; what is beyond the range of a column is its end.
pub fn positive(fields: &mut Fields<'_>, key: &str) -> i64 {
    let before = fields.count();
    let n = fields.number(key);
    if fields.count() > before {
        return 0;
    }
    if n <= 0.0 {
        fields.note(issue::too_small(false, key));
    }
    if n.fract() != 0.0 {
        fields.note(issue::not_whole(key));
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let n = n as i64;
    n
}

/// 44 characters of the alphabet of base64; that they are a hash shows when the file comes.
fn is_hash(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    text.len() == 44 && text.bytes().all(known)
}

fn not_a_hash() -> Value {
    json!({
        "origin": "string", "code": "invalid_format", "format": "regex", "pattern": "/^[A-Za-z0-9+/=]{44}$/",
        "path": ["sha256Hash"], "message": "Must be a 44 character base64 encoded SHA-256 hash",
    })
}
