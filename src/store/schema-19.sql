-- Version 19.
-- The id of a replica whose row went is not given to another one: what a pass knows of the first is not of the second.
CREATE TABLE replicas_with_own_ids (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    collection    TEXT NOT NULL,
    path          TEXT NOT NULL,
    hash          BLOB NOT NULL,              -- short
    phase         TEXT NOT NULL,
    since         INTEGER NOT NULL,           -- microseconds since 1970
    source_id     TEXT UNIQUE,
    job_id        TEXT,
    missing       INTEGER NOT NULL DEFAULT 0,
    unanswered    INTEGER NOT NULL DEFAULT 0,
    was_ready     INTEGER NOT NULL DEFAULT 0,
    emptied       INTEGER NOT NULL DEFAULT 0,
    asked_name    TEXT,
    failures      INTEGER NOT NULL DEFAULT 0,
    failure       TEXT,
    retry_at      INTEGER,                    -- microseconds since 1970
    named         INTEGER NOT NULL DEFAULT 0,
    misnamed      INTEGER NOT NULL DEFAULT 0,
    unready_since INTEGER,
    unready       TEXT,
    lasting       INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO replicas_with_own_ids
    SELECT id, collection, path, hash, phase, since, source_id, job_id, missing, unanswered, was_ready, emptied, asked_name,
           failures, failure, retry_at, named, misnamed, unready_since, unready, lasting
    FROM replicas;
DROP TABLE replicas;
ALTER TABLE replicas_with_own_ids RENAME TO replicas;
CREATE INDEX replicas_of_document ON replicas (collection, path);
CREATE INDEX replicas_under_way ON replicas (phase) WHERE phase <> 'ready';
CREATE INDEX renames_without_answer ON replicas (id) WHERE phase = 'ready' AND unanswered;
CREATE INDEX replicas_unready ON replicas (collection, path) WHERE phase = 'ready' AND unready IS NOT NULL;
