-- Prompts, of which every change is a version.

CREATE TABLE prompts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    prompt TEXT NOT NULL, -- JSON: a text, or messages
    config TEXT NOT NULL, -- JSON
    tags TEXT NOT NULL, -- JSON array, the same for all versions
    labels TEXT NOT NULL, -- JSON array; each names one version
    commit_message TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (name, version)
) STRICT;
