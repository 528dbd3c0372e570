CREATE TABLE series (
    number INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL, seen REAL NOT NULL, UNIQUE (metric, labels)
);
INSERT INTO "series" VALUES(1,'lanrage_process_open_fds','[]',3600.0);
INSERT INTO "series" VALUES(2,'lanrage_path_rtt_seconds','["5eed5eed5eed5eed5eed5eed5eed5eed", "public"]',7200.5);
CREATE TABLE span (
    series INTEGER NOT NULL,
    step INTEGER NOT NULL CHECK (step BETWEEN 0 AND 2),
    slot INTEGER NOT NULL CHECK (slot >= 0),
    began REAL NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    low REAL NOT NULL,
    high REAL NOT NULL,
    total REAL NOT NULL,
    PRIMARY KEY (series, step, slot)
) WITHOUT ROWID;
INSERT INTO "span" VALUES(2,0,1439,86400.0,60,-0.5,2.25,30.125);
INSERT INTO "span" VALUES(2,1,719,86400.0,3600,-0.5,2.25,30.125);
INSERT INTO "span" VALUES(2,2,29,86400.0,86400,-0.5,2.25,30.125);
PRAGMA application_id = 1279348328;
PRAGMA user_version = 1;
