\echo Use "CREATE EXTENSION bemi" to load this file. \quit

-- Who owns the schema could put functions of his own beside ours, and operators before those of pg_catalog.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'bemi') THEN
        RAISE insufficient_privilege
            USING MESSAGE = 'schema "bemi" belongs to a role that is not a superuser',
                  HINT = 'Use ALTER SCHEMA bemi OWNER TO CURRENT_USER first.';
    END IF;
END
$$;

-- What is tracked. The output plugin reads it while decoding, under the snapshot of the change: hence user_catalog_table.
CREATE TABLE bemi.tracked (
    relation regclass PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('row', 'statement')),
    root regclass,
    by_schema boolean NOT NULL,
    previous_identity "char" NOT NULL,
    previous_index name,
    tracked_at timestamptz NOT NULL DEFAULT now()
) WITH (user_catalog_table = true);
CREATE INDEX ON bemi.tracked (root) WHERE root IS NOT NULL;

COMMENT ON TABLE bemi.tracked IS 'Tables that bemi tracks; read bemi.tracked_tables instead.';
COMMENT ON COLUMN bemi.tracked.root IS 'The partitioned or inherited table that it is tracked with; null if tracked itself.';
COMMENT ON COLUMN bemi.tracked.by_schema IS 'Tracked because its schema is.';
COMMENT ON COLUMN bemi.tracked.previous_identity IS 'Replica identity before, as in pg_class.relreplident.';
COMMENT ON COLUMN bemi.tracked.previous_index IS 'Index of the replica identity before, where it had one.';

-- By name: pg_upgrade keeps the OIDs of relations, not those of schemas.
CREATE TABLE bemi.tracked_schemas (
    schema name PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('row', 'statement')),
    tracked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bemi.tracked_schemas IS 'Schemas whose tables are tracked, those to come too.';

SELECT pg_catalog.pg_extension_config_dump('bemi.tracked', '');
SELECT pg_catalog.pg_extension_config_dump('bemi.tracked_schemas', '');

-- Context

CREATE FUNCTION bemi.set_context(context jsonb, is_local boolean DEFAULT false) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_set_context';
COMMENT ON FUNCTION bemi.set_context(jsonb, boolean) IS
    'Replaces the context of the changes that follow; NULL clears it. Returns it.';

CREATE FUNCTION bemi.merge_context(patch jsonb, is_local boolean DEFAULT false) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_merge_context';
COMMENT ON FUNCTION bemi.merge_context(jsonb, boolean) IS
    'Sets the top-level keys of the patch in the context; a null value removes the key. Returns the new context.';

CREATE FUNCTION bemi.current_context() RETURNS jsonb
    LANGUAGE c PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bemi_current_context';
COMMENT ON FUNCTION bemi.current_context() IS
    'The context that a change made right now would carry: the session''s, the statement''s comment and the server facts.';

CREATE FUNCTION bemi.clear_context() RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_clear_context';
COMMENT ON FUNCTION bemi.clear_context() IS 'Sets no context.';

-- Tracking. SET search_path: these run SQL of their own, partly as the owner of the extension.

CREATE FUNCTION bemi.emit_context() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_emit_context';
COMMENT ON FUNCTION bemi.emit_context() IS
    'The trigger on every tracked table: writes the context to the WAL where it differs from the last one written.';

CREATE FUNCTION bemi.track(target regclass, level text DEFAULT 'row') RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track';
COMMENT ON FUNCTION bemi.track(regclass, text) IS
    'Tracks a table with its partitions and children: triggers of level ''row'' or ''statement'', REPLICA IDENTITY FULL.';

