-- Version 17.
-- Of a ready replica, `retry_at` is since when a list has shown its source as not ready, and `failure` why that is one. What an
-- older version left there was about an upload or a deletion.
UPDATE replicas SET failure = NULL, retry_at = NULL WHERE phase = 'ready' AND coalesce(failure, retry_at) IS NOT NULL;
-- Whether the platform says that the source does not become ready by itself.
ALTER TABLE replicas ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX replicas_unready ON replicas (collection, path) WHERE phase = 'ready' AND failure IS NOT NULL;
CREATE INDEX documents_failed ON documents (collection, path) WHERE trouble_failures > 0;
