//! What can be said about an import.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::server::import::{Kind, Packing};

/// The formats, shown by `--help`.
pub(in crate::cli) const FORMATS: &str = r#"Formats. What a file holds is told from its content; .gz is unpacked.

  Langfuse traces, from the API, a table's export or a bucket; alone, in lists or
  one a line
    {"trace": {"id": "t1"}, "observations": [{"id": "o1", "type": "SPAN"}]}
    {"id": "t1", "name": "chat", "observations": [{"id": "o1", "type": "SPAN"}]}
  Langfuse observations: a JSON list, JSONL, CSV or Parquet, in camelCase or
  snake_case
    {"id":"o1","traceId":"t1","type":"SPAN","startTime":"2026-11-20T12:00:00Z"}
    id,trace_id,type,start_time,input,output
  Langfuse scores, as they come with such exports
    {"id":"s1","traceId":"t1","name":"tone","value":1,"dataType":"NUMERIC"}
  OpenTelemetry: OTLP in JSON, a document or one a line
    {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"…","spanId":"…"}]}]}]}
  Conversations: a trace for each line; the model's last message is the output
    {"messages": [{"role": "user", "content": "Hi"}, …]}
  Inputs and outputs: a trace for each line; id, name, metadata, expected_output,
  session, user, tags, model and timestamp may be there
    {"input": "2+2", "output": "4", "expected_output": "4"}

Of a folder, files are taken that end with .json, .jsonl, .ndjson, .csv, .tsv or
.parquet, also with .gz behind it. What cannot be read is told with its line, and
the rest goes on.

Importing twice changes nothing: ids are kept, and made from the content where
there are none.

Exit codes: 0 all is imported; 6 some of it is, the rest was listed; 1 nothing is.

Examples:
  tracemark import traces.json --queue Gold --score-config helpfulness
  tracemark import observations.parquet scores.parquet
  zcat chats.jsonl.gz | tracemark import - --format chat"#;

/// What to import, and where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// Files to read, and folders of them; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Put the traces into this queue; it is made if it is not there.
    #[arg(long, value_name = "NAME|ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) queue: Option<String>,
    /// Score config of a queue that is made; may be repeated. All of the workspace if not given.
    #[arg(long = "score-config", value_name = "NAME|ID", requires = "queue")]
    pub(super) score_configs: Vec<String>,
    /// Workspace file; that of the terminal UI if not given.
    #[arg(long, value_name = "WORKSPACE")]
    pub(super) data: Option<PathBuf>,
    /// Start a new workspace without the sample project.
    #[arg(long)]
    pub(super) empty: bool,
    /// Take every file for this, whatever it looks like.
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
}

/// What a file is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Langfuse traces.
    Traces,
    /// Langfuse observations.
    Observations,
    /// Langfuse scores.
    Scores,
    /// OpenTelemetry in JSON.
    Otlp,
    /// `{"messages": […]}`.
    Chat,
    /// `{"input": …, "output": …}`.
    Pairs,
    /// JSON documents or lists of any of these.
    Json,
    /// One JSON record a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// What every record is.
    pub(super) fn kind(self) -> Option<Kind> {
        match self {
            Self::Traces => Some(Kind::Trace),
            Self::Observations => Some(Kind::Observation),
            Self::Scores => Some(Kind::Score),
            Self::Otlp => Some(Kind::Spans),
            Self::Chat => Some(Kind::Chat),
            Self::Pairs => Some(Kind::Pair),
            Self::Json | Self::Jsonl | Self::Csv | Self::Parquet => None,
        }
    }

    /// How the records are packed.
    pub(super) fn packing(self) -> Option<Packing> {
        match self {
            Self::Json => Some(Packing::Json),
            Self::Jsonl => Some(Packing::Lines),
            Self::Csv => Some(Packing::Csv),
            Self::Parquet => Some(Packing::Parquet),
            _ => None,
        }
    }
}
