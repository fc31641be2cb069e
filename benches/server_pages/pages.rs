//! The pages that must take the same time however much there is: every list and the filters it is
//! usually asked with. `{cursor}`, `{score_cursor}`, `{middle}` and `{deep}` stand for places in the
//! middle of the data, which the workspace of `fill.sql` has.

/// Pages of observations and of what hangs on them, by name.
pub const OBSERVATIONS: &[(&str, &str)] = &[
    ("v2 newest", "/v2/observations?limit=50&fields=core,basic"),
    ("v2 io", "/v2/observations?limit=50&fields=core,basic,io,metadata,usage"),
    ("v2 behind cursor", "/v2/observations?limit=50&cursor={cursor}"),
    ("v2 trace", "/v2/observations?limit=50&traceId=trace-7&fields=core,basic,io"),
    ("v2 trace, environment", "/v2/observations?limit=50&traceId=trace-7&environment=production&type=SPAN"),
    ("v2 session", "/v2/observations?limit=50&sessionId=session-7"),
    ("v2 user", "/v2/observations?limit=50&userId=user-7"),
    ("v2 name", "/v2/observations?limit=50&name=step-3"),
    ("v2 type", "/v2/observations?limit=50&type=GENERATION"),
    ("v2 version", "/v2/observations?limit=50&version=v1"),
    ("v2 level", "/v2/observations?limit=50&level=ERROR"),
    ("v2 level, environment", "/v2/observations?limit=5&level=ERROR&environment=production"),
    ("v2 environment", "/v2/observations?limit=20&environment=staging"),
    ("v2 environments", "/v2/observations?limit=20&environment=staging&environment=none"),
    (
        "v2 environments behind",
        "/v2/observations?limit=10&environment=staging&environment=none&cursor={cursor}",
    ),
    ("v2 names filter", "/v2/observations?limit=20&filter=[{names}]"),
    ("v2 levels filter", "/v2/observations?limit=10&filter=[{levels}]"),
    ("v2 roots", "/v2/observations?limit=50&isRootObservation=true"),
    ("v2 roots filter", "/v2/observations?limit=50&filter=[{roots}]"),
    ("v2 roots, environment", "/v2/observations?limit=5&parentObservationId=&environment=staging"),
    ("v2 children", "/v2/observations?limit=50&parentObservationId=o-70"),
    ("v2 since", "/v2/observations?limit=50&fromStartTime=2026-01-01T00:00:00Z&type=GENERATION"),
    ("v2 until", "/v2/observations?limit=50&toStartTime={middle}"),
    ("v1", "/observations?limit=50"),
    ("v1 page 20", "/observations?limit=20&page=20"),
    ("v1 trace", "/observations?limit=50&traceId=trace-7"),
    ("v1 name", "/observations?limit=50&name=none"),
    ("v1 user", "/observations?limit=50&userId=none"),
    ("v1 parent", "/observations?limit=50&parentObservationId=o-70"),
    ("v1 type", "/observations?limit=50&type=GENERATION"),
    ("v1 level", "/observations?limit=50&level=ERROR&environment=production"),
    ("v1 environment", "/observations?limit=20&environment=staging"),
    ("traces", "/traces?limit=20"),
    ("traces core", "/traces?limit=20&fields=core"),
    ("traces page 5", "/traces?limit=10&page=5"),
    ("traces by id", "/traces?limit=20&orderBy=id.asc"),
    ("traces oldest", "/traces?limit=20&orderBy=timestamp.asc"),
    ("traces by name", "/traces?limit=20&orderBy=name.asc"),
    ("traces by name down", "/traces?limit=20&orderBy=name.desc"),
    ("traces by user", "/traces?limit=20&orderBy=userId.asc"),
    ("traces by session", "/traces?limit=20&orderBy=sessionId.desc"),
    ("traces by release", "/traces?limit=20&orderBy=release.asc"),
    ("traces by version", "/traces?limit=20&orderBy=version.desc"),
    ("traces by public", "/traces?limit=20&orderBy=public.asc"),
    ("traces by bookmark", "/traces?limit=20&orderBy=bookmarked.desc"),
    ("traces tag", "/traces?limit=2&tags=none"),
    ("traces session", "/traces?limit=20&sessionId=session-7"),
    ("traces user", "/traces?limit=20&userId=none"),
    ("traces name", "/traces?limit=20&name=none"),
    ("traces version", "/traces?limit=20&version=none"),
    ("traces release", "/traces?limit=20&release=none"),
    ("traces environment", "/traces?limit=2&environment=staging"),
    ("traces environments", "/traces?limit=2&environment=staging&environment=none"),
    ("trace", "/traces/trace-7"),
    ("sessions", "/sessions?limit=10"),
    ("sessions environment", "/sessions?limit=1&environment=staging"),
    ("session", "/sessions/session-7"),
    ("v3 scores", "/v3/scores?limit=20&fields=core,details,subject"),
    ("v3 scores behind cursor", "/v3/scores?limit=20&cursor={score_cursor}"),
    ("v3 scores name", "/v3/scores?limit=20&name=helpfulness"),
    ("v3 scores names", "/v3/scores?limit=20&name=helpfulness,tone"),
    ("v3 scores trace", "/v3/scores?limit=20&traceId=trace-7"),
    ("v3 scores traces", "/v3/scores?limit=20&traceId=trace-7,trace-8,trace-9"),
    ("v3 scores observation", "/v3/scores?limit=20&traceId=trace-7&observationId=o-70"),
    ("v3 scores session", "/v3/scores?limit=20&sessionId=session-1"),
    ("v3 scores run", "/v3/scores?limit=1&experimentId=run-0"),
    ("v3 scores source", "/v3/scores?limit=5&source=ANNOTATION"),
    ("v3 scores sources", "/v3/scores?limit=20&source=ANNOTATION,API"),
    ("v3 scores type", "/v3/scores?limit=10&dataType=CATEGORICAL"),
    ("v3 scores label", "/v3/scores?limit=5&dataType=CATEGORICAL&value=label-1"),
    ("v3 scores no label", "/v3/scores?limit=5&dataType=CATEGORICAL&value=none"),
    ("v3 scores value", "/v3/scores?limit=5&dataType=NUMERIC&value=99"),
    ("v3 scores from value", "/v3/scores?limit=5&dataType=NUMERIC&valueMin=5&valueMax=6"),
    ("v3 scores config", "/v3/scores?limit=10&configId=config"),
    ("v3 scores queue", "/v3/scores?limit=5&queueId=queue"),
    ("v3 scores author", "/v3/scores?limit=5&authorUserId=user-1"),
    ("v3 scores environment", "/v3/scores?limit=1&environment=staging"),
    ("v3 scores until", "/v3/scores?limit=20&toTimestamp={middle}"),
    ("v2 scores", "/v2/scores?limit=20"),
    ("v2 scores alone", "/v2/scores?limit=20&fields=score"),
    ("v2 scores name", "/v2/scores?limit=20&name=none"),
    ("v2 scores source", "/v2/scores?limit=5&source=ANNOTATION&dataType=NUMERIC"),
    ("v2 scores trace", "/v2/scores?limit=20&traceId=trace-7"),
    ("v2 scores config", "/v2/scores?limit=20&configId=none"),
    ("v2 scores user", "/v2/scores?limit=20&userId=none"),
    ("v1 scores", "/scores?limit=20"),
    ("v1 scores type", "/scores?limit=5&dataType=CATEGORICAL&environment=production"),
    ("comments", "/comments?limit=20"),
    ("comments type", "/comments?limit=20&objectType=OBSERVATION"),
    ("comments object", "/comments?limit=20&objectType=TRACE&objectId=trace-7"),
    ("comments author", "/comments?limit=5&authorUserId=none"),
    ("datasets", "/v2/datasets?limit=20"),
    ("dataset items", "/dataset-items?limit=20"),
    ("dataset items of one", "/dataset-items?limit=20&datasetName=golden"),
    ("dataset items of trace", "/dataset-items?limit=20&sourceTraceId=trace-7"),
    ("runs", "/datasets/golden/runs?limit=1"),
    ("run items", "/dataset-run-items?datasetId=dataset&runName=run%200&limit=20"),
    ("configs", "/score-configs?limit=20"),
];

