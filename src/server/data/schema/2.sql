-- Traces as the old data model has them; texts that are absent are null here.
CREATE TABLE traces (
    id TEXT PRIMARY KEY,
    timestamp TEXT NOT NULL,
    name TEXT,
    user_id TEXT,
    session_id TEXT,
    release TEXT,
    version TEXT,
    environment TEXT NOT NULL,
    tags TEXT NOT NULL, -- JSON array
    is_public INTEGER NOT NULL DEFAULT 0,
    is_bookmarked INTEGER NOT NULL DEFAULT 0,
    input TEXT,
    output TEXT,
    metadata TEXT NOT NULL, -- JSON object
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX traces_newest ON traces (timestamp DESC, id DESC);
CREATE INDEX traces_session ON traces (session_id, timestamp DESC) WHERE session_id IS NOT NULL;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_newest ON sessions (created_at DESC, id DESC);

-- 1: came as an event of the old data model. It then hangs below a root "t-<trace id>", shows its
-- trace's metadata besides its own, and its trace's version where it has none.
ALTER TABLE observations ADD COLUMN is_legacy INTEGER NOT NULL DEFAULT 0;
-- 1: that root, which only the new data model shows.
ALTER TABLE observations ADD COLUMN is_synthetic INTEGER NOT NULL DEFAULT 0;
ALTER TABLE observations ADD COLUMN own_version TEXT NOT NULL DEFAULT '';
ALTER TABLE observations ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
ALTER TABLE observations ADD COLUMN prompt_id TEXT NOT NULL DEFAULT '';
ALTER TABLE observations ADD COLUMN prompt_name TEXT NOT NULL DEFAULT '';
ALTER TABLE observations ADD COLUMN prompt_version INTEGER;
ALTER TABLE observations ADD COLUMN is_public INTEGER NOT NULL DEFAULT 0;
ALTER TABLE observations ADD COLUMN is_bookmarked INTEGER NOT NULL DEFAULT 0;

INSERT INTO traces
SELECT trace_id, start_time, nullif(trace_name, ''), nullif(user_id, ''), nullif(session_id, ''),
    nullif(release, ''), nullif(version, ''), environment, tags, 0, 0, input, output, metadata, created_at,
    updated_at
FROM observations AS o
WHERE id = (SELECT id FROM observations WHERE trace_id = o.trace_id
    ORDER BY parent_id IS NOT NULL, start_time, id LIMIT 1);

INSERT INTO sessions
SELECT session_id, min(environment), min(created_at) FROM traces WHERE session_id IS NOT NULL
GROUP BY session_id;

ALTER TABLE scores ADD COLUMN execution_trace_id TEXT;

-- Events of the old data model as they came in: a thing is put together from all that was said about
-- it, whatever the order, and an event sent twice counts once.
CREATE TABLE ingested (
    entity TEXT NOT NULL, -- trace, observation
    body_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    is_update INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (entity, body_id, event_id)
) STRICT;

-- Nothing is left of what is deleted. (Rows that are replaced do not fire these.)
CREATE TRIGGER traces_forgotten AFTER DELETE ON traces BEGIN
    DELETE FROM ingested WHERE entity = 'trace' AND body_id = old.id;
END;
CREATE TRIGGER observations_forgotten AFTER DELETE ON observations
WHEN NOT EXISTS (SELECT 1 FROM observations WHERE id = old.id) BEGIN
    DELETE FROM ingested WHERE entity = 'observation' AND body_id = old.id;
END;
