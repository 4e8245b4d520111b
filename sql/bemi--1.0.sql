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

-- What is tracked is in the triggers of each table; here is only what speaks of tables to come.
-- By name: pg_upgrade keeps the OIDs of relations, not those of schemas.
CREATE TABLE bemi.tracked_schemas (
    schema name PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('row', 'statement')),
    tracked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bemi.tracked_schemas IS 'Schemas whose tables are tracked, those to come too.';

SELECT pg_catalog.pg_extension_config_dump('bemi.tracked_schemas', '');

-- Context

CREATE FUNCTION bemi.set_context(context jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_set_context';
COMMENT ON FUNCTION bemi.set_context(jsonb, boolean) IS
    'Replaces the context of the changes that follow, in a transaction block until its end; NULL clears it. Returns it.';

CREATE FUNCTION bemi.merge_context(patch jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_merge_context';
COMMENT ON FUNCTION bemi.merge_context(jsonb, boolean) IS
    'Sets the top-level keys of the patch in the context; a null value removes the key. Returns the new context.';

CREATE FUNCTION bemi.current_context() RETURNS jsonb
    LANGUAGE c PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bemi_current_context';
COMMENT ON FUNCTION bemi.current_context() IS
    'The context that a change made right now would carry: the session''s, the statement''s comment and the server facts.';

CREATE FUNCTION bemi.clear_context(is_local boolean DEFAULT NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_clear_context';
COMMENT ON FUNCTION bemi.clear_context(boolean) IS
    'Sets no context, for as long as set_context() would.';

-- Tracking. SET search_path: these run SQL of their own, partly as the owner of the extension.

CREATE FUNCTION bemi.emit_context() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_emit_context';
COMMENT ON FUNCTION bemi.emit_context() IS
    'The trigger on every tracked table: writes the context to the WAL where it differs from the last one written.';

CREATE FUNCTION bemi.track(target regclass, level text DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track';
COMMENT ON FUNCTION bemi.track(regclass, text) IS
    'Tracks a table with its partitions and children: triggers of level ''row'' or ''statement'', REPLICA IDENTITY FULL. What is not given stays as it is.';

CREATE FUNCTION bemi.untrack(target regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack';
COMMENT ON FUNCTION bemi.untrack(regclass) IS
    'Undoes bemi.track(): takes the triggers off and sets the former replica identity.';

CREATE FUNCTION bemi.track_schema(target regnamespace, level text DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_schema';
COMMENT ON FUNCTION bemi.track_schema(regnamespace, text) IS
    'Tracks every table of a schema, and those that appear there later. On a server in use, CALL bemi.track_each().';

CREATE FUNCTION bemi.untrack_schema(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack_schema';
COMMENT ON FUNCTION bemi.untrack_schema(regnamespace) IS
    'Untracks the tables that are tracked because of their schema, and leaves those to come alone.';

-- For the two procedures below: the commands that are left to do, each for a transaction of its own.
CREATE FUNCTION bemi.steps_to_track(target regnamespace, level text) RETURNS text[]
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_track';
COMMENT ON FUNCTION bemi.steps_to_track(regnamespace, text) IS 'For bemi.track_each(): the commands that are left to do.';
CREATE FUNCTION bemi.steps_to_untrack(target regnamespace) RETURNS text[]
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_untrack';
COMMENT ON FUNCTION bemi.steps_to_untrack(regnamespace) IS 'For bemi.untrack_each(): the commands that are left to do.';
CREATE FUNCTION bemi.track_by_schema(target regclass, level text) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_by_schema';
COMMENT ON FUNCTION bemi.track_by_schema(regclass, text) IS 'A step of bemi.track_each(): tracks one table as its schema is.';
CREATE FUNCTION bemi.set_rule(target regnamespace, level text) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_set_rule';
COMMENT ON FUNCTION bemi.set_rule(regnamespace, text) IS 'A step of bemi.track_each(): tables to come are tracked.';
CREATE FUNCTION bemi.remove_rule(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_remove_rule';
COMMENT ON FUNCTION bemi.remove_rule(regnamespace) IS 'A step of bemi.untrack_each(): tables to come are not tracked.';

-- A procedure with a SET clause cannot COMMIT. So these name the schema of all that they use, operators too.

CREATE PROCEDURE bemi.run_steps(remaining text, target regnamespace, level text, lock_timeout interval)
    LANGUAGE plpgsql AS $$
DECLARE
    steps text[];
    step text;
    message text;
    -- 0 would mean to wait for ever
    milliseconds bigint := GREATEST(1, pg_catalog.date_part('epoch', lock_timeout) OPERATOR(pg_catalog.*) 1000);
BEGIN
    IF target IS NULL THEN
        RETURN;
    END IF;
    IF (lock_timeout OPERATOR(pg_catalog.>) '0'::interval) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING MESSAGE = 'lock_timeout must be greater than zero';
    END IF;
    COMMIT; -- an error where the caller has a transaction open, before anything is done
    FOR round IN 1 .. 6 LOOP
        EXECUTE remaining INTO steps USING target, level;
        EXIT WHEN pg_catalog.cardinality(steps) OPERATOR(pg_catalog.=) 0;
        IF round OPERATOR(pg_catalog.>) 1 THEN
            COMMIT;
            PERFORM pg_catalog.pg_sleep(0.1);
        END IF;
        FOREACH step IN ARRAY steps LOOP
            BEGIN
                PERFORM pg_catalog.set_config('lock_timeout', pg_catalog.concat(milliseconds, 'ms'), true);
                EXECUTE step;
            EXCEPTION WHEN OTHERS THEN
                IF round OPERATOR(pg_catalog.=) 6 THEN
                    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
                    RAISE WARNING USING ERRCODE = SQLSTATE, MESSAGE = pg_catalog.concat('not done: ', step), DETAIL = message,
                        HINT = 'Call the procedure again for what is left.';
                END IF;
            END;
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE bemi.run_steps(text, regnamespace, text, interval) IS
    'For bemi.track_each() and untrack_each(): runs each command in a transaction of its own, and tries again.';

CREATE PROCEDURE bemi.track_each(target regnamespace, level text DEFAULT NULL, lock_timeout interval DEFAULT '200 ms')
    LANGUAGE plpgsql AS $$
BEGIN
    CALL bemi.run_steps('SELECT bemi.steps_to_track($1, $2)', target, level, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.track_each(regnamespace, text, interval) IS
    'bemi.track_schema() for a server in use: one table a transaction, waits for no lock longer than lock_timeout, tries again.';

CREATE PROCEDURE bemi.untrack_each(target regnamespace, lock_timeout interval DEFAULT '200 ms')
    LANGUAGE plpgsql AS $$
BEGIN
    COMMIT; -- an error where the caller has a transaction open
    IF pg_catalog.cardinality(bemi.steps_to_untrack(target)) OPERATOR(pg_catalog.=) 0 THEN
        RAISE undefined_object USING MESSAGE = pg_catalog.format('schema "%s" is not tracked', target),
            HINT = 'SELECT schema FROM bemi.tracked_schemas lists those that are.';
    END IF;
    CALL bemi.run_steps('SELECT bemi.steps_to_untrack($1)', target, NULL, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.untrack_each(regnamespace, interval) IS
    'bemi.untrack_schema() for a server in use, as bemi.track_each() does it.';

-- What is tracked, as the catalogs have it.

CREATE FUNCTION bemi.tracking_options(arguments bytea, OUT level text, OUT by_schema boolean, OUT has_earlier_rows boolean,
                                      OUT not_understood text)
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'bemi_tracking_options';
COMMENT ON FUNCTION bemi.tracking_options(bytea) IS
    'What the arguments of a trigger "~bemi_truncate" (pg_trigger.tgargs) say.';

CREATE FUNCTION bemi.tracked_with(relation regclass) RETURNS regclass
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'bemi_tracked_with';
COMMENT ON FUNCTION bemi.tracked_with(regclass) IS
    'The tracked table that a partition or child belongs to; null for all others.';

CREATE VIEW bemi.tracked_relations AS
SELECT c.oid::pg_catalog.regclass AS relation, c.relkind AS kind, c.relreplident AS identity,
       c.relpersistence = 'u' AS is_unlogged,
       o.level, r.root, o.by_schema AND r.root IS NULL AND s.schema IS NOT NULL AS by_schema, o.has_earlier_rows, o.not_understood
FROM pg_catalog.pg_trigger g
JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN bemi.tracked_schemas s ON s.schema = n.nspname
CROSS JOIN LATERAL bemi.tracking_options(g.tgargs) AS o
CROSS JOIN LATERAL (SELECT bemi.tracked_with(g.tgrelid)) AS r (root)
WHERE g.tgname = '~bemi_truncate' AND g.tgfoid = 'bemi.emit_context'::pg_catalog.regproc;
COMMENT ON VIEW bemi.tracked_relations IS 'For bemi.tracked_tables: what the triggers say.';

-- Tables that ought to be tracked: their schema is, or what they belong to, or one of the triggers is left.
CREATE VIEW bemi.untracked_relations AS
SELECT c.oid::pg_catalog.regclass AS relation, r.root, c.relpersistence = 'u' AS is_unlogged, other.function
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN bemi.tracked_schemas s ON s.schema = n.nspname
CROSS JOIN LATERAL (
    SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending)
                THEN bemi.tracked_with(c.oid) END
) AS r (root)
LEFT JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid AND g.tgname = '~bemi_truncate'
CROSS JOIN LATERAL (
    SELECT CASE WHEN g.tgfoid <> 'bemi.emit_context'::pg_catalog.regproc THEN g.tgfoid::pg_catalog.regproc END
) AS other (function)
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'bemi'
  AND (g.oid IS NULL OR other.function IS NOT NULL)
  AND (s.schema IS NOT NULL OR r.root IS NOT NULL OR EXISTS (
          SELECT FROM pg_catalog.pg_trigger l
          WHERE l.tgrelid = c.oid AND l.tgname IN ('~bemi_row', '~bemi_statement')
            AND l.tgfoid = 'bemi.emit_context'::pg_catalog.regproc));
COMMENT ON VIEW bemi.untracked_relations IS 'For bemi.tracked_tables: tables that ought to be tracked and are not.';

-- One row for each problem. A table that is tracked with another is mended with that one.
CREATE VIEW bemi.table_problems (relation, problem, fix) AS
WITH tracked AS MATERIALIZED (
    SELECT t.*, pg_catalog.format('SELECT bemi.track(%L);', COALESCE(t.root, t.relation)) AS fix
    FROM bemi.tracked_relations t
),
triggers AS (
    SELECT t.relation, t.fix, expected.name, g.tgenabled, g.tgfoid::pg_catalog.regproc AS function
    FROM tracked t
    CROSS JOIN LATERAL (VALUES ('~bemi_truncate', true),
                               ('~bemi_row', t.level = 'row' AND t.kind = 'r'),
                               ('~bemi_statement', t.level = 'statement')) AS expected (name, needed)
    LEFT JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.relation AND g.tgname = expected.name
    WHERE expected.needed
)
SELECT u.relation,
       'is not tracked' || CASE WHEN u.is_unlogged THEN ': it is unlogged'
                                WHEN u.function IS NOT NULL THEN pg_catalog.format(': trigger "~bemi_truncate" runs %s', u.function)
                                ELSE '' END,
       pg_catalog.concat(
           CASE WHEN u.is_unlogged THEN pg_catalog.format('ALTER TABLE %s SET LOGGED; ', u.relation) END,
           CASE WHEN u.function IS NOT NULL
                THEN pg_catalog.format('ALTER TRIGGER "~bemi_truncate" ON %s RENAME TO "z~bemi_truncate"; ', u.relation) END,
           pg_catalog.format('SELECT bemi.track(%L);', COALESCE(u.root, u.relation)))
FROM bemi.untracked_relations u
UNION ALL
SELECT t.relation,
       pg_catalog.format('replica identity is %s, not FULL',
                         CASE t.identity WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING' ELSE 'an index' END),
       t.fix
FROM tracked t
WHERE t.identity <> 'f'
UNION ALL
SELECT t.relation, 'table is unlogged', pg_catalog.format('ALTER TABLE %s SET LOGGED;', t.relation)
FROM tracked t
WHERE t.is_unlogged
UNION ALL
SELECT t.relation,
       pg_catalog.format('trigger "%s" %s', t.name,
                         CASE WHEN t.function IS NULL THEN 'is missing'
                              WHEN t.function <> 'bemi.emit_context'::pg_catalog.regproc
                                  THEN pg_catalog.format('runs %s', t.function)
                              WHEN t.tgenabled = 'D' THEN 'is disabled'
                              ELSE 'does not fire in every session_replication_role' END),
       pg_catalog.concat(
           CASE WHEN t.function <> 'bemi.emit_context'::pg_catalog.regproc
                THEN pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I; ', t.name, t.relation, 'z' || t.name) END,
           t.fix)
FROM triggers t
WHERE t.function IS NULL OR t.function <> 'bemi.emit_context'::pg_catalog.regproc OR t.tgenabled <> 'A'
UNION ALL
-- Its own statement triggers do not fire for these.
SELECT t.relation, pg_catalog.format('contexts of writes through %s are missing', i.inhparent::pg_catalog.regclass),
       pg_catalog.format('SELECT bemi.track(%L, ''statement'');',
                         COALESCE(bemi.tracked_with(i.inhparent), i.inhparent::pg_catalog.regclass))
FROM tracked t
JOIN pg_catalog.pg_inherits i ON i.inhrelid = t.relation
WHERE t.level = 'statement'
  AND NOT EXISTS (SELECT FROM tracked other WHERE other.relation = i.inhparent AND other.level = 'statement')
UNION ALL
SELECT t.relation, 'contexts of rows that a subscription applies are missing at level "statement"',
       pg_catalog.format('SELECT bemi.track(%L, ''row'');', COALESCE(t.root, t.relation))
FROM tracked t
WHERE t.level = 'statement'
  AND EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid IN (t.relation, t.root))
UNION ALL
SELECT t.relation, pg_catalog.format('trigger "%s" fires after bemi''s: a context that it sets comes too late', g.tgname),
       pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I;', g.tgname, t.relation, 'z' || g.tgname)
FROM tracked t
JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.relation
WHERE g.tgtype & 2 <> 0 -- BEFORE
  AND CASE WHEN g.tgtype & 32 <> 0 THEN g.tgname > '~bemi_truncate' -- TRUNCATE
           WHEN g.tgtype & 1 <> 0 THEN t.level = 'row' AND g.tgname > '~bemi_row'
           ELSE t.level = 'statement' AND g.tgname > '~bemi_statement' END
  AND g.tgname NOT IN ('~bemi_row', '~bemi_statement', '~bemi_truncate') AND g.tgenabled <> 'D'
  AND g.tgparentid = 0 -- those of partitions are renamed with their table's
UNION ALL
SELECT t.relation, pg_catalog.format('options of trigger "~bemi_truncate" are not understood: %s', t.not_understood), t.fix
FROM tracked t
WHERE t.not_understood IS NOT NULL
UNION ALL
SELECT t.relation, 'rows that it had before it was tracked are not stored', t.fix || ' -- now you know'
FROM tracked t
WHERE t.has_earlier_rows;
COMMENT ON VIEW bemi.table_problems IS 'For bemi.tracked_tables: what is off about each table, and the SQL that mends it.';

CREATE VIEW bemi.tracked_tables AS
SELECT COALESCE(t.relation, p.relation) AS relation, t.level,
       CASE WHEN t.relation IS NULL THEN bemi.tracked_with(p.relation) ELSE t.root END AS root,
       COALESCE(t.by_schema, false) AS by_schema, p.problems
FROM bemi.tracked_relations t
FULL JOIN (
    SELECT relation, pg_catalog.array_agg(problem ORDER BY problem) FROM bemi.table_problems GROUP BY relation
) AS p (relation, problems) ON p.relation = t.relation;
COMMENT ON VIEW bemi.tracked_tables IS
    'What is tracked and how, what ought to be and is not (level is null), and what is off about it (problems; null where nothing is).';

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

-- pg_dump has the privileges on tables of an extension, but neither their policies nor whether they are in force. So it gets
-- the names of those that have row level security, and their restore turns that on again.
CREATE TABLE bemi.row_security (relation regclass NOT NULL);
COMMENT ON TABLE bemi.row_security IS
    'A dump has those of these tables that have row level security; restored, nobody reads them before there are policies again.';
INSERT INTO bemi.row_security VALUES ('bemi.changes'), ('bemi.errors'), ('bemi.gaps');
CREATE FUNCTION bemi.enable_row_security() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', NEW.relation);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION bemi.enable_row_security() IS 'For restored dumps: closes a table that had row level security.';
CREATE TRIGGER enable_row_security BEFORE INSERT ON bemi.row_security
    FOR EACH ROW EXECUTE FUNCTION bemi.enable_row_security();

SELECT pg_catalog.pg_extension_config_dump('bemi.row_security',
    'WHERE (SELECT c.relrowsecurity FROM pg_catalog.pg_class c WHERE c.oid = relation)');
SELECT pg_catalog.pg_extension_config_dump('bemi.errors', '');
SELECT pg_catalog.pg_extension_config_dump('bemi.gaps', '');
SELECT pg_catalog.pg_extension_config_dump('bemi.gaps_id_seq', '');

-- A publication FOR ALL TABLES has these tables, too. The rows of the other server would tell this one's worker what to do,
-- and a gap there is none here. bemi.changes and bemi.errors may come along: their ids are unique everywhere.
CREATE FUNCTION bemi.leave_out_replicated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_leave_out_replicated';
COMMENT ON FUNCTION bemi.leave_out_replicated() IS 'Trigger function: keeps out rows that logical replication brings.';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY '{worker, progress, gaps, tracked_schemas}'::text[] LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER bemi_leave_out_replicated BEFORE INSERT OR UPDATE OR DELETE ON bemi.%I
            FOR EACH ROW EXECUTE FUNCTION bemi.leave_out_replicated()', name);
        EXECUTE pg_catalog.format('ALTER TABLE bemi.%I ENABLE REPLICA TRIGGER bemi_leave_out_replicated', name);
    END LOOP;
END
$$;

CREATE VIEW bemi.partitions AS
SELECT c.oid::pg_catalog.regclass AS partition,
       CASE WHEN b.bound LIKE '%FROM (MINVALUE)%' THEN '-infinity'
            ELSE pg_catalog.substring(b.bound, $r$FROM \('([^']+)'\)$r$)::timestamptz END AS from_time,
       CASE WHEN b.bound LIKE '%TO (MAXVALUE)%' THEN 'infinity'
            ELSE pg_catalog.substring(b.bound, $r$TO \('([^']+)'\)$r$)::timestamptz END AS to_time
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid)) AS b (bound)
WHERE i.inhparent = 'bemi.changes'::pg_catalog.regclass AND NOT i.inhdetachpending;
COMMENT ON VIEW bemi.partitions IS
    'The partitions of bemi.changes and the time that each is for; a DEFAULT one has none.';

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

CREATE FUNCTION bemi.acknowledge_gap(id bigint) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_acknowledge_gap';
COMMENT ON FUNCTION bemi.acknowledge_gap(bigint) IS
    'Marks a row of bemi.gaps as known, so that bemi.doctor() does not show it any more.';

CREATE FUNCTION bemi.acknowledge_errors(until timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_acknowledge_errors';
COMMENT ON FUNCTION bemi.acknowledge_errors(timestamptz) IS
    'Marks the rows of bemi.errors that occurred until then as known; returns how many they are.';

REVOKE ALL ON FUNCTION bemi.start(), bemi.stop(boolean), bemi.acknowledge_gap(bigint), bemi.acknowledge_errors(timestamptz)
    FROM PUBLIC;

CREATE FUNCTION bemi.sync(timeout interval DEFAULT NULL) RETURNS pg_lsn
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_sync';
COMMENT ON FUNCTION bemi.sync(interval) IS
    'Returns when all that was committed before the call is stored; waits for bemi.sync_timeout at most, or so long.';

CREATE FUNCTION bemi.worker_report(
    OUT activity text, OUT stored_position pg_lsn, OUT lag_bytes bigint, OUT lag interval, OUT lag_is_exact boolean,
    OUT transaction_id bigint, OUT changes_read bigint, OUT changes_stored bigint) RETURNS record
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_worker_report';
COMMENT ON FUNCTION bemi.worker_report() IS
    'What the worker of this database tells in shared memory; null since the server was started without one.';

CREATE VIEW bemi.metrics AS
SELECT d.datname AS database,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby'
            WHEN w.wanted IS NULL OR w.wanted = 'ended' THEN 'not started'
            WHEN s.wal_status = 'lost' THEN 'slot lost'
            WHEN w.wanted = 'paused' THEN 'paused'
            WHEN l.pid IS NULL THEN 'not running'
            WHEN s.active_pid IS NULL THEN 'waiting'
            WHEN s.confirmed_flush_lsn IS NULL THEN 'creating slot'
            ELSE COALESCE(r.activity, 'running') END AS state,
       l.pid,
       pg_catalog.pg_blocking_pids(l.pid) AS blocked_by,
       s.slot_name AS slot,
       s.restart_lsn,
       pg_catalog.pg_wal_lsn_diff(e.wal_end, s.restart_lsn)::bigint AS wal_kept_bytes,
       s.confirmed_flush_lsn AS confirmed_position,
       COALESCE(r.stored_position, p.position) AS stored_position,
       COALESCE(r.lag_bytes, pg_catalog.pg_wal_lsn_diff(e.wal_end, p.position)::bigint) AS lag_bytes,
       pg_catalog.date_part('epoch', r.lag) AS lag_seconds,
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
       (SELECT pg_catalog.count(*) FROM bemi.errors e WHERE e.acknowledged_at IS NULL) AS errors,
       (SELECT pg_catalog.count(*) FROM bemi.gaps g WHERE g.acknowledged_at IS NULL) AS gaps,
       (SELECT pg_catalog.count(*) FROM bemi.partitions) AS partitions,
       w.partitions_dropped,
       w.retention_at AS last_retention_at
FROM pg_catalog.pg_database d
CROSS JOIN pg_catalog.pg_control_system() AS server
LEFT JOIN bemi.worker w ON w.database = d.oid AND w.system_identifier = server.system_identifier
LEFT JOIN bemi.progress p ON p.database = d.oid AND p.system_identifier = server.system_identifier
LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = 'bemi_' || d.oid AND s.datoid = d.oid
-- By its lock, which all may see.
LEFT JOIN pg_catalog.pg_locks l ON l.locktype = 'advisory' AND l.database = d.oid AND l.objsubid = 16 AND l.granted
LEFT JOIN bemi.worker_report() r ON true
CROSS JOIN LATERAL (SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_flush_lsn() END) AS e (wal_end)
WHERE d.datname = pg_catalog.current_database();
COMMENT ON VIEW bemi.metrics IS 'What there is to measure about the worker of this database: one row, for a program.';
COMMENT ON COLUMN bemi.metrics.state IS
    'not started, paused, not running, waiting (for the next attempt), creating slot, reading, storing, caught up, slot lost, or standby.';
COMMENT ON COLUMN bemi.metrics.pid IS 'The worker''s process.';
COMMENT ON COLUMN bemi.metrics.blocked_by IS 'The processes that the worker waits for; 0 stands for a prepared transaction.';
COMMENT ON COLUMN bemi.metrics.slot IS 'The worker''s replication slot.';
COMMENT ON COLUMN bemi.metrics.restart_lsn IS 'The oldest WAL that the slot keeps.';
COMMENT ON COLUMN bemi.metrics.wal_kept_bytes IS 'How much WAL that is.';
COMMENT ON COLUMN bemi.metrics.confirmed_position IS 'Up to where the server knows that all is stored.';
COMMENT ON COLUMN bemi.metrics.stored_position IS 'What was committed before this position is stored.';
COMMENT ON COLUMN bemi.metrics.lag_bytes IS 'The WAL that the worker has still to read, without its own.';
COMMENT ON COLUMN bemi.metrics.lag_seconds IS
    'How long ago the oldest change was committed that is not stored; null where nobody has noted it.';
COMMENT ON COLUMN bemi.metrics.lag_is_exact IS 'False after a restart, while the lag may be longer than lag_seconds.';
COMMENT ON COLUMN bemi.metrics.transaction_id IS
    'The transaction that is being stored, with those that follow it if they are small.';
COMMENT ON COLUMN bemi.metrics.transaction_changes_read IS 'How many of their changes were read so far.';
COMMENT ON COLUMN bemi.metrics.transaction_changes_stored IS 'How many of their changes were stored so far.';
COMMENT ON COLUMN bemi.metrics.changes_stored IS 'How many changes were stored since the first bemi.start().';
COMMENT ON COLUMN bemi.metrics.last_committed_at IS 'When the last stored change was committed.';
COMMENT ON COLUMN bemi.metrics.last_stored_at IS 'When it was stored.';
COMMENT ON COLUMN bemi.metrics.attempts IS 'How often the worker was started since it last ran well.';
COMMENT ON COLUMN bemi.metrics.crashes IS 'How many of the last attempts ended without a word.';
COMMENT ON COLUMN bemi.metrics.errors IS 'Rows of bemi.errors that are not acknowledged.';
COMMENT ON COLUMN bemi.metrics.gaps IS 'Rows of bemi.gaps that are not acknowledged.';
COMMENT ON COLUMN bemi.metrics.partitions IS 'How many partitions bemi.changes has.';
COMMENT ON COLUMN bemi.metrics.partitions_dropped IS 'How many bemi.retention has dropped.';
COMMENT ON COLUMN bemi.metrics.last_retention_at IS 'When it last did.';

CREATE VIEW bemi.status AS
SELECT database, state, pg_catalog.make_interval(secs => m.lag_seconds) AS lag, lag_bytes, changes_stored,
       last_stored_at, pid, blocked_by, slot, attempts, last_sqlstate, last_error, last_error_at, errors, gaps
FROM bemi.metrics m;
COMMENT ON VIEW bemi.status IS 'How the worker of this database is doing; bemi.metrics has more, and says what the columns mean.';
COMMENT ON COLUMN bemi.status.lag IS
    'How long ago the oldest change was committed that is not stored; after a restart it may be longer.';

CREATE VIEW bemi.table_stats AS
SELECT c.schema, c."table", pg_catalog.count(*) AS changes_stored, pg_catalog.max(c.committed_at) AS last_change_at,
       pg_catalog.count(*) FILTER (WHERE c.context = '{}') AS changes_without_context
FROM bemi.changes c
GROUP BY c.schema, c."table";
COMMENT ON VIEW bemi.table_stats IS
    'What bemi.changes has of each table, under the name that the table had then. Reads all of it: ask seldom.';
COMMENT ON COLUMN bemi.table_stats.changes_stored IS 'How many changes; those that bemi.retention has dropped do not count.';
COMMENT ON COLUMN bemi.table_stats.last_change_at IS 'When the last one was committed.';
COMMENT ON COLUMN bemi.table_stats.changes_without_context IS 'How many of them have the context {}.';
GRANT SELECT ON bemi.metrics, bemi.status, bemi.table_stats TO pg_monitor;

-- What bemi.doctor() finds, a part of it each: one row for each fault, with the SQL that mends it.

CREATE VIEW bemi.client_slots AS
SELECT s.slot_name, s.active, s.wal_status
FROM pg_catalog.pg_replication_slots s
WHERE s.plugin = 'bemi' AND s.database = pg_catalog.current_database() AND s.slot_name <> 'bemi_' || s.datoid;
COMMENT ON VIEW bemi.client_slots IS 'Slots of the output plugin, but for the worker''s.';

CREATE VIEW bemi.setting_faults AS
WITH lists AS (
    SELECT s.name, s.setting, s.pending_restart, ARRAY(
        SELECT COALESCE(pg_catalog.replace(m.groups[1], '""', '"'), pg_catalog.rtrim(m.groups[2]))
        FROM pg_catalog.regexp_matches(s.setting, $r$"((?:[^"]|"")*)"|([^\s,"][^,"]*)$r$, 'g')
            WITH ORDINALITY AS m (groups, n)
        ORDER BY m.n) AS libraries
    FROM pg_catalog.pg_settings s
    WHERE s.name IN ('shared_preload_libraries', 'output_plugin_libraries')
),
clients AS (
    SELECT pg_catalog.string_agg(s.slot_name, ', ' ORDER BY s.slot_name) AS slots FROM bemi.client_slots s
),
switched_off AS (
    SELECT CASE WHEN s.setrole = 0 THEN 'ALL' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.setrole)) END
               || COALESCE(' IN DATABASE ' || pg_catalog.quote_ident(d.datname), '') AS role
    FROM pg_catalog.pg_db_role_setting s
    CROSS JOIN pg_catalog.unnest(s.setconfig) AS c (setting)
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    WHERE c.setting ~* '^bemi\.enabled=(of|f|n|0)' AND COALESCE(d.datname = pg_catalog.current_database(), true)
)
SELECT 'wal_level' AS topic, pg_catalog.format('wal_level = %s', s.setting) AS found,
       CASE WHEN s.pending_restart THEN '-- restart the server'
            ELSE 'ALTER SYSTEM SET wal_level = logical; -- then restart the server' END AS fix
FROM pg_catalog.pg_settings s
WHERE s.name = 'wal_level' AND s.setting <> 'logical'
UNION ALL
SELECT 'preload', pg_catalog.format('shared_preload_libraries = %L', l.setting),
       CASE WHEN l.pending_restart THEN '-- restart the server'
            ELSE pg_catalog.format('ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server', (
                     SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.library), ', ' ORDER BY e.n)
                     FROM pg_catalog.unnest(l.libraries || 'bemi'::text) WITH ORDINALITY AS e (library, n))) END
FROM lists l
WHERE l.name = 'shared_preload_libraries'
  AND NOT EXISTS (SELECT FROM pg_catalog.unnest(l.libraries) AS e (library) WHERE e.library ~ '(^|/)bemi(\.so)?$')
UNION ALL
-- A library with commas in its name is a list in one pair of quotes.
SELECT 'output_plugin_libraries',
       pg_catalog.format('output_plugin_libraries = %L, and clients have slots of the plugin: %s', l.setting, c.slots),
       pg_catalog.format('ALTER SYSTEM SET output_plugin_libraries = %s; SELECT pg_reload_conf();', (
           SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_literal(e.library), ', ')
           FROM pg_catalog.unnest(l.libraries || 'bemi'::text) AS name
           CROSS JOIN pg_catalog.regexp_split_to_table(name, '\s*,\s*') AS e (library)
           WHERE e.library <> ''))
FROM lists l
CROSS JOIN clients c
WHERE l.name = 'output_plugin_libraries' AND c.slots IS NOT NULL AND NOT 'bemi' = ANY (l.libraries)
UNION ALL
SELECT 'enabled', 'bemi.enabled = off',
       CASE WHEN s.name IS NULL THEN 'LOAD ''bemi''; ' ELSE '' END
           || 'ALTER SYSTEM SET bemi.enabled = on; SELECT pg_reload_conf();'
FROM (SELECT pg_catalog.current_setting('bemi.enabled', true)) AS own (setting)
LEFT JOIN pg_catalog.pg_settings s ON s.name = 'bemi.enabled' -- where the library is loaded
WHERE own.setting ~* '^(of|f|n|0)' AND COALESCE(s.source = 'configuration file', NOT EXISTS (SELECT FROM switched_off))
UNION ALL
SELECT 'enabled', pg_catalog.format('bemi.enabled = off for ROLE %s', o.role),
       pg_catalog.format('ALTER ROLE %s RESET bemi.enabled;', o.role)
FROM switched_off o
UNION ALL
SELECT 'event triggers',
       pg_catalog.format('%s %s', e.evtname, CASE e.evtenabled WHEN 'D' THEN 'is disabled'
                                                 ELSE 'does not fire in every session_replication_role' END),
       pg_catalog.format('ALTER EVENT TRIGGER %s ENABLE ALWAYS;', e.evtname)
FROM pg_catalog.pg_event_trigger e
WHERE e.evtname IN ('bemi_create_trigger', 'bemi_ddl_command_end', 'bemi_ddl_command_start', 'bemi_sql_drop')
  AND e.evtenabled <> 'A';
COMMENT ON VIEW bemi.setting_faults IS 'For bemi.doctor(): settings of the server, and the event triggers.';

CREATE VIEW bemi.table_faults AS
SELECT 'tables' AS topic,
       pg_catalog.format('%s: %s', p.relation, pg_catalog.string_agg(p.problem, '; ' ORDER BY p.problem)) AS found,
       pg_catalog.string_agg(DISTINCT p.fix, ' ') AS fix
FROM bemi.table_problems p
GROUP BY p.relation;
COMMENT ON VIEW bemi.table_faults IS 'For bemi.doctor(): what bemi.tracked_tables shows as problems.';

CREATE VIEW bemi.store_faults AS
WITH store AS (
    SELECT w.wanted, w.attempts, w.failed_at >= w.attempted_at AS has_failed, w.sqlstate || ': ' || w.error AS error,
           st.pid, st.blocked_by, p.position, s.slot_name, s.wal_status,
           pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn) AS wal_kept
    FROM bemi.status st
    JOIN pg_catalog.pg_database d ON d.datname = st.database
    CROSS JOIN pg_catalog.pg_control_system() AS this
    LEFT JOIN bemi.worker w ON w.database = d.oid AND w.system_identifier = this.system_identifier
    LEFT JOIN bemi.progress p ON p.database = d.oid AND p.system_identifier = this.system_identifier
    LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = st.slot
    WHERE NOT pg_catalog.pg_is_in_recovery()
),
server AS (
    SELECT max.slots, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots) >= max.slots AS has_no_slot,
           max.processes, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
                           WHERE a.backend_type NOT IN (
                               'archiver', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer',
                               'client backend', 'io worker', 'logger', 'slotsync worker', 'startup', 'walreceiver',
                               'walsender', 'walsummarizer', 'walwriter')) >= max.processes AS has_no_process
    FROM (SELECT pg_catalog.current_setting('max_replication_slots')::int,
                 pg_catalog.current_setting('max_worker_processes')::int) AS max (slots, processes)
)
SELECT 'slot' AS topic,
       CASE WHEN server.has_no_slot
            THEN pg_catalog.format('missing, and all of max_replication_slots = %s are in use', server.slots)
            ELSE COALESCE('missing; what was committed after ' || store.position || ' is lost', 'missing') END AS found,
       CASE WHEN server.has_no_slot
            THEN pg_catalog.format('ALTER SYSTEM SET max_replication_slots = %s; -- then restart the server', server.slots + 10)
            ELSE 'SELECT bemi.start();' END AS fix
