-- Prints what is not stored, or not as it was written. Two slots are witnesses: the plugin's own, change by change, and
-- wal2json's, which counts.
\set ECHO none
SET statement_timeout = '20min';
SET client_min_messages = error;
SELECT 'witness_' || current_database() AS witness, 'other_' || current_database() AS other \gset

SELECT bemi.sync('15 min') \gset

CREATE UNLOGGED TABLE witness.written AS
SELECT (line ->> 'id')::uuid AS id, line ->> 'schema' AS schema, line ->> 'table' AS "table", line ->> 'operation' AS operation,
       line -> 'before' AS before, line -> 'after' AS after
FROM (
    -- \u0000 is no text for SQL
    SELECT replace(data, '\u0000', '\ufffd')::json
    FROM pg_logical_slot_get_changes(:'witness', NULL, NULL, 'tracked-only', 'on')
) AS l (line);
ANALYZE witness.written, bemi.changes;

SELECT format('%s of %s.%s is written and not stored: %s', w.operation, w.schema, w.table, w.id)
FROM witness.written w
LEFT JOIN bemi.changes c USING (id)
LEFT JOIN bemi.errors e USING (id)
WHERE c.id IS NULL AND e.id IS NULL;

SELECT format('%s of %s.%s is stored, and was not written: %s', c.operation, c.schema, c.table, c.id)
FROM bemi.changes c
LEFT JOIN witness.written w USING (id)
WHERE w.id IS NULL;

SELECT format('%s of %s.%s is stored %s times: %s', c.operation, c.schema, c.table, count(*), c.id)
FROM bemi.changes c
GROUP BY c.id, c.operation, c.schema, c.table
HAVING count(*) > 1;

SELECT format('%s of %s.%s is stored otherwise than it was written: %s', w.operation, w.schema, w.table, w.id)
FROM witness.written w
JOIN bemi.changes c USING (id)
WHERE (w.schema, w.table, w.operation) IS DISTINCT FROM (c.schema, c.table, c.operation)
   OR (NOT EXISTS (SELECT FROM bemi.errors e WHERE e.id = c.id) AND (w.before::text::jsonb, w.after::text::jsonb) <> (c.before, c.after));

SELECT format('%s of %s.%s has a context, and nobody set one: %s', c.operation, c.schema, c.table, c.context)
FROM bemi.changes c
WHERE c.context <> '{}';

SELECT format('a stored error: %s of %s.%s: %s', e.operation, e.schema, e.table, e.error)
FROM bemi.errors e
WHERE NOT EXISTS (SELECT FROM bemi.changes c WHERE c.id = e.id);
SELECT format('a gap: %s', to_json(g)) FROM bemi.gaps g;
SELECT format('the worker failed: %s', s.last_error) FROM bemi.status s WHERE s.last_error IS NOT NULL;

-- What wal2json counts, which knows nothing of tracking, but for rows that are made with their table.
CREATE UNLOGGED TABLE witness.decoded AS
SELECT groups[3] AS "table", CASE groups[1] WHEN 'I' THEN 'CREATE' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END AS operation,
       groups[2]::bigint AS transaction_id, count(*) AS n
FROM pg_logical_slot_get_changes(:'other', NULL, NULL, 'format-version', '2', 'add-tables', 'public.*', 'include-types', 'off',
                                 'include-xids', 'on'),
     regexp_matches(left(data, 300),
                    '^{"action":"([IUD])","xid":([0-9]+),"schema":"public","table":"((?:[^"\\]|\\.)*)"') AS m (groups)
GROUP BY 1, 2, 3;
SELECT format('%s of public.%s: wal2json has %s, the store %s', operation, "table", d.n, w.n)
FROM (
    SELECT d.table, d.operation, sum(n) AS n
    FROM witness.decoded d
    WHERE NOT EXISTS (
        SELECT FROM witness.made_with_rows m
        WHERE m.relation = d.table AND (m.transaction_id = d.transaction_id OR m.kind = 'm'))
    GROUP BY 1, 2
) AS d
FULL JOIN (
    SELECT c.table, c.operation, count(*) AS n
    FROM bemi.changes c
    WHERE c.operation IN ('CREATE', 'UPDATE', 'DELETE') AND c.schema = 'public'
      AND NOT EXISTS (
          SELECT FROM witness.made_with_rows m
          WHERE m.relation = c.table AND (m.transaction_id = c.transaction_id OR m.kind = 'm'))
    GROUP BY 1, 2
) AS w USING ("table", operation)
WHERE d.n IS DISTINCT FROM w.n
  AND "table" <> 'easi'; -- made by EXPLAIN ANALYZE SELECT INTO, which runs no event trigger
