-- Version 18.
-- The ignore files that were in force when the folder was seen last: JSON, paths.
ALTER TABLE collections ADD COLUMN rules TEXT;