FROM store, server
WHERE store.slot_name IS NULL
  AND (store.wanted = 'paused' OR store.wanted = 'running' AND (store.pid IS NULL OR server.has_no_slot))
UNION ALL
SELECT 'slot', 'invalidated: the server has taken its WAL away', 'SELECT bemi.start();'
FROM store
WHERE store.wal_status = 'lost' AND store.wanted <> 'ended'
UNION ALL
SELECT 'slot', 'left behind; it holds back WAL', 'SELECT bemi.stop(drop_slot => true);'
FROM store
WHERE COALESCE(store.wanted, 'ended') = 'ended' AND store.slot_name IS NOT NULL AND store.pid IS NULL
UNION ALL
-- A standby can have slots of its own, those that it keeps for a failover are synced (17).
SELECT 'slot',
       pg_catalog.format('left from when this server was the primary; it holds back %s of WAL here, and with hot_standby_feedback '
                         'dead rows of catalogs on the primary',
                         pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), s.restart_lsn))),
       pg_catalog.format('SELECT pg_drop_replication_slot(%L);', s.slot_name)
FROM pg_catalog.pg_replication_slots s
WHERE pg_catalog.pg_is_in_recovery() AND s.slot_name = 'bemi_' || s.datoid AND s.database = pg_catalog.current_database()
  AND pg_catalog.to_jsonb(s) ->> 'synced' IS DISTINCT FROM 'true'
