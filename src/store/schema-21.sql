-- Version 21.
-- A page's content as it came, where that cost much to read: as long as it is the same, it is not read again.
ALTER TABLE pages ADD COLUMN costly BLOB;
