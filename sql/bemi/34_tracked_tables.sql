-- What is tracked, as users see it, and what is off about it.

-- A row for each problem. A table that is tracked because it is a partition or child is mended by tracking its root again.
CREATE VIEW bemi.table_problems (relation, problem, fix) AS
WITH tracked AS MATERIALIZED (
    SELECT t.*, format('SELECT bemi.track(%L);', COALESCE(t.root, t.relation)) AS fix
    FROM bemi.tracked_relations() t
),
-- Tables that ought to be tracked: their schema is tracked, or their root, or they still have one of the triggers. A tool
-- that keeps book of its migrations in a table of the schema does it for itself: whoever untracks that one means it.
untracked AS (
    SELECT c.oid::regclass AS relation, r.root, c.relpersistence = 'u' AS is_unlogged, other.function
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN bemi.tracked_schemas s ON s.schema = n.nspname
    CROSS JOIN LATERAL (
        SELECT CASE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending)
                    THEN bemi.tracked_with(c.oid) END
    ) AS r (root)
    LEFT JOIN pg_trigger g ON g.tgrelid = c.oid AND g.tgname = '~bemi_truncate'
    CROSS JOIN LATERAL (
        SELECT CASE WHEN g.tgfoid <> 'bemi.emit_context'::regproc THEN g.tgfoid::regproc END
    ) AS other (function)
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'bemi'
      AND (g.oid IS NULL OR other.function IS NOT NULL)
      AND (s.schema IS NOT NULL AND c.relname <> ALL (ARRAY[
              'mikro_orm_migrations', 'knex_migrations', 'knex_migrations_lock', '_prisma_migrations', '__drizzle_migrations',
              'SequelizeMeta', 'schema_migrations', 'ar_internal_metadata', 'django_migrations', 'alembic_version',
              'flyway_schema_history', 'databasechangelog', 'databasechangeloglock', 'goose_db_version'])
           OR r.root IS NOT NULL OR EXISTS (
              SELECT FROM pg_trigger l
              WHERE l.tgrelid = c.oid AND l.tgname IN ('~bemi_row', '~bemi_statement')
                AND l.tgfoid = 'bemi.emit_context'::regproc))
),
triggers AS (
    SELECT t.relation, t.fix, expected.name, g.tgenabled, g.tgfoid::regproc AS function,
           t.require_context, bemi.tracking_options(g.tgargs) AS own
    FROM tracked t
    CROSS JOIN LATERAL (VALUES ('~bemi_truncate', true),
                               ('~bemi_row', t.level = 'row' AND t.kind = 'r'),
                               ('~bemi_statement', t.level = 'statement')) AS expected (name, needed)
    LEFT JOIN pg_trigger g ON g.tgrelid = t.relation AND g.tgname = expected.name
    WHERE expected.needed
)
SELECT u.relation,
       'is not tracked' || CASE WHEN u.is_unlogged THEN ': it is unlogged'
                                WHEN u.function IS NOT NULL THEN format(': trigger "~bemi_truncate" runs %s', u.function)
                                ELSE '' END,
       concat(
           CASE WHEN u.is_unlogged THEN format('ALTER TABLE %s SET LOGGED; ', u.relation) END,
           CASE WHEN u.function IS NOT NULL
                THEN format('ALTER TRIGGER "~bemi_truncate" ON %s RENAME TO "z~bemi_truncate"; ', u.relation) END,
           format('SELECT bemi.track(%L);', COALESCE(u.root, u.relation)))
FROM untracked u
UNION ALL
SELECT t.relation,
       format('replica identity is %s, not FULL',
                         CASE t.identity WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING' ELSE 'an index' END),
       t.fix
FROM tracked t
WHERE t.identity <> 'f'
UNION ALL
SELECT t.relation, 'table is unlogged', format('ALTER TABLE %s SET LOGGED;', t.relation)
FROM tracked t
WHERE t.is_unlogged
UNION ALL
SELECT t.relation,
       format('trigger "%s" %s', t.name,
                         CASE WHEN t.function IS NULL THEN 'is missing'
                              WHEN t.function <> 'bemi.emit_context'::regproc
                                  THEN format('runs %s', t.function)
                              WHEN t.tgenabled = 'D' THEN 'is disabled'
                              WHEN t.tgenabled <> 'A' THEN 'does not fire in every session_replication_role'
                              ELSE format('does not require a context as "~bemi_truncate" says: %s', t.require_context) END),
       concat(
           CASE WHEN t.function <> 'bemi.emit_context'::regproc
                THEN format('ALTER TRIGGER %I ON %s RENAME TO %I; ', t.name, t.relation, 'z' || t.name) END,
           t.fix)
FROM triggers t
WHERE t.function IS NULL OR t.function <> 'bemi.emit_context'::regproc OR t.tgenabled <> 'A'
   OR (t.own).require_context <> t.require_context
UNION ALL
-- A statement that names the parent does not fire the statement triggers of its children.
SELECT t.relation, format('contexts of writes through %s are missing', i.inhparent::regclass),
       format('SELECT bemi.track(%L, ''statement'');',
                         COALESCE(bemi.tracked_with(i.inhparent), i.inhparent::regclass))
FROM tracked t
JOIN pg_inherits i ON i.inhrelid = t.relation
WHERE t.level = 'statement'
  AND NOT EXISTS (SELECT FROM tracked other WHERE other.relation = i.inhparent AND other.level = 'statement')
UNION ALL
SELECT t.relation, 'contexts of rows that a subscription applies are missing at level "statement"',
       format('SELECT bemi.track(%L, ''row'');', COALESCE(t.root, t.relation))
FROM tracked t
WHERE t.level = 'statement'
  AND EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid IN (t.relation, t.root))
