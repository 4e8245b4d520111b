CREATE VIEW bemi.metrics AS
SELECT d.datname AS database,
       CASE WHEN pg_is_in_recovery() THEN 'standby'
            WHEN w.desired_state IS NULL OR w.desired_state = 'stopped' THEN 'not started'
            WHEN s.wal_status = 'lost' THEN 'slot lost'
            WHEN w.desired_state = 'paused' THEN 'paused'
            WHEN l.pid IS NULL THEN 'not running'
            WHEN s.active_pid IS NULL THEN 'waiting'
            WHEN s.confirmed_flush_lsn IS NULL THEN 'creating slot'
            ELSE COALESCE(r.activity, 'running') END AS state,
       l.pid,
       pg_blocking_pids(l.pid) AS blocked_by,
       s.slot_name AS slot,
       s.restart_lsn,
       pg_wal_lsn_diff(e.wal_end, s.restart_lsn)::bigint AS wal_kept_bytes,
       s.confirmed_flush_lsn AS confirmed_position,
       COALESCE(r.stored_position, p.position) AS stored_position,
       COALESCE(r.lag_bytes, pg_wal_lsn_diff(e.wal_end, p.position)::bigint) AS lag_bytes,
       date_part('epoch', r.lag) AS lag_seconds,
       r.lag_is_exact,
       r.transaction_id,
       r.changes_read AS transaction_changes_read,
       r.changes_stored AS transaction_changes_stored,
       p.changes AS changes_stored,
       p.committed_at AS last_committed_at,
       p.stored_at AS last_stored_at,
       w.attempts,
       w.crashes,
       w.sqlstate AS last_sqlstate,
       w.error AS last_error,
       w.failed_at AS last_error_at,
       (SELECT count(*) FROM bemi.errors e WHERE e.acknowledged_at IS NULL) AS errors,
       (SELECT count(*) FROM bemi.gaps g WHERE g.acknowledged_at IS NULL) AS gaps,
       (SELECT count(*) FROM bemi.partitions) AS partitions,
       w.partitions_dropped,
       (SELECT coalesce(sum(e.changes_deleted), 0)::bigint FROM bemi.expired_tables e
        WHERE e.database = d.oid AND e.system_identifier = server.system_identifier) AS changes_deleted,
       w.retention_at AS last_retention_at
FROM pg_database d
CROSS JOIN pg_control_system() AS server
LEFT JOIN bemi.worker w ON w.database = d.oid AND w.system_identifier = server.system_identifier
LEFT JOIN bemi.progress p ON p.database = d.oid AND p.system_identifier = server.system_identifier
LEFT JOIN pg_replication_slots s ON s.slot_name = 'bemi_' || d.oid AND s.datoid = d.oid
-- The worker is found by its lock, because everybody may read pg_locks.
LEFT JOIN pg_locks l ON l.locktype = 'advisory' AND l.database = d.oid AND l.objsubid = 16 AND l.granted
LEFT JOIN bemi.worker_report() r ON true
CROSS JOIN LATERAL (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END) AS e (wal_end)
WHERE d.datname = current_database();
COMMENT ON VIEW bemi.metrics IS 'All that can be measured about the worker of this database: one row, for monitoring.';
COMMENT ON COLUMN bemi.metrics.database IS 'Name of the database.';
COMMENT ON COLUMN bemi.metrics.state IS
    'not started, paused, not running, waiting (for the next attempt), creating slot, reading, storing, caught up, running (nobody knows how far), slot lost, or standby.';
COMMENT ON COLUMN bemi.metrics.pid IS 'Process ID of the worker.';
COMMENT ON COLUMN bemi.metrics.blocked_by IS 'Process IDs that the worker waits for; 0 stands for a prepared transaction.';
COMMENT ON COLUMN bemi.metrics.slot IS 'Name of the replication slot of the worker.';
COMMENT ON COLUMN bemi.metrics.restart_lsn IS 'The oldest WAL that the slot keeps.';
COMMENT ON COLUMN bemi.metrics.wal_kept_bytes IS 'How much WAL the slot keeps.';
COMMENT ON COLUMN bemi.metrics.confirmed_position IS
    'The WAL position up to which the worker has confirmed to the slot that everything is stored.';
COMMENT ON COLUMN bemi.metrics.stored_position IS 'Everything that was committed before this WAL position is stored.';
COMMENT ON COLUMN bemi.metrics.lag_bytes IS 'How much WAL the worker still has to read, without what it has written itself.';
COMMENT ON COLUMN bemi.metrics.lag_seconds IS
    'How long ago the oldest change that is not stored was committed; null if that is not known.';