CREATE FUNCTION bemi.untrack(target regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack';
COMMENT ON FUNCTION bemi.untrack(regclass) IS
    'Undoes bemi.track(): takes the triggers off and sets the former replica identity.';

CREATE FUNCTION bemi.track_schema(target regnamespace, level text DEFAULT 'row') RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_schema';
COMMENT ON FUNCTION bemi.track_schema(regnamespace, text) IS
    'Tracks every table of a schema, and those that appear there later.';

CREATE FUNCTION bemi.untrack_schema(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack_schema';
COMMENT ON FUNCTION bemi.untrack_schema(regnamespace) IS
    'Untracks the tables that are tracked because of their schema, and leaves those to come alone.';

CREATE VIEW bemi.tracked_tables AS
SELECT t.relation, t.level, t.root, t.by_schema, t.tracked_at, p.problems
FROM bemi.tracked t
JOIN pg_catalog.pg_class c ON c.oid = t.relation
CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(problem ORDER BY problem) AS problems
    FROM (
        SELECT pg_catalog.format('replica identity is %s, not FULL',
                                 CASE c.relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING' ELSE 'an index' END)
        WHERE c.relreplident <> 'f'
        UNION ALL
        SELECT 'table is unlogged' WHERE c.relpersistence = 'u'
        UNION ALL
        SELECT pg_catalog.format('trigger "%s" %s', expected.name,
                                 CASE WHEN g.oid IS NULL THEN 'is missing'
                                      WHEN g.tgenabled = 'D' THEN 'is disabled'
                                      ELSE 'does not fire in every session_replication_role' END)
        FROM (VALUES ('~bemi_truncate', true),
                     ('~bemi_row', t.level = 'row' AND c.relkind = 'r'),
                     ('~bemi_statement', t.level = 'statement')) AS expected (name, needed)
        LEFT JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.relation AND g.tgname = expected.name
        WHERE expected.needed AND g.tgenabled IS DISTINCT FROM 'A'
        UNION ALL
        SELECT pg_catalog.format('%s is not tracked with it', i.inhrelid::pg_catalog.regclass)
        FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class child ON child.oid = i.inhrelid
        WHERE i.inhparent = t.relation AND child.relkind IN ('r', 'p') AND child.relpersistence = 'p'
          AND NOT EXISTS (SELECT FROM bemi.tracked other WHERE other.relation = i.inhrelid)
        UNION ALL
        -- its own statement triggers do not fire for these
        SELECT pg_catalog.format('contexts of writes through %s are missing', i.inhparent::pg_catalog.regclass)
        FROM pg_catalog.pg_inherits i
        WHERE i.inhrelid = t.relation AND t.level = 'statement'
          AND NOT EXISTS (SELECT FROM bemi.tracked other WHERE other.relation = i.inhparent AND other.level = 'statement')
    ) AS found (problem)
) AS p;
COMMENT ON VIEW bemi.tracked_tables IS
    'What is tracked, how, since when, and what is off about it (problems; null where nothing is).';

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

-- One row each. The worker's progress is written with the rows that it stores; all else rarely.
CREATE TABLE bemi.worker (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    wanted text NOT NULL CHECK (wanted IN ('running', 'paused', 'ended')),
    database oid NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    attempted_at timestamptz,
    sqlstate text,
    error text,
    failed_at timestamptz,
    retention_at timestamptz,
    partitions_dropped bigint NOT NULL DEFAULT 0
);
CREATE TABLE bemi.progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position pg_lsn NOT NULL,
    changes bigint NOT NULL DEFAULT 0,
    committed_at timestamptz,
    stored_at timestamptz
) WITH (fillfactor = 10);
COMMENT ON TABLE bemi.worker IS 'What the worker is to do, and how it fared; read bemi.status instead.';
COMMENT ON COLUMN bemi.worker.database IS 'Where this was ordered: a copy of the database has the row, too.';
COMMENT ON COLUMN bemi.worker.attempts IS 'How often it was started since it last ran well.';
COMMENT ON TABLE bemi.progress IS 'All that was committed before this position is stored.';

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
    occurred_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (commit_position, sequence, id)
);
COMMENT ON TABLE bemi.errors IS 'Changes that could not be stored, and why.';
COMMENT ON COLUMN bemi.errors.id IS 'That of the change, which a restored dump cannot confuse with one of its new server.';

CREATE TABLE bemi.gaps (
    from_position pg_lsn NOT NULL,
    to_position pg_lsn,
    reason text NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (from_position)
);
COMMENT ON TABLE bemi.gaps IS 'Stretches of the WAL whose changes are lost; one without an end goes on until bemi.start().';

SELECT pg_catalog.pg_extension_config_dump('bemi.errors', '');
SELECT pg_catalog.pg_extension_config_dump('bemi.gaps', '');

CREATE VIEW bemi.partitions AS
SELECT c.oid::pg_catalog.regclass AS partition,
       pg_catalog.substring(b.bound, $r$FROM \('([^']+)'\)$r$)::timestamptz AS from_time,
       pg_catalog.substring(b.bound, $r$TO \('([^']+)'\)$r$)::timestamptz AS to_time
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid)) AS b (bound)
WHERE i.inhparent = 'bemi.changes'::pg_catalog.regclass;
COMMENT ON VIEW bemi.partitions IS 'The partitions of bemi.changes and the time that each is for.';

CREATE VIEW bemi.partition_indexes (definition, statement) AS VALUES
    ('btree (id)', 'ALTER TABLE %s ADD PRIMARY KEY (id);'),
    ('btree ("table", primary_key, committed_at)', 'CREATE INDEX ON %s ("table", primary_key, committed_at);'),
    ('btree (committed_at)', 'CREATE INDEX ON %s (committed_at);'),
    ('btree (transaction_id)', 'CREATE INDEX ON %s (transaction_id);'),
    ('gin (context)', 'CREATE INDEX ON %s USING gin (context jsonb_path_ops);');
