-- The control server's world: one table a class of lanrage/core/world_rows.py. The party leads every key.
CREATE TABLE party (
    party_id TEXT NOT NULL PRIMARY KEY,
    charter BLOB NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    party_id TEXT NOT NULL,
    identity BLOB NOT NULL,
    certificate BLOB NOT NULL,
    invitation BLOB NOT NULL,
    left REAL,
    PRIMARY KEY (party_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    party_id TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    invitation BLOB NOT NULL,
    PRIMARY KEY (party_id, invitation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation_use (
    party_id TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    identity BLOB NOT NULL,
    PRIMARY KEY (party_id, invitation_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE seen (
    identity BLOB NOT NULL PRIMARY KEY,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
