//! The body of `PUT /integrations/blob-storage`, and its rules.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::GROUPS;
use crate::server::data::value::{any_date, iso};
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::Problem;
use crate::server::options::Mode;

const TYPES: [&str; 3] = ["S3", "S3_COMPATIBLE", "AZURE_BLOB_STORAGE"];
const FREQUENCIES: [&str; 4] = ["every_20_minutes", "hourly", "daily", "weekly"];
const FILE_TYPES: [&str; 4] = ["JSON", "CSV", "JSONL", "PARQUET"];
const MODES: [&str; 3] = ["FULL_HISTORY", "FROM_TODAY", "FROM_CUSTOM_DATE"];
const SOURCES: [&str; 3] =
    ["LEGACY_TRACES_OBSERVATIONS", "OBSERVATIONS_V2", "LEGACY_TRACES_AND_ENRICHED_OBSERVATIONS"];
const KEYS: [&str; 17] = [
    "projectId",
    "type",
    "bucketName",
    "endpoint",
    "region",
    "accessKeyId",
    "secretAccessKey",
    "prefix",
    "exportFrequency",
    "enabled",
    "forcePathStyle",
    "fileType",
    "exportMode",
    "exportStartDate",
    "compressed",
    "exportSource",
    "exportFieldGroups",
];

/// How far ahead a start may lie: it may be a day in another time zone.
const AHEAD: Duration = Duration::from_hours(27);
const IN_FUTURE: &str =
    "Export start date must not be in the future (27 h tolerance for timezone differences)";
const AZURE_NAME: &str = "Azure container names must be 3-63 characters, lowercase letters, numbers, and \
    hyphens only. Must start and end with a letter or number, no consecutive hyphens.";

const LEGACY_SOURCE: &str = "Legacy export sources are not available while \
    LANGFUSE_MIGRATION_V4_WRITE_MODE=events_only, because the legacy traces/observations tables are no longer \
    written. Switch to the enriched observations export source instead.";

/// A request that fits the schema. It does not hold the secret.
#[expect(clippy::struct_excessive_bools, reason = "the fields of the API")]
pub struct Request<'a> {
    pub project: &'a str,
    pub kind: &'static str,
    pub bucket: &'a str,
    pub endpoint: Option<&'a str>,
    pub region: &'a str,
    pub access_key: Option<&'a str>,
    pub has_secret: bool,
    pub prefix: &'a str,
    pub frequency: &'static str,
    pub enabled: bool,
    pub force_path_style: bool,
    pub file_type: &'static str,
    pub mode: &'static str,
    custom_start: Option<Timestamp>,
    pub compressed: bool,
    pub source: Option<&'static str>,
    pub groups: Option<Vec<&'static str>>,
}

impl<'a> Request<'a> {
    /// Reads the body in the order of the schema, then applies the rules over several fields.
    pub fn read(call: &'a Call) -> Result<Self, Problem> {
        let mut fields = Fields::of(&call.body)?;
        // Issues after which the rules over several fields are not looked at.
        let mut hard = Watch::default();
        let request = Self {
            project: fields.text("projectId"),
            kind: fields.choice("type", &TYPES),
            bucket: hard.but(&mut fields, bucket),
            endpoint: fields.text_or_null("endpoint").value().filter(|e| !e.is_empty()),
            region: fields.text("region"),
            access_key: filled(fields.text_or_null("accessKeyId").value()),
            has_secret: filled(fields.text_or_null("secretAccessKey").value()).is_some(),
            prefix: hard.but(&mut fields, prefix),
            frequency: fields.choice("exportFrequency", &FREQUENCIES),
            enabled: flag(&mut fields, "enabled"),
            force_path_style: flag(&mut fields, "forcePathStyle"),
            file_type: fields.choice("fileType", &FILE_TYPES),
            mode: fields.choice("exportMode", &MODES),
            custom_start: hard.but(&mut fields, |fields| start(fields, call.now)),
            compressed: fields.optional_flag("compressed").unwrap_or(true),
            source: choice_or_null(&mut fields, "exportSource", &SOURCES),
            groups: groups(&mut fields),
        };
        fields.strict(&KEYS);
        if fields.count() == hard.soft {
            request.rules(&mut fields);
        }
        fields.finish()?;
        Ok(request)
    }

    fn rules(&self, fields: &mut Fields<'_>) {
        if self.mode == "FROM_CUSTOM_DATE" && self.custom_start.is_none() {
            let message = "exportStartDate is required when exportMode is FROM_CUSTOM_DATE";
            fields.note(issue::custom(message, &["exportStartDate"]));
        }
        if self.kind == "AZURE_BLOB_STORAGE" && !self.bucket.is_empty() && !is_container_name(self.bucket) {
            fields.note(added(AZURE_NAME, "bucketName"));
        }
        match (&self.groups, self.source) {
            (Some(_), None) => {
                let message = "exportSource is required when exportFieldGroups is provided";
                fields.note(added(message, "exportSource"));
            }
            (Some(groups), Some(_)) if !groups.contains(&"core") => {
                fields.note(added("The Core field group is required", "exportFieldGroups"));
            }
            _ => {}
        }
    }

