CREATE FUNCTION bemi.history_faults() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH owner AS (
        SELECT c.relowner AS oid, pg_get_userbyid(c.relowner) AS name
        FROM pg_class c WHERE c.oid = 'bemi.tracked_schemas'::regclass
    ),
    lacks AS (
        SELECT format('%s on %s', p.privilege, t.relation) AS what,
               format('GRANT %s ON %s TO %I;', p.privilege, t.relation, o.name) AS fix
        FROM owner o
        CROSS JOIN (VALUES
            ('bemi.changes'::regclass, '{SELECT, INSERT}'::text[]),
            ('bemi.errors', '{SELECT, INSERT, UPDATE}'),
            ('bemi.gaps', '{SELECT, INSERT, UPDATE}'),
            ('bemi.partition_indexes', '{SELECT}'),
            ('bemi.partitions', '{SELECT}'),
            ('bemi.progress', '{SELECT, INSERT, UPDATE, DELETE}'),
            ('bemi.tracked_schemas', '{SELECT, INSERT, UPDATE, DELETE}'),
            ('bemi.worker', '{SELECT, INSERT, UPDATE}')) AS t (relation, privileges)
        CROSS JOIN unnest(t.privileges) AS p (privilege)
        WHERE NOT has_table_privilege(o.oid, t.relation, p.privilege)
        UNION ALL
        SELECT format('%s on schema bemi', p.privilege),
               format('GRANT %s ON SCHEMA bemi TO %I;', p.privilege, o.name)
        FROM owner o
        CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p (privilege)
        WHERE NOT has_schema_privilege(o.oid, 'bemi', p.privilege)
        UNION ALL
        SELECT format('ownership of %s', c.oid::regclass),
               format('ALTER TABLE %s OWNER TO %I;', c.oid::regclass, o.name)
        FROM owner o
        CROSS JOIN (SELECT 'bemi.changes'::regclass UNION ALL SELECT partition FROM bemi.partitions) AS t (relation)
        JOIN pg_class c ON c.oid = t.relation
        WHERE NOT pg_has_role(o.oid, c.relowner, 'USAGE')
    )
    SELECT 'privileges' AS topic,
           format('role %I, as whom the worker acts, lacks %s', o.name,
                             string_agg(l.what, ', ' ORDER BY l.what)) AS found,
           string_agg(l.fix, ' ' ORDER BY l.what) AS fix
    FROM owner o
    CROSS JOIN lacks l
    GROUP BY o.name
    UNION ALL
    SELECT 'dump',
           format('role %I owns the database and cannot dump it without --exclude-schema=bemi: it lacks SELECT on %s',
                             d.name, string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)),
           'GRANT SELECT ON ALL TABLES IN SCHEMA bemi TO pg_database_owner; '
               || 'GRANT SELECT ON ALL SEQUENCES IN SCHEMA bemi TO pg_database_owner; '
               || format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA bemi GRANT SELECT ON TABLES TO pg_database_owner;', o.name)
    FROM owner o
    CROSS JOIN (SELECT d.datdba AS oid, pg_get_userbyid(d.datdba) AS name
                FROM pg_database d WHERE d.datname = current_database()) AS d
    JOIN pg_class c -- pg_dump reads the extension's configuration tables and the partitions
        ON c.oid = ANY (ARRAY(SELECT unnest(e.extconfig) FROM pg_extension e WHERE e.extname = 'bemi'
                              UNION ALL SELECT partition FROM bemi.partitions))
    WHERE NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(d.oid, c.oid, 'SELECT')
                   ELSE has_table_privilege(d.oid, c.oid, 'SELECT') END
    GROUP BY d.name, o.name
    UNION ALL
    -- This is one row, as there may be many partitions that were created by hand.
    SELECT 'indexes',
           min(m.found) || CASE WHEN count(*) > 1
               THEN format(', and %s more are missing', count(*) - 1) ELSE '' END,
           string_agg(m.fix, ' ' ORDER BY m.found)
    FROM (
        SELECT format('%s has no index %s', p.partition, i.definition) COLLATE "C", format(i.statement, p.partition)
        FROM bemi.partitions p
        JOIN pg_class c ON c.oid = p.partition AND c.relkind IN ('r', 'p')
        CROSS JOIN bemi.partition_indexes i
        WHERE NOT EXISTS (
            SELECT FROM pg_index x
            JOIN pg_class index ON index.oid = x.indexrelid
            JOIN pg_am m ON m.oid = index.relam
            CROSS JOIN LATERAL ( -- pg_get_indexdef() would wait for a lock on the table
                SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.n)
                FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, n)
                JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number
            ) AS columns (names)
            WHERE x.indrelid = p.partition AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
              AND format('%s (%s)', m.amname, columns.names) = i.definition)
    ) AS m (found, fix)
    HAVING count(*) > 0
    UNION ALL
    SELECT 'gaps',
           concat('changes that were committed ',
                             CASE WHEN g.is_open THEN 'after ' || g.from_position
                                  ELSE format('from %s to %s', g.from_position, g.to_position) END,
                             CASE WHEN NOT g.is_own THEN ' of server ' || g.system_identifier END,
                             ' are lost: ', g.reason),
           CASE WHEN g.is_open AND g.is_own THEN 'SELECT bemi.start();'
                ELSE format('SELECT bemi.acknowledge_gap(%s); -- once you know of it', g.id) END
    FROM (SELECT gaps.*, to_position IS NULL AS is_open, gaps.system_identifier = server.system_identifier AS is_own
          FROM bemi.gaps, pg_control_system() AS server) AS g
    WHERE g.acknowledged_at IS NULL
    UNION ALL
    SELECT 'errors',
           format('%s changes are missing and %s not stored as they were, the last one at %s', e.missing, e.changed, e.last),
           format('SELECT bemi.acknowledge_errors(%L); -- once you have read them', e.last)
    FROM (SELECT count(*) FILTER (WHERE stored_as IS NULL), count(stored_as), max(occurred_at)
          FROM bemi.errors e WHERE e.acknowledged_at IS NULL) AS e (missing, changed, last)
    WHERE e.last IS NOT NULL;
END;
COMMENT ON FUNCTION bemi.history_faults() IS 'Internal, for bemi.doctor(): privileges and indexes that are missing, gaps and errors.';
REVOKE ALL ON FUNCTION bemi.history_faults() FROM PUBLIC;
