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

CREATE INDEX scores_run ON scores (run_id) WHERE run_id IS NOT NULL;