UNION ALL
SELECT 'worker',
       CASE WHEN store.wanted = 'paused' AND store.attempts > 0 THEN pg_catalog.concat('paused: ', store.error)
            WHEN store.wanted = 'paused'
                THEN pg_catalog.concat('paused by bemi.stop(); its slot holds back ', pg_catalog.pg_size_pretty(store.wal_kept))
            WHEN store.pid IS NULL AND server.has_no_process
                THEN pg_catalog.format('not running, and all of max_worker_processes = %s are in use', server.processes)
            WHEN store.pid IS NULL THEN 'not running'
            ELSE pg_catalog.format('%s attempts since it last ran well: %s', store.attempts,
                                   CASE WHEN store.has_failed THEN store.error ELSE 'it crashed' END) END,
       CASE WHEN store.wanted = 'running' AND store.pid IS NULL AND server.has_no_process
            THEN pg_catalog.format('ALTER SYSTEM SET max_worker_processes = %s; -- then restart the server', server.processes + 8)
            ELSE 'SELECT bemi.start();' END
FROM store, server
WHERE store.wanted = 'paused'
   OR store.wanted = 'running' AND (store.pid IS NULL OR store.attempts > 1 OR store.attempts = 1 AND store.has_failed)
UNION ALL
-- Whom to ask: nobody's work is thrown away by a fix.
SELECT 'lag', 'the worker waits for ' || a.who,
       pg_catalog.regexp_replace('-- end that, or wait: ' || a.what, E'\\s+', ' ', 'g')
