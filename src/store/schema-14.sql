-- Version 14.
-- Since when the file of a document is being written so often that it is never read.
ALTER TABLE documents ADD COLUMN written_since INTEGER;  -- microseconds since 1970
CREATE INDEX documents_written ON documents (collection, path) WHERE written_since IS NOT NULL;
