-- Taking changes back: what the selected changes have done to each row, and so what has to be done to it.

-- The row is found by the primary key in place, should have the values in expected, and gets those in target.
CREATE TYPE bemi.revert_step AS (key text, place jsonb, target jsonb, expected jsonb, conflict jsonb);
COMMENT ON TYPE bemi.revert_step IS 'Internal, for bemi.revert(): what has to be done to a row, or what is in the way.';

-- One command does all steps of a kind. Those that are blocked are not done. Those of a higher rank need a unique value that others take away.
CREATE TYPE bemi.revert_kind AS (relation oid, action text, columns text[], is_blocked boolean, rank integer, steps bemi.revert_step[]);
COMMENT ON TYPE bemi.revert_kind IS 'Internal, for bemi.revert(): the steps that do the same to a table.';

-- Steps may be many: what asks only for the rest of a kind does not copy them.
CREATE FUNCTION bemi.revert_headings(kinds bemi.revert_kind[]) RETURNS TABLE (
    number integer, relation oid, action text, columns text[], is_blocked boolean, rank integer)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT n, ($1)[n].relation, ($1)[n].action, ($1)[n].columns, ($1)[n].is_blocked, ($1)[n].rank FROM generate_subscripts($1, 1) AS n;
END;
COMMENT ON FUNCTION bemi.revert_headings(bemi.revert_kind[]) IS 'Internal, for bemi.revert(): the kinds without their steps.';

-- SQL: an array of steps as a relation, of which the planner assumes few rows: it looks up the rows of a table by their keys then, and does
-- not read the whole table.
CREATE FUNCTION bemi.revert_steps(steps text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN format('pg_catalog.unnest((SELECT %s))', $1);
COMMENT ON FUNCTION bemi.revert_steps(text) IS 'Internal, for bemi.revert(): SQL for an array of steps as a relation.';

CREATE FUNCTION bemi.different_columns(before jsonb, after jsonb) RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bemi_different_columns';
COMMENT ON FUNCTION bemi.different_columns(jsonb, jsonb) IS
    'Internal, for bemi.revert(): the names of the members that only one of two JSON objects has, or that differ.';

CREATE FUNCTION bemi.only_columns(image jsonb, names text[]) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bemi_only_columns';
COMMENT ON FUNCTION bemi.only_columns(jsonb, text[]) IS
    'Internal, for bemi.revert(): the JSON object with only those of its members that are named.';

-- SQL: common table expressions. In net there is a row for each row of the table: its image before the first of its changes (target),
-- after the last (expected), and the column (break) that a change between them has changed that is not selected. Where all follow each
-- other without a break, they count as one change. Else only the columns count that they have changed, and place is the whole image.
CREATE FUNCTION bemi.revert_chains() RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        'several AS MATERIALIZED (
            SELECT row_key FROM change WHERE row_key IS NOT NULL GROUP BY row_key HAVING count(*) > 1),
         chained AS MATERIALIZED (
            SELECT *, lag(c.after) OVER chain <> c.before AS is_broken, lead(c.id) OVER chain IS NULL AS is_last,
                   first_value(c.before) OVER chain AS target, first_value(c.operation) OVER chain AS begins
            FROM change c
            WHERE c.row_key IN (SELECT row_key FROM several)
            WINDOW chain AS (PARTITION BY c.row_key ORDER BY c.commit_position, c.sequence)),
         broken AS MATERIALIZED (
            SELECT row_key FROM chained GROUP BY row_key HAVING bool_or(is_broken)),
         by_column AS (
            SELECT row_key, name, min(name) FILTER (WHERE is_broken) AS break,
                   (array_agg(before ORDER BY commit_position, sequence))[1] AS target,
                   (array_agg(after ORDER BY commit_position DESC, sequence DESC))[1] AS expected
            FROM (
                SELECT c.row_key, c.commit_position, c.sequence, d.name, d.before, d.after,
                       row_number() OVER chain > 1 AND lag(d.after) OVER chain IS DISTINCT FROM d.before AS is_broken
                FROM chained c CROSS JOIN LATERAL (
                    SELECT d.name, c.before->d.name AS before, c.after->d.name AS after
                    FROM unnest(bemi.different_columns(c.before, c.after)) AS d (name)) AS d
                WHERE c.row_key IN (SELECT row_key FROM broken)
                WINDOW chain AS (PARTITION BY c.row_key, d.name ORDER BY c.commit_position, c.sequence)) AS links
            GROUP BY row_key, name),
         net AS (
            SELECT row_key, primary_key, operation AS begins, operation AS ends, before AS target, after AS expected,
                   NULL::jsonb AS place, NULL::text AS break
            FROM change WHERE row_key IS NULL OR row_key NOT IN (SELECT row_key FROM several)
            UNION ALL
            SELECT row_key, primary_key, begins, operation, target, after, NULL, NULL
            FROM chained WHERE is_last AND row_key NOT IN (SELECT row_key FROM broken)
            UNION ALL
            SELECT c.row_key, c.primary_key, c.begins, c.operation, b.target, b.expected, c.after, b.break
            FROM chained c JOIN (
                SELECT row_key, min(break) AS break, coalesce(jsonb_object_agg(name, target) FILTER (WHERE target IS NOT NULL), ''{}'') AS target,
                       coalesce(jsonb_object_agg(name, expected) FILTER (WHERE expected IS NOT NULL), ''{}'') AS expected
                FROM by_column GROUP BY row_key) AS b USING (row_key)
            WHERE c.is_last)';
