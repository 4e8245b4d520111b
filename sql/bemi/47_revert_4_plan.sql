-- Taking changes back, second part: what has to be done to which row, and what is in the way.

CREATE TYPE bemi.revert_step AS (
    relation oid, key text, action text, columns text[], target jsonb, place jsonb, conflict jsonb,
    first_time timestamptz, first_position bigint, first_sequence bigint);
COMMENT ON TYPE bemi.revert_step IS
    'Internal, for bemi.revert(): what has to be done to a row. It is found by the primary key in place, and its columns get the values of target.';

-- SQL: the changes of each row in their order, one row for each: its image before the first, after the last, and whether a change
-- that is not selected lies between two of them. Most rows have one change.
CREATE FUNCTION bemi.revert_chains() RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        'several AS MATERIALIZED (
            SELECT row_key FROM change WHERE row_key IS NOT NULL GROUP BY row_key HAVING count(*) > 1),
         chained AS MATERIALIZED (
            SELECT *, lag(c.after) OVER chain <> c.before AS is_broken, lead(c.id) OVER chain IS NULL AS is_last,
                   first_value(c.before) OVER chain AS target, first_value(c.operation) OVER chain AS begins,
                   first_value(c.committed_at) OVER chain AS first_time, first_value(c.commit_position) OVER chain AS first_position,
                   first_value(c.sequence) OVER chain AS first_sequence
            FROM change c
            WHERE c.row_key IN (SELECT row_key FROM several)
            WINDOW chain AS (PARTITION BY c.row_key ORDER BY c.commit_position, c.sequence)),
         broken AS MATERIALIZED (
            SELECT row_key FROM chained GROUP BY row_key HAVING bool_or(is_broken)),
         column_chain AS (
            SELECT row_key, name, min(name) FILTER (WHERE is_broken) AS break,
                   (array_agg(before ORDER BY commit_position, sequence))[1] AS target,
                   (array_agg(after ORDER BY commit_position DESC, sequence DESC))[1] AS expected
            FROM (
                SELECT c.row_key, c.commit_position, c.sequence, d.name, d.before, d.after,
                       row_number() OVER chain > 1 AND lag(d.after) OVER chain IS DISTINCT FROM d.before AS is_broken
                FROM chained c CROSS JOIN LATERAL (
                    SELECT key AS name, b.value AS before, a.value AS after
                    FROM jsonb_each(c.before) b FULL JOIN jsonb_each(c.after) a USING (key)
                    WHERE b.value IS DISTINCT FROM a.value) AS d
                WHERE c.row_key IN (SELECT row_key FROM broken)
                WINDOW chain AS (PARTITION BY c.row_key, d.name ORDER BY c.commit_position, c.sequence)) AS links
            GROUP BY row_key, name),
         net AS (
            SELECT row_key, primary_key, operation AS begins, operation AS ends, before AS target, after AS expected,
                   CASE operation WHEN ''DELETE'' THEN before ELSE after END AS place, NULL::text AS break,
                   committed_at AS first_time, commit_position AS first_position, sequence AS first_sequence
            FROM change WHERE row_key IS NOT NULL AND row_key NOT IN (SELECT row_key FROM several)
            UNION ALL
            SELECT row_key, primary_key, begins, operation, target, after,
                   CASE operation WHEN ''DELETE'' THEN before ELSE after END, NULL, first_time, first_position, first_sequence
            FROM chained WHERE is_last AND row_key NOT IN (SELECT row_key FROM broken)
            UNION ALL
            SELECT c.row_key, c.primary_key, c.begins, c.operation, b.target, b.expected,
                   CASE c.operation WHEN ''DELETE'' THEN c.before ELSE c.after END, b.break, c.first_time, c.first_position, c.first_sequence
            FROM chained c JOIN (
                SELECT row_key, min(break) AS break, coalesce(jsonb_object_agg(name, target) FILTER (WHERE target IS NOT NULL), ''{}'') AS target,
                       coalesce(jsonb_object_agg(name, expected) FILTER (WHERE expected IS NOT NULL), ''{}'') AS expected
                FROM column_chain GROUP BY row_key) AS b USING (row_key)
            WHERE c.is_last)';
END;
COMMENT ON FUNCTION bemi.revert_chains() IS
    'Internal, for bemi.revert(): common table expressions; net is what the changes in change have done to each row.';

