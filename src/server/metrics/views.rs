//! What can be measured, and by what it can be grouped and filtered.

use super::condition::Holds;
use super::query::Version;

/// What else has to be joined for a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Nothing.
    Own,
    /// The score's trace.
    Trace,
    /// The score's observation.
    Observation,
}

/// A column to group and filter by.
#[derive(Debug, Clone, Copy)]
pub struct Dimension {
    pub name: &'static str,
    pub sql: &'static str,
    pub relation: Relation,
    pub holds: Holds,
    /// Whether it has about as many values as there are rows.
    pub is_unbounded: bool,
    /// Whether it is true or false.
    pub is_flag: bool,
}

impl Dimension {
    const fn own(name: &'static str, sql: &'static str) -> Self {
        let (relation, holds) = (Relation::Own, Holds::One);
        Self { name, sql, relation, holds, is_unbounded: false, is_flag: false }
    }

    const fn trace(name: &'static str, sql: &'static str) -> Self {
        Self { relation: Relation::Trace, ..Self::own(name, sql) }
    }

    const fn observation(name: &'static str, sql: &'static str) -> Self {
        Self { relation: Relation::Observation, ..Self::own(name, sql) }
    }

    const fn list(self) -> Self {
        Self { holds: Holds::List, ..self }
    }

    const fn unbounded(self) -> Self {
        Self { is_unbounded: true, ..self }
    }

    const fn flag(self) -> Self {
        Self { is_flag: true, ..self }
    }
}

/// A value per row.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    pub name: &'static str,
    pub sql: &'static str,
    /// Whether it is a text, which can only be counted.
    pub is_text: bool,
}

const fn measure(name: &'static str, sql: &'static str) -> Measure {
    Measure { name, sql, is_text: false }
}

/// A table to measure in.
#[derive(Debug)]
pub struct View {
    pub from: &'static str,
    /// Which rows of it, always true if all.
    pub only: &'static str,
    /// The name of the time in filters.
    pub time: &'static str,
    pub time_sql: &'static str,
    pub metadata_sql: &'static str,
    pub dimensions: &'static [Dimension],
    pub more_dimensions: &'static [Dimension],
    pub measures: &'static [Measure],
}

impl View {
    /// All dimensions in their order.
    pub fn dimensions(&self) -> impl Iterator<Item = &'static Dimension> {
        self.dimensions.iter().chain(self.more_dimensions)
    }

    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&'static Dimension> {
        self.dimensions().find(|dimension| dimension.name == name)
    }
}

/// The views of a version, by name.
pub fn names(version: Version) -> &'static [&'static str] {
    const ALL: [&str; 5] =
        ["traces", "observations", "scores-numeric", "scores-boolean", "scores-categorical"];
    match version {
        Version::V1 => &ALL,
        Version::V2 => ALL.split_at(1).1,
    }
}

/// The view of that name; observations if there is none.
pub fn find(name: &str, version: Version) -> &'static View {
    match (name, version) {
        ("traces", _) => &TRACES,
        ("scores-numeric", _) => &NUMERIC,
        ("scores-boolean", _) => &BOOLEAN,
        ("scores-categorical", _) => &CATEGORICAL,
        (_, Version::V1) => &OLD_OBSERVATIONS,
        (_, Version::V2) => &OBSERVATIONS,
    }
}

const OBSERVATION_DIMENSIONS: &[Dimension] = &[
    Dimension::own("id", "o.id").unbounded(),
    Dimension::own("traceId", "o.trace_id").unbounded(),
    Dimension::own("environment", "nullif(o.environment, '')"),
    Dimension::own("parentObservationId", "nullif(o.parent_id, '')").unbounded(),
    Dimension::own("type", "o.type"),
    Dimension::own("name", "o.name"),
    Dimension::own("level", "o.level"),
    Dimension::own("version", "nullif(o.version, '')"),
    Dimension::own("userId", "nullif(o.user_id, '')").unbounded(),
    Dimension::own("sessionId", "nullif(o.session_id, '')").unbounded(),
    Dimension::own("tags", "o.tags").list(),
    Dimension::own("release", "nullif(o.release, '')"),
    Dimension::own("traceName", "nullif(o.trace_name, '')"),
    Dimension::own("traceRelease", "nullif(o.release, '')"),
    Dimension::own("traceVersion", "nullif(o.version, '')"),
    Dimension::own("providedModelName", "nullif(o.model, '')"),
    Dimension::own("promptName", "nullif(o.prompt_name, '')"),
    Dimension::own("promptVersion", "o.prompt_version"),
    Dimension::own("startTimeMonth", "substr(o.start_time, 1, 7)"),
];

