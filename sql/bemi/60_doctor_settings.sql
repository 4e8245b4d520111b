-- What bemi.doctor() finds, by topic: one row for each fault, with the SQL that mends it. Functions, so that psql's \dv
-- shows what users read.

CREATE VIEW bemi.client_slots AS
SELECT s.slot_name, s.active, s.wal_status
FROM pg_replication_slots s
WHERE s.plugin = 'bemi' AND s.database = current_database() AND s.slot_name <> 'bemi_' || s.datoid;
COMMENT ON VIEW bemi.client_slots IS
    'The replication slots of this database that use the output plugin bemi, without the one of the worker.';
COMMENT ON COLUMN bemi.client_slots.slot_name IS 'Name of the slot.';
COMMENT ON COLUMN bemi.client_slots.active IS 'Whether a client is connected to the slot.';
COMMENT ON COLUMN bemi.client_slots.wal_status IS
    'Whether the WAL that the slot needs is available, as in pg_replication_slots.';

CREATE FUNCTION bemi.setting_faults() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH lists AS (
        SELECT s.name, s.setting, s.pending_restart, ARRAY(
            SELECT COALESCE(replace(m.groups[1], '""', '"'), rtrim(m.groups[2]))
            FROM regexp_matches(s.setting, $r$"((?:[^"]|"")*)"|([^\s,"][^,"]*)$r$, 'g')
                WITH ORDINALITY AS m (groups, n)
            ORDER BY m.n) AS libraries
        FROM pg_settings s
        WHERE s.name IN ('shared_preload_libraries', 'output_plugin_libraries')
    ),
    clients AS (
        SELECT string_agg(s.slot_name, ', ' ORDER BY s.slot_name) AS slots FROM bemi.client_slots s
    ),
    switched_off AS (
        SELECT CASE WHEN s.setrole = 0 THEN 'ALL' ELSE quote_ident(pg_get_userbyid(s.setrole)) END
                   || COALESCE(' IN DATABASE ' || quote_ident(d.datname), '') AS role
        FROM pg_db_role_setting s
        CROSS JOIN unnest(s.setconfig) AS c (setting)
        LEFT JOIN pg_database d ON d.oid = s.setdatabase
        WHERE c.setting ~* '^bemi\.enabled=(of|f|n|0)' AND COALESCE(d.datname = current_database(), true)
    )
    SELECT 'version' AS topic, format('%s in this database, %s on disk', e.extversion, a.default_version) AS found,
           'ALTER EXTENSION bemi UPDATE;' AS fix
    FROM pg_extension e
    JOIN pg_available_extensions a ON a.name = e.extname
    WHERE e.extname = 'bemi' AND e.extversion <> a.default_version
    UNION ALL
    SELECT 'wal_level', format('wal_level = %s', s.setting),
           CASE WHEN s.pending_restart THEN '-- restart the server'
                ELSE 'ALTER SYSTEM SET wal_level = logical; -- then restart the server' END
    FROM pg_settings s
    WHERE s.name = 'wal_level' AND s.setting <> 'logical'
    UNION ALL
    SELECT 'preload', format('shared_preload_libraries = %L', l.setting),
           CASE WHEN l.pending_restart THEN '-- restart the server'
                ELSE format('ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server', (
                         SELECT string_agg(quote_literal(e.library), ', ' ORDER BY e.n)
                         FROM unnest(l.libraries || 'bemi'::text) WITH ORDINALITY AS e (library, n))) END
    FROM lists l
    WHERE l.name = 'shared_preload_libraries'
      AND NOT EXISTS (SELECT FROM unnest(l.libraries) AS e (library) WHERE e.library ~ '(^|/)bemi(\.so)?$')
    UNION ALL
    -- If the name of a library has commas, somebody has put a list into one pair of quotes.
    SELECT 'output_plugin_libraries',
           format('output_plugin_libraries = %L, and clients have slots of the plugin: %s', l.setting, c.slots),
           format('ALTER SYSTEM SET output_plugin_libraries = %s; SELECT pg_reload_conf();', (
               SELECT string_agg(DISTINCT quote_literal(e.library), ', ')
               FROM unnest(l.libraries || 'bemi'::text) AS name
               CROSS JOIN regexp_split_to_table(name, '\s*,\s*') AS e (library)
               WHERE e.library <> ''))
    FROM lists l
    CROSS JOIN clients c
    WHERE l.name = 'output_plugin_libraries' AND c.slots IS NOT NULL AND NOT 'bemi' = ANY (l.libraries)
    UNION ALL
    SELECT 'enabled', 'bemi.enabled = off',
           CASE WHEN s.name IS NULL THEN 'LOAD ''bemi''; ' ELSE '' END
               || 'ALTER SYSTEM SET bemi.enabled = on; SELECT pg_reload_conf();'
    FROM (SELECT current_setting('bemi.enabled', true)) AS own (setting)
    LEFT JOIN pg_settings s ON s.name = 'bemi.enabled' -- where the library is loaded
    WHERE own.setting ~* '^(of|f|n|0)' AND COALESCE(s.source = 'configuration file', NOT EXISTS (SELECT FROM switched_off))
    UNION ALL
    SELECT 'enabled', format('bemi.enabled = off for ROLE %s', o.role),
           format('ALTER ROLE %s RESET bemi.enabled;', o.role)
    FROM switched_off o
    UNION ALL
    SELECT 'event triggers',
           format('%s %s', e.evtname, CASE e.evtenabled WHEN 'D' THEN 'is disabled'
                                                     ELSE 'does not fire in every session_replication_role' END),
           format('ALTER EVENT TRIGGER %s ENABLE ALWAYS;', e.evtname)
    FROM pg_event_trigger e
    WHERE e.evtname IN ('bemi_create_trigger', 'bemi_ddl_command_end', 'bemi_ddl_command_start', 'bemi_drop_table',
                        'bemi_sql_drop', 'bemi_table_rewrite')
      AND e.evtenabled <> 'A';
END;
COMMENT ON FUNCTION bemi.setting_faults() IS 'Internal, for bemi.doctor(): faults of the server''s settings and of the event triggers.';
REVOKE ALL ON FUNCTION bemi.setting_faults() FROM PUBLIC;