/// Pages of a queue's items.
pub const ITEMS: &[(&str, &str)] = &[
    ("queues", "/annotation-queues?limit=20"),
    ("items", "/annotation-queues/queue/items?limit=50"),
    ("items pending", "/annotation-queues/queue/items?limit=50&status=PENDING"),
    ("items page 6", "/annotation-queues/queue/items?limit=50&page=6"),
    ("items pending page 4", "/annotation-queues/queue/items?limit=50&status=PENDING&page=4"),
];

/// Answers that are put together from all rows there are, or that skip as many as there are, and so
/// take longer the more there is. They are measured only.
pub const GROWING: &[(&str, &str)] = &[
    ("v1 deep page", "/observations?limit=50&page={deep}"),
    ("traces deep page", "/traces?limit=5&page={deep}"),
    ("traces no tag", "/traces?limit=20&tags=all&tags=none"),
    ("traces filter", "/traces?limit=20&filter=[{tags}]"),
    ("v1 name of many", "/observations?limit=50&name=step-3"),
    ("traces tag of many", "/traces?limit=20&tags=rare"),
    ("v1 half of all", "/observations?limit=50&fromStartTime={middle}"),
    ("traces with a score", "/traces?limit=20&filter=[{scored}]"),
    ("dataset at a version", "/dataset-items?limit=20&datasetName=golden&version=2026-12-01T00:00:00Z"),
    ("experiments", "/experiments?fromStartTime=2026-01-01T00:00:00Z"),
    ("experiment items", "/experiment-items?fromStartTime=2026-01-01T00:00:00Z&limit=20"),
    (
        "experiment items of one",
        "/experiment-items?fromStartTime=2026-01-01T00:00:00Z&experimentId=run-0&limit=20",
    ),
    ("metrics", "/v2/metrics?query={metrics}"),
    ("metrics daily", "/metrics/daily"),
];

