//! What may be filtered in the lists of traces and observations, and the SQL expressions behind it.

use crate::server::data::filter::{Kind, View, column};

/// A sum over the members of an object whose keys contain a word.
macro_rules! sum {
    ($object:literal, $word:literal) => {
        concat!(
            "(SELECT ifnull(sum(value), 0) FROM json_each(observations.",
            $object,
            ") WHERE key LIKE '%",
            $word,
            "%')"
        )
    };
}

/// The same over all observations of a trace.
macro_rules! trace_sum {
    ($object:literal, $word:literal) => {
        concat!(
            "(SELECT ifnull(sum(j.value), 0) FROM observations AS o, json_each(o.",
            $object,
            ") AS j WHERE o.trace_id = traces.id AND o.is_synthetic = 0 AND j.key LIKE '",
            $word,
            "')"
        )
    };
}

macro_rules! level_count {
    ($level:literal) => {
        concat!(
            "(SELECT count(*) FROM observations AS o WHERE o.trace_id = traces.id AND o.is_synthetic = 0 \
             AND o.level = '",
            $level,
            "')"
        )
    };
}

/// What the observation did in an experiment.
macro_rules! experiment {
    ($column:literal, $absent:literal) => {
        concat!(
            "ifnull((SELECT e.",
            $column,
            " FROM experiment_spans AS e WHERE e.trace_id = observations.trace_id \
             AND e.observation_id = observations.id), ",
            $absent,
            ")"
        )
    };
}

const TOKENS_PER_SECOND: &str = concat!(sum!("usage_details", "output"), " / nullif(latency, 0)");

/// Whether an observation has no parent, or its application says that it began there.
pub const IS_ROOT: &str = "(parent_id IS NULL OR is_app_root = 1)";

/// Observations of the new data model.
pub const EVENTS: View = View {
    inherits_metadata: true,
    columns: &[
        column("environment", "Environment", Kind::Options, "environment"),
        column("type", "Type", Kind::Options, "type"),
        column("id", "ID", Kind::Options, "id"),
        column("name", "Name", Kind::Options, "name"),
        column("traceId", "Trace ID", Kind::Text, "trace_id"),
        column("startTime", "Start Time", Kind::Time, "start_time"),
        column("endTime", "End Time", Kind::Time, "end_time"),
        column("timeToFirstToken", "Time To First Token (s)", Kind::Number, "time_to_first_token"),
        column("latency", "Latency (s)", Kind::Number, "latency"),
        column("tokensPerSecond", "Tokens per second", Kind::Number, TOKENS_PER_SECOND),
        column("inputCost", "Input Cost ($)", Kind::Number, sum!("cost_details", "input")),
        column("outputCost", "Output Cost ($)", Kind::Number, sum!("cost_details", "output")),
        column("totalCost", "Total Cost ($)", Kind::Number, "json_extract(cost_details, '$.total')"),
        column("level", "Level", Kind::Options, "level"),
        column("statusMessage", "Status Message", Kind::Text, "status_message"),
        column("model", "Model", Kind::Options, "model"),
        column("providedModelName", "Provided Model Name", Kind::Options, "model"),
        column("modelId", "Model ID", Kind::Options, "model_id"),
        column("inputTokens", "Input Tokens", Kind::Number, sum!("usage_details", "input")),
        column("outputTokens", "Output Tokens", Kind::Number, sum!("usage_details", "output")),
        column("totalTokens", "Total Tokens", Kind::Number, "json_extract(usage_details, '$.total')"),
        column("tokens", "Tokens", Kind::Number, "json_extract(usage_details, '$.total')"),
        column("metadata", "Metadata", Kind::Metadata, "metadata"),
        column("version", "Version", Kind::Text, "version"),
        column("promptName", "Prompt Name", Kind::Options, "prompt_name"),
        column("promptVersion", "Prompt Version", Kind::Number, "prompt_version"),
        column("input", "Input", Kind::Payload, "input"),
        column("output", "Output", Kind::Payload, "output"),
        column("sessionId", "Session ID", Kind::Text, "session_id"),
        column("traceName", "Trace Name", Kind::Options, "trace_name"),
        column("userId", "User ID", Kind::Text, "user_id"),
        column("traceTags", "Trace Tags", Kind::List, "tags"),
        column("tags", "Tags", Kind::List, "tags"),
        column("traceEnvironment", "Trace Environment", Kind::Options, "environment"),
        column("hasParentObservation", "Has Parent Observation", Kind::Flag, "(parent_id IS NOT NULL)"),
        column("isRootObservation", "Is Root Observation", Kind::Flag, IS_ROOT),
        column("hasInput", "Has Input", Kind::Flag, "(ifnull(input, '') <> '')"),
        column("hasOutput", "Has Output", Kind::Flag, "(ifnull(output, '') <> '')"),
        column("parentObservationId", "Parent Observation ID", Kind::Link, "parent_id"),
        column(
            "experimentDatasetId",
            "Experiment Dataset ID",
            Kind::Options,
            experiment!("dataset_id", "''"),
        ),
        column("experimentId", "Experiment ID", Kind::Options, experiment!("experiment_id", "''")),
        column("experimentName", "Experiment Name", Kind::Options, experiment!("name", "''")),
        column(
            "isExperimentItemRootSpan",
            "Is Experiment Item Root Span",
            Kind::Flag,
            experiment!("is_item", "0"),
        ),
        column("toolDefinitions", "Available Tools", Kind::Number, "0"),
        column("toolCalls", "Tool Calls", Kind::Number, "0"),
        column("toolNames", "Tool Names", Kind::List, "'[]'"),
        column("calledToolNames", "Called Tool Names", Kind::List, "'[]'"),
    ],
};

