-- Version 2.
CREATE TABLE daemon (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    note TEXT NOT NULL                     -- JSON: what the running daemon says of itself
) STRICT;

ALTER TABLE collections ADD COLUMN mounts TEXT;  -- the folders below the root that are mount points: JSON, a list of paths

-- The last pass of each outcome is kept; the last of all has the highest id.
CREATE UNIQUE INDEX passes_by_outcome ON passes (outcome);
