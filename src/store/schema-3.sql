-- Version 3.
-- What is remembered of a page besides its content, also of those that lead to another address.
CREATE TABLE pages (
    collection    TEXT NOT NULL,
    path          TEXT NOT NULL,
    pass          TEXT NOT NULL,               -- the pass that looked last
    looked        INTEGER NOT NULL,            -- microseconds since 1970
    read          INTEGER,
    etag          TEXT,
    last_modified TEXT,
    lastmod       TEXT,                        -- from the list
    kind          TEXT,                        -- an extension
    missing       INTEGER NOT NULL DEFAULT 0,  -- how often in a row it was said to be gone
    missed        INTEGER,                     -- when that was counted last
    stale_since   INTEGER,
    stale_reason  TEXT,
    moved         TEXT,
    PRIMARY KEY (collection, path)
) WITHOUT ROWID, STRICT;
