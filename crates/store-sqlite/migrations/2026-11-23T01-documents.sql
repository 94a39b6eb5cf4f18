-- What belongs to a function, a layer or an account and is read and written as a whole; see the store contract's document.rs.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    parent TEXT NOT NULL,
    id TEXT NOT NULL,
    with_function INTEGER NOT NULL,     -- 1 if it goes with the function that is its parent
    revision TEXT NOT NULL,
    code_digest BLOB,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, account, region, parent, id)
) WITHOUT ROWID;
CREATE INDEX documents_by_code ON documents (code_digest) WHERE code_digest IS NOT NULL;
CREATE INDEX documents_by_function ON documents (account, region, parent) WHERE with_function = 1;
