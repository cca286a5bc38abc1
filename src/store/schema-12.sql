-- Version 12.
-- What a page says of itself: the address by which it wants to be known, where that is another one, and its title.
ALTER TABLE pages ADD COLUMN canonical TEXT;
ALTER TABLE pages ADD COLUMN title INTEGER;                       -- a hash

-- Deletions of the last day that nobody has approved: those of a few pages at a time count together.
CREATE TABLE recent_deletions (
    collection TEXT NOT NULL,
    at         INTEGER NOT NULL            -- microseconds since 1970
) STRICT;
CREATE INDEX recent_deletions_of_collection ON recent_deletions (collection, at);
