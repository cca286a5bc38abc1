-- Version 4.
-- Of documents a phrase that hardly another one has, for `verify`. Those of deleted documents stay for a while, to see
-- that nobody answers with them any more.
CREATE TABLE phrases (
    collection TEXT NOT NULL,
    path       TEXT NOT NULL,
    hash       BLOB NOT NULL,              -- short, of the content that has it
    phrase     TEXT NOT NULL,
    failed     INTEGER NOT NULL DEFAULT 0, -- whether the last check of it failed
    deleted    INTEGER,                    -- microseconds since 1970
    PRIMARY KEY (collection, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX phrases_of_deleted ON phrases (deleted) WHERE deleted IS NOT NULL;

-- How the last verification went: one row.
CREATE TABLE verification (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    at     INTEGER NOT NULL,               -- microseconds since 1970
    checks INTEGER NOT NULL,               -- that passed or failed
    failed INTEGER NOT NULL
) STRICT;

-- What was last written into each field of a bot, as SHA-256: what differs from the platform and not from the config is
-- somebody else's doing.
CREATE TABLE bot_fields (
    bot TEXT NOT NULL,
    field TEXT NOT NULL,
    hash BLOB NOT NULL,
    -- What the platform showed of it then, where it did: some trim what they are given.
    shown BLOB,
    PRIMARY KEY (bot, field)
) STRICT, WITHOUT ROWID;

-- Documents that have moved on a platform that cannot rename: the old one goes when the new one is held.
CREATE TABLE moves (
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    hash BLOB NOT NULL,                    -- short
    to_collection TEXT NOT NULL,
    to_path TEXT NOT NULL,
    PRIMARY KEY (collection, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX moves_by_place ON moves (to_collection, to_path);

-- Whether an upload got no answer although it was waited for.
ALTER TABLE replicas ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0;
