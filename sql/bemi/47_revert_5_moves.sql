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

-- Rows that want a key which a step of another kind takes away are ranked after it: a unique index is checked row by row. Of the other rows whose
-- key is taken, those that are there already are left out, and those that are forced overwrite the present ones.
CREATE FUNCTION bemi.revert_ranked(kinds bemi.revert_kind[], is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE keys AS (
        SELECT r.relation, array(SELECT c.name FROM bemi.revert_columns(r.relation) c WHERE c.key_number IS NOT NULL) AS columns
        FROM (SELECT DISTINCT relation FROM bemi.revert_headings($1)) AS r
    ), step AS MATERIALIZED (
        SELECT row_number() OVER () AS id, k.number, k.relation, k.action, k.columns, k.is_blocked, s AS step,
               s.conflict->>'reason' = 'key is taken' IS TRUE AS is_taken,
               bemi.only_columns(s.place, keys.columns) AS old_key, bemi.only_columns(s.place || s.target, keys.columns) AS new_key,
               NOT k.is_blocked AND (k.action = 'DELETE' OR k.action = 'UPDATE' AND k.columns && keys.columns) AS leaves,
               k.action = 'INSERT' OR k.action = 'UPDATE' AND k.columns && keys.columns AS arrives
        FROM bemi.revert_headings($1) k JOIN keys ON keys.relation IS NOT DISTINCT FROM k.relation CROSS JOIN LATERAL unnest(($1)[k.number].steps) s
    ), waits AS MATERIALIZED (
        SELECT a.id, l.id AS for_id, a.number = l.number AS is_of_kind
        FROM step a JOIN step l ON l.relation = a.relation AND l.old_key = a.new_key
        WHERE a.arrives AND l.leaves AND l.id <> a.id
    ), ranked (id, rank) AS (
        SELECT s.id, 0 FROM step s WHERE s.id NOT IN (SELECT id FROM waits)
        UNION ALL
        SELECT w.id, r.rank + 1 FROM ranked r JOIN waits w ON w.for_id = r.id
    ), resolved AS (
        SELECT s.id, s.relation, s.is_blocked AND NOT s.is_taken OR s.is_taken AND NOT t.is_free AND NOT $2 AS is_blocked, CASE WHEN (SELECT bool_and(is_of_kind) FROM waits) THEN 0 ELSE least(r.rank, 100) END AS rank,
               CASE WHEN s.is_taken AND NOT t.is_free AND $2 THEN 'UPDATE' ELSE s.action END AS action,
               CASE WHEN s.is_taken AND NOT t.is_free AND $2 THEN t.wanted ELSE s.columns END AS columns,
               ROW((s.step).key, (s.step).place, (s.step).target, (s.step).expected, CASE WHEN NOT s.is_taken OR NOT t.is_free THEN (s.step).conflict END)::bemi.revert_step AS step
        FROM step s LEFT JOIN ranked r USING (id)
        CROSS JOIN LATERAL (SELECT
            s.id IN (SELECT id FROM waits) AS is_free,
            CASE WHEN s.is_taken THEN array(SELECT c FROM unnest(s.columns) c WHERE (s.step).expected->c IS DISTINCT FROM (s.step).target->c) END AS wanted) AS t
        WHERE NOT s.is_taken OR t.is_free OR t.wanted <> '{}'
    )
    SELECT array_agg(k) FROM (
        SELECT ROW(r.relation, r.action, r.columns, r.is_blocked, coalesce(r.rank, 100), array_agg(r.step ORDER BY r.id))::bemi.revert_kind
        FROM resolved r GROUP BY r.relation, r.action, r.columns, r.is_blocked, r.rank) AS k (k);
END;
COMMENT ON FUNCTION bemi.revert_ranked(bemi.revert_kind[], boolean) IS
    'Internal, for bemi.revert(): the kinds, in which a step has a higher rank than the step that takes its key away.';

-- Most steps neither give a row another key nor want a key that is there.
CREATE FUNCTION bemi.revert_is_plain(kinds bemi.revert_kind[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NOT EXISTS (
        SELECT FROM bemi.revert_headings($1) k
        WHERE k.action = 'INSERT' AND k.is_blocked OR k.action = 'UPDATE' AND k.columns && array(
            SELECT c.name FROM bemi.revert_columns(k.relation) c WHERE c.key_number IS NOT NULL));
END;
COMMENT ON FUNCTION bemi.revert_is_plain(bemi.revert_kind[]) IS
    'Internal, for bemi.revert(): whether no step depends on what another does to a key.';
