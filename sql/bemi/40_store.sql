-- The store. Its partitions are made by the worker, with their indexes: no members of the extension, so that pg_dump
-- keeps the history.

CREATE TABLE bemi.changes (
    id uuid NOT NULL,
    database text NOT NULL,
    schema text NOT NULL,
    "table" text NOT NULL,
    primary_key text,
    operation text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    context jsonb NOT NULL,
    committed_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    transaction_id bigint NOT NULL,
    position bigint NOT NULL,
    commit_position bigint NOT NULL,
    sequence bigint NOT NULL
) PARTITION BY RANGE (committed_at);

COMMENT ON TABLE bemi.changes IS 'Every change of the tracked tables with its context.';
COMMENT ON COLUMN bemi.changes.committed_at IS 'When the transaction of the change was committed.';
COMMENT ON COLUMN bemi.changes.queued_at IS 'When the worker read the change from the WAL.';
COMMENT ON COLUMN bemi.changes.created_at IS 'When the worker stored it.';
COMMENT ON COLUMN bemi.changes.position IS 'LSN of the row, as a number.';
COMMENT ON COLUMN bemi.changes.commit_position IS 'LSN of the commit, as a number; with sequence it identifies the change.';

-- A row of this server and database each. The worker's progress is written with the rows that it stores; all else rarely.
CREATE TABLE bemi.worker (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    wanted text NOT NULL CHECK (wanted IN ('running', 'paused', 'ended')),
    since pg_lsn NOT NULL,
    ordered_by name NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    attempted_at timestamptz,
    sqlstate text,
    error text,
    failed_at timestamptz,
    retention_at timestamptz,
    partitions_dropped bigint NOT NULL DEFAULT 0,
    expired_before timestamptz,
    expiring_before timestamptz,
    expiring_since timestamptz,
    PRIMARY KEY (system_identifier, database)
);
CREATE TABLE bemi.progress (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    timeline bigint NOT NULL,
    position pg_lsn NOT NULL,
    changes bigint NOT NULL DEFAULT 0,
    committed_at timestamptz,
    stored_at timestamptz,
    PRIMARY KEY (system_identifier, database)
) WITH (fillfactor = 10);
COMMENT ON TABLE bemi.worker IS 'What the worker is to do, and how it fared; read bemi.status instead.';
COMMENT ON COLUMN bemi.worker.system_identifier IS 'The server whose worker it is, as in pg_control_system(); others have no meaning.';
COMMENT ON COLUMN bemi.worker.database IS 'Where this was ordered: a copy of the database has the row, too.';
COMMENT ON COLUMN bemi.worker.since IS 'Where the WAL was when this database''s worker was first ordered something: a slot from before is another extension''s.';
COMMENT ON COLUMN bemi.worker.ordered_by IS 'The role that called bemi.start() or bemi.stop() last.';
COMMENT ON COLUMN bemi.worker.attempts IS 'How often it was started since it last ran well.';
COMMENT ON COLUMN bemi.worker.crashes IS 'How many of the last attempts ended without a word.';
COMMENT ON COLUMN bemi.worker.expired_before IS
    'Partitions that end before are dropped, as far as bemi.retention still does not keep them.';
COMMENT ON COLUMN bemi.worker.expiring_before IS 'What expired_before will be a day after expiring_since.';
COMMENT ON COLUMN bemi.worker.expiring_since IS 'When the worker last looked at what bemi.retention does not keep.';
COMMENT ON TABLE bemi.progress IS 'All that was committed before this position is stored.';
COMMENT ON COLUMN bemi.progress.system_identifier IS 'The server whose WAL it is.';
COMMENT ON COLUMN bemi.progress.database IS 'The database whose changes are stored.';
COMMENT ON COLUMN bemi.progress.timeline IS 'The timeline of the position.';

