-- Baselines: the rows that a table had before it was tracked, as changes with the operation BASELINE.

-- A row for each table that holds rows, whenever its rows are wanted. It stays when all is done.
CREATE TABLE bemi.baselines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    relation oid NOT NULL,
    requested_by name NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    since bigint,
    filenode oid,
    next_block bigint NOT NULL DEFAULT 0,
    next_row integer NOT NULL DEFAULT 1,
    blocks bigint,
    rows_stored bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    sqlstate text,
    error text
);
CREATE INDEX ON bemi.baselines (relation);
COMMENT ON TABLE bemi.baselines IS 'Whose rows bemi.baseline() has stored, or is storing. The column baseline of bemi.tracked_tables shows the last one of each table.';
COMMENT ON COLUMN bemi.baselines.id IS 'Number of the baseline.';
COMMENT ON COLUMN bemi.baselines.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.baselines.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.baselines.relation IS 'OID of the table or partition.';
COMMENT ON COLUMN bemi.baselines.requested_by IS 'The role that has asked for it.';
COMMENT ON COLUMN bemi.baselines.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN bemi.baselines.since IS
    'LSN, as a number: since then changes of the table were complete without a break when its rows were stored. After a break, reading begins anew.';
COMMENT ON COLUMN bemi.baselines.filenode IS 'The file of the table. If the table is rewritten, reading begins anew.';
COMMENT ON COLUMN bemi.baselines.next_block IS 'Rows in the blocks before this one are stored.';
COMMENT ON COLUMN bemi.baselines.next_row IS 'Rows of next_block before this one are stored.';
COMMENT ON COLUMN bemi.baselines.blocks IS 'How many blocks the table has.';
COMMENT ON COLUMN bemi.baselines.rows_stored IS 'How many rows are stored. Rows of which a change is stored are not needed.';
COMMENT ON COLUMN bemi.baselines.finished_at IS 'When all was stored; null before.';
COMMENT ON COLUMN bemi.baselines.attempts IS 'How often reading or storing has failed since it last succeeded.';
COMMENT ON COLUMN bemi.baselines.failed_at IS 'When that happened last. The next attempt follows by itself.';
COMMENT ON COLUMN bemi.baselines.sqlstate IS 'SQLSTATE of the last error, or of the reason why the rows are not wanted any more; null if there is none.';
COMMENT ON COLUMN bemi.baselines.error IS 'The error or the reason.';
COMMENT ON SEQUENCE bemi.baselines_id_seq IS 'The numbers in bemi.baselines.id.';
SELECT pg_extension_config_dump('bemi.baselines', '');
SELECT pg_extension_config_dump('bemi.baselines_id_seq', '');

CREATE FUNCTION bemi.baseline(relation regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_baseline';
COMMENT ON FUNCTION bemi.baseline(regclass) IS
    'Has the worker store the present rows of a tracked table, with its partitions and children, as changes with operation BASELINE. Rows of which a change is stored need none.';

-- It reads the table for everybody, and tells no more than bemi.tracked_tables shows.
CREATE FUNCTION bemi.last_baselines() RETURNS TABLE (relation oid, progress text, attempts integer, sqlstate text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT ON (b.relation) b.relation,
           CASE WHEN b.finished_at IS NULL THEN round(100.0 * b.next_block / greatest(b.blocks, 1)) || ' %'
                WHEN b.sqlstate IS NULL THEN 'complete' ELSE 'ended' END,
           b.attempts, b.sqlstate
    FROM bemi.baselines b, pg_control_system() AS server
    WHERE b.system_identifier = server.system_identifier
      AND b.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    ORDER BY b.relation, b.id DESC;
END;
COMMENT ON FUNCTION bemi.last_baselines() IS 'Internal, for bemi.tracked_tables: how far the last baseline of each table is.';
