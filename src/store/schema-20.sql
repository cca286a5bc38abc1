-- Version 20.
-- Content that costs more than it may to read, so that it is not read again in each pass.
CREATE TABLE costly (
    hash   BLOB PRIMARY KEY,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL    -- microseconds since 1970
) STRICT;
