-- What was promised to somebody else and has not arrived there yet. The payload is apart from the document, since it is neither parsed
-- nor rewritten.
CREATE TABLE deliveries (
    place INTEGER PRIMARY KEY AUTOINCREMENT,    -- the order within a lane
    id TEXT NOT NULL UNIQUE,
    due_at INTEGER NOT NULL,            -- microseconds since the epoch; the end of the lease while leased;
                                        -- what waits for another of its lane is due at the end of time
    leased_by TEXT,
    lane TEXT,
    document TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX deliveries_by_due ON deliveries (due_at);
CREATE INDEX deliveries_by_lease ON deliveries (leased_by) WHERE leased_by IS NOT NULL;
CREATE INDEX deliveries_by_lane ON deliveries (lane, place) WHERE lane IS NOT NULL;
