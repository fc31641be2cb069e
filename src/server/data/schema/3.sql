-- Datasets, their items with all versions, and runs over them. JSON is kept as it is given back.

CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    metadata TEXT,
    input_schema TEXT,
    expected_output_schema TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX datasets_newest ON datasets (created_at DESC, id);

-- Every write is a version; the present one has no end.
CREATE TABLE dataset_items (
    id TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    status TEXT NOT NULL,
    input TEXT,
    expected_output TEXT,
    metadata TEXT,
    source_trace_id TEXT,
    source_observation_id TEXT,
    PRIMARY KEY (id, valid_from)
) STRICT;
CREATE INDEX dataset_items_newest ON dataset_items (dataset_id, valid_from DESC, id);
CREATE INDEX dataset_items_present ON dataset_items (valid_from DESC, id) WHERE valid_to IS NULL;
CREATE INDEX dataset_items_trace ON dataset_items (source_trace_id) WHERE source_trace_id IS NOT NULL;

-- A run is what the new data model calls an experiment.
CREATE TABLE dataset_runs (
    id TEXT PRIMARY KEY,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    name TEXT NOT NULL,
    description TEXT,
    metadata TEXT NOT NULL, -- JSON object
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (dataset_id, name)
) STRICT;
CREATE INDEX dataset_runs_newest ON dataset_runs (dataset_id, created_at DESC, id);

-- Neither the item nor the trace has to be there.
CREATE TABLE dataset_run_items (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES dataset_runs (id) ON DELETE CASCADE,
    item_id TEXT NOT NULL,
    item_version TEXT NOT NULL, -- its valid_from
    trace_id TEXT NOT NULL,
    observation_id TEXT,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX dataset_run_items_newest ON dataset_run_items (run_id, created_at DESC, id);

-- Spans of the new data model that ran in an experiment.
CREATE TABLE experiment_spans (
    trace_id TEXT NOT NULL,
    observation_id TEXT NOT NULL,
    experiment_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    metadata TEXT NOT NULL, -- JSON object
    dataset_id TEXT,
    item_id TEXT NOT NULL,
    item_version TEXT,
    expected_output TEXT,        -- JSON
    item_metadata TEXT NOT NULL, -- JSON object
    is_item INTEGER NOT NULL,    -- 1: the span that stands for the item
    PRIMARY KEY (trace_id, observation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX experiment_spans_experiment ON experiment_spans (experiment_id);
-- (Rows that are replaced do not fire this.)
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

CREATE INDEX scores_run ON scores (run_id) WHERE run_id IS NOT NULL;
