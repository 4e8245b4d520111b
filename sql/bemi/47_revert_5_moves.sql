-- Taking changes back: rows whose primary key has changed. Such a change is stored under the new key, and the earlier ones of the row under
-- the old key, which another row may have got since.

CREATE FUNCTION bemi.has_moved_keys(schema text, "table" text, since timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM bemi.moved_keys m WHERE m."table" = $2 AND m.schema = $1 AND m.committed_at >= $3);
END;
COMMENT ON FUNCTION bemi.has_moved_keys(text, text, timestamptz) IS
    'Internal: whether a row of the table has got another primary key since then.';

-- SQL: common table expressions that find out which changes are of one row. Whenever a row gets a key, or gives it up, the key begins to
-- stand for another row, or for none. A node is a key in such a period, and a link is a change of the primary key.
CREATE FUNCTION bemi.revert_followed(relation oid, changes text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'keyed AS MATERIALIZED (
            SELECT c.*, CASE c.operation WHEN ''CREATE'' THEN %1$s ELSE %2$s END AS old_key, CASE c.operation WHEN ''DELETE'' THEN %2$s ELSE %1$s END AS new_key
            FROM (%3$s) AS c),
         visit AS (
            SELECT id, commit_position, sequence, new_key AS key, false AS leaves, old_key <> new_key AS arrives FROM keyed
            UNION ALL
            SELECT id, commit_position, sequence, old_key, true, false FROM keyed WHERE old_key <> new_key),
         node AS MATERIALIZED (
            SELECT id, leaves, concat(key, '' '', count(*) FILTER (WHERE arrives) OVER so_far + count(*) FILTER (WHERE leaves) OVER before) AS node
            FROM visit
            WHERE key IS NOT NULL
            WINDOW so_far AS (PARTITION BY key ORDER BY commit_position, sequence ROWS UNBOUNDED PRECEDING),
                   before AS (PARTITION BY key ORDER BY commit_position, sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
         link AS MATERIALIZED (
            SELECT o.node AS from_node, n.node AS to_node FROM node o JOIN node n USING (id) WHERE o.leaves AND NOT n.leaves),
         walk (node, last) AS (
            SELECT to_node, to_node FROM link WHERE to_node NOT IN (SELECT from_node FROM link)
            UNION ALL
            SELECT l.from_node, w.last FROM walk w JOIN link l ON l.to_node = w.node),
         change AS (
            SELECT k.*, coalesce(w.last, n.node) AS row_key
            FROM keyed k LEFT JOIN node n ON n.id = k.id AND NOT n.leaves LEFT JOIN walk w ON w.node = n.node)',
        bemi.revert_key($1, 'c.after'), bemi.revert_key($1, 'c.before'), $2);
END;
COMMENT ON FUNCTION bemi.revert_followed(oid, text) IS
    'Internal, for bemi.revert(): SQL for the changes, with a text that tells rows apart, also if their keys have changed.';

-- A row that comes back may need a key that another step takes away.
CREATE FUNCTION bemi.revert_vacated(kinds bemi.revert_kind[]) RETURNS bemi.revert_kind[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH leaving AS MATERIALIZED (
        SELECT k.relation, s.place
        FROM unnest($1) k CROSS JOIN LATERAL unnest(k.steps) s
        WHERE NOT k.is_blocked AND (k.action = 'DELETE' OR k.action = 'UPDATE' AND k.columns && array(
            SELECT c.name FROM bemi.revert_columns(k.relation) c WHERE c.key_number IS NOT NULL))
    ), step AS (
        SELECT k.relation, k.action, k.columns, k.number, l.place IS NULL AS is_blocked, s.n,
               ROW(s.key, s.place, s.target, s.expected, CASE WHEN l.place IS NULL THEN s.conflict END)::bemi.revert_step AS step
        FROM unnest($1) WITH ORDINALITY AS k (relation, action, columns, is_blocked, is_late, steps, number)
        CROSS JOIN LATERAL unnest(k.steps) WITH ORDINALITY AS s (key, place, target, expected, conflict, n)
        LEFT JOIN leaving l ON l.relation = k.relation AND l.place = s.place AND s.conflict->>'reason' = 'key is taken'
        WHERE k.is_blocked
    )
    SELECT array_agg(k) FROM (
        SELECT ROW(s.relation, s.action, s.columns, s.is_blocked, NOT s.is_blocked, array_agg(s.step ORDER BY s.n))::bemi.revert_kind
        FROM step s GROUP BY s.number, s.relation, s.action, s.columns, s.is_blocked
        UNION ALL
        SELECT k::bemi.revert_kind FROM unnest($1) k WHERE NOT k.is_blocked) AS k (k);
END;
COMMENT ON FUNCTION bemi.revert_vacated(bemi.revert_kind[]) IS
    'Internal, for bemi.revert(): the kinds, of which those are free whose key another step takes away.';