    /// Refuses a source this server does not have.
    pub fn check_source(&self, stored: Option<&str>, mode: Mode) -> Result<(), Problem> {
        let wanted = self.source.or(stored).unwrap_or_default();
        let message = match mode {
            Mode::EventsOnly if wanted.starts_with("LEGACY") => LEGACY_SOURCE,
            Mode::Legacy if wanted.contains("OBSERVATIONS_V2") || wanted.contains("ENRICHED") => {
                "Enriched observations export is not available on this deployment."
            }
            _ => return Ok(()),
        };
        Err(Problem::Refused(message.into()))
    }

    /// Refuses a place that cannot be reached, or not be opened. S3 may take the machine's own keys.
    pub fn check_access(&self, is_new: bool) -> Result<(), Problem> {
        let refused = |message: &str| Err(Problem::Refused(message.to_owned()));
        if self.endpoint.is_some_and(|endpoint| !is_web_address(endpoint)) {
            return refused("Invalid blob storage endpoint: Invalid URL");
        }
        if self.kind == "S3" {
            return Ok(());
        }
        if self.access_key.is_none() {
            return refused("Access Key ID and Secret Access Key are required");
        }
        if is_new && !self.has_secret {
            return refused("Secret access key is required for new configuration");
        }
        Ok(())
    }

    /// From when on there is something to export.
    pub fn start(&self, now: Timestamp) -> Option<String> {
        match self.mode {
            "FROM_TODAY" => Some(iso(now)),
            "FROM_CUSTOM_DATE" => self.custom_start.map(iso),
            _ => None,
        }
    }
}

/// Counts the issues that leave the type of a field intact.
#[derive(Default)]
struct Watch {
    soft: usize,
}

impl Watch {
    fn but<'a, T>(&mut self, fields: &mut Fields<'a>, read: impl FnOnce(&mut Fields<'a>) -> (T, usize)) -> T {
        let (value, soft) = read(fields);
        self.soft += soft;
        value
    }
}

fn bucket<'a>(fields: &mut Fields<'a>) -> (&'a str, usize) {
    let name = fields.filled_text("bucketName");
    (name, usize::from(fields.get("bucketName").and_then(Value::as_str) == Some("")))
}

fn prefix<'a>(fields: &mut Fields<'a>) -> (&'a str, usize) {
    let prefix = fields.optional_text("prefix").unwrap_or_default();
    if prefix.is_empty() || prefix.ends_with('/') {
        return (prefix, 0);
    }
    fields.note(issue::custom("Prefix must be empty or end with a forward slash", &["prefix"]));
    (prefix, 1)
}

fn start(fields: &mut Fields<'_>, now: Timestamp) -> (Option<Timestamp>, usize) {
    let Some(given) = fields.get("exportStartDate").filter(|v| !v.is_null()) else { return (None, 0) };
    let Some(at) = any_date(given) else {
        fields.note(issue::not_a_date("exportStartDate"));
        return (None, 0);
    };
    if now.checked_add(AHEAD).is_ok_and(|latest| at > latest) {
        fields.note(issue::custom(IN_FUTURE, &["exportStartDate"]));
        return (Some(at), 1);
    }
    (Some(at), 0)
}

fn flag(fields: &mut Fields<'_>, key: &str) -> bool {
    let given = fields.get(key);
    fields.optional_flag(key).unwrap_or_else(|| {
        if given.is_none() {
            fields.note(issue::invalid_type("boolean", None, &[key]));
        }
        false
    })
}

fn choice_or_null(fields: &mut Fields<'_>, key: &str, values: &[&'static str]) -> Option<&'static str> {
    if fields.get(key) == Some(&Value::Null) { None } else { fields.optional_choice(key, values) }
}

fn groups(fields: &mut Fields<'_>) -> Option<Vec<&'static str>> {
    fields.get("exportFieldGroups").filter(|v| !v.is_null())?;
    let read = |entry: &Value| {
        let known = GROUPS.into_iter().find(|known| entry.as_str() == Some(known));
        known.ok_or_else(|| vec![issue::invalid_value(&GROUPS, &[])])
    };
    Some(fields.entries("exportFieldGroups", read))
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// An issue as hand-written rules word it: the path comes last.
fn added(message: &str, key: &str) -> Value {
    json!({"code": "custom", "message": message, "path": [key]})
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_container_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}
