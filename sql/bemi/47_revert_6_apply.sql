-- Taking changes back, third part: the statement that does it.

-- How many foreign keys lie between a table and those that refer to none of the others. A cycle is followed once.
CREATE FUNCTION bemi.revert_depths(relations oid[]) RETURNS TABLE (relation oid, depth integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE reference AS (
        SELECT DISTINCT f.conrelid AS child, f.confrelid AS parent FROM pg_constraint f
        WHERE f.contype = 'f' AND f.conrelid = ANY ($1) AND f.confrelid = ANY ($1) AND f.conrelid <> f.confrelid
    ), path (relation, tables) AS (
        SELECT r.relation, array[r.relation] FROM unnest($1) AS r (relation)
        UNION
        SELECT f.child, p.tables || f.child FROM path p JOIN reference f ON f.parent = p.relation AND f.child <> ALL (p.tables)
    )
    SELECT p.relation, max(cardinality(p.tables)) FROM path p GROUP BY p.relation;
END;
COMMENT ON FUNCTION bemi.revert_depths(oid[]) IS
    'Internal, for bemi.revert(): how deep tables are below others by their foreign keys.';

-- The steps of a kind are done by one command. Those that make rows come first, parents before children, and those that delete rows last,
-- children before parents.
CREATE FUNCTION bemi.revert_kinds(steps bemi.revert_step[], is_forced boolean)
    RETURNS TABLE (number integer, relation oid, action text, columns text[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH kind AS (
        SELECT DISTINCT s.relation, s.action, s.columns FROM unnest($1) s WHERE s.conflict IS NULL OR $2 AND s.action IS NOT NULL
    )
    SELECT row_number() OVER (ORDER BY array_position(array['INSERT', 'UPDATE', 'DELETE'], k.action),
                              CASE k.action WHEN 'DELETE' THEN -d.depth ELSE d.depth END, k.relation, k.columns)::integer,
           k.relation, k.action, k.columns
    FROM kind k JOIN bemi.revert_depths(array(SELECT DISTINCT relation FROM kind)) d USING (relation);
END;
COMMENT ON FUNCTION bemi.revert_kinds(bemi.revert_step[], boolean) IS
    'Internal, for bemi.revert(): the commands that the steps need, in their order.';

-- SQL: the steps p that are of a kind.
CREATE FUNCTION bemi.revert_filter(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN format('p.relation OPERATOR(pg_catalog.=) %s::pg_catalog.oid AND p.action OPERATOR(pg_catalog.=) %L', $1, $2)
    || CASE WHEN $3 IS NULL THEN '' ELSE format(' AND p.columns OPERATOR(pg_catalog.=) %L::pg_catalog._text', $3) END;
COMMENT ON FUNCTION bemi.revert_filter(oid, text, text[]) IS 'Internal, for bemi.revert(): SQL for the condition that a step is of a kind.';

CREATE FUNCTION bemi.revert_command(relation oid, action text, columns text[], condition text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        CASE $2
        WHEN 'INSERT' THEN 'INSERT INTO %2$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %4$s FROM step AS p WHERE %6$s'
        WHEN 'UPDATE' THEN 'UPDATE %1$s AS t SET %5$s FROM step AS p WHERE %6$s AND %7$s'
        WHEN 'DELETE' THEN 'DELETE FROM %1$s AS t USING step AS p WHERE %6$s AND %7$s' END,
        bemi.revert_table($1), bemi.revert_name($1),
        string_agg(quote_ident(c.name), ', ' ORDER BY c.number), string_agg(v.value, ', ' ORDER BY c.number),
        string_agg(format('%I = %s', c.name, v.value), ', ' ORDER BY c.number),
        bemi.revert_filter($1, $2, $3) || coalesce($4, ''), bemi.revert_place($1, 'p.place'))
    FROM bemi.revert_columns($1) c
    CROSS JOIN LATERAL (SELECT bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null) AS value) v
    WHERE c.name = ANY ($3) OR $3 IS NULL;
END;
COMMENT ON FUNCTION bemi.revert_command(oid, text, text[], text) IS
    'Internal, for bemi.revert(): SQL for the steps of a kind.';

-- One statement for all: foreign keys are checked at its end, so that rows that refer to each other can come back together. A command
-- begins when the one before has ended, because it asks how many rows that had.
CREATE FUNCTION bemi.revert_statement(steps bemi.revert_step[], is_forced boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('WITH step AS MATERIALIZED (SELECT * FROM pg_catalog.unnest($1) AS s%s), %s SELECT FROM command_%s',
        CASE WHEN NOT $2 THEN ' WHERE s.conflict IS NULL' END,
        string_agg(format('command_%s AS (%s RETURNING 1)', k.number, bemi.revert_command(k.relation, k.action, k.columns,
            CASE WHEN k.number > 1 THEN format(' AND (SELECT pg_catalog.count(*) FROM command_%s) OPERATOR(pg_catalog.>=) 0', k.number - 1) END)),
            ', ' ORDER BY k.number),
        max(k.number))
    FROM bemi.revert_kinds($1, $2) k
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION bemi.revert_statement(bemi.revert_step[], boolean) IS
    'Internal, for bemi.revert(): SQL that does the steps, which are its parameter; null if there is none to do.';
