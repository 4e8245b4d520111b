-- pg_dump dumps the privileges on the tables of an extension, but not their policies, nor whether row level security is enabled.
-- So it dumps the names of the tables that have row level security, and restoring these names enables it again.
CREATE TABLE bemi.row_security (relation regclass NOT NULL);
COMMENT ON TABLE bemi.row_security IS
    'Internal: tables whose names pg_dump dumps if they have row level security. A restore enables it again.';
COMMENT ON COLUMN bemi.row_security.relation IS 'The table.';
INSERT INTO bemi.row_security VALUES ('bemi.changes'), ('bemi.errors'), ('bemi.gaps');
CREATE FUNCTION bemi.enable_row_security() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', NEW.relation);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION bemi.enable_row_security() IS 'Internal: the trigger on bemi.row_security, which enables row level security where a restored dump had it.';
CREATE TRIGGER enable_row_security BEFORE INSERT ON bemi.row_security
    FOR EACH ROW EXECUTE FUNCTION bemi.enable_row_security();

SELECT pg_extension_config_dump('bemi.row_security',
    'WHERE (SELECT c.relrowsecurity FROM pg_catalog.pg_class c WHERE c.oid = relation)');
SELECT pg_extension_config_dump('bemi.errors', '');
SELECT pg_extension_config_dump('bemi.gaps', '');
SELECT pg_extension_config_dump('bemi.gaps_id_seq', '');

-- A publication FOR ALL TABLES publishes these tables too. Rows of the publisher would tell the subscriber's worker what to do,
-- and a gap of the publisher is no gap of the subscriber. Rows of bemi.changes and bemi.errors may be replicated: their ids are
-- unique on every server.
CREATE FUNCTION bemi.leave_out_replicated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_leave_out_replicated';
COMMENT ON FUNCTION bemi.leave_out_replicated() IS 'Internal: the trigger on tables of bemi that keeps out the rows that logical replication applies.';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY '{worker, progress, gaps, tracked_schemas, baselines}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER bemi_leave_out_replicated BEFORE INSERT OR UPDATE OR DELETE ON bemi.%I
            FOR EACH ROW EXECUTE FUNCTION bemi.leave_out_replicated()', name);
        EXECUTE format('ALTER TABLE bemi.%I ENABLE REPLICA TRIGGER bemi_leave_out_replicated', name);
    END LOOP;
END
$$;
