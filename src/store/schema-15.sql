-- Version 15.
-- Whether the content of a page was last had to be uploaded, and not for the platform to fetch.
ALTER TABLE pages ADD COLUMN to_upload INTEGER;
