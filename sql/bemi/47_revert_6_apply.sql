-- Taking changes back: the statement that does it.

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

-- Commands that make rows come first, parents before children, and those that delete rows last, children before parents.
CREATE FUNCTION bemi.revert_in_order(kinds bemi.revert_kind[]) RETURNS bemi.revert_kind[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE cardinality($1) WHEN 1 THEN $1 ELSE (SELECT array_agg(($1)[o.number]) FROM (
        SELECT k.number
        FROM bemi.revert_headings($1) k LEFT JOIN bemi.revert_depths(array(SELECT DISTINCT relation FROM bemi.revert_headings($1))) d ON d.relation = k.relation
        ORDER BY k.is_blocked DESC, CASE WHEN NOT k.is_blocked THEN k.rank END, array_position(array['INSERT', 'UPDATE', 'DELETE'], k.action),
                 CASE k.action WHEN 'DELETE' THEN -d.depth ELSE d.depth END, k.relation, k.columns) AS o) END;
END;
COMMENT ON FUNCTION bemi.revert_in_order(bemi.revert_kind[]) IS
    'Internal, for bemi.revert(): the kinds in the order of their commands.';

-- SQL: the command for the kind with that number in $1. The planner assumes a single step: it goes through them in their order, and looks the
-- row of each up by its key.
CREATE FUNCTION bemi.revert_command(relation oid, action text, columns text[], number integer, condition text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        CASE $2
        WHEN 'INSERT' THEN 'INSERT INTO %2$s (%3$s) OVERRIDING SYSTEM VALUE SELECT %4$s FROM %6$s%8$s'
        WHEN 'UPDATE' THEN 'UPDATE %1$s AS t SET %5$s FROM %6$s WHERE %7$s%9$s'
        WHEN 'DELETE' THEN 'DELETE FROM %1$s AS t USING %6$s WHERE %7$s%9$s' END,
        bemi.revert_table($1), bemi.revert_name($1),
        string_agg(quote_ident(c.name), ', ' ORDER BY c.number), string_agg(v.value, ', ' ORDER BY c.number),
        string_agg(format('%I = %s', c.name, v.value), ', ' ORDER BY c.number),
        format('(SELECT s.* FROM %s AS s LIMIT (SELECT NULL::pg_catalog.int8)) AS p', bemi.revert_steps(format('(($1)[%s]).steps', $4))),
        bemi.revert_place($1, 'p.place'), ' WHERE ' || $5, ' AND ' || $5)
    FROM bemi.revert_columns($1) c
    CROSS JOIN LATERAL (SELECT bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null) AS value) v
    WHERE c.name = ANY ($3) OR $3 IS NULL;
END;
COMMENT ON FUNCTION bemi.revert_command(oid, text, text[], integer, text) IS
    'Internal, for bemi.revert(): SQL for the command that does a kind of steps.';

CREATE FUNCTION bemi.revert_has_rules(relation oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = $1 AND r.ev_type <> '1');
COMMENT ON FUNCTION bemi.revert_has_rules(oid) IS 'Internal, for bemi.revert(): whether rules make something else of commands for the table.';

-- One statement for all: foreign keys are checked at its end, so that rows that refer to each other can come back together. A command
-- begins when the one before has ended, because it asks how many rows that had. Commands that a rule makes something else of cannot be
-- part of a statement: each is one.
CREATE FUNCTION bemi.revert_statements(kinds bemi.revert_kind[]) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH command AS (
        SELECT k.number, bemi.revert_has_rules(k.relation) AS has_rules, bemi.revert_command(k.relation, k.action, k.columns, k.number, NULL) AS alone,
               bemi.revert_command(k.relation, k.action, k.columns, k.number,
                   CASE WHEN lag(true) OVER w THEN format('(SELECT pg_catalog.count(*) FROM command_%s) OPERATOR(pg_catalog.>=) 0', lag(k.number) OVER w) END) AS sql
        FROM bemi.revert_headings($1) k
        WHERE NOT k.is_blocked
        WINDOW w AS (ORDER BY k.number)
    )
    SELECT CASE WHEN count(*) = 0 THEN '{}' WHEN bool_or(c.has_rules) THEN array_agg(c.alone ORDER BY c.number)
           ELSE array[format('WITH %s SELECT FROM command_%s', string_agg(format('command_%s AS (%s RETURNING 1)', c.number, c.sql), ', ' ORDER BY c.number), max(c.number))] END
    FROM command c;
END;
COMMENT ON FUNCTION bemi.revert_statements(bemi.revert_kind[]) IS
    'Internal, for bemi.revert(): SQL that does the steps of the kinds, which are its parameter.';
