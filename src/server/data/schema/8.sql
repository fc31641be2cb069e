-- Every list along an index, whatever it asks for, and totals that are kept, not counted: a page costs the
-- same however many rows there are.

-- Listed by id.
DROP INDEX comments_object;
DROP INDEX comments_author;
CREATE INDEX comments_object ON comments (object_id, id);
CREATE INDEX comments_type ON comments (object_type, id);
CREATE INDEX comments_author ON comments (author_user_id, id) WHERE author_user_id IS NOT NULL;
CREATE TABLE comment_counts (object_type TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO comment_counts SELECT object_type, count(*) FROM comments GROUP BY object_type;
CREATE TRIGGER comments_added AFTER INSERT ON comments BEGIN
    INSERT INTO comment_counts VALUES (new.object_type, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER comments_removed AFTER DELETE ON comments BEGIN
    UPDATE comment_counts SET count = count - 1 WHERE object_type = old.object_type;
END;

-- Payloads come last in a row: SQLite reads a long row from its beginning, so that a page which does not
-- show them reads nothing of them.
DROP VIEW experiment_parts;
CREATE TABLE new_observations (
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
    own_version TEXT NOT NULL DEFAULT '',
    environment TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    release TEXT NOT NULL,
    trace_name TEXT NOT NULL,
    is_legacy INTEGER NOT NULL DEFAULT 0,
    is_synthetic INTEGER NOT NULL DEFAULT 0,
    is_app_root INTEGER NOT NULL DEFAULT 0, -- 1: where the application began, though its parent is elsewhere
    is_public INTEGER NOT NULL DEFAULT 0,
    is_bookmarked INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    model TEXT NOT NULL,
    model_id TEXT NOT NULL DEFAULT '',
    prompt_id TEXT NOT NULL DEFAULT '',
    prompt_name TEXT NOT NULL DEFAULT '',
    prompt_version INTEGER,
    total_cost REAL NOT NULL,
    tags TEXT NOT NULL,             -- JSON array
    usage_details TEXT NOT NULL,    -- JSON object of numbers
    cost_details TEXT NOT NULL,     -- JSON object of numbers, USD
    model_parameters TEXT NOT NULL, -- JSON object
    metadata TEXT NOT NULL,         -- JSON object
    input TEXT,
    output TEXT,
    PRIMARY KEY (trace_id, id)
) STRICT;
INSERT INTO new_observations
SELECT id, trace_id, parent_id, type, name, level, status_message, start_time, end_time,
    completion_start_time, latency, time_to_first_token, version, own_version, environment, user_id,
    session_id, release, trace_name, is_legacy, is_synthetic, 0, is_public, is_bookmarked, created_at,
    updated_at, model, model_id, prompt_id, prompt_name, prompt_version, total_cost, tags, usage_details,
    cost_details, model_parameters, metadata, input, output
FROM observations;
DROP TABLE observations;
ALTER TABLE new_observations RENAME TO observations;

CREATE TRIGGER observations_forgotten AFTER DELETE ON observations
WHEN NOT EXISTS (SELECT 1 FROM observations WHERE id = old.id) BEGIN
    DELETE FROM ingested WHERE entity = 'observation' AND body_id = old.id;
END;
CREATE TRIGGER experiment_spans_forgotten AFTER DELETE ON observations BEGIN
    DELETE FROM experiment_spans WHERE trace_id = old.trace_id AND observation_id = old.id;
END;

-- Which observation did what in which experiment: items of runs, and spans. A trace that a run names
-- without an observation is taken by its root.
CREATE VIEW experiment_parts AS
SELECT r.id AS experiment_id, r.name, r.description, r.metadata, r.dataset_id, l.item_id, l.item_version,
    l.trace_id, ifnull(l.observation_id, (SELECT id FROM observations WHERE trace_id = l.trace_id
        ORDER BY parent_id IS NOT NULL, start_time, id LIMIT 1)) AS observation_id,
    i.expected_output, i.metadata AS item_metadata, 1 AS is_item, l.created_at AS linked_at
FROM dataset_run_items AS l
    JOIN dataset_runs AS r ON r.id = l.run_id
    LEFT JOIN dataset_items AS i ON i.id = l.item_id AND i.valid_from = l.item_version
UNION ALL
SELECT experiment_id, name, description, metadata, dataset_id, item_id, item_version, trace_id,
    observation_id, expected_output, item_metadata, is_item, ''
FROM experiment_spans;

CREATE TABLE new_traces (
    id TEXT PRIMARY KEY,
    timestamp TEXT NOT NULL,
    name TEXT,
    user_id TEXT,
    session_id TEXT,
    release TEXT,
    version TEXT,
    environment TEXT NOT NULL,
    is_public INTEGER NOT NULL DEFAULT 0,
    is_bookmarked INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    tags TEXT NOT NULL,     -- JSON array
    metadata TEXT NOT NULL, -- JSON object
    input TEXT,
    output TEXT
) STRICT;
INSERT INTO new_traces
SELECT id, timestamp, name, user_id, session_id, release, version, environment, is_public, is_bookmarked,
    created_at, updated_at, tags, metadata, input, output
FROM traces;
DROP TABLE traces;
ALTER TABLE new_traces RENAME TO traces;
CREATE TRIGGER traces_forgotten AFTER DELETE ON traces BEGIN
    DELETE FROM ingested WHERE entity = 'trace' AND body_id = old.id;
END;

-- What the list of the old data model asks of every row, `is_synthetic`, stands in the indexes too.
-- (SQLite cannot know that a text asked for is not empty: no conditions on that.)
CREATE INDEX observations_newest ON observations (start_time DESC, trace_id DESC, id DESC, type, is_synthetic);
CREATE INDEX observations_id ON observations (id);
CREATE INDEX observations_trace ON observations (trace_id, start_time DESC, id DESC, is_synthetic);
CREATE INDEX observations_session
    ON observations (session_id, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_user ON observations (user_id, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_name ON observations (name, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_type ON observations (type, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_level ON observations (level, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_version
    ON observations (version, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_environment
    ON observations (environment, start_time DESC, trace_id DESC, id DESC, is_synthetic);
CREATE INDEX observations_roots ON observations (start_time DESC, trace_id DESC, id DESC)
    WHERE (parent_id IS NULL OR is_app_root = 1);
CREATE INDEX observations_below ON observations (parent_id, start_time DESC, trace_id DESC, id DESC)
    WHERE parent_id IS NOT NULL;
-- What a trace sums up of its observations.
CREATE INDEX observations_sums ON observations (trace_id, type, id, start_time, end_time, total_cost)
    WHERE is_synthetic = 0;

CREATE TABLE observation_counts (
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    environment TEXT NOT NULL,
    is_synthetic INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (type, level, environment, is_synthetic)
) STRICT, WITHOUT ROWID;
INSERT INTO observation_counts
SELECT type, level, environment, is_synthetic, count(*) FROM observations GROUP BY 1, 2, 3, 4;
CREATE TRIGGER observations_added AFTER INSERT ON observations BEGIN
    INSERT INTO observation_counts VALUES (new.type, new.level, new.environment, new.is_synthetic, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER observations_removed AFTER DELETE ON observations BEGIN
    UPDATE observation_counts SET count = count - 1 WHERE type = old.type AND level = old.level
        AND environment = old.environment AND is_synthetic = old.is_synthetic;
END;
CREATE TRIGGER observations_moved AFTER UPDATE OF type, level, environment, is_synthetic ON observations
WHEN (new.type, new.level, new.environment, new.is_synthetic)
    <> (old.type, old.level, old.environment, old.is_synthetic) BEGIN
    UPDATE observation_counts SET count = count - 1 WHERE type = old.type AND level = old.level
        AND environment = old.environment AND is_synthetic = old.is_synthetic;
    INSERT INTO observation_counts VALUES (new.type, new.level, new.environment, new.is_synthetic, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE INDEX traces_newest ON traces (timestamp DESC, id DESC);
CREATE INDEX traces_session ON traces (session_id, timestamp DESC, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX traces_session_changed ON traces (session_id, updated_at DESC, id) WHERE session_id IS NOT NULL;
CREATE INDEX traces_user ON traces (user_id, timestamp DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX traces_name ON traces (name, timestamp DESC, id DESC) WHERE name IS NOT NULL;
CREATE INDEX traces_version ON traces (version, timestamp DESC, id DESC) WHERE version IS NOT NULL;
CREATE INDEX traces_release ON traces (release, timestamp DESC, id DESC) WHERE release IS NOT NULL;
CREATE INDEX traces_environment ON traces (environment, timestamp DESC, id DESC);
-- What traces may be ordered by.
CREATE INDEX traces_by_name ON traces (name, id);
CREATE INDEX traces_by_user ON traces (user_id, id);
CREATE INDEX traces_by_session ON traces (session_id, id);
CREATE INDEX traces_by_release ON traces (release, id);
CREATE INDEX traces_by_version ON traces (version, id);
CREATE INDEX traces_by_public ON traces (is_public, id);
CREATE INDEX traces_by_bookmark ON traces (is_bookmarked, id);

CREATE TABLE trace_tags (
    tag TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    PRIMARY KEY (tag, timestamp DESC, trace_id DESC)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO trace_tags SELECT j.value, t.timestamp, t.id FROM traces AS t, json_each(t.tags) AS j
WHERE j.type = 'text';
CREATE TRIGGER traces_tagged AFTER INSERT ON traces WHEN new.tags <> '[]' BEGIN
    INSERT OR IGNORE INTO trace_tags SELECT value, new.timestamp, new.id FROM json_each(new.tags)
    WHERE type = 'text';
END;
CREATE TRIGGER traces_untagged AFTER DELETE ON traces WHEN old.tags <> '[]' BEGIN
    DELETE FROM trace_tags WHERE tag IN (SELECT value FROM json_each(old.tags))
        AND timestamp = old.timestamp AND trace_id = old.id;
END;
CREATE TRIGGER traces_retagged AFTER UPDATE OF tags, timestamp, id ON traces
WHEN (new.tags, new.timestamp, new.id) <> (old.tags, old.timestamp, old.id) BEGIN
    DELETE FROM trace_tags WHERE tag IN (SELECT value FROM json_each(old.tags))
        AND timestamp = old.timestamp AND trace_id = old.id;
    INSERT OR IGNORE INTO trace_tags SELECT value, new.timestamp, new.id FROM json_each(new.tags)
    WHERE type = 'text';
END;

CREATE TABLE trace_counts (environment TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO trace_counts SELECT environment, count(*) FROM traces GROUP BY environment;
CREATE TRIGGER traces_added AFTER INSERT ON traces BEGIN
    INSERT INTO trace_counts VALUES (new.environment, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER traces_removed AFTER DELETE ON traces BEGIN
    UPDATE trace_counts SET count = count - 1 WHERE environment = old.environment;
END;
CREATE TRIGGER traces_moved AFTER UPDATE OF environment ON traces WHEN new.environment <> old.environment BEGIN
    UPDATE trace_counts SET count = count - 1 WHERE environment = old.environment;
    INSERT INTO trace_counts VALUES (new.environment, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE INDEX sessions_environment ON sessions (environment, created_at DESC, id DESC);
CREATE TABLE session_counts (environment TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO session_counts SELECT environment, count(*) FROM sessions GROUP BY environment;
CREATE TRIGGER sessions_added AFTER INSERT ON sessions BEGIN
    INSERT INTO session_counts VALUES (new.environment, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER sessions_removed AFTER DELETE ON sessions BEGIN
    UPDATE session_counts SET count = count - 1 WHERE environment = old.environment;
END;

-- What a score is about, as far as the older lists care: `lost` is a trace that is not there.
ALTER TABLE scores ADD COLUMN is_lost INTEGER NOT NULL DEFAULT 0;
UPDATE scores SET is_lost = 1 WHERE trace_id NOT IN (SELECT id FROM traces);
ALTER TABLE scores ADD COLUMN target TEXT AS (CASE WHEN is_lost THEN 'lost'
    WHEN session_id IS NOT NULL THEN 'session' WHEN run_id IS NOT NULL THEN 'run'
    WHEN trace_id IS NOT NULL THEN 'trace' ELSE 'none' END);
CREATE TRIGGER traces_found AFTER INSERT ON traces BEGIN
    UPDATE scores SET is_lost = 0 WHERE trace_id = new.id;
END;
CREATE TRIGGER traces_lost AFTER DELETE ON traces BEGIN
    UPDATE scores SET is_lost = 1 WHERE trace_id = old.id;
END;

DROP INDEX scores_newest;
DROP INDEX scores_run;
DROP INDEX scores_name;
DROP INDEX scores_type;
-- With what the older lists sort by besides, and ask of every score.
CREATE INDEX scores_newest ON scores (timestamp DESC, id DESC, updated_at, target, data_type);
CREATE INDEX scores_run ON scores (run_id, timestamp DESC, id DESC) WHERE run_id IS NOT NULL;
CREATE INDEX scores_name ON scores (name, timestamp DESC, id DESC, target);
CREATE INDEX scores_type ON scores (data_type, timestamp DESC, id DESC, number);
CREATE INDEX scores_number ON scores (number, timestamp DESC, id DESC) WHERE number IS NOT NULL;
CREATE INDEX scores_label ON scores (text, timestamp DESC, id DESC) WHERE data_type = 'CATEGORICAL';

CREATE TABLE score_counts (
    target TEXT NOT NULL,
    data_type TEXT NOT NULL,
    source TEXT NOT NULL,
    environment TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (target, data_type, source, environment)
) STRICT, WITHOUT ROWID;
INSERT INTO score_counts
SELECT target, data_type, source, environment, count(*) FROM scores GROUP BY 1, 2, 3, 4;
CREATE TRIGGER scores_added AFTER INSERT ON scores BEGIN
    INSERT INTO score_counts VALUES (new.target, new.data_type, new.source, new.environment, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
    UPDATE scores SET is_lost = 1 WHERE id = new.id AND trace_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM traces WHERE id = new.trace_id);
END;
CREATE TRIGGER scores_removed AFTER DELETE ON scores BEGIN
    UPDATE score_counts SET count = count - 1 WHERE target = old.target AND data_type = old.data_type
        AND source = old.source AND environment = old.environment;
END;
CREATE TRIGGER scores_moved AFTER UPDATE ON scores
WHEN (new.target, new.data_type, new.source, new.environment)
    <> (old.target, old.data_type, old.source, old.environment) BEGIN
    UPDATE score_counts SET count = count - 1 WHERE target = old.target AND data_type = old.data_type
        AND source = old.source AND environment = old.environment;
    INSERT INTO score_counts VALUES (new.target, new.data_type, new.source, new.environment, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- A dataset's present items, and all of them by their times for those at a version.
DROP INDEX dataset_items_newest;
DROP INDEX dataset_items_present;
CREATE INDEX dataset_items_newest ON dataset_items (dataset_id, valid_from DESC, id, valid_to, status);
CREATE INDEX dataset_items_present ON dataset_items (status, valid_from DESC, id) WHERE valid_to IS NULL;
CREATE INDEX dataset_items_of_set ON dataset_items (dataset_id, valid_from DESC, id, status)
    WHERE valid_to IS NULL;
CREATE INDEX dataset_items_observation ON dataset_items (source_observation_id)
    WHERE source_observation_id IS NOT NULL;

CREATE TABLE dataset_item_counts (
    dataset_id TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, status)
) STRICT, WITHOUT ROWID;
INSERT INTO dataset_item_counts
SELECT dataset_id, status, count(*) FROM dataset_items WHERE valid_to IS NULL GROUP BY 1, 2;
CREATE TRIGGER dataset_items_added AFTER INSERT ON dataset_items WHEN new.valid_to IS NULL BEGIN
    INSERT INTO dataset_item_counts VALUES (new.dataset_id, new.status, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
-- (An item's version ends before it is replaced by one of the same moment.)
CREATE TRIGGER dataset_items_ended AFTER UPDATE OF valid_to ON dataset_items
WHEN old.valid_to IS NULL AND new.valid_to IS NOT NULL BEGIN
    UPDATE dataset_item_counts SET count = count - 1
    WHERE dataset_id = old.dataset_id AND status = old.status;
END;
CREATE TRIGGER dataset_items_removed AFTER DELETE ON dataset_items WHEN old.valid_to IS NULL BEGIN
    UPDATE dataset_item_counts SET count = count - 1
    WHERE dataset_id = old.dataset_id AND status = old.status;
END;
