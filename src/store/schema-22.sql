-- Version 22.
-- When a document's file was made, where its file system knows: with its number, that tells the file wherever it is moved.
ALTER TABLE documents ADD COLUMN born_ns INTEGER;    -- nanoseconds since 1970