-- SQL: the present row of each in net, which is locked; the columns that have to be set, and the first of them that is in the way.
CREATE FUNCTION bemi.revert_present(relation oid, is_locking boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'present AS MATERIALIZED (
            SELECT n.row_key, t AS present,
                   array_remove(array[%s], NULL) AS columns,
                   CASE WHEN n.begins = ''CREATE'' THEN CASE %s END ELSE CASE %s END END AS obstacle
            FROM net n JOIN %s AS t ON %s
            WHERE n.begins <> ''CREATE'' OR n.ends <> ''DELETE''
            ORDER BY n.row_key COLLATE "C" %s)',
        string_agg(format('CASE WHEN %s THEN %L END', w.is_wanted, c.name), ', ' ORDER BY c.number),
        string_agg(format('WHEN n.expected->%1$L <> %2$s THEN %1$L', c.name, w.present), ' ' ORDER BY c.number),
        string_agg(format('WHEN %2$s AND (n.target->%1$L IS NULL OR %3$s IS DISTINCT FROM n.expected->%1$L) THEN %1$L',
                          c.name, w.is_wanted, w.present), ' ' ORDER BY c.number),
        bemi.revert_table($1), bemi.revert_place($1, 'n.place'), CASE WHEN $2 THEN 'FOR UPDATE OF t' END)
    FROM bemi.revert_columns($1) c
    CROSS JOIN LATERAL (SELECT format('coalesce(to_jsonb(t.%I), ''null'')', c.name) AS present) AS p
    CROSS JOIN LATERAL (
        SELECT p.present, format('n.target->%1$L IS DISTINCT FROM n.expected->%1$L AND %2$s IS DISTINCT FROM n.target->%1$L',
                                 c.name, p.present) AS is_wanted) AS w
    WHERE c.is_settable;
END;
COMMENT ON FUNCTION bemi.revert_present(oid, boolean) IS
    'Internal, for bemi.revert(): a common table expression, the present rows of those in net.';

CREATE FUNCTION bemi.revert_conflict(
    begins text, ends text, is_present boolean, break text, obstacle text, target jsonb, expected jsonb, present jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN begins <> 'CREATE' AND ends <> 'DELETE' AND NOT is_present THEN '{"reason": "row is gone"}'
    WHEN ends = 'DELETE' AND is_present THEN '{"reason": "key is taken"}'
    WHEN obstacle IS NOT NULL AND begins <> 'CREATE' AND NOT (target ? obstacle AND expected ? obstacle) THEN
        jsonb_build_object('reason', 'not recorded', 'column', obstacle)
    WHEN obstacle IS NOT NULL THEN
        jsonb_build_object('reason', 'changed since', 'column', obstacle, 'expected', expected->obstacle, 'present', present->obstacle)
    WHEN break IS NOT NULL THEN
        jsonb_build_object('reason', 'changed between', 'column', break, 'expected', expected->break, 'present', present->break)
END;
COMMENT ON FUNCTION bemi.revert_conflict(text, text, boolean, text, text, jsonb, jsonb, jsonb) IS
    'Internal, for bemi.revert(): what is in the way of a step; null if nothing is.';

-- SQL: the steps for a table. What is forced is set in spite of what is in the way.
CREATE FUNCTION bemi.revert_steps(relation oid, changes text, is_forced boolean, is_locking boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'WITH change AS MATERIALIZED (
            SELECT *, CASE operation WHEN ''DELETE'' THEN %1$s ELSE %2$s END AS row_key FROM (%3$s) AS changes),
         %4$s,
         %5$s
         SELECT %6$s::oid, n.primary_key, a.action,
                CASE a.action WHEN ''UPDATE'' THEN p.columns WHEN ''INSERT'' THEN array_remove(array[%8$s], NULL) END,
                a.target, n.place, bemi.revert_conflict(
                    n.begins, n.ends, p.row_key IS NOT NULL, CASE WHEN n.begins = ''CREATE'' OR n.break = ANY (p.columns) THEN n.break END,
                    p.obstacle, n.target, n.expected, CASE WHEN p.obstacle IS NOT NULL OR n.break IS NOT NULL THEN to_jsonb(p.present) END),
                n.first_time, n.first_position, n.first_sequence
         FROM net n LEFT JOIN present p USING (row_key)
         CROSS JOIN LATERAL (SELECT
             CASE WHEN n.begins = ''CREATE'' THEN ''DELETE''
                  WHEN n.ends = ''DELETE'' AND NOT (%7$L AND p.row_key IS NOT NULL) THEN ''INSERT''
                  WHEN %7$L AND p.row_key IS NULL THEN ''INSERT''
                  ELSE ''UPDATE'' END AS action,
             CASE WHEN n.ends <> ''DELETE'' AND p.row_key IS NULL THEN n.place || n.target ELSE n.target END AS target) AS a
         WHERE CASE WHEN n.begins = ''CREATE'' THEN p.row_key IS NOT NULL ELSE p.row_key IS NULL OR p.columns <> ''{}'' END
           AND (n.begins <> ''CREATE'' OR n.ends <> ''DELETE'') AND n.target <> n.expected
         UNION ALL
         SELECT %6$s::oid, primary_key, NULL, NULL, NULL, NULL, jsonb_build_object(''reason'', ''not recorded'', ''change'', id),
                committed_at, commit_position, sequence
         FROM change WHERE row_key IS NULL',
        bemi.revert_key($1, 'before'), bemi.revert_key($1, 'after'), $2, bemi.revert_chains(), bemi.revert_present($1, $4), $1, $3,
        (SELECT string_agg(format('CASE WHEN a.target ? %1$L THEN %1$L END', c.name), ', ' ORDER BY c.number)
         FROM bemi.revert_columns($1) c WHERE c.is_settable));
END;
COMMENT ON FUNCTION bemi.revert_steps(oid, text, boolean, boolean) IS
    'Internal, for bemi.revert(): SQL for the steps that take back the changes of the table, as rows of bemi.revert_step.';
