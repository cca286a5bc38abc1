-- Version 8.
-- What the looks at a page have told besides: which lists led to it, when its content was last had in full, and what they
-- say that is not believed yet.
ALTER TABLE pages ADD COLUMN lists TEXT;                          -- addresses from the config's list to its own, a space between
ALTER TABLE pages ADD COLUMN fetched INTEGER;                     -- microseconds since 1970
ALTER TABLE pages ADD COLUMN claim TEXT;
ALTER TABLE pages ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;   -- how many looks, with some time between
ALTER TABLE pages ADD COLUMN claimed INTEGER;                     -- when that was counted last
ALTER TABLE pages ADD COLUMN words INTEGER;                       -- how many words its text has
ALTER TABLE pages ADD COLUMN text INTEGER;                        -- a hash of its words
ALTER TABLE pages ADD COLUMN likeness INTEGER;                    -- the same without tokens
ALTER TABLE pages ADD COLUMN turned INTEGER;                      -- the likeness of the text that is held, where this one has another

-- The size of what the platform holds of a document, in bytes.
ALTER TABLE documents ADD COLUMN live_size INTEGER;
UPDATE documents SET live_size = size WHERE live = substr(hash, 1, 6);

-- Replacements that a guard withheld in the last pass, and those that a person allowed, once.
ALTER TABLE collections ADD COLUMN held_replacements INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collections ADD COLUMN approved_replacements INTEGER NOT NULL DEFAULT 0;
