-- People and exports.

-- OWNER, ADMIN, MEMBER, VIEWER or NONE; null: no longer in the organization.
ALTER TABLE users ADD COLUMN role TEXT DEFAULT 'MEMBER';
-- The role in the project, where it differs from the one in the organization.
ALTER TABLE users ADD COLUMN project_role TEXT;
ALTER TABLE users ADD COLUMN created_at TEXT;

-- Where and how often a project would be exported. Nothing here exports, so the secret itself is
-- not kept, only that there is one.
CREATE TABLE blob_storage (
    project_id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    bucket_name TEXT NOT NULL,
    endpoint TEXT,
    region TEXT NOT NULL,
    access_key_id TEXT,
    has_secret INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    export_frequency TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    force_path_style INTEGER NOT NULL,
    file_type TEXT NOT NULL,
    export_mode TEXT NOT NULL,
    export_start_date TEXT,
    compressed INTEGER NOT NULL,
    export_source TEXT NOT NULL,
    export_field_groups TEXT NOT NULL, -- JSON array
    next_sync_at TEXT,
    last_sync_at TEXT,
    last_error TEXT,
    last_error_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