CREATE TABLE bemi.errors (
    id uuid NOT NULL,
    commit_position bigint NOT NULL,
    sequence bigint NOT NULL,
    schema text NOT NULL,
    "table" text NOT NULL,
    operation text NOT NULL,
    committed_at timestamptz NOT NULL,
    sqlstate text NOT NULL,
    error text NOT NULL,
    stored_as text,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    PRIMARY KEY (commit_position, sequence, id)
);
COMMENT ON TABLE bemi.errors IS 'Changes that could not be stored as they were, and why.';
COMMENT ON COLUMN bemi.errors.id IS 'That of the change, which a restored dump cannot confuse with one of its new server.';
COMMENT ON COLUMN bemi.errors.commit_position IS 'LSN of the commit, as a number; with sequence it identifies the change in bemi.changes.';
COMMENT ON COLUMN bemi.errors.sequence IS 'Number of the change in its transaction, from 0.';
COMMENT ON COLUMN bemi.errors.schema IS 'Schema of the changed table.';
COMMENT ON COLUMN bemi.errors."table" IS 'Name of the changed table.';
COMMENT ON COLUMN bemi.errors.operation IS 'CREATE, UPDATE, DELETE or TRUNCATE.';
COMMENT ON COLUMN bemi.errors.committed_at IS 'When the transaction of the change was committed.';
COMMENT ON COLUMN bemi.errors.acknowledged_at IS 'When bemi.acknowledge_errors() was called.';
COMMENT ON COLUMN bemi.errors.acknowledged_by IS 'The role that called it.';
COMMENT ON COLUMN bemi.errors.sqlstate IS 'Error code of the reason, the first one if there are several.';
COMMENT ON COLUMN bemi.errors.error IS 'The reason, the first one if there are several.';
COMMENT ON COLUMN bemi.errors.stored_as IS
    'Which values of the change are stored as what; null where the change is missing in bemi.changes.';
COMMENT ON COLUMN bemi.errors.occurred_at IS 'When this was noted.';

CREATE TABLE bemi.gaps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_identifier bigint NOT NULL,
    from_position pg_lsn NOT NULL,
    to_position pg_lsn,
    from_time timestamptz,
    to_time timestamptz,
    reason text NOT NULL,
    role text,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text
);
CREATE UNIQUE INDEX ON bemi.gaps (system_identifier) WHERE to_position IS NULL;
COMMENT ON TABLE bemi.gaps IS
    'Stretches of the WAL whose changes are not in bemi.changes; call bemi.acknowledge_gap() once you know of one.';
COMMENT ON COLUMN bemi.gaps.id IS 'What bemi.acknowledge_gap() takes.';
COMMENT ON SEQUENCE bemi.gaps_id_seq IS 'Numbers bemi.gaps.';
COMMENT ON COLUMN bemi.gaps.system_identifier IS
    'The server whose WAL it is, as in pg_control_system(); a restored dump has the gaps of the server it comes from.';
COMMENT ON COLUMN bemi.gaps.from_position IS 'What was committed before this position is stored.';
COMMENT ON COLUMN bemi.gaps.to_position IS
    'What is committed from this position on is stored again; null while nothing is stored, until bemi.start().';
COMMENT ON COLUMN bemi.gaps.from_time IS 'When the last change before it was committed; null if there was none.';
COMMENT ON COLUMN bemi.gaps.to_time IS 'When the gap had ended.';
COMMENT ON COLUMN bemi.gaps.reason IS 'How it came about.';
COMMENT ON COLUMN bemi.gaps.role IS
    'The role that caused it by bemi.stop(), or whose bemi.start() noticed it; null where the worker noticed it.';
COMMENT ON COLUMN bemi.gaps.noticed_at IS 'When it was written down.';
COMMENT ON COLUMN bemi.gaps.acknowledged_at IS
    'When bemi.acknowledge_gap() was called; null again if the gap got its end after that.';
COMMENT ON COLUMN bemi.gaps.acknowledged_by IS 'The role that called it.';
