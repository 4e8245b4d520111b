-- Taking changes back: the present rows, and what is in the way there.

-- SQL: the numbers of those of the steps $1 whose rows are not as expected, and how these are, null for those that are not there. They
-- are locked in the order of the steps.
CREATE FUNCTION bemi.revert_inspection(relation oid, action text, columns text[], is_locking boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'SELECT array_agg(p.n), array_agg(t.image)
         FROM unnest($1) WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
         LEFT JOIN LATERAL (SELECT true AS is_there, CASE WHEN %1$s THEN to_jsonb(t) END AS image FROM %2$s AS t WHERE %3$s %4$s OFFSET 0) AS t ON true
         WHERE t.image IS NOT NULL%5$s',
        CASE $2 WHEN 'INSERT' THEN 'true' WHEN 'DELETE' THEN 'to_jsonb(t) <> p.expected'
        ELSE string_agg(format('coalesce(to_jsonb(t.%I), ''null'') IS DISTINCT FROM p.expected->%L', c, c), ' OR ') END,
        bemi.revert_table($1), bemi.revert_place($1, 'p.place'), CASE WHEN $4 THEN 'FOR UPDATE OF t' END,
        CASE WHEN $2 <> 'INSERT' THEN ' OR t.is_there IS NULL' END)
    FROM unnest($3) c;
END;
COMMENT ON FUNCTION bemi.revert_inspection(oid, text, text[], boolean) IS
    'Internal, for bemi.revert(): SQL that looks at the present rows of steps.';

-- The step for a row that is not as expected; null if there is nothing to do any more. names are the columns that can be set.
CREATE FUNCTION bemi.revert_judged(
    INOUT action text, INOUT columns text[], INOUT step bemi.revert_step, present jsonb, names text[], is_forced boolean)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    obstacle text;
BEGIN
    IF present IS NULL AND action = 'UPDATE' THEN
        step.conflict := '{"reason": "row is gone"}';
        IF is_forced THEN
            action := 'INSERT';
            step.target := step.place || step.target;
            step.expected := NULL;
            columns := array(SELECT n FROM unnest(names) n WHERE step.target ? n);
        END IF;
        RETURN;
    ELSIF present IS NULL THEN
        step := NULL;
        RETURN;
    END IF;
    IF action = 'INSERT' THEN
        -- Whether the present row stays is seen later.
        step.conflict := '{"reason": "key is taken"}';
        step.expected := present;
        RETURN;
    ELSIF action = 'UPDATE' THEN
        columns := array(SELECT c FROM unnest(columns) c WHERE present->c IS DISTINCT FROM step.target->c);
        IF columns = '{}' THEN
            step := NULL;
            RETURN;
        END IF;
    END IF;
    obstacle := c FROM unnest(CASE action WHEN 'DELETE' THEN names ELSE columns END) c
        WHERE step.expected ? c AND present->c IS DISTINCT FROM step.expected->c LIMIT 1;
    IF obstacle IS NOT NULL THEN
        step.conflict := jsonb_build_object('reason', 'changed since', 'column', obstacle,
                                            'expected', step.expected->obstacle, 'present', present->obstacle);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.revert_judged(text, text[], bemi.revert_step, jsonb, text[], boolean) IS
    'Internal, for bemi.revert(): what has to be done to a row that is not as expected, and what is in the way.';

CREATE FUNCTION bemi.revert_regrouped(kind bemi.revert_kind, numbers bigint[], images jsonb[], is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH step AS MATERIALIZED (
        SELECT row_number() OVER () AS n, s AS step FROM unnest($1.steps) s
    ), judged AS (
        SELECT s.n, $1.action, $1.columns, s.step FROM step s WHERE s.n NOT IN (SELECT unnest($2))
        UNION ALL
        SELECT s.n, j.action, j.columns, j.step
        FROM unnest($2, $3) AS o (n, image) JOIN step s USING (n)
        CROSS JOIN LATERAL bemi.revert_judged($1.action, $1.columns, s.step, o.image,
            array(SELECT c.name FROM bemi.revert_columns($1.relation) c WHERE c.is_settable ORDER BY c.number), $4) AS j
    ), kind AS (
        SELECT j.action, j.columns, (j.step).conflict IS NOT NULL AND (NOT $4 OR j.action = 'INSERT' AND (j.step).expected IS NOT NULL) AS is_blocked, array_agg(j.step ORDER BY j.n) AS steps
        FROM judged j WHERE (j.step).key IS NOT NULL
        GROUP BY 1, 2, 3
    )
    SELECT array_agg(ROW($1.relation, k.action, k.columns, k.is_blocked, 0, k.steps)::bemi.revert_kind) FROM kind k;
END;
COMMENT ON FUNCTION bemi.revert_regrouped(bemi.revert_kind, bigint[], jsonb[], boolean) IS
    'Internal, for bemi.revert(): the kinds that a kind becomes, because rows with these numbers are not as expected.';

CREATE FUNCTION bemi.revert_inspected(kind bemi.revert_kind, is_forced boolean, is_locking boolean) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    numbers bigint[];
    images jsonb[];
BEGIN
    EXECUTE bemi.revert_inspection(kind.relation, kind.action, kind.columns, is_locking) INTO numbers, images USING kind.steps;
    IF numbers IS NULL THEN
        RETURN array[kind];
    END IF;
    RETURN bemi.revert_regrouped(kind, numbers, images, is_forced);
END
$$;
COMMENT ON FUNCTION bemi.revert_inspected(bemi.revert_kind, boolean, boolean) IS
    'Internal, for bemi.revert(): locks the rows of a kind of steps, and returns what has to be done to them as they are.';