COMMENT ON COLUMN bemi.metrics.lag_is_exact IS 'False after a restart, while the lag may be longer than lag_seconds.';
COMMENT ON COLUMN bemi.metrics.transaction_id IS
    'The transaction that is being stored, together with those that follow if they are small.';
COMMENT ON COLUMN bemi.metrics.transaction_changes_read IS 'How many changes of these transactions were read.';
COMMENT ON COLUMN bemi.metrics.transaction_changes_stored IS 'How many changes of these transactions were stored.';
COMMENT ON COLUMN bemi.metrics.changes_stored IS 'How many changes were stored since the first bemi.start().';
COMMENT ON COLUMN bemi.metrics.last_committed_at IS 'When the last stored change was committed.';
COMMENT ON COLUMN bemi.metrics.last_stored_at IS 'When the last stored change was stored.';
COMMENT ON COLUMN bemi.metrics.attempts IS 'How often the worker was started since it last ran well.';
COMMENT ON COLUMN bemi.metrics.crashes IS 'How many of the last attempts ended without an error message.';
COMMENT ON COLUMN bemi.metrics.last_sqlstate IS 'SQLSTATE of the last error of the worker; null once it has run well again.';
COMMENT ON COLUMN bemi.metrics.last_error IS 'The last error of the worker; null once it has run well again.';
COMMENT ON COLUMN bemi.metrics.last_error_at IS 'When the last error occurred.';
COMMENT ON COLUMN bemi.metrics.errors IS 'Rows of bemi.errors that are not acknowledged.';
COMMENT ON COLUMN bemi.metrics.gaps IS 'Rows of bemi.gaps that are not acknowledged.';
COMMENT ON COLUMN bemi.metrics.partitions IS 'How many partitions bemi.changes has.';
COMMENT ON COLUMN bemi.metrics.partitions_dropped IS 'How many partitions bemi.retention has dropped.';
COMMENT ON COLUMN bemi.metrics.changes_deleted IS 'How many changes of single tables were deleted, because of bemi.track(..., retention).';
COMMENT ON COLUMN bemi.metrics.last_retention_at IS 'When bemi.retention was last applied.';

CREATE VIEW bemi.status AS
SELECT state, make_interval(secs => lag_seconds) AS lag, lag_bytes, changes_stored, last_error
FROM bemi.metrics;
COMMENT ON VIEW bemi.status IS 'How the worker of this database is doing: one row to read. bemi.metrics has all that can be measured.';
COMMENT ON COLUMN bemi.status.state IS
    'not started, paused, not running, waiting (for the next attempt), creating slot, reading, storing, caught up, running (nobody knows how far), slot lost, or standby.';
COMMENT ON COLUMN bemi.status.lag IS
    'How long ago the oldest change that is not stored was committed; at least that long after a restart, and null if that is not known.';
COMMENT ON COLUMN bemi.status.lag_bytes IS 'How much WAL the worker still has to read, without what it has written itself.';
COMMENT ON COLUMN bemi.status.changes_stored IS 'How many changes were stored since the first bemi.start().';
COMMENT ON COLUMN bemi.status.last_error IS 'The last error of the worker; null once it has run well again.';

CREATE VIEW bemi.table_stats AS
SELECT c.schema, c."table", count(*) AS changes_stored, max(c.committed_at) AS last_change_at,
       count(*) FILTER (WHERE c.context = '{}') AS changes_without_context
FROM bemi.changes c
GROUP BY c.schema, c."table";
COMMENT ON VIEW bemi.table_stats IS
    'What bemi.changes holds of each table. It reads all of bemi.changes, which has no counters: query it rarely.';
COMMENT ON COLUMN bemi.table_stats.schema IS 'Schema of the table when it was changed.';
COMMENT ON COLUMN bemi.table_stats."table" IS 'Name of the table when it was changed.';
COMMENT ON COLUMN bemi.table_stats.changes_stored IS
    'How many changes there are, without those that bemi.retention has dropped.';
COMMENT ON COLUMN bemi.table_stats.last_change_at IS 'When the last change was committed.';
COMMENT ON COLUMN bemi.table_stats.changes_without_context IS 'How many changes have the context {}.';
GRANT SELECT ON bemi.metrics, bemi.status, bemi.table_stats TO pg_monitor;