UNION ALL
SELECT t.relation, format('trigger "%s" fires after bemi''s: a context that it sets comes too late', g.tgname),
       format('ALTER TRIGGER %I ON %s RENAME TO %I;', g.tgname, t.relation, 'z' || g.tgname)
FROM tracked t
JOIN pg_trigger g ON g.tgrelid = t.relation
WHERE g.tgtype & 2 <> 0 -- BEFORE
  AND CASE WHEN g.tgtype & 32 <> 0 THEN g.tgname > '~bemi_truncate' -- TRUNCATE
           WHEN g.tgtype & 1 <> 0 THEN t.level = 'row' AND g.tgname > '~bemi_row'
           ELSE t.level = 'statement' AND g.tgname > '~bemi_statement' END
  AND g.tgname NOT IN ('~bemi_row', '~bemi_statement', '~bemi_truncate') AND g.tgenabled <> 'D'
  AND g.tgparentid = 0 -- those of partitions are renamed with their table's
UNION ALL
SELECT t.relation, format('options of trigger "~bemi_truncate" are not understood: %s', t.not_understood), t.fix
FROM tracked t
WHERE t.not_understood IS NOT NULL
UNION ALL
SELECT c.relation, c.problem, c.fix
FROM bemi.column_rule_problems() c
UNION ALL
SELECT t.relation, format('baseline has failed %s times: SQLSTATE %s', b.attempts, b.sqlstate), format('SELECT bemi.baseline(%L);', t.relation)
FROM tracked t
JOIN bemi.last_baselines() b ON b.relation = t.relation
WHERE b.attempts > 2;
COMMENT ON VIEW bemi.table_problems IS 'What is wrong with each tracked table, and the SQL that mends it: one row for each problem.';
COMMENT ON COLUMN bemi.table_problems.relation IS 'The table.';
COMMENT ON COLUMN bemi.table_problems.problem IS 'What is wrong with it, as in bemi.tracked_tables.';
COMMENT ON COLUMN bemi.table_problems.fix IS 'The SQL that mends it.';

CREATE VIEW bemi.tracked_tables AS
SELECT COALESCE(t.relation, p.relation) AS relation, t.level, t.require_context,
       CASE WHEN t.relation IS NULL THEN bemi.tracked_with(p.relation) ELSE t.root END AS root,
       COALESCE(t.by_schema AND t.root IS NULL AND s.schema IS NOT NULL, false) AS by_schema, p.problems, b.progress AS baseline,
       t.ignore_columns, t.exclude_columns, t.redact_columns, t.skip_unchanged, t.retention
FROM bemi.tracked_relations() t
FULL JOIN (
    SELECT relation, array_agg(problem ORDER BY problem) FROM bemi.table_problems GROUP BY relation
) AS p (relation, problems) ON p.relation = t.relation
LEFT JOIN pg_class c ON c.oid = t.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN bemi.tracked_schemas s ON s.schema = n.nspname
LEFT JOIN bemi.last_baselines() b ON b.relation = t.relation;
COMMENT ON VIEW bemi.tracked_tables IS 'The tables that are tracked, and those that ought to be and are not.';
COMMENT ON COLUMN bemi.tracked_tables.relation IS 'The table.';
COMMENT ON COLUMN bemi.tracked_tables.level IS 'The level of its triggers, row or statement; null if the table is not tracked and ought to be.';
COMMENT ON COLUMN bemi.tracked_tables.require_context IS
    'What a write to it gets that has no context: off, warning or error, or what bemi.require_context says if that is stricter.';
COMMENT ON COLUMN bemi.tracked_tables.root IS
    'The tracked table that it is a partition or a child of; null if the table is tracked by itself.';
COMMENT ON COLUMN bemi.tracked_tables.by_schema IS 'Whether the table is tracked because its schema is.';
COMMENT ON COLUMN bemi.tracked_tables.problems IS
    'What is wrong with the table; null if nothing is. bemi.doctor() and bemi.table_problems have the SQL that mends it.';
COMMENT ON COLUMN bemi.tracked_tables.baseline IS
    'How much of the table its last baseline has read; complete if it is stored; null if there is none.';
COMMENT ON COLUMN bemi.tracked_tables.ignore_columns IS 'Patterns for columns: an UPDATE of nothing else is no change.';
COMMENT ON COLUMN bemi.tracked_tables.exclude_columns IS 'Patterns for columns that changes leave out.';
COMMENT ON COLUMN bemi.tracked_tables.redact_columns IS
    'Patterns for columns: changes only say whether there is a value, and whether it has changed.';
COMMENT ON COLUMN bemi.tracked_tables.retention IS 'How long its changes are kept; null: as long as bemi.retention says.';
COMMENT ON COLUMN bemi.tracked_tables.skip_unchanged IS 'Whether an UPDATE that changes nothing is no change.';
