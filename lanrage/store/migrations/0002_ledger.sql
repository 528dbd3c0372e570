-- Signed records, what members say of themselves, conflicts. Parties from before had no ledger, and no charter that
-- names their founder: they cannot be carried over.
DELETE FROM invitation_use;
DELETE FROM invitation;
DELETE FROM membership;
DELETE FROM party;

CREATE TABLE record (
    party_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (party_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE status (
    party_id TEXT NOT NULL,
    identity BLOB NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (party_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict (
    party_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    identity BLOB NOT NULL,
    wish TEXT NOT NULL,
    winner TEXT NOT NULL,
    PRIMARY KEY (party_id, number)
) STRICT, WITHOUT ROWID;
