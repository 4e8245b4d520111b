-- Prints what is not stored, or not as it was written. Two slots are witnesses: the plugin's own, change by change, and
-- wal2json's, which counts.
\set ECHO none
SET statement_timeout = '20min';
SELECT 'witness_' || current_database() AS witness, 'other_' || current_database() AS other \gset

CREATE TABLE public.the_end (here int);
INSERT INTO public.the_end VALUES (1);
DO $$
BEGIN
    FOR i IN 1 .. 6000 LOOP
        EXIT WHEN EXISTS (SELECT FROM bemi.changes WHERE schema = 'public' AND "table" = 'the_end');
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;
SELECT 'the worker does not come to the end: ' || to_json(s)
FROM bemi.status s
WHERE NOT EXISTS (SELECT FROM bemi.changes WHERE schema = 'public' AND "table" = 'the_end');

CREATE UNLOGGED TABLE witness.written AS
SELECT (line ->> 'id')::uuid AS id, line ->> 'schema' AS schema, line ->> 'table' AS "table", line ->> 'operation' AS operation,
       line -> 'before' AS before, line -> 'after' AS after, (line ->> 'transaction_id')::bigint AS transaction_id
FROM (
    -- \u0000 is no text for SQL
    SELECT replace(data, '\u0000', '\ufffd')::json FROM pg_logical_slot_peek_changes(:'witness', NULL, NULL)
) AS l (line);
CREATE UNLOGGED TABLE witness.tracked AS
SELECT substring(data, '^{"id":"([^"]+)"')::uuid AS id
FROM pg_logical_slot_get_changes(:'witness', NULL, NULL, 'tracked-only', 'on');
ANALYZE witness.written, witness.tracked, bemi.changes;

SELECT format('%s of %s.%s is written, tracked and not stored: %s', w.operation, w.schema, w.table, w.id)
FROM witness.tracked t
JOIN witness.written w USING (id)
LEFT JOIN bemi.changes c USING (id)
LEFT JOIN bemi.errors e USING (id)
WHERE c.id IS NULL AND e.id IS NULL;

SELECT format('%s of %s.%s is stored, and was not written: %s', c.operation, c.schema, c.table, c.id)
FROM bemi.changes c
LEFT JOIN witness.tracked t USING (id)
WHERE t.id IS NULL;

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

CREATE UNLOGGED TABLE witness.decoded AS
SELECT groups[2] AS "table", CASE groups[1] WHEN 'I' THEN 'CREATE' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END AS operation, count(*) AS n
FROM pg_logical_slot_get_changes(:'other', NULL, NULL, 'format-version', '2', 'add-tables', 'public.*', 'include-types', 'off'),
     regexp_matches(left(data, 300), '^{"action":"([IUD])","schema":"public","table":"((?:[^"\\]|\\.)*)"') AS m (groups)
GROUP BY 1, 2;
SELECT format('%s of %s: wal2json has %s, the plugin %s', operation, "table", d.n, w.n)
FROM witness.decoded d
FULL JOIN (
    SELECT w.table, w.operation, count(*) AS n
    FROM witness.written w
    WHERE w.operation IN ('CREATE', 'UPDATE', 'DELETE') AND w.schema = 'public'
    GROUP BY 1, 2
) AS w USING ("table", operation)
WHERE d.n IS DISTINCT FROM w.n
  AND NOT EXISTS (SELECT FROM witness.made_with_rows m WHERE m.relation = "table" AND m.kind = 'm');

SELECT format('%s rows of public.%s (%s) were not tracked', count(*), w.table, w.operation)
FROM witness.written w
LEFT JOIN witness.tracked t USING (id)
WHERE t.id IS NULL AND w.schema = 'public'
  AND NOT EXISTS (SELECT FROM witness.made_with_rows m WHERE (m.transaction_id, m.relation) = (w.transaction_id, w.table))
GROUP BY w.table, w.operation;
