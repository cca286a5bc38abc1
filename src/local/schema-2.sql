-- A page has a title of its own.
ALTER TABLE documents ADD COLUMN title TEXT;

-- When the last crawl of a website ended, however it did. Those that are here were never crawled.
ALTER TABLE sources ADD COLUMN crawled_at INTEGER;
UPDATE sources SET status = 'pending' WHERE kind = 'website';
