-- Version 1.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE collections (
    name     TEXT PRIMARY KEY,
    device   INTEGER,                      -- of the folder, when it was last seen whole
    held     INTEGER NOT NULL DEFAULT 0,   -- deletions that a guard withheld in the last pass
    approved INTEGER NOT NULL DEFAULT 0    -- deletions that a person allowed, once
) WITHOUT ROWID, STRICT;

-- Key order is a walk's order, so that a pass is a merge of the two.
CREATE TABLE documents (
    collection     TEXT NOT NULL,
    path           TEXT NOT NULL,
    size           INTEGER,                -- the last look; NULL in a record rebuilt from the platform
    mtime_ns       INTEGER,
    ctime_ns       INTEGER,
    inode          INTEGER,
    seen_at        INTEGER,                -- microseconds since 1970
    hash           BLOB,
    live           BLOB,                   -- short hash of what the platform holds
    trouble_hash   BLOB,                   -- short hash of the content that failed
    trouble_reason TEXT,
    PRIMARY KEY (collection, path)
) WITHOUT ROWID, STRICT;
CREATE INDEX documents_in_trouble ON documents (collection, path) WHERE trouble_hash IS NOT NULL;

CREATE TABLE replicas (
    id         INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    path       TEXT NOT NULL,
    hash       BLOB NOT NULL,              -- short
    phase      TEXT NOT NULL,
    since      INTEGER NOT NULL,           -- microseconds since 1970
    source_id  TEXT UNIQUE,
    job_id     TEXT,
    missing    INTEGER NOT NULL DEFAULT 0  -- complete lists in a row without it
) STRICT;
CREATE INDEX replicas_of_document ON replicas (collection, path);
CREATE INDEX replicas_under_way ON replicas (phase) WHERE phase <> 'ready';

-- The pacer's last requests, so that restarts share the budget.
CREATE TABLE stamps (
    ticket   INTEGER PRIMARY KEY,
    sent     INTEGER NOT NULL,
    answered INTEGER
) STRICT;

CREATE TABLE passes (
    id      INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    ended   INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    summary TEXT NOT NULL                  -- JSON
) STRICT;
