-- A workspace of any size. Before it, the table `size` says how many `observations` and how many `items`
-- there are to be. Ten observations make a trace, ten traces a session; for each tenth observation there
-- is a score, a comment, a dataset item and a run item. Times are a second apart.

CREATE TEMP TABLE numbers (i INTEGER PRIMARY KEY, at TEXT NOT NULL);
INSERT INTO numbers
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n
    WHERE i + 1 < (SELECT max(observations, items) FROM size))
SELECT i, strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || i || ' seconds') FROM n;

INSERT INTO observations (id, trace_id, parent_id, type, name, level, status_message, start_time, end_time,
    latency, version, environment, user_id, session_id, release, trace_name, tags, model, model_parameters,
    usage_details, cost_details, total_cost, input, output, metadata, is_synthetic, created_at, updated_at)
SELECT 'o-' || i, 'trace-' || (i / 10), iif(i % 10 = 0, NULL, 'o-' || (i / 10 * 10)),
    iif(i % 3 = 0, 'GENERATION', 'SPAN'), 'step-' || (i % 10),
    iif(i % 97 = 0, 'ERROR', 'DEFAULT'), '', at, at, 1, iif(i % 2, 'v1', 'v2'),
    iif(i % 50 = 0, 'staging', 'production'), 'user-' || (i / 10 % 100), 'session-' || (i / 100), 'r1', 'chat',
    '["all"]', 'gpt', '{}', '{"input": 3, "total": 3}', '{}', 0, json_array(hex(zeroblob(len))),
    json_array(hex(zeroblob(len))), '{"key": "value"}', 0, at, at
FROM (SELECT i, at, iif(i % 100 = 1, 5000, 200) AS len FROM numbers
    WHERE i < (SELECT observations FROM size));

CREATE TEMP TABLE tenths AS SELECT i, at FROM numbers WHERE i < (SELECT observations / 10 FROM size);

INSERT INTO traces (id, timestamp, name, user_id, session_id, release, version, environment, tags, input,
    output, metadata, created_at, updated_at)
SELECT 'trace-' || i, at, iif(i % 5, 'chat-' || (i % 20), NULL), 'user-' || (i % 100), 'session-' || (i / 10),
    'r1', iif(i % 2, 'v1', 'v2'), iif(i % 50 = 0, 'staging', 'production'),
    iif(i % 20 = 0, '["all", "rare"]', '["all"]'), hex(zeroblob(iif(i % 100 = 1, 5000, 200))), NULL,
    '{"key": "value"}', at, at
FROM tenths;

INSERT INTO sessions (id, environment, created_at)
SELECT 'session-' || i, iif(i % 50 = 0, 'staging', 'production'), at FROM tenths
WHERE i < (SELECT observations / 100 FROM size);

INSERT INTO score_configs (id, name, data_type, created_at, updated_at)
VALUES ('config', 'helpfulness', 'NUMERIC', '2026', '2026');
INSERT INTO users (id, name) VALUES ('user-1', 'Ada'), ('user-2', 'Bob');

INSERT INTO scores (id, name, data_type, number, text, source, config_id, queue_id, trace_id, observation_id,
    session_id, run_id, metadata, environment, author_user_id, timestamp, created_at, updated_at)
SELECT 's-' || i, iif(i % 2, 'helpfulness', 'tone'), iif(i % 4, 'NUMERIC', 'CATEGORICAL'),
    iif(i % 4, i % 7, NULL), iif(i % 4, NULL, 'label-' || (i % 3)), iif(i % 10, 'API', 'ANNOTATION'),
    iif(i % 5, NULL, 'config'), iif(i % 10, NULL, 'queue'),
    iif(kind < 8, 'trace-' || (i + (kind = 7) * 1000000000), NULL),
    iif(kind < 4, 'o-' || (i * 10), NULL), iif(kind = 8, 'session-' || (i / 10), NULL),
    iif(kind = 9, 'run-' || (i / 1000), NULL), '{}', iif(i % 50 = 0, 'staging', 'production'),
    iif(i % 10, NULL, 'user-1'), at, at, at
FROM (SELECT i, i % 10 AS kind, at FROM tenths);

INSERT INTO comments (id, object_type, object_id, content, author_user_id, created_at, updated_at)
SELECT printf('c-%08d', i), iif(i % 3, 'TRACE', 'OBSERVATION'), 'trace-' || i, 'Yes.',
    iif(i % 10, NULL, 'user-1'), at, at
FROM tenths;

INSERT INTO datasets (id, name, created_at, updated_at) VALUES ('dataset', 'golden', '2026', '2026');
INSERT INTO dataset_items (id, valid_from, valid_to, dataset_id, status, input, source_trace_id)
SELECT 'i-' || i, at, iif(i % 10, NULL, '2027'), 'dataset', iif(i % 20 = 1, 'ARCHIVED', 'ACTIVE'),
    '{"question": "why"}', 'trace-' || i
FROM tenths;
INSERT INTO dataset_runs (id, dataset_id, name, metadata, created_at, updated_at)
SELECT 'run-' || (i / 1000), 'dataset', 'run ' || (i / 1000), '{}', at, at FROM tenths WHERE i % 1000 = 0;
INSERT INTO dataset_run_items (id, run_id, item_id, item_version, trace_id, observation_id, created_at)
SELECT 'l-' || i, 'run-' || (i / 1000), 'i-' || i, at, 'trace-' || i, iif(i % 2, 'o-' || (i * 10), NULL), at
FROM tenths;

INSERT INTO queues (id, name, score_config_ids, created_at, updated_at)
VALUES ('queue', 'q', '["config"]', '2026', '2026');
INSERT INTO items (id, queue_id, object_id, object_type, status, created_at, updated_at)
SELECT 'i-' || i, 'queue', 'trace-' || i, 'TRACE', iif(i % 3, 'COMPLETED', 'PENDING'), at, at
FROM numbers WHERE i < (SELECT items FROM size);

DROP TABLE tenths;
DROP TABLE numbers;
DROP TABLE size;
