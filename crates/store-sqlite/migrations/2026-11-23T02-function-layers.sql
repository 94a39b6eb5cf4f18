-- The layers of each version, so that a package in use is found by its digest. What else a layer is is in the version's document.
CREATE TABLE function_layers (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,           -- 0 is $LATEST
    digest BLOB NOT NULL,
    PRIMARY KEY (account, region, name, version, digest)
) WITHOUT ROWID;
CREATE INDEX function_layers_by_digest ON function_layers (digest);
