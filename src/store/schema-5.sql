-- Version 5.
-- Whether its source was its document's record: while the document is there, it goes when another one is ready.
ALTER TABLE replicas ADD COLUMN was_ready INTEGER NOT NULL DEFAULT 0;
CREATE INDEX renames_without_answer ON replicas (id) WHERE phase = 'ready' AND unanswered;
