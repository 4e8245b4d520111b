-- The changes that a role may read because it may read the table: for roles that may not read bemi.changes.

-- A name is that of one table from its shape on until another table has it. A role may read a change if it may read the table, or
-- the partitioned table to which that belongs now: all of it, and without row level security. The condition with CASE keeps the
-- outer join, so that the planner looks changes up in their indexes, by what the query asks for, and never by the tables. A
-- restored history has the positions of another server: those changes are older than the shapes of this one.
CREATE VIEW bemi.readable_changes WITH (security_barrier) AS
WITH readable AS MATERIALIZED (
    SELECT s.schema, s."table", s.from_position, s.from_sequence, s.to_position, s.to_sequence, s.from_time
    FROM (
        SELECT t.system_identifier, t.database, t.relation, t.schema, t."table", t.from_position, t.from_sequence,
               t.from_time - coalesce(p.max_skew, '0') AS from_time, lead(t.from_position) OVER name AS to_position,
               lead(t.from_sequence) OVER name AS to_sequence
        FROM bemi.server_and_database() AS here
        JOIN bemi.shapes t ON t.system_identifier = here.system_identifier AND t.database = here.database
        LEFT JOIN bemi.progress p ON p.system_identifier = here.system_identifier AND p.database = here.database
        WINDOW name AS (PARTITION BY t.schema, t."table" ORDER BY t.from_position, t.from_sequence)
    ) s
    WHERE EXISTS (
        SELECT FROM (SELECT s.relation UNION ALL SELECT a.relid FROM pg_partition_ancestors(s.relation) a) AS o (oid)
        JOIN pg_class c ON c.oid = o.oid
        WHERE has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE') AND NOT row_security_active(c.oid))
      -- The OID of a table that was dropped may be that of another one now.
      AND NOT EXISTS (
        SELECT FROM bemi.tracking d
        WHERE d.system_identifier = s.system_identifier AND d.database = s.database AND d.relation = s.relation
          AND d.reason = 'the table was dropped' AND d.to_position >= s.from_position)
)
SELECT c.id, c.database, c.schema, c."table", c.primary_key, c.operation, c.before, c.after, c.context, c.committed_at, c.queued_at,
       c.created_at, c.transaction_id, c.position, c.commit_position, c.sequence
FROM bemi.changes c
LEFT JOIN readable r ON r.schema = c.schema AND r."table" = c."table"
    AND (c.commit_position, c.sequence) >= (r.from_position, r.from_sequence)
    AND (r.to_position IS NULL OR (c.commit_position, c.sequence) < (r.to_position, r.to_sequence))
    AND c.committed_at >= r.from_time
WHERE CASE WHEN r.schema IS NULL THEN false ELSE true END;
COMMENT ON VIEW bemi.readable_changes IS
    'The changes of the tables that the reader may read: of those that exist, on which he has SELECT as a whole, without row level security. Only the owner of the extension may read it until he GRANTs it.';
DO $$
DECLARE name name;
BEGIN
    FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'bemi.readable_changes'::regclass AND attnum > 0 LOOP
        EXECUTE format('COMMENT ON COLUMN bemi.readable_changes.%I IS %L', name,
            (SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'bemi.changes'::regclass AND attname = name));
    END LOOP;
END
$$;
