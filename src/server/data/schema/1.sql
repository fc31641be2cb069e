-- Times are ISO-8601 UTC texts with milliseconds, so that their order is the order of time.
-- Texts of events that are absent are empty, as in the real event store.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT) STRICT;

CREATE TABLE score_configs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    data_type TEXT NOT NULL,
    is_archived INTEGER NOT NULL DEFAULT 0,
    min_value REAL,
    max_value REAL,
    categories TEXT, -- JSON array of {label, value}
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE queues (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    score_config_ids TEXT NOT NULL, -- JSON array of ids, in the order of the rubric
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE items (
    id TEXT PRIMARY KEY,
    queue_id TEXT NOT NULL REFERENCES queues (id),
    object_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    status TEXT NOT NULL,
    completed_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX items_newest ON items (queue_id, created_at DESC, id DESC);

CREATE TABLE assignments (
    queue_id TEXT NOT NULL REFERENCES queues (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (queue_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE scores (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    data_type TEXT NOT NULL,
    number REAL, -- NUMERIC and BOOLEAN
    text TEXT,   -- CATEGORICAL, TEXT and CORRECTION
    source TEXT NOT NULL,
    config_id TEXT,
    queue_id TEXT,
    trace_id TEXT,
    observation_id TEXT,
    session_id TEXT,
    run_id TEXT,
    comment TEXT,
    metadata TEXT NOT NULL, -- JSON object
    environment TEXT NOT NULL,
    author_user_id TEXT,
    timestamp TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX scores_newest ON scores (timestamp DESC, id DESC);
CREATE INDEX scores_trace ON scores (trace_id);
CREATE INDEX scores_session ON scores (session_id);

-- What was answered 200 or 202 and has not happened yet.
CREATE TABLE score_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    due TEXT NOT NULL,
    body TEXT NOT NULL -- JSON: {"write": score body} or {"delete": id}
) STRICT;

CREATE TABLE comments (
    id TEXT PRIMARY KEY,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    content TEXT NOT NULL,
    author_user_id TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX comments_object ON comments (object_type, object_id);

CREATE TABLE observations (
    id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    parent_id TEXT,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    status_message TEXT NOT NULL,
    start_time TEXT NOT NULL,
    end_time TEXT,
    completion_start_time TEXT,
    latency REAL,             -- seconds
    time_to_first_token REAL, -- seconds
    version TEXT NOT NULL,
    environment TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    release TEXT NOT NULL,
    trace_name TEXT NOT NULL,
    tags TEXT NOT NULL, -- JSON array
    model TEXT NOT NULL,
    model_parameters TEXT NOT NULL, -- JSON object
    usage_details TEXT NOT NULL,    -- JSON object of numbers
    cost_details TEXT NOT NULL,     -- JSON object of numbers, USD
    total_cost REAL NOT NULL,
    input TEXT,
    output TEXT,
    metadata TEXT NOT NULL, -- JSON object
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (trace_id, id)
) STRICT;
CREATE INDEX observations_newest ON observations (start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_id ON observations (id);
CREATE INDEX observations_session ON observations (session_id) WHERE session_id <> '';

CREATE TABLE media (
    id TEXT PRIMARY KEY,
    content_type TEXT NOT NULL,
    content_length INTEGER NOT NULL,
    sha256 TEXT NOT NULL, -- standard base64
    content BLOB,
    uploaded_at TEXT,
    upload_status INTEGER,
    upload_error TEXT
) STRICT;