/// Sums the entries of a JSON object whose key has a word in it.
macro_rules! entries {
    ($object:literal, $word:literal) => {
        concat!(
            "(SELECT total(value) FROM json_each(",
            $object,
            ") WHERE instr(lower(key), '",
            $word,
            "') > 0)"
        )
    };
}

/// What both data models measure of an observation, after `first`.
macro_rules! observation_measures {
    ($($first:expr,)*) => {
        &[
            measure("count", "1"),
            $($first,)*
            measure("latency", "round(o.latency * 1000)"),
            measure("streamingLatency", "round((o.latency - o.time_to_first_token) * 1000)"),
            measure("inputTokens", entries!("o.usage_details", "input")),
            measure("outputTokens", entries!("o.usage_details", "output")),
            measure("totalTokens", "ifnull(json_extract(o.usage_details, '$.total'), 0)"),
            measure(
                "outputTokensPerSecond",
                concat!(
                    entries!("o.usage_details", "output"),
                    " * 1.0 / nullif(CAST(o.latency - o.time_to_first_token AS INTEGER), 0)"
                ),
            ),
            measure(
                "tokensPerSecond",
                "json_extract(o.usage_details, '$.total') * 1.0 / nullif(CAST(o.latency AS INTEGER), 0)",
            ),
            measure("inputCost", entries!("o.cost_details", "input")),
            measure("outputCost", entries!("o.cost_details", "output")),
            measure("totalCost", "o.total_cost"),
            measure("timeToFirstToken", "round(o.time_to_first_token * 1000)"),
            measure(
                "countScores",
                "(SELECT count(*) FROM scores AS x WHERE x.trace_id = o.trace_id AND x.observation_id = o.id)",
            ),
        ]
    };
}

const OBSERVATION_MEASURES: &[Measure] =
    observation_measures![Measure { is_text: true, ..measure("traceId", "o.trace_id") },];
const OLD_MEASURES: &[Measure] = observation_measures![];

const OBSERVATIONS: View = View {
    from: "observations AS o",
    only: "TRUE",
    time: "start_time",
    time_sql: "o.start_time",
    metadata_sql: "o.metadata",
    dimensions: OBSERVATION_DIMENSIONS,
    more_dimensions: &[
        Dimension::own("isRootObservation", "(o.parent_id IS NULL OR o.is_app_root = 1)").flag()
    ],
    measures: OBSERVATION_MEASURES,
};

const OLD_PARENT: &str = "iif(o.is_legacy = 1 AND o.parent_id = 't-' || o.trace_id, NULL, o.parent_id)";

const OLD_OBSERVATIONS: View = View {
    only: "o.is_synthetic = 0",
    dimensions: &[
        Dimension::own("id", "o.id"),
        Dimension::own("traceId", "o.trace_id"),
        Dimension::own("traceName", "nullif(o.trace_name, '')"),
        Dimension::own("environment", "o.environment"),
        Dimension::own("parentObservationId", OLD_PARENT),
        Dimension::own("type", "o.type"),
        Dimension::own("name", "o.name"),
        Dimension::own("level", "o.level"),
        Dimension::own("version", "nullif(iif(o.is_legacy = 1, o.own_version, o.version), '')"),
        Dimension::own("tags", "o.tags").list(),
        Dimension::own("providedModelName", "nullif(o.model, '')"),
        Dimension::own("promptName", "nullif(o.prompt_name, '')"),
        Dimension::own("promptVersion", "o.prompt_version"),
        Dimension::own("userId", "nullif(o.user_id, '')"),
        Dimension::own("sessionId", "nullif(o.session_id, '')"),
        Dimension::own("traceRelease", "nullif(o.release, '')"),
        Dimension::own("traceVersion", "nullif(o.version, '')"),
        Dimension::own("startTimeMonth", "substr(o.start_time, 1, 7)"),
    ],
    more_dimensions: &[],
    measures: OLD_MEASURES,
    ..OBSERVATIONS
};

