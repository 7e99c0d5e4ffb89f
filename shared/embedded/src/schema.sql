-- Version 1. A change goes into a new file that brings a store of the version before up to its own.

-- `version` is what app::table::Version promises: every put makes a new row, and AUTOINCREMENT gives no number twice.
CREATE TABLE items (
    version    INTEGER PRIMARY KEY AUTOINCREMENT,
    partition  TEXT NOT NULL,
    sort       TEXT NOT NULL,
    document   TEXT NOT NULL,
    blob       BLOB,
    expires_at INTEGER,
    UNIQUE (partition, sort)
) STRICT;
CREATE INDEX items_by_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;

-- `sequence` is the order of sending. Until `visible_at` nobody gets the task: it was put off, or is leased until
-- then. `handovers` counts leases, so that sequence and handovers together name one lease for ever. `deaths` counts the
-- processes that died in a row with the task in their hands.
CREATE TABLE tasks (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    queue      TEXT NOT NULL,
    of_group   TEXT NOT NULL,
    id         TEXT NOT NULL,
    body       TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    leased     INTEGER NOT NULL DEFAULT 0,
    handovers  INTEGER NOT NULL DEFAULT 0,
    faults     INTEGER NOT NULL DEFAULT 0,
    deaths     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tasks_in_order ON tasks (queue, of_group, sequence);
CREATE INDEX tasks_by_time ON tasks (queue, of_group, visible_at);
CREATE INDEX tasks_due ON tasks (queue, visible_at);
CREATE INDEX tasks_leased ON tasks (queue, of_group, visible_at) WHERE leased = 1;

CREATE TABLE dead_letters (
    sequence INTEGER PRIMARY KEY,
    queue    TEXT NOT NULL,
    of_group TEXT NOT NULL,
    id       TEXT NOT NULL,
    body     TEXT NOT NULL,
    faults   INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    died_at  INTEGER NOT NULL
) STRICT;
