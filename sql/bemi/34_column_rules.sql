-- What is off about the rules for columns. A pattern of a table that follows its schema may match nothing in that table.
CREATE FUNCTION bemi.column_rule_problems() RETURNS TABLE (relation regclass, problem text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH rule AS MATERIALIZED (
        SELECT t.relation, COALESCE(t.root, t.relation) AS root, t.by_schema, r.verb, r.argument, p.pattern, p.number
        FROM bemi.tracked_relations() t
        CROSS JOIN LATERAL (VALUES ('ignored', 'ignore_columns', t.ignore_columns), ('excluded', 'exclude_columns', t.exclude_columns),
                                   ('redacted', 'redact_columns', t.redact_columns)) AS r (verb, argument, patterns)
        CROSS JOIN LATERAL unnest(r.patterns) WITH ORDINALITY AS p (pattern, number)
    ),
    ruled AS MATERIALIZED (
        SELECT r.*, a.attnum, a.attname
        FROM rule r
        JOIN pg_attribute a ON a.attrelid = r.relation AND a.attnum > 0 AND NOT a.attisdropped AND bemi.matches_column(r.pattern, a.attname::text)
    ),
    hidden AS MATERIALIZED (
        SELECT DISTINCT ON (relation, attnum) relation, root, attnum, attname, verb FROM ruled
        WHERE verb <> 'ignored' ORDER BY relation, attnum, verb
    )
    SELECT r.relation, format('pattern "%s" of %s matches no column any more', r.pattern, r.argument),
           format('-- if the column has another name now, add that: SELECT bemi.track(%L, %s => %L);', r.relation, r.argument,
                  ARRAY(SELECT o.pattern FROM rule o WHERE o.relation = r.relation AND o.argument = r.argument AND o.number <> r.number
                        ORDER BY o.number))
    FROM rule r
    WHERE r.relation = r.root AND NOT r.by_schema
      AND NOT EXISTS (SELECT FROM ruled u WHERE u.root = r.root AND u.argument = r.argument AND u.number = r.number)
    UNION ALL
    SELECT DISTINCT r.relation,
           format('column "%s" of the primary key is %s: %s', r.attname, r.verb,
                  CASE r.verb WHEN 'ignored' THEN 'that has no effect' ELSE 'changes have no primary_key' END),
           format('-- choose another primary key, or take the column out of %s in a call of bemi.track(%L, ...)', r.argument, r.root)
    FROM ruled r
    JOIN pg_index i ON i.indrelid = r.relation AND i.indisprimary AND r.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
    UNION ALL
    SELECT g.attrelid::regclass, format('generated column "%s" is computed from column "%s", which is %s', g.attname, h.attname, h.verb),
           format('-- exclude or redact it as well, in the call of bemi.track(%L, ...) that names all such columns', h.root)
    FROM hidden h
    JOIN pg_attribute g ON g.attrelid = h.relation AND g.attgenerated <> '' AND NOT g.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = g.attrelid AND d.adnum = g.attnum
    WHERE NOT EXISTS (SELECT FROM hidden o WHERE o.relation = h.relation AND o.attnum = g.attnum)
      -- PostgreSQL 14 says so of the column, later ones of its expression
      AND EXISTS (SELECT FROM pg_depend p
                  WHERE p.refclassid = 'pg_class'::regclass AND p.refobjid = h.relation AND p.refobjsubid = h.attnum
                    AND (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                         OR p.classid = 'pg_class'::regclass AND p.objid = h.relation AND p.objsubid = g.attnum));
END;
COMMENT ON FUNCTION bemi.column_rule_problems() IS
    'Internal, for bemi.table_problems: rules for columns that have no effect, or not the one that was meant.';

-- What is off about rules that no single table has: patterns of schemas, and statements in contexts that may tell what is hidden.
-- The sessions of others count, so a setting counts where it is written, not as this session has it.
CREATE FUNCTION bemi.column_rule_faults() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH pattern AS (
        SELECT s.schema, r.argument, p.pattern
        FROM bemi.tracked_schemas s
        CROSS JOIN LATERAL (VALUES ('ignore_columns', s.ignore_columns), ('exclude_columns', s.exclude_columns),
                                   ('redact_columns', s.redact_columns)) AS r (argument, patterns)
        CROSS JOIN LATERAL unnest(r.patterns) AS p (pattern)
    ),
    capture AS (
        SELECT 'for the server' AS place, s.reset_val AS setting
        FROM pg_settings s WHERE s.name = 'bemi.capture' AND s.source = 'configuration file'
        UNION ALL
        SELECT concat('for ', 'role ' || quote_ident(pg_get_userbyid(nullif(s.setrole, 0))), ' in database ' || quote_ident(d.datname)),
               substr(c.setting, length('bemi.capture=') + 1)
        FROM pg_db_role_setting s
        CROSS JOIN unnest(s.setconfig) AS c (setting)
        LEFT JOIN pg_database d ON d.oid = s.setdatabase
        WHERE c.setting LIKE 'bemi.capture=%' AND COALESCE(d.datname = current_database(), true)
    )
    SELECT 'column rules' AS topic,
           format('pattern "%s" of %s matches no column of the tables of schema %s', p.pattern, p.argument, p.schema) AS found,
           format('-- if the column has another name now, call bemi.track_schema(%L, %s => ...) with that', p.schema, p.argument) AS fix
    FROM pattern p
    WHERE EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = p.schema AND c.relkind IN ('r', 'p'))
      AND NOT EXISTS (
          SELECT FROM pg_namespace n
          JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE n.nspname = p.schema
            AND bemi.matches_column(p.pattern, CASE WHEN p.pattern LIKE '%.%' THEN concat(c.relname, '.', a.attname) ELSE a.attname::text END))
    UNION ALL
    SELECT 'column rules', format('bemi.capture %s contains sql: statements may have the values of excluded and redacted columns', c.place),
           '-- take sql out of bemi.capture there, or write such values with parameters only'
    FROM capture c
    WHERE 'sql' = ANY (regexp_split_to_array(lower(c.setting), '[\s,"]+'))
      AND EXISTS (SELECT FROM bemi.tracked_relations() t WHERE t.exclude_columns || t.redact_columns <> '{}');
END;
COMMENT ON FUNCTION bemi.column_rule_faults() IS 'Internal, for bemi.doctor(): what is off about rules for columns, but for those of single tables.';
REVOKE ALL ON FUNCTION bemi.column_rule_faults() FROM PUBLIC;
