-- Version 6.
-- Why the file of a document is skipped as it is now; what the platform holds of it stays. The look at it is remembered
-- where its content was read, so that it is not read again.
ALTER TABLE documents ADD COLUMN skip_reason TEXT;
ALTER TABLE documents ADD COLUMN skip_size INTEGER;
ALTER TABLE documents ADD COLUMN skip_mtime_ns INTEGER;
ALTER TABLE documents ADD COLUMN skip_ctime_ns INTEGER;
ALTER TABLE documents ADD COLUMN skip_inode INTEGER;
ALTER TABLE documents ADD COLUMN skip_at INTEGER;  -- microseconds since 1970
CREATE INDEX documents_skipped ON documents (collection, path) WHERE skip_reason IS NOT NULL;