END;
COMMENT ON FUNCTION bemi.revert_chains() IS
    'Internal, for bemi.revert(): SQL for what the changes in change have done to each row.';

-- SQL: those common table expressions where no row has several changes.
CREATE FUNCTION bemi.revert_singles() RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        'net AS (
            SELECT row_key, primary_key, operation AS begins, operation AS ends, before AS target, after AS expected,
                   NULL::jsonb AS place, NULL::text AS break
            FROM change)';
END;
COMMENT ON FUNCTION bemi.revert_singles() IS
    'Internal, for bemi.revert(): SQL for what the changes in change have done to each row, if no row has several.';

-- SQL: the changes, with a text that tells rows apart.
CREATE FUNCTION bemi.revert_keyed(relation oid, changes text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN format('change AS (SELECT c.*, CASE c.operation WHEN ''DELETE'' THEN %s ELSE %s END AS row_key FROM (%s) AS c)',
              bemi.revert_key($1, 'c.before'), bemi.revert_key($1, 'c.after'), $2);
COMMENT ON FUNCTION bemi.revert_keyed(oid, text) IS 'Internal, for bemi.revert(): SQL for the changes, with a text that tells rows apart.';

-- Columns that are generated, or gone, cannot be set.
CREATE FUNCTION bemi.revert_settable(relation oid) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN array(SELECT c.name FROM bemi.revert_columns($1) c WHERE c.is_settable ORDER BY c.number);
COMMENT ON FUNCTION bemi.revert_settable(oid) IS 'Internal, for bemi.revert(): the columns of the table that can be set.';

-- SQL: what the changes have done to each row, in the order of the keys, with the columns of which a value was erased, and those of them
-- that the changes have changed.
CREATE FUNCTION bemi.revert_net(change text, is_chained boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN format('WITH RECURSIVE %s, %s%s
               SELECT n.row_key, n.primary_key, n.begins, n.ends, n.target, n.expected, n.place, n.break, %s ORDER BY n.row_key COLLATE "C"',
    $1, CASE WHEN $2 THEN bemi.revert_chains() ELSE bemi.revert_singles() END,
    CASE WHEN bemi.has_erased_values() THEN
        ', erased AS MATERIALIZED (
            SELECT c.row_key, array_agg(DISTINCT n) AS columns, array_agg(DISTINCT n) FILTER (WHERE n = ANY (c.hidden)) AS hidden
            FROM change c CROSS JOIN LATERAL unnest(c.erased) AS n GROUP BY c.row_key)' END,
    CASE WHEN bemi.has_erased_values() THEN 'e.columns, e.hidden FROM net n LEFT JOIN erased e ON coalesce(e.row_key, '''') = coalesce(n.row_key, '''')'
         ELSE 'NULL::text[], NULL::text[] FROM net n' END);
COMMENT ON FUNCTION bemi.revert_net(text, boolean) IS 'Internal, for bemi.revert(): SQL for what the changes have done to each row.';

-- Without values for these, a row cannot come back.
CREATE FUNCTION bemi.revert_needed(relation oid) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN array(SELECT c.name FROM bemi.revert_columns($1) c WHERE c.is_not_null AND c.is_settable AND NOT c.has_default ORDER BY c.number);
COMMENT ON FUNCTION bemi.revert_needed(oid) IS
    'Internal, for bemi.revert(): the columns of the table that must not be null, and have no default.';

-- What is forced is done in spite of a conflict, unless action is null. A value that was erased is never written; what is forced may write
-- a whole row.
CREATE FUNCTION bemi.revert_kinds(
    relation oid, net text, key_columns text[], settable_columns text[], needed_columns text[], is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'bemi_revert_kinds';
COMMENT ON FUNCTION bemi.revert_kinds(oid, text, text[], text[], text[], boolean) IS
    'Internal, for bemi.revert(): the kinds of steps for the rows that the SQL in net returns; null if it returns a row twice.';
