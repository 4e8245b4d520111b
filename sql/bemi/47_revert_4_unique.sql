-- Taking changes back: unique indexes and exclusion constraints, with expressions and conditions, and the rows that have a value which another
-- row is to get.

-- Those that a kind of steps may violate. The primary key of a row that comes back is looked at elsewhere.
CREATE FUNCTION bemi.revert_indexes(kind bemi.revert_kind) RETURNS TABLE (
    index oid, name text, is_exclusion boolean, is_immediate boolean, columns text[], first_column text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.indexrelid, c.relname, i.indisexclusion, i.indimmediate, u.columns,
           (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0])
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    CROSS JOIN LATERAL (SELECT array(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND (a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1]) OR EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass
              AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)))) AS columns) AS u
    WHERE i.indrelid = $1.relation AND (i.indisunique OR i.indisexclusion) AND $1.action <> 'DELETE' AND u.columns && $1.columns
      AND NOT ($1.action = 'INSERT' AND i.indisprimary);
END;
COMMENT ON FUNCTION bemi.revert_indexes(bemi.revert_kind) IS
    'Internal, for bemi.revert(): the unique indexes and exclusion constraints that steps may violate, with the columns that they depend on.';

-- The keys of an index as SQL, in which the columns have no prefix, and the operators that say which rows are in the way of each other.
CREATE FUNCTION bemi.revert_index_keys(index oid) RETURNS TABLE (number integer, key text, operator text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT k, pg_get_indexdef($1, k, false), format('OPERATOR(%I.%s)', bemi.revert_schema(o.oprnamespace), o.oprname)
    FROM pg_index i CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k
    JOIN pg_opclass p ON p.oid = (i.indclass::oid[])[k - 1]
    LEFT JOIN pg_constraint x ON x.conindid = $1 AND x.contype = 'x'
    LEFT JOIN pg_amop a ON x.oid IS NULL AND a.amopfamily = p.opcfamily AND a.amoplefttype = p.opcintype AND a.amoprighttype = p.opcintype AND a.amopstrategy = 3
    JOIN pg_operator o ON o.oid = coalesce(x.conexclop[k], a.amopopr)
    WHERE i.indexrelid = $1;
END;
COMMENT ON FUNCTION bemi.revert_index_keys(oid) IS 'Internal, for bemi.revert(): the keys of an index and their operators, as SQL.';

-- SQL: the values of the columns in the row that the step p makes; o is the present row.
CREATE FUNCTION bemi.revert_result(kind bemi.revert_kind, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format(CASE $1.action WHEN 'INSERT' THEN '%1$s AS %2$I' ELSE 'CASE WHEN p.target ? %2$L THEN %1$s ELSE o.%2$I END AS %2$I' END,
                             bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null), c.name), ', ')
    FROM bemi.revert_columns($1.relation) c WHERE c.name = ANY ($2);
END;
COMMENT ON FUNCTION bemi.revert_result(bemi.revert_kind, text[]) IS 'Internal, for bemi.revert(): SQL for values of the row that a step makes.';