/// The parent as the old data model has it, which knows no synthetic root.
pub const OLD_PARENT: &str = "iif(is_legacy = 1 AND parent_id = 't-' || trace_id, NULL, parent_id)";
/// The version as the old data model has it: only its own.
pub const OLD_VERSION: &str = "nullif(iif(is_legacy = 1, own_version, version), '')";

/// Observations of the old data model: absent texts are null.
pub const OBSERVATIONS: View = View {
    inherits_metadata: false,
    columns: &[
        column("traceTags", "Trace Tags", Kind::List, "tags"),
        column("userId", "User ID", Kind::Text, "nullif(user_id, '')"),
        column("sessionId", "Session ID", Kind::Text, "nullif(session_id, '')"),
        column("traceName", "Trace Name", Kind::Text, "nullif(trace_name, '')"),
        column("traceEnvironment", "Trace Environment", Kind::Text, "environment"),
        column("environment", "Environment", Kind::Text, "environment"),
        column("type", "Type", Kind::Text, "type"),
        column("type", "type", Kind::Text, "type"),
        column("id", "ID", Kind::Text, "id"),
        column("name", "Name", Kind::Text, "nullif(name, '')"),
        column("traceId", "Trace ID", Kind::Text, "trace_id"),
        column("parentObservationId", "Parent Observation ID", Kind::Text, OLD_PARENT),
        column("startTime", "Start Time", Kind::Time, "start_time"),
        column("endTime", "End Time", Kind::Time, "end_time"),
        column("timeToFirstToken", "Time To First Token (s)", Kind::Number, "time_to_first_token"),
        column("latency", "Latency (s)", Kind::Number, "latency"),
        column("tokensPerSecond", "Tokens per second", Kind::Number, TOKENS_PER_SECOND),
        column("inputCost", "Input Cost ($)", Kind::Number, sum!("cost_details", "input")),
        column("outputCost", "Output Cost ($)", Kind::Number, sum!("cost_details", "output")),
        column("totalCost", "Total Cost ($)", Kind::Number, "json_extract(cost_details, '$.total')"),
        column("level", "Level", Kind::Text, "level"),
        column("statusMessage", "Status Message", Kind::Text, "nullif(status_message, '')"),
        column("model", "Model", Kind::Text, "nullif(model, '')"),
        column("modelId", "Model ID", Kind::Text, "nullif(model_id, '')"),
        column("inputTokens", "Input Tokens", Kind::Number, sum!("usage_details", "input")),
        column("outputTokens", "Output Tokens", Kind::Number, sum!("usage_details", "output")),
        column("totalTokens", "Total Tokens", Kind::Number, "json_extract(usage_details, '$.total')"),
        column("tokens", "Tokens", Kind::Number, "json_extract(usage_details, '$.total')"),
        column("metadata", "Metadata", Kind::Metadata, "metadata"),
        column("version", "Version", Kind::Text, OLD_VERSION),
        column("promptName", "Prompt Name", Kind::Text, "nullif(prompt_name, '')"),
        column("promptVersion", "Prompt Version", Kind::Number, "prompt_version"),
        column("toolDefinitions", "Available Tools", Kind::Number, "0"),
        column("toolCalls", "Tool Calls", Kind::Number, "0"),
        column("toolNames", "Tool Names", Kind::List, "'[]'"),
        column("calledToolNames", "Called Tool Names", Kind::List, "'[]'"),
    ],
};