const SCORE_DIMENSIONS: &[Dimension] = &[
    Dimension::own("sessionId", "s.session_id").unbounded(),
    Dimension::trace("traceName", "t.name"),
    Dimension::trace("userId", "t.user_id").unbounded(),
    Dimension::trace("tags", "t.tags").list(),
    Dimension::trace("traceRelease", "t.release"),
    Dimension::trace("traceVersion", "t.version"),
    Dimension::observation("observationName", "o.name"),
    Dimension::observation("observationModelName", "nullif(o.model, '')"),
    Dimension::observation("observationPromptName", "nullif(o.prompt_name, '')"),
    Dimension::observation("observationPromptVersion", "o.prompt_version"),
    Dimension::own("id", "s.id").unbounded(),
    Dimension::own("environment", "s.environment"),
    Dimension::own("name", "s.name"),
    Dimension::own("source", "s.source"),
    Dimension::own("dataType", "s.data_type"),
    Dimension::own("traceId", "s.trace_id").unbounded(),
    Dimension::own("configId", "s.config_id"),
    Dimension::own("timestampMonth", "substr(s.timestamp, 1, 7)"),
    Dimension::own("timestampDay", "substr(s.timestamp, 1, 10)"),
    Dimension::own("observationId", "s.observation_id").unbounded(),
];

const NUMERIC: View = View {
    from: "scores AS s",
    only: "s.data_type IN ('NUMERIC', 'BOOLEAN')",
    time: "timestamp",
    time_sql: "s.timestamp",
    metadata_sql: "s.metadata",
    dimensions: SCORE_DIMENSIONS,
    more_dimensions: &[Dimension::own("value", "s.number")],
    measures: &[measure("count", "1"), measure("value", "s.number")],
};

const BOOLEAN: View = View {
    only: "s.data_type = 'BOOLEAN'",
    more_dimensions: &[
        Dimension::own("value", "s.number"),
        Dimension::own("booleanValue", "(s.number <> 0)").flag(),
    ],
    ..NUMERIC
};

const CATEGORICAL: View = View {
    only: "s.data_type = 'CATEGORICAL'",
    more_dimensions: &[Dimension::own("stringValue", "s.text")],
    measures: &[measure("count", "1")],
    ..NUMERIC
};

const TRACES: View = View {
    from: "traces AS t",
    only: "TRUE",
    time: "timestamp",
    time_sql: "t.timestamp",
    metadata_sql: "t.metadata",
    dimensions: &[
        Dimension::own("id", "t.id"),
        Dimension::own("name", "t.name"),
        Dimension::own("tags", "t.tags").list(),
        Dimension::own("userId", "t.user_id"),
        Dimension::own("sessionId", "t.session_id"),
        Dimension::own("release", "t.release"),
        Dimension::own("version", "t.version"),
        Dimension::own("environment", "t.environment"),
        Dimension::own("timestampMonth", "substr(t.timestamp, 1, 7)"),
    ],
    more_dimensions: &[],
    measures: &[
        measure("count", "1"),
        measure(
            "observationsCount",
            "(SELECT count(*) FROM observations AS o WHERE o.trace_id = t.id AND o.is_synthetic = 0)",
        ),
        measure("scoresCount", "(SELECT count(*) FROM scores AS s WHERE s.trace_id = t.id)"),
        measure("uniqueUserIds", "(t.user_id IS NOT NULL)"),
        measure("uniqueSessionIds", "(t.session_id IS NOT NULL)"),
        measure(
            "latency",
            "(SELECT round((julianday(max(o.end_time)) - julianday(min(o.start_time))) * 86400000)
            FROM observations AS o WHERE o.trace_id = t.id AND o.is_synthetic = 0)",
        ),
        measure(
            "totalTokens",
            "(SELECT total(json_extract(o.usage_details, '$.total')) FROM observations AS o
            WHERE o.trace_id = t.id AND o.is_synthetic = 0)",
        ),
        measure(
            "totalCost",
            "(SELECT total(o.total_cost) FROM observations AS o WHERE o.trace_id = t.id AND o.is_synthetic = 0)",
        ),
    ],
};