FROM store
CROSS JOIN LATERAL (SELECT DISTINCT pid FROM pg_catalog.unnest(store.blocked_by) AS pid) AS b (pid)
CROSS JOIN LATERAL (
    SELECT pg_catalog.format('a lock or a transaction of process %s', b.pid),
           pg_catalog.format('user %I, application %L, process %s, in this transaction since %s: %s', s.usename,
                             s.application_name, b.pid, s.xact_start, pg_catalog.left(s.query, 200))
    FROM pg_catalog.pg_stat_activity s
    WHERE s.pid = b.pid
    UNION ALL
    SELECT pg_catalog.format('the prepared transaction %L', x.gid),
           pg_catalog.format('COMMIT PREPARED %1$L or ROLLBACK PREPARED %1$L, of user %2$I in database %3$I, prepared at %4$s',
                             x.gid, x.owner, x.database, x.prepared)
    FROM pg_catalog.pg_locks waiting
    JOIN pg_catalog.pg_prepared_xacts x
        ON x.transaction = waiting.transactionid
        OR EXISTS (SELECT FROM pg_catalog.pg_locks own -- which each has on itself, and no process
                   JOIN pg_catalog.pg_locks held ON held.virtualtransaction = own.virtualtransaction AND held.pid IS NULL
                   WHERE own.pid IS NULL AND own.transactionid = x.transaction AND held.locktype = waiting.locktype
                     AND held.database = waiting.database AND held.relation = waiting.relation)
    WHERE b.pid = 0 AND waiting.pid = store.pid AND NOT waiting.granted
) AS a (who, what)
UNION ALL
SELECT 'partitions', 'none for changes that are made now',
       'SELECT pg_reload_conf(); -- has the worker make it'
