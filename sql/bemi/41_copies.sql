-- pg_dump has the privileges on tables of an extension, but neither their policies nor whether they are in force. So it gets
-- the names of those that have row level security, and their restore turns that on again.
CREATE TABLE bemi.row_security (relation regclass NOT NULL);
COMMENT ON TABLE bemi.row_security IS
    'A dump has those of these tables that have row level security; restored, nobody reads them before there are policies again.';
INSERT INTO bemi.row_security VALUES ('bemi.changes'), ('bemi.errors'), ('bemi.gaps');
CREATE FUNCTION bemi.enable_row_security() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', NEW.relation);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION bemi.enable_row_security() IS 'For restored dumps: closes a table that had row level security.';
CREATE TRIGGER enable_row_security BEFORE INSERT ON bemi.row_security
    FOR EACH ROW EXECUTE FUNCTION bemi.enable_row_security();

SELECT pg_extension_config_dump('bemi.row_security',
    'WHERE (SELECT c.relrowsecurity FROM pg_catalog.pg_class c WHERE c.oid = relation)');
SELECT pg_extension_config_dump('bemi.errors', '');
SELECT pg_extension_config_dump('bemi.gaps', '');
SELECT pg_extension_config_dump('bemi.gaps_id_seq', '');

-- A publication FOR ALL TABLES has these tables, too. The rows of the other server would tell this one's worker what to do,
-- and a gap there is none here. bemi.changes and bemi.errors may come along: their ids are unique everywhere.
CREATE FUNCTION bemi.leave_out_replicated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_leave_out_replicated';
COMMENT ON FUNCTION bemi.leave_out_replicated() IS 'Trigger function: keeps out rows that logical replication brings.';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY '{worker, progress, gaps, tracked_schemas}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER bemi_leave_out_replicated BEFORE INSERT OR UPDATE OR DELETE ON bemi.%I
            FOR EACH ROW EXECUTE FUNCTION bemi.leave_out_replicated()', name);
        EXECUTE format('ALTER TABLE bemi.%I ENABLE REPLICA TRIGGER bemi_leave_out_replicated', name);
    END LOOP;
END
$$;
