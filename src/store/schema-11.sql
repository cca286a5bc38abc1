-- Version 11.
-- Whether a list has shown the source under the name that it was given: then another name there is not the platform's way.
ALTER TABLE replicas ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
-- Whether the last list showed it under a name that is not ours, as it did many at once.
ALTER TABLE replicas ADD COLUMN misnamed INTEGER NOT NULL DEFAULT 0;
