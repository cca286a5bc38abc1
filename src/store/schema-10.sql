-- Version 10.
-- A signature of the words that a document's text has, where it is text: an edited version of it has nearly the same one.
ALTER TABLE documents ADD COLUMN min_hash BLOB;
-- Whether the document was edited as well when it moved, so that its content is another one at its new place.
ALTER TABLE moves ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;

-- The deletions of a collection that the last look at all of it did not make, each group with the reason: JSON.
ALTER TABLE collections ADD COLUMN withheld TEXT;
