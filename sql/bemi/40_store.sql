-- The store. The worker creates the partitions with their indexes. They are not members of the extension, so pg_dump dumps
-- the history.

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

COMMENT ON TABLE bemi.changes IS 'Every change of the tracked tables, with its context.';
COMMENT ON COLUMN bemi.changes.id IS 'Identifies the change, on every server.';
COMMENT ON COLUMN bemi.changes.database IS 'Name of the database.';
COMMENT ON COLUMN bemi.changes.schema IS 'Schema of the changed table.';
COMMENT ON COLUMN bemi.changes."table" IS 'Name of the changed table.';
COMMENT ON COLUMN bemi.changes.primary_key IS
    'The primary key of the row, a JSON array if it has several columns; null if the table has none.';
COMMENT ON COLUMN bemi.changes.operation IS 'CREATE, UPDATE, DELETE, TRUNCATE, BASELINE or ERASURE.';
COMMENT ON COLUMN bemi.changes.before IS 'The row before the change; {} if there was none.';
COMMENT ON COLUMN bemi.changes.after IS 'The row after the change; {} if there is none.';
COMMENT ON COLUMN bemi.changes.context IS 'The context of the change: what the application set, and what the server knows.';
COMMENT ON COLUMN bemi.changes.committed_at IS 'When the transaction of the change was committed.';
COMMENT ON COLUMN bemi.changes.queued_at IS 'When the worker read the change from the WAL.';
COMMENT ON COLUMN bemi.changes.created_at IS 'When the worker stored the change.';
COMMENT ON COLUMN bemi.changes.transaction_id IS 'The ID of the transaction.';
COMMENT ON COLUMN bemi.changes.position IS 'The LSN of the change, as a number.';
COMMENT ON COLUMN bemi.changes.commit_position IS
    'The LSN of the commit, as a number; with sequence it identifies the change on its server.';
COMMENT ON COLUMN bemi.changes.sequence IS 'Number of the change in its transaction, from 0.';

-- Each server and database has a row. The worker's progress is updated with each batch that it stores; the other table rarely.
CREATE TABLE bemi.worker (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    desired_state text NOT NULL CHECK (desired_state IN ('running', 'paused', 'stopped')),
    since pg_lsn NOT NULL,
    requested_by name NOT NULL,
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
    carried_to timestamptz,
    trusted_time timestamptz,
    noted_time timestamptz,
    noted_at timestamptz,
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
    from_position pg_lsn NOT NULL,
    from_time timestamptz NOT NULL,
    part_of pg_lsn,
    part_sequence bigint,
    latest_commit timestamptz,
    max_skew interval NOT NULL DEFAULT '0',
    PRIMARY KEY (system_identifier, database)
) WITH (fillfactor = 10);
COMMENT ON TABLE bemi.worker IS
    'What the worker is to do, and what has happened to it. Read bemi.status or bemi.metrics instead.';
COMMENT ON COLUMN bemi.worker.system_identifier IS
    'The server of the worker, as in pg_control_system(). Rows of other servers have no effect.';
COMMENT ON COLUMN bemi.worker.database IS
    'OID of the database in which bemi.start() or bemi.stop() was called. A copy of the database has the row too.';
COMMENT ON COLUMN bemi.worker.desired_state IS 'The state that was requested: running, paused or stopped.';
COMMENT ON COLUMN bemi.worker.since IS
    'The WAL position when the worker was first requested. An older replication slot belongs to an earlier extension.';
COMMENT ON COLUMN bemi.worker.requested_by IS 'The role that called bemi.start() or bemi.stop() last.';
COMMENT ON COLUMN bemi.worker.attempts IS 'How often the worker was started since it last ran well.';
COMMENT ON COLUMN bemi.worker.crashes IS 'How many of the last attempts ended without an error message.';
COMMENT ON COLUMN bemi.worker.attempted_at IS 'When the worker was started last.';
COMMENT ON COLUMN bemi.worker.sqlstate IS 'SQLSTATE of its last error; null once it has run well again.';
COMMENT ON COLUMN bemi.worker.error IS 'Message of its last error; null once it has run well again.';
COMMENT ON COLUMN bemi.worker.failed_at IS 'When the last error occurred.';
COMMENT ON COLUMN bemi.worker.retention_at IS 'When bemi.retention was last applied.';
COMMENT ON COLUMN bemi.worker.partitions_dropped IS 'How many partitions bemi.retention has dropped.';
COMMENT ON COLUMN bemi.worker.expired_before IS
    'Partitions that end before this time are dropped, unless bemi.retention keeps them now.';
COMMENT ON COLUMN bemi.worker.expiring_before IS 'The value that expired_before gets a day after expiring_since.';
COMMENT ON COLUMN bemi.worker.expiring_since IS 'When the worker last computed what bemi.retention does not keep.';
COMMENT ON COLUMN bemi.worker.carried_to IS
    'Where bemi.changes began when bemi.retention had dropped its last partition. What tables with a baseline still needed was kept.';
COMMENT ON COLUMN bemi.worker.trusted_time IS
    'For the retention of single tables: now, or the last commit if that is earlier, as it was a day ago or longer. A clock that is wrong for a moment deletes nothing.';
