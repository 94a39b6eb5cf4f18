-- Functions and their versions. The columns beside the document are those that queries need.
CREATE TABLE function_versions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,           -- 0 is $LATEST
    revision TEXT NOT NULL,
    code_digest BLOB NOT NULL,
    code_size INTEGER NOT NULL,
    settled INTEGER NOT NULL,           -- 0 while being created or updated
    document TEXT NOT NULL,
    PRIMARY KEY (account, region, name, version)
) WITHOUT ROWID;
CREATE INDEX function_versions_by_code ON function_versions (code_digest);
CREATE INDEX function_versions_unsettled ON function_versions (settled) WHERE settled = 0;

-- Accepted asynchronous events. The payload is apart from the document, since it is neither parsed nor rewritten.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    due_at INTEGER NOT NULL,            -- microseconds since the epoch; the end of the lease while leased
    leased_by TEXT,
    document TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX events_by_due ON events (due_at);
CREATE INDEX events_by_lease ON events (leased_by) WHERE leased_by IS NOT NULL;
