-- Indexes of lists. A list that asks for one value of a column finds its rows in the list's order, so
-- that a page costs the same however many rows there are.

CREATE INDEX score_events_due ON score_events (due, seq);

CREATE INDEX items_by_status ON items (queue_id, status, created_at DESC, id DESC);

-- How many items a queue has, so that no page has to count them.
CREATE TABLE item_counts (
    queue_id TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (queue_id, status)
) STRICT, WITHOUT ROWID;
INSERT INTO item_counts SELECT queue_id, status, count(*) FROM items GROUP BY queue_id, status;
CREATE TRIGGER items_added AFTER INSERT ON items BEGIN
    INSERT INTO item_counts VALUES (new.queue_id, new.status, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER items_removed AFTER DELETE ON items BEGIN
    UPDATE item_counts SET count = count - 1 WHERE queue_id = old.queue_id AND status = old.status;
END;
CREATE TRIGGER items_moved AFTER UPDATE OF queue_id, status ON items BEGIN
    UPDATE item_counts SET count = count - 1 WHERE queue_id = old.queue_id AND status = old.status;
    INSERT INTO item_counts VALUES (new.queue_id, new.status, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE INDEX comments_author ON comments (author_user_id) WHERE author_user_id IS NOT NULL;

DROP INDEX scores_trace;
DROP INDEX scores_session;
CREATE INDEX scores_trace ON scores (trace_id, timestamp DESC, id DESC) WHERE trace_id IS NOT NULL;
CREATE INDEX scores_session ON scores (session_id, timestamp DESC, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX scores_observation ON scores (observation_id, timestamp DESC, id DESC)
    WHERE observation_id IS NOT NULL;
CREATE INDEX scores_queue ON scores (queue_id, timestamp DESC, id DESC) WHERE queue_id IS NOT NULL;
CREATE INDEX scores_config ON scores (config_id, timestamp DESC, id DESC) WHERE config_id IS NOT NULL;
CREATE INDEX scores_author ON scores (author_user_id, timestamp DESC, id DESC)
    WHERE author_user_id IS NOT NULL;
CREATE INDEX scores_name ON scores (name, timestamp DESC, id DESC);
CREATE INDEX scores_source ON scores (source, timestamp DESC, id DESC);
CREATE INDEX scores_type ON scores (data_type, timestamp DESC, id DESC);
CREATE INDEX scores_environment ON scores (environment, timestamp DESC, id DESC);

CREATE INDEX traces_user ON traces (user_id, timestamp DESC, id DESC) WHERE user_id IS NOT NULL;
CREATE INDEX traces_name ON traces (name, timestamp DESC, id DESC);
CREATE INDEX traces_environment ON traces (environment, timestamp DESC, id DESC);

-- SQLite cannot know that a text asked for is not empty: no condition.
DROP INDEX observations_session;
CREATE INDEX observations_session ON observations (session_id, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_trace ON observations (trace_id, start_time DESC, id DESC);
CREATE INDEX observations_parent ON observations (parent_id, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_user ON observations (user_id, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_name ON observations (name, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_type ON observations (type, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_level ON observations (level, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_version ON observations (version, start_time DESC, trace_id DESC, id DESC);
CREATE INDEX observations_environment ON observations (environment, start_time DESC, trace_id DESC, id DESC);
-- The list of the old data model, which does not show synthetic roots and counts the rest.
CREATE INDEX observations_old ON observations (is_synthetic, start_time DESC, type, id);
