-- It runs as the owner of the extension, because the roles that may call it may not read all that it looks at. If the owner
-- lacks a privilege, that is the fault to show. JIT compilation of the query would take seconds.
CREATE FUNCTION bemi.doctor() RETURNS TABLE ("check" text, ok boolean, severity text, found text, fix text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET datestyle = ISO SET timezone = UTC SET quote_all_identifiers = off
    SET jit = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH faults AS (
        SELECT * FROM bemi.setting_faults()
        UNION ALL
        SELECT 'tables', format('%s: %s', p.relation, string_agg(p.problem, '; ' ORDER BY p.problem)), string_agg(DISTINCT p.fix, ' ')
        FROM bemi.table_problems p
        GROUP BY p.relation
        UNION ALL
        SELECT * FROM bemi.store_faults()
        UNION ALL
        SELECT * FROM bemi.history_faults()
        UNION ALL
        SELECT * FROM bemi.context_faults()
        UNION ALL
        SELECT * FROM bemi.column_rule_faults()
    ),
    checks (number, topic, severity, seen) AS (VALUES
        (0, 'version', 'error', (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'bemi')),
        (1, 'wal_level', 'error', current_setting('wal_level')),
        (2, 'preload', 'warning', (SELECT COALESCE(max(s.setting), 'not shown to role ' || CURRENT_USER)
                        FROM pg_settings s WHERE s.name = 'shared_preload_libraries')),
        (3, 'output_plugin_libraries', 'warning', (SELECT s.setting FROM pg_settings s
                                        WHERE s.name = 'output_plugin_libraries')),
        (4, 'enabled', 'error', 'on'),
        (5, 'event triggers', 'warning', 'enabled'),
        (6, 'tables', 'error', (SELECT format('%s tracked', count(*)) FROM bemi.tracked_relations())),
        (7, 'privileges', 'error', 'sufficient'),
        (8, 'slot', 'error', (SELECT m.slot FROM bemi.metrics m)),
        (9, 'worker', 'error', (SELECT CASE WHEN pg_is_in_recovery() THEN 'none on a standby' ELSE s.state END
                       FROM bemi.status s)),
        (10, 'partitions', 'error', (SELECT 'up to ' || max(p.partition::text) FROM bemi.partitions p)),
        (11, 'indexes', 'warning', 'complete'),
        (12, 'lag', 'warning', (SELECT pg_size_pretty(s.lag_bytes) FROM bemi.status s)),
        (13, 'max_slot_wal_keep_size', 'warning', current_setting('max_slot_wal_keep_size')),
        (14, 'client slots', 'warning', (SELECT string_agg(s.slot_name, ', ' ORDER BY s.slot_name)
                              FROM bemi.client_slots s)),
        (15, 'gaps', 'error', 'none'),
        (16, 'errors', 'error', 'none'),
        (17, 'publications', 'warning', (SELECT string_agg(p.pubname || ' is FOR ALL TABLES, those of schema bemi too',
                                                                      ', ' ORDER BY p.pubname)
                                         FROM pg_publication p WHERE p.puballtables)),
        (18, 'dump', 'warning', 'possible for the database''s owner'),
        (19, 'contexts', 'warning', 'none is missing'),
        (20, 'column rules', 'warning', 'as they are meant')
    )
    SELECT c.topic, f.topic IS NULL, CASE WHEN f.topic IS NOT NULL THEN c.severity END, COALESCE(f.found, c.seen, 'none'),
           f.fix || CASE WHEN pg_is_in_recovery() AND f.fix !~ '^--|ALTER SYSTEM|pg_drop_replication_slot'
                         THEN ' -- on the primary' ELSE '' END
    FROM checks c
    LEFT JOIN faults f ON f.topic = c.topic
    ORDER BY c.number, f.found COLLATE "C";
EXCEPTION WHEN insufficient_privilege THEN
    RETURN QUERY SELECT 'privileges', false, 'error', SQLERRM, format(
        'GRANT USAGE, CREATE ON SCHEMA bemi TO %1$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bemi TO %1$I;',
        CURRENT_USER);
END
$$;
COMMENT ON FUNCTION bemi.doctor() IS
    'What is wrong, and the SQL that mends it. Columns: check (the topic), ok, severity (error or warning; null if ok), found (what there is), fix (SQL; run them from top to bottom).';
REVOKE ALL ON FUNCTION bemi.doctor() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bemi.doctor() TO pg_monitor;
