-- Chatbots, as Nexvio's API shows them. What is not said of a new one is as it is here.
CREATE TABLE bots (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    team_id TEXT NOT NULL DEFAULT 'team_local',
    name TEXT NOT NULL,
    welcome_message TEXT NOT NULL DEFAULT 'Hello! How can I help you today?',
    model TEXT NOT NULL DEFAULT 'gpt-3.5-turbo',
    instructions TEXT NOT NULL DEFAULT '',
    primary_color TEXT NOT NULL DEFAULT '#4A90E2',
    chat_bubble_button_style TEXT NOT NULL DEFAULT 'round',
    position TEXT NOT NULL DEFAULT 'bottom-right',
    chatbox_header_text TEXT NOT NULL,
    hide_branding INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The first one, so that every conversation has one.
INSERT INTO bots (id, name, chatbox_header_text, created_at, updated_at)
SELECT 'chatbot_' || lower(hex(randomblob(8))), 'Assistant', 'Assistant', now, now
FROM (SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now);

ALTER TABLE conversations ADD COLUMN bot INTEGER REFERENCES bots ON DELETE CASCADE;
UPDATE conversations SET bot = (SELECT seq FROM bots);
CREATE INDEX conversations_by_bot ON conversations (bot, created_at);

CREATE TABLE integrations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
