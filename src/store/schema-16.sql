-- Version 16.
-- Which deletions the guards withhold, each with the content that the platform holds, and which replacements, without one
-- (x''). A state of an older version knows only how many: collections.held and collections.approved.
CREATE TABLE withheld (
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (collection, path, hash)
) STRICT, WITHOUT ROWID;

-- Those of them that a person has approved, until they are made or a pass has come to its end.
CREATE TABLE approvals (
    collection TEXT NOT NULL,
    path TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (collection, path, hash)
) STRICT, WITHOUT ROWID;