FROM store
WHERE store.wanted = 'running' AND store.position IS NOT NULL
  AND CASE WHEN EXISTS ( -- pg_get_expr() would wait
          SELECT FROM bemi.partitions p
          JOIN pg_catalog.pg_locks l ON l.relation = p.partition AND l.mode = 'AccessExclusiveLock') THEN false
      ELSE NOT EXISTS ( -- a DEFAULT one has no times
          SELECT FROM bemi.partitions p
          WHERE (pg_catalog.now() >= p.from_time AND pg_catalog.now() < p.to_time) IS NOT FALSE) END
UNION ALL
SELECT 'max_slot_wal_keep_size',
       pg_catalog.format('%s MB; slots will lose their WAL soon: %s', keep.megabytes,
                         pg_catalog.string_agg(s.slot_name, ', ' ORDER BY s.slot_name)),
       pg_catalog.format('ALTER SYSTEM SET max_slot_wal_keep_size = ''%s MB''; SELECT pg_reload_conf();', 2 * pg_catalog.ceil(
           pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)) / 1048576))
FROM pg_catalog.pg_replication_slots s
CROSS JOIN (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size') AS keep (megabytes)
WHERE s.plugin = 'bemi' AND s.database = pg_catalog.current_database() AND s.wal_status = 'unreserved'
  AND NOT pg_catalog.pg_is_in_recovery()
GROUP BY keep.megabytes
UNION ALL
SELECT 'client slots',
       CASE WHEN s.wal_status = 'lost' THEN pg_catalog.format('%s is invalidated: the server has taken its WAL away', s.slot_name)
            ELSE pg_catalog.format('%s holds back more WAL than max_wal_size, and no client reads it', s.slot_name) END,
       pg_catalog.format(CASE WHEN s.wal_status = 'lost' THEN 'SELECT pg_drop_replication_slot(%L); -- and make it anew'
                              ELSE '-- have its client read it, or give up what it has not read: SELECT pg_drop_replication_slot(%L);' END,
                         s.slot_name)
FROM bemi.client_slots s
WHERE NOT s.active AND s.wal_status IN ('extended', 'lost');
COMMENT ON VIEW bemi.store_faults IS 'For bemi.doctor(): worker, slots and the present partition.';

CREATE VIEW bemi.history_faults AS
WITH owner AS (
    SELECT c.relowner AS oid, pg_catalog.pg_get_userbyid(c.relowner) AS name
    FROM pg_catalog.pg_class c WHERE c.oid = 'bemi.tracked_schemas'::pg_catalog.regclass
),
lacks AS (
    SELECT pg_catalog.format('%s on %s', p.privilege, t.relation) AS what,
           pg_catalog.format('GRANT %s ON %s TO %I;', p.privilege, t.relation, o.name) AS fix
    FROM owner o
    CROSS JOIN (VALUES
        ('bemi.changes'::pg_catalog.regclass, '{SELECT, INSERT}'::text[]),
        ('bemi.errors', '{SELECT, INSERT, UPDATE}'),
        ('bemi.gaps', '{SELECT, INSERT, UPDATE}'),
        ('bemi.partition_indexes', '{SELECT}'),
        ('bemi.partitions', '{SELECT}'),
        ('bemi.progress', '{SELECT, INSERT, UPDATE, DELETE}'),
        ('bemi.tracked_schemas', '{SELECT, INSERT, UPDATE, DELETE}'),
        ('bemi.worker', '{SELECT, INSERT, UPDATE}')) AS t (relation, privileges)
    CROSS JOIN pg_catalog.unnest(t.privileges) AS p (privilege)
    WHERE NOT pg_catalog.has_table_privilege(o.oid, t.relation, p.privilege)
    UNION ALL
    SELECT pg_catalog.format('%s on schema bemi', p.privilege),
           pg_catalog.format('GRANT %s ON SCHEMA bemi TO %I;', p.privilege, o.name)
    FROM owner o
    CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p (privilege)
    WHERE NOT pg_catalog.has_schema_privilege(o.oid, 'bemi', p.privilege)
    UNION ALL
    SELECT pg_catalog.format('ownership of %s', c.oid::pg_catalog.regclass),
           pg_catalog.format('ALTER TABLE %s OWNER TO %I;', c.oid::pg_catalog.regclass, o.name)
    FROM owner o
    CROSS JOIN (SELECT 'bemi.changes'::pg_catalog.regclass UNION ALL SELECT partition FROM bemi.partitions) AS t (relation)
    JOIN pg_catalog.pg_class c ON c.oid = t.relation
    WHERE NOT pg_catalog.pg_has_role(o.oid, c.relowner, 'USAGE')
)
SELECT 'privileges' AS topic,
       pg_catalog.format('role %I, as whom the worker acts, lacks %s', o.name,
                         pg_catalog.string_agg(l.what, ', ' ORDER BY l.what)) AS found,
       pg_catalog.string_agg(l.fix, ' ' ORDER BY l.what) AS fix
FROM owner o
CROSS JOIN lacks l
GROUP BY o.name
UNION ALL
SELECT 'dump',
       pg_catalog.format('role %I owns the database and cannot dump it without --exclude-schema=bemi: it lacks SELECT on %s',
                         d.name, pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ' ORDER BY c.oid::pg_catalog.regclass::text)),
       'GRANT SELECT ON ALL TABLES IN SCHEMA bemi TO pg_database_owner; '
           || 'GRANT SELECT ON ALL SEQUENCES IN SCHEMA bemi TO pg_database_owner; '
           || pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA bemi GRANT SELECT ON TABLES TO pg_database_owner;', o.name)
FROM owner o
CROSS JOIN (SELECT d.datdba AS oid, pg_catalog.pg_get_userbyid(d.datdba) AS name
            FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS d
JOIN pg_catalog.pg_class c -- what pg_dump reads: what it is told to of the extension, and the partitions
    ON c.oid = ANY (ARRAY(SELECT pg_catalog.unnest(e.extconfig) FROM pg_catalog.pg_extension e WHERE e.extname = 'bemi'
                          UNION ALL SELECT partition FROM bemi.partitions))
WHERE NOT CASE WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(d.oid, c.oid, 'SELECT')
               ELSE pg_catalog.has_table_privilege(d.oid, c.oid, 'SELECT') END
GROUP BY d.name, o.name
UNION ALL
-- One row: there may be many partitions that were made by hand.
SELECT 'indexes',
       pg_catalog.min(m.found) || CASE WHEN pg_catalog.count(*) > 1
           THEN pg_catalog.format(', and %s more are missing', pg_catalog.count(*) - 1) ELSE '' END,
       pg_catalog.string_agg(m.fix, ' ' ORDER BY m.found)
FROM (
    SELECT pg_catalog.format('%s has no index %s', p.partition, i.definition) COLLATE "C", pg_catalog.format(i.statement, p.partition)
    FROM bemi.partitions p
    JOIN pg_catalog.pg_class c ON c.oid = p.partition AND c.relkind IN ('r', 'p')
    CROSS JOIN bemi.partition_indexes i
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_index x
        JOIN pg_catalog.pg_class index ON index.oid = x.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = index.relam
        CROSS JOIN LATERAL ( -- pg_get_indexdef() would wait for who has the table locked
            SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.n)
            FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, n)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number
        ) AS columns (names)
        WHERE x.indrelid = p.partition AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
          AND pg_catalog.format('%s (%s)', m.amname, columns.names) = i.definition)
) AS m (found, fix)
HAVING pg_catalog.count(*) > 0
UNION ALL
SELECT 'gaps',
       pg_catalog.concat('changes that were committed ',
                         CASE WHEN g.is_open THEN 'after ' || g.from_position
                              ELSE pg_catalog.format('from %s to %s', g.from_position, g.to_position) END,
                         CASE WHEN NOT g.is_own THEN ' of server ' || g.system_identifier END,
                         ' are lost: ', g.reason),
       CASE WHEN g.is_open AND g.is_own THEN 'SELECT bemi.start();'
            ELSE pg_catalog.format('SELECT bemi.acknowledge_gap(%s); -- once you know of it', g.id) END
