CREATE FUNCTION bemi.store_faults() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH store AS (
        SELECT w.desired_state, w.attempts, w.crashes, w.failed_at >= w.attempted_at AS has_failed, w.sqlstate || ': ' || w.error AS error,
               m.pid, m.blocked_by, p.position, s.slot_name, s.wal_status,
               pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) AS wal_kept
        FROM bemi.metrics m
        JOIN pg_database d ON d.datname = m.database
        CROSS JOIN pg_control_system() AS this
        LEFT JOIN bemi.worker w ON w.database = d.oid AND w.system_identifier = this.system_identifier
        LEFT JOIN bemi.progress p ON p.database = d.oid AND p.system_identifier = this.system_identifier
        LEFT JOIN pg_replication_slots s ON s.slot_name = m.slot
        WHERE NOT pg_is_in_recovery()
    ),
    server AS (
        SELECT max.slots, needed.processes > max.processes AS shares_processes, needed.processes AS needed_processes, (SELECT count(*) FROM pg_replication_slots) >= max.slots AS has_no_slot,
               max.processes, (SELECT count(*) FROM pg_stat_activity a
                               WHERE a.backend_type NOT IN (
                                   'archiver', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer',
                                   'client backend', 'io worker', 'logger', 'slotsync worker', 'startup', 'walreceiver',
                                   'walsender', 'walsummarizer', 'walwriter')) >= max.processes AS has_no_process
        FROM (SELECT current_setting('max_replication_slots')::int,
                     current_setting('max_worker_processes')::int) AS max (slots, processes),
             -- A worker for each database, the two launchers, and what one parallel query may have.
             (SELECT count(*) + 2 + current_setting('max_parallel_workers_per_gather')::int FROM pg_replication_slots
              WHERE plugin = 'bemi' AND slot_name = 'bemi_' || datoid) AS needed (processes)
    )
    SELECT 'slot' AS topic,
           CASE WHEN server.has_no_slot
                THEN format('missing, and all of max_replication_slots = %s are in use', server.slots)
                ELSE COALESCE('missing; what was committed after ' || store.position || ' is lost', 'missing') END AS found,
           CASE WHEN server.has_no_slot
                THEN format('ALTER SYSTEM SET max_replication_slots = %s; -- then restart the server', server.slots + 10)
                ELSE 'SELECT bemi.start();' END AS fix
    FROM store, server
    WHERE store.slot_name IS NULL
      AND (store.desired_state = 'paused' OR store.desired_state = 'running' AND (store.pid IS NULL OR server.has_no_slot))
    UNION ALL
    SELECT 'slot', 'invalidated: the server has taken its WAL away', 'SELECT bemi.start();'
    FROM store
    WHERE store.wal_status = 'lost' AND store.desired_state <> 'stopped'
    UNION ALL
    SELECT 'slot', 'left behind; it holds back WAL', 'SELECT bemi.stop(drop_slot => true);'
    FROM store
    WHERE COALESCE(store.desired_state, 'stopped') = 'stopped' AND store.slot_name IS NOT NULL AND store.pid IS NULL
    UNION ALL
    -- A standby can have slots of its own. Those that it keeps for a failover are marked as synced (PostgreSQL 17).
    SELECT 'slot',
           format('left from when this server was the primary; it holds back %s of WAL here, and with hot_standby_feedback '
                             'dead rows of catalogs on the primary',
                             pg_size_pretty(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), s.restart_lsn))),
           format('SELECT pg_drop_replication_slot(%L);', s.slot_name)
    FROM pg_replication_slots s
    WHERE pg_is_in_recovery() AND s.slot_name = 'bemi_' || s.datoid AND s.database = current_database()
      AND to_jsonb(s) ->> 'synced' IS DISTINCT FROM 'true'
    UNION ALL
    SELECT 'worker',
           CASE WHEN store.desired_state = 'paused' AND store.attempts > 0 THEN concat('paused: ', store.error)
                WHEN store.desired_state = 'paused'
                    THEN concat('paused by bemi.stop(); its slot holds back ', pg_size_pretty(store.wal_kept))
                WHEN store.pid IS NULL AND server.has_no_process
                    THEN format('not running, and all of max_worker_processes = %s are in use', server.processes)
                WHEN server.shares_processes AND store.attempts < 2
                    THEN format('taking turns with those of other databases, because max_worker_processes = %s is too small',
                                server.processes)
                WHEN store.pid IS NULL THEN 'not running'
                ELSE format('%s attempts since it last ran well: %s', store.attempts,
                                       CASE WHEN store.error IS NULL OR store.crashes > 1 THEN 'it crashed' ELSE store.error END) END,
           CASE WHEN store.desired_state = 'running' AND (store.pid IS NULL AND server.has_no_process OR server.shares_processes)
                THEN format('ALTER SYSTEM SET max_worker_processes = %s; -- then restart the server',
                            greatest(server.processes + 8, server.needed_processes))
                ELSE 'SELECT bemi.start();' END
    FROM store, server
    WHERE store.desired_state = 'paused'
       OR store.desired_state = 'running' AND (store.pid IS NULL OR server.shares_processes OR store.attempts > 1 OR store.attempts = 1 AND store.has_failed)
    UNION ALL
    -- The fix is advice with the name to ask, because ending a transaction throws away somebody's work.
    SELECT 'lag', 'the worker waits for ' || a.who,
           regexp_replace('-- end that, or wait: ' || a.what, E'\\s+', ' ', 'g')
    FROM store
    CROSS JOIN LATERAL (SELECT DISTINCT pid FROM unnest(store.blocked_by) AS pid) AS b (pid)
    CROSS JOIN LATERAL (
        SELECT format('a lock or a transaction of process %s', b.pid),
               format('user %I, application %L, process %s, in this transaction since %s: %s', s.usename,
                                 s.application_name, b.pid, s.xact_start, left(s.query, 200))
        FROM pg_stat_activity s
        WHERE s.pid = b.pid
        UNION ALL
        SELECT format('the prepared transaction %L', x.gid),
               format('COMMIT PREPARED %1$L or ROLLBACK PREPARED %1$L, of user %2$I in database %3$I, prepared at %4$s',
                                 x.gid, x.owner, x.database, x.prepared)
        FROM pg_locks waiting
        JOIN pg_prepared_xacts x
            ON x.transaction = waiting.transactionid
            OR EXISTS (SELECT FROM pg_locks own -- the lock that each prepared transaction has on itself, without a process
                       JOIN pg_locks held ON held.virtualtransaction = own.virtualtransaction AND held.pid IS NULL
                       WHERE own.pid IS NULL AND own.transactionid = x.transaction AND held.locktype = waiting.locktype
                         AND held.database = waiting.database AND held.relation = waiting.relation)
        WHERE b.pid = 0 AND waiting.pid = store.pid AND NOT waiting.granted
    ) AS a (who, what)
    UNION ALL
    SELECT 'partitions', 'none for changes that are made now',
           'SELECT pg_reload_conf(); -- has the worker make it'
    FROM store
    WHERE store.desired_state = 'running' AND store.position IS NOT NULL
      AND CASE WHEN EXISTS ( -- pg_get_expr() would wait for this lock
              SELECT FROM bemi.partitions p
              JOIN pg_locks l ON l.relation = p.partition AND l.mode = 'AccessExclusiveLock') THEN false
          ELSE NOT EXISTS ( -- a DEFAULT partition has no times, and holds any change
              SELECT FROM bemi.partitions p
              WHERE (now() >= p.from_time AND now() < p.to_time) IS NOT FALSE) END
    UNION ALL
    SELECT 'max_slot_wal_keep_size',
           format('%s MB; slots will lose their WAL soon: %s', keep.megabytes,
                             string_agg(s.slot_name, ', ' ORDER BY s.slot_name)),
           format('ALTER SYSTEM SET max_slot_wal_keep_size = ''%s MB''; SELECT pg_reload_conf();', 2 * ceil(
               max(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)) / 1048576))
    FROM pg_replication_slots s
    CROSS JOIN (SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS keep (megabytes)
    WHERE s.plugin = 'bemi' AND s.database = current_database() AND s.wal_status = 'unreserved'
      AND NOT pg_is_in_recovery()
    GROUP BY keep.megabytes
    UNION ALL
    SELECT 'client slots',
           CASE WHEN s.wal_status = 'lost' THEN format('%s is invalidated: the server has taken its WAL away', s.slot_name)
                ELSE format('%s holds back more WAL than max_wal_size, and no client reads it', s.slot_name) END,
           format(CASE WHEN s.wal_status = 'lost' THEN 'SELECT pg_drop_replication_slot(%L); -- and make it anew'
                                  ELSE '-- have its client read it, or give up what it has not read: SELECT pg_drop_replication_slot(%L);' END,
                             s.slot_name)
    FROM bemi.client_slots s
    WHERE NOT s.active AND s.wal_status IN ('extended', 'lost');
END;
COMMENT ON FUNCTION bemi.store_faults() IS 'Internal, for bemi.doctor(): faults of the worker, of slots and of the current partition.';
REVOKE ALL ON FUNCTION bemi.store_faults() FROM PUBLIC;
