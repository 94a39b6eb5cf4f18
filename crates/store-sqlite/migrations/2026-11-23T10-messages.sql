-- Queues' messages. A queue here is one life of its contents: a purge begins another.
CREATE TABLE message_queues (
    id INTEGER PRIMARY KEY,
    open INTEGER NOT NULL,              -- 0 once it was dropped: what is left of it is removed little by little
    messages INTEGER NOT NULL           -- how many there are, so that nobody counts
);

-- What changes while a message waits and is received. What does not is apart, so that it is written once.
CREATE TABLE messages (
    queue INTEGER NOT NULL,
    sequence INTEGER NOT NULL,          -- unique over all queues; microseconds since the epoch, nearly
    visible_at INTEGER NOT NULL,        -- microseconds since the epoch
    receives INTEGER NOT NULL,
    first_received_at INTEGER,
    message_group TEXT,                 -- in ordered queues
    dead_letter_source TEXT,
    PRIMARY KEY (queue, sequence)
) WITHOUT ROWID;
CREATE INDEX messages_by_visibility ON messages (queue, visible_at, receives);
CREATE INDEX messages_by_group ON messages (queue, message_group, sequence) WHERE message_group IS NOT NULL;

CREATE TABLE message_contents (
    sequence INTEGER PRIMARY KEY,
    header TEXT NOT NULL,
    body TEXT NOT NULL
);

-- The groups that have messages, with the moment from which their next one can be received.
CREATE TABLE message_groups (
    queue INTEGER NOT NULL,
    message_group TEXT NOT NULL,
    ready_at INTEGER NOT NULL,
    PRIMARY KEY (queue, message_group)
) WITHOUT ROWID;
CREATE INDEX message_groups_by_readiness ON message_groups (queue, ready_at);

CREATE TABLE message_deduplications (
    queue INTEGER NOT NULL,
    key TEXT NOT NULL,
    until INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    header TEXT NOT NULL,
    PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE INDEX message_deduplications_by_end ON message_deduplications (until);
