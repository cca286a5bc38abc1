-- Version 13.
-- Whether the HTML of a page had an end.
ALTER TABLE pages ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;
