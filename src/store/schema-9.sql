-- Version 9.
-- Deletions of a source that failed, or that did nothing although the platform answered that they were done.
ALTER TABLE replicas ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE replicas ADD COLUMN failure TEXT;          -- why the last one failed
ALTER TABLE replicas ADD COLUMN retry_at INTEGER;      -- microseconds since 1970