-- SQL: the steps p of $1, each with another present row t that is in the way of the row which the step makes, by the index.
CREATE FUNCTION bemi.revert_holders(kind bemi.revert_kind, index oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('unnest($1) WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
        LEFT JOIN LATERAL (SELECT t.* FROM %1$s AS t WHERE %2$s OFFSET 0) AS o ON true
        CROSS JOIN LATERAL (SELECT %3$s, %4$s AS is_in_index FROM (SELECT %5$s) AS w) AS w
        JOIN LATERAL (SELECT t.* FROM %1$s AS t WHERE w.is_in_index AND %4$s AND %6$s OFFSET 0) AS t ON (%2$s) IS NOT TRUE',
        bemi.revert_table($1.relation), bemi.revert_place($1.relation, 'p.place'), string_agg(format('(%s) AS key_%s', k.key, k.number), ', '),
        coalesce((SELECT '(' || pg_get_expr(i.indpred, i.indrelid) || ')' FROM pg_index i WHERE i.indexrelid = $2), 'true'),
        (SELECT bemi.revert_result($1, x.columns) FROM bemi.revert_indexes($1) x WHERE x.index = $2),
        string_agg(format('(%s) %s w.key_%s', k.key, k.operator, k.number), ' AND '))
    FROM bemi.revert_index_keys($2) k;
END;
COMMENT ON FUNCTION bemi.revert_holders(bemi.revert_kind, oid) IS
    'Internal, for bemi.revert(): SQL for the steps, with the rows that have a value which the step wants.';

-- The steps of a kind in an order in which each row gives its value away before another one gets it: indexes are checked row by row. Where
-- rows exchange their values there is no such order, and these come last.
CREATE FUNCTION bemi.revert_sequence(kind bemi.revert_kind) RETURNS bemi.revert_step[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    waits constant text := string_agg(format('SELECT p.n, q.n AS for_n FROM %s JOIN unnest($1) WITH ORDINALITY AS q (key, place, target, expected, conflict, n) ON %s',
                                             bemi.revert_holders(kind, x.index), bemi.revert_place(kind.relation, 'q.place')), ' UNION ')
        FROM bemi.revert_indexes(kind) x WHERE x.is_immediate;
BEGIN
    IF waits IS NOT NULL THEN
        EXECUTE format(
            'WITH RECURSIVE waits AS MATERIALIZED (%s), sequence (n, place) AS (
                SELECT n::bigint, 0 FROM generate_subscripts($1, 1) AS n WHERE n NOT IN (SELECT n FROM waits)
                UNION ALL
                SELECT w.n, s.place + 1 FROM sequence s JOIN waits w ON w.for_n = s.n)
             SELECT array_agg(($1)[p.n] ORDER BY s.place, p.n)
             FROM generate_subscripts($1, 1) AS p (n) LEFT JOIN (SELECT n, max(place) AS place FROM sequence GROUP BY n) AS s USING (n)', waits)
            INTO kind.steps USING kind.steps;
    END IF;
    RETURN kind.steps;
END
$$;
COMMENT ON FUNCTION bemi.revert_sequence(bemi.revert_kind) IS
    'Internal, for bemi.revert(): the steps, each behind that which takes a value away that it wants.';

CREATE FUNCTION bemi.revert_waits(kinds bemi.revert_kind[], number integer) RETURNS SETOF integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind constant bemi.revert_kind := kinds[number];
    look record;
BEGIN
    FOR look IN SELECT x.index, x.columns FROM bemi.revert_indexes(kind) x WHERE x.is_immediate LOOP
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT q.number FROM %s
             JOIN (SELECT k.number, s.* FROM bemi.revert_headings($2) k CROSS JOIN LATERAL unnest(($2)[k.number].steps) AS s
                   WHERE k.relation = %s AND k.number <> %s AND NOT k.is_blocked AND (k.action = ''DELETE'' OR k.action = ''UPDATE'' AND k.columns && %L)) AS q
             ON %s', bemi.revert_holders(kind, look.index), kind.relation, number, look.columns, bemi.revert_place(kind.relation, 'q.place'))
            USING kind.steps, kinds;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.revert_waits(bemi.revert_kind[], integer) IS
    'Internal, for bemi.revert(): the numbers of the kinds that take values away which the kind with that number wants.';

-- The ranks of kinds, of which those with the numbers in waiting want values that others have. Kinds that wait for each other, in a circle,
-- have no such order.
CREATE FUNCTION bemi.revert_ranks(kinds bemi.revert_kind[], waiting integer[]) RETURNS integer[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE link AS MATERIALIZED (
        SELECT n, o AS for_n FROM unnest($2) AS n CROSS JOIN LATERAL bemi.revert_waits($1, n) AS o
    ), ranked (n, rank) AS (
        SELECT n, 0 FROM generate_subscripts($1, 1) AS n
        UNION
        SELECT l.n, r.rank + 1 FROM ranked r JOIN link l ON l.for_n = r.n WHERE r.rank < cardinality($2)
    )
    SELECT array_agg(m.rank ORDER BY m.n) FROM (SELECT n, max(rank) AS rank FROM ranked GROUP BY n) AS m;
END;
COMMENT ON FUNCTION bemi.revert_ranks(bemi.revert_kind[], integer[]) IS
    'Internal, for bemi.revert(): the ranks of kinds, so that each comes behind those that take values away which it wants.';