COMMENT ON VIEW bemi.partition_indexes IS
    'The indexes of each partition of bemi.changes: access method and columns, and the SQL that makes it.';

CREATE FUNCTION bemi.start() RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_start';
COMMENT ON FUNCTION bemi.start() IS
    'Starts the worker that stores the changes of tracked tables in bemi.changes, now and after every restart.';

CREATE FUNCTION bemi.stop(drop_slot boolean DEFAULT false) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_stop';
COMMENT ON FUNCTION bemi.stop(boolean) IS
    'Pauses the worker, which goes on from there at the next bemi.start(); with drop_slot, ends it.';

REVOKE ALL ON FUNCTION bemi.start(), bemi.stop(boolean) FROM PUBLIC;

CREATE VIEW bemi.status AS
SELECT d.datname AS database,
       CASE WHEN w.wanted IS NULL OR w.wanted = 'ended' THEN 'not started'
            WHEN s.wal_status = 'lost' THEN 'slot lost'
            WHEN w.wanted = 'paused' THEN 'paused'
            WHEN l.pid IS NULL THEN 'not running'
            WHEN s.active_pid IS NULL THEN 'waiting'
            WHEN s.confirmed_flush_lsn IS NULL THEN 'creating slot'
            WHEN a.state = 'idle' THEN 'caught up'
            ELSE 'working' END AS state,
       CASE WHEN a.state <> 'idle' THEN a.query END AS activity,
       l.pid,
       pg_catalog.pg_blocking_pids(l.pid) AS blocked_by,
       s.slot_name AS slot,
       pg_catalog.pg_wal_lsn_diff(e.wal_end, pos.position)::bigint AS lag_bytes,
       CASE WHEN a.state = 'idle' THEN 0
            ELSE pg_catalog.date_part('epoch', pg_catalog.now() - p.committed_at) END AS lag_seconds,
       p.changes AS changes_stored,
       p.stored_at AS last_stored_at,
       w.attempts,
       w.sqlstate AS last_sqlstate,
       w.error AS last_error,
       w.failed_at AS last_error_at,
       w.retention_at AS last_retention_at,
       w.partitions_dropped,
       (SELECT pg_catalog.count(*) FROM bemi.errors) AS errors,
       (SELECT pg_catalog.count(*) FROM bemi.gaps) AS gaps
FROM pg_catalog.pg_database d
LEFT JOIN bemi.worker w ON w.database = d.oid
LEFT JOIN bemi.progress p ON true
LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = 'bemi_' || d.oid AND s.datoid = d.oid
-- By its lock, which all may see.
LEFT JOIN pg_catalog.pg_locks l ON l.locktype = 'advisory' AND l.database = d.oid AND l.objsubid = 16 AND l.granted
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
CROSS JOIN LATERAL (SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_flush_lsn() END) AS e (wal_end)
CROSS JOIN LATERAL (SELECT GREATEST(p.position, s.confirmed_flush_lsn)) AS pos (position)
WHERE d.datname = pg_catalog.current_database();
COMMENT ON VIEW bemi.status IS 'How the worker of this database is doing.';

-- Everybody may set a context, and read what is tracked (pg_dump of a role that is no superuser does).
GRANT USAGE ON SCHEMA bemi TO PUBLIC;
GRANT SELECT ON bemi.tracked, bemi.tracked_schemas, bemi.tracked_tables TO PUBLIC;

-- Event triggers, last: the script's own commands are none of their business.

CREATE FUNCTION bemi.on_ddl_command_start() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_start';
COMMENT ON FUNCTION bemi.on_ddl_command_start() IS
    'Has the worker drop the replication slot where the extension is dropped.';

CREATE FUNCTION bemi.on_ddl_command_end() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_end';
COMMENT ON FUNCTION bemi.on_ddl_command_end() IS
    'Tracks tables that appear in a tracked schema, and follows partitions and children.';

CREATE FUNCTION bemi.on_sql_drop() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_sql_drop';
COMMENT ON FUNCTION bemi.on_sql_drop() IS 'Forgets what is dropped.';

-- By its name, that of its schema or its owner.
CREATE EVENT TRIGGER bemi_ddl_command_start ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION bemi.on_ddl_command_start();
ALTER EVENT TRIGGER bemi_ddl_command_start ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER SCHEMA')
    EXECUTE FUNCTION bemi.on_ddl_command_end();
CREATE EVENT TRIGGER bemi_sql_drop ON sql_drop EXECUTE FUNCTION bemi.on_sql_drop();