const HIGHEST_LEVEL: &str = "(SELECT o.level FROM observations AS o WHERE o.trace_id = traces.id AND \
    o.is_synthetic = 0 ORDER BY CASE o.level WHEN 'ERROR' THEN 0 WHEN 'WARNING' THEN 1 \
    WHEN 'DEFAULT' THEN 2 ELSE 3 END LIMIT 1)";
const TRACE_LATENCY: &str = "(SELECT max(unixepoch(ifnull(o.end_time, o.start_time), 'subsec')) - \
    min(unixepoch(o.start_time, 'subsec')) FROM observations AS o WHERE o.trace_id = traces.id AND \
    o.is_synthetic = 0)";

/// Traces of the old data model.
pub const TRACES: View = View {
    inherits_metadata: false,
    columns: &[
        column("bookmarked", "⭐️", Kind::Flag, "is_bookmarked"),
        column("level", "Level", Kind::Text, HIGHEST_LEVEL),
        column("id", "ID", Kind::Text, "id"),
        column("traceId", "Trace ID", Kind::Text, "id"),
        column("name", "Name", Kind::Text, "name"),
        column("traceName", "Trace Name", Kind::Text, "name"),
        column("timestamp", "Timestamp", Kind::Time, "timestamp"),
        column("userId", "User ID", Kind::Text, "user_id"),
        column("sessionId", "Session ID", Kind::Text, "session_id"),
        column("metadata", "Metadata", Kind::Metadata, "metadata"),
        column("version", "Version", Kind::Text, "version"),
        column("release", "Release", Kind::Text, "release"),
        column("environment", "Environment", Kind::Text, "environment"),
        column("tags", "Tags", Kind::List, "tags"),
        column("traceTags", "Trace Tags", Kind::List, "tags"),
        column("warningCount", "Warning Level Count", Kind::Number, level_count!("WARNING")),
        column("errorCount", "Error Level Count", Kind::Number, level_count!("ERROR")),
        column("defaultCount", "Default Level Count", Kind::Number, level_count!("DEFAULT")),
        column("debugCount", "Debug Level Count", Kind::Number, level_count!("DEBUG")),
        column("inputTokens", "Input Tokens", Kind::Number, trace_sum!("usage_details", "%input%")),
        column("outputTokens", "Output Tokens", Kind::Number, trace_sum!("usage_details", "%output%")),
        column("totalTokens", "Total Tokens", Kind::Number, trace_sum!("usage_details", "total")),
        column("tokens", "Tokens", Kind::Number, trace_sum!("usage_details", "total")),
        column("inputCost", "Input Cost ($)", Kind::Number, trace_sum!("cost_details", "%input%")),
        column("outputCost", "Output Cost ($)", Kind::Number, trace_sum!("cost_details", "%output%")),
        column("totalCost", "Total Cost ($)", Kind::Number, trace_sum!("cost_details", "total")),
        column("latency", "Latency (s)", Kind::Number, TRACE_LATENCY),
        column("scores_avg", "Scores (numeric)", Kind::Numbers, "NUMERIC"),
        column("score_categories", "Scores (categorical)", Kind::Categories, "CATEGORICAL"),
        column("score_booleans", "Scores (boolean)", Kind::Flags, "BOOLEAN"),
    ],
};
