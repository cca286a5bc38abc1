-- Times are milliseconds since 1970. `seq` orders rows by age.
CREATE TABLE sources (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    url TEXT,
    status TEXT NOT NULL,
    auto_sync INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_synced_at INTEGER
) STRICT;

CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    status TEXT NOT NULL,
    file_name TEXT,
    sha256 TEXT,
    url TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    completed_at INTEGER
) STRICT;
CREATE INDEX jobs_by_source ON jobs (source);
CREATE INDEX jobs_unfinished ON jobs (seq) WHERE status = 'processing';

CREATE TABLE documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    url TEXT
) STRICT;
CREATE INDEX documents_by_source ON documents (source);

CREATE TABLE chunks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    heading TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_by_document ON chunks (document);

-- The index keeps words alone: the text is in `chunks`, under the same number.
CREATE VIRTUAL TABLE chunk_index USING fts5 (
    title, heading, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
);
INSERT INTO chunk_index (chunk_index, rank) VALUES ('rank', 'bm25(4.0, 2.0, 1.0)');
CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
    DELETE FROM chunk_index WHERE rowid = old.seq;
END;

CREATE TABLE conversations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    sources TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation);

-- What the analytics count: one row for each question, beside its message.
CREATE TABLE questions (
    message INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    normal TEXT NOT NULL,
    answered INTEGER NOT NULL,
    elapsed_us INTEGER NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX questions_by_time ON questions (asked_at);