/// The path with its places filled in, for so many observations.
pub fn path(pattern: &str, observations: u32) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let (middle, tenth) = (observations / 2, observations / 20);
    let place = |time: &str, at: u32, keys: &str| {
        STANDARD.encode(format!("{{\"v\":1,\"{time}\":\"{}\",{keys}}}", moment(at)))
    };
    let keys = format!("\"lastTraceId\":\"trace-{}\",\"lastId\":\"o-{middle}\"", middle / 10);
    let text = |column: &str, kind: &str, operator: &str, value: &str| {
        format!(r#"{{"column":"{column}","type":"{kind}","operator":"{operator}","value":{value}}}"#)
    };
    let any = |column: &str, list: &str| text(column, "stringOptions", "any of", list);
    let scored = r#"{"column":"scores","type":"numberObject","key":"tone","operator":">","value":5}"#;
    let metrics = r#"{"view":"observations","metrics":[{"measure":"count","aggregation":"count"}],
        "dimensions":[{"field":"level"}],"filters":[],"fromTimestamp":"2026-01-01T00:00:00Z",
        "toTimestamp":"2026-12-01T00:00:00Z"}"#;
    let values = [
        ("{cursor}", place("lastStartTimeTo", middle, &keys)),
        ("{score_cursor}", place("lastTimestamp", tenth, &format!("\"lastId\":\"s-{tenth}\""))),
        ("{middle}", moment(tenth)),
        ("{deep}", (observations / 100).to_string()),
        ("{names}", any("name", r#"["step-1","none"]"#)),
        ("{levels}", any("level", r#"["ERROR","WARNING"]"#)),
        ("{roots}", text("isRootObservation", "boolean", "=", "true")),
        ("{tags}", text("tags", "arrayOptions", "any of", r#"["none","some"]"#)),
        ("{scored}", scored.to_owned()),
        ("{metrics}", metrics.to_owned()),
    ];
    let filled = values.iter().fold(pattern.to_owned(), |path, (name, value)| path.replace(name, value));
    filled
        .replace(['\n'], "")
        .replace(' ', "%20")
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace('[', "%5B")
        .replace(']', "%5D")
        .replace('>', "%3E")
        .replace('+', "%2B")
}

/// The time of the observation, score or item with this number.
fn moment(number: u32) -> String {
    let (days, rest) = (number / 86_400, number % 86_400);
    format!("2026-01-{:02}T{:02}:{:02}:{:02}.000Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}
