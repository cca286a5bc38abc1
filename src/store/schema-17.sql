-- Version 17.
-- Since when lists have shown the source of a ready replica as not ready; why, once that has lasted longer than a job may take;
-- and whether the platform says that the source does not become ready by itself.
ALTER TABLE replicas ADD COLUMN unready_since INTEGER;
ALTER TABLE replicas ADD COLUMN unready TEXT;
ALTER TABLE replicas ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replicas_unready ON replicas (collection, path) WHERE phase = 'ready' AND unready IS NOT NULL;
CREATE INDEX documents_failed ON documents (collection, path) WHERE trouble_failures > 0;
