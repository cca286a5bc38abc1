-- Version 7.
-- Complete lists in a row that showed the ready source without its document.
ALTER TABLE replicas ADD COLUMN emptied INTEGER NOT NULL DEFAULT 0;
-- The name that a rename asked for whose answer is not known.
ALTER TABLE replicas ADD COLUMN asked_name TEXT;

-- Requests and sources of ours that no replica stands for any more: what shows up of them late is ours.
CREATE TABLE former (
    collection TEXT NOT NULL,
    path       TEXT NOT NULL,
    hash       BLOB NOT NULL,              -- short
    source_id  TEXT NOT NULL,              -- empty where none was known
    ending     TEXT NOT NULL,              -- never made, deleted, lost, emptied or spare
    ended      INTEGER NOT NULL,           -- microseconds since 1970
    times      INTEGER NOT NULL,           -- requests without an answer, since the document was ready
    PRIMARY KEY (collection, path, hash, source_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX former_by_source ON former (source_id) WHERE source_id <> '';

-- Sources of the last complete list with this instance's marker that this state did not make.
CREATE TABLE strays (
    source_id  TEXT PRIMARY KEY,
    collection TEXT NOT NULL,
    path       TEXT NOT NULL,
    hash       BLOB NOT NULL,              -- short
    holds      INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX strays_of_document ON strays (collection, path);

-- A state that knows sources has seen a list; what a new state finds in its first one is taken over.
INSERT INTO meta SELECT 'listed', '1' WHERE EXISTS (SELECT * FROM replicas);

-- When a document that failed by no fault of its own is tried again, and how often that has failed.
ALTER TABLE documents ADD COLUMN trouble_retry_at INTEGER;   -- microseconds since 1970
ALTER TABLE documents ADD COLUMN trouble_failures INTEGER NOT NULL DEFAULT 0;

-- The new document that seemed to be the successor of this one when it went.
ALTER TABLE documents ADD COLUMN successor_collection TEXT;
ALTER TABLE documents ADD COLUMN successor_path TEXT;

-- Whether this state has uploaded what the platform holds of it; what was taken over from a list may be another machine's.
ALTER TABLE documents ADD COLUMN uploaded_here INTEGER NOT NULL DEFAULT 0;

-- How many of the held deletions are too many at once: those stay held until they are approved or back.
ALTER TABLE collections ADD COLUMN held_by_limit INTEGER NOT NULL DEFAULT 0;
UPDATE collections SET held_by_limit = held;
