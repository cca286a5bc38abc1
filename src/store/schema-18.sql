-- Version 18.
-- The ignore files that were in force when the folder was seen last: JSON, paths.
ALTER TABLE collections ADD COLUMN rules TEXT;
-- Since when a document that is gone waits for files to be read that it may have become.
ALTER TABLE documents ADD COLUMN gone_since INTEGER;  -- microseconds since 1970
