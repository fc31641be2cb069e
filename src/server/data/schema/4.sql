-- Evaluators: how to score, in versions. Their id stays over all versions; names may repeat.
CREATE TABLE evaluators (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    type TEXT NOT NULL, -- llm_as_judge or code
    paused_at TEXT,
    paused_reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX evaluators_changed ON evaluators (updated_at DESC, id DESC);
CREATE INDEX evaluators_newest ON evaluators (created_at DESC, id DESC);
CREATE INDEX evaluators_name ON evaluators (name);

CREATE TABLE evaluator_versions (
    evaluator_id TEXT NOT NULL REFERENCES evaluators (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    definition TEXT NOT NULL, -- JSON, see server::evals::definition
    created_at TEXT NOT NULL,
    PRIMARY KEY (evaluator_id, version)
) STRICT, WITHOUT ROWID;

-- What is to be scored, and by which evaluators.
CREATE TABLE evaluation_rules (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    target TEXT NOT NULL, -- observation or experiment
    is_enabled INTEGER NOT NULL,
    sampling REAL NOT NULL,
    filter TEXT NOT NULL, -- JSON array of conditions
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX evaluation_rules_newest ON evaluation_rules (created_at DESC, id DESC);
CREATE INDEX evaluation_rules_name ON evaluation_rules (name);

CREATE TABLE rule_evaluators (
    rule_id TEXT NOT NULL REFERENCES evaluation_rules (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    evaluator_id TEXT NOT NULL REFERENCES evaluators (id) ON DELETE CASCADE,
    mapping TEXT, -- JSON array; null: as the evaluator has it
    PRIMARY KEY (rule_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_evaluators_evaluator ON rule_evaluators (evaluator_id);