FROM (SELECT gaps.*, to_position IS NULL AS is_open, gaps.system_identifier = server.system_identifier AS is_own
      FROM bemi.gaps, pg_catalog.pg_control_system() AS server) AS g
WHERE g.acknowledged_at IS NULL
UNION ALL
SELECT 'errors',
       pg_catalog.format('%s changes are missing and %s not stored as they were, the last one at %s', e.missing, e.changed, e.last),
       pg_catalog.format('SELECT bemi.acknowledge_errors(%L); -- once you have read them', e.last)
FROM (SELECT pg_catalog.count(*) FILTER (WHERE stored_as IS NULL), pg_catalog.count(stored_as), pg_catalog.max(occurred_at)
      FROM bemi.errors e WHERE e.acknowledged_at IS NULL) AS e (missing, changed, last)
WHERE e.last IS NOT NULL;
COMMENT ON VIEW bemi.history_faults IS 'For bemi.doctor(): what bemi.changes is made of, and what it lacks.';

-- As the owner: whom he grants it to may not look at all of this himself; should he not be allowed to either, that is the
-- fault. Compiling the query would take seconds.
CREATE FUNCTION bemi.doctor() RETURNS TABLE ("check" text, ok boolean, severity text, found text, fix text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET datestyle = ISO SET timezone = UTC SET quote_all_identifiers = off
    SET jit = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH faults AS (
        TABLE bemi.setting_faults UNION ALL TABLE bemi.table_faults
        UNION ALL TABLE bemi.store_faults UNION ALL TABLE bemi.history_faults
    ),
    checks (number, topic, severity, seen) AS (VALUES
        (1, 'wal_level', 'error', pg_catalog.current_setting('wal_level')),
        (2, 'preload', 'warning', (SELECT COALESCE(pg_catalog.max(s.setting), 'not shown to role ' || CURRENT_USER)
                        FROM pg_catalog.pg_settings s WHERE s.name = 'shared_preload_libraries')),
        (3, 'output_plugin_libraries', 'warning', (SELECT s.setting FROM pg_catalog.pg_settings s
                                        WHERE s.name = 'output_plugin_libraries')),
        (4, 'enabled', 'error', 'on'),
        (5, 'event triggers', 'warning', 'enabled'),
        (6, 'tables', 'error', (SELECT pg_catalog.format('%s tracked', pg_catalog.count(*)) FROM bemi.tracked_relations)),
        (7, 'privileges', 'error', 'sufficient'),
        (8, 'slot', 'error', (SELECT s.slot FROM bemi.status s)),
        (9, 'worker', 'error', (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'none on a standby' ELSE s.state END
                       FROM bemi.status s)),
        (10, 'partitions', 'error', (SELECT 'up to ' || pg_catalog.max(p.partition::text) FROM bemi.partitions p)),
        (11, 'indexes', 'warning', 'complete'),
        (12, 'lag', 'warning', (SELECT pg_catalog.pg_size_pretty(s.lag_bytes) FROM bemi.status s)),
        (13, 'max_slot_wal_keep_size', 'warning', pg_catalog.current_setting('max_slot_wal_keep_size')),
        (14, 'client slots', 'warning', (SELECT pg_catalog.string_agg(s.slot_name, ', ' ORDER BY s.slot_name)
                              FROM bemi.client_slots s)),
        (15, 'gaps', 'error', 'none'),
        (16, 'errors', 'error', 'none'),
        (17, 'publications', 'warning', (SELECT pg_catalog.string_agg(p.pubname || ' is FOR ALL TABLES, those of schema bemi too',
                                                                      ', ' ORDER BY p.pubname)
                                         FROM pg_catalog.pg_publication p WHERE p.puballtables)),
        (18, 'dump', 'warning', 'possible for the database''s owner')
    )
    SELECT c.topic, f.topic IS NULL, CASE WHEN f.topic IS NOT NULL THEN c.severity END, COALESCE(f.found, c.seen, 'none'),
           f.fix || CASE WHEN pg_catalog.pg_is_in_recovery() AND f.fix !~ '^--|ALTER SYSTEM|pg_drop_replication_slot'
                         THEN ' -- on the primary' ELSE '' END
    FROM checks c
    LEFT JOIN faults f ON f.topic = c.topic
    ORDER BY c.number, f.found COLLATE "C";
EXCEPTION WHEN insufficient_privilege THEN
    RETURN QUERY SELECT 'privileges', false, 'error', SQLERRM, pg_catalog.format(
        'GRANT USAGE, CREATE ON SCHEMA bemi TO %1$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bemi TO %1$I;',
        CURRENT_USER);
END
$$;
COMMENT ON FUNCTION bemi.doctor() IS
    'What is wrong and the SQL that mends it, to be run from top to bottom.';
REVOKE ALL ON FUNCTION bemi.doctor() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bemi.doctor() TO pg_monitor;

-- Everybody may set a context, and read what is tracked (pg_dump of a role that is no superuser does).
GRANT USAGE ON SCHEMA bemi TO PUBLIC;
GRANT SELECT ON bemi.tracked_schemas, bemi.tracked_tables, bemi.tracked_relations, bemi.untracked_relations,
    bemi.table_problems TO PUBLIC;

-- Event triggers, last: the script's own commands are none of their business.

CREATE FUNCTION bemi.on_ddl_command_start() RETURNS event_trigger
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_start';
COMMENT ON FUNCTION bemi.on_ddl_command_start() IS
    'Has the worker drop the replication slot where the extension is dropped.';

CREATE FUNCTION bemi.on_create_trigger() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_create_trigger';
COMMENT ON FUNCTION bemi.on_create_trigger() IS
    'Has CREATE TRIGGER replace bemi''s triggers where they are already, so that a dump can be restored into a tracked schema.';

-- Without a SET clause, which would cost more than all the rest where there is nothing to do.
CREATE FUNCTION bemi.on_ddl_command_end() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_ddl_command_end';
COMMENT ON FUNCTION bemi.on_ddl_command_end() IS
    'Tracks tables that appear in a tracked schema, and follows partitions and children.';

CREATE FUNCTION bemi.on_sql_drop() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_on_sql_drop';
COMMENT ON FUNCTION bemi.on_sql_drop() IS 'Forgets schemas that are dropped.';

-- By its name, that of its schema or its owner.
CREATE EVENT TRIGGER bemi_ddl_command_start ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION bemi.on_ddl_command_start();
ALTER EVENT TRIGGER bemi_ddl_command_start ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_ddl_command_end ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'ALTER TABLE', 'ALTER SCHEMA')
    EXECUTE FUNCTION bemi.on_ddl_command_end();
ALTER EVENT TRIGGER bemi_ddl_command_end ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_create_trigger ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER')
    EXECUTE FUNCTION bemi.on_create_trigger();
ALTER EVENT TRIGGER bemi_create_trigger ENABLE ALWAYS;
CREATE EVENT TRIGGER bemi_sql_drop ON sql_drop WHEN TAG IN ('DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION')
    EXECUTE FUNCTION bemi.on_sql_drop();
ALTER EVENT TRIGGER bemi_sql_drop ENABLE ALWAYS;