COMMENT ON COLUMN bemi.worker.noted_time IS 'The value that trusted_time gets a day after noted_at.';
COMMENT ON COLUMN bemi.worker.noted_at IS 'When noted_time was noted.';
COMMENT ON TABLE bemi.progress IS 'Up to where the changes of each database are stored.';
COMMENT ON COLUMN bemi.progress.system_identifier IS 'The server of the WAL, as in pg_control_system().';
COMMENT ON COLUMN bemi.progress.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.progress.timeline IS 'The timeline of the position.';
COMMENT ON COLUMN bemi.progress.position IS 'Everything that was committed before this WAL position is stored.';
COMMENT ON COLUMN bemi.progress.changes IS 'How many changes were stored since the first bemi.start().';
COMMENT ON COLUMN bemi.progress.committed_at IS 'When the last stored change was committed.';
COMMENT ON COLUMN bemi.progress.stored_at IS 'When it was stored.';
COMMENT ON COLUMN bemi.progress.from_position IS
    'Everything that was committed from this WAL position on is stored, but for what bemi.errors says.';
COMMENT ON COLUMN bemi.progress.from_time IS 'Everything that was committed after this time is behind that position.';
COMMENT ON COLUMN bemi.progress.part_of IS
    'The commit position of the transaction of which a part is stored; null while every stored transaction is stored as a whole.';
COMMENT ON COLUMN bemi.progress.part_sequence IS
    'The sequence of the last change of that transaction that is stored.';
COMMENT ON COLUMN bemi.progress.latest_commit IS 'The latest time of commit that any stored change has.';
COMMENT ON COLUMN bemi.progress.max_skew IS
    'How much earlier than a former commit a later one was at most: servers do not commit in the order of the times of commit.';

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
COMMENT ON COLUMN bemi.errors.id IS
    'ID of the change, as in bemi.changes. It is unique on every server, so a restored dump cannot confuse two changes.';
COMMENT ON COLUMN bemi.errors.commit_position IS
    'The LSN of the commit, as a number; with sequence it identifies the change in bemi.changes.';
COMMENT ON COLUMN bemi.errors.sequence IS 'Number of the change in its transaction, from 0.';
COMMENT ON COLUMN bemi.errors.schema IS 'Schema of the changed table.';
COMMENT ON COLUMN bemi.errors."table" IS 'Name of the changed table.';
COMMENT ON COLUMN bemi.errors.operation IS 'CREATE, UPDATE, DELETE, TRUNCATE, BASELINE or ERASURE.';
COMMENT ON COLUMN bemi.errors.committed_at IS 'When the transaction of the change was committed.';
COMMENT ON COLUMN bemi.errors.sqlstate IS 'SQLSTATE of the reason, of the first one if there are several.';
COMMENT ON COLUMN bemi.errors.error IS 'The reason, the first one if there are several.';
COMMENT ON COLUMN bemi.errors.stored_as IS
    'Which values were stored differently, and how; null if the change is missing in bemi.changes.';
COMMENT ON COLUMN bemi.errors.occurred_at IS 'When the worker recorded the error.';
COMMENT ON COLUMN bemi.errors.acknowledged_at IS
    'When bemi.acknowledge_errors() was called; null if nobody has called it for this error.';
COMMENT ON COLUMN bemi.errors.acknowledged_by IS 'The role that called bemi.acknowledge_errors().';

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
    'Stretches of the WAL whose changes are not in bemi.changes. Call bemi.acknowledge_gap() once you know of one.';
COMMENT ON COLUMN bemi.gaps.id IS 'The number that bemi.acknowledge_gap() takes.';
COMMENT ON COLUMN bemi.gaps.system_identifier IS
    'The server of the WAL, as in pg_control_system(). A restored dump has the gaps of the server that it comes from.';
COMMENT ON COLUMN bemi.gaps.from_position IS 'Everything that was committed before this WAL position is stored.';
COMMENT ON COLUMN bemi.gaps.to_position IS
    'Everything that is committed from this WAL position on is stored again; null until bemi.start() ends the gap.';
COMMENT ON COLUMN bemi.gaps.from_time IS 'When the last change before the gap was committed; null if there was none.';
COMMENT ON COLUMN bemi.gaps.to_time IS 'When the gap ended.';
COMMENT ON COLUMN bemi.gaps.reason IS 'What caused the gap.';
COMMENT ON COLUMN bemi.gaps.role IS
    'The role that caused the gap by bemi.stop(), or whose bemi.start() noticed it; null if the worker noticed it.';
COMMENT ON COLUMN bemi.gaps.noticed_at IS 'When the gap was recorded.';
COMMENT ON COLUMN bemi.gaps.acknowledged_at IS
    'When bemi.acknowledge_gap() was called; null again if the gap ended after that.';
COMMENT ON COLUMN bemi.gaps.acknowledged_by IS 'The role that called bemi.acknowledge_gap().';
COMMENT ON SEQUENCE bemi.gaps_id_seq IS 'The numbers in bemi.gaps.id.';
