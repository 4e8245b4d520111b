-- What bemi.retention keeps of a partition of bemi.changes: the rows that tables with a baseline still have from it.

-- Looks at the changes of a partition after (position, sequence), in that order, and stores those that left a row which nothing later
-- tells of as changes with operation BASELINE, at the time `kept_at`. They keep their place in the order of changes. After a TRUNCATE
-- that stays, later changes of the key don't tell of the row. Repeated, it stores nothing again. OFFSET 0 makes the planner look
-- each row up in the indexes.
CREATE FUNCTION bemi.carry_forward(
    from_time timestamptz, to_time timestamptz, kept_at timestamptz, INOUT "position" bigint, INOUT sequence bigint,
    only_of oid DEFAULT NULL)
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH here AS MATERIALIZED (SELECT system_identifier, database FROM bemi.server_and_database()),
    shape AS MATERIALIZED (
        SELECT s.relation, s.root, s.schema, s."table", s.from_position, s.from_sequence,
               lead(s.from_position) OVER w AS to_position, lead(s.from_sequence) OVER w AS to_sequence
        FROM here JOIN bemi.shapes s ON s.system_identifier = here.system_identifier AND s.database = here.database
        WINDOW w AS (PARTITION BY s.relation ORDER BY s.from_position, s.from_sequence)
    ),
    part AS MATERIALIZED (
        SELECT c.* FROM bemi.changes c
        WHERE c.committed_at >= $1 AND c.committed_at < $2 AND (c.commit_position, c.sequence) > ($4, $5)
          AND ($6 IS NULL OR (c.schema, c."table") IN (SELECT s.schema, s."table" FROM shape s WHERE s.relation = $6 OR s.root = $6))
        ORDER BY c.commit_position, c.sequence LIMIT 1000
    ),
    carried AS (
        INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context,
            committed_at, queued_at, created_at, transaction_id, position, commit_position, sequence)
        SELECT md5(c.id::text)::uuid, c.database, c.schema, c."table", c.primary_key, 'BASELINE', '{}', c.after, '{}',
            $3, c.queued_at, now(), 0, c.position, c.commit_position, c.sequence
        FROM part c
        JOIN shape s ON s.schema = c.schema AND s."table" = c."table" AND ($6 IS NULL OR s.relation = $6 OR s.root = $6)
            AND (c.commit_position, c.sequence) >= (s.from_position, s.from_sequence)
            AND (s.to_position IS NULL OR (c.commit_position, c.sequence) < (s.to_position, s.to_sequence))
        WHERE c.operation IN ('CREATE', 'UPDATE', 'BASELINE') AND c.primary_key IS NOT NULL
          AND EXISTS (
            SELECT FROM here JOIN bemi.baselines b ON b.system_identifier = here.system_identifier AND b.database = here.database
            WHERE b.relation = s.relation AND (b.finished_at IS NULL OR b.sqlstate IS NULL))
          AND EXISTS (
            SELECT FROM here JOIN bemi.tracking t ON t.system_identifier = here.system_identifier AND t.database = here.database
            WHERE t.relation IN (s.relation, s.root) AND t.from_position <= c.commit_position
              AND (t.to_position IS NULL OR t.to_time >= $2))
          AND NOT EXISTS (
            SELECT FROM bemi.changes t
            WHERE t."table" = c."table" AND t.schema = c.schema AND t.primary_key IS NULL AND t.operation = 'TRUNCATE'
              AND t.committed_at >= c.committed_at AND t.committed_at < $2
              AND (t.commit_position, t.sequence) > (c.commit_position, c.sequence) OFFSET 0)
          AND NOT EXISTS (
            SELECT FROM shape n
            JOIN bemi.changes l ON l."table" = n."table" AND l.schema = n.schema AND l.primary_key = c.primary_key
                AND (l.commit_position, l.sequence) >= (n.from_position, n.from_sequence)
                AND (n.to_position IS NULL OR (l.commit_position, l.sequence) < (n.to_position, n.to_sequence))
            WHERE n.root = s.root AND l.committed_at >= c.committed_at
              AND (l.commit_position, l.sequence) > (c.commit_position, c.sequence) AND l.operation <> 'ERASURE'
              AND NOT EXISTS (
                SELECT FROM bemi.changes t
                WHERE t."table" = c."table" AND t.schema = c.schema AND t.primary_key IS NULL AND t.operation = 'TRUNCATE'
                  AND t.committed_at >= $2 AND (t.commit_position, t.sequence) < (l.commit_position, l.sequence) OFFSET 0) OFFSET 0)
          AND NOT EXISTS (
            SELECT FROM shape n
            JOIN bemi.moved_keys m ON m."table" = n."table" AND m.schema = n.schema AND m.old_key = c.primary_key
            JOIN bemi.changes l ON l.id = m.id AND l.committed_at = m.committed_at
            WHERE n.root = s.root AND m.committed_at >= c.committed_at
              AND (l.commit_position, l.sequence) > (c.commit_position, c.sequence)
              AND NOT EXISTS (
                SELECT FROM bemi.changes t
                WHERE t."table" = c."table" AND t.schema = c.schema AND t.primary_key IS NULL AND t.operation = 'TRUNCATE'
                  AND t.committed_at >= $2 AND (t.commit_position, t.sequence) < (l.commit_position, l.sequence) OFFSET 0) OFFSET 0)
          AND NOT EXISTS (
            SELECT FROM bemi.changes k
            WHERE k."table" = c."table" AND k.primary_key = c.primary_key AND k.committed_at = $3 AND k.id = md5(c.id::text)::uuid OFFSET 0)
        RETURNING id
    ),
    marked AS (
        INSERT INTO bemi.erased_values (id, committed_at, columns, changed)
        SELECT k.id, $3, e.columns, e.columns
        FROM part c JOIN carried k ON k.id = md5(c.id::text)::uuid JOIN bemi.erased_values e ON e.committed_at = c.committed_at AND e.id = c.id
    )
    SELECT p.commit_position, p.sequence FROM part p ORDER BY p.commit_position DESC, p.sequence DESC LIMIT 1;
END;
COMMENT ON FUNCTION bemi.carry_forward(timestamptz, timestamptz, timestamptz, bigint, bigint, oid) IS
    'Internal, for retention: keeps what the next thousand changes of a partition, of all tables or of one, say of rows that are still needed. Returns the place of the last one, or null.';
