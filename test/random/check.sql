-- Compares bemi.changes with the ledger: what is there once in both is left out, the rest is evidence.
CREATE INDEX ON ledger.entry (transaction_id);
ANALYZE ledger.entry, bemi.changes;
CREATE TABLE ledger.missing AS
SELECT transaction_id, "table", operation, before, after, context FROM ledger.entry
EXCEPT ALL
SELECT transaction_id, "table", operation, before, after, context FROM bemi.changes WHERE "table" <> 'the_end';
CREATE TABLE ledger.surplus AS
SELECT transaction_id, "table", operation, before, after, context FROM bemi.changes WHERE "table" <> 'the_end'
EXCEPT ALL
SELECT transaction_id, "table", operation, before, after, context FROM ledger.entry;

-- One line for each fault, the shortest first: what it is, where, how the context was meant and is, and by which query.
CREATE VIEW ledger.faults AS
SELECT CASE WHEN s IS NULL THEN 'not stored' WHEN m IS NULL THEN 'stored, not written'
            WHEN m.context IS DISTINCT FROM s.context THEN 'another context' ELSE 'another row' END AS fault,
       "table", operation, transaction_id,
       m.context AS expected_context, s.context AS stored_context,
       CASE WHEN m IS NULL OR s IS NULL OR (m.before, m.after) <> (s.before, s.after) THEN left(m.before::text, 300) END AS before,
       CASE WHEN m IS NULL OR s IS NULL OR (m.before, m.after) <> (s.before, s.after) THEN left(m.after::text, 300) END AS after,
       CASE WHEN m IS NULL OR s IS NULL OR (m.before, m.after) <> (s.before, s.after) THEN left(s.before::text, 300) END AS stored_before,
       CASE WHEN m IS NULL OR s IS NULL OR (m.before, m.after) <> (s.before, s.after) THEN left(s.after::text, 300) END AS stored_after,
       e.tag, e.query
FROM (SELECT *, row_number() OVER (PARTITION BY transaction_id, "table", operation, before, after) AS n FROM ledger.missing) AS m
FULL JOIN (SELECT *, row_number() OVER (PARTITION BY transaction_id, "table", operation, before, after) AS n FROM ledger.surplus) AS s
    USING (transaction_id, "table", operation, before, after, n)
LEFT JOIN LATERAL (
    SELECT tag, query FROM ledger.entry e
    WHERE (e.transaction_id, e."table", e.operation, e.before, e.after)
        = (m.transaction_id, m."table", m.operation, m.before, m.after)
    LIMIT 1
) AS e ON true;

-- Of each kind of fault the number, and the case with the shortest query.
CREATE VIEW ledger.evidence AS
SELECT format('%s times: %s', count, jsonb_strip_nulls(smallest)) AS line
FROM (
    SELECT DISTINCT ON (fault, kind, operation)
           count(*) OVER (PARTITION BY fault, kind, operation) AS count, to_jsonb(f) - 'kind' AS smallest
    FROM (SELECT *, regexp_replace("table", '[0-9].*', '') AS kind FROM ledger.faults) AS f
    ORDER BY fault, kind, operation, length(query)
) AS kinds
ORDER BY count DESC;
